# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A connection that is older than the watcher gets its user all the same.
load lib

setup() {
	net_up
	serve
	mkfifo -m 666 "$DIR/go"
}
teardown() { net_down; }

old_connection() {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: 80'
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late "$1" 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	watch
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	wait_for has_records 'tcp and from and (.tcp_flags | contains("FIN"))'
	end_watch
	none 'tcp and .tcp_flags == "SYN"'
	all 'tcp and to' 'is(33) and .owner.user == "www-data"'
	all 'tcp and from' 'is(33) and .owner.join == "reply"'
	some 'tcp and to and .tcp_flags == "PSH,ACK"'
	some 'tcp and from and (.tcp_flags | contains("FIN"))'
	# none of its packets was hidden
	of_summary '.hidden_unknown == 0 and .hidden_unattributed_reply == 0'
}

@test "an older connection over IPv4" { old_connection $IMDS4; }

@test "an older connection over IPv6" { old_connection $IMDS6; }
