// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways that take CAP_NET_RAW, and pings. */
#include "sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKET_QDISC_BYPASS_OPTION 20
#define PAYLOAD_BYTES 8

/* A datagram to the echo service, from its IP header on. */
struct packet {
	struct iphdr ip;
	struct udphdr udp;
	char payload[PAYLOAD_BYTES];
} __attribute__((packed));

static uint16_t checksum(const void *bytes, size_t len)
{
	uint32_t sum = 0;
	uint16_t part;

	for (size_t at = 0; at + 1 < len; at += sizeof(part)) {
		memcpy(&part, (const char *)bytes + at, sizeof(part));
		sum += part;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void fill(struct packet *packet, const char *source, const struct target *target,
		 uint16_t sport_be)
{
	*packet = (struct packet){
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP},
		.udp = {.source = sport_be, .dest = htons(PORT_ECHO)},
		.payload = "forged?",
	};
	packet->ip.tot_len = htons(sizeof(*packet));
	packet->udp.len = htons(sizeof(packet->udp) + PAYLOAD_BYTES);
	packet->ip.daddr = target->at.v4.sin_addr.s_addr;
	if (inet_pton(AF_INET, source, &packet->ip.saddr) != 1)
		die(source);
	packet->ip.check = checksum(&packet->ip, sizeof(packet->ip));
}

static void hear(int sink)
{
	char answer[64];

	check((int)recv(sink, answer, sizeof(answer), 0), "recv");
}

/* Without its header, which the kernel writes. */
static void send_raw(int fd, const struct packet *packet, const struct target *target)
{
	check((int)sendto(fd, &packet->udp, sizeof(*packet) - sizeof(packet->ip), 0,
			  &target->at.any, target->len),
	      "sendto");
}

/* raw ADDRESS OTHER: the kernel writes the header. OTHER is where a port of one's own comes from. */
static void raw(struct target *target, char **words)
{
	struct packet packet;
	struct target other;
	uint16_t port_be;
	int fd, sink;

	target_parse(&other, word(words, 0, "OTHER"));
	target_port(&other, PORT_SINK);
	say("user", target, "udp");
	sink = open_sink(&other, &port_be);
	fill(&packet, "0.0.0.0", target, port_be);
	fd = open_socket(target, SOCK_RAW, IPPROTO_UDP);
	send_raw(fd, &packet, target);
	hear(sink);
}

/* raw-exec ADDRESS OTHER PROGRAM: PROGRAM, a copy of this one, sends on the raw socket. */
static void raw_exec(struct target *target, char **words)
{
	const char *other = word(words, 0, "OTHER"), *program = word(words, 1, "PROGRAM");
	char text[16];
	int fd;

	say("opener", target, "udp");
	fd = open_socket(target, SOCK_RAW, IPPROTO_UDP);
	snprintf(text, sizeof(text), "%d", fd);
	execl(program, program, facts_path(), "raw-with", target->text, other, text, NULL);
	die(program);
}

static void raw_with(struct target *target, char **words)
{
	struct packet packet;
	struct target other;
	uint16_t port_be;
	int fd = atoi(word(words, 1, "FD")), sink;

	target_parse(&other, word(words, 0, "OTHER"));
	target_port(&other, PORT_SINK);
	say("later", target, "udp");
	sink = open_sink(&other, &port_be);
	fill(&packet, "0.0.0.0", target, port_be);
	send_raw(fd, &packet, target);
	hear(sink);
}

/* raw-header ADDRESS OTHER SOURCE: the header says ADDRESS, the call OTHER. */
static void raw_header(struct target *target, char **words)
{
	struct packet packet;
	struct target other;
	uint16_t port_be;
	int fd, sink;

	target_parse(&other, word(words, 0, "OTHER"));
	target_port(&other, PORT_SINK);
	say("user", target, "udp");
	sink = open_sink(&other, &port_be);
	fill(&packet, word(words, 1, "SOURCE"), target, port_be);
	fd = open_socket(target, SOCK_RAW, IPPROTO_RAW);
	check((int)sendto(fd, &packet, sizeof(packet), 0, &other.at.any, other.len), "sendto");
	hear(sink);
}

/* By IFACE to the link address MAC. */
static void send_frame(const struct packet *packet, const char *iface, const char *mac,
		       bool is_bypass)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(iface),
		.sll_halen = ETH_ALEN,
	};
	int fd = check(socket(AF_PACKET, SOCK_DGRAM, 0), "AF_PACKET"), on = is_bypass;
	const struct ether_addr *addr = ether_aton(mac);

	if (!addr)
		die(mac);
	memcpy(to.sll_addr, addr, ETH_ALEN);
	check(setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS_OPTION, &on, sizeof(on)),
	      "PACKET_QDISC_BYPASS");
	check((int)sendto(fd, packet, sizeof(*packet), 0, (struct sockaddr *)&to, sizeof(to)),
	      "sendto");
	close(fd);
}

