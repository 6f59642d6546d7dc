# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each row of docs/visibility.md, by its name: who is shown for a scenario is what the row says,
# wherever the process lives. One watcher looks on; each test has addresses of its own.
load lib

# The records of all tests would say too much.
fail() {
	echo "FAILED: $*"
	tail -n 5 "$ERR"
	return 1
}

GUEST4=10.9.0.2
GUEST6=fd00:9::2

# The service answers at every address of these.
RANGE4=169.254.96.0/19
RANGE6=fd00:ec2:1::/48
ALIAS4=192.0.2

any_address() {
	in_net "$S" sysctl -qw net.ipv6.ip_nonlocal_bind=1
	ip -n "$S" route add local $RANGE4 dev lo
	ip -n "$S" -6 route add local $RANGE6 dev lo
	ip -n "$C" route add $RANGE4 via $SERVICE4
	ip -n "$C" route add $ALIAS4.0/24 via $SERVICE4
	ip -n "$C" -6 route add $RANGE6 via $SERVICE6
}

guest_up() {
	G=$NS-g
	add_net "$G"
	ip -n "$C" link add guest0 type veth peer name eth0 netns "$G"
	ip -n "$C" -batch - <<-END
		addr add 10.9.0.1/24 dev guest0
		addr add fd00:9::1/64 dev guest0 nodad
		link set guest0 up
	END
	ip -n "$G" -batch - <<-END
		addr add $GUEST4/24 dev eth0
		addr add $GUEST6/64 dev eth0 nodad
		link set eth0 up
		route add default via 10.9.0.1
		route add default via fd00:9::1
	END
	ip -n "$S" route add 10.9.0.0/24 via $CLIENT4
	ip -n "$S" -6 route add fd00:9::/64 via $CLIENT6
	in_net "$C" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	wait_for link_is_up "$G"
}

# Data in the SYN, without a cookie from an earlier connection; pings for everybody.
allow() {
	in_net "$S" sysctl -qw net.ipv4.tcp_fastopen=0x602
	for net in "$C" "$G"; do
		in_net "$net" sysctl -qw net.ipv4.tcp_fastopen=5 \
			"net.ipv4.ping_group_range=0 2147483647"
	done
}

programs() {
	SENDER=$DIR/sender
	cp "$TOP/build/tests/sender" "$SENDER"
	cp "$SENDER" "$DIR/other"
	# of root, for nobody but www-data
	mkdir -m 750 "$DIR/setuid"
	chgrp www-data "$DIR/setuid"
	cp "$SENDER" "$DIR/setuid/"
	chmod 4755 "$DIR/setuid/sender"
	FACTS=$DIR/facts
	touch "$FACTS"
	chmod 666 "$FACTS"
}

# What this host does not have is said, and not gone to.
find_places() {
	PLACES="root user cgroup"
	if findmnt -no OPTIONS -T "$DIR" | grep -q nosuid; then
		echo "# no setuid programs: nosuid" >&3
	else
		PLACES+=" setuid"
	fi
	if as www-data unshare -U -r -p -f true; then
		PLACES+=" userns"
	else
		echo "# no user namespaces for ordinary users" >&3
	fi
}

# A place in the tree of cgroups, of this test's own, that looks like systemd's.
slice_up() {
	local root
	root=$(findmnt -t cgroup2 -no TARGET | head -n 1)
	SLICE=$root/sfvisibility$$.slice
	mkdir "$SLICE"
}

setup_file() {
	net_up
	any_address
	guest_up
	allow
	programs
	find_places
	slice_up
	serve
	endpoint ends "[$RANGE4, \"$RANGE6\"]" '"*"' 'iface: "*"'
	older_up
	watch --duration 1000
	MAC_HERE=$(mac_of "$C" guest0)
	MAC_THERE=$(mac_of "$S" eth0)
	export PLACES MAC_HERE MAC_THERE C S G DIR OUT ERR POLICY WATCHER SENDER FACTS SLICE OLDER
}

teardown_file() {
	local status=0
	[ -z "${WATCHER:-}" ] || end_watch || status=1
	net_down
	[ -z "${SLICE:-}" ] || find "$SLICE" -depth -type d -exec rmdir {} +
	return $status
}

setup() {
	PIDS=()
	NETS=()
	ENDS=()
	CANNOT=
}

