# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a person sees of requests, and what adds up in the end.
load lib
load asker

ROLE=/latest/meta-data/iam/security-credentials

setup() {
	asker_up 80
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws'
}
teardown() { net_down; }

some_requests() {
	talk "send:$(head_of GET $ROLE/web-role)" read \
		"send:$(head_of PUT /latest/api/token "$TTL")" read \
		"send:$(head_of GET $ROLE/web-role "$TOKEN")" read \
		"send:$(head_of GET /latest/meta-data/status/404)" read \
		new: "send:GET /latest/user-data HTTP/1.1\\nX-Forwarded-For: y\\n\\n" read \
		new: "send:GET /latest/meta-data/half HTTP/1.1\\r\\n" reset:
}

@test "the text: a line a request, who, what, and did they get it; what is odd below it" {
	watch_text
	some_requests
	end_text
	cat "$OUT"
	line '^TIME *PROCESS *WHO *VER *ASKED *GOT$'
	line '^[0-9:]* *python3\[[0-9]*\] *www-data(33) *V1!  CREDENTIAL web-role  *200 ASIAEXAMPLEKEYID0001 [0-9]*d$'
	line ' v2   token  *200$'
	line ' v2   CREDENTIAL web-role  *200 ASIAEXAMPLEKEYID0001 [0-9]*d$'
	line ' V1!  metadata /latest/meta-data/status/404  *404$'
	line ' V1!  user-data /latest/user-data  *200$'
	line '^  *! bare_lf, asked for somebody else (X-Forwarded)$'
	line ' ?    metadata /latest/meta-data/half  *reset$'
	line '^  *! not certain: no_end, no_end$'
	# one below the other
	awk '/^[0-9:]+ /{ print index($0, "200") ? index($0, "200") : 97 }' "$OUT" | sort -u | diff - <(echo 97)
	# and what it comes to
	line '^6 requests, 3 by v1$'
	line '^ *1  python3  *aws  *v1  *credential$'
	line '^ *1  python3  *aws  *v2  *token$'
	line '^ *1  python3  *aws  *unknown  *metadata$'
	line '^6 requests = 6 reported + 0 filtered + 0 left; 1 not certain, 1 without an answer$'
	! grep -q "$(printf '\033')" "$OUT" || fail "colour in a file"
}

# on_terminal [VARIABLE=VALUE]: what is written to a terminal.
on_terminal() {
	local command
	printf -v command '%q ' "${WATCH_VIA[@]}" env TERM=xterm "$@" "$SOCK_FILTER" watch -c "$POLICY" -n 1 --duration 50
	: >"$OUT"
	script -qfec "$command" "$OUT" </dev/null >/dev/null 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for grep -q watching "$OUT"
	get $ROLE/web-role
	reap
}

@test "colour on a terminal, and none under NO_COLOR; V1! and CREDENTIAL stand out by themselves" {
	[ -n "$(command -v script)" ] || skip "no script"
	on_terminal
	grep -q $'\033\\[[0-9;]*mV1!\033\\[0*m  \033\\[[0-9;]*mCREDENTIAL' "$OUT" || { cat -v "$OUT"; fail "no colour"; }
	on_terminal NO_COLOR=
	grep -q $'\033' "$OUT" || fail "an empty NO_COLOR counts"
	on_terminal NO_COLOR=1
	grep -q 'V1!  CREDENTIAL web-role' "$OUT" || { cat -v "$OUT"; fail "not told"; }
	! grep -q $'\033' "$OUT" || fail "colour under NO_COLOR"
}

@test "-n counts requests: so many are told, the others are left" {
	watch -n 2
	talk "send:$(for i in {1..5}; do head_of GET /latest/meta-data/$i; done)" read:5
	reap
	[ "$STATUS" -eq 0 ]
	check_schema
	check_reckoning
	expect 2 request
	of_summary '.requests == 5 and .requests_reported == 2 and .requests_left == 3'
}

@test "without --packets there are requests alone; with it packets and decisions as well" {
	watch
	some_requests
	end_watch
	expect 6 request
	none 'pkt or dec'
	of_summary '.packets_reported == .matched and .matched > 20'
	VIEW=(--packets)
	watch
	some_requests
	end_watch
	expect 6 request
	some pkt
	some dec
	# with all of it, under both titles
	watch_text
	some_requests
	end_text
	line '^TIME *PROCESS *WHO *VER *ASKED'
	line '^TIME *PROCESS *WHO *WHAT *ENDPOINT'
	line ' packet  *to  *imds '
	line ' pass -1  *to  *imds '
	line ' CREDENTIAL web-role '
}

@test "the summary: requests by process, cloud, version and class, the most of them first" {
	cp /usr/bin/curl "$DIR/agent"
	watch
	some_requests
	for _ in 1 2; do
		client backup "$DIR/agent" "${CURL[@]:1}" http://$IMDS4/latest/meta-data/
	done
	end_watch
	jq -es 'last.requests[0] == {n: 2, comm: "agent", cloud: "aws", version: "v1", class: "metadata"}
		and (last.requests | length == 7 and any(.comm == "python3" and .version == "v2" and .class == "token"))
		and last.requests_others == 0' "$OUT" >/dev/null || { tail -n 1 "$OUT" | jq -c .requests; fail "not so"; }
}

@test "--quiet: requests and nothing else" {
	watch_text --quiet
	some_requests
	end_text
	[ "$(grep -c '^[0-9:]* *python3' "$OUT")" = 6 ] || fail "not each request"
	! grep -vE '^(TIME|[0-9:]+ |  +! )' "$OUT" || fail "more than requests"
	[ ! -s "$ERR" ]
}

@test "no answer is told as none, by what became of the connection" {
	watch
	talk "send:$(head_of GET /latest/silent)" shut: end: new: "send:$(head_of GET /latest/silent-too)" reset:
	end_watch
	each_told '.path, .version, .answer.state, .answer.status' <<-END
		/latest/silent v1 closed -
		/latest/silent-too v1 reset -
	END
	of_summary '.requests_unanswered == 2'
}
