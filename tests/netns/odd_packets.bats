# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# VLANs, IPv6 extension headers, and packets that cannot be read to their end.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

frame() { in_net "$C" "$PYTHON" "$DIR/mock.py" frame eth0 "$@"; }

vlan_up() {
	for net in "$C" "$S"; do
		ip -n "$net" link add link eth0 name eth0.10 type vlan id 10 || skip "no VLANs"
	done
	ip -n "$C" addr add 10.10.0.15/24 dev eth0.10
	ip -n "$S" addr add 10.10.0.2/24 dev eth0.10
	ip -n "$C" addr add fd10::15/64 dev eth0.10 nodad
	ip -n "$S" addr add fd10::2/64 dev eth0.10 nodad
	ip -n "$C" link set eth0.10 up
	ip -n "$S" link set eth0.10 up
}

vlan_seen() {
	for iface in eth0 eth0.10; do
		for version in 4 6; do
			for flags in SYN SYN,ACK; do
				expect 1 "tcp and .iface == \"$iface\" and .ip_version == $version and .tcp_flags == \"$flags\""
			done
		done
		all "tcp and .iface == \"$iface\"" 'is(33)'
	done
}

@test "a VLAN: seen on the parent and on the VLAN interface, ports and user too" {
	vlan_up
	endpoint tagged '[10.10.0.2, "fd10::2"]' '[www-data]' 'port: 80' 'iface: [eth0, eth0.10]'
	watch
	fetch www-data http://10.10.0.2/
	fetch www-data "http://[fd10::2]/"
	fetch backup http://10.10.0.2/
	end_watch
	vlan_seen
}

@test "a VLAN whose tags stand in the packet (no offload)" {
	[ -n "$(command -v ethtool)" ] || skip "no ethtool"
	in_net "$C" ethtool -K eth0 txvlan off rxvlan off || skip "cannot switch it off"
	in_net "$S" ethtool -K eth0 txvlan off rxvlan off || skip "cannot switch it off"
	vlan_up
	endpoint tagged '[10.10.0.2, "fd10::2"]' '[www-data]' 'port: 80' 'iface: [eth0, eth0.10]'
	watch
	fetch www-data http://10.10.0.2/
	fetch www-data "http://[fd10::2]/"
	end_watch
	vlan_seen
}

@test "tagged frames: going out, coming in, and tagged twice" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"' 'port: 80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=80 flags=P vlan=10
	frame src=$CLIENT6 sport=40002 dst=$IMDS6 dport=80 flags=P vlan=10
	frame src=$CLIENT4 sport=40003 dst=$IMDS4 dport=80 flags=P vlan=10,20
	in_net "$S" "$PYTHON" "$DIR/mock.py" frame eth0 src=$IMDS4 sport=80 dst=$CLIENT4 dport=40004 flags=SA vlan=10
	in_net "$S" "$PYTHON" "$DIR/mock.py" frame eth0 src=$IMDS6 sport=80 dst=$CLIENT6 dport=40005 flags=SA vlan=10,20
	wait_for sees 5
	end_watch
	for port in 40001 40002 40003; do
		expect 1 "tcp and to and .sport == $port and .tcp_flags == \"PSH\" and (has(\"marks\") | not)"
	done
	for port in 40004 40005; do
		expect 1 "tcp and from and .dport == $port and .tcp_flags == \"SYN,ACK\" and (has(\"marks\") | not)"
	done
}

@test "IPv6 extension headers: ports and user are read behind them" {
	endpoint imds "\"$IMDS6\"" '[root]' 'port: udp/53'
	watch
	in_net "$C" "$PYTHON" "$DIR/mock.py" extension $IMDS6 53 hop
	in_net "$C" "$PYTHON" "$DIR/mock.py" extension $IMDS6 53 dst
	end_watch
	expect 2 'udp and to and is(0) and .dport == 53 and (has("marks") | not)'
	expect 2 'udp and from and is(0) and .sport == 53'
	# the header itself counts: 14 + 40 + 8 + 8 + 4
	expect 2 'udp and to and .len == 74'
}

@test "a packet that ends before its headers say so is delivered and marked" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"' 'port: 80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=80 cut=2
	frame src=$CLIENT4 sport=40002 dst=$IMDS4 dport=80 claim=500
	frame src=$CLIENT6 sport=40003 dst=$IMDS6 dport=80 cut=3
	frame src=$CLIENT4 sport=40004 dst=$IMDS4 dport=80 cut=8
	wait_for sees 4
	end_watch
	expect 4 'tcp and to and (.marks // [] | index("truncated"))'
	all tcp 'kind("unknown")'
	of_summary '.malformed == 4'
}

