# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The policy, and the watcher that it is given to: start, reload, end; what it holds in the kernel.
# shellcheck shell=bash

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
