# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Requests, told by the watcher: who sends them (asker.py), and what is expected of the records.
# shellcheck shell=bash

# asker_up PORT...: the two namespaces, and a server of requests in the service's.
asker_up() {
	net_up
	VIEW=()
	cp "$BATS_TEST_DIRNAME"/{asker,segments}.py "$DIR/"
	serve_requests "$S" "$@"
}

# serve_requests NET PORT...
serve_requests() {
	spawn nsenter --net="/run/netns/$1" "$PYTHON" "$DIR/asker.py" serve "$DIR/ready.$1" "${@:2}"
	wait_for test -e "$DIR/ready.$1"
}

asker() { client www-data "$PYTHON" "$DIR/asker.py" "$@"; }
talk() { asker talk "$IMDS4" 80 "$@"; }

# get PATH [HEADER...]: a request as it should be, one segment, one answer.
get() { talk "send:$(head_of GET "$@")" read; }

# head_of METHOD PATH [HEADER...]
head_of() {
	printf '%s %s HTTP/1.1\\r\\nHost: x\\r\\n' "$1" "$2"
	shift 2
	[ $# = 0 ] || printf '%s\\r\\n' "$@"
	printf '\\r\\n'
}

TOKEN='X-aws-ec2-metadata-token: AQAEAB9q=='
TTL='X-aws-ec2-metadata-token-ttl-seconds: 21600'

DEFS+='
	def request: .type == "request";
	def asked(path): request and .path == path;
	def http: request and .protocol == "http";
'

# each_told FIELDS: what the lines of standard input say is told, in any order, and no other request:
# FIELDS is what jq makes a line of. "-" stands for what is absent.
each_told() {
	sort >"$DIR/expected"
	jq -r "$DEFS"'select(request) | ['"$1"'] | map(. // "-" | tostring) | join(" ")' "$OUT" |
		sort >"$DIR/told"
	diff -u "$DIR/expected" "$DIR/told" || fail "not what was asked"
}

# watch_text [OPTION...]: the same for people; ready when it returns.
watch_text() {
	rm -f "$DIR/ready"
	"${WATCH_VIA[@]}" "$SOCK_FILTER" watch -c "$POLICY" "${VIEW[@]}" --duration 50 --ready-fd 6 "$@" \
		>"$OUT" 2>"$ERR" 3>&- 4>&- 6>"$DIR/ready" &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$DIR/ready"
}

# Ends it; its sums must be right.
end_text() {
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	! grep -F '!=' "$OUT" || fail "the numbers do not add up"
}

# line PATTERN: some line of the text is like that, as a basic regular expression.
line() { grep -q -- "$1" "$OUT" || { cat "$OUT"; fail "no line: $1"; }; }
