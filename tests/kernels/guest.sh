#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The guest's process 1 once its disks are there: mounts what a system mounts, runs the tests
# of tests.list (or all, with "everything" on the kernel's command line), and switches off.
# The kernel has ttyS0 for itself; on ttyS1 run.sh reads
#	files NAME...
# and for each of them
#	file NAME
#	...TAP...
#	end NAME STATUS SECONDS
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
here=/project/tests/kernels
cd /project || exit

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for folder in /dev/shm /run /tmp; do
	mount -t tmpfs tmpfs $folder
done
ln -s /proc/self/fd /dev/fd
exec </dev/null >/dev/ttyS1 2>&1
ip link set lo up
export CMOCKA_MESSAGE_OUTPUT=TAP SOCK_FILTER=/project/build/sock-filter BATS_TEST_TIMEOUT=180

uptime_s() { cut -d ' ' -f 1 /proc/uptime; }

# What a bug report about this kernel would ask for.
echo "about $(uname -r), up after $(uptime_s) s, BTF $(stat -c %s /sys/kernel/btf/vmlinux)," \
	"LSM $(cat /sys/kernel/security/lsm)"

everything() {
	local file
	grep '^bpf_' $here/tests.list
	for file in tests/netns/*.bats; do
		basename "$file" .bats
	done
}

chosen() {
	if grep -qw everything /proc/cmdline; then
		everything
	else
		grep '^[a-z]' $here/tests.list
	fi
}

# run_file NAME [REGEX]: its output comes in one piece, whatever else runs
run_file() {
	local start=$SECONDS log=/tmp/log.$1 status
	case $1 in
	bpf_*) timeout 480 "build/tests/$1" ;;
	*) timeout 480 bats --tap --filter "${2:-.}" "tests/netns/$1.bats" ;;
	esac >"$log" 2>&1
	status=$?
	{
		flock 9
		echo "file $1"
		cat "$log"
		printf '\nend %s %d %d\n' "$1" $status $((SECONDS - start))
	} 9>/tmp/lock
	rm -f "$log"
}

# Much of a network test is waiting, so there are two at work.
worker() {
	local name regex
	while { flock 8; read -r name regex <&7; }; do
		flock -u 8
		run_file "$name" "$regex" 7<&- 8>&-
	done 8>/tmp/queue.lock
}

echo "files $(chosen | cut -f 1 | tr '\n' ' ')"
exec 7< <(chosen)
worker &
first=$!
worker &
wait $first $!
echo "done $(uptime_s)"
sync
echo o >/proc/sysrq-trigger
sleep 10
