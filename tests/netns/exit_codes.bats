# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 0 ok, 1 run time, 2 usage or configuration, 3 missing privilege - and what mends it.
load lib

bats_require_minimum_version 1.5.0

setup() {
	net_up
	endpoint imds $IMDS4 '[www-data]' 'port: 80'
	CAPS=cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw
}
teardown() { net_down; }

# Each of these ends by itself, or by --duration.
try() { run "$@"; }

@test "2: a bad configuration, with file:line:column, the line and a caret" {
	policy <<-'END'
	endpoints:
	  - imds:
	      range: 169.254.169.254/33
	      ifaces: eth0
	      filter: "*"
	END
	try in_net "$C" "$SOCK_FILTER" watch -c "$POLICY" --duration 1
	[ "$status" -eq 2 ]
	[[ "$output" == *"$POLICY:3:"*": error: "* ]]
	[[ "$output" == *"$POLICY:4:7: error: "* ]]
	[[ "$output" == *"range: 169.254.169.254/33"* ]]
	[[ "$output" == *"^"* ]]
	[[ "$output" == *"did you mean"*"iface"* ]]
}

@test "2: an unknown user, an unknown option, an unknown word, a file that is not there" {
	sed -i 's/www-data/no-such-user/' "$POLICY"
	try in_net "$C" "$SOCK_FILTER" watch -c "$POLICY" --duration 1
	[ "$status" -eq 2 ]
	[[ "$output" == *"no-such-user"* ]]
	try "$SOCK_FILTER" watch --no-such-option
	[ "$status" -eq 2 ]
	try "$SOCK_FILTER" wotch
	[ "$status" -eq 2 ]
	try "$SOCK_FILTER" watch --decisions some
	[ "$status" -eq 2 ]
	try "$SOCK_FILTER" watch -c "$DIR/not-there.yml"
	[ "$status" -eq 2 ]
}

@test "0: --help and --version" {
	try "$SOCK_FILTER" --help
	[ "$status" -eq 0 ]
	try "$SOCK_FILTER" --version
	[ "$status" -eq 0 ]
}

@test "3: each missing capability is named, with the command that mends it" {
	for cap in cap_bpf cap_perfmon cap_net_admin cap_net_raw; do
		try in_net "$C" capsh --drop=$cap -- -c "exec '$SOCK_FILTER' watch -c '$POLICY' --duration 1"
		[ "$status" -eq 3 ]
		[[ "$output" == *"missing capability: $cap"$'\n'* ]]
		[[ "$output" == *"setcap $CAPS"* ]]
	done
}

@test "3: an ordinary user without capabilities" {
	install -m 755 "$SOCK_FILTER" "$DIR/sock-filter"
	try client nobody "$DIR/sock-filter" watch -c "$POLICY" --duration 1
	[ "$status" -eq 3 ]
	[[ "$output" == *"missing capability: $CAPS"* ]]
	[[ "$output" == *"sudo setcap $CAPS=ep $DIR/sock-filter"* ]]
}

@test "an ordinary user with file capabilities sees everything" {
	findmnt -no OPTIONS -T "$DIR" | grep -q nosuid && skip "nosuid here"
	serve
	mkdir -m 750 "$DIR/bin"
	chgrp daemon "$DIR/bin"
	install -m 750 -g daemon "$SOCK_FILTER" "$DIR/bin/sock-filter"
	setcap $CAPS=ep "$DIR/bin/sock-filter"
	chmod 644 "$POLICY"
	SOCK_FILTER=$DIR/bin/sock-filter
	# before Linux 5.11 BPF memory counts against it, and an ordinary user cannot raise it
	ulimit -l unlimited 2>/dev/null || true
	WATCH_VIA=(nsenter "--net=/run/netns/$C" setpriv --reuid daemon --regid daemon --clear-groups)
	watch --heartbeat 1
	[ "$(awk '/^Uid:/ {print $2}' /proc/"$WATCHER"/status)" = 1 ]
	[ "$(awk '/^NoNewPrivs:/ {print $2}' /proc/"$WATCHER"/status)" = 1 ]
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	wait_for has_records '.type == "alive"'
	end_watch
	all tcp 'is(33) and .owner.user == "www-data"'
	some 'tcp and to'
	some 'tcp and from'
	all '.type == "alive"' 'all(.hooks[]; .attached)'
	# whoever is not of the group is refused by the file's mode
	# (setpriv itself keeps root's capabilities until it executes something: so twice)
	run -126 client nobody sh -c 'exec "$0" --version' "$SOCK_FILTER"
	[[ "$output" == *"ermission denied"* ]]
}

@test "root's capabilities are gone once all is attached, and no_new_privs is set" {
	watch
	grep -q '^NoNewPrivs:.*1$' /proc/"$WATCHER"/status
	# on older kernels reading a map takes cap_bpf (39)
	for set in CapEff CapPrm CapInh CapAmb; do
		caps=$(awk "/^$set:/ {print \$2}" /proc/"$WATCHER"/status)
		[ $((0x$caps & ~(1 << 39))) -eq 0 ] || fail "$set: $caps"
	done
	end_watch
}

@test "warns when others may write the configuration" {
	chmod 666 "$POLICY"
	watch
	end_watch
	grep -q 'warning: .*others may write' "$ERR"
}
