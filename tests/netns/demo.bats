# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The demo shows both users, ends by itself, and changes nothing on the host.
load lib

setup() { bare_up; }
teardown() { net_down; }

demo() {
	nsenter --net=/proc/self/ns/net "$SOCK_FILTER" demo "$@" >"$OUT" 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
}

cgroup2() { findmnt -nt cgroup2 -o TARGET | head -1; }

# Descendants of a process, each with the namespace it is in.
family() {
	local child
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		echo "$child"
		family "$child"
	done
}

nothing_left() {
	for pid in $FAMILY; do
		is_gone "$pid" || return 1
	done
	[ -z "$(find "$(cgroup2)" -maxdepth 1 -name "sock-filter-demo.$WATCHER" 2>/dev/null)" ] || return 1
	[ "$(ip -j netns list | jq -r '.[].name' 2>/dev/null | grep -c "demo")" -eq 0 ] || return 1
	no_bpf_of "$IDS"
}

look_around() {
	local pid
	FAMILY=$(family "$WATCHER")
	IDS=$(for pid in $FAMILY; do bpf_ids "$pid"; done)
	[ -n "$FAMILY" ] && [ -n "$IDS" ]
}

@test "demo: both users are seen, exit 0, nothing is left" {
	demo --json
	wait_for has_records 'pkt and is(33)'
	wait_for look_around
	wait_for is_gone "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ]
	check_schema
	check_reckoning
	some 'tcp and is(33) and to'
	some 'tcp and is(33) and from'
	some 'tcp and is(34) and .ip_version == 4'
	some 'tcp and is(34) and .ip_version == 6'
	some 'udp and is(34)'
	all pkt 'is(33) or is(34)'
	wait_for nothing_left || fail "something is left"
}

@test "demo: SIGINT ends it early, and nothing is left" {
	demo --json
	wait_for has_records 'pkt and is(33)'
	wait_for look_around
	kill -INT "$WATCHER"
	reap
	wait_for nothing_left || fail "something is left: $FAMILY $IDS"
}

@test "demo: SIGTERM ends it early, and nothing is left" {
	demo --json
	wait_for has_records 'pkt and is(33)'
	wait_for look_around
	kill -TERM "$WATCHER"
	reap
	wait_for nothing_left || fail "something is left: $FAMILY $IDS"
}
