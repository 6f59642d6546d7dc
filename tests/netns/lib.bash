# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What every network test stands on: two private namespaces joined by a veth
# pair named eth0 on both sides, a mock metadata service in one, clients and
# the watcher in the other. Whatever is waited for is polled, within bounds.
# shellcheck shell=bash

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
SOCK_FILTER=$(realpath "${SOCK_FILTER:-$TOP/build/sock-filter}")
PYTHON=/usr/bin/python3
SCHEMA=${SCHEMA:-$TOP/docs/record.schema.json}
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-60}
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

IMDS4=169.254.169.254
IMDS6=fd00:ec2::254
CLIENT4=10.0.2.15
CLIENT6=fd00:ec2::15
SERVICE4=10.0.2.2
SERVICE6=fd00:ec2::2

# wait_for CONDITION...: until the command is true; 10 s at most, or TRIES times 20 ms.
wait_for() {
	local tries=${TRIES:-500}
	until "$@"; do
		if ((tries-- == 0)); then
			echo "waited in vain for: $*"
			return 1
		fi
		sleep 0.02
	done
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

# Starts a command in the background and notes its pid in SPAWNED; teardown ends it.
spawn() {
	"$@" 3>&- 4>&- &
	SPAWNED=$!
	PIDS+=("$SPAWNED")
}

end_process() {
	local pid=$1
	kill -TERM "$pid" 2>/dev/null || true
	for _ in {1..100}; do
		is_gone "$pid" && break
		sleep 0.02
	done
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

in_net() { nsenter --net="/run/netns/$1" "${@:2}"; }

gid_of() { id -g "$1" 2>/dev/null || echo "$1"; }

# as USER COMMAND...: USER is a name or any number.
as() { setpriv --reuid "$1" --regid "$(gid_of "$1")" --clear-groups "${@:2}"; }

# client USER COMMAND..., service COMMAND...: in the namespace of that side.
client() {
	in_net "$C" setpriv --reuid "$1" --regid "$(gid_of "$1")" --clear-groups "${@:2}"
}
service() { in_net "$S" "${@}"; }

CURL=(curl -sS -g --noproxy '*' -m 5 -o /dev/null)

# fetch USER URL [CURL OPTION...]
fetch() { client "$1" "${CURL[@]}" "${@:2}"; }

add_net() {
	ip netns add "$1"
	NETS+=("$1")
	ip -n "$1" link set lo up
}

mock() { "$PYTHON" "$DIR/mock.py" "$@"; }

# A name and a folder of this test's own, and nothing else.
bare_up() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	NS=sf-$$-$BATS_TEST_NUMBER
	C=$NS-c
	S=$NS-s
	PIDS=()
	NETS=()
	MADE_CGROUPS=()
	DIR=$(mktemp -d /tmp/sf-test.XXXXXX)
	chmod 755 "$DIR"
	cp "$BATS_TEST_DIRNAME/mock.py" "$DIR/"
	POLICY=$DIR/policy.yml
	OUT=$DIR/out.jsonl
	ERR=$DIR/err
	WATCHER=
	VIEW=(--packets) # or (): requests alone
	WATCH_VIA=(nsenter "--net=/run/netns/$C")
}

net_up() {
	bare_up
	add_net "$C"
	add_net "$S"
	ip -n "$C" link add eth0 type veth peer name eth0 netns "$S"
	ip -n "$C" -batch - <<-END
		addr add $CLIENT4/24 dev eth0
		addr add $CLIENT6/64 dev eth0 nodad
		link set eth0 up
		route add $IMDS4/32 dev eth0
	END
	ip -n "$S" -batch - <<-END
		addr add $SERVICE4/24 dev eth0
		addr add $SERVICE6/64 dev eth0 nodad
		addr add $IMDS4/32 dev eth0
		addr add $IMDS6/64 dev eth0 nodad
		link set eth0 up
	END
	wait_for link_is_up "$C"
	wait_for link_is_up "$S"
}

link_is_up() { ip -n "$1" link show eth0 up | grep -q LOWER_UP; }

# The mock service: HTTP on 80 and 8080, UDP echo on 53 and 5353, a UDP sink on 9.
serve() {
	local net=${1:-$S}
	spawn nsenter --net="/run/netns/$net" "$PYTHON" "$DIR/mock.py" serve "$DIR/ready.$net"
	wait_for test -e "$DIR/ready.$net"
}

net_down() {
	local i
	[ -n "${DIR:-}" ] || return 0
	for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
		end_process "${PIDS[i]}"
	done
	for net in "${NETS[@]}"; do
		ip netns del "$net" 2>/dev/null || true
	done
	rm -rf "$DIR"
	# a test that fails shows what it had, through fail()
}

# cgroup_up PATH...: makes cgroups, and notes those that were not there; cgroups_down removes them.
cgroup_up() {
	local path at part parts
	CGROUP2=$(findmnt -nt cgroup2 -o TARGET | head -n 1)
	for path; do
		at=$CGROUP2
		IFS=/ read -ra parts <<<"${path#/}"
		for part in "${parts[@]}"; do
			at+=/$part
			mkdir "$at" 2>/dev/null && MADE_CGROUPS+=("$at")
		done
	done
	return 0
}
cgroups_down() {
	local i
	for ((i = ${#MADE_CGROUPS[@]} - 1; i >= 0; i--)); do
		wait_for rmdir "${MADE_CGROUPS[i]}"
	done
}

# in_cgroup PATH COMMAND...: the command, functions of this file too, with all it starts, in there.
in_cgroup() (
	echo "$BASHPID" >"$CGROUP2$1/cgroup.procs"
	"${@:2}"
)

fail() {
	echo "FAILED: $*"
	echo "--- policy"
	head -30 "$POLICY" 2>/dev/null
	echo "--- stderr"
	tail -20 "$ERR" 2>/dev/null
	echo "--- records"
	tail -n 25 "$OUT" | jq -rc 'del(.host, .boot_id, .schema, .ts)' 2>/dev/null
	return 1
}

for part in watcher records load; do
	# shellcheck source=/dev/null
	source "$BATS_TEST_DIRNAME/$part.bash"
done
