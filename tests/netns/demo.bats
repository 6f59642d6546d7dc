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

asked() { has_records '.type == "request" and is(33)'; }

@test "demo: both users are seen, what each asks, exit 0, nothing is left" {
	VIEW=()
	demo --json
	wait_for asked
	wait_for look_around
	wait_for is_gone "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ]
	check_schema
	check_reckoning
	local req='.type == "request" and .answer.status == 200'
	expect 5 '.type == "request"'
	expect 1 "$req"' and is(33) and .version == "v2" and .class == "token"'
	expect 1 "$req"' and is(33) and .version == "v2" and .class == "credential"'
	expect 1 "$req"' and is(34) and .version == "v1" and .class == "credential" and .ip_version == 4'
	expect 1 "$req"' and is(34) and .version == "v1" and .class == "credential" and .ip_version == 6'
	expect 1 "$req"' and is(34) and .version == "v1" and .class == "user-data"'
	all '.class == "credential"' '.role == "web-role" and .credential.key_id == "ASIA4EXAMPLE"'
	none pkt
	wait_for nothing_left || fail "something is left"
}

@test "demo: with --packets both users' packets are seen; SIGINT ends it early" {
	demo --json --packets
	wait_for has_records 'pkt and is(33)'
	wait_for look_around
	kill -INT "$WATCHER"
	reap
	all pkt 'is(33)'
	some 'tcp and to'
	some 'tcp and from'
	wait_for nothing_left || fail "something is left: $FAMILY $IDS"
}

@test "demo: SIGTERM ends it early, and nothing is left" {
	demo --json
	wait_for asked
	wait_for look_around
	kill -TERM "$WATCHER"
	reap
	wait_for nothing_left || fail "something is left: $FAMILY $IDS"
}

@test "demo: what stands in /etc/sock-filter.yml does not change it" {
	printf 'endpoints:\n  - other:\n      range: 192.0.2.1\n      iface: "*"\n      filter: "*"\n' >"$BATS_TEST_TMPDIR/other.yml"
	# in a mount namespace of its own: the host's file stays as it is
	nsenter --net=/proc/self/ns/net unshare -m sh -c '
		mkdir -p "$2/etc" && cp -a /etc/passwd /etc/group /etc/nsswitch.conf "$2/etc/" &&
		cp "$1" "$2/etc/sock-filter.yml" && mount --bind "$2/etc" /etc && exec "$3" demo --json
	' sh "$BATS_TEST_TMPDIR/other.yml" "$BATS_TEST_TMPDIR" "$SOCK_FILTER" >"$OUT" 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for asked
	kill -INT "$WATCHER"
	reap
	all '.type == "start"' '.config == "demo"'
}
