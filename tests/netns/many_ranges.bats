# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# alone: it says how long a start may take
# A policy of 10,000 ranges.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

@test "10,000 ranges: a hit in the last of each family, a miss elsewhere, a start in bounded time" {
	local before after
	{
		printf 'endpoints:\n  - many:\n      iface: eth0\n      filter: [www-data]\n      range:\n'
		for ((i = 0; i < 5000; i++)); do
			echo "        - 11.$((i / 250)).$((i % 250)).0/24"
		done
		for ((i = 0; i < 4998; i++)); do
			printf '        - "fd01:%x::/48"\n' "$i"
		done
		echo "        - \"$IMDS6/128\""
		echo "        - $IMDS4/32"
	} | policy
	[ "$(grep -c '^        - ' "$POLICY")" -eq 10000 ]
	before=$(date +%s%N)
	watch
	after=$(date +%s%N)
	echo "start took $(((after - before) / 1000000)) ms"
	[ $(((after - before) / 1000000)) -lt 5000 ]
	fetch www-data http://$IMDS4/
	fetch www-data "http://[$IMDS6]/"
	fetch backup http://$IMDS4/
	fetch www-data http://$SERVICE4/
	fetch www-data "http://[$SERVICE6]/"
	end_watch
	all tcp "is(33) and ([.src, .dst] | any(. == \"$IMDS4\" or . == \"$IMDS6\"))"
	some 'tcp and .ip_version == 4 and from'
	some 'tcp and .ip_version == 6 and from'
	of_summary '.rejected >= 20'
}
