/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "argv.h"
#include "guard.h"
#include "mem.h"

#define R ARGV_REDACTION
#define SIZE 8192
#define IMDS "http://169.254.169.254/latest/"
#define AWS40 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define IMDSV2 "AQAEAKzNhEkTQ9lzMvGhVvPq8bTLaXF2-vBRhW0XCFoGvzXcU0xY7A=="
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"

/* "^" stands for NUL, and ends each word but the last. */
struct row {
	const char *words;
	const char *expected;
};

static size_t to_bytes(const char *words, char *bytes)
{
	size_t len = strlen(words) + 1;
	for (size_t i = 0; i < len; i++)
		bytes[i] = words[i] == '^' ? '\0' : words[i];
	return len;
}

static void decode(enum argv_mode mode, const char *bytes, size_t len, bool is_cut, char *out,
		   size_t size, struct argv_words *ret)
{
	struct guard in, room;
	guard_init(&in, bytes, len);
	guard_init(&room, out, size);
	argv_decode(mode, in.bytes, in.len, is_cut, room.bytes, size, ret);
	memcpy(out, room.bytes, ret->len);
	guard_done(&room);
	guard_done(&in);
}

static void check_one(const struct row *row)
{
	char bytes[SIZE], out[SIZE] = "", again[SIZE], expected[SIZE];
	struct argv_words words, twice;
	size_t len = to_bytes(row->words, bytes);
	size_t expected_len = to_bytes(row->expected, expected);

	decode(ARGV_REDACTED, bytes, len, false, out, sizeof(out), &words);
	decode(ARGV_REDACTED, out, words.len, false, again, sizeof(again), &twice);
	for (size_t i = 0; i + 1 < words.len; i++)
		out[i] = out[i] ? out[i] : '^';
	assert_string_equal(out, row->expected);
	assert_int_equal(words.len, expected_len);
	assert_false(words.is_cut);
	/* redacting it once more changes nothing */
	assert_int_equal(twice.len, words.len);
	assert_memory_equal(again, expected, expected_len);
}

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_one(&rows[i]);
}

