# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# alone: it fills tables and queues, and holds a rate
# Killed, stopped, its disk full, a namespace gone, its tables full: nothing
# stays behind, and what is lost is counted.
load lib

NOWHERE=198.18.0.1

setup() {
	net_up
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
	CGROUP=$(findmnt -t cgroup2 -no TARGET | head -n 1)
}
teardown() {
	! mountpoint -q "${DIR:-/nowhere}/disk" || umount -l "$DIR/disk"
	net_down
}

send() { client www-data timeout 30 "$PYTHON" "$DIR/mock.py" burst $NOWHERE 9 "$1"; }

# in_cgroups IDS: those of the programs among them that are attached to a cgroup.
in_cgroups() {
	bpftool cgroup tree "$CGROUP" | awk '{print $1}' | grep -x '[0-9]*' | sort >"$DIR/attached"
	sed -n 's/^prog_id://p' <<<"$1" | sort | comm -12 - "$DIR/attached"
}

# start_ten: ten watchers at once, their pids in TEN; all are attached on return.
start_ten() {
	local i
	TEN=
	for i in {0..9}; do
		"${WATCH_VIA[@]}" "$SOCK_FILTER" watch --json --packets -c "$POLICY" --duration 50 --ready-fd 6 \
			6>"$DIR/ready$i" >/dev/null 2>>"$ERR" 3>&- 4>&- &
		PIDS+=("$!")
		TEN+=" $!"
	done
	for i in {0..9}; do wait_for test -s "$DIR/ready$i"; done
	rm "$DIR"/ready*
}

@test "killed 100 times: no program, link or place in a cgroup is left" {
	local pid of_ten ids=
	endpoint imds $IMDS4 '"*"'
	for _ in {1..10}; do
		start_ten
		of_ten=$(for pid in $TEN; do bpf_ids "$pid"; done)
		# they are seen while they are there
		! no_bpf_of "$of_ten" || fail "bpftool lists none of them"
		[ -n "$(in_cgroups "$of_ten")" ] || fail "none of them is in a cgroup"
		# the next ten start while these end
		# shellcheck disable=SC2086
		kill -KILL $TEN
		ids+=$of_ten$'\n'
	done
	for pid in "${PIDS[@]}"; do
		wait "$pid" || [ $? -eq 137 ] || fail "one ended otherwise than killed"
	done
	ids=$(grep . <<<"$ids")
	[ "$(grep -c prog_id <<<"$ids")" -ge 400 ] && [ "$(grep -c link_id <<<"$ids")" -ge 300 ]
	wait_for no_bpf_of "$ids" || fail "left: $ids"
	[ -z "$(in_cgroups "$ids")" ] || fail "still in a cgroup: $(in_cgroups "$ids")"
	[ -z "$(tc -n "$C" qdisc show dev eth0 | grep clsact)" ]
}

@test "killed in tc mode: its filter stays, as documented, and does not disturb the next" {
	WATCH_VIA=(ip netns exec "$C")
	endpoint far $NOWHERE '[www-data]'
	watch
	kill -KILL "$WATCHER"
	reap
	watch
	send 3
	end_watch
	expect 3 'udp and is(33)'
	of_summary '.matched == 3'
}

# 10 s of 20,000 a second, which the queue of the socket and the ring cannot hold, and some
# before and after, so that it is under load whenever it stops or goes on.
@test "stopped under load: what does not fit is lost and counted, then it goes on" {
	local number=300000
	endpoint far $NOWHERE '"*"'
	watch --decisions none
	flood_to $NOWHERE 20000 $number
	wait_for has_told packet 1000
	kill -STOP "$WATCHER"
	TRIES=3000 wait_for has_left 200000
	! is_gone "$FLOODER" || fail "the load ended before the stop did"
	kill -CONT "$WATCHER"
	flooded $number
	wait_for has_told loss 1
	send 3
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ]
	check_many
	of_last ".matched == $number + 3 and .packets_dropped > 0 and .events_lost > 0"
	of_last ".packets_reported + .packets_dropped == $number + 3"
	of_last ".events + .events_lost == $number + 3"
	# the loss records tell all of it, and the last packets have their owner again
	grep '"type":"loss"' "$OUT" | jq -es --argjson all "$(tail -n 1 "$OUT" | jq .counters)" '
		(map(.counters.packets_dropped) | add) == $all.packets_dropped
		and (map(.counters.events_lost) | add) == $all.events_lost
		and (map(.counters.owners_lost) | add) == $all.owners_lost
	' || fail "the loss records do not tell all"
	grep '"type":"packet"' "$OUT" | tail -n 3 | jq -es "$DEFS"'all(.[]; is(33))'
}

