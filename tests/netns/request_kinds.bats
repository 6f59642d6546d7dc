# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is no HTTP is named and never called v1; any port and any range will do; and whose
# service it is, is configured, or known from the firmware, or from the request: never guessed.
load lib
load asker

setup() { asker_up 80 53 443 8080; }
teardown() { net_down; }

# tls PORT OPTION...: the server says nothing to it, so it fails.
tls() { ! client www-data openssl s_client -connect "$IMDS4:$1" "${@:2}" </dev/null >"$DIR/tls" 2>&1; }

@test "DNS over UDP and TCP, TLS with its server's name, and what nobody knows: named, no version" {
	[ -n "$(command -v openssl)" ] || skip "no openssl"
	endpoint imds $IMDS4 '"*"' 'cloud: aws'
	watch
	asker dns $IMDS4 metadata.google.internal
	asker dns $IMDS4 ec2.internal tcp
	tls 443 -servername imds.example.com
	tls 80 -noservername
	talk "send:\\x16\\x03\\x01" reset:
	talk "send:\\x05\\x01\\x00v1 GET /latest/user-data HTTP/1.1\\r\\n\\r\\n" reset:
	talk "send:SSH-2.0-client\\r\\n" reset:
	end_watch
	each_told '.protocol, .proto, .dport, .name, .version, .class, .reason' <<-END
		dns udp 53 metadata.google.internal - unknown -
		dns tcp 53 ec2.internal - unknown -
		tls tcp 443 imds.example.com unknown unknown not_http
		tls tcp 80 - unknown unknown not_http
		tls tcp 80 - unknown unknown not_http
		other tcp 80 - unknown unknown not_http
		other tcp 80 - unknown unknown not_http
	END
	all 'request and .protocol == "dns"' '.question_type == 1'
	all request 'is(33) and .cloud == "aws"'
}

@test "in the text they are named as well" {
	[ -n "$(command -v openssl)" ] || skip "no openssl"
	endpoint imds $IMDS4 '"*"' 'cloud: aws'
	watch_text
	asker dns $IMDS4 metadata.google.internal
	tls 443 -servername imds.example.com
	end_text
	line ' dns metadata.google.internal  *-$'
	line ' tls imds.example.com  *-$'
	! grep -q 'V1' "$OUT" || fail "called v1"
}

@test "any port and any range: 198.18.0.0/15 on 8080, and IPv6" {
	ip -n "$C" route add 198.18.0.0/15 via $SERVICE4
	ip -n "$S" addr add 198.19.7.9/32 dev eth0
	endpoint wide 198.18.0.0/15 '"*"' 'port: tcp/8080' 'cloud: aws'
	endpoint six "'$IMDS6'" '"*"' 'port: tcp/8080'
	watch
	asker talk 198.19.7.9 8080 "send:$(head_of GET /latest/user-data)" read
	asker talk 198.19.7.9 80 "send:$(head_of GET /latest/user-data)" read
	asker talk $IMDS6 8080 "send:$(head_of GET /latest/user-data "$TOKEN")" read
	end_watch
	each_told '.endpoint, .dst, .dport, .ip_version, .cloud, .version, .class, .answer.status' <<-END
		six $IMDS6 8080 6 aws v2 user-data 200
		wide 198.19.7.9 8080 4 aws v1 user-data 200
	END
}

# A request of each kind that tells its cloud, and two that tell nothing.
ask_all() {
	talk "send:$(head_of GET /latest/meta-data/ami-id)" read \
		"send:$(head_of GET /latest/meta-data/ami-id "$TOKEN")" read \
		"send:$(head_of GET '/metadata/instance?api-version=2021-02-01' 'Metadata: true')" read \
		"send:$(head_of GET /computeMetadata/v1/instance/service-accounts/default/token 'Metadata-Flavor: Google')" read \
		"send:$(head_of GET /opc/v2/instance/ 'Authorization: Bearer Oracle')" read \
		"send:$(head_of PUT /latest/api/token 'X-aliyun-ecs-metadata-token-ttl-seconds: 60')" read \
		"send:$(head_of GET /)" read
}
FIELDS='(.path | .[:20]), .cloud, .version, .class, .reason'

@test "without configuration and firmware the request tells the cloud; what tells nothing is nobody's, never AWS" {
	WATCH_VIA+=(unshare -m sh -c 'mount -t tmpfs none /sys/class && exec "$@"' sh)
	endpoint imds $IMDS4 '"*"' 'port: tcp/80'
	watch
	ask_all
	end_watch
	each_told "$FIELDS" <<-END
		/latest/meta-data/am - unknown metadata cloud
		/latest/meta-data/am aws v2 metadata -
		/metadata/instance azure - sensitive -
		/computeMetadata/v1/ gcp - credential -
		/opc/v2/instance oci v2 sensitive -
		/latest/api/token alibaba v2 token -
		/ - unknown metadata cloud
	END
	all '.type == "start"' 'has("cloud") | not'
}

@test "the configuration tells the cloud, each endpoint its own" {
	endpoint ten $IMDS4 '"*"' 'port: tcp/80' 'cloud: alibaba'
	endpoint six $IMDS4 '"*"' 'port: tcp/8080' 'cloud: openstack'
	watch
	get /latest/meta-data/instance-id
	get /latest/meta-data/instance-id "$TOKEN"
	asker talk $IMDS4 8080 "send:$(head_of GET /latest/meta-data/instance-id)" read
	end_watch
	each_told '.endpoint, .cloud, .version, .class' <<-END
		six openstack - metadata
		ten alibaba v1 metadata
		ten alibaba v1 metadata
	END
}

# firmware NAME=TEXT...: what the watcher finds of its machine.
firmware() {
	local pair
	mkdir -p "$DIR/dmi/id"
	for pair; do
		echo "${pair#*=}" >"$DIR/dmi/id/${pair%%=*}"
	done
	WATCH_VIA+=(unshare -m sh -c 'mount -t tmpfs none /sys/class && mkdir /sys/class/dmi &&
		mount --bind "$1" /sys/class/dmi && shift && exec "$@"' sh "$DIR/dmi")
}

@test "the firmware tells the cloud, in the start record too; a configured one goes first" {
	firmware 'sys_vendor=Amazon EC2' 'product_name=m7i.large'
	endpoint imds $IMDS4 '"*"' 'port: tcp/80'
	endpoint other $IMDS4 '"*"' 'port: tcp/8080' 'cloud: azure'
	watch
	get /latest/meta-data/ami-id
	asker talk $IMDS4 8080 "send:$(head_of GET /latest/meta-data/ami-id)" read
	end_watch
	all '.type == "start"' '.cloud == "aws"'
	each_told '.endpoint, .path, .cloud, .version' <<-END
		imds /latest/meta-data/ami-id aws v1
		other /latest/meta-data/ami-id azure -
	END
}

@test "a firmware that is no cloud's, but is called like one, is none" {
	firmware 'sys_vendor=QEMU' 'product_name=Amazon EC2 look-alike' 'chassis_asset_tag=not OracleCloud.com'
	endpoint imds $IMDS4 '"*"' 'port: tcp/80'
	watch
	get /latest/meta-data/ami-id
	end_watch
	all '.type == "start"' 'has("cloud") | not'
	each_told '.cloud, .version, .reason' <<<"- unknown cloud"
}
