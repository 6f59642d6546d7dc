# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Many datagrams, by senders that keep a pace.
# shellcheck shell=bash

# flood_to HOST RATE NUMBER: so many datagrams, by a sender that no script is; FLOODER is its
# process. Nobody takes them at the other end, so that their way there costs no more than need be.
flood_to() {
	ip -n "$C" neigh replace $SERVICE4 lladdr 02:00:00:00:00:01 dev eth0
	client www-data "$TOP/build/tests/pacer" "$@" >"$DIR/flood" 3>&- 4>&- &
	FLOODER=$!
	PIDS+=("$FLOODER")
}
flooded() {
	TRIES=3000 wait_for is_gone "$FLOODER" || fail "the sender does not end"
	cat "$DIR/flood"
	grep -q "^$1 sent, " "$DIR/flood" || fail "not $1 were sent"
}

# has_left NUMBER: so many packets left by eth0 by now.
has_left() { [ "$(ip -n "$C" -j -s link show eth0 | jq '.[0].stats64.tx.packets')" -ge "$1" ]; }

# pace HOST [RATE]: starts a sender of datagrams, a port each; paced: it ends, SENT is their number.
pace() {
	rm -f "$DIR/stop"
	client www-data "$PYTHON" "$DIR/mock.py" pace "$1" "${2:-1000}" "$DIR/stop" \
		>"$DIR/sent" 3>&- 4>&- &
	PACER=$!
	PIDS+=("$PACER")
}
paced() {
	touch "$DIR/stop"
	wait_for is_gone "$PACER"
	SENT=$(cat "$DIR/sent")
	echo "$SENT datagrams were sent"
}

# Each of the SENT datagrams of pace is told once, under one name: NAMES is a regular expression.
each_once() {
	jq -es "$DEFS"'
		map(select(udp and to and .dport >= 10000)) as $p
		| ($p | map(.dport) | unique | length) as $n
		| "\($p | length) packets, \($n) of them different, of '"$SENT"'",
		  (($p | length) == '"$SENT"' and $n == '"$SENT"'
		   and all($p[]; (names | length) == 1 and (names[0] | test("^('"$1"')$"))))
	' "$OUT" || fail "not each packet once as $1"
	of_summary ".matched == $SENT and .packets_reported == $SENT and .packets_dropped == 0"
	of_summary '.events_lost == 0 and .output_lost == 0'
}
