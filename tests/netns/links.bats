# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Interfaces come, go, and change their names and namespaces; names in the
# configuration mean whoever bears them now.
load lib

PEER=10.7.0.2

setup() { net_up; }
teardown() { net_down; }

# up NAME [OPTION...]: an interface of this name, on which PEER can be sent to.
up() {
	ip -n "$C" link add "$1" "${@:2}" type veth peer name "p$1" netns "$S"
	ip -n "$S" link set "p$1" up
	ready "$1"
}

# ready NAME: gives it what it loses when it goes down or away.
ready() {
	ip -n "$C" -batch - <<-END
		addr replace 10.7.0.1/24 dev $1
		link set $1 up
		neigh replace $PEER lladdr 02:00:00:00:00:01 dev $1
	END
}

# rename OLD NEW: not every kernel renames what is up.
rename() {
	ip -n "$C" -batch - <<-END
		link set $1 down
		link set $1 name $2
	END
	ready "$2"
}

ifindex() { ip -n "$C" -j link show "$1" | jq '.[0].ifindex'; }

# send N [PORT]
send() { client www-data "$PYTHON" "$DIR/mock.py" burst $PEER "${2:-9}" "$1"; }
told_of() { [ "$(told alive)" -gt "${1:-0}" ]; }

@test "one that is not there yet is warned of, and watched when it appears" {
	endpoint far $PEER '[www-data]' 'iface: late0'
	watch
	grep -q 'warning: there is no interface late0 now' "$ERR" || fail "no warning"
	is_attached 'tap late0' false
	up late0
	wait_for is_attached 'tap late0' true
	send 3
	end_watch
	expect 3 'udp and .iface == "late0"'
	all udp 'is(33)'
}

@test "deleted and made again, by another number" {
	local before
	up make0
	endpoint far $PEER '[www-data]' 'iface: make0'
	watch
	before=$(ifindex make0)
	send 2
	ip -n "$C" link del make0
	wait_for is_attached 'tap make0' false
	up make0
	[ "$(ifindex make0)" != "$before" ]
	wait_for is_attached 'tap make0' true
	send 3
	end_watch
	expect 5 'udp and .iface == "make0"'
	of_summary '.matched == 5'
}

@test "deleted and made again by the same number, before anyone looked" {
	local number
	up same0
	number=$(ifindex same0)
	endpoint far $PEER '[www-data]' 'iface: same0'
	watch
	send 2
	wait_for has_records udp 2
	kill -STOP "$WATCHER"
	ip -n "$C" link del same0
	up same0 index "$number"
	kill -CONT "$WATCHER"
	kill -USR1 "$WATCHER"
	wait_for has_told counters 1
	send 3
	end_watch
	expect 5 'udp and .iface == "same0"'
}

@test "renamed away and back" {
	up name0
	endpoint far $PEER '[www-data]' 'iface: name0'
	watch
	send 2
	rename name0 other0
	wait_for is_attached 'tap name0' false
	send 4
	rename other0 name0
	wait_for is_attached 'tap name0' true
	send 3
	end_watch
	expect 5 'udp and .iface == "name0"'
	of_summary '.matched == 5'
}

@test "renamed onto another configured name: each packet once, by the new one" {
	up one0
	endpoint one $PEER '[www-data]' 'iface: one0'
	endpoint two $PEER '[www-data]' 'iface: two0'
	watch
	send 2
	wait_for has_records udp 2
	rename one0 two0
	wait_for is_attached 'tap two0' true
	send 3
	end_watch
	expect 5 udp
	expect 2 'udp and names == ["one"]'
	expect 3 'udp and names == ["two"]'
	of_summary '.matched == 5'
}

@test "two swap their names: each packet once, by the name of now" {
	up left0
	ip -n "$C" link add right0 type veth peer name pright0 netns "$S"
	endpoint left $PEER '[www-data]' 'iface: left0'
	endpoint right $PEER '[www-data]' 'iface: right0'
	watch --heartbeat 1
	send 2
	wait_for has_records udp 2
	# all three at once, as an init script does it
	kill -STOP "$WATCHER"
	ip -n "$C" -batch - <<-END
		link set left0 down
		link set left0 name tmp0
		link set right0 name left0
		link set tmp0 name right0
	END
	ready right0
	kill -CONT "$WATCHER"
	wait_for told_of "$(told alive)"
	send 3
	end_watch
	expect 2 'udp and names == ["left"]'
	expect 3 'udp and names == ["right"]'
	of_summary '.matched == 5'
}

@test "down and up again" {
	up flap0
	endpoint far $PEER '[www-data]' 'iface: flap0'
	watch
	send 2
	for _ in 1 2 3; do ip -n "$C" link set flap0 down && ip -n "$C" link set flap0 up; done
	ready flap0
	send 3
	end_watch
	expect 5 'udp and .iface == "flap0"'
	of_summary '.matched == 5'
}

