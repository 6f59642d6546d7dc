# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# UDP and ICMP, both IP versions, with their users.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

@test "UDP over IPv4 and IPv6: the question and its answer" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: udp/53'
	watch
	for host in $IMDS4 $IMDS6; do
		client www-data "$PYTHON" "$DIR/mock.py" ask $host 53
		client backup "$PYTHON" "$DIR/mock.py" ask $host 53
	done
	end_watch
	all pkt 'is(33) and .proto == "udp"'
	for version in 4 6; do
		expect 1 "udp and to and .ip_version == $version"
		expect 1 "udp and from and .ip_version == $version and .owner.join == \"reply\""
	done
}

@test "a ping over IPv4: request and reply" {
	endpoint imds $IMDS4 '"*"'
	watch
	in_net "$C" "$PYTHON" "$DIR/mock.py" ping $IMDS4
	end_watch
	expect 1 'pkt and .icmp_type == 8 and to and is(0) and .proto == "icmp"'
	expect 1 'pkt and .icmp_type == 0 and from and is(0) and .owner.join == "reply"'
}

@test "a ping over IPv6: request and reply" {
	endpoint imds "\"$IMDS6\"" '"*"'
	watch
	in_net "$C" "$PYTHON" "$DIR/mock.py" ping $IMDS6
	end_watch
	expect 1 'pkt and .icmp_type == 128 and to and is(0) and .proto == "icmpv6"'
	expect 1 'pkt and .icmp_type == 129 and from and is(0) and .owner.join == "reply"'
}

@test "a ping does not belong to an endpoint with a port" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	in_net "$C" "$PYTHON" "$DIR/mock.py" ping $IMDS4
	fetch www-data http://$IMDS4/
	end_watch
	none '.proto == "icmp"'
	some tcp
}
