# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --decisions: which of the kernel's verdicts are told.
load lib

setup() {
	net_up
	serve
	endpoint imds $IMDS4 '[www-data]' 'port: [80, 9]'
}
teardown() { net_down; }

@test "none: packets only" {
	watch --decisions none
	fetch www-data http://$IMDS4/
	end_watch
	none dec
	some tcp
}

@test "flow (the default): one for a flow, before its first packet" {
	watch
	fetch www-data http://$IMDS4/
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	expect 2 dec
	all dec '.decision == -1 and is(33) and .tcp_flags == "SYN" and to'
	[ "$(jq -rs 'map(.type) | index("decision") < index("packet")' "$OUT")" = true ]
}

@test "packet: one for each delivered packet" {
	watch --decisions packet
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	all dec '.decision == -1 and is(33)'
	[ "$(count dec)" -eq "$(count pkt)" ]
}

@test "all: also what was rejected, with its owner" {
	watch --decisions all
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	some 'dec and .decision == -1 and is(33)'
	some 'dec and .decision == 0 and is(34) and to'
	some 'dec and .decision == 0 and is(34) and from'
	none 'pkt and .decision == 0'
	all pkt 'is(33)'
}

@test "all: rejections come at a bounded rate, the rest is counted" {
	watch --decisions all
	client backup "$PYTHON" "$DIR/mock.py" burst $IMDS4 9 5000
	end_watch
	of_summary '.rejected >= 5000 and .events_held_back > 0'
	# told or held back, every one that is IP
	of_summary '.events + .events_held_back + .events_lost | . >= 5000'
	of_summary '.events + .events_held_back + .events_lost <= .seen'
	# 100 a second and CPU; three seconds are more than it takes
	[ "$(count 'dec and .decision == 0')" -le $((300 * $(nproc))) ]
	some 'dec and .decision == 0 and is(34)'
	none pkt
}

@test "all: a packet of no endpoint at all is told too, without one" {
	watch --decisions all
	fetch www-data http://$SERVICE4/
	end_watch
	some 'dec and .decision == 0 and (has("endpoint") | not) and (has("direction") | not)'
	none pkt
}
