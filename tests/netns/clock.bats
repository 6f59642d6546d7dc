# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# alone: it sets the clock, and that is everybody's
# The clock on the wall is set a day on and back, whenever it hurts. Only where the clock is
# ours to set, which tests/kernels says of its guests.
load lib

NOWHERE=198.18.0.1

setup() {
	[ -n "${CLOCK_IS_OURS:-}" ] || skip "the clock is not ours to set here"
	BEGAN=$(date +%s) BEGAN_UP=$(uptime_s)
	net_up
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
}
teardown() {
	net_down
	[ -z "${BEGAN:-}" ] || set_clock $((BEGAN + $(uptime_s) - BEGAN_UP))
}

uptime_s() { cut -d . -f 1 /proc/uptime; }
set_clock() { date -u -s "@$1" >/dev/null; }
# step SECONDS: all at once, as no time server would
step() { set_clock $(($(date +%s) + $1)); }
# hear N TYPE: until so many more of them were told
hear() { wait_for has_told "$2" $(($(told "$2") + $1)); }
let_leave() { wait_for has_left $(($(ip -n "$C" -j -s link show eth0 | jq '.[0].stats64.tx.packets') + $1)); }

@test "a day on and back, under traffic: no owner is lost, and the order is right" {
	local day=86400 span
	endpoint far $NOWHERE '"*"'
	echo 'argv: none' >>"$POLICY"
	watch --duration 170 --heartbeat 1
	pace $NOWHERE 100
	hear 20 packet
	for span in $day -$day -$day $day 3 -3 -1 1; do
		step "$span"
		hear 20 packet
	done
	# on and back before anyone looks
	for _ in {1..5}; do
		step $day
		step -$day
		hear 20 packet
	done
	# all of that while packets wait to be read
	kill -STOP "$WATCHER"
	let_leave 20
	step $day
	let_leave 20
	step -$day
	let_leave 20
	step -$day
	let_leave 20
	kill -CONT "$WATCHER"
	hear 20 packet
	# timers run on: what they tell comes, and what they end has not ended
	hear 2 alive
	paced
	end_watch
	each_once far
	all udp 'is(33)'
	of_summary '.owners_lost == 0'
	jq -es "$DEFS"'
		map(select(udp)) | map(.dport) == (map(.dport) | sort)
		and (map(.ts[:10]) | unique | length) >= 3
	' "$OUT" || fail "not in the order in which they were sent"
	jq -es 'map(select(.type == "alive").uptime_s) | . == sort and .[-1] < 170' "$OUT" ||
		fail "the uptime follows the clock"
}

@test "windows open and close by the new clock within seconds" {
	local midnight noon
	midnight=$(($(date +%s) / 86400 * 86400))
	noon=$((midnight + 12 * 3600))
	WATCH_VIA=(nsenter "--net=/run/netns/$C" env TZ=UTC)
	endpoint before $NOWHERE '"*"' 'when: 11:00-12:00'
	endpoint after $NOWHERE '"*"' 'when: 12:00-13:00'
	echo 'argv: none' >>"$POLICY"
	set_clock $((noon - 1800))
	watch --duration 170
	pace $NOWHERE 25
	wait_for has_records 'udp and names == ["before"]'
	set_clock $((noon + 1800))
	wait_for has_records 'udp and names == ["after"]'
	set_clock $((noon - 900))
	wait_for has_records "udp and names == [\"before\"] and (.ts[11:16] | . >= \"11:45\" and . < \"12:00\")"
	paced
	end_watch
	each_once 'before|after'
	# the old window may tell of two seconds more
	jq -es "$DEFS"'
		map(select(udp)) | all(.[]; .ts[11:19] as $at |
			if names == ["before"] then $at < "12:30:03"
			else $at >= "12:30:00" or ($at >= "11:45:00" and $at < "11:45:03") end)
	' "$OUT" || fail "not by the new clock"
	# a decision is told in the time that its packet is told in, but for the moments of a step
	jq -es "$DEFS"'
		def at: .ts | sub("\\.[0-9]+"; "") | fromdate;
		map(select(.type == "packet" or .type == "decision")) | group_by(.dport)
		| map(select(length == 2 and ((.[0] | at) - (.[1] | at) | fabs) > 1)) | length < 10
	' "$OUT" || fail "decisions and packets tell different times"
}