@test "a disk that is full: said once, counted, whole lines only, and it goes on with new room" {
	mkdir "$DIR/disk"
	mount -t tmpfs -o size=512k none "$DIR/disk"
	dd if=/dev/zero of="$DIR/disk/filler" bs=4k count=64 status=none
	OUT=$DIR/disk/out
	endpoint far $NOWHERE '"*"'
	watch --decisions none
	send 2000
	wait_for grep -q 'cannot write the output: No space left' "$ERR"
	send 2000
	kill -USR1 "$WATCHER"
	rm "$DIR/disk/filler"
	send 3
	wait_for has_records '.type == "packet" and .seq > 4000'
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 1 ] || fail "records were lost, and the exit status is $STATUS"
	[ "$(grep -c 'cannot write the output' "$ERR")" -eq 1 ] || fail "not said once"
	[ "$(jq -c .seq "$OUT" | wc -l)" = "$(wc -l <"$OUT")" ] || fail "lines are not whole"
	check_schema
	check_reckoning
	of_summary '.output_lost > 0 and .matched == 4003'
	jq -es 'length + (last.counters.output_lost) == last.seq + 1' "$OUT" ||
		fail "records written and lost are not all"
	some '.type == "loss" and .counters.output_lost > 0'
}

@test "nowhere to write to from the start: said once, and exit 1" {
	endpoint far $NOWHERE '"*"'
	"${WATCH_VIA[@]}" "$SOCK_FILTER" watch --json --packets -c "$POLICY" --duration 20 --ready-fd 6 \
		6>"$DIR/ready" >/dev/full 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$DIR/ready"
	send 100
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 1 ] || fail "exit status $STATUS"
	[ "$(grep -c 'cannot write the output' "$ERR")" -eq 1 ] || fail "not said once"
}

has_link() { ip -n "$1" link show "$2" >/dev/null 2>&1; }
has_no_link() { ! has_link "$@"; }

# The namespace that the watcher is started in lives as long as it does: it
# is one of its processes. Others, whose sockets it knows, it must not hold.
@test "another namespace whose traffic is watched is gone when it is deleted" {
	local other=$NS-o
	add_net "$other"
	ip -n "$other" link add eth0 type veth peer name far0 netns "$S"
	ip -n "$S" link set far0 up
	ip -n "$other" -batch - <<-END
		addr add 10.7.0.1/24 dev eth0
		link set eth0 up
		neigh add 10.7.0.2 lladdr 02:00:00:00:00:01 dev eth0
	END
	endpoint far "[10.7.0.2, $NOWHERE]" '"*"'
	watch --heartbeat 1
	# its sockets are known to the hooks of the cgroup, which are everyone's
	in_net "$other" "$PYTHON" "$DIR/mock.py" burst 10.7.0.2 9 100
	send 3
	has_link "$S" far0
	ip netns del "$other"
	wait_for has_no_link "$S" far0 || fail "the namespace is held"
	# and its own: the other end goes, the interface with it, and that is told
	ip netns del "$S"
	wait_for is_attached 'tap eth0' false
	end_watch
	expect 3 udp
}

@test "the watcher's own namespace is gone once the watcher is" {
	endpoint far $NOWHERE '"*"'
	watch
	ip netns del "$C"
	send() { nsenter --net="/proc/$WATCHER/ns/net" "$PYTHON" "$DIR/mock.py" burst $NOWHERE 9 3; }
	send
	end_watch
	expect 3 udp
	wait_for has_no_link "$S" eth0 || fail "the namespace is held"
}

@test "a flood of flows is refused and counted; a flow from before keeps its owner" {
	serve
	endpoint imds $IMDS4 '"*"' 'port: 80'
	endpoint range 198.18.0.0/16 '[backup]'
	watch
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late $IMDS4 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	client daemon "$PYTHON" "$DIR/mock.py" flows 35000 198.18.0.1 198.18.0.2
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	wait_for has_records 'tcp and (.tcp_flags | contains("FIN"))' 2
	end_watch
	all tcp 'is(33)'
	some 'tcp and to and (.tcp_flags | contains("PSH"))'
	some 'tcp and from and (.tcp_flags | contains("PSH"))'
	none udp
	# 65536 fit, one of them the connection
	of_summary '.flows_refused >= 4465 and .hidden_unknown >= 4465 and .rejected >= 70000'
	some '.type == "loss" and .counters.flows_refused > 0'
}
