// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Offsets of what later words fill in; 0 for none. */
struct writer {
	struct frame *frame;
	size_t ethertype;
	size_t next; /* the byte that names the next protocol */
	size_t tcp;
	size_t quote; /* of the quoted IP header in the frame */
	uint8_t version;
	bool is_tot_bent;
	size_t cut;
};

static void die(const char *what, const char *word)
{
	fprintf(stderr, "frame: %s: %s\n", what, word);
	exit(1);
}

static uint8_t *grow(struct writer *writer, size_t len)
{
	struct frame *frame = writer->frame;
	uint8_t *bytes = frame->bytes + frame->len;

	if (len > sizeof(frame->bytes) - frame->len)
		die("too long", "");
	memset(bytes, 0, len);
	frame->len += len;
	return bytes;
}

static void put_be16(uint8_t *to, unsigned long value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void set_ethertype(struct writer *writer, unsigned long ethertype)
{
	put_be16(writer->frame->bytes + writer->ethertype, ethertype);
}

static void set_next(struct writer *writer, unsigned long proto)
{
	writer->frame->bytes[writer->next] = (uint8_t)proto;
}

static void add_tag(struct writer *writer, uint16_t ethertype)
{
	set_ethertype(writer, ethertype);
	put_be16(grow(writer, 4), 5);
	writer->ethertype += 4;
}

static void read_addr(int family, const char *text, size_t len, uint8_t *ret)
{
	char copy[INET6_ADDRSTRLEN] = "";

	if (len >= sizeof(copy))
		die("bad address", text);
	memcpy(copy, text, len);
	if (inet_pton(family, copy, ret) != 1)
		die("bad address", text);
}

/* A plain IP header at the end of the frame; returns where it is. */
static size_t write_ip(struct writer *writer, uint8_t version, const char *addrs)
{
	size_t comma = strcspn(addrs, ",");
	int family = version == 4 ? AF_INET : AF_INET6;
	size_t at = writer->frame->len;
	uint8_t *ip;

	if (!addrs[comma])
		die("two addresses, please", addrs);
	writer->next = at + (version == 4 ? 9 : 6);
	ip = grow(writer, version == 4 ? 20 : 40);
	ip[0] = version == 4 ? 0x45 : 0x60;
	ip[version == 4 ? 8 : 7] = 64;
	ip[version == 4 ? 9 : 6] = 59;
	read_addr(family, addrs, comma, ip + (version == 4 ? 12 : 8));
	read_addr(family, addrs + comma + 1, strlen(addrs + comma + 1),
		  ip + (version == 4 ? 16 : 24));
	return at;
}

static void add_ip(struct writer *writer, uint8_t version, const char *addrs)
{
	set_ethertype(writer, version == 4 ? ETH_P_IP : ETH_P_IPV6);
	writer->version = version;
	writer->frame->ip = write_ip(writer, version, addrs);
}

/* As long as it was before an error cut it. */
static void add_quote(struct writer *writer, uint8_t version, const char *addrs)
{
	writer->quote = write_ip(writer, version, addrs);
	put_be16(writer->frame->bytes + writer->quote + (version == 4 ? 2 : 4), 1400);
}

static void add_extension(struct writer *writer, uint8_t proto, const char *arg)
{
	unsigned long n = arg ? strtoul(arg, NULL, 0) : 0;
	size_t at = writer->frame->len;
	uint8_t *header;

	set_next(writer, proto);
	header = grow(writer, proto == 51 ? (n + 2) * 4 : (n + 1) * 8);
	header[0] = 59;
	header[1] = (uint8_t)n;
	writer->next = at;
}

static void add_fragment(struct writer *writer, const char *arg)
{
	size_t at = writer->frame->len;
	uint8_t *header;
	char *end;

	set_next(writer, 44);
	header = grow(writer, 8);
	header[0] = 59;
	/* no length here: the byte is reserved, and a lie in it must not matter */
	header[1] = 200;
	put_be16(header + 2, strtoul(arg, &end, 16));
	if (*end == ',')
		put_be16(header + 6, strtoul(end + 1, NULL, 10));
	writer->next = at;
}

static void add_ports(struct writer *writer, uint8_t proto, size_t len, const char *arg)
{
	char *end;
	size_t at = writer->frame->len;
	uint8_t *header;

	set_next(writer, proto);
	header = grow(writer, len);
	put_be16(header, strtoul(arg, &end, 10));
	if (*end != ',')
		die("two ports, please", arg);
	put_be16(header + 2, strtoul(end + 1, &end, 10));
	if (proto != IPPROTO_TCP)
		return;
	writer->tcp = at;
	put_be16(header + 6, 0x1234);
	put_be16(header + 10, 0x5678);
	header[12] = 5 << 4;
	header[13] = *end == ',' ? (uint8_t)strtoul(end + 1, NULL, 16) : 0x10;
}

static void add_icmp(struct writer *writer, uint8_t proto, const char *arg)
{
	char *end;
	uint8_t *header;

	set_next(writer, proto);
	header = grow(writer, 8);
	header[0] = (uint8_t)strtoul(arg, &end, 10);
	if (*end == ',')
		put_be16(header + 4, strtoul(end + 1, NULL, 10));
}

static void bend(struct writer *writer, const char *name, const char *arg)
{
	struct frame *frame = writer->frame;
	uint8_t *ip = frame->bytes + frame->ip;
	uint8_t *quote = frame->bytes + writer->quote;
	unsigned long value = strtoul(arg, NULL, 0);

	if (!strcmp(name, "eth"))
		set_ethertype(writer, strtoul(arg, NULL, 16));
	else if (!strcmp(name, "ver"))
		ip[0] = (uint8_t)((ip[0] & 0xf) | value << 4);
	else if (!strcmp(name, "ihl"))
		ip[0] = (uint8_t)((ip[0] & 0xf0) | value);
	else if (!strcmp(name, "id"))
		put_be16(ip + 4, value);
	else if (!strcmp(name, "frag"))
		put_be16(ip + 6, strtoul(arg, NULL, 16));
	else if (!strcmp(name, "qver"))
		quote[0] = (uint8_t)((quote[0] & 0xf) | value << 4);
	else if (!strcmp(name, "qihl"))
		quote[0] = (uint8_t)((quote[0] & 0xf0) | value);
	else if (!strcmp(name, "qfrag"))
		put_be16(quote + 6, strtoul(arg, NULL, 16));
	else if (!strcmp(name, "doff"))
		frame->bytes[writer->tcp + 12] = (uint8_t)(value << 4);
	else if (!strcmp(name, "p"))
		set_next(writer, value);
	else if (!strcmp(name, "pay"))
		memset(grow(writer, value), 'x', value);
	else if (!strcmp(name, "cut"))
		writer->cut = value;
	else if (!strcmp(name, "chop"))
		writer->cut = frame->len - value;
	else if (!strcmp(name, "tot") || !strcmp(name, "plen")) {
		put_be16(ip + (writer->version == 4 ? 2 : 4), value);
		writer->is_tot_bent = true;
	} else
		die("unknown word", name);
}

static bool add_bare(struct writer *writer, const char *name, const char *arg)
{
	static const struct {
		const char *name;
		uint8_t proto;
		uint8_t len; /* 0: an extension header */
	} headers[] = {
		{"hop", 0, 0},	 {"route", 43, 0}, {"auth", 51, 0}, {"dst", 60, 0}, {"mob", 135, 0},
		{"hip", 139, 0}, {"shim", 140, 0}, {"gre", 47, 4},  {"esp", 50, 8}, {"none", 59, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		if (strcmp(name, headers[i].name))
			continue;
		if (headers[i].proto == 59 || headers[i].len) {
			set_next(writer, headers[i].proto);
			grow(writer, headers[i].len);
		} else {
			add_extension(writer, headers[i].proto, arg);
		}
		return true;
	}
	return false;
}

static bool add_transport(struct writer *writer, const char *name, const char *arg)
{
	static const struct {
		const char *name;
		uint8_t proto;
		uint8_t len;
	} headers[] = {
		{"tcp", IPPROTO_TCP, 20},	 {"udp", IPPROTO_UDP, 8},
		{"udplite", IPPROTO_UDPLITE, 8}, {"sctp", IPPROTO_SCTP, 12},
		{"dccp", IPPROTO_DCCP, 12},
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		if (strcmp(name, headers[i].name))
			continue;
		add_ports(writer, headers[i].proto, headers[i].len, arg);
		return true;
	}
	return false;
}

static void add_word(struct writer *writer, char *word)
{
	char *arg = strpbrk(word, ":=");
	bool is_bent = arg && *arg == '=';

	if (arg)
		*arg++ = '\0';
	if (is_bent)
		bend(writer, word, arg);
	else if (!strcmp(word, "vlan"))
		add_tag(writer, ETH_P_8021Q);
	else if (!strcmp(word, "qinq"))
		add_tag(writer, ETH_P_8021AD);
	else if (arg && (!strcmp(word, "4") || !strcmp(word, "6")))
		add_ip(writer, word[0] == '4' ? 4 : 6, arg);
	else if (arg && (!strcmp(word, "q4") || !strcmp(word, "q6")))
		add_quote(writer, word[1] == '4' ? 4 : 6, arg);
	else if (arg && !strcmp(word, "fr"))
		add_fragment(writer, arg);
	else if (arg && !strcmp(word, "icmp"))
		add_icmp(writer, IPPROTO_ICMP, arg);
	else if (arg && !strcmp(word, "icmp6"))
		add_icmp(writer, IPPROTO_ICMPV6, arg);
	else if (!(arg && add_transport(writer, word, arg)) && !add_bare(writer, word, arg))
		die("unknown word", word);
}

static void fill_length(const struct writer *writer)
{
	struct frame *frame = writer->frame;

	if (writer->is_tot_bent)
		return;
	if (writer->version == 4)
		put_be16(frame->bytes + frame->ip + 2, frame->len - frame->ip);
	else if (writer->version == 6)
		put_be16(frame->bytes + frame->ip + 4, frame->len - frame->ip - 40);
}

/* A router drops what has a wrong sum; the tap does not look at it. */
static void fill_checksum(const struct writer *writer)
{
	uint8_t *ip = writer->frame->bytes + writer->frame->ip;
	uint32_t sum = 0;

	if (writer->version != 4)
		return;
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(ip + 10, ~(sum + (sum >> 16)));
}

void frame_write(struct frame *frame, const char *words)
{
	struct writer writer = {.frame = frame, .ethertype = 2 * ETH_ALEN};
	cleanup_free char *copy = strdup(words);
	char *rest = NULL;

	memset(frame, 0, sizeof(*frame));
	grow(&writer, ETH_HLEN);
	/* the loopback's address is zero: the kernel takes this for a packet to itself */
	frame->bytes[ETH_ALEN] = 2;
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		add_word(&writer, word);
	fill_length(&writer);
	fill_checksum(&writer);
	if (writer.cut)
		frame->len = writer.cut;
}

uint16_t frame_protocol(const uint8_t *bytes, size_t len)
{
	uint16_t ethertype = (uint16_t)(bytes[12] << 8 | bytes[13]);

	if (ethertype >= ETH_P_802_3_MIN)
		return ethertype;
	if (len >= 16 && bytes[14] == 0xff && bytes[15] == 0xff)
		return ETH_P_802_3;
	return ETH_P_802_2;
}

struct decode_frame frame_as_read(const uint8_t *bytes, size_t len)
{
	return (struct decode_frame){
		.bytes = bytes,
		.captured = len,
		.len = (uint32_t)len,
		.net = ETH_HLEN,
		.protocol = len >= ETH_HLEN ? frame_protocol(bytes, len) : 0,
	};
}
