# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Once all is attached nothing is left that could do harm, and what is left is enough.
load lib

CAPS=cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw

setup() {
	net_up
	serve
	FAR=/var/tmp/${DIR##*/} # neither the configuration's folder nor a system's
	endpoint imds $IMDS4 '[www-data]' 'port: 80'
}
teardown() {
	net_down
	[ -z "${FAR:-}" ] || rm -rf "$FAR" "/run/${FAR##*/}"
}

status_of() { awk -v key="$1:" '$1 == key {print $2}' /proc/"$WATCHER"/status; }

# before Linux 5.11 reading a map takes cap_bpf (39)
allowed_rest() {
	if [ "$(printf '%s\n' 5.11 "$(uname -r)" | sort -V | head -n 1)" = 5.11 ]; then
		echo 0
	else
		echo $((1 << 39))
	fi
}

is_confined() {
	local set rest
	rest=$(allowed_rest)
	for set in CapInh CapPrm CapEff CapAmb; do
		[ $((0x$(status_of $set) & ~rest)) -eq 0 ] || fail "$set: $(status_of $set)"
	done
	[ "$(status_of NoNewPrivs)" = 1 ] || fail "privileges can be gained"
	[ "$(status_of Seccomp)" = 2 ] || fail "no filter of system calls"
}

@test "no capability is left, none can be gained, system calls are filtered" {
	watch
	is_confined
	[ $((0x$(status_of CapBnd))) -eq 0 ] || fail "CapBnd: $(status_of CapBnd)"
	end_watch
}

@test "Landlock: a configuration that leads elsewhere is not read" {
	watch
	! grep -q 'no Landlock' "$ERR" || skip "this kernel has no Landlock"
	for folder in "$FAR" "/run/${FAR##*/}"; do
		mkdir -m 755 "$folder"
		sed 's/imds/elsewhere/' "$POLICY" >"$folder/policy.yml"
		chmod 644 "$folder/policy.yml"
	done
	mv "$POLICY" "$DIR/kept.yml"
	ln -s "$FAR/policy.yml" "$POLICY"
	hang_up
	grep -q "$POLICY: Permission denied" "$ERR" || fail "says nothing"
	fetch www-data http://$IMDS4/
	# the same file, where the system's files are
	ln -sf "/run/${FAR##*/}/policy.yml" "$POLICY"
	reload
	end_watch
	[ "$(jq -c 'select(.type == "reload") | [.ok, .endpoints]' "$OUT" | tr '\n' ' ')" = \
		'[false,["imds"]] [true,["elsewhere"]] ' ] || fail "other reload records"
	all tcp 'is(33) and names == ["imds"]'
}

# Every kind of work there is, once the sandbox is closed.
work_all() {
	fetch www-data http://$IMDS4/
	kill -USR1 "$WATCHER"
	wait_for has_told counters 1
	# an editor puts another file in its place; names that were never looked up before
	cat >"$DIR/new" <<-END
		endpoints:
		  - imds:
		      range: [$IMDS4, 10.7.0.2]
		      iface: [eth0, new0]
		      filter: [backup, "@games", 4242]
		      when: [00:00-12:00, 12:00-24:00]
	END
	chmod 644 "$DIR/new"
	mv "$DIR/new" "$POLICY"
	reload
	fetch backup http://$IMDS4/
	fetch 4242 http://$IMDS4/
	ip -n "$C" link add new0 type veth peer name new1 netns "$S"
	ip -n "$S" link set new1 up
	ip -n "$C" -batch - <<-END
		addr add 10.7.0.1/24 dev new0
		link set new0 up
		neigh add 10.7.0.2 lladdr 02:00:00:00:00:01 dev new0
	END
	wait_for is_attached 'tap new0' true
	client games "$PYTHON" "$DIR/mock.py" burst 10.7.0.2 9 3
	printf 'endpoints:\n  - x:\n      range: 1.2.3.4\n      filter: no-such-user\n' >"$POLICY"
	hang_up
	grep -q 'no-such-user' "$ERR" || fail "says nothing of the unknown user"
	wait_for has_told alive 2
	end_watch
	some 'tcp and is(33) and .owner.user == "www-data"'
	some 'tcp and is(34) and .owner.user == "backup"'
	some 'tcp and is(4242)'
	expect 3 'udp and .owner.user == "games" and .iface == "new0"'
	of_summary '.reloads == 1 and .reloads_failed == 1 and .owners_lost == 0'
	! grep -Ei 'not permitted|denied|cannot' "$ERR" || fail "something is missing"
}

@test "reload, names, new interfaces, counters, the summary: all of it works confined" {
	watch --heartbeat 1
	is_confined
	work_all
}

@test "the same without cgroup2: only cap_net_admin stays, for the filters of interfaces to come" {
	WATCH_VIA=(ip netns exec "$C")
	watch --heartbeat 1
	[ $((0x$(status_of CapEff) & ~$(allowed_rest))) -eq $((1 << 12)) ] ||
		fail "CapEff: $(status_of CapEff)"
	[ $((0x$(status_of CapBnd))) -eq 0 ] || fail "CapBnd: $(status_of CapBnd)"
	[ "$(status_of NoNewPrivs) $(status_of Seccomp)" = "1 2" ] || fail "not confined"
	work_all
}

@test "the same as an ordinary user with file capabilities" {
	findmnt -no OPTIONS -T "$DIR" | grep -q nosuid && skip "nosuid here"
	mkdir -m 750 "$DIR/bin"
	chgrp daemon "$DIR/bin"
	install -m 750 -g daemon "$SOCK_FILTER" "$DIR/bin/sock-filter"
	setcap $CAPS=ep "$DIR/bin/sock-filter"
	chmod 644 "$POLICY"
	SOCK_FILTER=$DIR/bin/sock-filter
	WATCH_VIA=(nsenter "--net=/run/netns/$C" setpriv --reuid daemon --regid daemon --clear-groups)
	watch --heartbeat 1
	[ "$(status_of Uid)" = 1 ]
	is_confined
	work_all
}
