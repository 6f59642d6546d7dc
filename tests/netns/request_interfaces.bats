# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One request is told once, by who asked, though its packets cross several interfaces; and a
# token that dies on its way to a container is told as that.
load lib
load asker

M=/latest/meta-data

# A container behind a bridge and masquerading: veth, bridge, uplink.
setup() {
	[ -n "$(command -v nft)" ] || skip "no nft"
	asker_up 80 53
	G=$NS-g
	add_net "$G"
	ip -n "$C" link add br0 type bridge
	ip -n "$C" link add guest0 type veth peer name eth0 netns "$G"
	ip -n "$C" -batch - <<-END
		link set guest0 master br0
		link set guest0 up
		addr add 10.9.0.1/24 dev br0
		link set br0 up
	END
	ip -n "$G" -batch - <<-END
		addr add 10.9.0.2/24 dev eth0
		link set eth0 up
		route add default via 10.9.0.1
	END
	in_net "$C" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo 0 >$f'
	in_net "$C" nft -f - <<-'END'
	table ip nat {
		chain post {
			type nat hook postrouting priority srcnat;
			oifname "eth0" masquerade
		}
	}
	END
	wait_for link_is_up "$G"
	CONTAINER=$(printf '%064d' $$)
	cgroup_up "/system.slice/docker-$CONTAINER.scope"
	wait_for guest "${CURL[@]}" http://$IMDS4/
}
teardown() {
	net_down
	cgroups_down
}

# guest COMMAND...: in the container.
guest() { in_cgroup "/system.slice/docker-$CONTAINER.scope" in_net "$G" setpriv --reuid 33 --regid 33 --clear-groups "$@"; }
guest_talk() { guest "$PYTHON" "$DIR/asker.py" talk $IMDS4 80 "$@"; }

is_the_container() {
	all request '.owner | .uid == 33 and .container.id == "'"$CONTAINER"'" and .container.runtime == "docker" and .pid > 1'
}

@test "container, bridge, uplink and masquerading, every interface: each request once, by the container's process" {
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws' 'iface: "*"'
	VIEW=(--packets)
	watch
	guest_talk "send:$(head_of GET $M/1)" read "send:$(head_of GET $M/2 "$TOKEN")$(head_of GET $M/3)" read:2 \
		new: "bytes:$(head_of GET $M/4)" read new: mss:88 "send:$(head_of GET $M/5 "X: $(printf 'x%.0s' {1..999})")" read
	talk "send:$(head_of GET $M/host)" read
	end_watch
	each_told '.path, .version, .answer.status, .src, .views, .iface' <<-END
		$M/1 v1 200 10.9.0.2 2 guest0
		$M/2 v2 200 10.9.0.2 2 guest0
		$M/3 v1 200 10.9.0.2 2 guest0
		$M/4 v1 200 10.9.0.2 2 guest0
		$M/5 v1 200 10.9.0.2 2 guest0
		$M/host v1 200 $CLIENT4 1 eth0
	END
	all 'request and .views == 2' '.owner.container.id == "'"$CONTAINER"'" and .owner.comm == "python3"'
	none 'request and .views == 1 and .owner.container'
	for iface in guest0 br0 eth0; do
		some "tcp and .iface == \"$iface\" and .len > 80 and to"
	done
	of_summary '.streams_views >= 3 and .requests == 6'
}

@test "many connections at once from two sides: none is taken for another's view" {
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws' 'iface: "*"'
	watch
	local steps=() n pids=()
	for n in {1..40}; do
		steps+=("send:$(head_of GET $M/same)" read new:)
	done
	guest_talk port:33333 "${steps[@]::2}" 3>&- 4>&- &
	pids+=($!)
	talk port:33333 "${steps[@]::2}" 3>&- 4>&- &
	pids+=($!)
	guest_talk "${steps[@]}" 3>&- 4>&- &
	pids+=($!)
	talk "${steps[@]}" 3>&- 4>&- &
	pids+=($!)
	for n in "${pids[@]}"; do wait "$n"; done
	end_watch
	expect 41 'request and .owner.container and .src == "10.9.0.2" and .views == 2'
	expect 41 'request and (.owner.container | not) and .src == "'$CLIENT4'" and .views == 1 and is(33)'
	expect 82 'request and .version == "v1" and .answer.status == 200'
}

@test "the uplink alone: once, and nobody is named who is not known" {
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws'
	watch
	guest_talk "send:$(head_of GET $M/1)" read
	end_watch
	each_told '.path, .version, .src, .views, .owner.kind' <<<"$M/1 v1 $CLIENT4 1 forwarded"
}

