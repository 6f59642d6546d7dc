# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Frames from a packet socket: seen, and nobody else is blamed for them.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

frame() { in_net "$C" "$PYTHON" "$DIR/mock.py" frame eth0 "$@"; }

sees() {
	kill -USR1 "$WATCHER"
	has_records ".type == \"counters\" and .counters.matched >= $1"
}

@test "the addresses of somebody's ended connection: unknown, once the grace of 2 s is over" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	fetch www-data http://$IMDS4/ --local-port 20001
	all 'tcp and .tcp_flags == "SYN"' 'is(33)'
	# the grace runs from the release of the socket; nothing tells when it is over but the clock
	local until_ns=$(($(date +%s%N) + 2300000000))
	wait_for clock_is_past "$until_ns"
	frame src=$CLIENT4 sport=20001 dst=$IMDS4 dport=80 flags=P
	frame src=$CLIENT4 sport=20001 dst=$IMDS4 dport=80 flags=S
	wait_for has_records 'tcp and .tcp_flags == "PSH"'
	end_watch
	expect 1 'tcp and .tcp_flags == "PSH" and kind("unknown")'
	expect 1 'tcp and .tcp_flags == "SYN" and kind("unknown")'
	all 'tcp and is(33)' '.tcp_flags != "PSH"'
}

# Who closes a connection first keeps it for a while (FIN, TIME_WAIT): that must end too.
@test "the same when the service closed first" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	fetch www-data http://$IMDS4/ --local-port 20002 -H 'Connection: close'
	all 'tcp and .tcp_flags == "SYN"' 'is(33)'
	local until_ns=$(($(date +%s%N) + 2300000000))
	wait_for clock_is_past "$until_ns"
	frame src=$CLIENT4 sport=20002 dst=$IMDS4 dport=80 flags=P
	wait_for has_records 'tcp and .tcp_flags == "PSH"'
	end_watch
	expect 1 'tcp and .tcp_flags == "PSH" and kind("unknown")'
}

@test "a UDP socket that was closed: its flow is nobody's after the grace" {
	endpoint imds $IMDS4 '"*"' 'port: 53'
	watch
	client www-data "$PYTHON" "$DIR/mock.py" ask $IMDS4 53
	wait_for has_records 'udp and to and is(33)'
	local sport until_ns=$(($(date +%s%N) + 2300000000))
	sport=$(jq -s 'map(select(.type == "packet" and .direction == "to"))[0].sport' "$OUT")
	wait_for clock_is_past "$until_ns"
	frame src=$CLIENT4 sport="$sport" dst=$IMDS4 dport=53 proto=udp
	wait_for has_records 'udp and to' 2
	end_watch
	expect 1 'udp and to and is(33)'
	expect 1 'udp and to and kind("unknown")'
}

# A connection of www-data's that says nothing until something is written to $DIR/go; SPORT is its port.
open_late() {
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late "$1" 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	wait_for has_records 'tcp and to'
	SPORT=$(jq -s 'map(select(.type == "packet" and .direction == "to"))[0].sport' "$OUT")
}

@test "the addresses of somebody's open connection, IPv4 and IPv6: unknown, and it goes on as his" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"' 'port: 80'
	for host in $IMDS4 $IMDS6; do
		watch
		open_late $host
		[ $host = $IMDS4 ] && src=$CLIENT4 || src=$CLIENT6
		# as often as a guess may hit
		for _ in {1..20}; do
			frame src=$src sport="$SPORT" dst=$host dport=80 flags=FPA
		done
		wait_for has_records 'tcp and .tcp_flags == "FIN,PSH,ACK"' 20
		echo go >"$DIR/go"
		wait_for is_gone "$SPAWNED"
		wait_for has_records 'tcp and to and .tcp_flags == "FIN,ACK"'
		end_watch
		expect 20 'tcp and .tcp_flags == "FIN,PSH,ACK" and kind("unknown")'
		all 'tcp and .tcp_flags != "FIN,PSH,ACK"' 'is(33)'
		some 'tcp and to and .tcp_flags == "PSH,ACK" and is(33)'
		rm "$DIR/go"
	done
}