teardown() {
	for pid in "${PIDS[@]}"; do end_process "$pid"; done
}

# late WAY ADDRESS: one that goes on when something is written to $DIR/go.ADDRESS; its port in PORT
late() {
	local said=$DIR/said.$2
	mkfifo -m 666 "$DIR/go.$2"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$SENDER" "$FACTS" "$1" "$2" "$DIR/go.$2" >"$said"
	wait_for test -s "$said"
	PORT=$(cat "$said")
}

go_on() {
	echo go >"$DIR/go.$1"
	wait_for is_gone "$2"
}

# Connections that are older than the watch.
older_up() {
	late late 169.254.126.1
	OLDER=$SPAWNED
	late late-udp 169.254.126.2
	OLDER+=" $SPAWNED"
	late late-shared 169.254.126.3
	OLDER+=" $SPAWNED"
}

# Where a process lives, it has endpoints of its own: FOUR, SIX; and an address, and whom it sends
# frames to: OWN, MAC. ALIAS is not watched.
place() {
	local -A numbers=([root]=100 [user]=101 [cgroup]=102 [setuid]=103 [userns]=104 [guest]=105)
	FOUR=169.254.${numbers[$1]}.$BATS_TEST_NUMBER
	SIX=fd00:ec2:1::${numbers[$1]}:$BATS_TEST_NUMBER
	ALIAS=$ALIAS4.${numbers[$1]}
	OWN=$CLIENT4 MAC=$MAC_THERE
	[ "$1" != guest ] || OWN=$GUEST4 MAC=$MAC_HERE
}

RAW=(setpriv --reuid www-data --regid www-data --clear-groups
	--inh-caps +net_raw --ambient-caps +net_raw)

# at PLACE WORD...: the sender with these words, there
at() {
	case $1 in
	root) in_net "$C" "$SENDER" "$FACTS" "${@:2}" ;;
	user) in_net "$C" "${RAW[@]}" "$SENDER" "$FACTS" "${@:2}" ;;
	cgroup)
		mkdir -p "${AGENT:-$SLICE/agent.service}"
		# shellcheck disable=SC2016
		in_net "$C" sh -c 'echo $$ >"$0" && exec "$@"' \
			"${AGENT:-$SLICE/agent.service}/cgroup.procs" \
			"$SENDER" "$FACTS" "${@:2}"
		;;
	setuid) client www-data "$DIR/setuid/sender" "$FACTS" "${@:2}" ;;
	userns) client www-data unshare -U -r -p -f "$SENDER" "$FACTS" "${@:2}" ;;
	guest) in_net "$G" "${RAW[@]}" "$SENDER" "$FACTS" "${@:2}" ;;
	esac
}

mac_of() { ip -n "$1" -j link show "$2" | jq -r '.[0].address'; }

has_marks() { [ "$(grep -F "\"dst\":\"$1\"" "$OUT" | grep -c '"type":"packet"')" -ge "$2" ]; }

# All that was sent so far is in the records.
settle() {
	local mark=169.254.127.$BATS_TEST_NUMBER
	MARKS=$((${MARKS:-0} + 1))
	in_net "$C" "$DIR/sender" "$FACTS" mark "$mark"
	wait_for has_marks "$mark" $MARKS
}

# fill PLACE WORD...: WORDS, with the addresses of that place
fill() {
	place "$1"
	WORDS=("${@:2}")
	WORDS=("${WORDS[@]//@4/$FOUR}")
	WORDS=("${WORDS[@]//@6/$SIX}")
	WORDS=("${WORDS[@]//@alias/$ALIAS}")
	WORDS=("${WORDS[@]//@own/$OWN}")
	WORDS=("${WORDS[@]//@mac/$MAC}")
}

# go PLACE WORD...: what goes there is added to ENDS, the endpoint on the wire and what the process
# called it; what cannot be done there to CANNOT
go() {
	local status=0
	fill "$@"
	at "$1" "${WORDS[@]}" || status=$?
	case $status in
	0)
		[ "${WORDS[1]}" != "$ALIAS" ] || WORDS[1]=$FOUR=$ALIAS
		ENDS+=("${WORDS[1]}")
		;;
	77) CANNOT+=" $1" ;;
	*) fail "$1: ${WORDS[*]}: exit status $status" ;;
	esac
}

