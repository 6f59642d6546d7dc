#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What socket() + connect() + close() cost with the watch attached, against none: to an
# address that is not watched, and to one that is; with 1 range and with 10,000. Rounds
# with and without take turns, and the medians are compared, so that a busy machine
# disturbs both alike. Needs root; all traffic stays in a namespace of its own.
# usage: bench/connect.sh [ROUNDS]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-7}
net=sf-bench-$$
dir=$(mktemp -d)
watcher=
listener=
clean() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	[ -z "$listener" ] || kill "$listener" 2>/dev/null || true
	wait 2>/dev/null || true
	ip netns del $net 2>/dev/null || true
	rm -rf "$dir"
}
trap clean EXIT

in_net() { nsenter --net=/run/netns/$net "$@"; }
ip netns add $net
ip -n $net link set lo up
ip -n $net addr add 169.254.169.254/32 dev lo
ip -n $net addr add 198.51.100.1/32 dev lo
nsenter --net=/run/netns/$net /usr/bin/python3 -c '
import socket
s = socket.socket()
s.bind(("", 80))
s.listen(4096)
while True:
    s.accept()[0].close()' 2>/dev/null &
listener=$!

# policy N: so many ranges, 169.254.169.254 among them
policy() {
	printf 'endpoints:\n  - bench:\n      iface: none0\n      filter: "*"\n      range:\n'
	seq 2 "$1" | awk '{printf "        - 11.%d.%d.0/24\n", $1 / 250, $1 % 250}'
	echo '        - 169.254.169.254/32'
}

watch() {
	policy "$1" >"$dir/policy.yml"
	mkfifo "$dir/ready"
	nsenter --net=/run/netns/$net "$top/build/sock-filter" watch --json --quiet -c "$dir/policy.yml" --ready-fd 6 \
		6<>"$dir/ready" >/dev/null 2>&1 &
	watcher=$!
	head -c 1 "$dir/ready" >/dev/null
	rm "$dir/ready"
}
unwatch() {
	kill "$watcher"
	wait "$watcher" || true
	watcher=
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# compare PROTO ADDRESS RANGES N
compare() {
	local i
	: >"$dir/without"
	: >"$dir/with"
	for ((i = 0; i < rounds; i++)); do
		in_net "$top/build/bench/connect" "$1" "$2" 80 "$4" >>"$dir/without"
		watch "$3"
		in_net "$top/build/bench/connect" "$1" "$2" 80 "$4" >>"$dir/with"
		unwatch
	done
	printf '%-4s %-16s %6s ranges   %6d ns   %6d ns   x %s\n' "$1" "$2" "$3" \
		"$(median <"$dir/without")" "$(median <"$dir/with")" \
		"$(echo "$(median <"$dir/with")" "$(median <"$dir/without")" | awk '{printf "%.2f", $1 / $2}')"
}

echo "                                 without        with"
for ranges in 1 10000; do
	compare udp 198.51.100.1 $ranges 100000
	compare udp 169.254.169.254 $ranges 100000
	compare tcp 198.51.100.1 $ranges 5000
	compare tcp 169.254.169.254 $ranges 5000
done
