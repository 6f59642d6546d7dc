# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No secret of the protocol gets out: not in JSON, not in text, not in a message, whatever is
# shown besides. Each output is searched for any eight bytes of any of them.
load lib
load asker

setup() {
	asker_up 80
	endpoint imds $IMDS4 '"*"' 'port: tcp/80'
}
teardown() { net_down; }

M=/latest/meta-data
ROLES=$M/iam/security-credentials

# Every place where the protocols have a secret; the arguments hold names of secrets only.
ask_for_secrets() {
	talk "send:$(head_of PUT /latest/api/token "$TTL")" read \
		"send:$(head_of GET $ROLES/web-role 'X-aws-ec2-metadata-token: @token@')" read \
		"send:$(head_of GET $M/ami-id 'X-aws-ec2-metadata-token: @token@' 'x-AWS-ec2-metadata-token:@token@')" read \
		"send:$(head_of GET /latest/user-data 'X-aliyun-ecs-metadata-token: @token@')" read \
		"send:$(head_of GET /v1/credentials 'Authorization: @authorization@')" read \
		"send:$(head_of GET '/metadata/identity/oauth2/token?api-version=2018-02-01' 'Metadata: true')" read \
		"send:$(head_of GET /computeMetadata/v1/instance/service-accounts/default/token 'Metadata-Flavor: Google')" read \
		"send:$(head_of POST /metadata/identity/oauth2/token 'Metadata: true' 'Content-Length: 49')client_secret=@client secret@" read
	# odd ways to write the same headers, and heads without an end
	talk "send:GET $M/1 HTTP/1.1\\r\\nX-aws-ec2-metadata-token : @token@\\r\\n\\r\\n" read \
		new: "send:GET $M/2 HTTP/1.1\\nX-aws-ec2-metadata-token:\\n @token@\\n\\n" read \
		new: "send:GET $M/3 HTTP/1.1\\r\\nAuthorization: x\\r\\n @authorization@\\r\\n\\r\\n" read \
		new: "send:GET $M/4 HTTP/1.1\\r\\nX-aws-ec2-metadata-token: @token@" reset: \
		new: "bytes:$(head_of GET $M/5 'X-aws-ec2-metadata-token: @token@')" read \
		new: "send:GET $M/6 HTTP/1.1\\r\\nX-aws-ec2-metadata-token @token@\\r\\n\\r\\n" read
}

# A path that is a secret, in every way to write it.
ask_by_secret_paths() {
	local path steps=()
	for path in /v2/credentials/@i@ /v2/%63redentials/@i@ /v2//x/../credentials/./@i@ /v2/credentials/@i@/.. \
		/v2/credentials/a/@i@ http://$IMDS4/v2/credentials/@i@ '/?x=/v2/credentials/@i@' \
		/v2/CREDENTIALS/@i@ '/v2/credentials/x?@i@' /v2/credentials/%37@i@ '/v2/credentials#/@i@'; do
		steps+=("send:$(head_of GET "${path//@i@/@path id@}")" read new:)
	done
	talk "${steps[@]}" "send:GET /v2/credentials/@path id@\\r\\n" end: new: "send:GET /v2/credentials/@path id@" reset:
}

# And a query, where there are names for it.
ask_by_queries() {
	talk "send:$(head_of GET "$M/?X-aws-ec2-metadata-token=@query@")" read \
		"send:$(head_of GET "$M/?a=b&access_token=@query@&c=d")" read \
		"send:$(head_of GET "$M/?client%5fsecret=@client secret@")" read \
		"send:$(head_of GET "http://user:@query@@$IMDS4$M/")" read
}

ask() {
	ask_for_secrets
	ask_by_secret_paths
	ask_by_queries
}

no_secret() {
	local found
	found=$("$PYTHON" "$DIR/asker.py" leaks "$OUT" "$ERR")
	[ -z "$found" ] || { echo "$found"; fail "a secret was written"; }
}

@test "the search finds a secret, in whole or a part of it" {
	VIEW=()
	OUT=$DIR/one ERR=$DIR/two
	"$PYTHON" "$DIR/asker.py" secret token | cut -c 9-18 >"$OUT"
	"$PYTHON" "$DIR/asker.py" secret 'path id' >"$ERR"
	run no_secret
	[ "$status" -ne 0 ]
	grep -q "one: token: .* and 2 more" <<<"$output"
	grep -q "two: path id: " <<<"$output"
}

@test "JSON: no secret, but what is none of them" {
	watch
	ask
	end_watch
	no_secret
	expect 31 request
	all 'asked("'$ROLES'/web-role")' '.version == "v2" and .credential == {key_id: "ASIAEXAMPLEKEYID0001", expires: "2099-01-01T00:00:00Z"}'
	all 'request and (.path // "" | startswith("/v2/credentials/"))' '.path | test("^/v2/credentials/(sha256:[0-9a-f]{12}|x)$")'
	# the same id is the same digest, so that two requests can be told to be for one task
	[ "$(jq -r "$DEFS"'select(request and (.path // "" | test("sha256"))) | .path' "$OUT" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $1 }')" -ge 4 ]
}

@test "JSON with packets and all decisions: no secret" {
	VIEW=(--packets)
	watch --decisions all
	ask
	end_watch
	some pkt
	some dec
	no_secret
}

@test "text, alone and with packets and all decisions: no secret" {
	watch_text
	ask
	end_text
	no_secret
	line ' CREDENTIAL web-role  *200 ASIAEXAMPLEKEYID0001 '
	VIEW=(--packets)
	watch_text --decisions all -v
	ask
	end_text
	no_secret
	line ' packet '
}

@test "argv: a secret in an argument of curl is not shown, by JSON nor text" {
	local token authorization query client
	token=$("$PYTHON" "$DIR/asker.py" secret token)
	authorization=$("$PYTHON" "$DIR/asker.py" secret authorization)
	query=$("$PYTHON" "$DIR/asker.py" secret query)
	client=$("$PYTHON" "$DIR/asker.py" secret 'client secret')
	watch
	fetch www-data http://$IMDS4/$M/1 -H "X-aws-ec2-metadata-token: $token"
	fetch www-data http://$IMDS4/$M/2 -H "Authorization: $authorization" -u "user:$query"
	fetch www-data "http://user:$query@$IMDS4/$M/3?access_token=$query"
	fetch www-data http://$IMDS4/metadata/identity/oauth2/token -d "client_secret=$client" -d "x={\"token\": \"$token\"}"
	fetch www-data http://$IMDS4/v2/credentials/"$("$PYTHON" "$DIR/asker.py" secret 'path id')"
	end_watch
	no_secret
	expect 5 request
	all request '.owner.argv | any(contains("[redacted]"))'
	some 'request and (.owner.argv | index("X-aws-ec2-metadata-token: [redacted]"))'
}
