/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Heads of HTTP/1.x messages (RFC 9112), byte by byte. It describes what was
 * sent and refuses nothing that a lenient server might take: what is odd is
 * reported as an anomaly, for a watcher that refuses is a watcher that is blind.
 *
 * Only what the later stages need is kept. The values of token and
 * Authorization headers are compared as they pass and never stored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 65536 /* bytes of a head; a longer one is cut */
#define HTTP_METHOD_MAX 24 /* a longer word is no method */
#define HTTP_TARGET_MAX 2048 /* bytes kept */
#define HTTP_TEXT_MAX 192 /* bytes kept of Host, User-Agent, Server, Content-Type */

enum http_kind {
	HTTP_REQUEST,
	HTTP_RESPONSE,
};

enum http_result {
	HTTP_MORE, /* all bytes consumed, the head goes on */
	HTTP_DONE, /* the head has ended: what is behind it was not consumed */
	HTTP_CUT, /* it will not be read to its end; what was read is filled in */
	HTTP_REFUSED, /* this is not HTTP/1.x */
};

/* Bits of http_head.anomalies. */
enum http_anomaly {
	HTTP_BARE_LF = 1 << 0, /* lines that end in LF without CR */
	HTTP_MIXED_ENDS = 1 << 1, /* and others in CR LF */
	HTTP_BARE_CR = 1 << 2, /* within a line */
	HTTP_FOLDED = 1 << 3, /* a header goes on in the next line (obs-fold) */
	HTTP_SPACE_COLON = 1 << 4, /* white space before the colon */
	HTTP_ODD_NAME = 1 << 5, /* a header's name is empty or no token */
	HTTP_NO_COLON = 1 << 6,
	HTTP_NUL = 1 << 7,
	HTTP_CONTROL = 1 << 8, /* other control bytes */
	HTTP_EIGHT_BIT = 1 << 9, /* in the target: UTF-8 or worse */
	HTTP_ODD_SPACING = 1 << 10, /* of the first line */
	HTTP_EMPTY_LINES = 1 << 11, /* before the first line */
	HTTP_LOWER_METHOD = 1 << 12, /* a known method but for its case */
	HTTP_UNKNOWN_METHOD = 1 << 13,
	HTTP_ABSOLUTE_FORM = 1 << 14, /* http://host/path */
	HTTP_AUTHORITY_FORM = 1 << 15, /* host:port, as for CONNECT */
	HTTP_ASTERISK_FORM = 1 << 16, /* "*" */
	HTTP_ODD_TARGET = 1 << 17, /* none of the four forms */
	HTTP_NO_VERSION = 1 << 18, /* HTTP/0.9 */
	HTTP_ODD_VERSION = 1 << 19,
	HTTP_TWO_TOKENS = 1 << 20,
	HTTP_TWO_HOSTS = 1 << 21,
	HTTP_ODD_LENGTH = 1 << 22, /* Content-Length is no number, or several that differ */
	HTTP_LENGTH_AND_CODING = 1 << 23, /* Content-Length and Transfer-Encoding */
	HTTP_ODD_CODING = 1 << 24, /* a Transfer-Encoding that does not end in chunked */
	HTTP_TOO_LONG = 1 << 25, /* beyond HTTP_HEAD_MAX */
	HTTP_NO_END = 1 << 26, /* http_end() came first */
	HTTP_TEXT_CUT = 1 << 27, /* a target or text was longer than what is kept */
	HTTP_HAS_BODY = 1 << 28, /* a GET or HEAD that carries one */
	HTTP_ODD_STATUS = 1 << 29, /* no three digits */
};
#define HTTP_ANOMALIES 30

/* Headers that matter. Bits 1 << field of http_head.fields. */
enum http_field {
	HTTP_HOST,
	HTTP_USER_AGENT,
	HTTP_CONTENT_LENGTH,
	HTTP_TRANSFER_ENCODING,
	HTTP_CONNECTION,
	HTTP_EXPECT,
	HTTP_AWS_TOKEN, /* X-aws-ec2-metadata-token */
	HTTP_AWS_TTL, /* X-aws-ec2-metadata-token-ttl-seconds */
	HTTP_ALIBABA_TOKEN, /* X-aliyun-ecs-metadata-token */
	HTTP_ALIBABA_TTL, /* X-aliyun-ecs-metadata-token-ttl-seconds */
	HTTP_METADATA,
	HTTP_METADATA_FLAVOR,
	HTTP_AUTHORIZATION,
	HTTP_FORWARDED, /* Forwarded, X-Forwarded-For, -Host, -Proto */
	HTTP_SERVER,
	HTTP_CONTENT_TYPE,
	HTTP_FIELDS, /* any other header */
};