@test "moved to another namespace and back" {
	add_net "$NS-x"
	up away0
	endpoint far $PEER '[www-data]' 'iface: away0'
	watch
	send 2
	ip -n "$C" link set away0 netns "$NS-x"
	wait_for is_attached 'tap away0' false
	ip -n "$NS-x" link set away0 netns "$C"
	ready away0
	wait_for is_attached 'tap away0' true
	send 3
	end_watch
	expect 5 'udp and .iface == "away0"'
	of_summary '.matched == 5'
}

@test "every one: also those to come" {
	endpoint far $PEER '[www-data]' 'iface: "*"'
	watch
	up come0
	send 3
	ip -n "$C" link del come0
	up come1
	send 4
	end_watch
	expect 3 'udp and .iface == "come0"'
	expect 4 'udp and .iface == "come1"'
	of_summary '.matched == 7'
}

@test "two names of one interface: each packet once, for the endpoints of both" {
	up first0
	ip -n "$C" link property add dev first0 altname second0 || skip "no altname here"
	endpoint both $PEER '[www-data]' 'iface: [first0, second0]' 'port: 9'
	endpoint one $PEER '[www-data]' 'iface: first0' 'port: 10'
	endpoint two $PEER '[www-data]' 'iface: second0' 'port: 10'
	endpoint three $PEER '[www-data]' 'iface: third0' 'port: 11'
	watch
	is_attached 'tap first0' true
	is_attached 'tap second0' true
	send 3
	send 4 10
	ip -n "$C" link property add dev first0 altname third0
	wait_for is_attached 'tap third0' true
	send 5 11
	end_watch
	expect 3 'udp and .dport == 9 and names == ["both"]'
	expect 4 'udp and .dport == 10 and names == ["one", "two"]'
	expect 5 'udp and .dport == 11 and names == ["three"]'
	of_summary '.matched == 12'
}

@test "100 deletions and creations in a row: still watched" {
	endpoint far $PEER '[www-data]' 'iface: [eth0, busy0]'
	watch
	for _ in {1..100}; do
		echo "link add busy0 type veth peer name pbusy0 netns $S"
		echo "link del busy0"
	done | ip -n "$C" -batch -
	up busy0
	wait_for is_attached 'tap busy0' true
	send 3
	end_watch
	expect 3 'udp and .iface == "busy0"'
	of_summary '.matched == 3'
	# one that goes while it is looked at may be said; nothing else
	! grep -v 'no interface busy0 now\|cannot be watched: No such device\|no longer attached' \
		"$ERR" ||
		fail "errors on the way"
}

clsact() { tc -n "$C" qdisc show dev "$1" | grep clsact; }

@test "tc: a new interface gets its hook; nothing is left at the end" {
	WATCH_VIA=(ip netns exec "$C")
	endpoint far $PEER '[www-data]' 'iface: [eth0, new0]'
	watch
	up new0
	wait_for is_attached 'tc/egress new0' true
	send 3
	client backup "$PYTHON" "$DIR/mock.py" burst $PEER 9 2
	end_watch
	expect 3 'udp and is(33)'
	none 'udp and is(34)'
	for name in eth0 new0; do
		run clsact $name
		[ -z "$output" ] || fail "left: $output"
	done
}

@test "tc, every one: deleted and made again, hooks that went are not missed" {
	WATCH_VIA=(ip netns exec "$C")
	up made0
	endpoint far $PEER '[www-data]' 'iface: "*"'
	watch --heartbeat 1
	send 2
	ip -n "$C" link del made0
	wait_for told_of "$(told alive)"
	up made0
	wait_for clsact made0
	wait_for told_of "$(told alive)"
	is_attached 'tc/egress made0' true
	send 3
	end_watch
	expect 5 'udp and is(33) and .iface == "made0"'
	jq -es 'map(select(.type == "alive")) | last | all(.hooks[]; .attached)' "$OUT" ||
		fail "hooks are missed on what is no more"
}

@test "tc: moved to another namespace and back, it gets its hook again" {
	WATCH_VIA=(ip netns exec "$C")
	add_net "$NS-x"
	up away0
	endpoint far $PEER '[www-data]' 'iface: [eth0, away0]'
	watch
	send 2
	wait_for has_records udp 2
	ip -n "$C" link set away0 netns "$NS-x"
	wait_for is_attached 'tap away0' false
	ip -n "$NS-x" link set away0 netns "$C"
	ready away0
	wait_for is_attached 'tap away0' true
	wait_for is_attached 'tc/egress away0' true
	send 3
	end_watch
	expect 5 'udp and is(33) and .iface == "away0"'
}
