# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What no user stands behind is named as what it is, and never lost from sight.
load lib

setup() { net_up; }
teardown() { net_down; }

# The service knocks at a closed port; the client's kernel refuses.
knock() { service "${CURL[@]}" --interface "$1" "$2" || [ $? -eq 7 ]; }

mac() { ip -n "$C" -j link show eth0 | jq -r '.[0].address'; }

frame_from_service() { in_net "$S" "$PYTHON" "$DIR/mock.py" frame eth0 "mac=$(mac)" "$@"; }

@test "kernel: the RST that the kernel itself sends, over IPv4" {
	endpoint imds $IMDS4 '"*"'
	watch
	knock $IMDS4 http://$CLIENT4:7/
	end_watch
	all 'tcp and to' 'kind("kernel") and (.tcp_flags | contains("RST"))'
	of_summary '.no_owner_kernel >= 1 and .hidden_kernel == 0'
}

# The kernel sends it without its socket, so that it may be anyone's.
@test "kernel, or at worst unknown: the RST that the kernel itself sends, over IPv6" {
	endpoint imds "\"$IMDS6\"" '"*"'
	watch
	knock $IMDS6 "http://[$CLIENT6]:7/"
	end_watch
	all 'tcp and to' '(kind("kernel") or kind("unknown")) and (.tcp_flags | contains("RST"))'
}

@test "an inbound connection attempt is never taken for a reply" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"'
	watch
	knock $IMDS4 http://$CLIENT4:7/
	knock $IMDS6 "http://[$CLIENT6]:7/"
	end_watch
	all 'tcp and from and .tcp_flags == "SYN"' 'kind("unknown")'
	expect 2 'tcp and from and .tcp_flags == "SYN"'
	none 'kind("unattributed_reply")'
	none 'pkt and kind("user")'
}

# server ADDRESS PORT: answers one connection
server() {
	spawn nsenter --net="/run/netns/$C" setpriv --reuid backup --regid backup --clear-groups \
		"$PYTHON" -c '
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
c, _ = s.accept()
c.recv(9)
c.send(b"fine")
c.recv(9)' "$1" "$2" >"$DIR/server.$2"
	wait_for grep -qs ready "$DIR/server.$2"
}

probe() {
	service "$PYTHON" -c '
import socket, sys
s = socket.create_connection((sys.argv[2], int(sys.argv[3])), 5, (sys.argv[1], 0))
s.send(b"well?")
s.recv(9)' "$@"
}

@test "a probe from the endpoint is an inbound connection, whatever its server bound and whenever" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"'
	server 0.0.0.0 7001
	server $CLIENT4 7002
	watch
	server 0.0.0.0 7003
	server $CLIENT4 7004
	server $CLIENT6 7005
	for port in 7001 7002 7003 7004; do probe $IMDS4 $CLIENT4 $port; done
	probe $IMDS6 $CLIENT6 7005
	end_watch
	all 'tcp and from and .tcp_flags != "SYN"' 'is(34) and .owner.join == "flow"'
	all 'tcp and to' 'is(34) and .owner.join == "flow"'
	for port in 7001 7002 7003 7004 7005; do
		some "tcp and from and .dport == $port and .tcp_flags == \"PSH,ACK\""
	done
	of_summary '.no_owner_unattributed_reply == 0'
}

@test "unattributed_reply: the endpoint answers what nobody asked" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"'
	watch
	frame_from_service src=$IMDS4 sport=80 dst=$CLIENT4 dport=40001 flags=SA
	frame_from_service src=$IMDS4 sport=53 dst=$CLIENT4 dport=40002 proto=udp
	frame_from_service src=$IMDS6 sport=80 dst=$CLIENT6 dport=40003 flags=SA
	wait_for has_records 'pkt and from' 3
	end_watch
	expect 3 'pkt and from and (.proto == "tcp" or .proto == "udp")'
	all 'pkt and from and (.proto == "tcp" or .proto == "udp")' 'kind("unattributed_reply")'
	of_summary '.no_owner_unattributed_reply == 3'
}

@test "under named users packets without owner are counted, not shown" {
	endpoint imds $IMDS4 '[www-data]'
	serve
	watch
	knock $IMDS4 http://$CLIENT4:7/
	frame_from_service src=$IMDS4 sport=80 dst=$CLIENT4 dport=40001 flags=SA
	fetch www-data http://$IMDS4/
	end_watch
	all pkt 'is(33)'
	of_summary '.hidden_kernel >= 1 and .hidden_kernel == .no_owner_kernel'
	of_summary '.hidden_unknown >= 1 and .hidden_unknown == .no_owner_unknown'
	of_summary '.hidden_unattributed_reply == 1 and .no_owner_unattributed_reply == 1'
}

@test "under \"*\" beside named users packets without owner are shown once, and counted as hidden" {
	endpoint named $IMDS4 '[www-data]'
	endpoint everyone $IMDS4 '"*"'
	watch
	knock $IMDS4 http://$CLIENT4:7/
	end_watch
	all tcp 'names == ["everyone"]'
	some 'tcp and kind("kernel")'
	of_summary '.hidden_kernel >= 1'
}

@test "the counters of hidden packets are in alive records too" {
	endpoint imds $IMDS4 '[www-data]'
	watch --heartbeat 1
	knock $IMDS4 http://$CLIENT4:7/
	wait_for has_records '.type == "alive" and .counters.hidden_kernel >= 1'
	end_watch
}