# Raw IP sockets do not see whose packet comes in. What is known of a connection that comes from
# outside is who answers it.
@test "from outside to an endpoint on this host: nobody is named, least of all who answers" {
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws' 'socket: inet'
	WATCH_VIA=(nsenter "--net=/run/netns/$S")
	watch
	talk "send:$(head_of GET $M/1)" read "send:$(head_of GET $M/2 "$TOKEN")" read
	end_watch
	each_told '.path, .version, .owner.kind, .owner.comm' <<-END
		$M/1 v1 forwarded -
		$M/2 v2 forwarded -
	END
	# over a veth packets still have their sender
	endpoint packet $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws'
	watch
	talk "send:$(head_of GET $M/1)" read
	end_watch
	each_told '.path, .owner.user' <<<"$M/1 www-data"
}

@test "a datagram, on the same way: once" {
	endpoint dns $IMDS4 '"*"' 'port: udp/53' 'iface: "*"'
	watch
	guest "$PYTHON" "$DIR/asker.py" dns $IMDS4 metadata.google.internal
	guest "$PYTHON" "$DIR/asker.py" dns $IMDS4 metadata.google.internal
	asker dns $IMDS4 metadata.google.internal
	end_watch
	each_told '.proto, .name, .src, .views, .iface' <<-END
		udp metadata.google.internal 10.9.0.2 2 guest0
		udp metadata.google.internal 10.9.0.2 2 guest0
		udp metadata.google.internal $CLIENT4 1 eth0
	END
}

@test "loopback, where each packet shows twice: once" {
	serve_requests "$C" 51679
	endpoint agent 127.0.0.1 '"*"' 'port: tcp/51679' 'iface: "*"'
	watch
	asker talk 127.0.0.1 51679 "send:$(head_of GET /v2/metadata)" read
	end_watch
	each_told '.path, .class, .cloud, .version, .views, .owner.user' <<<"/v2/metadata metadata ecs - 1 www-data"
}

@test "rewritten to the host's own agent, as ECS does: once, as a credential of a task" {
	in_net "$C" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/br0/route_localnet'
	in_net "$C" nft -f - <<-'END'
	table ip agent {
		chain pre {
			type nat hook prerouting priority dstnat;
			ip daddr 169.254.170.2 tcp dport 80 dnat to 127.0.0.1:51679
		}
	}
	END
	serve_requests "$C" 51679
	endpoint task 169.254.170.2 '"*"' 'port: tcp/80' 'iface: "*"'
	endpoint agent 127.0.0.1 '"*"' 'port: tcp/51679' 'iface: "*"'
	watch
	guest "$PYTHON" "$DIR/asker.py" talk 169.254.170.2 80 "send:$(head_of GET /v2/credentials/7e6d5c4b)" read
	end_watch
	expect 1 request
	all request '.endpoint == "task" and .cloud == "ecs" and .class == "credential" and .answer.status == 200 and (has("version") | not)'
	all request '.credential.key_id == "ASIAEXAMPLEKEYID0001" and (.path | test("^/v2/credentials/sha256:[0-9a-f]{12}$"))'
	is_the_container
}

# fall_back: a client that asks for a token, and without one falls back to v1.
fall_back() {
	guest "${CURL[@]}" -m 1 -X PUT -H "$TTL" http://$IMDS4/latest/api/token 2>/dev/null || true
	guest "${CURL[@]}" http://$IMDS4/latest/user-data
}

# A second server, whose tokens go this far, in place of the first.
tokens_go() {
	end_process "$SPAWNED"
	rm "$DIR/ready.$S"
	TOKEN_HOPS=$1 serve_requests "$S" 80 53
}

@test "a token that dies of its hop limit before the container: told so, in JSON and in text" {
	tokens_go 1
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws' 'iface: "*"'
	watch
	fall_back
	# the host's own token gets there
	fetch www-data http://$IMDS4/latest/api/token -X PUT -H "$TTL"
	end_watch
	each_told '.method, .path, .version, .class, .hop_limit, .owner.container.runtime' <<-END
		PUT /latest/api/token v2 token true docker
		GET /latest/user-data v1 user-data - docker
		PUT /latest/api/token v2 token - -
	END
	of_summary '.requests_hop_limit == 1'
	watch_text
	fall_back
	end_text
	line '^[0-9:]* *curl\[[0-9]*\] .*docker.* v2   token  *lost: hop limit 1$'
	line '^[0-9:]* *curl\[[0-9]*\] .*docker.* V1!  user-data /latest/user-data  *200$'
}

@test "seen on the uplink alone it has died as well; one that may go further has not" {
	tokens_go 1
	endpoint imds $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws'
	watch
	fall_back
	end_watch
	each_told '.path, .hop_limit, .owner.kind' <<-END
		/latest/api/token true forwarded
		/latest/user-data - forwarded
	END
	tokens_go 2
	watch
	fall_back
	end_watch
	each_told '.path, .hop_limit, .answer.status' <<-END
		/latest/api/token - 200
		/latest/user-data - 200
	END
	# on the container's side it is seen with a limit of 1, and gets there
	sed -i 's/iface: eth0/iface: [br0, guest0]/' "$POLICY"
	watch
	fall_back
	end_watch
	each_told '.path, .hop_limit, .answer.status' <<-END
		/latest/api/token - 200
		/latest/user-data - 200
	END
}
