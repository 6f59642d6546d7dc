#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The guest's process 1 once its disks are there: mounts what a system mounts, runs the tests,
# and switches off. The kernel has ttyS0 for itself; on ttyS1 run.sh reads, per test file,
#	file NAME
#	...TAP...
#	end NAME STATUS SECONDS
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
cd /project || exit

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
ln -sf /proc/self/fd /dev/fd
exec </dev/null >/dev/ttyS1 2>&1
ip link set lo up
export CMOCKA_MESSAGE_OUTPUT=TAP SOCK_FILTER=/project/build/sock-filter BATS_TEST_TIMEOUT=180
mapfile -t files < <(tr ' ' '\n' </proc/cmdline | sed -n 's/^tests=//p' | tr ',' '\n')

# What a bug report about this kernel would ask for.
uptime_s() { cut -d ' ' -f 1 /proc/uptime; }
echo "about $(uname -r), up after $(uptime_s) s, BTF $(stat -c %s /sys/kernel/btf/vmlinux)," \
	"LSM $(cat /sys/kernel/security/lsm)"

# run_file NAME: a BPF test program or a file of the network tests; its output in one piece
run_file() {
	local start=$SECONDS log=/tmp/log.$1 status
	case $1 in
	test_*) timeout 120 "build/tests/$1" >"$log" 2>&1 ;;
	*) timeout 240 bats --tap "tests/netns/$1.bats" >"$log" 2>&1 ;;
	esac
	status=$?
	flock /tmp/lock sh -c 'echo "file $0"; cat "$1"; echo; echo "end $0 $2 $3"' \
		"$1" "$log" "$status" $((SECONDS - start))
	rm -f "$log"
}
export -f run_file

# Most of a network test is waiting, so two go at once.
printf '%s\n' "${files[@]}" | xargs -P 2 -I '{}' bash -c 'run_file "{}"'
echo "done $(uptime_s)"
sync
echo o >/proc/sysrq-trigger
sleep 10
