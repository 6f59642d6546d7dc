# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Requests as they may come over a connection: each is told once, by what it is, and none is
# called v1 that was not read to its end.
load lib
load asker

setup() {
	asker_up 80
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws'
}
teardown() { net_down; }

M=/latest/meta-data

@test "split at any byte, in one piece, over many segments, by sendfile: one request each, the same" {
	VIEW=(--packets)
	watch
	talk "send:$(head_of GET $M/one "$TOKEN")" read
	talk "bytes:$(head_of GET $M/bytes "$TOKEN")" read
	talk mss:88 "send:$(head_of GET $M/many "X-Padding: $(printf 'x%.0s' {1..3000})" "$TOKEN")" read
	talk "file:$(head_of GET $M/file "$TOKEN")" read
	talk "send:GET $M/sec" "send:ond HTTP/1.1\\r\\nX-aws-ec2-meta" "send:data-token: a\\r\\n\\r\\n" read
	end_watch
	each_told '.path, .version, .class, .reason, .answer.status, .answer.state' <<-END
		$M/bytes v2 metadata - 200 whole
		$M/file v2 metadata - 200 whole
		$M/many v2 metadata - 200 whole
		$M/one v2 metadata - 200 whole
		$M/second v2 metadata - 200 whole
	END
	all request 'is(33) and (.owner.argv | index("talk")) and .endpoint == "imds" and .cloud == "aws"'
	# the segments were what they claim to be
	some 'tcp and to and .tcp_flags == "PSH,ACK"'
	jq -es "$DEFS"'
		(map(select(asked("'$M'/bytes"))) | .[0].sport) as $port
		| map(select(tcp and to and .sport == $port and .len == 67)) | length > 70' "$OUT" || fail "not a byte each"
}

@test "pipelined, keep-alive: each request with its own answer" {
	watch
	talk "send:$(head_of GET $M/1)$(head_of GET $M/status/404 "$TOKEN")$(head_of PUT /latest/api/token "$TTL")" read:3
	talk "send:$(head_of GET $M/4)" read "send:$(head_of HEAD $M/5 "$TOKEN" 'Connection: close')" end:
	talk "send:$(head_of PUT /latest/api/token "$TTL" 'Content-Length: 9')GET /123 $(head_of GET $M/6)" read:2
	end_watch
	each_told '.method, .path, .version, .class, .answer.status, .answer.state' <<-END
		GET $M/1 v1 metadata 200 whole
		GET $M/status/404 v2 metadata 404 whole
		PUT /latest/api/token v2 token 200 whole
		GET $M/4 v1 metadata 200 whole
		HEAD $M/5 v2 metadata 200 whole
		PUT /latest/api/token v2 token 200 whole
		GET $M/6 v1 metadata 200 whole
	END
	all http '.answer.latency_ns > 0 and .answer.server == "asker"'
	of_summary '.requests == 7 and .requests_reported == 7 and .requests_uncertain == 0'
}

@test "Fast Open: a request in the SYN is read like any other" {
	in_net "$C" sh -c 'echo 5 >/proc/sys/net/ipv4/tcp_fastopen' # 4: without a cookie
	in_net "$S" sh -c 'echo 514 >/proc/sys/net/ipv4/tcp_fastopen' # 512: the same
	VIEW=(--packets)
	watch
	talk "fast:$(head_of GET $M/fast "$TOKEN")" read
	talk "fast:GET $M/ha" "send:lf HTTP/1.1\\r\\n\\r\\n" read
	end_watch
	expect 2 'tcp and to and .tcp_flags == "SYN" and .len > 80'
	each_told '.path, .version, .answer.status' <<-END
		$M/fast v2 200
		$M/half v1 200
	END
}

@test "a connection joined in the middle: unknown, joined, until both sides agree again" {
	mkfifo "$DIR/one" "$DIR/two"
	asker talk $IMDS4 80 "gate:$DIR/one" "send:$(head_of GET $M/1)" read "send:$(head_of GET $M/2)" read \
		>"$DIR/said.one" 3>&- 4>&- &
	local one=$!
	asker talk $IMDS4 80 "send:GET $M/token HTTP/1.1\\r\\nX-aws-ec2-metadata-to" "gate:$DIR/two" \
		"send:ken: a\\r\\nHost: x\\r\\n\\r\\n" read >"$DIR/said.two" 3>&- 4>&- &
	local two=$!
	PIDS+=("$one" "$two")
	wait_for grep -qs here "$DIR/said.one"
	wait_for grep -qs here "$DIR/said.two"
	watch
	echo go >"$DIR/one"
	wait "$one"
	echo go >"$DIR/two"
	wait "$two"
	end_watch
	each_told '.path, .version, .reason' <<-END
		$M/1 unknown joined
		$M/2 v1 -
		- unknown joined
	END
	all request 'is(33)'
}