# judge [TABLE ADDRESS[=NAMED]...]...: by the row that has this test's name
judge() {
	local word patterns=
	settle
	for word; do
		[[ $word == [A-Z]* ]] || patterns+="\"${word%=*}\""$'\n'
	done
	grep -F "${patterns%$'\n'}" "$OUT" | chosen |
		"$PYTHON" -S "$BATS_TEST_DIRNAME/visibility.py" "$TOP/docs/visibility.md" \
			"${ROW:-$BATS_TEST_DESCRIPTION}" "$FACTS" "$@" ||
		fail "not as docs/visibility.md says"
}

# Which records a test is about, where there are others. A request has no length of its own.
chosen() { if [ -n "${FILTER:-}" ]; then jq -c "$FILTER"; else cat; fi; }

HOST="On the host"
GUEST="From another network namespace"

on_host() {
	local place
	for place in $PLACES; do go "$place" "$@"; done
	[[ $CANNOT != *root* ]] || skip "not on this kernel"
}

# A place that a scenario cannot be gone through from does not go by in silence.
say_missing() { [ -z "$CANNOT" ] || echo "# $BATS_TEST_DESCRIPTION: not from$CANNOT" >&3; }

# here WAY WORD...: from each place on the host; there: from another network namespace
here() {
	on_host "$@"
	say_missing
	judge "$HOST" "${ENDS[@]}"
}

there() {
	ENDS=()
	go guest "$@"
	judge "$GUEST" "${ENDS[@]}"
}

everywhere() {
	local host
	on_host "$@"
	host=("${ENDS[@]}")
	ENDS=()
	go guest "$@"
	say_missing
	judge "$HOST" "${host[@]}" "$GUEST" "${ENDS[@]}"
}

# All but those inside a user namespace, whose CAP_NET_RAW is worth nothing outside.
privileged() { PLACES=${PLACES/ userns/} everywhere "$@"; }

# once WAY WORD...: from one place only
once() { PLACES=${FROM:-user} here "$@"; }

# has_data: the SYN of each connection carries the request
has_data() {
	grep '"tcp_flags":"SYN"' "$OUT" | jq -es --argjson n "$1" --arg tail ".$BATS_TEST_NUMBER" '
		map(select(.type == "packet" and (.dst | endswith($tail))))
		| length >= $n and all(.[]; .len > 80)' || fail "a SYN without data"
}

# What is compared with the records would be of no use if all places were the same.
@test "all places are what their names say" {
	for place in $PLACES guest; do
		fill "$place" udp-sendto @4
		at "$place" "${WORDS[@]}"
	done
	jq -es --argjson net "$(stat -Lc %i "/run/netns/$C")" --argjson user "$(stat -Lc %i /proc/self/ns/user)" \
		--argjson pid "$(stat -Lc %i /proc/self/ns/pid)" --arg tail ".$BATS_TEST_NUMBER" '
		map(select(.address | endswith($tail)) | {(.address | split(".")[2]): .}) | add
		| .["100"] as $root | .["101"] as $user_ | .["102"] as $cgroup | .["103"] as $setuid
		| .["104"] as $inside | .["105"] as $guest
		| $root.uid == 0 and $root.euid == 0 and $root.netns == $net and $root.userns == $user
		and $user_.uid == 33 and $user_.euid == 33
		and ($cgroup.cgroup | endswith(".slice/agent.service")) and $root.cgroup != $cgroup.cgroup
		and ($setuid == null or ($setuid.uid == 33 and $setuid.euid == 0))
		and ($inside == null or
			($inside.uid == 33 and $inside.userns != $user and $inside.pidns != $pid))
		and $guest.netns != $net and $guest.uid == 33
	' "$FACTS" || fail "not all of them"
}

@test "TCP connect, IPv4" { everywhere tcp @4; }
@test "TCP connect, IPv6" { everywhere tcp @6; }
@test "TCP connect to \`::ffff:\` and an IPv4 address" { everywhere tcp-mapped @4; }
@test "TCP connect, SO_BINDTODEVICE" { everywhere tcp-device @4 eth0; }
@test "TCP Fast Open, by sendto" { everywhere fastopen-sendto @4; has_data 6; }
@test "TCP Fast Open, by socket option" { everywhere fastopen-option @4; has_data 6; }
@test "MPTCP" { everywhere mptcp @4; }
@test "io_uring connect" { everywhere uring @4; }

