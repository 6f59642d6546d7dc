# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `request:` of the configuration: what fits is told, the rest is counted.
load lib
load asker

ROLE=/latest/meta-data/iam/security-credentials

setup() { asker_up 80; }
teardown() { net_down; }

# wanted NAME REQUEST [CLOUD]: one endpoint more that wants such requests.
wanted() { endpoint "$1" $IMDS4 '"*"' 'port: tcp/80' "cloud: ${3:-aws}" "request: $2"; }

all_kinds() {
	talk "send:$(head_of PUT /latest/api/token "$TTL")" read \
		"send:$(head_of GET $ROLE/web-role "$TOKEN")" read \
		"send:$(head_of GET $ROLE/web-role)" read \
		"send:$(head_of GET /latest/user-data)" read \
		"send:$(head_of HEAD /latest/%6deta-data/x/../ami-id?a=b "$TOKEN")" \
		"send:$(head_of SPY /latest/dynamic/instance-identity/document)" read:2
}

@test "version, class, method and path, each and together: an endpoint tells what fits all of them" {
	wanted v1 '{version: v1}'
	wanted doubt '{version: unknown}'
	wanted class '{class: [credential, identity]}'
	wanted method '{method: [PUT, HEAD]}'
	wanted path '{path: ["/latest/meta-data/ami-id", "/latest/user*"]}'
	wanted none '{version: v2, class: credential, method: PUT}'
	wanted both '{version: v2, class: credential}'
	watch
	all_kinds
	end_watch
	each_told '.method, .path, (.endpoints // [.endpoint] | join(","))' <<-END
		PUT /latest/api/token method
		GET $ROLE/web-role class,both
		GET $ROLE/web-role v1,class
		GET /latest/user-data v1,path
		HEAD /latest/meta-data/ami-id method,path
		SPY /latest/dynamic/instance-identity/document doubt,class
	END
	of_summary '.requests == 6 and .requests_reported == 6 and .requests_filtered == 0'
}

@test "what fits none is counted, and hides no packet" {
	wanted v1-credentials '{version: v1, class: credential}'
	VIEW=(--packets)
	watch
	all_kinds
	end_watch
	each_told '.path, .version' <<<"$ROLE/web-role v1"
	of_summary '.requests == 6 and .requests_reported == 1 and .requests_filtered == 5'
	of_summary '.packets_filtered == 0 and .packets_reported == .matched'
	# an endpoint with and one without: both are named where both want it
	rm "$POLICY"
	wanted v1-credentials '{version: v1, class: credential}'
	endpoint all $IMDS4 '"*"' 'port: tcp/80' 'cloud: aws'
	VIEW=()
	watch_text
	all_kinds
	end_text
	[ "$(grep -c '^[0-9:]* *python3' "$OUT")" = 6 ] || fail "not each request"
	line '^6 requests = 6 reported + 0 filtered + 0 left'
}

@test "a cloud without versions: none; and user and request join by and" {
	endpoint none $IMDS4 '[backup]' 'port: tcp/80' 'cloud: azure' 'request: {version: none}'
	watch
	get '/metadata/instance?api-version=1'
	client backup "${CURL[@]}" -H Metadata:true "http://$IMDS4/metadata/instance?api-version=1"
	end_watch
	each_told '.path, .class, .cloud, .version, .owner.user' <<<"/metadata/instance sensitive azure - backup"
	of_summary '.requests == 1'
}

@test "processes: only the requests of those that the endpoint shows" {
	endpoint curl $IMDS4 '["exe:/usr/bin/curl"]' 'port: tcp/80' 'cloud: aws' 'request: {version: v1}'
	endpoint others $IMDS4 '["not:exe:/usr/bin/curl"]' 'port: tcp/80' 'cloud: aws' 'request: {version: v2}'
	watch
	for token in "" "$TOKEN"; do
		fetch www-data http://$IMDS4/latest/by-curl ${token:+-H "$token"}
		get /latest/by-python ${token:+"$token"}
	done
	end_watch
	each_told '.path, .version, .endpoint, .owner.comm' <<-END
		/latest/by-curl v1 curl curl
		/latest/by-python v2 others python3
	END
	of_summary '.requests == 4 and .requests_filtered == 2'
}

@test "a reload changes what is told from there on, and a request under way keeps its endpoint's name" {
	wanted before '{class: metadata}'
	mkfifo "$DIR/gate"
	watch
	talk "send:$(head_of GET /latest/meta-data/1)$(head_of GET /latest/user-data)" read:2
	asker talk $IMDS4 80 "send:GET /latest/meta-data/2 HTTP/1.1\\r\\n" "gate:$DIR/gate" "send:\\r\\n" read \
		"send:$(head_of GET /latest/user-data)$(head_of GET /latest/meta-data/3)" read:2 >"$DIR/said" 3>&- 4>&- &
	local asking=$!
	wait_for grep -qs here "$DIR/said"
	rm "$POLICY"
	wanted after '{class: user-data}'
	reload
	echo go >"$DIR/gate"
	wait "$asking"
	end_watch
	each_told '.path, .endpoint' <<-END
		/latest/meta-data/1 before
		/latest/meta-data/2 before
		/latest/user-data after
	END
	of_summary '.requests == 5 and .requests_filtered == 2'
}

@test "a filter that cannot be is an error with its place, and a reload to it changes nothing" {
	wanted imds '{version: v1}'
	watch
	sed -i 's/{version: v1}/{version: v3, clas: credential}/' "$POLICY"
	hang_up
	get /latest/user-data
	get /latest/user-data "$TOKEN"
	end_watch
	some '.type == "reload" and (.ok | not)'
	grep -q "policy.yml:[0-9]*:[0-9]*: error: 'v3' is not a version" "$ERR" || fail "no error"
	grep -q "policy.yml:[0-9]*:[0-9]*: error: unknown key 'clas'" "$ERR" || fail "no second error"
	each_told '.version, .endpoint' <<<"v1 imds"
}
