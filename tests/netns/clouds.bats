# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each cloud's service, a mock of it, asked by curl as its manual says: cloud, version and class of
# each request are right, its process is named, and no secret is told. The tests are rows of
# docs/clients.md.
load lib
load imds

setup() { net_up; }
teardown() { net_down; }

@test "curl, AWS, v2" {
	imds aws need-token
	watch
	for host in $IMDS4 "[$IMDS6]"; do
		get "http://$host/latest/api/token" -X PUT -H "$V2_TTL"
		token=$(cat "$ASKED")
		for path in $ROLES/ $ROLES/web-role /latest/user-data /latest/dynamic/instance-identity/document; do
			get "http://$host$path" -H "X-aws-ec2-metadata-token: $token"
		done
	done
	told <<-END
		curl aws v2 token PUT /latest/api/token 200
		curl aws v2 metadata GET $ROLES/ 200
		curl aws v2 credential GET $ROLES/web-role 200
		curl aws v2 user-data GET /latest/user-data 200
		curl aws v2 identity GET /latest/dynamic/instance-identity/document 200
		curl aws v2 token PUT /latest/api/token 200
		curl aws v2 metadata GET $ROLES/ 200
		curl aws v2 credential GET $ROLES/web-role 200
		curl aws v2 user-data GET /latest/user-data 200
		curl aws v2 identity GET /latest/dynamic/instance-identity/document 200
	END
	is_web_role
}

@test "curl, AWS, v1" {
	imds aws
	watch
	get http://$IMDS4$ROLES/web-role
	get http://$IMDS4/2021-03-23/user-data
	get "http://[$IMDS6]/latest/meta-data/instance-id" -I
	told <<-END
		curl aws v1 credential GET $ROLES/web-role 200
		curl aws v1 user-data GET /2021-03-23/user-data 200
		curl aws v1 metadata HEAD /latest/meta-data/instance-id 200
	END
	is_web_role
}

@test "curl, AWS, v1 where a token is required" {
	imds aws need-token
	watch
	get http://$IMDS4$ROLES/web-role
	get http://$IMDS4/latest/user-data -H 'X-aws-ec2-metadata-token: expired'
	told <<-END
		curl aws v1 credential GET $ROLES/web-role 401
		curl aws v2 user-data GET /latest/user-data 401
	END
	none '.credential'
}

@test "curl, ECS task" {
	imds ecs
	watch
	get http://169.254.170.2/v2/metadata
	get http://169.254.170.2/v2/credentials/$TASK_ID
	told <<-END
		curl ecs - metadata GET /v2/metadata 200
		curl ecs - credential GET /v2/credentials/$TASK_HASH 200
	END
}

@test "curl, EKS Pod Identity" {
	imds eks
	watch
	get http://169.254.170.23/v1/credentials -H 'Authorization: eyJcanarycanarycanary'
	get 'http://[fd00:ec2::23]/v1/credentials'
	told <<-END
		curl eks - credential GET /v1/credentials 200
		curl eks - credential GET /v1/credentials 401
	END
}

@test "curl, Google" {
	local base=/computeMetadata/v1/instance
	imds gcp
	watch
	for path in $base/id $base/service-accounts/default/token $base/attributes/kube-env; do
		get "http://$IMDS4$path" -H 'Metadata-Flavor: Google'
	done
	get "http://$IMDS4$base/service-accounts/default/identity?audience=x" -H 'Metadata-Flavor: Google'
	get "http://$IMDS4$base/id"
	get http://$IMDS4/computeMetadata/v1beta1/instance/id
	get http://$IMDS4/0.1/meta-data/instance-id
	told <<-END
		curl gcp - metadata GET $base/id 200
		curl gcp - credential GET $base/service-accounts/default/token 200
		curl gcp - sensitive GET $base/attributes/kube-env 200
		curl gcp - credential GET $base/service-accounts/default/identity?audience=x 200
		curl gcp - metadata GET $base/id 403
		curl gcp v1 metadata GET /computeMetadata/v1beta1/instance/id 200
		curl gcp v1 metadata GET /0.1/meta-data/instance-id 200
	END
}

@test "curl, Azure" {
	local token="/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/"
	imds azure
	watch
	for path in /metadata/versions "/metadata/instance?api-version=2021-02-01" "$token"; do
		get "http://$IMDS4$path" -H Metadata:true
	done
	get "http://$IMDS4/metadata/instance?api-version=2021-02-01"
	told <<-END
		curl azure - metadata GET /metadata/versions 200
		curl azure - sensitive GET /metadata/instance?api-version=2021-02-01 200
		curl azure - credential GET $token 200
		curl azure - sensitive GET /metadata/instance?api-version=2021-02-01 400
	END
}

