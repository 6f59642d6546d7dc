// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests, as they are on the wire, to what is said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "glob.h"
#include "guard.h"
#include "mem.h"
#include "metadata.h"

#define IMDS "169.254.169.254"

static struct metadata_place place_of(const char *addr, uint16_t port)
{
	struct metadata_place place = {.port_be = htons(port)};

	if (inet_pton(AF_INET6, addr, place.endpoint) != 1) {
		memset(place.endpoint + 10, 0xff, 2);
		assert_int_equal(inet_pton(AF_INET, addr, place.endpoint + 12), 1);
	}
	return place;
}

static struct http_scan scan;
static struct metadata_path path;

/* The whole of what is said of the head in text. */
static struct metadata classify(const char *text, const struct metadata_place *place,
				enum metadata_reason doubt)
{
	struct metadata metadata;
	struct guard guard;
	size_t consumed;

	http_init(&scan, HTTP_REQUEST);
	if (http_decode(&scan, (const uint8_t *)text, strlen(text), &consumed) == HTTP_MORE)
		http_end(&scan);
	guard_init(&guard, scan.head.target, scan.head.target_len);
	metadata_path_parse(guard.bytes, guard.len, &path);
	guard_done(&guard);
	metadata_classify(&scan.head, &path, place, doubt, &metadata);
	return metadata;
}

struct vector {
	const char *line; /* "METHOD target", then headers */
	const char *addr;
	uint16_t port;
	enum metadata_cloud configured;
	const char *expected; /* "cloud version class role reason" */
};

static void assert_vectors(const struct vector *vectors, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct vector *v = &vectors[i];
		struct metadata_place place = place_of(v->addr, v->port);
		char text[1000], said[400];
		const char *headers = strchr(v->line, '\n');
		size_t line_len = headers ? (size_t)(headers - v->line) : strlen(v->line);
		struct metadata metadata;

		place.configured = v->configured;
		snprintf(text, sizeof(text), "%.*s HTTP/1.1%s%s\n\n", (int)line_len, v->line,
			 headers ? headers : "", "");
		metadata = classify(text, &place, METADATA_SURE);
		snprintf(said, sizeof(said), "%s %s %s %s %s", metadata_cloud_name(metadata.cloud),
			 metadata_version_name(metadata.version),
			 metadata_class_name(metadata.class), metadata.role,
			 metadata_reason_name(metadata.reason));
		if (strcmp(said, v->expected) != 0)
			fail_msg("%s: \"%s\" and not \"%s\"", v->line, said, v->expected);
	}
}

#define T "\nX-aws-ec2-metadata-token: t"
#define TTL "\nX-aws-ec2-metadata-token-ttl-seconds: 60"

