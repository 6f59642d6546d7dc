# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Endpoints that name processes: exactly theirs are shown, all the others are counted.
load lib

setup() {
	net_up
	serve
	cp /usr/bin/curl "$DIR/other"
}
teardown() {
	net_down
	cgroups_down
}

# Asked for the counters until one packet was filtered.
sees_filtered() {
	kill -USR1 "$WATCHER"
	has_records '.type == "counters" and .counters.packets_filtered >= 1'
}

other() { client www-data "$DIR/other" "${CURL[@]:1}" "$@"; }

@test "exe: one program is shown, another of the same user is counted" {
	endpoint imds $IMDS4 '["exe:/usr/bin/curl"]' 'port: 80'
	watch --decisions flow
	other http://$IMDS4/
	fetch www-data http://$IMDS4/
	end_watch
	all tcp '.owner.exe == "/usr/bin/curl" and names == ["imds"]'
	expect 1 dec
	of_summary '.packets_filtered >= 8 and .filtered_unknown == 0'
}

@test "exe: a user beside it is shown too, and a glob stands for many" {
	endpoint imds $IMDS4 "[\"exe:/usr/*/curl\", backup]" 'port: 80'
	watch
	other http://$IMDS4/
	fetch www-data http://$IMDS4/
	client backup "$DIR/other" "${CURL[@]:1}" http://$IMDS4/
	end_watch
	all tcp '.owner.exe == "/usr/bin/curl" or is(34)'
	some 'tcp and is(34)'
	some 'tcp and is(33)'
}

@test "not: all but one program; a user that is not" {
	endpoint imds $IMDS4 '["not:exe:/usr/bin/curl"]' 'port: 80'
	endpoint users $IMDS4 '["*", "not:backup"]' 'port: 80'
	watch
	other http://$IMDS4/
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	all 'tcp and at("imds")' '.owner.exe != "/usr/bin/curl"'
	all 'tcp and at("users")' 'is(33)'
	some 'tcp and at("users") and .owner.exe == "/usr/bin/curl"'
	none 'tcp and is(34)'
	of_summary '.packets_filtered >= 4'
}

@test "unit, container, runtime and cgroup" {
	local id
	id=$(printf '%064d' $$)
	cgroup_up /system.slice/sf$$.service
	cgroup_up "/system.slice/docker-$id.scope"
	endpoint unit $IMDS4 "[unit:sf$$.service]" 'port: 80'
	endpoint some $IMDS4 '["container:*"]' 'port: 80'
	endpoint docker $IMDS4 '["container:docker"]' 'port: 80'
	endpoint podman $IMDS4 '["container:podman"]' 'port: 80'
	endpoint id $IMDS4 "[\"container:${id:0:12}\"]" 'port: 80'
	endpoint path $IMDS4 '["cgroup:/system.slice"]' 'port: 80'
	endpoint none $IMDS4 '["not:container:*", "not:unit:*"]' 'port: 80'
	watch
	in_cgroup /system.slice/sf$$.service fetch www-data http://$IMDS4/
	in_cgroup "/system.slice/docker-$id.scope" fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	end_watch
	all "tcp and .owner.unit == \"sf$$.service\"" 'names == ["unit", "path"]'
	all 'tcp and .owner.container' 'names == ["some", "docker", "id", "path"]'
	all 'tcp and is(34)' 'names == ["none"]'
}

@test "a program's path inside a namespace of users counts as no path, and hides nobody" {
	as www-data unshare -U -r true || skip "no user namespaces for ordinary users"
	endpoint all $IMDS4 '["not:exe:/usr/bin/curl"]' 'port: 80'
	endpoint one $IMDS4 '["exe:/usr/bin/curl"]' 'port: 80'
	watch
	client www-data unshare -U -r "${CURL[@]}" http://$IMDS4/
	end_watch
	all tcp 'names == ["all"]'
}

ASK='import socket; s = socket.create_connection(("169.254.169.254", 80), 5)
s.send(b"GET / HTTP/1.0\r\n\r\n"); s.recv(99)'

# Who runs it is outside of that namespace; only the file is inside.
@test "a program mounted over another in a namespace of users has not its path, run from outside too" {
	as www-data unshare -U -r -m true || skip "no user namespaces for ordinary users"
	cp "$PYTHON" "$DIR/python"
	mkfifo -m 666 "$DIR/go"
	endpoint all $IMDS4 '["not:exe:/usr/bin/curl"]' 'port: 80'
	endpoint one $IMDS4 '["exe:/usr/bin/curl"]' 'port: 80'
	watch
	# shellcheck disable=SC2016
	spawn setpriv --reuid www-data --regid www-data --clear-groups unshare -U -r -m sh -c \
		'mount --bind "$0" "$(realpath /usr/bin/curl)" && echo mounted && read -r _ <"$1"' \
		"$DIR/python" "$DIR/go" >"$DIR/mounted"
	wait_for grep -qs mounted "$DIR/mounted"
	client www-data "/proc/$SPAWNED/root$(realpath /usr/bin/curl)" -c "$ASK"
	echo go >"$DIR/go"
	end_watch
	all tcp 'names == ["all"] and .owner.exe == "curl" and .owner.uid == 33'
}

@test "a program whose file system was unmounted under it has no path" {
	mkdir -p "$DIR/mnt"
	mount -t tmpfs none "$DIR/mnt"
	mkdir -p "$DIR/mnt/usr/bin"
	cp "$PYTHON" "$DIR/mnt/usr/bin/curl"
	mkfifo "$DIR/go"
	endpoint all $IMDS4 '["not:exe:/usr/bin/curl"]' 'port: 80'
	watch
	in_net "$C" "$DIR/mnt/usr/bin/curl" -c "print(1, flush=True); open('$DIR/go').read(); $ASK" \
		>"$DIR/runs" 3>&- 4>&- &
	PIDS+=($!)
	wait_for grep -qs 1 "$DIR/runs"
	umount -l "$DIR/mnt"
	echo go >"$DIR/go"
	wait_for is_gone "${PIDS[-1]}"
	end_watch
	all tcp '.owner.exe == "curl"'
}

@test "--decisions all: what a process's endpoint does not show is told as rejected" {
	endpoint imds $IMDS4 '["exe:/usr/bin/curl"]' 'port: 80'
	watch --decisions all
	other http://$IMDS4/
	end_watch
	none 'tcp and pkt'
	all dec '.decision == 0 and .owner.exe != "/usr/bin/curl"'
}

@test "a packet of an unknown process is counted as that" {
	endpoint imds $IMDS4 '["exe:/usr/bin/curl"]' 'port: 53'
	watch
	in_net "$C" "$PYTHON" "$DIR/mock.py" frame eth0 src=$CLIENT4 sport=4000 dst=$IMDS4 dport=53 proto=udp
	wait_for sees_filtered
	end_watch
	none udp
	of_summary '.filtered_unknown >= 1 and .packets_filtered == .filtered_unknown + .no_owner_kernel'
}
