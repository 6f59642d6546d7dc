# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What AWS's IMDS packet analyzer takes for something else or does not see, each shown as what it is:
# a token's name that is no token, a token that comes by itself, data that is not sent by send(2),
# bytes that are no UTF-8. AWS says of it that its word is no ground for an alarm; ours is to be one.
load lib
load imds

CREDENTIAL=/latest/meta-data/iam/security-credentials/web-role
V1="GET $CREDENTIAL HTTP/1.1\r\nHost: $IMDS4\r\nConnection: close\r\n"
NAME="X-aws-ec2-metadata-token"
TOKEN="$NAME: AQAEAcanarycanarycanarycanarycanarycanarycanary==\r\n"

setup() {
	net_up
	# data in the SYN, without a cookie from an earlier connection; it counts when one listens
	in_net "$S" sysctl -qw net.ipv4.tcp_fastopen=0x602
	in_net "$C" sysctl -qw net.ipv4.tcp_fastopen=5
	imds aws
}
teardown() { net_down; }

# asks WAY ADDRESS PIECE...: as asks.py; the service must have answered, with what was asked for
asks() {
	printf '%s\n' "${@:3}" >"$DIR/pieces"
	ask "$PYTHON" "$BATS_TEST_DIRNAME/asks.py" "$1" "$2" <"$DIR/pieces"
	[ "$1" = udp ] || says '"AccessKeyId"'
}

v1() { echo "python3 aws v1 credential GET ${1:-$CREDENTIAL} 200"; }
v2() { echo "python3 aws v2 credential GET ${1:-$CREDENTIAL} 200"; }

# data_segments: that went to the service outside of a SYN
data_segments() { count 'tcp and to and (.tcp_flags | contains("PSH"))'; }

# in_segments NUMBER: so many, at least
in_segments() { [ "$(data_segments)" -ge "$1" ] || fail "$(data_segments) segments, not $1"; }

# The service took the data of the SYNs, so that but NUMBER segments were needed; or it was no Fast Open.
data_in_syn() {
	all 'tcp and to and .tcp_flags == "SYN"' '.len > 160'
	[ "$(data_segments)" = "$1" ] || fail "$(data_segments) segments, not $1"
}

@test "the token's name as the user agent: v1" {
	watch
	asks send $IMDS4 "${V1}User-Agent: $NAME\r\n\r\n"
	told < <(v1)
}

@test "the token's name in the query: v1" {
	watch
	asks send $IMDS4 "GET $CREDENTIAL?$NAME: HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	told < <(v1 "$CREDENTIAL?$NAME:")
}

@test "the token's name in the value of another header: v1" {
	watch
	asks send $IMDS4 "${V1}X-Note: $TOKEN\r\n"
	told < <(v1)
}

@test "the token's name as a part of another header's: v1" {
	watch
	asks send $IMDS4 "${V1}${NAME}s: x\r\nNo-$NAME: x\r\n\r\n"
	told < <(v1)
}

@test "the token's name in the body of the request: v1" {
	watch
	asks send $IMDS4 "${V1}Content-Length: 30\r\n\r\n" "$NAME: 9999"
	told < <(v1)
}

@test "the token's name in the request before it on the connection: v2, then v1" {
	watch
	asks send $IMDS4 "GET $CREDENTIAL HTTP/1.1\r\nHost: x\r\n$TOKEN\r\n${V1}\r\n"
	told < <(v2; v1)
}

@test "the token's name in the request behind it on the connection: v1, then v2" {
	watch
	asks send $IMDS4 "GET $CREDENTIAL HTTP/1.1\r\nHost: x\r\n\r\n${V1}$TOKEN\r\n"
	told < <(v1; v2)
}

@test "the token in a second send: v2" {
	watch
	asks send $IMDS4 "$V1" "$TOKEN\r\n"
	told < <(v2)
	in_segments 2
}

@test "the token's name split between two sends: v2" {
	watch
	asks send $IMDS4 "${V1}X-aws-ec2-meta" "data-token: AQAEAcanarycanary" \
		"canarycanarycanarycanarycanary==\r\n\r\n"
	told < <(v2)
	in_segments 3
}

@test "each byte by itself: v2 with a token, v1 without" {
	watch
	asks bytes $IMDS4 "${V1}$TOKEN\r\n"
	asks bytes $IMDS4 "${V1}\r\n"
	told < <(v2; v1)
	in_segments "$(printf %b "$V1$TOKEN\r\n$V1\r\n" | wc -c)"
}

@test "the token's name in small letters, or in capitals: v2" {
	watch
	asks send $IMDS4 "${V1}${NAME,,}:${TOKEN#*:}\r\n"
	asks send $IMDS4 "${V1}${NAME^^}:${TOKEN#*:}\r\n"
	told < <(v2; v2)
}

@test "TCP Fast Open, by MSG_FASTOPEN" {
	watch
	asks fastopen $IMDS4 "${V1}\r\n"
	asks fastopen $IMDS6 "${V1}$TOKEN\r\n"
	asks fastopen $IMDS4 "$V1" "$TOKEN\r\n"
	told < <(v1; v2; v2)
	data_in_syn 1
}

@test "TCP Fast Open, by TCP_FASTOPEN_CONNECT" {
	watch
	asks connect $IMDS4 "${V1}$TOKEN\r\n"
	asks connect $IMDS6 "${V1}\r\n"
	told < <(v2; v1)
	data_in_syn 0
}

@test "sendfile" {
	watch
	asks sendfile $IMDS4 "${V1}\r\n"
	asks sendfile $IMDS4 "$V1" "$TOKEN\r\n"
	told < <(v1; v2)
}

@test "splice, writev, zerocopy" {
	watch
	for way in splice writev zerocopy; do
		asks $way $IMDS4 "${V1}\r\n"
		asks $way $IMDS4 "$V1" "$TOKEN\r\n"
	done
	told < <(v1; v2; v1; v2; v1; v2)
}

@test "UDP" {
	watch
	asks udp $IMDS4 "${V1}\r\n"
	wait_for has_records '.type == "packet" and .proto == "udp"'
	told <<<"python3 aws unknown unknown other -"
}

@test "bytes that are no UTF-8, or none of ASCII: told, with the bytes" {
	watch
	asks send $IMDS4 "${V1}User-Agent: caf\xe9\r\n\r\n"
	asks send $IMDS4 "${V1}${TOKEN}User-Agent: \xd0\xb6\r\nX-Note: \xff\xfe\r\n\r\n"
	asks send $IMDS4 "GET $CREDENTIAL?\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	told < <(v1; v2; v1 "$CREDENTIAL"'?\xff')
	expect 1 '.user_agent == "caf\\xe9" and .version == "v1"'
	expect 1 '.user_agent == "\\xd0\\xb6" and .version == "v2"'
	all '.raw_path // "" | contains("?")' '.anomalies == ["eight_bit"]'
}

@test "several requests on a connection, over IPv6" {
	watch
	asks send $IMDS6 "GET $CREDENTIAL HTTP/1.1\r\nHost: x\r\n\r\n" \
		"GET $CREDENTIAL HTTP/1.1\r\nHost: x\r\n$TOKEN\r\n" "${V1}\r\n"
	told < <(v1; v2; v1)
	all '.type == "request"' '.ip_version == 6'
}
