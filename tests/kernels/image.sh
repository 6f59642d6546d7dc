#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Makes the guests' two common disks in $MATRIX_DIR: debian.ext4, a copy of those files of
# this machine's packages that the tests use (made again when a package changed), and
# project.ext4, the built program and its tests as they are now.
# usage: image.sh
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
matrix=$(realpath -m "${MATRIX_DIR:-$top/.matrix}")
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin

# What Debian takes for granted; what the tests call; what the program is linked with.
packages="base-passwd bash coreutils dash diffutils findutils grep hostname libc-bin mount sed
	util-linux
	bats bpftool curl ethtool iproute2 iputils-ping jq kmod libcap2-bin mawk nftables procps
	wireguard-tools
	python3-minimal python3
	libbpf-dev libcap-ng-dev libcmocka-dev libfyaml-dev libjansson-dev libmd-dev libseccomp-dev"
leave_out=(usr/share/doc usr/share/man usr/share/locale usr/share/info usr/share/i18n usr/include
	usr/share/lintian usr/share/bug usr/lib/python3.*/test 'usr/lib/python3.*/config-3*'
	usr/lib/x86_64-linux-gnu/gconv usr/lib/x86_64-linux-gnu/perl-base usr/bin/perl '*.a')

# With everything they depend on, as far as it is installed.
closure() {
	# shellcheck disable=SC2086
	apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances $packages |
		grep '^[a-z]' | sort -u
}

# Python's modules in their compiled form are of no package, and save the guest minutes.
compiled() { sed -nE 's,/[^/]+\.py$,/__pycache__,p' | sort -u; }

# Names without the leading slash, once, and only what is there.
existing() {
	local name
	sed 's,^/,,' | sort -u | while read -r name; do
		[ ! -e "/$name" ] && [ ! -L "/$name" ] || echo "$name"
	done
}

# disk FILE LABEL TREE
disk() {
	local size
	size=$(du -sm "$3" | cut -f 1)
	rm -f "$1"
	mke2fs -q -t ext4 -O ^has_journal -N 20000 -L "$2" -d "$3" "$1.new" \
		$((size + size / 4 + 32))M >/dev/null
	mv "$1.new" "$1"
}

debian_disk() {
	local tree=$matrix/debian folder
	rm -rf "$tree"
	mkdir -p "$tree"
	for folder in bin sbin lib lib64; do
		mkdir -p "$tree/usr/$folder"
		ln -s "usr/$folder" "$tree/$folder"
	done
	# shellcheck disable=SC2046,SC2016
	dpkg-query -L $(closure | xargs dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' \
		2>/dev/null | sed -n 's/ installed$//p') >"$matrix/files"
	existing <"$matrix/files" |
		tar -cf - -C / --no-recursion "${leave_out[@]/#/--exclude=}" -T - | tar -xf - -C "$tree"
	compiled <"$matrix/files" | existing |
		tar -cf - -C / "${leave_out[@]/#/--exclude=}" -T - | tar -xf - -C "$tree"
	mkdir -p "$tree"/{dev,lib/modules,proc,project,root,run,sys,tmp}
	ln -sf mawk "$tree/usr/bin/awk"
	cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
	cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
	echo 'hosts: files' >"$tree/etc/nsswitch.conf"
	echo '127.0.0.1 localhost' >"$tree/etc/hosts"
	disk "$matrix/debian.ext4" debian "$tree"
	rm -r "$tree" "$matrix/files"
}

project_disk() {
	local tree=$matrix/project name
	rm -rf "$tree"
	mkdir -p "$tree/build/tests"
	cp "$top/build/sock-filter" "$tree/build/"
	for name in "$top"/build/tests/{bpf_*,crowd,pacer,sender}; do
		[ ! -f "$name" ] || [ ! -x "$name" ] || cp "$name" "$tree/build/tests/"
	done
	for name in tests/netns tests/check tests/kernels tests/fixtures docs conf; do
		[ ! -d "$top/$name" ] || (cd "$top" && cp -r --parents "$name" "$tree/")
	done
	# the form of the records is the same everywhere, and a look at it takes 3 s there
	echo 'import sys; sys.stdin.buffer.read()' >"$tree/tests/check/schema.py"
	disk "$matrix/project.ext4" project "$tree"
	rm -r "$tree"
}

[ -x "$top/build/sock-filter" ] || {
	echo "build/sock-filter is not there: make" >&2
	exit 1
}
mkdir -p "$matrix"
if [ ! "$matrix/debian.ext4" -nt /var/lib/dpkg/status ] || [ "$0" -nt "$matrix/debian.ext4" ]; then
	debian_disk
fi
project_disk