has_own_threads() { "$SENDER" "$FACTS" uring-probe 127.0.0.1; }

@test "io_uring connect, SQPOLL" {
	has_own_threads || skip "its threads are the kernel's"
	everywhere uring-thread @4
}

@test "io_uring connect, SQPOLL, threads of the kernel" {
	! has_own_threads || skip "its threads are the process's"
	everywhere uring-thread @4
}

@test "UDP connected, IPv4" { everywhere udp @4; }
@test "UDP connected, IPv6" { everywhere udp @6; }
@test "UDP sendto, IPv4" { everywhere udp-sendto @4; }
@test "UDP sendto, IPv6" { everywhere udp-sendto @6; }
@test "UDP sendto to \`::ffff:\` and an IPv4 address" { everywhere udp-mapped @4; }
@test "UDP sendto, an IPv4 address on an IPv6 socket" { everywhere udp-inet @4; }
@test "UDP sendto, the socket connected elsewhere" { everywhere udp-elsewhere @4 $SERVICE4; }
@test "ping socket, IPv4" { everywhere ping @4; }
@test "ping socket, IPv6" { everywhere ping @6; }
@test "raw socket, IPv4" { privileged raw @4 $SERVICE4; }
@test "raw socket, its header names another address than the call" {
	privileged raw-header @4 $SERVICE4 @own
}
@test "raw socket, ICMP" { privileged ping-raw @4; }
@test "raw socket, ICMPv6" { privileged ping-raw @6; }
@test "raw socket kept over execve, the new program sends" {
	FROM=root once raw-exec @4 $SERVICE4 "$DIR/other"
}
@test "packet socket" { privileged packet @4 $SERVICE4 @own eth0 @mac; }
@test "packet socket, PACKET_QDISC_BYPASS" {
	privileged packet-bypass @4 $SERVICE4 @own eth0 @mac
}

# in C: nat CHAIN RULE...
nat() {
	[ -n "$(command -v nft)" ] || skip "no nft"
	printf 'table ip nat {\n\tchain %s {\n%s\n\t}\n}\n' "$1" "$2" | in_net "$C" nft -f -
}
no_nat() { in_net "$C" nft delete table ip nat; }

rules() {
	for place in $PLACES guest; do
		fill "$place" "$@"
		echo "${WORDS[*]}"
	done
}

@test "nft DNAT: an alias of the endpoint" {
	nat out "type nat hook output priority -100; $(rules ip daddr @alias dnat to @4)"
	here tcp @alias
	no_nat
	nat pre "type nat hook prerouting priority dstnat; $(rules ip daddr @alias dnat to @4)"
	there tcp @alias
	no_nat
}

@test "nft DNAT: the endpoint becomes another address" {
	nat out "type nat hook output priority -100; $(rules ip daddr @4 dnat to $SERVICE4)"
	here tcp @4
	no_nat
}

@test "nft masquerade" {
	nat post 'type nat hook postrouting priority srcnat; oifname "eth0" masquerade'
	there tcp @4
	no_nat
}

@test "an interface of a network namespace that is not watched" {
	place root
	in_net "$S" "$SENDER" "$FACTS" tcp "$FOUR"
	judge "$HOST" "$FOUR"
}

@test "TCP connected before the watch" {
	go_on 169.254.126.1 "$(cut -d ' ' -f 1 <<<"$OLDER")"
	judge "$HOST" 169.254.126.1
}

@test "UDP connected before the watch" {
	go_on 169.254.126.2 "$(cut -d ' ' -f 2 <<<"$OLDER")"
	judge "$HOST" 169.254.126.2
}

@test "TCP connected before the watch, two processes have it open" {
	go_on 169.254.126.3 "$(cut -d ' ' -f 3 <<<"$OLDER")"
	judge "$HOST" 169.254.126.3
}

# The forged datagrams are longer than the true ones.
@test "packet socket, addresses of another's connected socket" {
	place user
	late late-udp "$FOUR"
	at root forge "$FOUR" $CLIENT4 "$PORT" eth0 "$MAC_THERE"
	go_on "$FOUR" "$SPAWNED"
	FILTER='select(.len == 50)' judge "$HOST" "$FOUR"
	ROW="UDP connected, IPv4" FILTER='select(.len and .len != 50)' \
		judge "$HOST" "$FOUR"
}

