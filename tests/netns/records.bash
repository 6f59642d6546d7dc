# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the watcher told: counting, expecting, and whether all of it adds up.
# shellcheck shell=bash

check_schema() {
	"$PYTHON" "$TOP/tests/check/schema.py" "$SCHEMA" <"${1:-$OUT}" ||
		fail "not according to the schema"
}

# produced = reported + lost, and the records are as many as the summary says.
check_reckoning() {
	jq -es '
		last as $last | $last.counters as $c
		| def n(t): map(select(.type == t)) | length;
		$last.type == "summary"
		and $c.seen == $c.matched + $c.rejected
		and $c.matched == $c.packets_reported + $c.packets_filtered + $c.packets_dropped + $c.packets_left
		and $c.events == $c.events_read
		and $c.hidden_unknown <= $c.no_owner_unknown
		and $c.hidden_kernel <= $c.no_owner_kernel
		and $c.hidden_forwarded <= $c.no_owner_forwarded
		and $c.hidden_unattributed_reply <= $c.no_owner_unattributed_reply
		and $c.requests == $c.requests_reported + $c.requests_filtered + $c.requests_left
		and ([$last.requests[].n] | add // 0) + $last.requests_others == $c.requests_reported
		and ($c.output_lost > 0 or
			(if $packets then n("packet") == $c.packets_reported
			 else n("packet") <= $c.no_owner_unattributed_reply end
			 and n("request") == $c.requests_reported
			 and n("decision") == $c.decisions_reported
			 and [.[].seq] == [range(length)]))
	' --argjson packets "$([[ ${VIEW[*]} == *--packets* ]] && echo true || echo false)" "$OUT" >/dev/null || fail "the numbers do not add up"
}

DEFS='
	def pkt: .type == "packet";
	def dec: .type == "decision";
	def tcp: pkt and .proto == "tcp";
	def udp: pkt and .proto == "udp";
	def to: .direction == "to";
	def from: .direction == "from";
	def cport: if to then .sport else .dport end;
	def is(uid): .owner.kind == "user" and .owner.uid == uid;
	def kind(k): .owner.kind == k;
	def names: .endpoints // [.endpoint];
	def at(name): names | index(name) != null;
'

# count FILTER: how many records it selects.
count() { jq -s "$DEFS"' map(select('"$1"')) | length' "$OUT"; }

# expect N FILTER, some FILTER, none FILTER
expect() {
	local n
	n=$(count "$2")
	[ "$n" = "$1" ] || fail "$n records, not $1: $2"
}
some() { [ "$(count "$1")" -gt 0 ] || fail "no record: $1"; }
none() { [ "$(count "$1")" -eq 0 ] || fail "$(count "$1") records that should not be: $1"; }

# all FILTER CONDITION: at least one is selected, and for all of them it holds.
all() {
	some "$1"
	none "($1) and (($2) | not)"
}

# of_summary EXPRESSION: true of the summary's counters.
of_summary() {
	jq -es 'last | .counters | '"$1" "$OUT" >/dev/null || fail "not true of the summary: $1"
}

# of_last EXPRESSION: the same where there are too many records to read.
of_last() {
	tail -n 1 "$OUT" | jq -e '.counters | '"$1" >/dev/null || fail "not true of the summary: $1"
}

has_records() { [ "$(count "$1" 2>/dev/null || echo 0)" -ge "${2:-1}" ]; }

# told TYPE: how many records of this type there are by now; cheap enough to poll.
told() { grep -c "\"type\":\"$1\"" "$OUT"; }
has_told() { [ "$(told "$1")" -ge "$2" ]; }

# is_attached HOOK true|false: the newest record that lists hooks says so of this one.
is_attached() {
	[ "$(jq -s --arg hook "$1" '
		map(select(.hooks)) | last.hooks[] | select(.name == $hook) | .attached
		' "$OUT" 2>/dev/null)" = "$2" ]
}

# Too many records to read each: one packet a line, none missing, and what the summary says.
check_many() {
	local packets
	packets=$(grep -c '"type":"packet"' "$OUT")
	tail -n 1 "$OUT" | jq -ec --argjson packets "$packets" '
		.type == "summary" and (.counters
		| .seen == .matched + .rejected
		and .matched == .packets_reported + .packets_filtered + .packets_dropped + .packets_left
		and .events == .events_read
		and .output_lost == 0 and .packets_reported == $packets)
	' >/dev/null || fail "the numbers do not add up"
	awk -F '"seq":' '$2 + 0 != NR - 1 { exit 1 }' "$OUT" || fail "a record is missing"
	{ head -n 200 "$OUT"; grep -v '"type":"packet"' "$OUT" | head -n 200; tail -n 200 "$OUT"; } >"$DIR/some"
	check_schema "$DIR/some"
}