/* packet ADDRESS OTHER SOURCE IFACE MAC */
static void packet_socket(struct target *target, char **words, bool is_bypass)
{
	struct packet packet;
	struct target other;
	uint16_t port_be;
	int sink;

	target_parse(&other, word(words, 0, "OTHER"));
	target_port(&other, PORT_SINK);
	say("user", target, "udp");
	sink = open_sink(&other, &port_be);
	fill(&packet, word(words, 1, "SOURCE"), target, port_be);
	send_frame(&packet, word(words, 2, "IFACE"), word(words, 3, "MAC"), is_bypass);
	hear(sink);
}

static void packet(struct target *target, char **words)
{
	packet_socket(target, words, false);
}

static void packet_bypass(struct target *target, char **words)
{
	packet_socket(target, words, true);
}

/*
 * forge ADDRESS SOURCE SPORT IFACE MAC: a datagram of another length than the
 * true ones, with the addresses and ports of a socket that is not ours; by a packet socket.
 */
static void forge(struct target *target, char **words)
{
	struct packet packet;

	fill(&packet, word(words, 0, "SOURCE"), target,
	     htons((uint16_t)atoi(word(words, 1, "SPORT"))));
	say("forger", target, "udp");
	send_frame(&packet, word(words, 2, "IFACE"), word(words, 3, "MAC"), false);
}

/* forge-raw ADDRESS SOURCE SPORT: the same by a raw socket. */
static void forge_raw(struct target *target, char **words)
{
	struct packet packet;
	int fd;

	fill(&packet, word(words, 0, "SOURCE"), target,
	     htons((uint16_t)atoi(word(words, 1, "SPORT"))));
	say("opener", target, "udp");
	fd = open_socket(target, SOCK_RAW, IPPROTO_RAW);
	check((int)sendto(fd, &packet, sizeof(packet), 0, &target->at.any, target->len), "sendto");
}

/* flood-raw ADDRESS SOURCE SPORT: as "flood" sends, with its addresses and ports; without end. */
static void flood_raw(struct target *target, char **words)
{
	struct packet packet;
	int fd;

	fill(&packet, word(words, 0, "SOURCE"), target,
	     htons((uint16_t)atoi(word(words, 1, "SPORT"))));
	packet.udp.dest = htons(PORT_SINK);
	fd = open_socket(target, SOCK_RAW, IPPROTO_RAW);
	for (;;)
		check((int)sendto(fd, &packet, sizeof(packet), 0, &target->at.any, target->len),
		      "sendto");
}

/* One echo request; its checksum is right for IPv4, and left to the kernel for IPv6. */
static void ping_by(struct target *target, int type)
{
	struct icmphdr request = {
		.type = target->is_v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.un.echo = {.id = htons((uint16_t)getpid()), .sequence = htons(1)},
	};
	int fd = socket(target->at.any.sa_family, type,
			target->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	uint8_t answer[128];

	if (fd < 0)
		cannot("ping");
	say("user", target, target->is_v6 ? "icmpv6" : "icmp");
	request.checksum = checksum(&request, sizeof(request));
	check((int)sendto(fd, &request, sizeof(request), 0, &target->at.any, target->len),
	      "sendto");
	do
		check((int)recv(fd, answer, sizeof(answer), 0), "recv");
	while (answer[type == SOCK_RAW && !target->is_v6 ? sizeof(struct iphdr) : 0] !=
	       (target->is_v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY));
}

static void ping(struct target *target, char **words)
{
	(void)words;
	ping_by(target, SOCK_DGRAM);
}

static void ping_raw(struct target *target, char **words)
{
	(void)words;
	ping_by(target, SOCK_RAW);
}

const struct way raw_ways[] = {
	{"raw", raw},
	{"raw-exec", raw_exec},
	{"raw-with", raw_with},
	{"raw-header", raw_header},
	{"packet", packet},
	{"packet-bypass", packet_bypass},
	{"forge", forge},
	{"forge-raw", forge_raw},
	{"flood-raw", flood_raw},
	{"ping", ping},
	{"ping-raw", ping_raw},
	{NULL, NULL},
};
