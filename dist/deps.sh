#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs what building and testing need and this machine lacks; with "kernels" also what
# booting other kernels takes.
# usage: deps.sh [kernels]
set -eu

debian="clang llvm libclang-rt-14-dev clang-format gcc libc6-dev make meson ninja-build pkg-config
	bpftool libbpf-dev libfyaml-dev libcap-ng-dev libseccomp-dev uthash-dev libcmocka-dev scdoc man-db git
	bats curl jq iproute2 iputils-ping nftables procps libcap2-bin util-linux
	python3-minimal python3 python3-jsonschema valgrind kmod ethtool"
kernels="qemu-system-x86 busybox-static cpio e2fsprogs xz-utils zstd debian-archive-keyring
	wireguard-tools"
# Untested: the same things by the names that Fedora gives them.
fedora="clang llvm compiler-rt clang-tools-extra gcc make meson ninja-build pkgconf-pkg-config
	bpftool libbpf-devel libfyaml-devel libcap-ng-devel libseccomp-devel uthash-devel libcmocka-devel scdoc
	man-db git bats curl jq iproute iputils nftables procps-ng libcap util-linux python3
	python3-jsonschema valgrind"

[ "${1:-}" != kernels ] || debian="$debian $kernels"

missing() {
	for package in $debian; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

as_root() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "these packages are missing; as root: $*" >&2
		exit 1
	fi
	"$@"
}

if command -v apt-get >/dev/null; then
	lacking=$(missing)
	[ -n "$lacking" ] || exit 0
	export DEBIAN_FRONTEND=noninteractive
	as_root apt-get -q update
	# shellcheck disable=SC2086
	as_root apt-get -q install -y --no-install-recommends $lacking
elif command -v dnf >/dev/null; then
	# shellcheck disable=SC2086
	as_root dnf install -y $fedora
else
	echo "neither apt-get nor dnf here; needed are (Debian's names):" $debian >&2
	exit 1
fi