@test "the addresses of an open UDP socket that is connected: unknown" {
	endpoint imds $IMDS4 '"*"' 'port: 53'
	watch
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 53))
s.send(b"one")
open(sys.argv[2]).read()
s.send(b"two")' $IMDS4 "$DIR/go"
	wait_for has_records 'udp and to'
	local sport
	sport=$(jq -s 'map(select(.type == "packet" and .direction == "to"))[0].sport' "$OUT")
	frame src=$CLIENT4 sport="$sport" dst=$IMDS4 dport=53 proto=udp
	wait_for has_records 'udp and to' 2
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	wait_for has_records 'udp and to' 3
	end_watch
	expect 2 'udp and to and is(33)'
	expect 1 'udp and to and kind("unknown") and .len == 46'
}

# One that rode along on the loopback, where only the copy that comes in is looked at.
@test "the same on the loopback" {
	serve "$C"
	endpoint lo 127.0.0.1 '"*"' 'port: 8080' 'iface: lo' 'direction: to'
	watch
	mkfifo -m 666 "$DIR/go"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late 127.0.0.1 8080 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	wait_for has_records 'tcp and to'
	local sport
	sport=$(jq -s 'map(select(.type == "packet" and .direction == "to"))[0].sport' "$OUT")
	in_net "$C" "$PYTHON" "$DIR/mock.py" frame lo src=127.0.0.1 sport="$sport" dst=127.0.0.1 dport=8080 \
		flags=FPA mac=00:00:00:00:00:00
	wait_for has_records 'tcp and .tcp_flags == "FIN,PSH,ACK"'
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	end_watch
	all 'tcp and .tcp_flags == "FIN,PSH,ACK"' 'kind("unknown")'
	some 'tcp and .tcp_flags == "PSH,ACK" and is(33)'
}

clock_is_past() { [ "$(date +%s%N)" -gt "$1" ]; }

@test "a sender that lies about the protocol is seen" {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '"*"' 'port: 80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=80 flags=P sll=0x1234
	frame src=$CLIENT6 sport=40002 dst=$IMDS6 dport=80 flags=P sll=0x1234
	frame src=$CLIENT4 sport=40003 dst=$IMDS4 dport=80 flags=P sll=0x86dd
	frame src=$CLIENT4 sport=40004 dst=$IMDS4 dport=80 flags=P sll=0x0000
	wait_for sees 4
	end_watch
	for port in 40001 40002 40003 40004; do
		expect 1 "tcp and to and .sport == $port and kind(\"unknown\")"
	done
}

@test "under a named user such frames are counted as hidden" {
	endpoint imds $IMDS4 '[www-data]' 'port: 80'
	watch
	frame src=$CLIENT4 sport=40001 dst=$IMDS4 dport=80 flags=P sll=0x1234
	end_watch
	none pkt
	of_summary '.hidden_unknown == 1'
}

# The ring of a packet socket keeps its frames in pages: the headers too are not where
# they are with everybody else.
@test "a frame from a packet socket's transmit ring is seen" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	in_net "$C" "$PYTHON" - $CLIENT4 $IMDS4 <<-'END'
	import mmap, socket, struct, sys
	SOL_PACKET, PACKET_VERSION, PACKET_TX_RING = 263, 10, 13
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
	s.setsockopt(SOL_PACKET, PACKET_VERSION, 1)
	s.setsockopt(SOL_PACKET, PACKET_TX_RING, struct.pack("IIII", 4096, 1, 2048, 2))
	ring = mmap.mmap(s.fileno(), 4096)
	src, dst = (socket.inet_aton(a) for a in sys.argv[1:3])
	ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 9, 0, 64, 6, 0) + src + dst
	tcp = struct.pack("!HHIIBBHHH", 40005, 80, 1, 1, 0x50, 8, 1024, 0, 0)
	frame = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x08\0" + ip + tcp
	start = 32  # TPACKET2_HDRLEN without the address
	ring[start:start + len(frame)] = frame
	ring[0:8] = struct.pack("II", 1, len(frame))
	s.bind(("eth0", 0x0800))
	s.send(b"")
	END
	wait_for sees 1
	end_watch
	expect 1 'tcp and .sport == 40005 and kind("unknown") and .tcp_flags == "PSH"'
}
