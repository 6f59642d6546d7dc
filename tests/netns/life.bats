# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# How a run is told to end, what it says on the way, and how it ends.
load lib

setup() {
	net_up
	serve
	endpoint imds $IMDS4 '"*"' 'port: 80'
}
teardown() { net_down; }

@test "-n COUNT ends after so many packets; those read beyond are counted" {
	watch -n 5
	fetch www-data http://$IMDS4/
	reap
	[ "$STATUS" -eq 0 ]
	check_schema
	check_reckoning
	expect 5 pkt
	of_summary '.packets_reported == 5'
}

@test "--duration SECONDS ends by itself, with a summary" {
	watch --duration 1
	fetch www-data http://$IMDS4/
	reap
	[ "$STATUS" -eq 0 ]
	check_schema
	check_reckoning
	some tcp
}

@test "SIGINT ends with a summary" {
	watch
	fetch www-data http://$IMDS4/
	end_watch INT
	some tcp
}

@test "SIGTERM ends with a summary" {
	watch
	fetch www-data http://$IMDS4/
	end_watch TERM
	some tcp
}

@test "SIGUSR1 asks for counters, and the run goes on" {
	watch
	fetch www-data http://$IMDS4/
	kill -USR1 "$WATCHER"
	wait_for has_records '.type == "counters" and .counters.matched > 4'
	fetch backup http://$IMDS4/
	end_watch
	expect 1 '.type == "counters"'
	some 'tcp and is(34)'
}

@test "--heartbeat 1: alive, with its hooks attached" {
	watch --heartbeat 1
	wait_for has_records '.type == "alive"' 2
	end_watch
	all '.type == "alive"' '(.hooks | length) >= 4 and all(.hooks[]; .attached)'
	all '.type == "alive"' '.uptime_s >= 1'
	all '.type == "start"' 'all(.hooks[]; .attached)'
}

@test "alive says so when a hook was detached by force" {
	watch --heartbeat 1
	link=$(bpf_ids "$WATCHER" | grep -m 1 link_id)
	for link in $(bpf_ids "$WATCHER" | grep link_id); do
		bpftool link show id "${link#*:}" | grep -q egress && break
	done
	bpftool link detach id "${link#*:}"
	wait_for has_records '.type == "alive" and (all(.hooks[]; .attached) | not)'
	end_watch
	all '.type == "alive" and (all(.hooks[]; .attached) | not)' \
		'[.hooks[] | select(.attached | not) | .name] == ["cgroup_skb/egress"]'
	grep -q 'no longer attached' "$ERR"
}

@test "alive says so when a watched interface was removed" {
	ip -n "$C" link add gone0 type veth peer name gone1
	ip -n "$C" link set gone0 up
	POLICY=$DIR/gone.yml
	endpoint imds $IMDS4 '"*"' 'iface: [eth0, gone0]'
	watch --heartbeat 1
	ip -n "$C" link del gone0
	wait_for has_records '.type == "alive" and (all(.hooks[]; .attached) | not)'
	end_watch
}

@test "a reader that goes away (| head -1) is a quiet end with exit 0" {
	set +e
	timeout 20 nsenter --net="/run/netns/$C" "$SOCK_FILTER" watch --json --packets -c "$POLICY" \
		--duration 15 2>"$ERR" 3>&- 4>&- >"$OUT" > >(head -1 >"$OUT") &
	WATCHER=$!
	set -e
	PIDS+=("$WATCHER")
	wait_for has_started
	fetch www-data http://$IMDS4/
	reap
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	[ ! -s "$ERR" ] || fail "not quiet"
}

@test "a reader that goes away while all is quiet: an end, or a wait that costs nothing" {
	nsenter --net="/run/netns/$C" "$SOCK_FILTER" watch --json --packets -c "$POLICY" --duration 20 \
		2>"$ERR" 3>&- 4>&- > >(head -1 >"$OUT") &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for has_started
	# two seconds of its life, or its end
	for _ in {1..100}; do
		is_gone "$WATCHER" && break
		sleep 0.02
	done
	is_gone "$WATCHER" || {
		ticks=$(awk '{print $14 + $15}' /proc/"$WATCHER"/stat)
		echo "$ticks clock ticks of CPU time"
		[ "$ticks" -lt 60 ] || fail "it turns in circles: $ticks ticks of CPU in 2 s"
	}
}
