# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Clients that nobody here wrote, each asking a mock of its cloud's service in its own way: what is
# told is what it asked, under the right cloud, version and class, with its process and without a
# secret. The tests are rows of docs/clients.md. Clients that are not here are installed first;
# whose client cannot be had is skipped.
load lib
load imds

CLIENTS_DIR=${CLIENTS_DIR:-/var/cache/sock-filter-tests}
NODE=$(command -v node || command -v nodejs || true)

setup_file() { CLIENTS_DIR=$CLIENTS_DIR "$TOP/dist/deps.sh" clients >&2 || true; }
setup() { net_up; }
teardown() { net_down; }

# need CLIENT FILE: a package of Debian's; need_npm CLIENT: one of npm's
need() { [ -x "$2" ] || skip "$1 cannot be had"; }
need_npm() {
	[ -e "$CLIENTS_DIR/installed" ] && as www-data "$NODE" --version >/dev/null ||
		skip "$1 cannot be had"
}

# ask_node [NAME=VALUE...] CLIENT [WORD...]: as clients/ask.js says
ask_node() {
	local names=()
	while [[ $1 == *=* ]]; do
		names+=("$1")
		shift
	done
	ask "${names[@]}" NODE_PATH="$CLIENTS_DIR/node_modules" \
		"$NODE" "$BATS_TEST_DIRNAME/clients/ask.js" "$@"
}

@test "awscli" {
	need awscli /usr/bin/aws
	imds aws need-token
	watch
	ask /usr/bin/aws configure list
	says iam-role
	told <<-END
		aws aws v2 token PUT /latest/api/token 200
		aws aws v2 metadata GET $ROLES/ 200
		aws aws v2 credential GET $ROLES/web-role 200
		aws aws v2 token PUT /latest/api/token 200
		aws aws v2 metadata GET /latest/meta-data/placement/availability-zone/ 200
	END
	is_web_role
	all '.type == "request"' '.owner.argv[-2:] == ["configure", "list"] and (.user_agent | startswith("aws-cli/"))'
}

@test "awscli, PUT refused" {
	need awscli /usr/bin/aws
	imds aws no-put
	watch
	ask /usr/bin/aws configure list
	says iam-role
	told <<-END
		aws aws v2 token PUT /latest/api/token 404
		aws aws v1 metadata GET $ROLES/ 200
		aws aws v1 credential GET $ROLES/web-role 200
		aws aws v2 token PUT /latest/api/token 404
		aws aws v1 metadata GET /latest/meta-data/placement/availability-zone/ 200
	END
	is_web_role
}

@test "awscli, over IPv6" {
	need awscli /usr/bin/aws
	imds aws
	watch
	ask AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=ipv6 AWS_DEFAULT_REGION=eu-central-1 /usr/bin/aws configure list
	says iam-role
	told <<-END
		aws aws v2 token PUT /latest/api/token 200
		aws aws v2 metadata GET $ROLES/ 200
		aws aws v2 credential GET $ROLES/web-role 200
	END
	all '.type == "request"' '.ip_version == 6'
}

@test "awscli, in an ECS task" {
	need awscli /usr/bin/aws
	imds ecs
	watch
	ask AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/$TASK_ID \
		AWS_DEFAULT_REGION=eu-central-1 /usr/bin/aws configure list
	says container-role
	told <<-END
		aws ecs - credential GET /v2/credentials/$TASK_HASH 200
	END
}

@test "ec2-metadata" {
	need amazon-ec2-utils /usr/bin/ec2-metadata
	imds aws need-token
	watch
	ask ec2-metadata -i -z -d
	says i-0123456789abcdef0
	told <<-END
		curl aws v2 token PUT /latest/api/token 200
		curl aws v2 metadata GET /latest/meta-data/instance-id 200
		curl aws v2 metadata GET /latest/meta-data/placement/availability-zone 200
		curl aws v2 user-data GET /latest/user-data 200
	END
	all '.type == "request"' '.owner.parents | any(.comm == "ec2-metadata")'
}

@test "ec2-metadata, PUT refused" {
	need amazon-ec2-utils /usr/bin/ec2-metadata
	imds aws no-put
	watch
	ask ec2-metadata -i >/dev/null && fail "it did not give up" || true
	says "Could not get IMDSv2 token"
	told <<-END
		curl aws v2 token PUT /latest/api/token 404
	END
}

@test "s3cmd" {
	need s3cmd /usr/bin/s3cmd
	imds aws need-token
	watch
	ask s3cmd --no-ssl --host=$SERVICE4 --host-bucket=$SERVICE4 ls
	says s3://mock-bucket
	told <<-END
		s3cmd aws v2 token PUT /latest/api/token 200
		s3cmd aws v2 metadata GET $ROLES/ 200
		s3cmd aws v2 credential GET $ROLES/web-role 200
	END
	is_web_role
}

@test "s3cmd, PUT refused" {
	need s3cmd /usr/bin/s3cmd
	imds aws no-put
	watch
	ask s3cmd --no-ssl --host=$SERVICE4 --host-bucket=$SERVICE4 ls
	says s3://mock-bucket
	told <<-END
		s3cmd aws v2 token PUT /latest/api/token 404
		s3cmd aws v1 metadata GET $ROLES/ 200
		s3cmd aws v1 credential GET $ROLES/web-role 200
	END
}

@test "@smithy/credential-provider-imds" {
	need_npm @smithy/credential-provider-imds
	imds aws need-token
	watch
	ask_node imds
	says ASIAMOCKEXAMPLE00001
	told <<-END
		node aws v2 token PUT /latest/api/token 200
		node aws v2 metadata GET $ROLES/ 200
		node aws v2 credential GET $ROLES/web-role 200
	END
	is_web_role
}

