# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# SIGHUP: the file is read again, and every packet is judged by the one policy or the other.
load lib

NOWHERE=198.18.0.1 # routed to the service, which has no use for it
RELOADS=${RELOADS:-100}

setup() {
	net_up
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
}
teardown() { net_down; }

# Writes a policy of one endpoint to FILE: one FILE NAME RANGE FILTER [KEY: VALUE...]
# Its records are many, and short.
one() {
	local POLICY=$1
	rm -f "$POLICY"
	endpoint "${@:2}"
	echo 'argv: none' >>"$POLICY"
}

# take FILE: reloads with what is in FILE.
take() {
	cp "$1" "$POLICY"
	reload
}

send() { client "$1" "$PYTHON" "$DIR/mock.py" burst "$2" "$3" "${4:-1}"; }

@test "another range, user and interface take effect, and those before no longer match" {
	ip -n "$C" link add eth1 type veth peer name eth1 netns "$S"
	ip -n "$S" -batch - <<-END
		addr add 10.0.3.2/24 dev eth1
		link set eth1 up
	END
	ip -n "$C" -batch - <<-END
		addr add 10.0.3.15/24 dev eth1
		link set eth1 up
	END
	endpoint one 198.18.0.0/24 '[www-data]'
	one "$DIR/b.yml" two '[198.18.1.0/24, 10.0.3.2]' '[backup]' 'iface: [eth1, eth0]'
	watch
	send www-data 198.18.0.1 9
	send backup 198.18.0.1 9
	send backup 198.18.1.1 9
	wait_for has_records udp
	take "$DIR/b.yml"
	send www-data 198.18.0.1 9
	send www-data 198.18.1.1 9
	send backup 198.18.0.1 9
	send backup 198.18.1.1 9
	send backup 10.0.3.2 9
	wait_for has_records 'pkt and .proto == "icmp"'
	end_watch
	expect 3 udp
	expect 1 'udp and at("one") and is(33) and .dst == "198.18.0.1"'
	expect 1 'udp and at("two") and is(34) and .dst == "198.18.1.1" and .iface == "eth0"'
	expect 1 'udp and at("two") and is(34) and .dst == "10.0.3.2" and .iface == "eth1"'
	all '.type == "reload"' '.ok and .endpoints == ["two"]'
	all '.type == "reload"' '[.hooks[] | select(.name | startswith("tap")) | .attached] == [true, true]'
	# nobody listens at that port
	expect 1 'pkt and .proto == "icmp" and from and is(34) and .quoted.dst == "10.0.3.2" and .quoted.dport == 9'
	of_summary '.matched == 4 and .reloads == 1 and .reloads_failed == 0'
}

@test "prefixes, ports and users of the policies before leak into none that follows" {
	endpoint one '[198.18.0.0/16, "fd00:1::/32"]' '"*"' 'port: udp/9'
	one "$DIR/narrow.yml" two 198.18.7.0/24 '[backup]' 'port: udp/10'
	cp "$POLICY" "$DIR/wide.yml"
	watch
	# each of both generations of the tables is used twice
	for _ in 1 2; do
		take "$DIR/narrow.yml"
		send www-data 198.18.1.1 9 10
		send www-data 198.18.7.1 10 10
		send backup 198.18.7.1 9 10
		send backup 198.18.8.1 10 10
		send backup 198.18.7.1 10 1
		take "$DIR/narrow.yml"
		send www-data 198.18.7.1 9 10
		send backup 198.18.7.1 10 1
		take "$DIR/wide.yml"
		send www-data 198.18.9.1 9 1
		take "$DIR/narrow.yml"
		send www-data 198.18.9.1 9 10
	done
	end_watch
	expect 4 'udp and at("two")'
	expect 2 'udp and at("one")'
	all 'udp and at("two")' 'is(34) and .dst == "198.18.7.1" and .dport == 10'
	of_summary '.matched == 6 and .reloads == 8'
}

@test "a bad file, and one that is gone, leave the policy: said where, told, counted" {
	endpoint one $NOWHERE '"*"'
	cp "$POLICY" "$DIR/good.yml"
	watch
	send www-data $NOWHERE 9
	printf 'endpoints:\n  - two:\n      range: 198.18.0.0/33\n      filter: "*"\n      iface: eth0\n' \
		>"$POLICY"
	hang_up
	grep -q "^$POLICY:3:14: error: " "$ERR" || fail "not file:line:column"
	send www-data $NOWHERE 9
	rm "$POLICY"
	hang_up
	grep -q "$POLICY: No such file" "$ERR" || fail "does not say that the file is gone"
	send www-data $NOWHERE 9
	take "$DIR/good.yml"
	send www-data $NOWHERE 9
	end_watch
	expect 4 'udp and at("one")'
	[ "$(jq -c 'select(.type == "reload") | [.ok, .endpoints]' "$OUT" | tr '\n' ' ')" = \
		'[false,["one"]] [false,["one"]] [true,["one"]] ' ] || fail "other reload records"
	of_summary '.reloads == 1 and .reloads_failed == 2'
}

# there_and_back: RELOADS of them, under the load of a sender.
there_and_back() {
	local i
	for ((i = 0; i < RELOADS; i += 2)); do
		take "$DIR/b.yml"
		take "$DIR/a.yml"
	done
}

@test "reload upon reload under load: each packet once, under one of the two names" {
	one "$DIR/a.yml" alpha '[198.18.0.0/16, "fd00:1::/32"]' '[www-data]'
	one "$DIR/b.yml" beta $NOWHERE '"*"' 'iface: [lo, eth0]' 'direction: to'
	cp "$DIR/a.yml" "$POLICY"
	watch --decisions none
	pace $NOWHERE
	there_and_back
	paced
	end_watch_many
	each_once 'alpha|beta'
	all udp 'is(33)'
	some 'udp and at("alpha")'
	some 'udp and at("beta")'
	of_summary ".reloads == $RELOADS"
}

