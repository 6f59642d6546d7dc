#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs the program for the members of the group sock-filter, and for nobody
# else: with its capabilities whoever may run it may listen.
# usage: PREFIX=/usr/local DESTDIR= install.sh BUILD
set -eu

build=${1:?usage: install.sh BUILD}
root=${DESTDIR:-}${PREFIX:-/usr/local}
group=sock-filter
capabilities=cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw

[ "$(id -u)" -eq 0 ] || {
	echo "install needs root: it sets an owner and capabilities" >&2
	exit 1
}
getent group "$group" >/dev/null || groupadd --system "$group"
install -d "$root/sbin" "$root/share/man/man8" "$root/share/man/man5" \
	"$root/share/doc/sock-filter"
# closed before it holds anything, and its capabilities come last: chown drops them
install -o root -g "$group" -m 0750 "$build/sock-filter" "$root/sbin/sock-filter"
setcap "$capabilities=ep" "$root/sbin/sock-filter"
install -m 0644 "$build/man/sock-filter.8" "$root/share/man/man8/"
install -m 0644 "$build/man/sock-filter.yml.5" "$root/share/man/man5/"
install -m 0644 conf/sock-filter.yml README.md SECURITY.md LICENSE "$root/share/doc/sock-filter/"
echo "installed $root/sbin/sock-filter; who is to use it: usermod -aG $group USER"