@test "curl, Azure WireServer" {
	imds wireserver
	watch
	get "http://168.63.129.16/machine/?comp=goalstate" -H 'x-ms-version: 2012-11-30'
	told <<-END
		curl azure-wire - sensitive GET /machine/?comp=goalstate 200
	END
}

@test "curl, Oracle" {
	imds oci
	watch
	get http://$IMDS4/opc/v2/instance/ -H 'Authorization: Bearer Oracle'
	get http://$IMDS4/opc/v2/identity/key.pem -H 'Authorization: Bearer Oracle'
	get http://$IMDS4/opc/v2/instance/id
	get http://$IMDS4/opc/v1/instance/id
	told <<-END
		curl oci v2 sensitive GET /opc/v2/instance/ 200
		curl oci v2 credential GET /opc/v2/identity/key.pem 200
		curl oci unknown metadata GET /opc/v2/instance/id 401
		curl oci v1 metadata GET /opc/v1/instance/id 200
	END
}

@test "curl, Alibaba" {
	local at=http://100.100.100.200 roles=/latest/meta-data/ram/security-credentials
	imds alibaba
	watch
	get $at/latest/api/token -X PUT -H 'X-aliyun-ecs-metadata-token-ttl-seconds: 600'
	get $at$roles/web-role -H "X-aliyun-ecs-metadata-token: $(cat "$ASKED")"
	get $at$roles/web-role
	get $at/latest/user-data
	told <<-END
		curl alibaba v2 token PUT /latest/api/token 200
		curl alibaba v2 credential GET $roles/web-role 200
		curl alibaba v1 credential GET $roles/web-role 200
		curl alibaba v1 user-data GET /latest/user-data 200
	END
	is_web_role
}

@test "curl, DigitalOcean" {
	imds digitalocean
	watch
	for path in id user-data; do get http://$IMDS4/metadata/v1/$path; done
	get http://$IMDS4/metadata/v1.json
	told <<-END
		curl digitalocean - metadata GET /metadata/v1/id 200
		curl digitalocean - user-data GET /metadata/v1/user-data 200
		curl digitalocean - sensitive GET /metadata/v1.json 200
	END
}

@test "curl, Hetzner" {
	imds hetzner
	watch
	for path in metadata/instance-id userdata; do get http://$IMDS4/hetzner/v1/$path; done
	told <<-END
		curl hetzner - metadata GET /hetzner/v1/metadata/instance-id 200
		curl hetzner - user-data GET /hetzner/v1/userdata 200
	END
}

@test "curl, OpenStack" {
	imds openstack
	watch
	for path in openstack/latest/meta_data.json openstack/latest/user_data latest/meta-data/instance-id; do
		get http://$IMDS4/$path
	done
	told <<-END
		curl openstack - metadata GET /openstack/latest/meta_data.json 200
		curl openstack - user-data GET /openstack/latest/user_data 200
		curl openstack - metadata GET /latest/meta-data/instance-id 200
	END
}

@test "curl, Scaleway" {
	imds scaleway
	watch
	get http://169.254.42.42/conf
	get 'http://[fd00:42::42]/conf'
	told <<-END
		curl scaleway - metadata GET /conf 200
		curl scaleway - metadata GET /conf 200
	END
}

@test "curl, Akamai" {
	imds akamai
	watch
	get http://$IMDS4/v1/token -X PUT -H 'Metadata-Token-Expiry-Seconds: 600'
	get http://$IMDS4/v1/user-data -H "Metadata-Token: $(cat "$ASKED")"
	told <<-END
		curl akamai - token PUT /v1/token 200
		curl akamai - user-data GET /v1/user-data 200
	END
}

@test "curl, on a host of no known cloud" {
	imds aws
	firmware
	watch
	get http://$IMDS4/latest/api/token -X PUT -H "$V2_TTL"
	get http://$IMDS4$ROLES/web-role -H "X-aws-ec2-metadata-token: $(cat "$ASKED")"
	get http://$IMDS4/computeMetadata/v1/instance/id -H 'Metadata-Flavor: Google'
	get http://$IMDS4/latest/meta-data/instance-id
	told <<-END
		curl aws v2 token PUT /latest/api/token 200
		curl aws v2 credential GET $ROLES/web-role 200
		curl gcp - metadata GET /computeMetadata/v1/instance/id 404
		curl - unknown metadata GET /latest/meta-data/instance-id 200
	END
	all '.version == "unknown"' '.reason == "cloud"'
}
