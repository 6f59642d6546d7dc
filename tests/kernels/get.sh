#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Downloads a stock Debian kernel (amd64, the "cloud" flavour: small, and
# virtio is all it has to drive) and makes of it what QEMU boots. Prints the folder:
#	release		what `uname -r` says there
#	vmlinuz		the kernel
#	boot.cpio	its first files: busybox, the disk driver, init.sh
#	modules.ext4	its modules
# A kernel of less than a week is kept. The system's apt is asked where its mirror is,
# and otherwise left alone: lists and packages are kept below $MATRIX_DIR.
# usage: get.sh 5.10|6.1|6.12|newest
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
matrix=$(realpath -m "${MATRIX_DIR:-$here/../../.matrix}")
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin

# Where to look, in this order.
case ${1:-} in
5.10) suites="bullseye-security bullseye" ;;
6.1) suites="bookworm-security bookworm" ;;
6.12) suites="trixie bookworm-backports" ;;
newest) suites="sid forky" ;;
*)
	sed -n 's/^# usage/usage/p' "$0" >&2
	exit 2
	;;
esac
kernel=$1
folder=$matrix/$kernel

fail() {
	echo "$*" >&2
	return 1
}

# The system's own mirror of /debian, or of /debian-security.
mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		awk -v end="/$1/?\$" '$0 ~ end && !uri { uri = $0 } END { print uri; exit !uri }'
}

# An apt that knows one suite and no installed package: options in APT.
private_apt() {
	local suite=$1 home=$matrix/apt/$1 archive=debian uri
	[[ $suite != *-security ]] || archive=debian-security
	uri=$(mirror $archive) || fail "the system's apt has no mirror of $archive" || return
	mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
	cat >"$home/debian.sources" <<-SOURCES
		Types: deb
		URIs: $uri
		Suites: $suite
		Components: main
		Architectures: amd64
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	SOURCES
	APT=(-o "Dir::Etc::SourceList=$home/debian.sources" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$home/lists" -o "Dir::Cache=$home/cache"
		-o Dir::State::Status=/dev/null -o APT::Architecture=amd64
		-o APT::Sandbox::User="$(id -un)")
	apt-get "${APT[@]}" -qq update >&2
}

# The packages that hold the kernel's files; newer suites split them up.
packages() {
	apt-cache "${APT[@]}" depends --recurse --important linux-image-cloud-amd64 |
		grep -xE 'linux-(image|binary|modules|base)-[0-9].*-cloud-amd64' | sort -u
}

# fetch SUITE FOLDER: unpacked into FOLDER/root
fetch() {
	local names deb
	private_apt "$1" || return
	names=$(packages) || fail "$1 has no linux-image-cloud-amd64" || return
	echo "downloading from $1:" "${names//$'\n'/ }" >&2
	mkdir -p "$2/debs" "$2/root"
	# shellcheck disable=SC2086
	(cd "$2/debs" && apt-get "${APT[@]}" -qq download $names) >&2 || return
	for deb in "$2"/debs/*.deb; do
		dpkg-deb -x "$deb" "$2/root" || return
	done
	rm -r "$2/debs"
	# one place for modules, wherever the package has them
	[ -d "$2/root/lib" ] || ln -s usr/lib "$2/root/lib"
}

# The disk driver and its friends, in the order they go in; nothing for what is built in.
boot_modules() {
	local name
	for name in virtio_pci virtio_blk ext4; do
		modprobe -d "$1/root" -S "$2" --show-depends "$name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# boot_files FOLDER RELEASE
boot_files() {
	local tree=$1/boot module number=10
	mkdir -p "$tree"/{bin,dev,modules,proc,root}
	cp /bin/busybox "$tree/bin/"
	ln -s busybox "$tree/bin/sh"
	install -m 755 "$here/init.sh" "$tree/init"
	for module in $(boot_modules "$@"); do
		case $module in
		*.xz) xz -dc "$module" ;;
		*.zst) zstd -qdc "$module" ;;
		*) cat "$module" ;;
		esac >"$tree/modules/$((number++)).ko"
	done
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$1/boot.cpio"
	rm -r "$tree"
}

# assemble FOLDER: from the unpacked packages, which it removes
assemble() {
	local release modules size
	modules=$(echo "$1"/root/lib/modules/*)
	release=${modules##*/}
	[ -d "$modules/kernel" ] || fail "no modules in the package" || return
	depmod -b "$1/root" "$release"
	cp -L "$(find "$1/root/" -name 'vmlinuz*' -type f | head -1)" "$1/vmlinuz"
	boot_files "$1" "$release"
	size=$(du -sm "$modules" | cut -f 1)
	mke2fs -q -t ext4 -O ^has_journal -L modules -d "$1/root/lib/modules" \
		"$1/modules.ext4" $((size + size / 8 + 8))M >/dev/null
	rm -r "$1/root"
	recipe >"$1/recipe"
	echo "$release" >"$1/release"
}

# What it was made by; times of files say nothing after a checkout.
recipe() { cat "$here/get.sh" "$here/init.sh" | cksum; }

fresh() {
	[ -e "$folder/release" ] && [ -z "$(find "$folder/release" -mtime +6)" ] &&
		[ "$(recipe)" = "$(cat "$folder/recipe")" ]
}

get() {
	local suite new=$folder.new
	for suite in $suites; do
		rm -rf "$new"
		mkdir -p "$new"
		if fetch "$suite" "$new" && assemble "$new"; then
			rm -rf "$folder"
			mv "$new" "$folder"
			return
		fi
	done
	rm -rf "$new"
	# an older one is better than none
	[ -e "$folder/release" ]
}

fresh || get || fail "cannot be had: $kernel from $suites"
echo "$folder"
