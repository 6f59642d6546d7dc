# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Endpoints that are read from raw IP sockets: what comes in, and who is answered.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

@test "replies over TCP, UDP and ICMP, IPv4 and IPv6, with the user; nothing that goes out" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data, root]' 'socket: inet'
	watch
	fetch www-data http://$IMDS4/
	fetch www-data "http://[$IMDS6]/"
	fetch backup http://$IMDS4/
	for host in $IMDS4 $IMDS6; do
		client www-data "$PYTHON" "$DIR/mock.py" ask $host 53
		in_net "$C" "$PYTHON" "$DIR/mock.py" ping $host
	done
	end_watch
	none 'pkt and to'
	for version in 4 6; do
		some "tcp and .ip_version == $version and .tcp_flags == \"SYN,ACK\" and is(33) and .sport == 80"
		expect 1 "udp and .ip_version == $version and is(33) and .sport == 53"
		expect 1 "pkt and .ip_version == $version and (.icmp_type == 0 or .icmp_type == 129) and is(0)"
	done
	all pkt '.iface == "eth0" and .owner.join == "reply" and .hop_limit == 64'
	none 'is(34)'
	all '.type == "start"' 'any(.hooks[]; .name == "tap inet" and .attached)'
	none '.type == "start" and any(.hooks[]; .name == "tap eth0")'
	of_summary '.matched == .matched_inet and .events_lost == 0 and .owners_lost == 0'
}

@test "both kinds side by side: each packet once for each, with the same record" {
	endpoint frames $IMDS4 '"*"' 'port: 80'
	endpoint raw $IMDS4 '"*"' 'port: 80' 'socket: inet'
	endpoint sent $IMDS4 '"*"' 'port: 80' 'direction: to' 'socket: inet'
	watch
	fetch www-data http://$IMDS4/
	end_watch
	some 'tcp and to and names == ["frames"]'
	none 'pkt and at("sent")'
	# the same packets, told by both
	jq -es "$DEFS"'
		def seen(name): map(select(pkt and from and names == [name])
			| [.src, .sport, .dst, .dport, .tcp_flags, .owner, .hop_limit, .iface]);
		(seen("frames") | length > 3) and seen("frames") == seen("raw")' "$OUT" ||
		fail "not the same"
}

@test "an interface that is not named is not looked at; nor is another port" {
	ip -n "$C" link add eth1 type veth peer name eth1 netns "$S"
	ip -n "$C" addr add 10.0.3.15/24 dev eth1
	ip -n "$C" link set eth1 up
	ip -n "$S" addr add 10.0.3.2/24 dev eth1
	ip -n "$S" link set eth1 up
	endpoint raw '[10.0.2.2, 10.0.3.2]' '"*"' 'port: 80' 'socket: inet' 'iface: eth1'
	watch
	fetch www-data http://10.0.2.2/
	fetch www-data http://10.0.3.2/
	fetch www-data http://10.0.3.2:8080/
	end_watch
	all pkt '.iface == "eth1" and .sport == 80 and is(33)'
}

@test "IPv6 extension headers and fragments are gone by then: ports and user are read" {
	endpoint raw "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: [udp/53, udp/5399]' 'socket: inet'
	watch
	client www-data "$PYTHON" -c '
import socket, sys
for host in sys.argv[1:]:
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    if ":" not in host:
        s.setsockopt(socket.IPPROTO_IP, 10, 0)
    s.settimeout(5)
    s.sendto(b"x" * 4000, (host, 53))
    assert len(s.recv(65536)) == 4000' $IMDS4 $IMDS6
	# behind a destination option, and nobody asked for it
	in_net "$S" "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
s.bind((sys.argv[1], 5399))
s.sendto(b"x", (sys.argv[2], 40123))' $IMDS6 $CLIENT6
	end_watch
	expect 1 'udp and .ip_version == 4 and .len == 4028 and is(33) and (has("marks") | not)'
	expect 1 'udp and .ip_version == 6 and .len == 4008 and is(33) and (has("marks") | not)'
	of_summary '.hidden_unattributed_reply == 1'
}

