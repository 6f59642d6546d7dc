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

@test "both sides, masqueraded: forwarded on the uplink, the user behind it" {
	masquerade
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [eth0, guest0]'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	uplink_is_forwarded
	guest_side_is_user
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

# br_netfilter takes the socket off a packet between the port and the bridge.
@test "a bridge under br_netfilter: the user on its port; on the bridge the user or forwarded" {
	bridge_up 1
	[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || skip "no br_netfilter"
	endpoint imds $IMDS4 '"*"' 'port: 80' 'iface: [guest0, br0]'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	guest_side_is_user
	all 'tcp and .iface == "br0"' 'kind("forwarded") or is(33)'
}

@test "under a named user the guest's packets on the uplink are counted as hidden" {
	endpoint imds $IMDS4 '[backup]' 'port: 80'
	watch
	guest_fetch www-data http://$IMDS4/
	end_watch
	none pkt
	of_summary '.hidden_forwarded > 4 and .hidden_forwarded == .no_owner_forwarded'
}