static void test_names(void **state)
{
	static const struct row rows[] = {
		{"prog^--token=abc", "prog^--token=" R},
		{"prog^--token^abc^x", "prog^--token^" R "^x"},
		{"prog^-token^abc^x", "prog^-token^" R "^x"},
		{"prog^--TOKEN=a=b", "prog^--TOKEN=" R},
		{"prog^--access-token:abc", "prog^--access-token:" R},
		{"prog^--client-secret^abc", "prog^--client-secret^" R},
		{"prog^--db-password^abc", "prog^--db-password^" R},
		{"prog^--passwd=abc", "prog^--passwd=" R},
		{"prog^--passphrase^abc", "prog^--passphrase^" R},
		{"prog^--api-key^abc", "prog^--api-key^" R},
		{"prog^--apiKey=abc", "prog^--apiKey=" R},
		{"prog^--APIKey=abc", "prog^--APIKey=" R},
		{"prog^--DBPass=abc", "prog^--DBPass=" R},
		{"prog^--key2^abc", "prog^--key2^" R},
		{"prog^--access-key^abc", "prog^--access-key^" R},
		{"prog^--credentials^abc", "prog^--credentials^" R},
		{"prog^--cookie^abc", "prog^--cookie^" R},
		{"prog^--signature=abc", "prog^--signature=" R},
		{"prog^--pass^abc", "prog^--pass^" R},
		{"prog^--auth=user:pw", "prog^--auth=" R},
		{"openssl^-passin^pass:abc", "openssl^-passin^" R},
		{"openssl^x^pass:abc", "openssl^x^pass:" R},
		{"env^AWS_SECRET_ACCESS_KEY=abc^aws^s3^ls",
		 "env^AWS_SECRET_ACCESS_KEY=" R "^aws^s3^ls"},
		{"env^DB_PASS=abc^dbPass=abc", "env^DB_PASS=" R "^dbPass=" R},
		{"aws^configure^set^aws_secret_access_key^abc",
		 "aws^configure^set^aws_secret_access_key^" R},
		{"prog^password^abc^x", "prog^password^" R "^x"},
		{"prog^Bearer^abc^x", "prog^Bearer^" R "^x"},
		/* a value that begins with a dash, and one that is a name */
		{"prog^--token^--abc^x", "prog^--token^" R "^x"},
		{"prog^--password^--token^abc^x", "prog^--password^" R "^" R "^x"},
		{"prog^token^key^abc^x", "prog^token^" R "^" R "^x"},
		{"prog^--token=^abc^x", "prog^--token=^" R "^x"},
		{"prog^--token^^x", "prog^--token^^x"},
		/* two in a row */
		{"prog^--token=a^--key=b^x", "prog^--token=" R "^--key=" R "^x"},
		/* JSON, and a form */
		{"curl^-d^{\"user\":\"u\",\"password\": \"abc\"}^x",
		 "curl^-d^{\"user\":\"u\",\"password\": \"" R "^x"},
		{"curl^-d^user=u&token=abc&x=1", "curl^-d^user=u&token=" R},
		{"prog^--set^auth[token]=abc", "prog^--set^auth[token]=" R},
		{"prog^[\"--token\",\"abc\"]", "prog^[\"--token\"" R},
		{"prog^x%26token%3Dabc", "prog^x%26token%3D" R},
		{"prog^<a><password>abc</password></a>^x", "prog^<a><password>" R "^x"},
		{"prog^<s:Password>abc</s:Password>^x", "prog^<s:Password>" R "^x"},
		{"prog^<Password Type='x'>abc</Password>^x", "prog^<Password " R "^x"},
		/* what assigns stands alone */
		{"prog^--token^=^abc^x", "prog^--token^" R "^" R "^x"},
		{"prog^token^:^abc^x", "prog^token^" R "^" R "^x"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_headers(void **state)
{
	static const struct row rows[] = {
		{"curl^-H^X-aws-ec2-metadata-token: " IMDSV2 "^" IMDS,
		 "curl^-H^X-aws-ec2-metadata-token: " R "^" IMDS},
		{"curl^-HX-aws-ec2-metadata-token:abc^" IMDS,
		 "curl^-HX-aws-ec2-metadata-token:" R "^" IMDS},
		{"curl^--header=X-aws-ec2-metadata-token: abc^x",
		 "curl^--header=X-aws-ec2-metadata-token: " R "^x"},
		{"curl^-X^PUT^-H^X-aws-ec2-metadata-token-ttl-seconds: 21600^" IMDS "api/token",
		 "curl^-X^PUT^-H^X-aws-ec2-metadata-token-ttl-seconds: " R "^" IMDS "api/token"},
		{"curl^-H^Authorization: Bearer abc^x", "curl^-H^Authorization: " R "^x"},
		{"curl^-H^Authorization:^Bearer^abc^x", "curl^-H^Authorization:^" R "^" R "^x"},
		{"curl^-H^Authorization:^Basic^abc^x", "curl^-H^Authorization:^" R "^" R "^x"},
		{"curl^-H^authorization:^abc^x", "curl^-H^authorization:^" R "^x"},
		{"curl^-H^Cookie: a=b; c=d^x", "curl^-H^Cookie: " R "^x"},
		{"curl^-H^Metadata: true^-H^Metadata-Flavor: Google^x",
		 "curl^-H^Metadata: true^-H^Metadata-Flavor: Google^x"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_urls(void **state)
{
	static const struct row rows[] = {
		{"wget^https://u:pw@host/a?b=c^x", "wget^https://" R "@host/a?b=c^x"},
		{"wget^https://u:p@w@host/^x", "wget^https://" R "@host/^x"},
		{"wget^https://u:p/w@host/^x", "wget^https://" R "@host/^x"},
		{"wget^https://ghabcdefghijklmnop@host/^x", "wget^https://" R "@host/^x"},
		{"git^clone^https://git@host/a@1^ssh://git@host:22/b",
		 "git^clone^https://git@host/a@1^ssh://git@host:22/b"},
		{"git^clone^git@github.com:org/repo@v1", "git^clone^git@github.com:org/repo@v1"},
		{"wget^u:pw@host^x", "wget^u:" R "@host^x"},
		{"wget^http://host:80/a@b^host:80/a@b", "wget^http://host:80/a@b^host:80/a@b"},
		{"docker^run^img:1.2@sha256:abc", "docker^run^img:1.2@sha256:abc"},
		{"wget^http://u:pw@sha256:80/^x", "wget^http://" R "@sha256:80/^x"},
		{"wget^http://h/?x=1^u:pw[redacted]@h", "wget^http://h/?x=1^u:pw[redacted]@h"},
		{"wget^http://h/?token=a@b:^x", "wget^http://h/?token=" R "^x"},
		{"wget^http://h/?token=key: abc^x", "wget^http://h/?token=" R "^x"},
		{"wget^/credentials/key: abc^x", "wget^/credentials/" R "^x"},
		{"curl^http://h/a?token=abc&x=1#f", "curl^http://h/a?token=" R "&x=1#f"},
		{"curl^http://h/a?x=1&api_key=abc&y=2", "curl^http://h/a?x=1&api_key=" R "&y=2"},
		{"curl^http://h/?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abc&x=1",
		 "curl^http://h/?X-Amz-Credential=" R "&X-Amz-Signature=" R "&x=1"},
		{"curl^http://h/?sig=abc", "curl^http://h/?sig=" R},
		{"curl^http://h/?token=&x=1", "curl^http://h/?token=&x=1"},
		{"curl^http://169.254.170.2/v2/credentials/12-34?x=1",
		 "curl^http://169.254.170.2/v2/credentials/" R "?x=1"},
		{"curl^http://169.254.170.2/v2/credentials/",
		 "curl^http://169.254.170.2/v2/credentials/"},
		{"curl^" IMDS "meta-data/iam/security-credentials/role",
		 "curl^" IMDS "meta-data/iam/security-credentials/role"},
		{"curl^http://metadata/service-accounts/default/token^-s",
		 "curl^http://metadata/service-accounts/default/token^-s"},
		{"curl^http://h/oauth2/token?api-version=2018-02-01",
		 "curl^http://h/oauth2/token?api-version=2018-02-01"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_forms(void **state)
{
	static const struct row rows[] = {
		{"prog^" AWS40 "^x", "prog^" R "^x"},
		{"prog^x:" AWS40, "prog^x:" R},
		{"prog^AKIAIOSFODNN7EXAMPLE^ASIAIOSFODNN7EXAMPLE",
		 "prog^AKIAIOSFODNN7EXAMPLE^ASIAIOSFODNN7EXAMPLE"},
		{"prog^AKIAIOSFODNN7EXAMPLE:" AWS40, "prog^AKIAIOSFODNN7EXAMPLE:" R},
		{"prog^" IMDSV2 "^x", "prog^" R "^x"},
		{"prog^(" JWT ")", "prog^(" R ")"},
		{"prog^/some/path/of/some/length/that/dilutes/it/" AWS40 "^x", "prog^" R "^x"},
		{"prog^" AWS40 "=abc^x", "prog^" R "^x"},
		{"git^ghp_16C7e42F292c6912^x", "git^" R "^x"},
		{"vault^hvs.CAESIJ1abcdefg^x", "vault^" R "^x"},
		{"prog^-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END", "prog^-----BEGIN RSA " R},
		/* none of them */
		{"prog^3f2a1b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4^"
		 "12345678-9abc-def0-1234-56789abcdef0",
		 "prog^3f2a1b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4^"
		 "12345678-9abc-def0-1234-56789abcdef0"},
		{"/usr/lib/jvm/java-17-openjdk-amd64/bin/java^-Dx=/home/alice/Projects2024/"
		 "MyLongDirectoryName/lib^org.apache.catalina.startup.Bootstrap",
		 "/usr/lib/jvm/java-17-openjdk-amd64/bin/java^-Dx=/home/alice/Projects2024/"
		 "MyLongDirectoryName/lib^org.apache.catalina.startup.Bootstrap"},
		{"prog^ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789^"
		 "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH^pip^install^sk-learn",
		 "prog^ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789^"
		 "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH^pip^install^sk-learn"},
		/* long, and nowhere like drawn by lot */
		{"prog^ABCDefghijklmno1ABCDefghijklmno1ABCDefghijklmno1ABCDefghijklmno1^"
		 "A1b2c3d4e5f6A1b2c3d4e5f6A1b2c3d4e5f6A1b2c3d4e5f6A1b2c3d4e5f6",
		 "prog^ABCDefghijklmno1ABCDefghijklmno1ABCDefghijklmno1ABCDefghijklmno1^"
		 "A1b2c3d4e5f6A1b2c3d4e5f6A1b2c3d4e5f6A1b2c3d4e5f6A1b2c3d4e5f6"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_programs(void **state)
{
	static const struct row rows[] = {
		{"curl^-u^alice:pw^x", "curl^-u^" R "^x"},
		{"/usr/bin/curl^-sSu^alice:pw^x", "/usr/bin/curl^-sSu^" R "^x"},
		{"curl^-ualice:pw^x", "curl^-u" R "^x"},
		{"curl^-b^a=b^-s^x", "curl^-b^" R "^-s^x"},
		{"curl^-XPUT^-ofile-u^x", "curl^-XPUT^-ofile-u^x"},
		{"curl^-u^-u^pw^x", "curl^-u^" R "^" R "^x"},
		{"sudo^mysql^-uroot^-ppw^db", "sudo^mysql^-uroot^-p" R "^db"},
		{"mysql^-p^db", "mysql^-p^db"},
		{"mysql^-password^abc^x", "mysql^-p" R "^" R "^x"},
		{"sshpass^-p^pw^ssh^host", "sshpass^-p^" R "^ssh^host"},
		{"docker^login^-u^x^-p^pw^reg", "docker^login^-u^x^-p^" R "^reg"},
		{"docker^run^-p^80:80^img", "docker^run^-p^80:80^img"},
		{"ssh^-p^22^host", "ssh^-p^22^host"},
		{"curls^-u^alice^x", "curls^-u^alice^x"},
		{"curl^--user^alice:pw^x", "curl^--user^" R "^x"},
		{"curl^--proxy-user^alice:pw^--cert^file:pw^x",
		 "curl^--proxy-user^" R "^--cert^" R "^x"},
		{"systemctl^--user^start^x", "systemctl^--user^start^x"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_scripts(void **state)
{
	static const struct row rows[] = {
		{"sh^-c^curl -H 'X-Token: abc' http://h^x", "sh^-c^curl -H 'X-Token: " R "^x"},
		{"sh^-c^TOKEN=abc curl http://h", "sh^-c^TOKEN=" R},
		{"sh^-c^TOKEN = \"abc\"", "sh^-c^TOKEN = \"" R},
		{"sh^-c^x --token abc; y", "sh^-c^x --token " R},
		{"sh^-c^x '--token' 'abc'", "sh^-c^x '--token' '" R},
		{"sh^-c^x;password abc", "sh^-c^x;password " R},
		{"sh^-c^curl http://h/?a=b&token=\"a b\" c", "sh^-c^curl http://h/?a=b&token=\"" R},
		{"sh^-c^curl http://h/?a=b 'x&token=a b'", "sh^-c^curl http://h/?a=b 'x&token=" R},
		{"sh^-c^curl http://h/?token=abc -s", "sh^-c^curl http://h/?token=" R " -s"},
		{"sh^-c^curl -sS -u alice:pw http://h", "sh^-c^curl -sS -u " R},
		{"sh^-c^x;/usr/bin/curl -sSualice:pw http://h", "sh^-c^x;/usr/bin/curl -sSu" R},
		{"sh^-c^curl 'http://h/?a=1&b=2' --user 'alice:pw'",
		 "sh^-c^curl 'http://h/?a=1&b=2' --user '" R},
		{"sh^-c^exec mysql -uroot -ppw db", "sh^-c^exec mysql -uroot -p" R},
		{"sh^-c^mysql -p db", "sh^-c^mysql -p db"},
		{"sh^-c^curl http://h | grep -b x", "sh^-c^curl http://h | grep -b x"},
		{"sh^-c^curl http://h && ls -b", "sh^-c^curl http://h && ls -b"},
		{"sh^-c^echo the keys are in /etc/keys", "sh^-c^echo the keys are in /etc/keys"},
		{"sh^-c^curl -X PUT " IMDS "api/token -s",
		 "sh^-c^curl -X PUT " IMDS "api/token -s"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* What people need to see stays. */
static void test_harmless(void **state)
{
	static const char *const rows[] = {
		"/usr/sbin/nginx^-c^/etc/nginx/nginx.conf",
		"nginx: worker process",
		"postgres: alice db [local] idle",
		"sshd: alice@pts/0",
		"token^list",
		"/usr/bin/token^x",
		"python3^-m^http.server^8080^--bind^127.0.0.1",
		"aws^s3^ls^s3://bucket/prefix/",
		"kubectl^get^secret^-o^yaml",
		"kubectl^get^secret^--namespace^x",
		"openssl^rsa^-in^server.key^-out^x",
		"ssh-keygen^-t^ed25519",
		"vault^secrets^list",
		"prog^keyboard^us^monkey^x",
		"java^-jar^app.jar^--server.port=8080",
		"a^b c^ ^'^\"^\\^=^:^@^?^&^%^-^--^^x",
		"rsync^alice@host:/a^/b",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_one(&(struct row){rows[i], rows[i]});
}

static void test_modes(void **state)
{
	static const char bytes[] = "curl\0-H\0X-Token: abc\0\0x";
	char out[64] = "";
	struct argv_words words;
	(void)state;
	decode(ARGV_NONE, bytes, sizeof(bytes), true, out, sizeof(out), &words);
	assert_int_equal(words.n + words.len + words.is_cut, 0);
	decode(ARGV_FULL, bytes, sizeof(bytes), false, out, sizeof(out), &words);
	assert_int_equal(words.n, 5);
	assert_int_equal(words.len, sizeof(bytes));
	assert_memory_equal(out, bytes, sizeof(bytes));
	decode(ARGV_REDACTED, bytes, sizeof(bytes), false, out, sizeof(out), &words);
	assert_int_equal(words.n, 5);
	assert_null(memmem(out, words.len, "abc", 3));
	assert_string_equal(argv_mode_to_str(ARGV_REDACTED), "redacted");
	assert_string_equal(argv_mode_to_str(ARGV_NONE), "none");
	assert_string_equal(argv_mode_to_str(ARGV_FULL), "full");
}

/* A word that was cut may be a secret whose form is not to be seen any more. */
static void test_cut(void **state)
{
	static const char bytes[] = "curl\0http://h/?tok";
	char out[64] = "";
	struct argv_words words;
	(void)state;
	decode(ARGV_REDACTED, bytes, sizeof(bytes) - 1, true, out, sizeof(out), &words);
	assert_int_equal(words.n, 2);
	assert_string_equal(out + 5, R);
	assert_true(words.is_cut);
	/* cut between two words */
	decode(ARGV_REDACTED, bytes, sizeof(bytes), true, out, sizeof(out), &words);
	assert_string_equal(out + 5, "http://h/?tok");
	assert_true(words.is_cut);
	/* not cut, but without its NUL */
	decode(ARGV_REDACTED, bytes, sizeof(bytes) - 1, false, out, sizeof(out), &words);
	assert_string_equal(out + 5, "http://h/?tok");
	assert_false(words.is_cut);
	decode(ARGV_FULL, bytes, sizeof(bytes) - 1, true, out, sizeof(out), &words);
	assert_string_equal(out + 5, "http://h/?tok");
}

/* Whatever does not fit as a whole word is left out. */
static void test_bounds(void **state)
{
	char bytes[2 * ARGV_WORDS_MAX + 1], out[2 * sizeof(bytes)] = "";
	struct argv_words words;
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 2 ? '\0' : 'x';
	decode(ARGV_REDACTED, bytes, sizeof(bytes) - 1, false, out, sizeof(out), &words);
	assert_int_equal(words.n, ARGV_WORDS_MAX);
	assert_false(words.is_cut);
	decode(ARGV_REDACTED, bytes, sizeof(bytes), false, out, sizeof(out), &words);
	assert_int_equal(words.n, ARGV_WORDS_MAX);
	assert_true(words.is_cut);
	for (size_t size = 0; size < 40; size++) {
		decode(ARGV_REDACTED, "ab\0--token\0c\0d", 15, false, out, size, &words);
		assert_int_equal(words.n, (size >= 3) + (size >= 11) + (size >= 22) + (size >= 24));
		assert_int_equal(words.is_cut, size < 24);
		assert_true(words.len <= size);
	}
	decode(ARGV_REDACTED, "", 0, false, out, sizeof(out), &words);
	assert_int_equal(words.n, 0);
	decode(ARGV_REDACTED, "\0\0\0", 3, false, out, sizeof(out), &words);
	assert_int_equal(words.n, 0);
	decode(ARGV_REDACTED, "ab\0\0--token", 11, false, out, 5, &words);
	assert_int_equal(words.n, 1);
	assert_int_equal(words.len, 3);
	/* a title, padded */
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, "nginx: worker", 13);
	decode(ARGV_REDACTED, bytes, sizeof(bytes), false, out, sizeof(out), &words);
	assert_int_equal(words.n, 1);
	assert_false(words.is_cut);
}

/* Nor is a secret in the room behind what was written. */
static void test_no_trace(void **state)
{
	static const char bytes[] = "prog\0--token\0averylongsecret\0x";
	char out[256] = "";
	struct argv_words words;
	(void)state;
	argv_decode(ARGV_REDACTED, bytes, sizeof(bytes), false, out, sizeof(out), &words);
	assert_int_equal(words.n, 4);
	for (size_t i = words.len; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
}

/* Every byte but NUL stays in its word, and none makes another. */
static void test_bytes_stay(void **state)
{
	char bytes[3 * 255], out[sizeof(bytes)];
	struct argv_words words;
	(void)state;
	for (size_t i = 0; i < 255; i++) {
		bytes[3 * i] = (char)(i + 1);
		bytes[3 * i + 1] = '1';
		bytes[3 * i + 2] = '\0';
	}
	decode(ARGV_REDACTED, bytes, sizeof(bytes), false, out, sizeof(out), &words);
	assert_int_equal(words.n, 255);
	assert_int_equal(words.len, sizeof(bytes));
	assert_memory_equal(out, bytes, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	 cmocka_unit_test(test_headers),
		cmocka_unit_test(test_urls),	 cmocka_unit_test(test_forms),
		cmocka_unit_test(test_programs), cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_harmless), cmocka_unit_test(test_modes),
		cmocka_unit_test(test_cut),	 cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_no_trace), cmocka_unit_test(test_bytes_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