# Each packet passes two kinds of sockets then, and one of them must want it.
@test "from named interfaces to every one and back under load, time and again: each packet once" {
	one "$DIR/a.yml" named 198.18.0.0/16 '[www-data]'
	one "$DIR/b.yml" every $NOWHERE '"*"' 'iface: "*"'
	cp "$DIR/a.yml" "$POLICY"
	watch --decisions none
	pace $NOWHERE
	there_and_back
	paced
	end_watch_many
	each_once 'named|every'
	grep -q '"endpoint":"named"' "$OUT"
	grep -q '"endpoint":"every"' "$OUT"
	of_last ".reloads == $RELOADS"
	grep -v '"type":"packet"' "$OUT" >"$DIR/few"
	OUT=$DIR/few
	all '.type == "reload" and .endpoints == ["every"]' 'any(.hooks[]; .name == "tap *" and .attached)'
	none '.type == "reload" and .endpoints == ["named"] and any(.hooks[]; .name == "tap *")'
}

@test "more new interfaces than spare sockets: each packet once, on all of them" {
	local names=eth0 i
	for i in {1..12}; do
		echo "link add many$i type veth peer name peer$i netns $S"
		echo "addr add 10.1.$i.1/24 dev many$i"
		echo "link set many$i up"
		echo "neigh add 10.1.$i.2 lladdr 02:00:00:00:00:01 dev many$i"
		names+=", many$i"
	done >"$DIR/batch"
	ip -n "$C" -batch "$DIR/batch"
	for i in {1..12}; do echo "link set peer$i up"; done | ip -n "$S" -batch -
	one "$DIR/a.yml" few '[198.18.0.0/16, 10.1.0.0/16]' '[www-data]'
	one "$DIR/b.yml" many '[198.18.0.0/16, 10.1.0.0/16]' '[www-data]' "iface: [$names]"
	cp "$DIR/a.yml" "$POLICY"
	watch --decisions none
	pace $NOWHERE
	send www-data 10.1.1.2 9 3
	take "$DIR/b.yml"
	all '.type == "reload"' '[.hooks[] | select(.attached) | .name | select(startswith("tap "))] | length == 13'
	for i in {1..12}; do send www-data 10.1."$i".2 9 3; done
	wait_for has_records 'udp and .dport == 9' 36
	take "$DIR/a.yml"
	send www-data 10.1.1.2 9 3
	paced
	end_watch
	expect 36 'udp and .dport == 9'
	for i in {1..12}; do expect 3 "udp and .dport == 9 and .iface == \"many$i\""; done
	SENT=$SENT jq -es "$DEFS"'map(select(udp and .dport >= 10000))
		| length == (env.SENT | tonumber) and (map(.dport) | unique | length) == length' "$OUT" ||
		fail "not each of $SENT once"
}

@test "10,000 ranges are taken and left again under load" {
	{
		printf 'endpoints:\n  - many:\n      iface: eth0\n      filter: [www-data]\n      range:\n'
		seq 0 9998 | awk '{printf "        - 11.%d.%d.0/24\n", $1 / 250, $1 % 250}'
		echo "        - $NOWHERE/32"
	} >"$DIR/many.yml"
	one "$DIR/one.yml" one $NOWHERE '"*"'
	cp "$DIR/one.yml" "$POLICY"
	watch --decisions none
	pace $NOWHERE
	take "$DIR/many.yml"
	wait_for has_records 'udp and at("many")'
	take "$DIR/one.yml"
	paced
	end_watch
	each_once 'one|many'
	some 'udp and at("many")'
	all '.type == "reload"' .ok
}

@test "flows keep their owner over a reload" {
	serve
	endpoint one $IMDS4 '"*"' 'port: 80'
	one "$DIR/b.yml" two $IMDS4 '[www-data]' 'port: 80'
	watch
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late $IMDS4 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	wait_for has_records 'tcp and at("one")' 3
	take "$DIR/b.yml"
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	wait_for has_records 'tcp and (.tcp_flags | contains("FIN"))' 2
	end_watch
	all tcp 'is(33)'
	expect 3 'tcp and at("one")'
	some 'tcp and at("two") and to'
	some 'tcp and at("two") and from'
}

@test "two reloads while packets wait for a slow reader: each keeps the name it matched" {
	endpoint first $NOWHERE '"*"'
	# an interface that is missing is said on stderr: so it shows that the file was taken
	one "$DIR/second.yml" second 198.18.0.2 '"*"' 'iface: [eth0, second0]'
	one "$DIR/third.yml" third 198.18.0.3 '"*"' 'iface: [eth0, third0]'
	mkfifo "$DIR/pipe"
	exec 5<>"$DIR/pipe"
	"${WATCH_VIA[@]}" "$SOCK_FILTER" watch --json --packets --decisions none -c "$POLICY" --duration 50 \
		--ready-fd 6 6>"$DIR/ready" >&5 2>"$ERR" 3>&- 4>&- 5>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -s "$DIR/ready"
	send www-data $NOWHERE 9 5000
	for name in second third; do
		cp "$DIR/$name.yml" "$POLICY"
		kill -HUP "$WATCHER"
		wait_for grep -q "no interface ${name}0" "$ERR"
	done
	exec 7<"$DIR/pipe" 5>&-
	cat <&7 >"$OUT" 3>&- 4>&- 7<&- &
	SPAWNED=$!
	PIDS+=("$SPAWNED")
	exec 7<&-
	kill -INT "$WATCHER"
	reap
	wait_for is_gone "$SPAWNED"
	check_reckoning
	expect 5000 udp
	all udp 'names == ["first"]'
}