@test "packet socket, addresses of another's UDP socket that is not connected" {
	place user
	late late-sendto "$FOUR"
	at root forge "$FOUR" $CLIENT4 "$PORT" eth0 "$MAC_THERE"
	go_on "$FOUR" "$SPAWNED"
	FILTER='select(.len == 50)' judge "$HOST" "$FOUR"
	ROW="UDP sendto, IPv4" FILTER='select(.len and .len != 50)' \
		judge "$HOST" "$FOUR"
}

@test "raw socket, addresses of another's connected socket" {
	place user
	late late-udp "$FOUR"
	at root forge-raw "$FOUR" $CLIENT4 "$PORT"
	go_on "$FOUR" "$SPAWNED"
	FILTER='select(.len == 50)' judge "$HOST" "$FOUR"
	ROW="UDP connected, IPv4" FILTER='select(.len and .len != 50)' \
		judge "$HOST" "$FOUR"
}

@test "TCP connection from the endpoint to a server here" {
	place user
	spawn nsenter --net="/run/netns/$C" "$SENDER" "$FACTS" listen "$FOUR" "$DIR/listens"
	wait_for test -e "$DIR/listens"
	service "${CURL[@]}" --interface "$FOUR" http://$CLIENT4/
	wait_for is_gone "$SPAWNED"
	FILTER='select(.tcp_flags != "SYN")' judge "$HOST" "$FOUR"
	grep -F "\"src\":\"$FOUR\"" "$OUT" | jq -es '
		map(select(.tcp_flags == "SYN")) | length >= 1 and all(.[]; .owner.kind == "unknown")'
}

@test "a thread connects" { once thread @4; }
@test "execve between socket and connect" { once exec @4 "$DIR/other"; }
@test "socket passed on, then connected" { FROM=root once hand @4 "$DIR/other" 34; }
@test "socket connected, then passed on" { FROM=root once hand-connected @4 "$DIR/other" 34; }
@test "socket inherited by fork, the child sends" { once fork @4; }
FIRST=169.254.125.1
@test "process that became another user since it was first seen" {
	FROM=root once become @4 $FIRST 34
}
@test "process that took another name since it was first seen" { once rename @4 $FIRST other; }
@test "process that went to another cgroup since it was first seen" {
	mkdir -p "$SLICE/mover.service"
	FROM=root once move @4 $FIRST "$SLICE/mover.service/cgroup.procs"
}
@test "program of memfd_create" { once memfd @4; }

@test "program whose file is deleted" {
	cp "$SENDER" "$DIR/deleted"
	FROM=root SENDER=$DIR/deleted once unlinked @4
}

@test "process that ended before its packets are read" {
	local curl
	curl=$(realpath "$(command -v curl)")
	kill -STOP "$WATCHER"
	go user run @4 "$curl" -sS -o /dev/null -m 20 http://@4/
	kill -CONT "$WATCHER"
	judge "$HOST" "${ENDS[@]}"
}

# within: in the cgroup that is this test's name; x.slice is one of our own, ID has 64 digits
within() {
	local path=${BATS_TEST_DESCRIPTION//\`/} id
	id=$(printf '%064x' 0xdeadbeef)
	path=$SLICE/${path#x.slice/}
	AGENT=${path//ID/$id} go cgroup tcp @4
	judge "By the path of the cgroup" "${ENDS[@]}"
}
@test "\`x.slice/agent.service\`" { within; }
@test "\`x.slice/agent.service/nginx.service\`" { within; }
@test "\`x.slice/docker-ID.scope\`" { within; }
@test "\`x.slice/cri-containerd-ID.scope\`" { within; }
@test "\`x.slice/crio-ID.scope\`" { within; }
@test "\`x.slice/libpod-ID.scope\`" { within; }
@test "\`x.slice/kubepods-pod12345678_1234_1234_1234_123456789abc.slice/cri-containerd-ID.scope\`" { within; }
@test "\`x.slice/agent.service/docker-ID.scope\`" { within; }
@test "\`x.slice/agent.service/any name\`" { within; }
