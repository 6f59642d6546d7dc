# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# alone: it fills tables and queues, and holds a rate
# produced = reported + lost, whatever happens to the reader.
load lib

setup() {
	net_up
	serve
	endpoint sink $IMDS4 '"*"' 'port: 9'
}
teardown() { net_down; }

burst() { client www-data timeout 30 "$PYTHON" "$DIR/mock.py" burst $IMDS4 9 "$1"; }

@test "a burst: every packet is reported or counted" {
	watch
	burst 5000
	end_watch
	of_summary '.matched == 5000 and .packets_reported + .packets_dropped == 5000'
	all udp 'is(33) or .owner.lost'
}

@test "a slow reader loses events, counted; the sender is not stalled; lines stay whole" {
	local before after
	mkfifo "$DIR/pipe"
	exec 5<>"$DIR/pipe"
	nsenter --net="/run/netns/$C" "$SOCK_FILTER" watch --json --packets -c "$POLICY" --duration 50 \
		--ready-fd 6 6>"$DIR/ready" >&5 2>"$ERR" 3>&- 4>&- 5>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$DIR/ready"
	before=$(date +%s%N)
	burst 200000
	after=$(date +%s%N)
	echo "the sender took $(((after - before) / 1000000)) ms"
	[ $(((after - before) / 1000000000)) -lt 20 ]
	# still there, and still not read: only now does the reader wake
	kill -0 "$WATCHER"
	exec 7<"$DIR/pipe" 5>&-
	cat <&7 >"$OUT" 3>&- 4>&- 7<&- &
	SPAWNED=$!
	PIDS+=("$SPAWNED")
	exec 7<&-
	kill -INT "$WATCHER"
	reap
	wait_for is_gone "$SPAWNED"
	grep -q '"type":"summary"' "$OUT" || fail "no summary"
	check_reckoning
	of_summary '.matched == 200000 and .packets_dropped + .events_lost + .output_lost > 0'
	# whole lines, each of them JSON; the schema for some of them
	[ "$(tail -c 1 "$OUT" | od -An -c | tr -d ' ')" = '\n' ]
	[ "$(jq -c .seq "$OUT" | wc -l)" = "$(wc -l <"$OUT")" ]
	{ head -300 "$OUT"; grep -v '"type":"packet"' "$OUT" | head -300; tail -300 "$OUT"; } >"$DIR/some"
	check_schema "$DIR/some"
	some '.type == "loss" and .counters.packets_dropped + .counters.events_lost > 0'
}

@test "a reader that is slow to the end: the watcher still ends, and says so" {
	mkfifo "$DIR/pipe"
	exec 5<>"$DIR/pipe"
	nsenter --net="/run/netns/$C" "$SOCK_FILTER" watch --json --packets -c "$POLICY" --duration 50 \
		--ready-fd 6 6>"$DIR/ready" >&5 2>"$ERR" 3>&- 4>&- 5>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$DIR/ready"
	burst 5000
	kill -TERM "$WATCHER"
	reap
	exec 5>&-
	grep -q 'too slow: [0-9]* records were not written' "$ERR" || fail "says nothing"
	[ "$STATUS" -eq 1 ] || fail "records were lost, and the exit status is $STATUS"
}

@test "50,000 packets a second for 10 s, twice: every one reported or counted as lost" {
	local number=500000
	policy </dev/null
	endpoint far 198.18.0.1 '"*"'
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
	for _ in 1 2; do
		watch
		flood_to 198.18.0.1 50000 $number
		flooded $number
		kill -INT "$WATCHER"
		reap
		[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
		check_many
		of_last ".matched == $number and .packets_reported + .packets_dropped == $number"
		of_last ".events + .events_lost == .matched"
		tail -n 1 "$OUT" | jq -c ".counters | {matched, packets_dropped, events_lost, owners_lost}"
	done
}
