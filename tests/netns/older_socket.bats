# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A connection that is older than the watcher gets its user all the same.
load lib

setup() {
	net_up
	serve
	mkfifo -m 666 "$DIR/go"
}
teardown() {
	net_down
	cgroups_down
}

old_connection() {
	endpoint imds "[$IMDS4, \"$IMDS6\"]" '[www-data]' 'port: 80'
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late "$1" 80 "$DIR/go" >"$DIR/late"
	wait_for grep -qs connected "$DIR/late"
	watch
	echo go >"$DIR/go"
	wait_for is_gone "$SPAWNED"
	wait_for has_records 'tcp and from and (.tcp_flags | contains("FIN"))'
	end_watch
	none 'tcp and .tcp_flags == "SYN"'
	all 'tcp and to' 'is(33) and .owner.user == "www-data"'
	all 'tcp and from' 'is(33) and .owner.join == "reply"'
	some 'tcp and to and .tcp_flags == "PSH,ACK"'
	some 'tcp and from and (.tcp_flags | contains("FIN"))'
	# none of its packets was hidden
	of_summary '.hidden_unknown == 0 and .hidden_unattributed_reply == 0'
}

@test "an older connection over IPv4" { old_connection $IMDS4; }

@test "an older connection over IPv6" { old_connection $IMDS6; }

# Both are older than the watch, so that of neither it was seen who made it.
@test "an older raw socket with the addresses of an older connection is not taken for it" {
	local sport
	endpoint imds $IMDS4 '"*"' 'port: 80'
	mkfifo "$DIR/raw"
	spawn nsenter --net="/run/netns/$C" setpriv --reuid www-data --regid www-data --clear-groups \
		"$PYTHON" "$DIR/mock.py" late $IMDS4 80 "$DIR/go" >"$DIR/late"
	local older=$SPAWNED
	wait_for grep -qs connected "$DIR/late"
	sport=$(in_net "$C" ss -Htn dst $IMDS4 | awk '{ sub(".*:", "", $4); print $4 }')
	spawn nsenter --net="/run/netns/$C" "$PYTHON" -c '
import socket, struct, sys
src, port, dst, go = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
print("made", flush=True)
open(go).read()
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 9, 0, 64, 6, 0, *map(socket.inet_aton, (src, dst)))
s.sendto(ip + struct.pack("!HHIIBBHHH", int(port), 80, 1, 1, 0x50, 0x28, 1024, 0, 0), (dst, 0))' \
		$CLIENT4 "$sport" $IMDS4 "$DIR/raw" >"$DIR/made"
	wait_for grep -qs made "$DIR/made"
	watch
	echo go >"$DIR/raw"
	wait_for is_gone "$SPAWNED"
	echo go >"$DIR/go"
	wait_for is_gone "$older"
	end_watch
	expect 1 'tcp and .tcp_flags == "PSH,URG" and is(0) and .owner.source == "socket" and (.owner | has("pid") | not)'
	all 'tcp and .tcp_flags != "PSH,URG"' "is(33) and .owner.pid == $older and .owner.source == \"backfill\""
}

@test "an older socket of a container, which of its processes is not known: no user of this host" {
	local id
	id=$(printf '%064d' $$)
	cgroup_up "/system.slice/docker-$id.scope"
	endpoint imds $IMDS4 '"*"' 'port: 80'
	in_cgroup "/system.slice/docker-$id.scope" client www-data "$PYTHON" -c '
import os, socket, sys
s = socket.create_connection((sys.argv[1], 80))
r, w = os.pipe()
if os.fork() == 0:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
print("made", flush=True)
open(sys.argv[2]).read()
s.send(b"GET / HTTP/1.0\r\n\r\n")
s.recv(99)' $IMDS4 "$DIR/go" >"$DIR/made" 3>&- 4>&- &
	local older=$!
	PIDS+=("$older")
	wait_for grep -qs made "$DIR/made"
	watch
	echo go >"$DIR/go"
	wait_for is_gone "$older"
	end_watch
	all 'tcp and .tcp_flags != "RST" and kind("user")' 'is(33) and (.owner | has("user") or has("pid") | not)'
}

@test "an older socket that another user inherited: who sends is told beside its maker" {
	endpoint imds $IMDS4 '"*"' 'port: 53'
	in_net "$C" "$PYTHON" -c '
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if os.fork() == 0:
    os.setgid(33)
    os.setuid(33)
    print("made", flush=True)
    open(sys.argv[2]).read()
    s.sendto(b"x", (sys.argv[1], 53))
    s.recv(9)
    os._exit(0)
os.wait()' $IMDS4 "$DIR/go" >"$DIR/made" 3>&- 4>&- &
	local older=$!
	PIDS+=("$older")
	wait_for grep -qs made "$DIR/made"
	watch
	echo go >"$DIR/go"
	wait_for is_gone "$older"
	end_watch
	all udp '.owner | .uid == 0 and (has("pid") | not) and .source == "socket" and .sender.uid == 33 and .sender.source == "sendmsg"'
}