# What is odd is told, and changes the verdict only where two readers might differ.
@test "odd requests are told, each with its anomalies" {
	watch
	talk "send:GET $M/bare-lf HTTP/1.1\\nHost: x\\n\\n" read \
		new: "send:GET $M/mixed HTTP/1.1\\r\\nHost: x\\nX-aws-ec2-metadata-token: a\\r\\n\\r\\n" read \
		new: "send:GET $M/folded HTTP/1.1\\r\\nHost: x\\r\\n X-aws-ec2-metadata-token: a\\r\\n\\r\\n" read \
		new: "send:GET $M/folded-v2 HTTP/1.1\\r\\nX-aws-ec2-metadata-token: a\\r\\nAccept: x,\\r\\n y\\r\\n\\r\\n" read \
		new: "send:GET $M/space HTTP/1.1\\r\\nX-aws-ec2-metadata-token : a\\r\\n\\r\\n" read \
		new: "send:get $M/lower HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:GET http://$IMDS4$M/absolute HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:GET $M/old\\r\\n" end: \
		new: "send:GET $M/nul HTTP/1.1\\r\\nX: \\x00\\r\\n\\r\\n" read \
		new: "send:GET $M/half HTTP/1.1\\r\\nX-aws-ec2-metadata-to" reset: \
		new: "send:$(head_of GET $M/two "$TOKEN" "$TOKEN")" read \
		new: "send:GET $M/utf-\\xc3\\xa9 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:GET $M/tabs\\tHTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:\\r\\n$(head_of GET $M/empty-line)" read \
		new: "send:GET $M/version HTTP/1.7\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:$(head_of SPY $M/method)" read \
		new: "send:GET /latest/%6deta-data//x/./../dots?X-aws-ec2-metadata-token HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:GET $M/query?$(printf 'y%.0s' {1..1500}) HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read \
		new: "send:GET /$(printf 'y%.0s' {1..2100}) HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" read
	end_watch
	each_told '(.path | if length > 99 then "long" else . end), .version, .reason, (.anomalies // ["-"] | join(","))' <<-END
		$M/bare-lf v1 - bare_lf
		$M/mixed unknown ambiguous bare_lf,mixed_ends
		$M/folded unknown ambiguous folded
		$M/folded-v2 v2 - folded
		$M/space unknown ambiguous space_colon
		$M/lower v1 - lower_method
		$M/absolute v1 - absolute_form
		$M/old v1 - no_version
		$M/nul unknown ambiguous nul
		$M/half unknown no_end no_end
		$M/two v2 - two_tokens
		$M/utf-%C3%A9 v1 - eight_bit
		$M/tabs v1 - odd_spacing
		$M/empty-line v1 - empty_lines
		$M/version v1 - odd_version
		$M/method unknown method unknown_method
		$M/dots v1 - -
		$M/query v1 - -
		long v1 - text_cut
	END
	all "asked(\"$M/dots\")" '.raw_path == "/latest/%6deta-data//x/./../dots?X-aws-ec2-metadata-token"'
	all "asked(\"$M/utf-%C3%A9\")" '.raw_path == "'$M'/utf-\\xc3\\xa9"'
	all "asked(\"$M/absolute\")" '.http_host == "'$IMDS4'"'
	all "asked(\"$M/folded\")" '.cut and (.http_host | not)'
	expect 3 'request and .cut'
	all "asked(\"$M/query\")" '.class == "metadata"'
}

# Bounds are told and counted, and what lies beyond one is never guessed.
@test "a head without end, more requests at once than are kept: unknown from there on" {
	watch
	talk "send:$(head_of GET $M/long "X: $(printf 'x%.0s' {1..70000})" "$TOKEN")" read \
		new: "send:$(for i in {1..40}; do head_of GET "$M/$i" "$TOKEN"; done)" read:40 \
		"send:$(head_of GET $M/after "$TOKEN")" read
	end_watch
	expect 33 'http and .version == "v2" and .answer.state != "part"'
	all "asked(\"$M/long\")" '.version == "unknown" and .reason == "too_long"'
	expect 1 'request and .version == "unknown" and .reason == "bound"'
	of_summary '.requests == 35 and .requests_too_many == 1 and .requests_uncertain == 2'
}

@test "one direction alone: what is asked is certain, and the answer none; answers alone are nobody's request" {
	policy </dev/null
	endpoint to $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws' 'direction: to'
	watch
	talk "send:$(head_of GET $M/1)" read "send:$(head_of GET $M/2 "$TOKEN")" read
	sed -i 's/direction: to/direction: from/' "$POLICY"
	reload
	talk "send:$(head_of GET $M/3)" read "send:$(head_of GET $M/4 "$TOKEN")" read
	end_watch
	each_told '.path, .version, .reason, .answer.status' <<-END
		$M/1 v1 - -
		$M/2 v2 - -
		- unknown gap -
	END
}

