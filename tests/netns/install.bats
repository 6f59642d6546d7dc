# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# dist/install.sh: the program is there for the members of its group, and for nobody else.
load lib

bats_require_minimum_version 1.5.0

GROUP=sock-filter

setup() {
	bare_up
	[ -e "$TOP/build/man/sock-filter.8" ] || skip "no manual pages were built"
	command -v groupadd >/dev/null || skip "no groupadd here"
	MADE_GROUP=
	getent group $GROUP >/dev/null || MADE_GROUP=yes
	mkdir "$DIR/build"
	cp "$SOCK_FILTER" "$DIR/build/sock-filter"
	cp -r "$TOP/build/man" "$DIR/build/"
	(
		cd "$TOP"
		umask 022
		DESTDIR=$DIR/root sh dist/install.sh "$DIR/build"
	) >"$DIR/said"
	PREFIX=$DIR/root/usr/local
	INSTALLED=$PREFIX/sbin/sock-filter
}
teardown() {
	[ -z "${MADE_GROUP:-}" ] || groupdel $GROUP
	net_down
}

@test "owner, group, mode, capabilities and what belongs to it" {
	[ "$(stat -c '%U %G %a' "$INSTALLED")" = "root $GROUP 750" ]
	[ "$(getcap "$INSTALLED" | cut -d' ' -f2)" = \
		cap_net_admin,cap_net_raw,cap_perfmon,cap_bpf=ep ] || fail "$(getcap "$INSTALLED")"
	for file in man/man8/sock-filter.8 man/man5/sock-filter.yml.5 \
		doc/sock-filter/sock-filter.yml doc/sock-filter/LICENSE; do
		[ "$(stat -c '%U %a' "$PREFIX/share/$file")" = "root 644" ] || fail "$file"
	done
	"$INSTALLED" check -c "$PREFIX/share/doc/sock-filter/sock-filter.yml"
	grep -q "usermod -aG $GROUP" "$DIR/said"
	# once more over it: the same
	(cd "$TOP" && DESTDIR=$DIR/root sh dist/install.sh "$DIR/build")
	[ "$(stat -c '%U %G %a' "$INSTALLED")" = "root $GROUP 750" ]
	getcap "$INSTALLED" | grep -q cap_bpf
}

# (setpriv itself keeps root's capabilities until it executes something: so twice)
outsider() { setpriv --reuid www-data --regid www-data --clear-groups sh -c 'exec "$0" "$@"' "$@"; }
MEMBER=(setpriv --reuid www-data --regid www-data --groups $GROUP sh -c 'exec "$0" "$@"')

@test "who is not of the group is refused, who is watches" {
	findmnt -no OPTIONS -T "$DIR" | grep -q nosuid && skip "nosuid here"
	run -126 outsider "$INSTALLED" --version
	[[ "$output" == *"ermission denied"* ]]
	run -1 outsider cat "$INSTALLED"
	add_net "$C"
	add_net "$S"
	ip -n "$C" link add eth0 type veth peer name eth0 netns "$S"
	ip -n "$C" -batch - <<-END
		addr add $CLIENT4/24 dev eth0
		link set eth0 up
		route add $IMDS4/32 dev eth0
	END
	ip -n "$S" -batch - <<-END
		addr add $IMDS4/24 dev eth0
		link set eth0 up
		route add $CLIENT4/32 dev eth0
	END
	serve
	endpoint imds $IMDS4 '[backup]' 'port: 80'
	chmod 644 "$POLICY"
	SOCK_FILTER=$INSTALLED
	WATCH_VIA=(nsenter "--net=/run/netns/$C" "${MEMBER[@]}")
	watch
	[ "$(awk '/^Uid:/ {print $2}' /proc/"$WATCHER"/status)" = 33 ]
	fetch backup http://$IMDS4/
	fetch root http://$IMDS4/
	wait_for has_records 'tcp and (.tcp_flags | contains("FIN"))' 2
	end_watch
	all tcp 'is(34) and .owner.user == "backup"'
	some 'tcp and to'
	some 'tcp and from'
}

@test "without root it says why not, and does nothing" {
	chmod -R a+rX "$DIR"
	run ! as nobody sh -c 'cd "$0" && DESTDIR=$1/other exec sh dist/install.sh "$1/build"' "$TOP" "$DIR"
	[[ "$output" == *"needs root"* ]]
	[ ! -e "$DIR/other" ]
}
