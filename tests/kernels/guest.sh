#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The guest's process 1 once its disks are there: mounts what a system mounts, runs the tests
# of tests.list (or all, with "everything" on the kernel's command line, or those named by
# "only=NAME,..."), and switches off.
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
export CLOCK_IS_OURS=yes
# An emulated processor takes a second for what a real one does in a tenth.
export WATCH_SECONDS=170 RELOADS=20

# The clock is set under way.
uptime_s() { cut -d . -f 1 /proc/uptime; }

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
	local only
	only=$(sed -n 's/.*only=\([^ ]*\).*/\1/p' /proc/cmdline)
	if [ -n "$only" ]; then
		tr , '\n' <<<"$only"
	elif grep -qw everything /proc/cmdline; then
		everything
	else
		grep '^[a-z]' $here/tests.list
	fi
}

# seconds for a file
limit=1000
! grep -qE 'only=|everything' /proc/cmdline || limit=3600

is_alone() { grep -qs '^# alone: ' "tests/netns/$1.bats"; }

# run_file NAME [REGEX]: its output comes in one piece, whatever else runs
run_file() {
	local start log=/tmp/log.$1 status
	start=$(uptime_s)
	case $1 in
	bpf_*) timeout $limit "build/tests/$1" ;;
	*) timeout $limit bats --tap --filter "${2:-.}" "tests/netns/$1.bats" ;;
	esac >"$log" 2>&1
	status=$?
	{
		flock 9
		echo "file $1"
		cat "$log"
		printf '\nend %s %d %d\n' "$1" $status $(($(uptime_s) - start))
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

chosen >/tmp/chosen
while read -r name regex; do
	list=beside
	! is_alone "$name" || list=alone
	printf '%s\t%s\n' "$name" "$regex" >>/tmp/$list
done </tmp/chosen
touch /tmp/beside /tmp/alone
echo "files $(cut -f 1 /tmp/beside /tmp/alone | tr '\n' ' ')"
exec 7</tmp/beside
worker &
first=$!
worker &
wait $first $!
exec 7</tmp/alone
worker
echo "done $(uptime_s)"
sync
echo o >/proc/sysrq-trigger
sleep 10
