# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whatever kind of link it is, requests and replies are seen, with user and ports; and however
# big a packet is on its way through the host.
load lib

INNER4=10.9.0.2
INNER6=fd09::2

setup() {
	net_up
	serve
}
teardown() { net_down; }

# link_up NAME [4]: the addresses inside, at both ends; 4: it carries nothing else.
link_up() {
	ip -n "$C" addr add 10.9.0.15/24 dev "$1"
	ip -n "$S" addr add $INNER4/24 dev "$1"
	for net in "$C" "$S"; do
		ip -n "$net" link set "$1" up mtu 1280
	done
	HAS_V6=
	[ -z "${2:-}" ] || return 0
	HAS_V6=yes
	ip -n "$C" addr add fd09::15/64 dev "$1" nodad
	ip -n "$S" addr add $INNER6/64 dev "$1" nodad
}

# add_link NAME TYPE OPTION...: LOCAL and REMOTE stand for the ends of the way there.
add_link() {
	local options="${*:3}"
	ip -n "$C" link add "$1" type "$2" $(sed "s/LOCAL4/$CLIENT4/; s/REMOTE4/$SERVICE4/; s/LOCAL6/$CLIENT6/; s/REMOTE6/$SERVICE6/" <<<"$options") ||
		skip "no $2 here"
	ip -n "$S" link add "$1" type "$2" $(sed "s/LOCAL4/$SERVICE4/; s/REMOTE4/$CLIENT4/; s/LOCAL6/$SERVICE6/; s/REMOTE6/$CLIENT6/" <<<"$options")
}

# talk VERSION HOST: what others say is there too, and is not shown.
talk() {
	fetch www-data "http://$1/"
	fetch backup "http://$1/"
	client www-data "$PYTHON" "$DIR/mock.py" ask "${1//[][]/}" 53
}

