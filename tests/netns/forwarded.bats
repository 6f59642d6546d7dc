# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A container routed through the watched namespace: `forwarded` on the uplink,
# the real user on the container's side.
load lib

GUEST4=10.9.0.2

setup() {
	net_up
	serve
	G=$NS-g
	add_net "$G"
	ip -n "$C" link add guest0 type veth peer name eth0 netns "$G"
	ip -n "$C" addr add 10.9.0.1/24 dev guest0
	ip -n "$C" link set guest0 up
	ip -n "$G" addr add $GUEST4/24 dev eth0
	ip -n "$G" link set eth0 up
	ip -n "$G" route add default via 10.9.0.1
	ip -n "$S" route add 10.9.0.0/24 via $CLIENT4
	in_net "$C" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	wait_for link_is_up "$G"
}
teardown() { net_down; }

masquerade() {
	[ -n "$(command -v nft)" ] || skip "no nft"
	in_net "$C" nft -f - <<-'END'
	table ip nat {
		chain post {
			type nat hook postrouting priority srcnat;
			oifname "eth0" masquerade
		}
	}
	END
}

guest_fetch() {
	in_net "$G" setpriv --reuid "$1" --regid "$1" --clear-groups "${CURL[@]}" "$2"
}

uplink_is_forwarded() {
	all 'tcp and .iface == "eth0" and to' 'kind("forwarded")'
	all 'tcp and .iface == "eth0" and from' 'kind("forwarded")'
}

guest_side_is_user() {
	all 'tcp and .iface == "guest0" and to' 'is(33) and .owner.join == "socket"'
	all 'tcp and .iface == "guest0" and from' 'is(33) and .owner.join == "reply"'
}

@test "uplink alone, routed: requests and replies are forwarded" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	uplink_is_forwarded
	of_summary '.no_owner_forwarded == .matched'
}

@test "uplink alone, masqueraded: requests and replies are forwarded" {
	masquerade
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	uplink_is_forwarded
	all 'tcp and to' ".src == \"$CLIENT4\""
}

has_conntrack() {
	[ -d /proc/sys/net/netfilter ] && [ -e /proc/sys/net/netfilter/nf_conntrack_max ]
}

# Behind masquerading the addresses are others; what conntrack keeps of them ties both together.
uplink_is_user() {
	all 'tcp and .iface == "eth0" and to' "is(33) and .owner.join == \"flow\" and .src == \"$CLIENT4\""
	all 'tcp and .iface == "eth0" and from' 'is(33) and .owner.join == "reply"'
}

@test "both sides, masqueraded: the user on the uplink as well, by the same process" {
	masquerade
	has_conntrack || skip "no conntrack"
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [eth0, guest0]'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	uplink_is_user
	guest_side_is_user
	jq -es "$DEFS"'map(select(pkt)) | map(.owner | [.pid, .started, .cookie, .exe]) | unique | length == 1' "$OUT" ||
		fail "not one process"
}

# A second guest, H, behind guest1; from ADDRESS, and by GATEWAY.
second_up() {
	H=$NS-h
	add_net "$H"
	ip -n "$C" link add guest1 type veth peer name eth0 netns "$H"
	ip -n "$C" addr add "$2/24" dev guest1
	ip -n "$C" link set guest1 up
	ip -n "$H" addr add "$1/24" dev eth0
	ip -n "$H" link set eth0 up
	ip -n "$H" route add default via "$2"
	wait_for link_is_up "$H"
}

# Nothing is said by the first until something is written to $DIR/go; its port is in SPORT.
open_in_guest() {
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$G" setpriv --reuid 33 --regid 33 --clear-groups \
		"$PYTHON" "$DIR/mock.py" late $IMDS4 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	wait_for has_records 'tcp and to'
	SPORT=$(jq -s 'map(select(.type == "packet" and .direction == "to"))[0].sport' "$OUT")
}

@test "a container forges the open connection of its neighbour on the bridge: not his on the uplink" {
	masquerade
	has_conntrack || skip "no conntrack"
	bridge_up 0
	second_up 10.9.0.3 10.9.0.1
	ip -n "$C" addr flush dev guest1
	ip -n "$C" link set guest1 master br0
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: "*"'
	watch
	open_in_guest
	in_net "$H" "$PYTHON" "$DIR/mock.py" frame eth0 src=$GUEST4 sport="$SPORT" dst=$IMDS4 dport=80 \
		flags=FPA mac="$(ip -n "$C" -j link show br0 | jq -r '.[0].address')"
	in_net "$H" "$PYTHON" - $GUEST4 "$SPORT" $IMDS4 <<-'END'
	import socket, struct, sys
	src, port, dst = sys.argv[1:]
	s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
	ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 9, 0, 64, 6, 0, *map(socket.inet_aton, (src, dst)))
	s.sendto(ip + struct.pack("!HHIIBBHHH", int(port), 80, 1, 1, 0x50, 0x28, 1024, 0, 0), (dst, 0))
	END
	wait_for has_records 'tcp and .iface == "eth0" and .tcp_flags == "FIN,PSH,ACK"'
	wait_for has_records 'tcp and .iface == "eth0" and .tcp_flags == "PSH,URG"'
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	end_watch
	all 'tcp and .tcp_flags == "FIN,PSH,ACK" and .iface == "eth0"' 'kind("forwarded")'
	all 'tcp and .tcp_flags == "FIN,PSH,ACK" and .iface != "eth0"' 'kind("unknown")'
	all 'tcp and .tcp_flags == "PSH,URG"' 'is(0)'
	all 'tcp and .tcp_flags != "FIN,PSH,ACK" and .tcp_flags != "PSH,URG"' 'is(33)'
}