# All of them have a token: what would be called v1 here, was made so by what is missing.
@test "packets that found the queue full: what is missing makes a request unknown, and none v1" {
	local steps=() i
	for i in {1..12}; do
		steps+=("send:$(head_of POST $M/$i "$TOKEN" 'Content-Length: 4194304')" zeros:4194304 read)
	done
	mkfifo "$DIR/gate"
	watch
	kill -STOP "$WATCHER"
	asker talk $IMDS4 80 "${steps[@]}" "send:GET $M/half HTTP/1.1\\r\\nX-aws-ec2-meta" "gate:$DIR/gate" \
		"send:data-token: a\\r\\nHost: x\\r\\n\\r\\n" read "send:$(head_of GET $M/after "$TOKEN")" read \
		"send:$(head_of GET $M/sure "$TOKEN")" read >"$DIR/said" 3>&- 4>&- &
	local asking=$!
	PIDS+=("$asking")
	wait_for grep -qs here "$DIR/said"
	# when it has told some, there is room again
	kill -CONT "$WATCHER"
	wait_for has_told request 5
	echo go >"$DIR/gate"
	wait "$asking"
	end_watch
	of_summary '.packets_dropped > 0 and .requests_uncertain >= 2'
	none 'request and .version == "v1"'
	none "asked(\"$M/half\")"
	all 'request and .version == "unknown"' '.reason | IN("gap", "joined", "bound")'
	all "asked(\"$M/1\")" '.answer.status == 200'
	all "asked(\"$M/after\")" '.version == "unknown" and .answer.status == 200'
	all "asked(\"$M/sure\")" '.version == "v2" and .answer.status == 200'
}

# by_hand TEXT PIECE...: from an address that no host has, so that no kernel adds a segment of its own.
by_hand() {
	local mac
	mac=$(ip -n "$C" -j link show eth0 | jq -r '.[0].address')
	ip -n "$S" neigh replace 10.0.2.99 lladdr "$mac" dev eth0
	in_net "$C" "$PYTHON" "$DIR/segments.py" raw 10.0.2.99 $IMDS4 80 "$@"
}

@test "out of order, twice, overlapping: one request, read in the order of its bytes" {
	watch
	by_hand "$(head_of GET $M/order "$TOKEN")" 30-60 4-38 0-20 60-70 0-38 38-64 70-200
	end_watch
	each_told '.path, .version, .reason, .answer.status, .src' <<-END
		$M/order v2 - 200 10.0.2.99
	END
}

# Who may forge frames writes the second copy; the endpoint takes one of them, and nobody sees which.
@test "two copies of the same bytes that differ: unknown, for who knows which was read" {
	watch
	by_hand "$(head_of GET $M/differs "$TOKEN")" "40-200" "40=Host: x\\r\\n${TOKEN/aws/foo}\\r\\n\\r\\n" "0-40"
	end_watch
	each_told '.path, .version, .reason' <<-END
		$M/differs unknown differs
	END
	of_summary '.streams_differing == 1'
}

@test "a request that another forges into somebody's connection accuses nobody" {
	VIEW=(--packets)
	watch
	mkfifo "$DIR/send" "$DIR/end"
	in_net "$C" "$PYTHON" "$DIR/segments.py" inject eth0 33333 "$DIR/send" "$(head_of GET $M/forged)" >"$DIR/said" 3>&- 4>&- &
	local forging=$!
	wait_for grep -qs here "$DIR/said"
	asker talk $IMDS4 80 port:33333 "gate:$DIR/end" reset: >"$DIR/victim" 3>&- 4>&- &
	local victim=$!
	PIDS+=("$forging" "$victim")
	wait_for grep -qs here "$DIR/victim"
	echo go >"$DIR/send"
	wait "$forging"
	wait_for has_records request
	echo go >"$DIR/end"
	wait "$victim"
	end_watch
	each_told '.path, .sport, .owner.kind, .owner.uid' <<<"$M/forged 33333 unknown -"
}

@test "urgent data, which a server may leave out: unknown" {
	watch
	talk "send:GET $M/urgent HTTP/1.1\\r\\nX: " urgent:a "send:\\r\\n\\r\\n" read
	end_watch
	each_told '.version, .reason' <<<"unknown urgent"
}

# dropped NUMBER: so many segments have been lost by now, on both sides.
dropped() {
	[ "$(in_net "$1" nft -j list ruleset | jq '[.. | .counter? | objects | .packets] | add')" -ge "$2" ]
}
lose() {
	in_net "$1" nft add table ip loss
	in_net "$1" nft add chain ip loss in '{ type filter hook input priority 0; }'
	in_net "$1" nft add rule ip loss in "tcp $2 80 tcp flags & psh == psh counter drop"
}

@test "segments that were lost behind us, and sent again: one request, one answer" {
	[ -n "$(command -v nft)" ] || skip "no nft"
	lose "$C" sport
	lose "$S" dport
	VIEW=(--packets)
	watch
	talk "send:$(head_of GET $M/again "$TOKEN")" read 3>&- 4>&- &
	local asking=$!
	wait_for dropped "$S" 2
	in_net "$S" nft flush ruleset
	wait_for dropped "$C" 2
	in_net "$C" nft flush ruleset
	wait "$asking"
	end_watch
	[ "$(count 'tcp and to and .len > 100')" -ge 3 ] || fail "not sent again"
	[ "$(count 'tcp and from and .len > 100')" -ge 3 ] || fail "not answered again"
	each_told '.path, .version, .answer.status, .answer.state' <<-END
		$M/again v2 200 whole
	END
}
