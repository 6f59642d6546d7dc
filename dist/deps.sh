#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs what building and testing need and this machine lacks; with "kernels" also what
# booting other kernels takes. With "clients" only the clients that tests/netns/clients.bats
# watches, as many as can be had: its tests are skipped for the others.
# usage: deps.sh [kernels|clients]
set -eu

debian="clang llvm libclang-rt-14-dev clang-format gcc libc6-dev make meson ninja-build pkg-config
	bpftool libbpf-dev libfyaml-dev libjansson-dev libmd-dev libcap-ng-dev libseccomp-dev uthash-dev libcmocka-dev
	libhtp-dev libhttp-parser-dev scdoc man-db git
	bats curl jq iproute2 iputils-ping nftables procps libcap2-bin util-linux
	python3-minimal python3 python3-jsonschema valgrind kmod ethtool"
kernels="qemu-system-x86 busybox-static cpio e2fsprogs xz-utils zstd debian-archive-keyring
	wireguard-tools"
clients="awscli amazon-ec2-utils s3cmd"
# Untested: the same things by the names that Fedora gives them.
fedora="clang llvm compiler-rt clang-tools-extra gcc make meson ninja-build pkgconf-pkg-config
	bpftool libbpf-devel libfyaml-devel jansson-devel libmd-devel libcap-ng-devel libseccomp-devel uthash-devel libcmocka-devel scdoc
	man-db git bats curl jq iproute iputils nftables procps-ng libcap util-linux python3
	python3-jsonschema valgrind"

[ "${1:-}" != kernels ] || debian="$debian $kernels"

missing() {
	for package; do
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

# Alone, because one that cannot be had must not keep the others away.
debian_clients() {
	command -v npm >/dev/null || clients="$clients npm"
	# shellcheck disable=SC2086
	lacking=$(missing $clients)
	[ -n "$lacking" ] || return 0
	timeout 120 apt-get -q update || return 0
	for package in $lacking; do
		timeout 600 apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
			"$package" || echo "$package cannot be had" >&2
	done
}

# Those of npm, in the versions that the lock file names by their hashes. Nothing of them is run
# but by the tests.
npm_clients() {
	lock=$PWD/tests/netns/clients/package-lock.json
	cmp -s "$lock" "$1/installed" && return 0
	rm -f "$1/installed"
	cp "${lock%/*}/package.json" "$lock" "$1/"
	timeout 600 npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
		--fetch-timeout=30000 && chmod -R a+rX "$1/node_modules" && cp "$lock" "$1/installed" ||
		echo "npm's clients cannot be had" >&2
}

install_clients() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "clients are installed by root" >&2
		return 0
	fi
	mkdir -p "$1"
	exec 9>"$1/lock"
	flock 9
	! command -v apt-get >/dev/null || debian_clients
	npm_clients "$1"
}

export DEBIAN_FRONTEND=noninteractive
if [ "${1:-}" = clients ]; then
	cd "$(dirname "$0")/.."
	install_clients "${CLIENTS_DIR:-/var/cache/sock-filter-tests}"
elif command -v apt-get >/dev/null; then
	# shellcheck disable=SC2086
	lacking=$(missing $debian)
	[ -n "$lacking" ] || exit 0
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