sees() {
	kill -USR1 "$WATCHER"
	has_records ".type == \"counters\" and .counters.matched >= $1"
}

@test "a header that contradicts itself is delivered and marked" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=80 ihl=2
	wait_for sees 1
	end_watch
	expect 1 'pkt and (.marks // [] | index("malformed"))'
	of_summary '.malformed == 1'
}

@test "under a named user an unreadable packet is counted, not lost" {
	endpoint imds $IMDS4 '[www-data]' 'port: 80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=80 cut=2
	end_watch
	none pkt
	of_summary '.malformed == 1 and .hidden_unknown == 1'
}

# echo BYTES PORT HOST...: a datagram of that size to each, and back
echo_large() {
	client www-data "$PYTHON" -c '
import socket, sys
size, port, *hosts = sys.argv[1:]
for host in hosts:
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    if ":" not in host:
        s.setsockopt(socket.IPPROTO_IP, 10, 0)
    s.settimeout(5)
    s.sendto(b"x" * int(size), (host, int(port)))
    assert len(s.recv(65536)) == int(size)' "$@"
}

@test "fragmented datagrams: every part, there and back, with the user and by the first one's ports" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: udp/53'
	endpoint other "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: udp/5353'
	watch
	echo_large 4000 53 $IMDS4 $IMDS6
	end_watch
	for version in 4 6; do
		for direction in to from; do
			expect 3 "pkt and .ip_version == $version and $direction and .marks == [\"fragment\"]"
			expect 1 "udp and .ip_version == $version and $direction and .sport"
		done
	done
	all pkt 'is(33) and names == ["imds"]'
	of_summary '.matched == 12 and .fragments == 8 and .fragments_alone == 0 and .hidden_unknown == 0'
}

@test "later fragments whose first was not seen: any port's, nobody's, counted" {
	endpoint dns $IMDS4 '"*"' 'port: udp/53'
	endpoint named $IMDS4 '[www-data]' 'port: udp/80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=53 proto=udp frag=0003
	end_watch
	expect 1 'pkt and kind("unknown") and names == ["dns"] and (has("sport") | not)'
	of_summary '.matched == 1 and .fragments == 1 and .fragments_alone == 1 and .hidden_unknown == 1'
}

expire() {
	client "$1" "$PYTHON" -c '
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
six = ":" in host
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP, 16 if six else 2, 1)
s.connect((host, port))
s.send(b"late")
s.settimeout(5)
try:
    s.recv(1)
except OSError as error:
    print(error)' "$2" "$3"
}

@test "ICMP errors about a watched packet: with its user, whoever sends them" {
	endpoint far '[198.18.0.1, "fd00:18::1"]' '[www-data]' 'port: udp/7'
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data, backup]' 'port: 4444'
	service sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
	ip -n "$C" route add fd00:18::/32 via $SERVICE6
	ip -n "$S" route add 198.18.0.0/15 via $CLIENT4
	ip -n "$S" route add fd00:18::/32 via $CLIENT6
	watch
	# a router on the way gives up; the service has no such port
	expire www-data 198.18.0.1 7
	expire www-data 198.18.0.1 8
	expire www-data fd00:18::1 7
	expire backup $IMDS4 4444
	expire www-data $IMDS6 4444
	wait_for has_records 'pkt and from' 4
	end_watch
	expect 1 "pkt and from and is(33) and names == [\"far\"] and .icmp_type == 11 and .src == \"$SERVICE4\" and .quoted.dst == \"198.18.0.1\" and .quoted.dport == 7"
	expect 1 'pkt and from and is(33) and names == ["far"] and .icmp_type == 3 and .quoted.dst == "fd00:18::1"'
	expect 1 'pkt and from and is(34) and names == ["imds"] and .icmp_type == 3 and .icmp_code == 3'
	expect 1 'pkt and from and is(33) and names == ["imds"] and .icmp_type == 1 and .icmp_code == 4'
	all 'pkt and from' '.owner.join == "reply" and .quoted.proto == "udp"'
	of_summary '.matched == 8 and .no_owner_unattributed_reply == 0'
}

@test "an ICMP error about what nobody sent is an unattributed reply" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	in_net "$S" "$PYTHON" "$DIR/mock.py" unreachable $SERVICE4 $CLIENT4 $CLIENT4 40001 $IMDS4 80
	in_net "$S" "$PYTHON" "$DIR/mock.py" unreachable $SERVICE4 $CLIENT4 $CLIENT4 40001 $IMDS4 81
	wait_for has_records pkt
	end_watch
	expect 1 'pkt and kind("unattributed_reply") and .quoted.dport == 80'
	of_summary '.matched == 1'
}
