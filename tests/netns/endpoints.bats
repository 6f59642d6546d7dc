# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Several endpoints: each stands alone.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

@test "a second endpoint does not overwrite the first" {
	endpoint first $IMDS4 '[www-data]'
	endpoint second $SERVICE4 '[backup]'
	watch
	fetch www-data http://$IMDS4/
	fetch backup http://$SERVICE4/
	fetch backup http://$IMDS4/
	fetch www-data http://$SERVICE4/
	end_watch
	all 'tcp and at("first")' "is(33) and (.src == \"$IMDS4\" or .dst == \"$IMDS4\")"
	all 'tcp and at("second")' "is(34) and (.src == \"$SERVICE4\" or .dst == \"$SERVICE4\")"
	none 'pkt and (at("first") or at("second") | not)'
}

@test "one \"*\" does not open the others" {
	endpoint named $IMDS4 '[www-data]'
	endpoint everyone $SERVICE4 '"*"'
	watch
	fetch backup http://$IMDS4/
	fetch backup http://$SERVICE4/
	end_watch
	none "pkt and (.src == \"$IMDS4\" or .dst == \"$IMDS4\")"
	all tcp 'at("everyone") and is(34)'
}

@test "ranges /24 and /64" {
	endpoint four 169.254.169.0/24 '"*"'
	endpoint six '"fd00:ec2::/64"' '"*"'
	watch
	fetch www-data http://$IMDS4/
	fetch www-data "http://[$IMDS6]/"
	fetch www-data http://$SERVICE4/
	end_watch
	some 'tcp and at("four") and to'
	some 'tcp and at("four") and from'
	some 'tcp and at("six")'
	none "pkt and (.src == \"$SERVICE4\" or .dst == \"$SERVICE4\")"
	all 'tcp and at("four")' '.ip_version == 4'
	all 'tcp and at("six")' '.ip_version == 6'
}

@test "range /0 is everything of its family, and only that" {
	endpoint four 0.0.0.0/0 '"*"'
	watch
	fetch www-data http://$IMDS4/
	fetch backup http://$SERVICE4/
	fetch backup "http://[$IMDS6]/"
	end_watch
	some 'tcp and is(33)'
	some 'tcp and is(34)'
	none '.ip_version == 6'
	# both sides are in range: to
	all tcp to
}

@test "range ::/0" {
	endpoint six '"::/0"' '"*"'
	watch
	fetch www-data http://$IMDS4/
	fetch backup "http://[$IMDS6]/"
	end_watch
	all 'tcp and .dport == 80' 'is(34) and to'
	# what comes back is in range with both its sides too; its sender is another
	all 'tcp and .sport == 80' 'to and (is(34) | not)'
	none '.ip_version == 4'
}

@test "overlapping ranges with different users" {
	endpoint wide 169.254.0.0/16 '[www-data]'
	endpoint narrow $IMDS4/32 '[backup]'
	endpoint both 169.254.169.0/24 '[www-data, backup]'
	watch
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	fetch daemon http://$IMDS4/
	end_watch
	all 'tcp and is(33)' 'names == ["wide", "both"]'
	all 'tcp and is(34)' 'names == ["narrow", "both"]'
	none 'pkt and is(1)'
}

@test "different interfaces" {
	ip -n "$C" link add eth1 type veth peer name eth1 netns "$S"
	ip -n "$C" addr add 10.0.3.15/24 dev eth1
	ip -n "$S" addr add 10.0.3.2/24 dev eth1
	ip -n "$C" link set eth1 up
	ip -n "$S" link set eth1 up
	endpoint zero 10.0.0.0/16 '"*"' 'iface: eth0'
	endpoint one 10.0.0.0/16 '[backup]' 'iface: eth1'
	endpoint any 10.0.3.0/24 '[daemon]' 'iface: "*"'
	watch
	fetch www-data http://$SERVICE4/
	fetch www-data http://10.0.3.2/
	fetch backup http://10.0.3.2/
	fetch daemon http://10.0.3.2/
	end_watch
	all 'tcp and is(33)' 'names == ["zero"] and .iface == "eth0"'
	all 'tcp and is(34)' 'names == ["one"] and .iface == "eth1"'
	all 'tcp and is(1)' 'names == ["any"] and .iface == "eth1"'
}

@test "the same user in several" {
	endpoint a $IMDS4 '[www-data]' 'port: 80'
	endpoint b $SERVICE4 '[www-data]' 'port: 80'
	endpoint c $IMDS4 '[www-data, backup]' 'port: 8080'
	watch
	fetch www-data http://$IMDS4/
	fetch www-data http://$SERVICE4/
	fetch www-data http://$IMDS4:8080/
	end_watch
	all pkt 'is(33)'
	expect 3 'tcp and .tcp_flags == "SYN"'
	for name in a b c; do
		expect 1 "tcp and .tcp_flags == \"SYN\" and names == [\"$name\"]"
		expect 1 "tcp and .tcp_flags == \"SYN,ACK\" and names == [\"$name\"]"
	done
}
