# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the kernel lacks is said, and what follows from it: by check, and at the start.
load lib

bats_require_minimum_version 1.5.0

CAPS=cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw

setup() {
	net_up
	serve
	endpoint imds $IMDS4 '[www-data]' 'port: 80'
	chmod 644 "$POLICY"
	VIA=(nsenter "--net=/run/netns/$C")
}
teardown() { net_down; }

without() { VIA+=("$PYTHON" "$DIR/mock.py" without "$@"); }

# check: its lines on the kernel are in KERNEL, what it says on stderr in ERR.
check() {
	STATUS=0
	"${VIA[@]}" "$SOCK_FILTER" check -c "$POLICY" >"$DIR/check" 2>"$ERR" || STATUS=$?
	KERNEL=$(sed -n '/^kernel /,$p' "$DIR/check")
	grep -q "^$POLICY: ok, 1 endpoint" "$DIR/check" || fail "the policy is not told of"
	[[ $KERNEL == "kernel $(uname -r):"* ]] || fail "the kernel is not told of: $KERNEL"
}

lacks() { grep -qE "^  no $1: .*$2" <<<"$KERNEL" || fail "not said: $KERNEL"; }

start() {
	WATCH_VIA=("${VIA[@]}")
	watch "$@"
}

notes() { sed -nE 's/^sock-filter: (warning: )?no /  no /p' "$ERR" | sort; }

# What check says is what the start says, but for errors of which there are none.
same_at_the_start() {
	check
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	start
	[ "$(notes)" = "$(grep '^  no ' <<<"$KERNEL" | sort)" ] || fail "not the same: $KERNEL"
	fetch www-data http://$IMDS4/
	end_watch
	all tcp 'is(33)'
}

quiet_at_the_start() {
	start -q
	[ ! -s "$ERR" ] || fail "not quiet"
	end_watch
}

@test "as it is: check and start say the same; if nothing is lacking, in one line" {
	same_at_the_start
	if [ -z "$(notes)" ]; then
		[ "$KERNEL" = "kernel $(uname -r): everything there" ] || fail "$KERNEL"
	fi
	quiet_at_the_start
}

@test "cap_bpf is kept where it is said that it is, and nowhere else" {
	local caps
	check
	start
	caps=$(awk '/^CapEff:/ {print $2}' /proc/"$WATCHER"/status)
	case $caps in
	0000000000000000) ! grep -q 'cap_bpf' <<<"$KERNEL" || fail "it is not kept" ;;
	0000008000000000) lacks '.* without cap_bpf \(Linux 5\.19\)' 'is kept to the end' ;;
	*) fail "CapEff: $caps" ;;
	esac
	end_watch
}

@test "no Landlock" {
	without landlock_create_ruleset ENOSYS
	same_at_the_start
	lacks 'Landlock \(Linux 5\.13.*\)' 'files are guarded by their modes only'
	quiet_at_the_start
}

@test "no membarrier" {
	without membarrier EINVAL
	same_at_the_start
	lacks 'membarrier .*' 'half a policy'
}

@test "no cgroup2" {
	VIA=(ip netns exec "$C")
	same_at_the_start
	lacks 'cgroup2 is mounted here' 'tc egress'
}

# refused REGEX: the watch cannot run here, which both say, for this reason.
refused() {
	check
	[ "$STATUS" -eq 3 ] || fail "exit status $STATUS"
	grep -q '^  the watch cannot run here; .*Linux 5\.10' <<<"$KERNEL" || fail "$KERNEL"
	grep -qE "error: $1" "$ERR" || fail "not said by check: $1"
	run -3 "${VIA[@]}" "$SOCK_FILTER" watch -c "$POLICY" --duration 1
	grep -qE "error: $1" <<<"$output" || fail "not said at the start: $output"
}

@test "3: a kernel that has not what eBPF takes: each part is named" {
	without bpf EINVAL
	refused 'this kernel has no map type ringbuf; '
	refused 'this kernel has no program type cgroup_skb; '
}

@test "3: a kernel that refuses eBPF" {
	without bpf EPERM
	refused 'the kernel refuses to load BPF'
}

@test "3: a kernel without BTF, also for who could not try it" {
	VIA+=(unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh)
	refused 'this kernel has no BTF'
	VIA+=(setpriv --reuid nobody --regid nogroup --clear-groups)
	check
	[ "$STATUS" -eq 3 ] || fail "exit status $STATUS"
	grep -q 'error: this kernel has no BTF' "$ERR" || fail "not said"
}

@test "what cannot be tried without capabilities is said, with the command that tries it" {
	install -m 755 "$SOCK_FILTER" "$DIR/sock-filter"
	SOCK_FILTER=$DIR/sock-filter
	VIA+=(setpriv --reuid nobody --regid nogroup --clear-groups)
	check
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	[ ! -s "$ERR" ] || fail "not quiet"
	grep -q "^  not tried without $CAPS: .*: sudo $SOCK_FILTER check -c $POLICY\$" <<<"$KERNEL" ||
		fail "$KERNEL"
	# one of them is enough not to try
	VIA=(nsenter "--net=/run/netns/$C" capsh --drop=cap_perfmon -- -c '"$@"' sh)
	check
	[ "$STATUS" -eq 0 ] || fail "exit status $STATUS"
	grep -q "^  not tried without cap_perfmon: " <<<"$KERNEL" || fail "$KERNEL"
}

@test "2: of a bad policy nothing but that is told" {
	echo nonsense: >"$POLICY"
	run -2 "${VIA[@]}" "$SOCK_FILTER" check -c "$POLICY"
	[[ $output != *kernel* ]] || fail "$output"
}