# seen_on NAME VERSION: one request and one reply of each protocol, with the user, nothing odd. A
# slow machine sends its FIN again.
seen_on() {
	local counts
	counts=$(jq -cs "$DEFS"'
		map(select(pkt and .iface == "'"$1"'" and .ip_version == '"$2"'))
		| def n(f): map(select(f)) | length;
		  def ends: .tcp_flags // "" | contains("FIN");
		[n(to and .dport == 80 and .tcp_flags == "SYN"),
		 n(from and .sport == 80 and .tcp_flags == "SYN,ACK"), ([n(to and ends), 1] | min), ([n(from and ends), 1] | min),
		 n(udp and to and .dport == 53), n(udp and from and .sport == 53),
		 n(is(33) | not), n(has("marks"))]' "$OUT")
	[ "$counts" = "[1,1,1,1,1,1,0,0]" ] || fail "on $1, IPv$2: $counts"
}

# all_of_it NAME [OUTER]: inside, on the link and nowhere else; OUTER is what carries it on eth0.
all_of_it() {
	local ranges=$INNER4 ends=2
	[ -z "$HAS_V6" ] || ranges+=", \"$INNER6\"" ends=4
	endpoint inner "[$ranges]" '[www-data]' 'iface: "*"' 'port: [tcp/80, udp/53]'
	[ -z "${2:-}" ] || endpoint outer "[$SERVICE4, \"$SERVICE6\"]" '"*"' 'iface: eth0'
	watch
	talk $INNER4
	[ -z "$HAS_V6" ] || talk "[$INNER6]"
	wait_for has_records 'tcp and (.tcp_flags | contains("FIN"))' $ends
	end_watch
	seen_on "$1" 4
	[ -z "$HAS_V6" ] || seen_on "$1" 6
	none "pkt and at(\"inner\") and .iface != \"$1\""
	of_summary '.packets_dropped == 0 and .owners_lost == 0 and .malformed == 0'
	[ -n "${2:-}" ] || return 0
	some "to and at(\"outer\") and $2"
	some "from and at(\"outer\") and $2"
	# the packets of whoever is inside are no packets of his to the outer address
	none "pkt and at(\"outer\") and $2 and (.owner.user == \"backup\" or has(\"marks\"))"
}

@test "tun: no link header" {
	modprobe tun 2>/dev/null || true
	[ -e /dev/net/tun ] || skip "no tun here"
	spawn "$PYTHON" "$DIR/mock.py" cable tun0 "$C" "$S" "$DIR/cable"
	wait_for test -e "$DIR/cable"
	link_up tun0
	all_of_it tun0
}

@test "tun: owners by tc" {
	modprobe tun 2>/dev/null || true
	[ -e /dev/net/tun ] || skip "no tun here"
	spawn "$PYTHON" "$DIR/mock.py" cable tun0 "$C" "$S" "$DIR/cable"
	wait_for test -e "$DIR/cable"
	link_up tun0
	WATCH_VIA=(ip netns exec "$C")
	all_of_it tun0
}

@test "ipip: the outer address carries ipip, the inner one is seen on the device only" {
	add_link t0 ipip local LOCAL4 remote REMOTE4
	link_up t0 4
	all_of_it t0 '.proto == "ipip"'
}

@test "sit" {
	add_link t0 sit local LOCAL4 remote REMOTE4 mode any
	link_up t0
	all_of_it t0 '(.proto == "ipv6" or .proto == "ipip")'
}

@test "gre: the outer address carries gre, the inner one is seen on the device only" {
	add_link t0 gre local LOCAL4 remote REMOTE4
	link_up t0
	all_of_it t0 '.proto == "gre"'
}

@test "gre with key and checksum" {
	add_link t0 gre local LOCAL4 remote REMOTE4 key 7 csum
	link_up t0
	all_of_it t0 '.proto == "gre"'
}

@test "gretap: Ethernet in it" {
	add_link t0 gretap local LOCAL4 remote REMOTE4
	link_up t0
	all_of_it t0 '.proto == "gre"'
}

@test "gre over IPv6" {
	add_link t0 ip6gre local LOCAL6 remote REMOTE6
	link_up t0
	all_of_it t0 '.proto == "gre"'
}

@test "ipip over IPv6" {
	add_link t0 ip6tnl local LOCAL6 remote REMOTE6 mode any
	link_up t0
	all_of_it t0 '(.proto == "ipip" or .proto == "ipv6")'
}

@test "wireguard: the outer address carries udp of the kernel" {
	[ -n "$(command -v wg)" ] || skip "no wg here"
	add_link t0 wireguard
	wg genkey >"$DIR/key.c"
	wg genkey >"$DIR/key.s"
	in_net "$C" wg set t0 listen-port 51820 private-key "$DIR/key.c" \
		peer "$(wg pubkey <"$DIR/key.s")" endpoint $SERVICE4:51820 allowed-ips 0.0.0.0/0,::/0
	in_net "$S" wg set t0 listen-port 51820 private-key "$DIR/key.s" \
		peer "$(wg pubkey <"$DIR/key.c")" endpoint $CLIENT4:51820 allowed-ips 0.0.0.0/0,::/0
	link_up t0
	all_of_it t0 '(.proto == "udp" and .dport == 51820)'
	none 'at("outer") and .owner.kind == "user"'
}

@test "QinQ: seen on the uplink, on the outer and on the inner VLAN" {
	for net in "$C" "$S"; do
		ip -n "$net" link add link eth0 name t1 type vlan proto 802.1ad id 100 || skip "no VLANs"
		ip -n "$net" link add link t1 name t0 type vlan id 10
		ip -n "$net" link set t1 up
	done
	link_up t0
	endpoint inner "[$INNER4, \"$INNER6\"]" '[www-data]' 'iface: "*"' 'port: [tcp/80, udp/53]'
	watch
	talk $INNER4
	talk "[$INNER6]"
	end_watch
	for name in eth0 t1 t0; do
		seen_on $name 4
		seen_on $name 6
	done
}

mtu() { for net in "$C" "$S"; do ip -n "$net" link set eth0 mtu "$1"; done; }

@test "jumbo frames: 9 KB at a time, whole and unmarked" {
	mtu 9000
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: [tcp/80, udp/53]'
	watch
	client www-data "$PYTHON" "$DIR/mock.py" ask $IMDS4 53 8972
	client www-data "$PYTHON" "$DIR/mock.py" ask $IMDS6 53 8952
	client backup "$PYTHON" "$DIR/mock.py" ask $IMDS4 53 8972
	end_watch
	for version in 4 6; do
		for way in to from; do
			expect 1 "udp and $way and .ip_version == $version and .len == 9014 and is(33)"
		done
	done
	expect 4 'pkt and (has("marks") | not)'
}

# Both ways 1 MiB, which the host hands on in pieces of up to 64 KiB.
@test "GSO: bursts that only the card would cut, in both directions, every byte" {
	local way
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: tcp/80'
	head -c $((1 << 20)) /dev/zero >"$DIR/big"
	watch
	for host in $IMDS4 "[$IMDS6]"; do
		fetch www-data "http://$host/big"
		fetch www-data "http://$host/" -H 'Expect:' --data-binary "@$DIR/big"
		fetch backup "http://$host/big"
	done
	end_watch
	all tcp 'is(33) and (has("marks") | not)'
	for way in to from; do
		for version in 4 6; do
			some "tcp and $way and .ip_version == $version and .len > 1514 and is(33)"
			jq -es "$DEFS"'map(select(tcp and '"$way"' and .ip_version == '"$version"').len)
				| add > 1048576' "$OUT" || fail "not every byte $way, IPv$version"
		done
	done
	some 'tcp and .len > 60000'
	of_summary '.packets_dropped == 0 and .owners_lost == 0'
}
