# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who a process says it is does not matter: the opener's real uid, on the host.
load lib

setup() {
	net_up
	serve
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"' 'port: 80'
}
teardown() { net_down; }

@test "root of a user namespace is shown as the host's uid, never 0" {
	as www-data unshare -U -r true || skip "no user namespaces for ordinary users"
	watch
	client www-data unshare -U -r "${CURL[@]}" http://$IMDS4/
	client www-data unshare -U -r "${CURL[@]}" "http://[$IMDS6]/"
	end_watch
	all tcp 'is(33)'
	expect 1 'tcp and .ip_version == 4 and .tcp_flags == "SYN"'
	expect 1 'tcp and .ip_version == 6 and .tcp_flags == "SYN"'
}

@test "a named user is found although it is root inside its namespace" {
	as www-data unshare -U -r true || skip "no user namespaces for ordinary users"
	POLICY=$DIR/named.yml
	endpoint imds $IMDS4 '[www-data]' 'port: 80'
	endpoint other $IMDS4 '[root]' 'port: 80'
	watch
	client www-data unshare -U -r "${CURL[@]}" http://$IMDS4/
	end_watch
	all tcp 'is(33) and names == ["imds"]'
}

@test "a setuid program: the real uid of who opened the socket" {
	mkdir -m 750 "$DIR/setuid"
	chgrp www-data "$DIR/setuid"
	cp /usr/bin/curl "$DIR/setuid/curl"
	chown backup "$DIR/setuid/curl"
	chmod 4755 "$DIR/setuid/curl"
	findmnt -no OPTIONS -T "$DIR" | grep -q nosuid && skip "nosuid here"
	watch
	client www-data "$DIR/setuid/curl" "${CURL[@]:1}" http://$IMDS4/
	end_watch
	all tcp 'is(33)'
	some tcp
}

@test "a socket that is handed on keeps its opener" {
	watch
	# root opens and connects, then becomes nobody and sends
	in_net "$C" "$PYTHON" - $IMDS4 <<-'END'
	import os, socket, sys
	s = socket.create_connection((sys.argv[1], 80), 5)
	os.setgid(65534)
	os.setuid(65534)
	s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	while s.recv(4096):
	    pass
	END
	end_watch
	all tcp 'is(0)'
}

# The kernel opens it, and then gives it to the socket that the program has.
@test "a further path of MPTCP is its user's, once it is open" {
	in_net "$C" ip mptcp limits set subflow 2 || skip "no MPTCP"
	in_net "$S" ip mptcp limits set subflow 2 add_addr_accepted 2
	ip -n "$C" addr add 10.0.2.16/24 dev eth0
	in_net "$C" ip mptcp endpoint add 10.0.2.16 dev eth0 subflow
	endpoint mptcp $IMDS4 '"*"' 'port: 7777'
	watch
	spawn nsenter --net="/run/netns/$S" "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
s.bind((sys.argv[1], 7777))
s.listen()
print("ready", flush=True)
c, _ = s.accept()
while c.recv(9999):
    c.send(bytes(5000))' $IMDS4 >"$DIR/server"
	wait_for grep -qs ready "$DIR/server"
	mkfifo -m 666 "$DIR/go"
	client www-data "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
s.connect((sys.argv[1], 7777))
s.send(b"x")  # before it is answered, there is but one path
s.recv(9999)
open(sys.argv[2]).read()
s.send(bytes(3000))
s.recv(9999)' $IMDS4 "$DIR/go" 3>&- 4>&- &
	local asker=$!
	PIDS+=("$asker")
	wait_for has_records 'tcp and from and .dst == "10.0.2.16" and .tcp_flags == "SYN,ACK"'
	echo go >"$DIR/go"
	wait_for is_gone "$asker"
	end_watch
	all 'tcp and to and .src == "10.0.2.16"' 'is(33) or kind("kernel")'
	all 'tcp and to and .src == "10.0.2.16" and .tcp_flags == "FIN,ACK"' 'is(33)'
}
