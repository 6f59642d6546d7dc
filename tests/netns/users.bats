# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A flow's packets, requests and replies, carry the user who opened it.
load lib

# A connection ends twice, once from each side; the last of it may be late.
ENDS='tcp and (.tcp_flags | contains("FIN"))'

setup() {
	net_up
	serve
}
teardown() { net_down; }

# The client's port tells who really asked: 2xxxx www-data, 3xxxx backup.
talk() {
	local one other
	for _ in 1 2 3; do
		fetch www-data "http://$1/" --local-port 20001-29999 3>&- 4>&- &
		one=$!
		fetch backup "http://$1/" --local-port 30001-39999 3>&- 4>&- &
		other=$!
		wait $one
		wait $other
	done
}

two_users_seen() {
	all "tcp and cport < 30000" 'is(33) and .owner.user == "www-data" and .owner.gid == 33'
	all "tcp and cport >= 30000" 'is(34) and .owner.user == "backup"'
	all "tcp and to" '.owner.join == "flow" and .owner.source == "connect"'
	all "tcp and from" '.owner.join == "reply"'
	# three connections each: their SYN and what answered it, and an end in both directions
	expect 3 'tcp and is(33) and .tcp_flags == "SYN"'
	expect 3 'tcp and is(33) and .tcp_flags == "SYN,ACK"'
	expect 3 'tcp and is(34) and .tcp_flags == "SYN"'
	expect 3 'tcp and is(34) and .tcp_flags == "SYN,ACK"'
	expect 12 'tcp and (.tcp_flags | contains("FIN"))'
}

@test "two users over IPv4: each packet names its own, in both directions" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	talk $IMDS4
	wait_for has_records "$ENDS" 12
	end_watch
	two_users_seen
	all tcp '.ip_version == 4'
}

@test "two users over IPv6: each packet names its own, in both directions" {
	endpoint imds "\"$IMDS6\"" '"*"' 'port: 80'
	watch
	talk "[$IMDS6]"
	wait_for has_records "$ENDS" 12
	end_watch
	two_users_seen
	all tcp '.ip_version == 6'
}

@test "a named user: its packets in both directions, and nothing of the other's" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: 80'
	watch --decisions packet
	talk $IMDS4
	talk "[$IMDS6]"
	end_watch
	all pkt 'is(33) and cport < 30000'
	all dec 'is(33) and cport < 30000'
	some 'tcp and to and .ip_version == 4'
	some 'tcp and from and .ip_version == 4'
	some 'tcp and to and .ip_version == 6'
	some 'tcp and from and .ip_version == 6'
	of_summary '.rejected >= 60'
}

@test "a numeric uid without a name" {
	endpoint imds $IMDS4 '[4242]' 'port: 80'
	watch
	fetch 4242 http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	all pkt 'is(4242) and (.owner | has("user") | not)'
	some 'tcp and from'
}

@test "@group: its members, and whoever runs with it as primary group" {
	# a group file of the watcher's own
	sed '/^sf-readers:/d' /etc/group >"$DIR/group"
	echo 'sf-readers:x:61234:backup' >>"$DIR/group"
	WATCH_VIA=(unshare --mount sh -c 'mount --bind "$0" /etc/group && exec nsenter --net="$@"'
		"$DIR/group" "/run/netns/$C")
	endpoint imds $IMDS4 '["@sf-readers"]' 'port: 80'
	watch
	fetch backup http://$IMDS4/ --local-port 30001
	fetch www-data http://$IMDS4/ --local-port 20001
	in_net "$C" setpriv --reuid daemon --regid 61234 --clear-groups \
		"${CURL[@]}" http://$IMDS4/ --local-port 40001
	end_watch
	none 'pkt and cport < 30000'
	all 'pkt and cport < 40000' 'is(34)'
	all 'pkt and cport == 40001' 'is(1) and .owner.gid == 61234'
}

# send_from USER: a datagram from a port that the next may take.
send_from() {
	client "$1" "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
s.sendto(b"x", ("'$IMDS4'", 9))'
}

@test "a datagram that waits while another user takes its port: nobody's, rather than his" {
	endpoint imds $IMDS4 '"*"' 'port: udp/9'
	watch
	send_from www-data
	wait_for has_records 'udp and to'
	ip -n "$S" link set eth0 arp off
	ip -n "$C" neigh flush dev eth0
	send_from www-data
	send_from backup
	ip -n "$S" link set eth0 arp on
	wait_for has_records 'udp and to' 3
	end_watch
	expect 1 'udp and to and is(33)'
	expect 2 'udp and to and kind("unknown")'
	# the errors that come back quote one of both
	none 'pkt and from and is(34)'
}

@test "of one user the same datagrams are his" {
	endpoint imds $IMDS4 '"*"' 'port: udp/9'
	watch
	for _ in 1 2 3; do send_from backup; done
	wait_for has_records 'udp and to' 3
	end_watch
	expect 3 'udp and to and is(34)'
}
