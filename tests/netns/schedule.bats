# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Endpoints that are active at certain times, by the local clock. The clock is
# not touched: TZ with a difference of seconds makes it any local time now.
load lib

NOWHERE=198.18.0.1

setup() {
	net_up
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
}
teardown() { net_down; }

# zone_of HH MM SS: a time zone in which it is that time at EPOCH.
zone_of() {
	local west=$((EPOCH % 86400 - (10#$1 * 3600 + 10#$2 * 60 + 10#$3))) sign=
	((west <= 43200)) || ((west -= 86400))
	((west >= -43200)) || ((west += 86400))
	((west >= 0)) || { sign=- west=$((-west)); }
	printf 'LOC%s%d:%02d:%02d' "$sign" $((west / 3600)) $((west / 60 % 60)) $((west % 60))
}

# at HH MM SS: what the watcher's clock is to show when it starts.
at_time() {
	EPOCH=$(date +%s)
	ZONE=$(zone_of "$@")
	[ "$(TZ=$ZONE date -d "@$EPOCH" +%T)" = "$1:$2:$3" ] || fail "no such zone: $ZONE"
	TODAY=$(LC_ALL=C TZ=$ZONE date -d "@$EPOCH" +%a)
	YESTERDAY=$(LC_ALL=C TZ=$ZONE date -d "@$((EPOCH - 86400))" +%a)
	WATCH_VIA=(nsenter "--net=/run/netns/$C" env "TZ=$ZONE")
}

send() { client www-data "$PYTHON" "$DIR/mock.py" burst $NOWHERE "$1" "$2"; }

@test "a window that is open now shows packets, one that is closed does not; local time counts" {
	for hour in 12 13 03; do
		at_time $hour 20 30
		rm -f "$POLICY"
		endpoint noon $NOWHERE '"*"' 'when: 12:00-13:00'
		endpoint later $NOWHERE '"*"' 'when: [13:00-14:00, 15:00-15:30]'
		endpoint today $NOWHERE '"*"' "when: $TODAY 00:00-24:00"
		endpoint yesterday $NOWHERE '"*"' "when: $YESTERDAY 00:00-24:00"
		endpoint night $NOWHERE '"*"' "when: $YESTERDAY 22:00-04:00"
		endpoint minute $NOWHERE '"*"' "when: [$hour:19-$hour:20, $hour:22-$hour:23]"
		watch
		send 9 3
		end_watch
		case $hour in
		12) expect 3 'udp and names == ["noon", "today"]' ;;
		13) expect 3 'udp and names == ["later", "today"]' ;;
		03) expect 3 'udp and names == ["today", "night"]' ;;
		esac
		expect 3 udp
	done
}

@test "only closed windows: nothing is shown" {
	at_time 12 20 30
	endpoint later $NOWHERE '"*"' 'when: 13:00-14:00'
	watch
	send 9 3
	end_watch
	none pkt
	of_summary '.matched == 0 and .rejected >= 3'
}

@test "one opens and the other closes at the full minute, within 2 s, and no packet slips through" {
	endpoint before $NOWHERE '"*"' 'when: 11:00-12:00'
	endpoint after $NOWHERE '"*"' 'when: 12:00-13:00'
	at_time 11 59 56
	watch --decisions none
	pace $NOWHERE 200
	wait_for has_records 'udp and names == ["after"]'
	paced
	end_watch
	each_once 'before|after'
	jq -es "$DEFS"'
		map(select(udp) | {at: (.ts | sub("\\.[0-9]+"; "") | fromdate), name: names[0]})
		| (map(select(.name == "before")) | map(.at)) as $b
		| (map(select(.name == "after")) | map(.at)) as $a
		| ($b | length) > 0 and ($b | max) <= ($a | min)
		and ($a | min) >= '$((EPOCH + 4))' and ($a | min) <= '$((EPOCH + 6))'
	' "$OUT" || fail "not at the full minute"
}

@test "a reload brings windows, and takes them away, at once" {
	at_time 12 20 30
	endpoint one $NOWHERE '"*"'
	cp "$POLICY" "$DIR/always.yml"
	watch
	send 9 1
	rm "$POLICY"
	endpoint closed $NOWHERE '"*"' 'when: 13:00-14:00'
	endpoint open $NOWHERE '"*"' 'when: 12:00-13:00'
	reload
	send 9 2
	cp "$DIR/always.yml" "$POLICY"
	reload
	send 9 3
	end_watch
	expect 4 'udp and names == ["one"]'
	expect 2 'udp and names == ["open"]'
	expect 6 udp
}