@test "@smithy/credential-provider-imds, PUT refused" {
	need_npm @smithy/credential-provider-imds
	imds aws no-put
	watch
	ask_node imds
	says ASIAMOCKEXAMPLE00001
	told <<-END
		node aws v2 token PUT /latest/api/token 404
		node aws v1 metadata GET $ROLES/ 200
		node aws v1 credential GET $ROLES/web-role 200
	END
}

@test "@smithy/credential-provider-imds, in an ECS task" {
	need_npm @smithy/credential-provider-imds
	imds ecs
	watch
	ask_node AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/$TASK_ID container
	says ASIAMOCKEXAMPLE00001
	told <<-END
		node ecs - credential GET /v2/credentials/$TASK_HASH 200
	END
}

@test "@aws-sdk/ec2-metadata-service" {
	need_npm @aws-sdk/ec2-metadata-service
	imds aws need-token
	watch
	ask_node service /latest/user-data
	says DB_PASSWORD
	ask_node service latest/meta-data/instance-id "http://[$IMDS6]"
	says i-0123456789abcdef0
	# the second slash is the client's: it adds one to the path that its manual shows
	told <<-END
		node aws v2 token PUT /latest/api/token 200
		node aws v2 user-data GET //latest/user-data 200
		node aws v2 token PUT /latest/api/token 200
		node aws v2 metadata GET /latest/meta-data/instance-id 200
	END
	all '.class == "user-data"' '.path == "/latest/user-data"'
}

@test "@aws-sdk/ec2-metadata-service, PUT refused" {
	need_npm @aws-sdk/ec2-metadata-service
	imds aws no-put
	watch
	ask_node service /latest/user-data
	says DB_PASSWORD
	told <<-END
		node aws v2 token PUT /latest/api/token 404
		node aws v1 user-data GET //latest/user-data 200
	END
}

@test "gcp-metadata" {
	need_npm gcp-metadata
	imds gcp
	watch
	ask_node gcp id
	says 4520031799277581759
	ask_node gcp service-accounts/default/token
	says Bearer
	told <<-END
		node gcp - metadata GET /computeMetadata/v1/instance/id 200
		node gcp - credential GET /computeMetadata/v1/instance/service-accounts/default/token 200
	END
	all '.type == "request"' '.headers == ["metadata-flavor"]'
}

@test "gcp-metadata, looking for the service by address and by name" {
	need_npm gcp-metadata
	imds gcp
	echo "nameserver $IMDS4" >"$DIR/resolv.conf"
	echo "hosts: dns" >"$DIR/nsswitch.conf"
	watch
	ASK_VIA=(unshare --mount sh -c 'mount --bind "$0/resolv.conf" /etc/resolv.conf &&
		mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"' "$DIR")
	ask_node gcpIsAvailable
	says true
	told -any <<-END
		node gcp - metadata GET /computeMetadata/v1/instance 200
		node gcp - metadata GET /computeMetadata/v1/instance 200
		node gcp - unknown dns metadata.google.internal
		node gcp - unknown dns metadata.google.internal
	END
	expect 1 '.protocol == "http" and .http_host == "metadata.google.internal."'
}

@test "@azure/identity" {
	local token="/metadata/identity/oauth2/token"
	need_npm @azure/identity
	imds azure
	watch
	ask_node azure
	says Bearer
	told <<-END
		node azure - credential GET $token 400
		node azure - credential GET $token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com 200
	END
}

# as_text FILE [OPTION...]: one more watcher of the same, whose output is for people
as_text() {
	"${WATCH_VIA[@]}" "$SOCK_FILTER" watch -c "$POLICY" --duration 50 "${@:2}" \
		>"$1" 2>&1 3>&- 4>&- &
	PIDS+=("$!")
	WATCHERS+=("$!")
	wait_for grep -q ^watching "$1"
}

@test "all of AWS's, in every view" {
	local pid
	imds aws
	WATCHERS=()
	VIEW=()
	as_text "$DIR/text"
	as_text "$DIR/packets" --packets --decisions all
	watch
	get http://$IMDS4/latest/api/token -X PUT -H "$V2_TTL"
	get http://$IMDS4$ROLES/web-role -H "X-aws-ec2-metadata-token: $(cat "$ASKED")"
	get "http://[$IMDS6]$ROLES/web-role"
	for client in aws:"configure list" ec2-metadata:-d s3cmd:"--no-ssl --host=$SERVICE4 --host-bucket=$SERVICE4 ls"; do
		# shellcheck disable=SC2086
		[ ! -x "/usr/bin/${client%%:*}" ] || ask ${client/:/ }
	done
	ends
	for pid in "${WATCHERS[@]}"; do
		kill -INT "$pid"
		wait_for is_gone "$pid"
	done
	some '.class == "credential" and .version == "v1"'
	for view in text packets; do
		grep -qE 'curl\[[0-9]+\] +www-data\(33\) +v2 +CREDENTIAL web-role +200 ASIAMOCKEXAMPLE00001 ' "$DIR/$view" ||
			fail "no v2 in $view: $(cat "$DIR/$view")"
		grep -qE 'curl\[[0-9]+\] +www-data\(33\) +V1! +CREDENTIAL web-role +200 ASIAMOCKEXAMPLE00001 ' "$DIR/$view" ||
			fail "no v1 in $view: $(cat "$DIR/$view")"
	done
	no_canary "$DIR/text" "$DIR/packets"
}
