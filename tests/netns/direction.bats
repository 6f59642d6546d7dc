# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# direction and port: which side of the packet is asked.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

@test "direction: to" {
	endpoint imds $IMDS4 '"*"' 'direction: to'
	watch
	fetch www-data http://$IMDS4/
	end_watch
	all tcp "to and .dst == \"$IMDS4\" and is(33)"
}

@test "direction: from, and its packets still have their user" {
	endpoint imds $IMDS4 '[www-data]' 'direction: from'
	watch
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	all tcp "from and .src == \"$IMDS4\" and is(33) and .owner.join == \"reply\""
}

@test "direction: both, and the default" {
	endpoint said $IMDS4 '"*"' 'direction: both'
	endpoint default $IMDS4 '"*"'
	watch
	fetch www-data http://$IMDS4/
	end_watch
	all tcp 'names == ["said", "default"]'
	some 'tcp and to'
	some 'tcp and from'
}

@test "on the loopback each packet counts once, as to, with its user" {
	serve "$C"
	endpoint local '[127.0.0.0/8, "::1/128"]' '"*"' 'iface: lo'
	watch
	fetch www-data http://127.0.0.1:8080/
	fetch backup "http://[::1]:8080/"
	wait_for has_records 'tcp and (.tcp_flags | contains("FIN"))' 4
	end_watch
	all tcp to
	for version in 4 6; do
		expect 1 "tcp and .ip_version == $version and .tcp_flags == \"SYN\""
		expect 1 "tcp and .ip_version == $version and .tcp_flags == \"SYN,ACK\""
		expect 2 "tcp and .ip_version == $version and (.tcp_flags | contains(\"FIN\"))"
	done
	# who sent it: the client's packets are its own
	all 'tcp and .ip_version == 4 and .dport == 8080' 'is(33)'
	all 'tcp and .ip_version == 6 and .dport == 8080' 'is(34)'
	all 'tcp and .sport == 8080 and (.ip_version == 4 or .tcp_flags != "SYN,ACK")' 'is(0)'
	# through Linux 6.1 an IPv6 listener's first answer passes no hook with its socket
	all 'tcp and .sport == 8080' 'is(0) or kind("unknown")'
}

@test "on the loopback one side in range: both directions are told apart" {
	serve "$C"
	ip -n "$C" addr add 127.7.7.7/8 dev lo
	endpoint local 127.7.7.7 '[www-data]' 'iface: lo' 'port: 8080'
	watch
	fetch www-data http://127.7.7.7:8080/
	end_watch
	all tcp 'is(33)'
	expect 1 'tcp and to and .tcp_flags == "SYN"'
	expect 1 'tcp and from and .tcp_flags == "SYN,ACK"'
}

@test "port: 80 is the port on the side of the endpoint's address" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4:8080/
	# the client's own port 80 does not count
	fetch daemon http://$IMDS4:8080/ --local-port 1024-1100
	in_net "$C" "${CURL[@]}" http://$IMDS4:8080/ --local-port 80
	end_watch
	all tcp 'is(33)'
	all 'tcp and to' '.dport == 80'
	all 'tcp and from' '.sport == 80'
}

@test "port: tcp/53 is not UDP, udp/53 not TCP" {
	endpoint t $IMDS4 '"*"' 'port: tcp/8080'
	endpoint u $IMDS4 '"*"' 'port: [udp/53]'
	watch
	fetch www-data http://$IMDS4:8080/
	client www-data "$PYTHON" "$DIR/mock.py" ask $IMDS4 53
	client www-data "$PYTHON" "$DIR/mock.py" ask $IMDS4 5353
	fetch www-data http://$IMDS4/
	end_watch
	all 'tcp' 'names == ["t"]'
	all 'udp' 'names == ["u"] and (.sport == 53 or .dport == 53)'
	expect 2 udp
}

@test "a number without protocol is TCP and UDP" {
	endpoint p $IMDS4 '"*"' 'port: [53, 8080]'
	watch
	client www-data "$PYTHON" "$DIR/mock.py" ask $IMDS4 53
	fetch www-data http://$IMDS4:8080/
	end_watch
	expect 2 udp
	some tcp
}
