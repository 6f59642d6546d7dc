# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# alone: it makes connections at a rate, and turns the host's pids back
# Who is behind each of very many short connections? Every client says to the server who it is:
# its pid, its start, its uid. The records must say the same.
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-240}
load lib

PORT=8088

setup() {
	net_up
	LOG=$DIR/log
	CROWD=$DIR/crowd
	cp "$TOP/build/tests/crowd" "$CROWD"
	spawn nsenter --net="/run/netns/$S" "$CROWD" serve $PORT "$LOG" "$DIR/serves"
	SERVER=$SPAWNED
	wait_for test -e "$DIR/serves"
	endpoint imds $IMDS4 '"*"' "port: tcp/$PORT"
}
teardown() { net_down; }

crowd() { in_net "$C" "$CROWD" "$@"; }

# start_proof FILE: the watcher, with its records in there
start_proof() {
	"${WATCH_VIA[@]}" "$SOCK_FILTER" watch --json --packets --decisions none --duration 300 -c "$POLICY" \
		--ready-fd 6 6>"$DIR/ready" >"$1" 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$DIR/ready"
}

# A million records are kept nowhere: they are read as they come, by proof.py with these words.
start_reader() {
	mkfifo "$OUT"
	"$PYTHON" "$BATS_TEST_DIRNAME/proof.py" "$LOG" "$@" <"$OUT" >"$DIR/found" 3>&- 4>&- &
	READER=$!
	PIDS+=("$READER")
}

end_watcher() {
	kill -TERM "$SERVER"
	wait_for is_gone "$SERVER"
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
}

end_reader() {
	TRIES=3000 wait_for is_gone "$READER"
	STATUS=0
	wait "$READER" || STATUS=$?
}

# judge WORD...: proof.py, with these words, reads what is in the file
judge() {
	STATUS=0
	"$PYTHON" "$BATS_TEST_DIRNAME/proof.py" "$LOG" "$@" <"$OUT" >"$DIR/found" || STATUS=$?
	rm "$OUT"
}

# What was found is shown. Where packets were dropped, it cannot be told which SYN was whose.
fail() {
	echo "FAILED: $* $(head -c 2000 "$DIR/found" 2>/dev/null)"
	tail -n 5 "$ERR"
	return 1
}
holds() {
	jq -c '.found' "$DIR/found" | sed 's/^/# /' >&3
	jq -e '.counters | .packets_dropped == 0 and .output_lost == 0' "$DIR/found" >/dev/null ||
		fail "this machine is too busy:"
	[ "$STATUS" -eq 0 ] || fail "not as it should be:"
	for expression; do
		jq -e "$expression" "$DIR/found" >/dev/null || fail "not true: $expression:"
	done
}

NOTHING_LOST='.counters | .events_lost == 0 and .processes_lost == 0 and .owners_lost == 0
	and .flows_refused == 0'

@test "1,000 processes that connect once and exit: program, arguments, parents of each" {
	start_proof "$OUT"
	crowd exec 1000 $IMDS4 $PORT
	end_watcher
	judge 1000 "$CROWD" crowd
	holds '.found.unnamed == 0' "$NOTHING_LOST"
}

@test "2,000 connections a second for 10 s: an owner for each" {
	start_proof "$OUT"
	crowd rate 20000 2000 $IMDS4 $PORT
	end_watcher
	judge 20000
	holds '.found.unnamed == 0' "$NOTHING_LOST"
}

@test "100,000 connections of pids and ports that are used again: no wrong owner" {
	[ -w /proc/sys/kernel/ns_last_pid ] || skip "pids cannot be turned back here"
	in_net "$C" sysctl -qw "net.ipv4.ip_local_port_range=20000 20499"
	start_reader 100000
	start_proof "$OUT"
	crowd reuse 100000 2500 997 $IMDS4 $PORT
	end_watcher
	end_reader
	holds '.found.wrong == 0 and .found.unnamed == 0' "$NOTHING_LOST" \
		'.found.ports <= 500 and .found.pids < 10000'
}

# Both at once, on a processor each: the true datagrams have 46 bytes, the forged ones 50.
@test "a raw socket that floods another's connection: neither is taken for the other" {
	[ "$(nproc)" -ge 2 ] || skip "one processor"
	local sender=$TOP/build/tests/sender flood
	mkfifo -m 666 "$DIR/go"
	serve
	POLICY=$DIR/flood.yml
	endpoint imds $IMDS4 '"*"' 'port: udp/9'
	watch --decisions none
	spawn nsenter --net="/run/netns/$C" taskset -c 0 setpriv --reuid www-data --regid www-data --clear-groups \
		"$sender" /dev/null flood $IMDS4 "$DIR/go" 30000 >"$DIR/port"
	flood=$SPAWNED
	wait_for test -s "$DIR/port"
	spawn nsenter --net="/run/netns/$C" taskset -c 1 "$sender" /dev/null flood-raw $IMDS4 $CLIENT4 \
		"$(cat "$DIR/port")"
	wait_for has_told packet 1
	echo go >"$DIR/go"
	TRIES=3000 wait_for is_gone "$flood"
	end_process "$SPAWNED"
	kill -INT "$WATCHER"
	reap
	grep '"type":"packet"' "$OUT" | jq -r '"\(.len) \(.owner.kind) \(.owner.uid)"' |
		sort | uniq -c | sed 's/^/# /' | tee "$DIR/owners" >&3
	grep -q ' 46 user 33$' "$DIR/owners"
	grep -q ' 50 user 0$' "$DIR/owners"
	! grep -E ' (46 user 0|50 user 33)$' "$DIR/owners" || fail "one is taken for the other"
}
