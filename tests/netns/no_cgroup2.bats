# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where no cgroup2 is mounted owners are learnt by tc egress. `ip netns exec`
# hides it, which everywhere else is a trap and here the point.
load lib

ENDS='tcp and (.tcp_flags | contains("FIN"))'

setup() {
	net_up
	serve
	WATCH_VIA=(ip netns exec "$C")
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: 80'
}
teardown() { net_down; }

clsact() { tc -n "$C" qdisc show dev "$1" | grep clsact; }

@test "without cgroup2: tc egress, said so; users right; nothing is left" {
	watch
	grep -q 'no cgroup2 .*tc egress' "$ERR"
	all '.type == "start"' '.owner_hook == "tc"'
	clsact eth0
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	fetch www-data "http://[$IMDS6]/"
	wait_for has_records "$ENDS" 4
	end_watch
	all tcp 'is(33)'
	for version in 4 6; do
		expect 1 "tcp and .ip_version == $version and .tcp_flags == \"SYN\""
		expect 1 "tcp and .ip_version == $version and .tcp_flags == \"SYN,ACK\""
		expect 2 "tcp and .ip_version == $version and (.tcp_flags | contains(\"FIN\"))"
	done
	run clsact eth0
	[ -z "$output" ] || fail "left: $output"
}

@test "without cgroup2, every interface: nothing is left on any" {
	POLICY=$DIR/every.yml
	endpoint imds $IMDS4 '[www-data]' 'iface: "*"'
	watch
	fetch www-data http://$IMDS4/
	end_watch
	all tcp 'is(33)'
	run clsact eth0
	[ -z "$output" ] || fail "left: $output"
	run clsact lo
	[ -z "$output" ] || fail "left: $output"
}

@test "without cgroup2: a qdisc and a filter of somebody else stay" {
	tc -n "$C" qdisc add dev eth0 clsact
	# a filter needs a classifier, which not every kernel has
	tc -n "$C" filter add dev eth0 egress protocol all prio 7 matchall action pass || true
	before=$(tc -n "$C" filter show dev eth0 egress)
	watch
	fetch www-data http://$IMDS4/
	end_watch TERM
	all tcp 'is(33)'
	clsact eth0
	[ "$(tc -n "$C" filter show dev eth0 egress)" = "$before" ]
}

@test "without cgroup2: an older connection gets its user" {
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late $IMDS4 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	watch
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	end_watch
	all tcp 'is(33)'
}

@test "without cgroup2: alive says so when the filter was removed" {
	watch --heartbeat 1
	tc -n "$C" filter del dev eth0 egress
	wait_for has_records '.type == "alive" and (all(.hooks[]; .attached) | not)'
	end_watch
}
