#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Boots stock Debian kernels under QEMU, without KVM and without network, and runs in each
# the tests of tests.list on the built program. TAP: each test of each kernel is one, and one
# more for each kernel says that it came through without a complaint of its own. A kernel
# that cannot be had is a skipped test. Downloads and logs are kept in $MATRIX_DIR (.matrix).
# usage: run.sh [-a|-t NAME,...] [KERNEL...]
#	-a: all tests; -t: these files of tests; KERNEL: 5.10, 6.1, 6.12, newest
set -u
here=$(cd "$(dirname "$0")" && pwd)
MATRIX_DIR=$(realpath -m "${MATRIX_DIR:-$here/../../.matrix}")
export MATRIX_DIR
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
# seconds for a kernel, with room for a busy machine; what hangs longer has failed
limit=${KERNEL_SECONDS:-1200}
which=
case ${1:-} in
-a)
	which=everything limit=$((limit * 8))
	shift
	;;
-t)
	which=only=$2 limit=$((limit * 4))
	shift 2
	;;
esac
[ $# -gt 0 ] || set -- 5.10 6.1 6.12 newest

# What the kernel says when something is wrong with it.
complaints='BUG:|WARNING:|Oops|Kernel panic|general protection fault|blocked for more than|stall'

number=0 failed=0

# report STATUS WHAT
report() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

explain() { sed 's/^/# /'; }

# One without AVX, which is slow when emulated. The allocator of older kernels leans on
# cmpxchg16b, which QEMU 7.2 now and then gets wrong (a double fault in kmalloc), but can do
# without; on newer ones kmalloc_nolock(), and with it a socket's storage, needs it.
processor() {
	case $(cat "$1/release") in
	5.* | 6.1.* | 6.12.*) echo Nehalem,-cx16 ;;
	*) echo Nehalem ;;
	esac
}

# boot FOLDER: the console in FOLDER/console, what guest.sh says in FOLDER/tap.
# No mitigations: they keep no secret here. The same addresses in each process: QEMU can use
# again what it translated, which saves half the time.
boot() {
	timeout -k 5 "$limit" qemu-system-x86_64 \
		-accel tcg,thread=multi -cpu "$(processor "$1")" -smp 2 -m 1024 \
		-nodefaults -no-user-config -display none -net none -no-reboot \
		-chardev "file,id=console,path=$1/console" -serial chardev:console \
		-chardev "file,id=tap,path=$1/tap" -serial chardev:tap \
		-drive "if=virtio,format=raw,snapshot=on,file=$MATRIX_DIR/debian.ext4" \
		-drive "if=virtio,format=raw,readonly=on,file=$1/modules.ext4" \
		-drive "if=virtio,format=raw,readonly=on,file=$MATRIX_DIR/project.ext4" \
		-kernel "$1/vmlinuz" -initrd "$1/boot.cpio" \
		-append "console=ttyS0 loglevel=5 panic=-1 mitigations=off nokaslr norandmaps
			tsc=reliable random.trust_cpu=on $which" </dev/null >"$1/qemu" 2>&1
}

# One file's end: all that its plan promised was seen, and nothing else went wrong.
# close_file NAME STATUS SECONDS PLAN SEEN FAILED
close_file() {
	echo "# $release: $1 took $3 s"
	if [ "$4" -ne "$5" ] || { [ "$2" -ne 0 ] && [ "$6" -eq 0 ]; }; then
		report 1 "$release: $1: exit status $2 after $3 s, $5 of $4 tests seen"
	fi
}

# TAP of all files of one kernel, as tests of ours.
retell() {
	local line file plan seen bad text name
	local -A missing=()
	while IFS= read -r line; do
		case $line in
		"files "*)
			for name in ${line#files }; do
				missing[$name]=1
			done
			;;
		"file "*) file=${line#file } plan=-1 seen=0 bad=0 ;;
		"end "*)
			# shellcheck disable=SC2086
			close_file ${line#end } "$plan" "$seen" "$bad"
			unset "missing[$file]"
			;;
		"1.."[0-9]*)
			plan=${line#1..} plan=${plan%% *}
			[[ $line != *[Ss][Kk][Ii][Pp]* ]] ||
				report 0 "$release: $file # SKIP ${line#*[Ss][Kk][Ii][Pp]}"
			;;
		"ok "[0-9]* | "not ok "[0-9]*)
			seen=$((seen + 1)) text=${line#not } text=${text#ok *[0-9] } text=${text#- }
			[[ $line == ok* ]] || bad=$((bad + 1))
			[[ $line == ok* ]]
			report $? "$release: $file: $text"
			;;
		"about "* | "done "*) echo "# $release: $line" ;;
		'' | "ok - tests") ;;
		*) echo "# ${line#\# }" ;;
		esac
	done
	for name in "${!missing[@]}"; do
		report 1 "$release: $name: did not come to its end"
	done
}

# is_done FOLDER: the guest came to the end of its list.
is_done() { grep -q '^done ' "$1/tap"; }

# run_kernel KERNEL
run_kernel() {
	local folder release start=$SECONDS status
	if ! folder=$("$here/get.sh" "$1" 2>"$MATRIX_DIR/get.log"); then
		explain <"$MATRIX_DIR/get.log"
		report 0 "Linux $1 # SKIP it cannot be downloaded"
		return
	fi
	release=$(sed 's/-cloud.*//' "$folder/release")
	boot "$folder"
	status=$?
	# An emulated kernel falls over, one boot in some dozens; what falls twice has failed.
	if [ "$status" -ne 124 ] && ! is_done "$folder"; then
		echo "# $release fell over after $((SECONDS - start)) s, and is started once more"
		cat "$folder/qemu" "$folder/console" | tail -n 60 | explain
		boot "$folder"
		status=$?
	fi
	tr -d '\r' <"$folder/tap" >"$folder/tap.txt"
	retell <"$folder/tap.txt"
	if [ "$status" -eq 0 ] && is_done "$folder" &&
		! grep -qE "$complaints" "$folder/console"; then
		report 0 "$release: boots, ends, and complains of nothing ($((SECONDS - start)) s)"
		return
	fi
	[ "$status" -ne 124 ] || echo "# $release was ended after $limit s"
	cat "$folder/qemu" "$folder/console" | tail -n 40 | explain
	report 1 "$release: boots, ends, and complains of nothing ($((SECONDS - start)) s)"
}

if ! command -v qemu-system-x86_64 >/dev/null; then
	echo "1..0 # SKIP no qemu-system-x86_64"
	exit 0
fi
mkdir -p "$MATRIX_DIR"
"$here/image.sh" >&2 || {
	echo "Bail out! no disks for the guests"
	exit 1
}
for kernel; do
	run_kernel "$kernel"
done
echo "1..$number"
exit "$failed"
