# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whatever way it ends, nothing of it stays in the kernel.
load lib

setup() {
	net_up
	endpoint imds $IMDS4 '"*"'
	watch
	IDS=$(bpf_ids "$WATCHER")
	# programs and links, and they can be seen
	[ "$(grep -c prog_id <<<"$IDS")" -ge 4 ]
	[ "$(grep -c link_id <<<"$IDS")" -ge 3 ]
	! no_bpf_of "$IDS"
}
teardown() { net_down; }

ended_without_trace() {
	wait_for no_bpf_of "$IDS" || fail "left: $IDS"
}

@test "after SIGINT" {
	end_watch INT
	ended_without_trace
}

@test "after SIGTERM" {
	end_watch TERM
	ended_without_trace
}

@test "after SIGKILL" {
	kill -KILL "$WATCHER"
	reap
	[ "$STATUS" -eq 137 ]
	ended_without_trace
}

@test "after its reader went away" {
	# the same, as a run of its own
	end_watch
	: >"$OUT"
	nsenter --net="/run/netns/$C" "$SOCK_FILTER" watch --json --packets -c "$POLICY" --heartbeat 1 \
		--duration 15 2>"$ERR" 3>&- 4>&- > >(head -1 >"$OUT") &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$OUT"
	IDS=$(bpf_ids "$WATCHER")
	reap
	ended_without_trace
}
