# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What every network test stands on: two private namespaces joined by a veth
# pair named eth0 on both sides, a mock metadata service in one, clients and
# the watcher in the other. Whatever is waited for is polled, within bounds.
# shellcheck shell=bash

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
SOCK_FILTER=$(realpath "${SOCK_FILTER:-$TOP/build/sock-filter}")
PYTHON=/usr/bin/python3
SCHEMA=${SCHEMA:-$TOP/docs/record.schema.json}
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-60}
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

IMDS4=169.254.169.254
IMDS6=fd00:ec2::254
CLIENT4=10.0.2.15
CLIENT6=fd00:ec2::15
SERVICE4=10.0.2.2
SERVICE6=fd00:ec2::2

# wait_for CONDITION...: until the command is true; 10 s at most, or TRIES times 20 ms.
wait_for() {
	local tries=${TRIES:-500}
	until "$@"; do
		if ((tries-- == 0)); then
			echo "waited in vain for: $*"
			return 1
		fi
		sleep 0.02
	done
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

# Starts a command in the background and notes its pid in SPAWNED; teardown ends it.
spawn() {
	"$@" 3>&- 4>&- &
	SPAWNED=$!
	PIDS+=("$SPAWNED")
}

end_process() {
	local pid=$1
	kill -TERM "$pid" 2>/dev/null || true
	for _ in {1..100}; do
		is_gone "$pid" && break
		sleep 0.02
	done
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

in_net() { nsenter --net="/run/netns/$1" "${@:2}"; }

gid_of() { id -g "$1" 2>/dev/null || echo "$1"; }

# as USER COMMAND...: USER is a name or any number.
as() { setpriv --reuid "$1" --regid "$(gid_of "$1")" --clear-groups "${@:2}"; }

# client USER COMMAND..., service COMMAND...: in the namespace of that side.
client() {
	in_net "$C" setpriv --reuid "$1" --regid "$(gid_of "$1")" --clear-groups "${@:2}"
}
service() { in_net "$S" "${@}"; }

CURL=(curl -sS -g --noproxy '*' -m 5 -o /dev/null)

# fetch USER URL [CURL OPTION...]
fetch() { client "$1" "${CURL[@]}" "${@:2}"; }

add_net() {
	ip netns add "$1"
	NETS+=("$1")
	ip -n "$1" link set lo up
}

mock() { "$PYTHON" "$DIR/mock.py" "$@"; }

# A name and a folder of this test's own, and nothing else.
bare_up() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	NS=sf-$$-$BATS_TEST_NUMBER
	C=$NS-c
	S=$NS-s
	PIDS=()
	NETS=()
	MADE_CGROUPS=()
	DIR=$(mktemp -d /tmp/sf-test.XXXXXX)
	chmod 755 "$DIR"
	cp "$BATS_TEST_DIRNAME/mock.py" "$DIR/"
	POLICY=$DIR/policy.yml
	OUT=$DIR/out.jsonl
	ERR=$DIR/err
	WATCHER=
	VIEW=(--packets) # or (): requests alone
	WATCH_VIA=(nsenter "--net=/run/netns/$C")
}

net_up() {
	bare_up
	add_net "$C"
	add_net "$S"
	ip -n "$C" link add eth0 type veth peer name eth0 netns "$S"
	ip -n "$C" -batch - <<-END
		addr add $CLIENT4/24 dev eth0
		addr add $CLIENT6/64 dev eth0 nodad
		link set eth0 up
		route add $IMDS4/32 dev eth0
	END
	ip -n "$S" -batch - <<-END
		addr add $SERVICE4/24 dev eth0
		addr add $SERVICE6/64 dev eth0 nodad
		addr add $IMDS4/32 dev eth0
		addr add $IMDS6/64 dev eth0 nodad
		link set eth0 up
	END
	wait_for link_is_up "$C"
	wait_for link_is_up "$S"
}

link_is_up() { ip -n "$1" link show eth0 up | grep -q LOWER_UP; }

# The mock service: HTTP on 80 and 8080, UDP echo on 53 and 5353, a UDP sink on 9.
serve() {
	local net=${1:-$S}
	spawn nsenter --net="/run/netns/$net" "$PYTHON" "$DIR/mock.py" serve "$DIR/ready.$net"
	wait_for test -e "$DIR/ready.$net"
}

net_down() {
	local i
	[ -n "${DIR:-}" ] || return 0
	for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
		end_process "${PIDS[i]}"
	done
	for net in "${NETS[@]}"; do
		ip netns del "$net" 2>/dev/null || true
	done
	rm -rf "$DIR"
	# a test that fails shows what it had, through fail()
}

# cgroup_up PATH...: makes cgroups, and notes those that were not there; cgroups_down removes them.
cgroup_up() {
	local path at part parts
	CGROUP2=$(findmnt -nt cgroup2 -o TARGET | head -n 1)
	for path; do
		at=$CGROUP2
		IFS=/ read -ra parts <<<"${path#/}"
		for part in "${parts[@]}"; do
			at+=/$part
			mkdir "$at" 2>/dev/null && MADE_CGROUPS+=("$at")
		done
	done
	return 0
}
cgroups_down() {
	local i
	for ((i = ${#MADE_CGROUPS[@]} - 1; i >= 0; i--)); do
		wait_for rmdir "${MADE_CGROUPS[i]}"
	done
}

# in_cgroup PATH COMMAND...: the command, functions of this file too, with all it starts, in there.
in_cgroup() (
	echo "$BASHPID" >"$CGROUP2$1/cgroup.procs"
	"${@:2}"
)

# What the policy says comes on standard input.
policy() { cat >"$POLICY"; }

# One endpoint: endpoint NAME RANGE FILTER [KEY: VALUE...]
endpoint() {
	local name=$1 range=$2 filter=$3
	[ -s "$POLICY" ] || echo "endpoints:" >"$POLICY"
	printf '  - %s:\n      range: %s\n      filter: %s\n' "$name" "$range" "$filter" >>"$POLICY"
	shift 3
	[[ "$*" == *iface:* ]] || echo "      iface: eth0" >>"$POLICY"
	printf '      %s\n' "$@" | grep -v '^ *$' >>"$POLICY" || true
}

has_started() { grep -qs '"type":"start"' "$OUT" || is_gone "$WATCHER"; }

# watch [OPTION...]: the watcher on $POLICY, in the client's namespace; ready when it returns.
watch() {
	watch_with -c "$POLICY" "$@"
}

watch_with() {
	: >"$OUT" # an earlier run's start is not this one's
	"${WATCH_VIA[@]}" "$SOCK_FILTER" watch --json "${VIEW[@]}" --duration "${WATCH_SECONDS:-50}" "$@" \
		>"$OUT" 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for has_started
	grep -q '"type":"start"' "$OUT" || fail "the watcher did not start"
}

# Waits for the watcher's end; its exit status is in STATUS.
reap() {
	wait_for is_gone "$WATCHER" || fail "the watcher does not end"
	STATUS=0
	wait "$WATCHER" || STATUS=$?
}

# Ends the watcher; what it wrote must be whole, valid, and add up.
end_watch() {
	kill -"${1:-INT}" "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	check_schema
	check_reckoning
}

# The same where there are too many records to look at each.
end_watch_many() {
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	check_many
}

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

# hang_up: SIGHUP, until the reload is told, whatever became of it.
hang_up() {
	local n
	n=$(told reload) || true
	kill -HUP "$WATCHER"
	wait_for has_told reload $((n + 1))
}

# reload: as hang_up; it must succeed.
reload() {
	hang_up
	grep '"type":"reload"' "$OUT" | tail -n 1 | grep -q '"ok":true' || fail "the reload failed"
}

# is_attached HOOK true|false: the newest record that lists hooks says so of this one.
is_attached() {
	[ "$(jq -s --arg hook "$1" '
		map(select(.hooks)) | last.hooks[] | select(.name == $hook) | .attached
		' "$OUT" 2>/dev/null)" = "$2" ]
}

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

fail() {
	echo "FAILED: $*"
	echo "--- policy"
	head -30 "$POLICY" 2>/dev/null
	echo "--- stderr"
	tail -20 "$ERR" 2>/dev/null
	echo "--- records"
	tail -n 25 "$OUT" | jq -rc 'del(.host, .boot_id, .schema, .ts)' 2>/dev/null
	return 1
}

# The ids of the BPF programs and links that a process holds.
bpf_ids() {
	awk '/^(prog_id|link_id):/ {print $1 $2}' /proc/"$1"/fdinfo/* 2>/dev/null | sort -u
}

bpf_there() {
	bpftool prog list | sed -n 's/^\([0-9]*\):.*/prog_id:\1/p'
	bpftool link list | sed -n 's/^\([0-9]*\):.*/link_id:\1/p'
}

# no_bpf_of IDS: none of them is there any more. Numbers are not given twice.
no_bpf_of() { ! bpf_there | grep -qxF "$1"; }
