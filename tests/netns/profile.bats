# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which configuration is used, and which interfaces.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

# The watcher sees an /etc of its own: the machine's, and over it what $1 does to it.
with_etc() {
	local script='set -e
		mount -t tmpfs tmpfs "$0"
		mkdir "$0/upper" "$0/work"
		mount -t overlay overlay -o "lowerdir=/etc,upperdir=$0/upper,workdir=$0/work" /etc
		eval "$1"
		shift
		exec nsenter --net="$@"'
	mkdir "$DIR/etc"
	unshare --mount sh -c 'mount -t tmpfs t "$0" && mkdir "$0/u" "$0/w" &&
		mount -t overlay o -o "lowerdir=/etc,upperdir=$0/u,workdir=$0/w" /etc' "$DIR/etc" ||
		skip "no overlayfs"
	WATCH_VIA=(unshare --mount sh -c "$script" "$DIR/etc" "$1" "/run/netns/$C")
}

@test "no /etc/sock-filter.yml: the built-in profile, said so; every user, IPv4 and IPv6, port 80" {
	with_etc 'rm -f /etc/sock-filter.yml'
	watch_with
	grep -q 'built-in profile cloud-metadata' "$ERR"
	all '.type == "start"' '.config == "cloud-metadata" and (.endpoints | length) > 1'
	fetch www-data http://$IMDS4/
	fetch backup "http://[$IMDS6]/"
	fetch www-data http://$IMDS4:8080/
	end_watch
	local name
	name=$(jq -rs '.[0].endpoints[0]' "$OUT")
	all tcp ".endpoint == \"$name\" and (.sport == 80 or .dport == 80)"
	some 'tcp and is(33) and .ip_version == 4'
	some 'tcp and is(34) and .ip_version == 6'
}

@test "/etc/sock-filter.yml is used when it is there" {
	with_etc 'rm -f /etc/sock-filter.yml; printf "endpoints:\n  - own:\n      range: '$SERVICE4'\n      iface: eth0\n      filter: \"*\"\n" >/etc/sock-filter.yml'
	watch_with
	fetch www-data http://$IMDS4/
	fetch www-data http://$SERVICE4/
	end_watch
	all '.type == "start"' '.config == "/etc/sock-filter.yml"'
	all tcp '.endpoint == "own"'
	! grep -q built-in "$ERR" || fail "speaks of the profile"
}

@test "-i limits the interfaces, and may be repeated" {
	ip -n "$C" link add eth1 type veth peer name eth1 netns "$S"
	ip -n "$C" addr add 10.0.3.15/24 dev eth1
	ip -n "$S" addr add 10.0.3.2/24 dev eth1
	ip -n "$C" link set eth1 up
	ip -n "$S" link set eth1 up
	endpoint any 10.0.0.0/16 '"*"' 'iface: "*"'
	watch -i eth1
	fetch www-data http://$SERVICE4/
	fetch www-data http://10.0.3.2/
	end_watch
	all tcp '.iface == "eth1"'
	watch -i eth1 -i eth0
	fetch www-data http://$SERVICE4/
	fetch www-data http://10.0.3.2/
	end_watch
	some 'tcp and .iface == "eth0"'
	some 'tcp and .iface == "eth1"'
}

@test "a missing interface is a warning" {
	endpoint imds $IMDS4 '"*"' 'iface: [eth0, eth9]'
	watch
	fetch www-data http://$IMDS4/
	end_watch
	grep -q 'warning: .*eth9' "$ERR"
	some tcp
}

@test "an interface that is not there yet: a warning, no tap; and it is watched once it appears" {
	endpoint imds 10.0.3.2 '"*"' 'iface: [eth1]'
	watch
	grep -q 'warning: .*eth1' "$ERR"
	all '.type == "start"' '[.hooks[] | select(.name == "tap eth1") | .attached] == [false]'
	ip -n "$C" link add eth1 type veth peer name eth1 netns "$S"
	ip -n "$C" addr add 10.0.3.15/24 dev eth1
	ip -n "$S" addr add 10.0.3.2/24 dev eth1
	ip -n "$C" link set eth1 up
	ip -n "$S" link set eth1 up
	wait_for has_records '.type == "alive" and any(.hooks[]; .name == "tap eth1" and .attached)'
	fetch www-data http://10.0.3.2/
	end_watch
	expect 1 'tcp and is(33) and .tcp_flags == "SYN"'
	expect 1 'tcp and is(33) and .tcp_flags == "SYN,ACK"'
}