@test "ICMP errors that quote a watched packet" {
	endpoint raw "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: 4444' 'socket: inet'
	watch
	for host in $IMDS4 $IMDS6; do
		client www-data "$PYTHON" "$DIR/mock.py" ask $host 4444 2>/dev/null || true
	done
	end_watch
	expect 1 'pkt and from and .icmp_type == 3 and is(33) and .quoted.dport == 4444'
	expect 1 'pkt and from and .icmp_type == 1 and is(33) and .quoted.dport == 4444'
}

@test "a burst: every packet is reported or counted; what the kernel itself drops is neither" {
	serve "$C"
	endpoint raw "[$SERVICE4, \"$SERVICE6\"]" '"*"' 'port: 9' 'direction: from' 'socket: inet'
	endpoint raw2 "[$CLIENT4, \"$CLIENT6\"]" '"*"' 'port: 9' 'direction: to' 'socket: inet'
	watch --decisions none
	kill -STOP "$WATCHER"
	in_net "$S" "$PYTHON" "$DIR/mock.py" burst $CLIENT4 9 60000
	in_net "$S" "$PYTHON" "$DIR/mock.py" burst $CLIENT6 9 60000
	# a checksum that is wrong: the kernel drops it in front of the filter
	local mac
	mac=$(ip -n "$C" -j link show eth0 | jq -r '.[0].address')
	for _ in {1..5}; do
		in_net "$S" "$PYTHON" "$DIR/mock.py" frame eth0 src=$SERVICE6 sport=1 dst=$CLIENT6 dport=9 \
			proto=udp mac="$mac"
	done
	kill -CONT "$WATCHER"
	wait_for has_told loss 1
	kill -INT "$WATCHER"
	reap
	[ "$STATUS" -eq 0 ]
	check_reckoning
	of_summary '.matched_inet == .matched and .packets_dropped + .packets_unseen > 0'
	# 120,000 were sent, and five that nothing could be said of
	of_summary '.matched + .packets_unseen == 120005 and .packets_unseen >= 5'
}

@test "a reload from one kind to the other and back, under load: each reply once" {
	printf 'endpoints:\n  - frames:\n      range: %s\n      filter: www-data\n      iface: eth0\n      direction: from\n' \
		$IMDS4 >"$DIR/a.yml"
	printf 'endpoints:\n  - raw:\n      range: %s\n      filter: www-data\n      iface: eth0\n      direction: from\n      socket: inet\n' \
		$IMDS4 >"$DIR/b.yml"
	cp "$DIR/a.yml" "$POLICY"
	watch --decisions none
	client www-data "$PYTHON" "$DIR/mock.py" echoes $IMDS4 53 1000 "$DIR/stop" >"$DIR/sent" 3>&- 4>&- &
	PACER=$!
	PIDS+=("$PACER")
	for _ in {1..10}; do
		cp "$DIR/b.yml" "$POLICY"
		reload
		cp "$DIR/a.yml" "$POLICY"
		reload
	done
	paced
	end_watch
	some 'udp and at("frames")'
	some 'udp and at("raw")'
	all udp 'is(33)'
	of_summary ".matched == $SENT and .packets_reported == $SENT"
}

@test "no capability is needed for it later: a policy that asks for it only after a reload" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	: >"$POLICY"
	endpoint raw "[$IMDS4, \"$IMDS6\"]" '"*"' 'port: 80' 'socket: inet'
	reload
	fetch www-data http://$IMDS4/
	fetch www-data "http://[$IMDS6]/"
	end_watch
	some 'tcp and from and .ip_version == 4 and is(33)'
	some 'tcp and from and .ip_version == 6 and is(33)'
	none 'pkt and to'
}
