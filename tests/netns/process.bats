# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The process behind a packet: what is told of it, what is kept back, and what is not known.
load lib

setup() {
	net_up
	serve
}
teardown() {
	net_down
	cgroups_down
}

@test "a program that has already ended is told whole: names, arguments, parents, cgroup, start" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	fetch www-data http://$IMDS4/ -H 'X-Of: This one'
	end_watch
	all tcp '.owner | .comm == "curl" and .exe == "/usr/bin/curl" and .pid > 1 and .source == "connect"'
	all tcp '.owner | .argv[0] == "curl" and .argv[-2:] == ["-H", "X-Of: This one"]'
	all tcp '.owner | .uid == 33 and .user == "www-data" and .gid == 33 and .euid == 33 and .egid == 33'
	all tcp '.owner | (.parents | length) >= 4 and (.parents | all(.pid > 0 and .comm != ""))'
	all tcp '.owner | .netns > 0 and .cookie > 0 and (.cgroup | startswith("/"))'
	all tcp '.owner.started <= .ts'
	of_summary '.processes_unknown == 0 and .processes_lost == 0'
}

@test "a parent that ended before it was looked up: absent, and counted" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	kill -STOP "$WATCHER"
	client www-data sh -c "curl -sS -g --noproxy '*' -m 5 -o /dev/null http://$IMDS4/; :"
	kill -CONT "$WATCHER"
	wait_for has_records 'tcp and (.tcp_flags | contains("FIN"))' 2
	end_watch
	all 'tcp and .owner.comm == "curl"' '.owner.parents[0] | .comm == "sh" and (has("argv") | not)'
	of_summary '.processes_unknown == 0 and .parents_unknown > 0'
}

@test "argv: redacted unless asked otherwise; none and full by a reload" {
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	fetch www-data http://$IMDS4/1 -H 'X-aws-ec2-metadata-token: AQAEAsecret'
	sed -i '1i argv: none' "$POLICY"
	reload
	fetch www-data http://$IMDS4/2 -H 'X-aws-ec2-metadata-token: AQAEAsecret'
	sed -i '1s/.*/argv: full/' "$POLICY"
	reload
	fetch www-data http://$IMDS4/3 -H 'X-aws-ec2-metadata-token: AQAEAopen'
	end_watch
	! grep -q AQAEAsecret "$OUT" || fail "a secret was written"
	all 'tcp and (.owner.argv // [] | index("http://'$IMDS4'/1") != null)' \
		'.owner.argv | any(startswith("X-aws-ec2-metadata-token") and contains("AQAE") == false)'
	all 'tcp and (.owner.argv // [] | index("http://'$IMDS4'/3") != null)' \
		'.owner.argv[-1] == "X-aws-ec2-metadata-token: AQAEAopen"'
	some 'tcp and .owner.comm == "curl" and (.owner | has("argv") | not) and ([.owner.parents[] | has("argv")] | any | not)'
}

@test "names and arguments are whoever's words: no control character and no newline gets out" {
	local name=$DIR/$'a\n{"x'
	cp /usr/bin/curl "$name"
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	client www-data "$name" "${CURL[@]:1}" http://$IMDS4/ -A $'\x1b[31m\xff\n{"type":"start"}'
	end_watch
	all tcp '(.owner.exe | endswith("/a\n{\"x")) and .owner.comm == "a\n{\"x"'
	all tcp '.owner.argv[-1] | test("\u001b") and contains("\\xff") and endswith("\n{\"type\":\"start\"}")'
	expect 1 '.type == "start"'
	! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f-\xff]' "$OUT" || fail "a control character"
}

@test "the same in the text view" {
	local name=$DIR/$'a\n{"x'
	cp /usr/bin/curl "$name"
	endpoint imds $IMDS4 '"*"' 'port: 80'
	in_net "$C" "$SOCK_FILTER" watch --packets -c "$POLICY" --duration 50 -n 1 >"$OUT" 2>"$ERR" 3>&- 4>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for grep -q ^watching "$OUT"
	client www-data "$name" "${CURL[@]:1}" http://$IMDS4/
	reap
	[ "$STATUS" -eq 0 ]
	grep -qF 'a\x0a{"x[' "$OUT"
	! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$OUT" || fail "a control character"
}

@test "a process in a container is told by its container, and its uid has no name of this host" {
	local id
	id=$(printf '%064d' $$)
	cgroup_up "/system.slice/docker-$id.scope"
	cgroup_up /system.slice/sf$$.service
	endpoint imds $IMDS4 '"*"' 'port: 80'
	watch
	in_cgroup "/system.slice/docker-$id.scope" fetch www-data http://$IMDS4/
	in_cgroup /system.slice/sf$$.service fetch www-data http://$IMDS4/
	end_watch
	all 'tcp and .owner.container' '.owner | .container == {"id": "'"$id"'", "runtime": "docker"} and .uid == 33 and (has("user") | not)'
	all 'tcp and (.owner.container | not)' ".owner | .unit == \"sf$$.service\" and .user == \"www-data\""
	some 'tcp and (.owner.container | not)'
}

@test "a socket that another uses: who opened it, and who sends" {
	endpoint imds $IMDS4 '"*"' 'port: 53'
	watch
	in_net "$C" "$PYTHON" - $IMDS4 <<-'END'
	import os, socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	if os.fork() == 0:
	    os.setgid(33)
	    os.setuid(33)
	    s.sendto(b"x", (sys.argv[1], 53))
	    s.settimeout(5)
	    s.recv(9)
	    os._exit(0)
	os.wait()
	END
	end_watch
	all 'udp' '.owner | .uid == 0 and .source == "socket" and .sender.uid == 33 and .sender.source == "sendmsg" and .sender.pid != .pid'
	all 'udp' '.owner.sender | .user == "www-data" and (.argv[0] | endswith("python3")) and .parents[0].comm == "python3"'
}