@test "two guests of the very same address and port, routed: the second is not taken for the first" {
	second_up $GUEST4 10.9.0.1
	in_net "$C" sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [eth0, guest0, guest1]'
	watch
	open_in_guest
	in_net "$H" setpriv --reuid 34 --regid 34 --clear-groups "$PYTHON" -c '
import socket, sys
s = socket.socket()
s.bind(("", int(sys.argv[1])))
s.setblocking(False)
s.connect_ex((sys.argv[2], 80))' "$SPORT" $IMDS4
	wait_for has_records 'tcp and to and .iface == "eth0" and .tcp_flags == "SYN"' 2
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	end_watch
	all 'tcp and to and .iface == "guest0"' 'is(33)'
	all 'tcp and to and .iface == "guest1"' 'is(34)'
	expect 1 'tcp and to and .iface == "eth0" and .tcp_flags == "SYN" and is(33)'
	some 'tcp and to and .iface == "eth0" and .tcp_flags == "PSH,ACK" and is(33)'
}

@test "two guests with the same port, masqueraded: each packet is its own user's" {
	masquerade
	has_conntrack || skip "no conntrack"
	second_up 10.8.0.2 10.8.0.1
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: "*"'
	watch
	local port one two
	for port in 22222 22223 22224; do
		in_net "$G" setpriv --reuid 33 --regid 33 --clear-groups "${CURL[@]}" --local-port $port \
			http://$IMDS4/ 3>&- 4>&- &
		one=$!
		in_net "$H" setpriv --reuid 34 --regid 34 --clear-groups "${CURL[@]}" --local-port $port \
			http://$IMDS4/ 3>&- 4>&- &
		two=$!
		wait $one $two
	done
	end_watch
	all 'tcp and .iface == "guest0"' 'is(33)'
	all 'tcp and .iface == "guest1"' 'is(34)'
	# on the uplink both have the host's address; one of them another port
	all 'tcp and .iface == "eth0"' 'is(33) or is(34)'
	jq -es "$DEFS"'
		map(select(tcp and .iface == "eth0")) | group_by(cport)
		| length == 6 and all(.[]; map(.owner | [.uid, .pid]) | unique | length == 1)' "$OUT" ||
		fail "a flow on the uplink has two owners"
	none 'kind("unattributed_reply") or kind("forwarded")'
}

@test "a container behind a bridge and masquerading, every interface: one process, nothing unattributed" {
	masquerade
	has_conntrack || skip "no conntrack"
	bridge_up 0
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: "*"'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	all tcp 'is(33)'
	for iface in guest0 br0 eth0; do
		some "tcp and to and .iface == \"$iface\""
		some "tcp and from and .iface == \"$iface\""
	done
	jq -es "$DEFS"'map(select(pkt)) | map(.owner | [.pid, .cookie]) | unique | length == 1' "$OUT"
	of_summary '.no_owner_unattributed_reply == 0 and .no_owner_forwarded == 0 and .no_owner_unknown == 0'
}

@test "both sides, routed: on the uplink the user or forwarded, never another" {
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [eth0, guest0]'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	guest_side_is_user
	all 'tcp and .iface == "eth0"' 'kind("forwarded") or is(33)'
}

# bridge_up CALL: the guest behind a bridge; CALL: does br_netfilter look at its packets?
bridge_up() {
	in_net "$C" ip link add br0 type bridge
	ip -n "$C" addr flush dev guest0
	ip -n "$C" link set guest0 master br0
	ip -n "$C" addr add 10.9.0.1/24 dev br0
	ip -n "$C" link set br0 up
	in_net "$C" sh -c 'f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo '"$1"' >$f'
	wait_for guest_fetch www-data http://$IMDS4:8080/
}

@test "a bridge in between: the user on the bridge, by its socket" {
	bridge_up 0
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [br0]'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	all 'tcp and to' 'is(33) and .owner.join == "socket"'
	all 'tcp and from' 'is(33) and .owner.join == "reply"'
}

# br_netfilter takes the socket off a packet between the port and the bridge; its hash is left.
@test "a bridge under br_netfilter: the user on its port, and on the bridge" {
	bridge_up 1
	[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || skip "no br_netfilter"
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [guest0, br0]'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	guest_side_is_user
	all 'tcp and .iface == "br0"' 'is(33)'
}

@test "under a named user the guest's packets on the uplink are counted as hidden" {
	endpoint imds $IMDS4 '[backup]' 'port: 80'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	none pkt
	of_summary '.hidden_forwarded > 4 and .hidden_forwarded == .no_owner_forwarded'
}