/* What these headers said. Bits of http_head.words. */
enum http_word {
	HTTP_METADATA_TRUE = 1 << 0, /* Metadata: true */
	HTTP_FLAVOR_GOOGLE = 1 << 1, /* Metadata-Flavor: Google */
	HTTP_BEARER_ORACLE = 1 << 2, /* Authorization: Bearer Oracle, to the letter */
	HTTP_CLOSE = 1 << 3, /* Connection: close */
	HTTP_KEEP_ALIVE = 1 << 4,
	HTTP_UPGRADE = 1 << 5,
	HTTP_CHUNKED = 1 << 6, /* the last transfer coding */
	HTTP_CONTINUE = 1 << 7, /* Expect: 100-continue */
};

/* What a head said. Texts do not end in NUL and are as they came: hostile. */
struct http_head {
	enum http_kind kind;
	uint32_t anomalies;
	uint32_t fields; /* present */
	uint32_t doubtful; /* of these, the ones only ever seen in an odd way: another reader may
			      not see them. Space before the colon, folded, or no value */
	uint32_t words;
	uint16_t status; /* of a response; 0 when it is no three digits */
	uint8_t major; /* 0.9 without a version, 0.0 when it cannot be read */
	uint8_t minor;
	bool has_line; /* the first line was read to its end */
	bool has_length; /* one Content-Length that is a number */
	uint64_t length_bytes;
	uint32_t head_bytes; /* so far */
	uint32_t n_lines; /* behind the first one, folded ones too */
	uint32_t target_bytes; /* of the whole target; target_len of them are kept */
	uint16_t target_len;
	uint16_t host_len;
	uint16_t agent_len;
	uint16_t server_len;
	uint16_t type_len;
	char method[HTTP_METHOD_MAX + 1]; /* a token, ends in NUL */
	char target[HTTP_TARGET_MAX];
	char host[HTTP_TEXT_MAX];
	char agent[HTTP_TEXT_MAX];
	char server[HTTP_TEXT_MAX];
	char type[HTTP_TEXT_MAX];
};

/* A value or word that is compared with the known ones as it passes. */
struct http_match {
	uint32_t alive; /* candidates that fit so far */
	uint32_t len;
};

struct http_scan {
	struct http_head head;
	uint8_t state;
	uint8_t field; /* of the header under way */
	bool has_cr; /* a CR that may belong to a line end */
	bool has_crlf; /* some line ended so */
	bool is_doubtful; /* the header under way */
	bool has_value;
	bool has_digits;
	bool is_odd_number;
	uint32_t n_spaces; /* held back: inside a value they count, at its end not */
	uint32_t word_at; /* where in the first line its last word begins */
	uint32_t before_word; /* where the white space before it begins */
	uint64_t number;
	struct http_match match;
	uint8_t word_len;
	char word[12]; /* the beginning of the first line's last word */
};

void http_init(struct http_scan *scan, enum http_kind kind);

/*
 * Reads on. ret_consumed is how many of the bytes were read: all of them for
 * HTTP_MORE; for HTTP_DONE those up to the head's end, which is an empty line.
 * The outcome depends on the bytes alone, not on how they are split. Once it
 * has returned something else than HTTP_MORE it must not be called again.
 */
enum http_result http_decode(struct http_scan *scan, const uint8_t *bytes, size_t len,
			     size_t *ret_consumed);

/*
 * No more bytes will come, or the answer has begun: HTTP_DONE for a whole
 * first line without version, the request of HTTP/0.9; otherwise HTTP_CUT,
 * with HTTP_NO_END. Nothing was there at all if head_bytes is 0.
 */
enum http_result http_end(struct http_scan *scan);

/* "bare_lf", "mixed_ends", ... for the index-th bit, below HTTP_ANOMALIES. */
const char *http_anomaly_name(unsigned int index);

/* Is the method this one, whatever its case? */
bool http_has_method(const struct http_head *head, const char *method);

/* Will the connection serve no further request, by what this head says (RFC 9112, 9.3)? */
bool http_is_last(const struct http_head *head);