static void test_aws(void **state)
{
	static const struct vector vectors[] = {
#define A(line, expected) {line, IMDS, 80, METADATA_AWS, "aws " expected}
		A("PUT /latest/api/token" TTL, "v2 token  "),
		A("PUT /latest/api/token", "v2 token  "),
		A("GET /latest/api/token", "v1 metadata  "),
		A("PUT /2021-01-03/api/token" TTL, "v2 token  "),
		A("GET /latest/meta-data/", "v1 metadata  "),
		A("HEAD /latest/meta-data/", "v1 metadata  "),
		A("GET /latest/meta-data/" T, "v2 metadata  "),
		A("GET /", "v1 metadata  "),
		A("GET /latest", "v1 metadata  "),
		A("GET /latest/meta-data/iam/security-credentials/", "v1 metadata  "),
		A("GET /latest/meta-data/iam/security-credentials/web", "v1 credential web "),
		A("GET /latest/meta-data/iam/security-credentials/web" T, "v2 credential web "),
		A("GET /2009-04-04/meta-data/iam/security-credentials/web/", "v1 credential web "),
		A("GET /latest/meta-data/identity-credentials/ec2/security-credentials/"
		  "ec2-instance",
		  "v1 credential ec2-instance "),
		A("GET /latest/user-data", "v1 user-data  "),
		A("GET /2009-04-04/user-data" T, "v2 user-data  "),
		A("GET /latest/dynamic/instance-identity/document", "v1 identity  "),
		A("GET /favicon.ico", "v1 unknown  "),
		A("GET /evil/meta-data/x", "v1 unknown  "),
		/* neither a read nor a token's request */
		A("POST /latest/meta-data/", "unknown metadata  method"),
		A("POST /latest/meta-data/" T, "v2 metadata  "),
		A("PUT /latest/meta-data/", "unknown metadata  method"),
#undef A
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_other_services_of_aws(void **state)
{
	static const struct vector vectors[] = {
		{"GET /v2/credentials/0a1b2c3d-1111-2222-3333-444455556666", "169.254.170.2", 80,
		 METADATA_AWS, "ecs  credential  "},
		{"GET /v2/credentials/x", "169.254.170.2", 80, METADATA_NO_CLOUD,
		 "ecs  credential  "},
		{"GET /v2/credentials/x", "127.0.0.1", 51679, METADATA_NO_CLOUD,
		 "ecs  credential  "},
		{"GET /v2/metadata", "169.254.170.2", 80, METADATA_NO_CLOUD, "ecs  metadata  "},
		{"GET /v3/x", "169.254.170.2", 80, METADATA_NO_CLOUD, "ecs  metadata  "},
		{"GET /v4/x", "169.254.170.2", 80, METADATA_NO_CLOUD, "ecs  unknown  "},
		{"GET /v1/credentials\nAuthorization: jwt", "169.254.170.23", 80, METADATA_NO_CLOUD,
		 "eks  credential  "},
		{"GET /v1/credentials", "fd00:ec2::23", 80, METADATA_AWS, "eks  credential  "},
		{"GET /latest/meta-data/", "fd00:ec2::254", 80, METADATA_NO_CLOUD,
		 "aws v1 metadata  "},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_azure(void **state)
{
	static const struct vector vectors[] = {
#define A(line, expected) {line "\nMetadata: true", IMDS, 80, METADATA_NO_CLOUD, "azure  " expected}
		A("GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=x",
		  "credential  "),
		A("GET /Metadata/Identity/OAuth2/Token", "credential  "),
		A("GET /metadata/instance?api-version=2021-02-01", "sensitive  "),
		A("GET /metadata/instance/compute/userData", "user-data  "),
		A("GET /metadata/attested/document", "sensitive  "),
		A("GET /metadata/versions", "metadata  "),
		A("GET /x", "unknown  "),
#undef A
		{"GET /machine?comp=goalstate", "168.63.129.16", 80, METADATA_AZURE,
		 "azure-wire  sensitive  "},
		{"GET /vmSettings", "168.63.129.16", 32526, METADATA_NO_CLOUD,
		 "azure-wire  sensitive  "},
		{"GET /metadata/versions", IMDS, 80, METADATA_NO_CLOUD, "azure  metadata  "},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_gcp(void **state)
{
	static const struct vector vectors[] = {
#define G(line, expected) \
	{line "\nMetadata-Flavor: Google", IMDS, 80, METADATA_NO_CLOUD, "gcp " expected}
		G("GET /computeMetadata/v1/instance/service-accounts/default/token",
		  " credential default "),
		G("GET /computeMetadata/v1/instance/service-accounts/a@b.c/identity?audience=x",
		  " credential a@b.c "),
		G("GET /computeMetadata/v1/instance/attributes/kube-env", " sensitive  "),
		G("GET /computeMetadata/v1/instance/?recursive=true", " sensitive  "),
		G("GET /computeMetadata/v1/instance/?alt=json&recursive", " sensitive  "),
		G("GET /computeMetadata/v1/instance/?recursive=false", " metadata  "),
		G("GET /computeMetadata/v1/instance/?x=recursive", " metadata  "),
		G("GET /computeMetadata/v1/instance/service-accounts/", " metadata  "),
		G("GET /computeMetadata/v1beta1/instance/service-accounts/default/token",
		  "v1 credential default "),
		G("GET /0.1/meta-data/x", "v1 metadata  "),
		G("GET /x", " unknown  "),
#undef G
		{"GET /0.1/meta-data/x", IMDS, 80, METADATA_NO_CLOUD, "gcp v1 metadata  "},
		{"GET /computeMetadata/v1/instance/id", "169.254.169.252", 988, METADATA_NO_CLOUD,
		 "gcp  metadata  "},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_oci(void **state)
{
	static const struct vector vectors[] = {
#define O(line, expected) {line, IMDS, 80, METADATA_NO_CLOUD, "oci " expected}
		O("GET /opc/v2/instance/\nAuthorization: Bearer Oracle", "v2 sensitive  "),
		O("GET /opc/v2/instance/region\nAuthorization: Bearer Oracle", "v2 metadata  "),
		O("GET /opc/v2/identity/key.pem\nAuthorization: Bearer Oracle", "v2 credential  "),
		O("GET /opc/v1/identity/cert.pem", "v1 credential  "),
		O("GET /opc/v1/instance/metadata/user_data", "v1 user-data  "),
		O("GET /opc/v1/instance/metadata/", "v1 sensitive  "),
		O("GET /opc/v2/instance/region", "unknown metadata  no_header"),
		O("GET /opc/v2/instance/region\nAuthorization: Bearer Other",
		  "unknown metadata  no_header"),
		O("GET /opc/v2/instance/region\nAuthorization : Bearer Oracle",
		  "unknown metadata  ambiguous"),
#undef O
		{"GET /openstack/latest/user_data", IMDS, 80, METADATA_OCI, "oci v1 user-data  "},
		{"GET /x", IMDS, 80, METADATA_OCI, "oci  unknown  "},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_alibaba(void **state)
{
	static const struct vector vectors[] = {
#define A(line, expected) {line, "100.100.100.200", 80, METADATA_NO_CLOUD, "alibaba " expected}
		A("PUT /latest/api/token\nX-aliyun-ecs-metadata-token-ttl-seconds: 9",
		  "v2 token  "),
		A("GET /latest/meta-data/ram/security-credentials/", "v1 metadata  "),
		A("GET /latest/meta-data/ram/security-credentials/r", "v1 credential r "),
		A("GET /latest/meta-data/ram/security-credentials/r\n"
		  "X-aliyun-ecs-metadata-token: t",
		  "v2 credential r "),
		/* another cloud's token is none here */
		A("GET /latest/meta-data/" T, "v1 metadata  "),
		A("GET /latest/user-data", "v1 user-data  "),
#undef A
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_clouds_without_versions(void **state)
{
	static const struct vector vectors[] = {
#define D METADATA_DIGITALOCEAN
		{"GET /metadata/v1/user-data", IMDS, 80, D, "digitalocean  user-data  "},
		{"GET /metadata/v1/vendor-data", IMDS, 80, D, "digitalocean  sensitive  "},
		{"GET /metadata/v1.json", IMDS, 80, D, "digitalocean  sensitive  "},
		{"GET /metadata/v1/id", IMDS, 80, D, "digitalocean  metadata  "},
		{"GET /metadata/v1.json", IMDS, 80, METADATA_NO_CLOUD, "digitalocean  sensitive  "},
#undef D
		{"GET /hetzner/v1/userdata", IMDS, 80, METADATA_HETZNER, "hetzner  user-data  "},
		{"GET /hetzner/v1/metadata/userdata", IMDS, 80, METADATA_NO_CLOUD,
		 "hetzner  user-data  "},
		{"GET /hetzner/v1/metadata", IMDS, 80, METADATA_NO_CLOUD, "hetzner  metadata  "},
		{"GET /openstack/latest/user_data", IMDS, 80, METADATA_NO_CLOUD,
		 "openstack  user-data  "},
		{"GET /openstack/2018-08-27/vendor_data2.json", IMDS, 80, METADATA_OPENSTACK,
		 "openstack  sensitive  "},
		{"GET /openstack/latest/vendor_data.json", IMDS, 80, METADATA_OPENSTACK,
		 "openstack  sensitive  "},
		{"GET /openstack/latest/meta_data.json", IMDS, 80, METADATA_OPENSTACK,
		 "openstack  metadata  "},
		/* its EC2-compatible tree is not AWS's v1 */
		{"GET /latest/user-data", IMDS, 80, METADATA_OPENSTACK, "openstack  user-data  "},
		{"GET /2009-04-04/meta-data/", IMDS, 80, METADATA_OPENSTACK,
		 "openstack  metadata  "},
		{"GET /conf", "169.254.42.42", 80, METADATA_NO_CLOUD, "scaleway  metadata  "},
		{"GET /conf", "fd00:42::42", 80, METADATA_NO_CLOUD, "scaleway  metadata  "},
		{"PUT /v1/token", "fd00:a9fe:a9fe::1", 80, METADATA_NO_CLOUD, "akamai  token  "},
		{"PUT /v1/token", IMDS, 80, METADATA_AKAMAI, "akamai  token  "},
		{"GET /v1/instance", IMDS, 80, METADATA_AKAMAI, "akamai  metadata  "},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

/* Nobody is AWS by default: without a cloud there is no v1. */
static void test_unknown_cloud(void **state)
{
	static const struct vector vectors[] = {
#define U(line, expected) {line, IMDS, 80, METADATA_NO_CLOUD, " unknown " expected " cloud"}
		U("GET /latest/meta-data/", "metadata "),
		U("GET /latest/meta-data/iam/security-credentials/web", "credential web"),
		U("GET /latest/user-data", "user-data "),
		U("PUT /latest/api/token", "token "),
		U("GET /some/thing/user-data", "user-data "),
		U("GET /x", "unknown "),
#undef U
		{"GET /latest/meta-data/", "10.1.2.3", 8080, METADATA_NO_CLOUD,
		 " unknown metadata  cloud"},
		{"GET /latest/meta-data/" T, "10.1.2.3", 8080, METADATA_NO_CLOUD,
		 "aws v2 metadata  "},
		/* headers of two clouds name none */
		{"GET /latest/meta-data/" T "\nMetadata-Flavor: Google", IMDS, 80,
		 METADATA_NO_CLOUD, " unknown metadata  cloud"},
		/* any address and port, when the configuration says so */
		{"GET /latest/meta-data/", "10.1.2.3", 8080, METADATA_AWS, "aws v1 metadata  "},
		{"GET /latest/meta-data/", "2001:db8::1", 8080, METADATA_AWS, "aws v1 metadata  "},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_dmi(void **state)
{
	static const char text[] = "GET /latest/meta-data/ HTTP/1.1\r\n\r\n";
	struct metadata_place place = place_of(IMDS, 80);

	(void)state;
	place.dmi = METADATA_AWS;
	assert_int_equal(classify(text, &place, METADATA_SURE).cloud, METADATA_AWS);
	assert_int_equal(classify(text, &place, METADATA_SURE).version, METADATA_V1);
	/* the configuration is stronger */
	place.configured = METADATA_OPENSTACK;
	assert_int_equal(classify(text, &place, METADATA_SURE).cloud, METADATA_OPENSTACK);
	/* it is no help at an address that is another cloud's */
	place = place_of("168.63.129.16", 80);
	place.dmi = METADATA_AWS;
	assert_int_equal(classify(text, &place, METADATA_SURE).cloud, METADATA_AZURE_WIRE);
	place = place_of("169.254.170.2", 80);
	place.dmi = METADATA_AWS;
	assert_int_equal(classify(text, &place, METADATA_SURE).cloud, METADATA_ECS);
	place = place_of(IMDS, 80);
	place.dmi = METADATA_SCALEWAY;
	assert_int_equal(classify(text, &place, METADATA_SURE).cloud, METADATA_NO_CLOUD);
}

/* Doubt has no version, whatever the head looks like. */
static void test_doubt(void **state)
{
	struct metadata_place place = place_of(IMDS, 80);

	(void)state;
	place.configured = METADATA_AWS;
	for (int doubt = METADATA_JOINED; doubt <= METADATA_BOUND; doubt++) {
		static const char *const texts[] = {
			"GET /latest/user-data HTTP/1.1\r\n\r\n",
			"GET /latest/user-data HTTP/1.1" T "\r\n\r\n",
			"PUT /latest/api/token HTTP/1.1\r\n\r\n",
			"GET /latest/user-data HTTP/1.1\r\nHos",
			"GET /lat",
		};

		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			struct metadata metadata =
				classify(texts[i], &place, (enum metadata_reason)doubt);

			assert_int_equal(metadata.version, METADATA_UNKNOWN);
			assert_int_equal(metadata.reason, doubt);
		}
	}
	/* half a path is no path */
	assert_int_equal(classify("GET /latest/meta-data/iam/security-credentials/we", &place,
				  METADATA_NO_END)
				 .class,
			 METADATA_CLASS_UNKNOWN);
	assert_int_equal(
		classify("GET /latest/user-data HTTP/1.1\r\nHo", &place, METADATA_GAP).class,
		METADATA_CLASS_USER_DATA);
}

static void test_ambiguous_heads(void **state)
{
	static const char *const texts[] = {
		"GET /latest/user-data HTTP/1.1\r\nX-aws-ec2-metadata-token : t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nX-aws-ec2-metadata-token:\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nA: b\r\n X-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nA: b\nX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nA: b\rX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\n\nX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data\r\nX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data\r\nHost: x\r\n\r\n",
		"GET /latest/user-data HTTP/0.9\r\nX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data http/1.1\r\nX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1x\r\nHost: x\r\n\r\n",
	};
	static const char nul[] = "GET /latest/user-data HTTP/1.1\r\nA: \0b\r\n\r\n";
	struct metadata_place place = place_of(IMDS, 80);
	struct metadata metadata;
	size_t consumed;

	(void)state;
	place.configured = METADATA_AWS;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		metadata = classify(texts[i], &place, METADATA_SURE);
		if (metadata.version != METADATA_UNKNOWN || metadata.reason != METADATA_AMBIGUOUS)
			fail_msg("%s: %s", texts[i], metadata_version_name(metadata.version));
		assert_int_equal(metadata.class, METADATA_CLASS_USER_DATA);
	}
	/* where the path alone says "v1", it may be read as another one */
	place.configured = METADATA_OCI;
	metadata = classify("GET /opc/v1/ HTTP/1.1\r\nA: b\rC: d\r\n\r\n", &place, METADATA_SURE);
	assert_int_equal(metadata.version, METADATA_UNKNOWN);
	assert_int_equal(metadata.reason, METADATA_AMBIGUOUS);
	place.configured = METADATA_AWS;
	http_init(&scan, HTTP_REQUEST);
	http_decode(&scan, (const uint8_t *)nul, sizeof(nul) - 1, &consumed);
	metadata_classify(&scan.head, &path, &place, METADATA_SURE, &metadata);
	assert_int_equal(metadata.reason, METADATA_AMBIGUOUS);
}

static void test_odd_but_clear_heads(void **state)
{
	static const struct {
		const char *text;
		enum metadata_version version;
	} vectors[] = {
		{"GET /latest/user-data HTTP/0.9\r\n\r\n", METADATA_V1},
		{"GET /latest/user-data HTTP/1.7\r\nX-aws-ec2-metadata-token: t\r\n\r\n",
		 METADATA_V2},
		{"GET /latest/user-data HTTP/1.1\n\n", METADATA_V1},
		{"GET /latest/user-data HTTP/1.1\nX-aws-ec2-metadata-token: t\n\n", METADATA_V2},
		{"get /latest/user-data HTTP/1.1\r\n\r\n", METADATA_V1},
		{"GET http://x/latest/user-data HTTP/1.1\r\n\r\n", METADATA_V1},
		{"GET /latest/user-data\r\n\r\n", METADATA_V1},
		{"GET /latest/user-data HTTP/1.1\r\nA : b\r\n\r\n", METADATA_V1},
		{"GET /latest/user-data HTTP/1.1\r\nX-aws-ec2-metadata-token: a\r\n"
		 "X-aws-ec2-metadata-token: b\r\n\r\n",
		 METADATA_V2},
		{"GET /latest/user-data HTTP/1.1\r\nX-aws-ec2-metadata-token: a\r\n"
		 "A: b\r\n c\r\n\r\n",
		 METADATA_V2},
	};
	struct metadata_place place = place_of(IMDS, 80);

	(void)state;
	place.configured = METADATA_AWS;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct metadata metadata = classify(vectors[i].text, &place, METADATA_SURE);

		if (metadata.version != vectors[i].version)
			fail_msg("%s: %s", vectors[i].text,
				 metadata_version_name(metadata.version));
		assert_int_equal(metadata.class, METADATA_CLASS_USER_DATA);
	}
}

/* AWS's analyzer: "the token's name anywhere in the payload" passes for v2. */
static void test_analyzer_name_anywhere(void **state)
{
	static const char *const texts[] = {
		"GET /latest/user-data?x-aws-ec2-metadata-token=t HTTP/1.1\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nUser-Agent: x-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nA: X-aws-ec2-metadata-token\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nXX-aws-ec2-metadata-token: t\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 31\r\n\r\nX-aws-ec2-metadata-token: abc\r\n",
	};
	struct metadata_place place = place_of(IMDS, 80);

	(void)state;
	place.configured = METADATA_AWS;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(classify(texts[i], &place, METADATA_SURE).version, METADATA_V1);
}

static void assert_path(const char *target, const char *normal, const char *raw)
{
	struct guard guard;

	guard_init(&guard, target, strlen(target));
	metadata_path_parse(guard.bytes, guard.len, &path);
	guard_done(&guard);
	if (strcmp(path.path, normal) != 0)
		fail_msg("%s: %s", target, path.path);
	if (strcmp(path.raw, raw ? raw : target) != 0)
		fail_msg("%s: raw %s", target, path.raw);
}

static void test_paths(void **state)
{
	(void)state;
	assert_path("/", "/", NULL);
	assert_path("", "/", NULL);
	assert_path("/latest/meta-data/", "/latest/meta-data", NULL);
	assert_path("//latest///meta-data", "/latest/meta-data", NULL);
	assert_path("/latest/./x/../meta-data/.", "/latest/meta-data", NULL);
	assert_path("/../../latest", "/latest", NULL);
	assert_path("/a/b/../..", "/", NULL);
	assert_path("/%6catest%2Fmeta%2ddata", "/latest/meta-data", NULL);
	assert_path("/%2e%2E/latest/%2e/x", "/latest/x", NULL);
	assert_path("/%252e%252e/x", "/%252e%252e/x", NULL);
	assert_path("/a%", "/a%25", NULL);
	assert_path("/a%4", "/a%254", NULL);
	assert_path("/a%zz", "/a%25zz", NULL);
	assert_path("/a?b=/../c#d", "/a", NULL);
	assert_path("/a#b", "/a", NULL);
	assert_path("/a%3fb%23c%20d\\", "/a%3Fb%23c%20d%5C", "/a%3fb%23c%20d\\\\");
	assert_path("/caf\xc3\xa9\x1b", "/caf%C3%A9%1B", "/caf\\xc3\\xa9\\x1b");
	assert_path("http://169.254.169.254:80/latest/", "/latest", NULL);
	assert_string_equal(path.host, "169.254.169.254:80");
	assert_path("http://h", "/", NULL);
	assert_path("http://h?x", "/", NULL);
	assert_path("/http://h/x", "/http:/h/x", NULL);
	assert_string_equal(path.host, "");
	assert_path("*", "/*", NULL);
	assert_path("latest/user-data", "/latest/user-data", NULL);
}

static void test_paths_are_bounded(void **state)
{
	static char target[HTTP_TARGET_MAX];
	size_t len = 0;

	(void)state;
	memset(target, 'a', sizeof(target));
	metadata_path_parse(target, sizeof(target), &path);
	assert_true(path.is_cut);
	memset(target, '\xff', sizeof(target));
	metadata_path_parse(target, sizeof(target), &path);
	assert_true(path.is_cut);
	assert_true(strlen(path.path) < METADATA_PATH_MAX);
	for (int i = 0; i < METADATA_SEGMENTS_MAX; i++)
		len += (size_t)sprintf(target + len, "/a");
	metadata_path_parse(target, len, &path);
	assert_false(path.is_cut);
	assert_int_equal(path.n_segments, METADATA_SEGMENTS_MAX);
	len += (size_t)sprintf(target + len, "/a");
	metadata_path_parse(target, len, &path);
	assert_true(path.is_cut);
	/* what there is room for is there */
	assert_int_equal(strlen(path.path), 2 * METADATA_SEGMENTS_MAX);
	len = (size_t)sprintf(target, "http://%0*d/a", 300, 0);
	metadata_path_parse(target, len, &path);
	assert_true(path.is_text_cut);
	assert_false(path.is_cut);
	assert_string_equal(path.path, "/a");
	/* a cut path is of no class */
	len = (size_t)sprintf(target, "GET /latest/user-data/");
	memset(target + len, '/', 10);
	memset(target + len + 10, 'x', 1500);
	strcpy(target + len + 1510, " HTTP/1.1\r\n\r\n");
	struct metadata_place place = place_of(IMDS, 80);
	assert_int_equal(classify(target, &place, METADATA_SURE).class, METADATA_CLASS_UNKNOWN);
}

/* A long query hides no path, and what was cut is not taken for a path that is shorter. */
static void test_long_targets(void **state)
{
	char text[HTTP_TARGET_MAX + 64];
	struct metadata_place place = place_of(IMDS, 80);
	size_t len = HTTP_TARGET_MAX - sizeof("/latest/user-data") + 1;

	(void)state;
	snprintf(text, sizeof(text), "GET /latest/user-data?%0*d HTTP/1.1\r\n\r\n", 1500, 0);
	assert_int_equal(classify(text, &place, METADATA_SURE).class, METADATA_CLASS_USER_DATA);
	snprintf(text, sizeof(text), "GET http://%0*d/latest/user-data HTTP/1.1\r\n\r\n", 900, 0);
	assert_int_equal(classify(text, &place, METADATA_SURE).class, METADATA_CLASS_USER_DATA);
	/* the last byte that is kept is the path's, and another may follow */
	memcpy(text, "GET ", 4);
	memset(text + 4, '/', len);
	strcpy(text + 4 + len, "/latest/user-data HTTP/1.1\r\n\r\n");
	assert_int_equal(classify(text, &place, METADATA_SURE).class, METADATA_CLASS_UNKNOWN);
	strcpy(text + 3 + len, "/latest/user-data HTTP/1.1\r\n\r\n");
	assert_int_equal(classify(text, &place, METADATA_SURE).class, METADATA_CLASS_USER_DATA);
}

/* What lies behind the part of a target that is kept may lead anywhere. */
static void test_cut_targets(void **state)
{
	static const struct {
		enum metadata_cloud cloud;
		const char *begin;
		const char *end;
		enum metadata_version version;
	} vectors[] = {
		{METADATA_OCI, "GET /opc/v1/", "../v2/instance", METADATA_UNKNOWN},
		{METADATA_OCI, "GET /opc/v2/", "../v1/instance", METADATA_UNKNOWN},
		{METADATA_GCP, "GET /0.1/", "../computeMetadata/v1/x", METADATA_UNKNOWN},
		{METADATA_GCP, "GET /computeMetadata/v1/", "../v1beta1/x", METADATA_UNKNOWN},
		{METADATA_NO_CLOUD, "GET /opc/v1/", "../../metadata/instance", METADATA_UNKNOWN},
		/* here the path does not decide */
		{METADATA_AWS, "GET /latest/user-data/", "../meta-data", METADATA_V1},
		{METADATA_AWS, "PUT /latest/api/token/", "../../user-data", METADATA_UNKNOWN},
		{METADATA_DIGITALOCEAN, "GET /metadata/v1/user-data/", "../id", METADATA_NONE},
	};
	char text[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct metadata_place place = place_of(IMDS, 80);
		struct metadata metadata;
		size_t len = strlen(vectors[i].begin);

		place.configured = vectors[i].cloud;
		strcpy(text, vectors[i].begin);
		memset(text + len, '/', HTTP_TARGET_MAX);
		sprintf(text + len + HTTP_TARGET_MAX, "%s HTTP/1.1\r\n\r\n", vectors[i].end);
		metadata = classify(text, &place, METADATA_SURE);
		if (metadata.version != vectors[i].version)
			fail_msg("%s: %s", vectors[i].begin,
				 metadata_version_name(metadata.version));
		assert_int_equal(metadata.class, METADATA_CLASS_UNKNOWN);
		assert_int_equal(metadata.cloud, vectors[i].cloud);
	}
}

/* Paths that are a secret, written in every way. */
static void test_secret_paths(void **state)
{
#define ID "3f5c0e9a-77aa-4b1e-9c35-0123456789ab"
	static const char id[] = ID;
	static const char *const targets[] = {
		"/v2/credentials/" ID,
		"/v2//credentials//" ID "/",
		"/V2/Credentials/" ID,
		"/v2/%63redentials/%33f5c0e9a-77aa-4b1e-9c35-0123456789ab",
		"/v2/credentials%2f" ID,
		"/v2/credentials/" ID "?x=y",
		"/v2/credentials/" ID "?" ID,
		"/v2/credentials/" ID "/..",
		"/v2/credentials/" ID "/../../metadata",
		"/v2/x/../credentials/" ID "/../y",
		"/v2/credentials/./" ID,
		"/v2/credentials/x/../" ID,
		"http://169.254.170.2/v2/credentials/" ID,
		"v2/credentials/" ID,
		"/proxy?url=http://169.254.170.2/v2/credentials/" ID,
		"/proxy?url=v2%2Fcredentials%2F" ID,
		"/v2/credentials?" ID,
		"/v2/credentials/#/" ID,
	};
	char digest[METADATA_PATH_MAX];

	(void)state;
	assert_path("/v2/credentials/abc", "/v2/credentials/sha256:ba7816bf8f01",
		    "/v2/credentials/sha256:ba7816bf8f01");
	assert_true(path.is_secret);
	metadata_path_parse(targets[0], strlen(targets[0]), &path);
	snprintf(digest, sizeof(digest), "%s", path.path);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		metadata_path_parse(targets[i], strlen(targets[i]), &path);
		assert_true(path.is_secret);
		for (size_t j = 0; j + 8 <= strlen(id); j++) {
			char part[9] = {0};

			memcpy(part, id + j, 8);
			if (memmem(&path, sizeof(path), part, 8))
				fail_msg("%s: %s and %s", targets[i], path.path, path.raw);
		}
		if (i == 1 || i == 5)
			assert_string_equal(path.path, digest);
	}
	/* no secret follows */
	assert_path("/v1/credentials", "/v1/credentials", NULL);
	assert_path("/v1/credentials/", "/v1/credentials", NULL);
	assert_path("/latest/meta-data/iam/security-credentials/role",
		    "/latest/meta-data/iam/security-credentials/role", NULL);
#undef ID
}

/* Secrets where no metadata service looks for them. */
static void test_secrets_in_targets(void **state)
{
	(void)state;
	assert_path("/a?token=x", "/a", "/a?token=[redacted]");
	assert_path("/a?b=c&X-aws-ec2-metadata-token=x&d=e", "/a",
		    "/a?b=c&X-aws-ec2-metadata-token=[redacted]&d=e");
	assert_path("/a?client%5fsecret=x%26y;b=c#access_token=d", "/a",
		    "/a?client%5fsecret=[redacted];b=c#access_token=[redacted]");
	assert_path("/a?%74oken=", "/a", "/a?%74oken=[redacted]");
	assert_path("/a?token", "/a", NULL);
	assert_path("/a?token&b=c", "/a", NULL);
	assert_path("/a?b=eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9", "/a", "/a?b=[redacted]");
	assert_path("/a?api-version=2021-02-01&resource=https://management.azure.com/", "/a", NULL);
	assert_path("/a?&&;?#", "/a", NULL);
	assert_path("http://user:word@h:80/a?token=x", "/a",
		    "http://[redacted]@h:80/a?token=[redacted]");
	assert_string_equal(path.host, "h:80");
	assert_path("http://user@word@h", "/", "http://[redacted]@h");
	metadata_path_parse("/a?b=\0token=x&c=d", 17, &path);
	assert_string_equal(path.raw, "/a?[redacted]&c=d");
	/* what has no room is left out, and not shown as it was */
	char target[HTTP_TARGET_MAX] = "/";
	for (size_t len = 1; len + 9 < sizeof(target); len += 9)
		strcpy(target + len, "?pwd=abcd");
	metadata_path_parse(target, strlen(target), &path);
	assert_true(path.is_text_cut);
	assert_null(strstr(path.raw, "abcd"));
}

static bool matches(const char *glob, const char *text)
{
	return glob_matches(glob, strlen(glob), text, strlen(text));
}

static void test_globs(void **state)
{
	char slow[2001], stars[GLOB_MAX + 1];

	(void)state;
	assert_true(matches("", ""));
	assert_true(matches("*", ""));
	assert_true(matches("*", "/a/b"));
	assert_true(matches("/a/*/c", "/a/b/b/c"));
	assert_true(matches("/A/?", "/a/X"));
	assert_true(matches("*b*d", "abcbd"));
	assert_true(matches("a\\*", "a*"));
	assert_true(matches("***a", "a"));
	assert_false(matches("a\\*", "ab"));
	assert_false(matches("", "a"));
	assert_false(matches("?", ""));
	assert_false(matches("/a", "/a/"));
	assert_false(matches("*b*d", "abcbde"));
	assert_false(matches("a", "b"));
	assert_true(glob_is_valid("a*?\\[", 5));
	assert_false(glob_is_valid("a[b]", 4));
	assert_false(glob_is_valid("a\\", 2));
	memset(slow, 'a', 2000);
	slow[2000] = 0;
	for (size_t i = 0; i < GLOB_MAX; i++)
		stars[i] = i % 2 ? 'a' : '*';
	stars[GLOB_MAX - 1] = 'b';
	stars[GLOB_MAX] = 0;
	assert_true(glob_is_valid(stars, GLOB_MAX));
	assert_false(glob_is_valid(slow, GLOB_MAX + 1));
	/* exponential matchers do not come back from this */
	for (int i = 0; i < 1000; i++)
		assert_false(matches(stars, slow));
}

static void test_escape(void **state)
{
	char text[6];

	(void)state;
	assert_true(escape_bytes("ab", 2, text, sizeof(text)));
	assert_string_equal(text, "ab");
	assert_true(escape_bytes("\\\x01", 1, text, sizeof(text)));
	assert_string_equal(text, "\\\\");
	assert_true(escape_bytes("\0", 1, text, sizeof(text)));
	assert_string_equal(text, "\\x00");
	assert_false(escape_bytes("ab\xff", 3, text, sizeof(text)));
	assert_string_equal(text, "ab");
	assert_false(escape_bytes("abcdef", 6, text, sizeof(text)));
	assert_string_equal(text, "abcde");
}

static void test_names(void **state)
{
	enum metadata_cloud cloud = METADATA_NO_CLOUD;

	(void)state;
	assert_true(metadata_cloud_from_str("openstack", &cloud));
	assert_int_equal(cloud, METADATA_OPENSTACK);
	assert_true(metadata_cloud_from_str("akamai", &cloud));
	assert_int_equal(cloud, METADATA_AKAMAI);
	assert_false(metadata_cloud_from_str("", &cloud));
	assert_false(metadata_cloud_from_str("AWS", &cloud));
	assert_int_equal(cloud, METADATA_AKAMAI);
	assert_string_equal(metadata_reason_name(METADATA_NO_HEADER), "no_header");
	assert_string_equal(metadata_reason_name(METADATA_BOUND), "bound");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aws),
		cmocka_unit_test(test_other_services_of_aws),
		cmocka_unit_test(test_azure),
		cmocka_unit_test(test_gcp),
		cmocka_unit_test(test_oci),
		cmocka_unit_test(test_alibaba),
		cmocka_unit_test(test_clouds_without_versions),
		cmocka_unit_test(test_unknown_cloud),
		cmocka_unit_test(test_dmi),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_ambiguous_heads),
		cmocka_unit_test(test_odd_but_clear_heads),
		cmocka_unit_test(test_analyzer_name_anywhere),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_paths_are_bounded),
		cmocka_unit_test(test_long_targets),
		cmocka_unit_test(test_cut_targets),
		cmocka_unit_test(test_secret_paths),
		cmocka_unit_test(test_secrets_in_targets),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
