#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The first process of the guest, in boot.cpio: finds the disks, and hands over to
# guest.sh, which is on one of them.
export PATH=/bin

give_up() {
	echo "init: $*"
	busybox cat /proc/partitions
	busybox poweroff -f
}

busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
for module in /modules/*.ko; do
	[ ! -e "$module" ] || busybox insmod "$module" || give_up "no module $module"
done
busybox mount -t ext4 LABEL=debian /root || give_up "no disk of Debian's files"
busybox mount -t ext4 -o ro LABEL=modules /root/lib/modules || give_up "no disk of modules"
busybox mount -t ext4 -o ro LABEL=project /root/project || give_up "no disk of the project"
busybox mount -o move /dev /root/dev
busybox umount /proc
exec busybox switch_root /root /project/tests/kernels/guest.sh
