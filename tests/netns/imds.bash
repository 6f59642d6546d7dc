# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the tests of requests stand on, beside lib.bash: a mock of each cloud's metadata service at
# its own address, a watcher on a host with that cloud's firmware, and the records held against
# what the service says that it was asked.
# shellcheck shell=bash disable=SC2034

declare -gA IMDS_AT=([ecs]=169.254.170.2 [eks]="169.254.170.23 fd00:ec2::23" [wireserver]=168.63.129.16
	[alibaba]=100.100.100.200 [scaleway]="169.254.42.42 fd00:42::42")
declare -gA IMDS_FIRMWARE=([aws]="sys_vendor Amazon EC2" [ecs]="sys_vendor Amazon EC2"
	[eks]="sys_vendor Amazon EC2" [gcp]="product_name Google Compute Engine"
	[azure]="chassis_asset_tag 7783-7084-3265-9085-8269-3286-77"
	[wireserver]="chassis_asset_tag 7783-7084-3265-9085-8269-3286-77"
	[oci]="chassis_asset_tag OracleCloud.com" [alibaba]="sys_vendor Alibaba Cloud"
	[digitalocean]="sys_vendor DigitalOcean" [hetzner]="sys_vendor Hetzner"
	[openstack]="product_name OpenStack Nova" [scaleway]="sys_vendor Scaleway" [akamai]="sys_vendor Akamai")

# The id of a task, which acts as a secret, and how it is told.
TASK_ID=canary-0123-canary-4567
TASK_HASH=sha256:$(printf %s "$TASK_ID" | sha256sum | cut -c1-12)

# What AWS's clients ask for.
V2_TTL="X-aws-ec2-metadata-token-ttl-seconds: 21600"
ROLES=/latest/meta-data/iam/security-credentials

# firmware [FILE TEXT]: what the watcher finds of its machine, on whatever machine this is.
firmware() {
	rm -rf "$DIR/dmi"
	mkdir -p "$DIR/dmi/id"
	[ $# -eq 0 ] || echo "${*:2}" >"$DIR/dmi/id/$1"
	WATCH_VIA=(unshare --mount sh -c
		'mount -t tmpfs none /sys/class && cp -r "$0" /sys/class/dmi && exec nsenter --net="$@"'
		"$DIR/dmi" "/run/netns/$C")
}

# has_address ADDRESS: the service has it, and the client a way there.
has_address() {
	if [[ $1 == *:* ]]; then
		[[ $1 == "$IMDS6" ]] || ip -n "$S" addr add "$1/64" dev eth0 nodad
		ip -n "$C" -6 route replace "$1/128" via "$SERVICE6"
	else
		[[ $1 == "$IMDS4" ]] || ip -n "$S" addr add "$1/32" dev eth0
		ip -n "$C" route replace "$1/32" via "$SERVICE4"
	fi
}

# imds CLOUD [OPTION...]: its service, its firmware, and one endpoint that watches all of it.
imds() {
	local address addresses=${IMDS_AT[$1]:-$IMDS4 $IMDS6} range=
	for address in $addresses; do
		has_address "$address"
		range+="${range:+, }\"$address\""
	done
	mkdir -m 777 "$DIR/home"
	# shellcheck disable=SC2086
	firmware ${IMDS_FIRMWARE[$1]}
	endpoint imds "[$range]" '"*"'
	spawn nsenter --net="/run/netns/$S" "$PYTHON" "$BATS_TEST_DIRNAME/imds.py" "$1" "$DIR" "${@:2}"
	wait_for test -e "$DIR/ready"
}

# ask [NAME=VALUE...] COMMAND...: as www-data, with nothing of this shell's around it; what it says
# is in ASKED.
ASK_VIA=()
ask() {
	ASKED=$DIR/asked
	in_net "$C" "${ASK_VIA[@]}" setpriv --reuid www-data --regid www-data --clear-groups \
		sh -c 'echo $$ >>"$0/pids"; exec env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 HOME="$0" "$@"' \
		"$DIR/home" "$@" \
		>"$ASKED" 2>&1 3>&- 4>&- || fail "exit status $? of $*: $(tail -n 20 "$ASKED")"
}

# get URL [CURL OPTION...], and what it got
get() { ask curl -sS -g -m 5 "${@:2}" "$1"; }

# says TEXT: what was asked last got this answer.
says() { grep -qF -- "$1" "$ASKED" || fail "not said: $1, but: $(head -c 2000 "$ASKED")"; }

# A request a line: process, cloud, version, class, method, path, status; for what is no HTTP its
# protocol and name.
REQUESTS='map(select(.type == "request")) | sort_by(.ts)[] | [.owner.comm, .cloud, .version, .class] +
	(if .protocol == "http" then [.method, .raw_path, .answer.status] else [.protocol, .name] end)
	| map(. // "-" | tostring) | join(" ")'

requests() { jq -rs "$REQUESTS" "$OUT"; }

# ends: the watch; nothing is told that was not served, nothing served that is not told, each was
# asked by www-data and a process that was started for it, and no secret is in what was written.
ends() {
	end_watch
	sed "s/$TASK_ID/$TASK_HASH/" "$DIR/served" | jq -cS . | sort >"$DIR/served.sorted"
	jq -cS 'select(.type == "request" and .protocol == "http")
		| {sport, method, raw_path, user_agent, status: .answer.status, length: .answer.length}' "$OUT" |
		sort | diff "$DIR/served.sorted" - || fail "what was served (<) is not what was told (>)"
	all '.type == "request"' '.endpoint == "imds" and is(33) and .owner.user == "www-data" and
		(.owner.exe | startswith("/")) and .answer.state != "part" and
		any(.owner.pid, .owner.parents[].pid; IN('"$(paste -sd, "$DIR/home/pids")"'))'
	no_canary "$OUT" "$ERR"
}

# no_canary FILE...
no_canary() {
	cat "$@" >/dev/null || fail "not there: $*"
	! grep -aoh '.\{0,60\}canary.\{0,60\}' "$@" || fail "a secret was written"
}

# told [-any]: the requests are those on standard input, in this order or in any.
told() {
	ends
	if [ "${1:-}" = -any ]; then
		diff <(sort) <(requests | sort)
	else
		diff - <(requests)
	fi || fail "expected (<), told (>)"
}

# The one credential of all that was told is the mock's, without its secrets.
is_web_role() {
	all '.type == "request" and .class == "credential" and .answer.status == 200' \
		'.role == "web-role" and .credential.key_id == "ASIAMOCKEXAMPLE00001" and .credential.expires > .ts'
}
