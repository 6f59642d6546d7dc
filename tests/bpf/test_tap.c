// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The socket filter on fixed packets: what it returns, what it counts, what it
 * tells through the ring, and that the parser in user space says the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "decode.h"
#include "frame.h"
#include "mem.h"
#include "rig.h"
#include "skeleton.h"

#define P SF_PACKET_PORTS
#define F SF_PACKET_FRAGMENT
#define L (SF_PACKET_FRAGMENT | SF_PACKET_LATER_FRAGMENT)
#define T SF_PACKET_TRUNCATED
#define M SF_PACKET_MALFORMED
#define X SF_PACKET_EXT_BOUND
#define Q SF_PACKET_QUOTE

/* The endpoints of the policy below, in its order. */
enum {
	IMDS4 = 1 << 0,
	IMDS6 = 1 << 1,
	LINK_LOCAL = 1 << 2,
	DNS_TO = 1 << 3,
	ONLY_FROM = 1 << 4,
	EDGE = 1 << 5,
	EDGE_DEEP = 1 << 6,
	HALF6 = 1 << 7,
	ON_NEAR = 1 << 8,
	NAMED = 1 << 9,
	GROUP = 1 << 10,
	MAPPED = 1 << 11,
	LOOP4 = 1 << 12,
	TO_AND_FROM = 1 << 13,
	EDGE_HOST = 1 << 14,
};

static const char policy_yaml[] =
	"endpoints:\n"
	"  - imds4: {range: [169.254.169.254/32], iface: ['*'], filter: ['*'], port: [tcp/80]}\n"
	"  - imds6: {range: ['fd00:ec2::254/128'], iface: ['*'], filter: ['*'], port: [80]}\n"
	"  - link_local: {range: [169.254.0.0/16], iface: ['*'], filter: ['*'], port: [udp/53]}\n"
	"  - dns: {range: [10.53.0.0/24], iface: ['*'], filter: ['*'], port: [udp/53],\n"
	"          direction: to}\n"
	"  - only_from: {range: [10.54.0.0/24], iface: ['*'], filter: ['*'], direction: from}\n"
	"  - edge: {range: [192.0.2.64/26], iface: ['*'], filter: ['*']}\n"
	"  - edge_deep: {range: [192.0.2.80/28], iface: ['*'], filter: ['*'], port: [tcp/443]}\n"
	"  - half6: {range: ['2001:db8::/33'], iface: ['*'], filter: ['*']}\n"
	"  - on_near: {range: [198.51.100.0/24], iface: [near], filter: ['*']}\n"
	"  - named: {range: [203.0.113.0/24], iface: ['*'], filter: [testuser]}\n"
	"  - group: {range: [203.0.113.128/25], iface: ['*'], filter: ['@adm', '*']}\n"
	"  - mapped: {range: ['::ffff:100.64.0.0/106'], iface: ['*'], filter: ['*']}\n"
	"  - loop: {range: [127.0.0.0/8, '::1/128'], iface: [lo], filter: ['*']}\n"
	"  - to_and_from: {range: [10.53.0.0/25], iface: ['*'], filter: ['*'], port: [tcp/53]}\n"
	"  - edge_host: {range: [192.0.2.95/32], iface: ['*'], filter: ['*'], direction: from}\n";

struct vector {
	const char *words;
	uint32_t shown; /* endpoints; none: rejected */
	enum sf_direction direction;
	uint16_t flags;
	uint32_t hidden; /* endpoints that do not show who has no owner */
};

#define IMDS "4:10.0.0.1,169.254.169.254 "
#define IMDS_BACK "4:169.254.169.254,10.0.0.1 "
#define ROUTER "4:10.0.0.254,10.0.0.1 "
#define ROUTER_SIX "6:fd00::fffe,fd00::1 "
#define IMDS_SIX "6:fd00::1,fd00:ec2::254 "
#define IMDS_SIX_BACK "6:fd00:ec2::254,fd00::1 "

static const struct vector hits[] = {
	{IMDS "tcp:40000,80", IMDS4, SF_TO, P, 0},
	{IMDS "tcp:40000,80,02", IMDS4, SF_TO, P, 0},
	{IMDS_BACK "tcp:80,40000,12", IMDS4, SF_FROM, P, 0},
	{IMDS_SIX "tcp:40000,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "udp:40000,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX_BACK "tcp:80,40000", IMDS6, SF_FROM, P, 0},
	/* ports count on the endpoint's side, and with their protocol */
	{IMDS "tcp:40000,81", 0, 0, 0, 0},
	{IMDS "tcp:80,40000", 0, 0, 0, 0},
	{IMDS "udp:40000,80", 0, 0, 0, 0},
	{IMDS "udplite:40000,80", 0, 0, 0, 0},
	{IMDS "sctp:40000,80", 0, 0, 0, 0},
	{IMDS_BACK "tcp:40000,80", 0, 0, 0, 0},
	{IMDS_SIX "sctp:40000,80", 0, 0, 0, 0},
	{IMDS "tcp:40000,20480", 0, 0, 0, 0}, /* 80 in the other byte order */
	/* a covering prefix brings its own port */
	{IMDS "udp:40000,53", LINK_LOCAL, SF_TO, P, 0},
	{"4:10.0.0.1,169.254.1.1 udp:40000,53", LINK_LOCAL, SF_TO, P, 0},
	{"4:10.0.0.1,169.254.1.1 tcp:40000,80", 0, 0, 0, 0},
	{"4:10.0.0.1,169.254.0.0 udp:40000,53", LINK_LOCAL, SF_TO, P, 0},
	{"4:10.0.0.1,169.254.255.255 udp:40000,53", LINK_LOCAL, SF_TO, P, 0},
	{"4:10.0.0.1,169.255.0.0 udp:40000,53", 0, 0, 0, 0},
	/* what has no ports belongs to endpoints of any port only */
	{IMDS "icmp:8,7", 0, 0, 0, 0},
	{IMDS "gre", 0, 0, 0, 0},
	{IMDS_SIX "icmp6:128,7", 0, 0, 0, 0},
	{IMDS_SIX "none", 0, 0, 0, 0},
	{"4:10.0.0.1,192.0.2.100 icmp:8,7", EDGE, SF_TO, 0, 0},
	{"4:10.0.0.1,192.0.2.100 gre", EDGE, SF_TO, 0, 0},
	{"4:10.0.0.1,192.0.2.100 esp", EDGE, SF_TO, 0, 0},
	{"6:fd00::1,2001:db8::1 icmp6:128,7", HALF6, SF_TO, 0, 0},
	/* misses */
	{"4:10.0.0.1,169.254.169.253 tcp:40000,80", 0, 0, 0, 0},
	{"4:10.0.0.1,169.254.169.255 tcp:40000,80", 0, 0, 0, 0},
	{"4:10.0.0.1,8.8.8.8 tcp:40000,80", 0, 0, 0, 0},
	{"4:0.0.0.0,255.255.255.255 udp:68,67", 0, 0, 0, 0},
	{"6:fd00::1,fd00:ec2::255 tcp:40000,80", 0, 0, 0, 0},
	{"6:fd00::1,fd00:ec2::1:254 tcp:40000,80", 0, 0, 0, 0},
	{"6:::,ff02::1 none", 0, 0, 0, 0},
	/* both ends of a prefix, and their neighbours */
	{"4:10.0.0.1,192.0.2.63 udp:1,2", 0, 0, 0, 0},
	{"4:10.0.0.1,192.0.2.64 udp:1,2", EDGE, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.127 udp:1,2", EDGE, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.128 udp:1,2", 0, 0, 0, 0},
	{"6:fd00::1,2001:db8:: udp:1,2", HALF6, SF_TO, P, 0},
	{"6:fd00::1,2001:db8:7fff:ffff:ffff:ffff:ffff:ffff udp:1,2", HALF6, SF_TO, P, 0},
	{"6:fd00::1,2001:db8:8000:: udp:1,2", 0, 0, 0, 0},
	{"6:fd00::1,2001:db7:ffff:ffff:ffff:ffff:ffff:ffff udp:1,2", 0, 0, 0, 0},
	/* overlaps: each stands alone, with its own port and direction */
	{"4:10.0.0.1,192.0.2.79 tcp:1,443", EDGE, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.80 tcp:1,443", EDGE | EDGE_DEEP, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.80 tcp:1,444", EDGE, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.94 tcp:1,443", EDGE | EDGE_DEEP, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.95 tcp:1,443", EDGE | EDGE_DEEP, SF_TO, P, 0},
	{"4:10.0.0.1,192.0.2.96 tcp:1,443", EDGE, SF_TO, P, 0},
	{"4:192.0.2.95,10.0.0.1 tcp:443,1", EDGE | EDGE_DEEP | EDGE_HOST, SF_FROM, P, 0},
	{"4:192.0.2.95,10.0.0.1 tcp:444,1", EDGE | EDGE_HOST, SF_FROM, P, 0},
	/* one direction only */
	{"4:10.0.0.1,10.53.0.200 udp:1,53", DNS_TO, SF_TO, P, 0},
	{"4:10.53.0.200,10.0.0.1 udp:53,1", 0, 0, 0, 0},
	{"4:10.54.0.1,10.0.0.1 udp:53,1", ONLY_FROM, SF_FROM, P, 0},
	{"4:10.0.0.1,10.54.0.1 udp:1,53", 0, 0, 0, 0},
	{"4:10.0.0.1,10.53.0.1 tcp:1,53", TO_AND_FROM, SF_TO, P, 0},
	{"4:10.53.0.1,10.0.0.1 tcp:53,1", TO_AND_FROM, SF_FROM, P, 0},
	/* an endpoint at both ends: to; two endpoints: both are told */
	{"4:192.0.2.64,192.0.2.65 udp:1,2", EDGE, SF_TO, P, 0},
	{"4:10.54.0.1,192.0.2.64 udp:1,2", EDGE | ONLY_FROM, SF_TO, P, 0},
	{"4:10.54.0.1,10.54.0.2 udp:1,2", 0, 0, 0, 0},
	{"4:10.53.0.200,10.53.0.201 udp:53,53", DNS_TO, SF_TO, P, 0},
	{"4:127.0.0.1,127.0.0.1 tcp:1,2", LOOP4, SF_TO, P, 0},
	{"6:::1,::1 tcp:1,2", LOOP4, SF_TO, P, 0},
	{"6:::1,::2 tcp:1,2", LOOP4, SF_FROM, P, 0},
	/* an endpoint of another interface */
	{"4:10.0.0.1,198.51.100.1 udp:1,2", 0, 0, 0, 0},
	/* IPv4 written as IPv6, in the policy and in the packet */
	{"4:10.0.0.1,100.64.0.1 udp:1,2", MAPPED, SF_TO, P, 0},
	{"4:10.0.0.1,100.127.255.255 udp:1,2", MAPPED, SF_TO, P, 0},
	{"4:10.0.0.1,100.128.0.0 udp:1,2", 0, 0, 0, 0},
	{"6:::ffff:10.0.0.1,::ffff:169.254.169.254 tcp:1,80", IMDS4, SF_TO, P, 0},
	{"6:fd00::1,::169.254.169.254 tcp:1,80", 0, 0, 0, 0},
	/* named users: nobody is behind these packets */
	{"4:10.0.0.1,203.0.113.1 udp:1,2", 0, SF_TO, P, NAMED},
	{"4:203.0.113.1,10.0.0.1 udp:1,2", 0, SF_FROM, P, NAMED},
	{"4:10.0.0.1,203.0.113.129 udp:1,2", GROUP, SF_TO, P, NAMED},
};

static const struct vector odd[] = {
	/* tags */
	{"vlan " IMDS "tcp:1,80", IMDS4, SF_TO, P, 0},
	{"qinq vlan " IMDS "tcp:1,80", IMDS4, SF_TO, P, 0},
	{"qinq qinq vlan " IMDS_SIX "tcp:1,80", IMDS6, SF_TO, P, 0},
	{"vlan vlan vlan vlan " IMDS "tcp:1,80", 0, 0, 0, 0},
	{"vlan " IMDS "eth=0806 tcp:1,80", 0, 0, 0, 0},
	{"vlan " IMDS "eth=86dd tcp:1,80 pay=40", 0, 0, 0, 0},
	{"vlan " IMDS "tot=39 tcp:1,80", IMDS4, SF_TO, P, 0},
	{"vlan " IMDS "tot=41 tcp:1,80", IMDS4, SF_TO, P | T, 0},
	/* extension headers */
	{IMDS_SIX "hop tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "hop tcp:1,81", 0, 0, 0, 0},
	{IMDS_SIX "hop:1 route:2 dst:3 auth:1 tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "mob hip shim tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "auth:4 tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "hop esp", 0, 0, 0, 0},
	{IMDS_SIX "dst dst dst dst dst dst dst dst tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "dst dst dst dst dst dst dst dst tcp:1,81", 0, 0, 0, 0},
	{IMDS_SIX "dst dst dst dst dst dst dst dst dst tcp:1,81", IMDS6, SF_TO, X, 0},
	{IMDS_SIX "dst:255 tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "dst:255 tcp:1,81", 0, 0, 0, 0},
	{IMDS_SIX "dst:255 dst:0 tcp:1,81", IMDS6, SF_TO, X, 0},
	{IMDS_SIX "dst:249 dst dst dst dst dst dst dst tcp:1,81", IMDS6, SF_TO, X, 0},
	{IMDS_SIX "dst:248 dst dst dst dst dst dst dst tcp:1,81", 0, 0, 0, 0},
	/* fragments: without ports they are anyone's */
	{IMDS "frag=4000 tcp:1,80", IMDS4, SF_TO, P, 0},
	{IMDS "frag=2000 tcp:1,80", IMDS4, SF_TO, P | F, 0},
	{IMDS "frag=2000 tcp:1,81", 0, 0, 0, 0},
	{IMDS "id=1 frag=0001 tcp:1,81", IMDS4 | LINK_LOCAL, SF_TO, L, 0},
	{IMDS "id=2 frag=3fff udp:1,2", IMDS4 | LINK_LOCAL, SF_TO, L, 0},
	{IMDS_SIX "fr:0001 tcp:1,80", IMDS6, SF_TO, P | F, 0},
	{IMDS_SIX "fr:0000 tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "fr:0006 tcp:1,81", 0, 0, 0, 0},
	{IMDS_SIX "fr:0008,1 tcp:1,81", IMDS6, SF_TO, L, 0},
	{IMDS_SIX "fr:0008,2 hop:9 tcp:1,81", IMDS6, SF_TO, L, 0},
	{IMDS_SIX "fr:0001 fr:fff8,3 tcp:1,81", IMDS6, SF_TO, L, 0},
	/* errors about a watched packet, whoever sends them: they come back from the endpoint */
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 tcp:1,80", IMDS4, SF_FROM, Q, 0},
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 tcp:1,81", 0, 0, Q, 0},
	{ROUTER "icmp:3,0 q4:10.0.0.1,169.254.169.254 udp:1,53", LINK_LOCAL, SF_FROM, Q, 0},
	{ROUTER "icmp:4,0 q4:10.0.0.1,169.254.169.254 udp:1,80 p=6", IMDS4, SF_FROM, Q, 0},
	{ROUTER "icmp:5,0 q4:10.0.0.1,169.254.169.254 tcp:1,80", IMDS4, SF_FROM, Q, 0},
	{ROUTER "icmp:12,0 q4:10.0.0.1,169.254.169.254 tcp:1,80", IMDS4, SF_FROM, Q, 0},
	{ROUTER "icmp:13,0 q4:10.0.0.1,169.254.169.254 tcp:1,80", 0, 0, 0, 0},
	{ROUTER "icmp:11,0 q4:169.254.169.254,10.0.0.1 tcp:80,1", IMDS4, SF_TO, Q, 0},
	{ROUTER "icmp:11,0 q4:10.0.0.1,192.0.2.100 icmp:8,7", EDGE, SF_FROM, Q, 0},
	{ROUTER "icmp:11,0 q4:10.0.0.1,192.0.2.100 gre", EDGE, SF_FROM, Q, 0},
	{"vlan " ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 tcp:1,80", IMDS4, SF_FROM, Q, 0},
	{ROUTER_SIX "icmp6:1,0 q6:fd00::1,fd00:ec2::254 tcp:1,80", IMDS6, SF_FROM, Q, 0},
	{ROUTER_SIX "icmp6:2,0 q6:fd00::1,fd00:ec2::254 hop dst tcp:1,80", IMDS6, SF_FROM, Q, 0},
	{ROUTER_SIX "hop icmp6:3,0 q6:fd00::1,fd00:ec2::254 udp:1,80", IMDS6, SF_FROM, Q, 0},
	{ROUTER_SIX "icmp6:127,0 q6:fd00::1,fd00:ec2::254 tcp:1,80", IMDS6, SF_FROM, Q, 0},
	{ROUTER_SIX "icmp6:3,0 q6:fd00::1,fd00:ec2::254 tcp:1,81", 0, 0, Q, 0},
	{ROUTER_SIX "icmp6:128,0 q6:fd00::1,fd00:ec2::254 tcp:1,80", 0, 0, 0, 0},
	/* from the endpoint itself the quoted ports count, too */
	{IMDS_BACK "icmp:3,0 q4:10.0.0.1,169.254.169.254 tcp:1,80", IMDS4, SF_FROM, Q, 0},
	{IMDS_BACK "icmp:3,0 q4:10.0.0.1,169.254.169.254 tcp:1,82", 0, 0, Q, 0},
	{IMDS "icmp:3,0 q4:169.254.169.254,10.0.0.1 tcp:80,1", IMDS4, SF_TO, Q, 0},
	/* quoted ports that cannot be read are any */
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 qfrag=0002 tcp:1,81", IMDS4 | LINK_LOCAL,
	 SF_FROM, Q, 0},
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 p=6 pay=3", IMDS4 | LINK_LOCAL, SF_FROM, Q,
	 0},
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 qihl=15 tcp:1,81", IMDS4 | LINK_LOCAL,
	 SF_FROM, Q, 0},
	{ROUTER_SIX "icmp6:3,0 q6:fd00::1,fd00:ec2::254 fr:0010 tcp:1,81", IMDS6, SF_FROM, Q, 0},
	{ROUTER_SIX "icmp6:3,0 q6:fd00::1,fd00:ec2::254 dst dst dst dst dst dst dst dst dst", IMDS6,
	 SF_FROM, Q, 0},
	/* no readable quote: no address of ours; from a watched one it is marked, and any port's */
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 qihl=4 tcp:1,80", 0, 0, 0, 0},
	{ROUTER "icmp:11,0 q4:10.0.0.1,169.254.169.254 qver=6 tcp:1,80", 0, 0, 0, 0},
	{ROUTER "icmp:11,0 q6:fd00::1,fd00:ec2::254 tcp:1,80", 0, 0, 0, 0},
	{IMDS_BACK "icmp:3,0 pay=19", IMDS4 | LINK_LOCAL, SF_FROM, T, 0},
	{IMDS_SIX_BACK "icmp6:1,0 pay=39", IMDS6, SF_FROM, T, 0},
	/* lengths that lie */
	{IMDS "ihl=4 tcp:1,81", IMDS4 | LINK_LOCAL, SF_TO, M, 0},
	{IMDS "ihl=0 tcp:1,81", IMDS4 | LINK_LOCAL, SF_TO, M, 0},
	{IMDS "ihl=15 pay=40 p=6 tcp:1,80", IMDS4, SF_TO, P, 0},
	{IMDS "ihl=15 pay=40 p=6 tcp:1,81", 0, 0, 0, 0},
	{IMDS "ihl=15 p=6 tcp:1,80", IMDS4 | LINK_LOCAL, SF_TO, M, 0},
	{IMDS "tot=0 tcp:1,80", IMDS4 | LINK_LOCAL, SF_TO, M, 0},
	{IMDS "tot=19 tcp:1,80", IMDS4 | LINK_LOCAL, SF_TO, M, 0},
	{IMDS "tot=20 tcp:1,80", IMDS4 | LINK_LOCAL, SF_TO, T, 0},
	{IMDS "tot=23 tcp:1,80", IMDS4 | LINK_LOCAL, SF_TO, T, 0},
	{IMDS "tot=24 tcp:1,80", IMDS4, SF_TO, P | T, 0},
	{IMDS "tot=33 tcp:1,80", IMDS4, SF_TO, P | T, 0},
	{IMDS "tot=34 tcp:1,80", IMDS4, SF_TO, P, 0},
	{IMDS "tot=65535 tcp:1,80", IMDS4, SF_TO, P | T, 0},
	{IMDS "tcp:1,80 doff=4", IMDS4, SF_TO, P | M, 0},
	{IMDS "tcp:1,81 doff=4", 0, 0, 0, 0},
	{IMDS "tcp:1,80 doff=15", IMDS4, SF_TO, P, 0},
	{IMDS "tot=25 icmp:8,7", IMDS4 | LINK_LOCAL, SF_TO, T, 0},
	{IMDS "tot=26 icmp:8,7", 0, 0, 0, 0},
	{IMDS_SIX "plen=0 tcp:1,80", IMDS6, SF_TO, T, 0},
	{IMDS_SIX "plen=4 tcp:1,80", IMDS6, SF_TO, P | T, 0},
	{IMDS_SIX "plen=14 tcp:1,80", IMDS6, SF_TO, P, 0},
	{IMDS_SIX "plen=65535 tcp:1,80", IMDS6, SF_TO, P | T, 0},
	{IMDS_SIX "plen=3 hop tcp:1,80", IMDS6, SF_TO, T, 0},
	{IMDS_SIX "hop:255 tcp:1,80 chop=20", IMDS6, SF_TO, T, 0},
	/* not IP, or not what it says */
	{"eth=0806 pay=28", 0, 0, 0, 0},
	{"eth=88cc pay=100", 0, 0, 0, 0},
	{"eth=0064 pay=100", 0, 0, 0, 0},
	{IMDS "ver=6 tcp:1,80", 0, 0, 0, 0},
	{IMDS "ver=5 tcp:1,80", 0, 0, 0, 0},
	{IMDS_SIX "ver=4 tcp:1,80", 0, 0, 0, 0},
	{IMDS "eth=86dd tcp:1,80 pay=40", 0, 0, 0, 0},
};

static void print_packet(const char *who, const struct sf_packet *packet)
{
	const uint8_t *bytes = (const uint8_t *)packet;

	print_error("# %s:", who);
	for (size_t i = 0; i < sizeof(*packet); i++)
		print_error("%s%02x", i % 4 ? "" : " ", bytes[i]);
	print_error("\n");
}

/* A test run has no link header in front of what it calls the packet. */
static bool decode_as_run(const uint8_t *bytes, size_t len, struct sf_packet *ret)
{
	struct decode_frame frame = frame_as_read(bytes, len);

	if (!decode_frame(&frame, ret))
		return false;
	ret->len -= ETH_HLEN;
	return true;
}

static void assert_same_packet(const char *words, const struct sf_packet *in_kernel,
			       const struct sf_packet *in_user)
{
	if (!memcmp(in_kernel, in_user, sizeof(*in_kernel)))
		return;
	print_packet("kernel", in_kernel);
	print_packet("user", in_user);
	fail_msg("%s: the parsers disagree", words);
}

static void assert_counted(const char *words, const uint64_t *counted, const uint64_t *expected)
{
	for (int i = 0; i < SF_COUNTERS; i++)
		if (counted[i] != expected[i])
			fail_msg("%s: counter %d is %" PRIu64 ", not %" PRIu64, words, i,
				 counted[i], expected[i]);
}

static void check_counters(const struct vector *vector, const struct rig_result *result)
{
	uint64_t expected[SF_COUNTERS] = {[SF_SEEN] = 1};

	expected[vector->shown ? SF_MATCHED : SF_REJECTED] = 1;
	expected[SF_EVENTS] = result->n_events;
	if (vector->shown | vector->hidden) {
		expected[SF_MALFORMED] = !!(vector->flags & SF_PACKET_ODD);
		/* no first of these was ever there */
		expected[SF_FRAGMENTS] = !!(vector->flags & SF_PACKET_LATER_FRAGMENT);
		expected[SF_FRAGMENTS_ALONE] = expected[SF_FRAGMENTS];
		expected[SF_NO_OWNER_UNKNOWN] = 1;
		expected[SF_HIDDEN_UNKNOWN] = !!vector->hidden;
	}
	assert_counted(vector->words, result->counted, expected);
}

static void check_event(const struct vector *vector, const struct rig_result *result,
			const struct sf_packet *in_user)
{
	const struct sf_event *event = &result->event;
	uint32_t endpoints = vector->shown ? vector->shown : vector->hidden;

	assert_int_equal(result->n_events, 1);
	assert_int_equal(event->type, SF_EVENT_VERDICT);
	assert_int_equal(event->ifindex, RIG_LOOPBACK);
	assert_int_equal(event->verdict, result->verdict);
	assert_int_not_equal(event->ts_ns, 0);
	if (event->endpoints.bits != endpoints || event->direction != vector->direction)
		fail_msg("%s: endpoints 0x%llx direction %u", vector->words,
			 (unsigned long long)event->endpoints.bits, event->direction);
	assert_int_equal(event->owner_kind, SF_OWNER_UNKNOWN);
	assert_int_equal(event->join, SF_JOIN_NONE);
	assert_int_equal(event->source, SF_SOURCE_NONE);
	assert_int_equal(event->cookie, 0);
	assert_same_packet(vector->words, &event->packet, in_user);
	/* of what nobody wants the table says nothing but that */
	if (endpoints && event->packet.flags != vector->flags)
		fail_msg("%s: flags 0x%x", vector->words, event->packet.flags);
}

static void check_vector(struct rig *rig, const struct vector *vector, bool report_rejected)
{
	struct sf_packet in_user;
	struct rig_result result;
	struct frame frame;
	bool is_read;

	frame_write(&frame, vector->words);
	result = rig_run(rig, frame.bytes, frame.len, RIG_LOOPBACK, 0);
	if (result.verdict != (vector->shown ? SF_DELIVER : SF_REJECT))
		fail_msg("%s: verdict %d", vector->words, result.verdict);
	is_read = decode_as_run(frame.bytes, frame.len, &in_user);
	check_counters(vector, &result);
	if (is_read && (vector->shown || report_rejected))
		check_event(vector, &result, &in_user);
	else
		assert_int_equal(result.n_events, 0);
}

/* One after the other through one tap, so that none leaves anything for the next. */
static void check_vectors(const struct vector *vectors, size_t n, bool report_rejected)
{
	struct rig rig;

	rig_open(&rig, policy_yaml, report_rejected);
	for (size_t i = 0; i < n; i++)
		check_vector(&rig, &vectors[i], report_rejected);
	rig_close(&rig);
}

static void test_hits_and_misses(void **state)
{
	(void)state;
	check_vectors(hits, ARRAY_SIZE(hits), false);
}

static void test_odd_packets(void **state)
{
	(void)state;
	check_vectors(odd, ARRAY_SIZE(odd), false);
}

static void test_with_rejected(void **state)
{
	(void)state;
	check_vectors(hits, ARRAY_SIZE(hits), true);
	check_vectors(odd, ARRAY_SIZE(odd), true);
}

static int32_t verdict_on(struct rig *rig, const char *words, uint32_t ifindex)
{
	struct frame frame;

	frame_write(&frame, words);
	return rig_run(rig, frame.bytes, frame.len, ifindex, 0).verdict;
}

static void test_interfaces(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, policy_yaml, false);
	assert_int_equal(verdict_on(&rig, "4:10.0.0.1,198.51.100.1 udp:1,2", rig_near()), -1);
	assert_int_equal(rig.events[0].ifindex, rig_near());
	assert_int_equal(rig.events[0].endpoints.bits, ON_NEAR);
	assert_int_equal(verdict_on(&rig, "4:10.0.0.1,198.51.100.1 udp:1,2", rig_far()), 0);
	assert_int_equal(verdict_on(&rig, "4:127.0.0.1,127.0.0.1 udp:1,2", rig_near()), 0);
	assert_int_equal(verdict_on(&rig, "4:10.0.0.1,192.0.2.64 udp:1,2", rig_far()), -1);
	rig_close(&rig);
}

/* An endpoint that the schedule has put to sleep. */
static void test_active(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, policy_yaml, false);
	rig_tables(&rig)->active.bits &= ~(uint64_t)EDGE;
	assert_int_equal(verdict_on(&rig, "4:10.0.0.1,192.0.2.64 udp:1,2", RIG_LOOPBACK), 0);
	assert_int_equal(verdict_on(&rig, "4:10.0.0.1,192.0.2.80 tcp:1,443", RIG_LOOPBACK), -1);
	assert_int_equal(rig.events[0].endpoints.bits, EDGE_DEEP);
	rig_tables(&rig)->active.bits = 0;
	assert_int_equal(verdict_on(&rig, "4:10.0.0.1,192.0.2.80 tcp:1,443", RIG_LOOPBACK), 0);
	rig_close(&rig);
}

#define EVERYTHING     \
	"endpoints:\n" \
	"  - all: {range: [0.0.0.0/0, '::/0'], iface: ['*'], filter: ['*']}\n"

/* One family's /0 is not the other's; and the bit of the last endpoint counts as the first's. */
static void test_whole_families(void **state)
{
	static const char six[] = "endpoints:\n"
				  "  - all6: {range: ['::/0'], iface: ['*'], filter: ['*']}\n";
	static const char four[] = "endpoints:\n"
				   "  - all4: {range: [0.0.0.0/0], iface: ['*'], filter: ['*']}\n";
	struct rig rig;

	(void)state;
	rig_open(&rig, EVERYTHING, false);
	assert_int_equal(verdict_on(&rig, "4:0.0.0.0,255.255.255.255 udp:1,2", RIG_LOOPBACK), -1);
	assert_int_equal(verdict_on(&rig, "6:::,ff02::1 udp:1,2", RIG_LOOPBACK), -1);
	assert_int_equal(verdict_on(&rig, "eth=0806 pay=28", RIG_LOOPBACK), 0);
	rig_close(&rig);
	rig_open(&rig, four, false);
	assert_int_equal(verdict_on(&rig, "4:1.2.3.4,5.6.7.8 udp:1,2", RIG_LOOPBACK), -1);
	assert_int_equal(verdict_on(&rig, "6:fd00::1,fd00::2 udp:1,2", RIG_LOOPBACK), 0);
	rig_close(&rig);
	rig_open(&rig, six, false);
	assert_int_equal(verdict_on(&rig, "4:1.2.3.4,5.6.7.8 udp:1,2", RIG_LOOPBACK), 0);
	assert_int_equal(verdict_on(&rig, "6:fd00::1,fd00::2 udp:1,2", RIG_LOOPBACK), -1);
	rig_close(&rig);
}

static void test_endpoint_63(void **state)
{
	char yaml[64 * 80] = "endpoints:\n";
	struct rig rig;

	(void)state;
	for (int i = 0; i < SF_ENDPOINTS_MAX; i++) {
		size_t len = strlen(yaml);

		snprintf(
			yaml + len, sizeof(yaml) - len,
			" - e%d: {range: [10.0.%d.0/24], iface: ['*'], filter: ['*'], port: [%d]}\n",
			i, i, 1000 + i);
	}
	rig_open(&rig, yaml, false);
	assert_int_equal(verdict_on(&rig, "4:1.2.3.4,10.0.63.1 udp:1,1063", RIG_LOOPBACK), -1);
	assert_true(rig.events[0].endpoints.bits == 1ULL << 63);
	assert_int_equal(verdict_on(&rig, "4:1.2.3.4,10.0.63.1 udp:1,1062", RIG_LOOPBACK), 0);
	assert_int_equal(verdict_on(&rig, "4:1.2.3.4,10.0.32.1 udp:1,1032", RIG_LOOPBACK), -1);
	assert_true(rig.events[0].endpoints.bits == 1ULL << 32);
	rig_close(&rig);
}

static int32_t verdict_on_port(struct rig *rig, int port)
{
	char words[64];

	snprintf(words, sizeof(words), "4:1.2.3.4,10.0.0.1 tcp:1,%d", port);
	return verdict_on(rig, words, RIG_LOOPBACK);
}

static bool is_homed(int port, uint32_t slot)
{
	return sf_slot_of(SF_PORT_KEY(IPPROTO_TCP, port), SF_PORT_SLOTS) == slot;
}

/* A slot at the end of the table that enough ports share: their chain wraps round. */
static uint32_t crowded_slot(void)
{
	for (uint32_t slot = SF_PORT_SLOTS - 1; slot > SF_PORT_SLOTS - SF_PROBES_MAX; slot--) {
		int n = 0;

		for (int port = 1; port <= UINT16_MAX; port++)
			n += is_homed(port, slot);
		if (n > SF_PROBES_MAX)
			return slot;
	}
	fail_msg("no slot is crowded");
	return 0;
}

/* As many ports as may be looked for share one slot: each is found, and no other. */
static void test_crowded_ports(void **state)
{
	uint32_t slot = crowded_slot();
	char yaml[512];
	struct rig rig;
	size_t len;
	int n = 0;

	(void)state;
	len = (size_t)snprintf(yaml, sizeof(yaml),
			       "endpoints:\n - e: {range: [10.0.0.0/8], iface: ['*'], "
			       "filter: ['*'], port: [");
	for (int port = 1; port <= UINT16_MAX && n < SF_PROBES_MAX; port++)
		if (is_homed(port, slot))
			len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, "%stcp/%d",
						n++ ? ", " : "", port);
	snprintf(yaml + len, sizeof(yaml) - len, "]}\n");
	rig_open(&rig, yaml, false);
	n = 0;
	for (int port = 1; port <= UINT16_MAX; port++)
		if (is_homed(port, slot))
			assert_int_equal(verdict_on_port(&rig, port),
					 n++ < SF_PROBES_MAX ? SF_DELIVER : SF_REJECT);
	assert_true(n > SF_PROBES_MAX);
	rig_close(&rig);
}

/* Half the table is in use: every port is found, and no other. */
static void test_many_ports(void **state)
{
	static char yaml[CONFIG_PORTS_MAX * 16 + 200];
	struct rig rig;
	size_t len;

	(void)state;
	len = (size_t)snprintf(yaml, sizeof(yaml),
			       "endpoints:\n - e: {range: [10.0.0.0/8], iface: ['*'], "
			       "filter: ['*'], port: [1");
	for (int i = 1; i < CONFIG_PORTS_MAX; i++)
		len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, ", %d", 2 * i + 1);
	snprintf(yaml + len, sizeof(yaml) - len, "]}\n");
	rig_open(&rig, yaml, false);
	for (int port = 1; port < 2 * CONFIG_PORTS_MAX; port++)
		assert_int_equal(verdict_on_port(&rig, port), port & 1 ? SF_DELIVER : SF_REJECT);
	rig_close(&rig);
}

/* Runs a frame many times over at full speed. */
static void repeat(struct rig *rig, const struct frame *frame, int n_runs, int32_t verdict)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->len, .repeat = n_runs);

	assert_int_equal(bpf_prog_test_run_opts(rig_tap_fd(rig), &opts), 0);
	assert_int_equal((int32_t)opts.retval, verdict);
}

/* Rejections are told at a bounded rate; none goes uncounted. */
static void test_rejected_rate(void **state)
{
	uint64_t counted[SF_COUNTERS];
	struct frame frame;
	struct rig rig;

	(void)state;
	rig_open(&rig, policy_yaml, true);
	frame_write(&frame, "4:10.0.0.1,8.8.8.8 udp:1,2");
	repeat(&rig, &frame, 1000, SF_REJECT);
	rig_look(&rig, counted);
	assert_int_equal(counted[SF_REJECTED], 1000);
	assert_int_equal(counted[SF_EVENTS], rig.n_events);
	assert_int_equal(counted[SF_EVENTS] + counted[SF_EVENTS_HELD_BACK], 1000);
	/* 100 a second; one second may end in between */
	assert_in_range(counted[SF_EVENTS], 100, 200);
	assert_int_equal(rig.events[0].verdict, SF_REJECT);
	/* what is delivered is told all the same */
	assert_int_equal(verdict_on(&rig, IMDS "tcp:1,80", RIG_LOOPBACK), SF_DELIVER);
	assert_int_equal(rig.n_events, 1);
	rig_close(&rig);
}

/* A full ring loses events, counted; the verdict stands. */
static void test_full_ring(void **state)
{
	uint64_t counted[SF_COUNTERS];
	struct frame frame;
	struct rig rig;

	(void)state;
	rig_open(&rig, EVERYTHING, false);
	frame_write(&frame, IMDS "tcp:1,80");
	repeat(&rig, &frame, 100000, SF_DELIVER);
	rig_look(&rig, counted);
	assert_int_equal(counted[SF_MATCHED], 100000);
	assert_int_equal(counted[SF_EVENTS] + counted[SF_EVENTS_LOST], 100000);
	assert_int_equal(counted[SF_EVENTS], rig.n_events);
	assert_true(counted[SF_EVENTS_LOST] > 0);
	assert_int_equal(verdict_on(&rig, IMDS "tcp:1,80", RIG_LOOPBACK), SF_DELIVER);
	assert_int_equal(rig.n_events, 1);
	rig_close(&rig);
}

/* Test runs of newer kernels refuse an IP packet without a whole IP header. */
static size_t shortest_run(const struct frame *frame)
{
	uint16_t protocol = frame_protocol(frame->bytes, frame->len);

	return ETH_HLEN + (protocol == ETH_P_IP ? 20 : protocol == ETH_P_IPV6 ? 40 : 4);
}

static void test_every_truncation(void **state)
{
	static const char *const words[] = {
		IMDS "ihl=7 pay=8 p=6 tcp:1,80",
		IMDS "udp:1,2",
		IMDS "icmp:8,7",
		IMDS "frag=2000 tcp:1,80",
		IMDS_SIX "tcp:1,80",
		IMDS_SIX "icmp6:128,7",
		IMDS "icmp:3,7 q4:10.0.0.1,169.254.169.254 qihl=6 pay=4 p=6 tcp:1,80",
		IMDS_SIX "icmp6:1,7 q6:fd00::1,fd00:ec2::254 hop fr:0001 udp:1,80",
		IMDS_SIX "hop route:1 auth:1 fr:0001 dst tcp:1,80",
		IMDS_SIX "dst dst dst dst dst dst dst dst dst tcp:1,80",
		"vlan " IMDS "tcp:1,80",
		"qinq qinq vlan " IMDS_SIX "hop udp:1,2",
	};
	struct rig rig;

	(void)state;
	rig_open(&rig, EVERYTHING, false);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct frame frame;

		frame_write(&frame, words[i]);
		for (size_t len = shortest_run(&frame); len <= frame.len; len++) {
			struct rig_result result = rig_run(&rig, frame.bytes, len, RIG_LOOPBACK, 0);
			struct sf_packet in_user;
			bool is_read = decode_as_run(frame.bytes, len, &in_user);

			assert_int_equal(result.verdict, is_read ? SF_DELIVER : SF_REJECT);
			assert_int_equal(result.n_events, is_read);
			if (is_read)
				assert_same_packet(words[i], &result.event.packet, &in_user);
		}
	}
	rig_close(&rig);
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

/* Bends a frame; the places where headers decide are hit more often than others. */
static void mutate(struct frame *frame, uint64_t *seed)
{
	static const uint8_t decisive[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  20, 21,
					   22, 23, 32, 33, 40, 41, 42, 43, 48, 49, 50, 51};
	static const uint8_t protos[] = {0,  1,	 6,  17,  33,  43,  44,	 50, 51,
					 58, 59, 60, 132, 135, 136, 139, 140};
	uint32_t n = next_random(seed) % 8;

	for (uint32_t i = 0; i < n; i++) {
		size_t at = next_random(seed) % frame->len;
		uint8_t value = (uint8_t)next_random(seed);

		if (next_random(seed) % 4)
			at = frame->ip + decisive[next_random(seed) % sizeof(decisive)];
		if (next_random(seed) % 2)
			value = protos[next_random(seed) % sizeof(protos)];
		if (at < frame->len)
			frame->bytes[at] = value;
	}
	if (next_random(seed) % 3 == 0)
		frame->len -= next_random(seed) % (frame->len - shortest_run(frame) + 1);
}

static void test_parsers_agree_on_noise(void **state)
{
	static const char *const words[] = {
		IMDS "tcp:1,80 pay=40",
		IMDS "udp:1,80",
		IMDS "ihl=8 pay=12 p=6 tcp:1,80",
		IMDS "icmp:8,7",
		IMDS_SIX "tcp:1,80 pay=40",
		IMDS_SIX "hop route:1 auth:1 fr:0001 dst udp:1,80 pay=30",
		IMDS_SIX "dst dst dst dst dst dst dst tcp:1,80 pay=60",
		IMDS_SIX "dst:200 dst:40 dst:3 tcp:1,80 pay=900",
		IMDS_SIX "icmp6:129,7 pay=8",
		IMDS "icmp:3,7 q4:10.0.0.1,169.254.169.254 tcp:1,80",
		IMDS_SIX "icmp6:1,7 q6:fd00::1,fd00:ec2::254 hop route:1 tcp:1,80",
		"vlan " IMDS "tcp:1,80",
		"qinq vlan " IMDS_SIX "hop sctp:1,2",
		"qinq qinq vlan " IMDS "tcp:1,80",
	};
	static const uint64_t seeds[] = {1, 0x9e3779b97f4a7c15ULL, 0xdeadbeefcafef00dULL};
	size_t n_read = 0, n_odd = 0;
	struct rig rig;

	(void)state;
	rig_open(&rig, EVERYTHING, false);
	for (size_t i = 0; i < 12000; i++) {
		uint64_t seed = seeds[i % ARRAY_SIZE(seeds)] + i;
		const char *base = words[next_random(&seed) % ARRAY_SIZE(words)];
		struct rig_result result;
		struct sf_packet in_user;
		struct frame frame;
		bool is_read;

		frame_write(&frame, base);
		mutate(&frame, &seed);
		if (frame.len < shortest_run(&frame))
			continue;
		result = rig_run(&rig, frame.bytes, frame.len, RIG_LOOPBACK, 0);
		is_read = decode_as_run(frame.bytes, frame.len, &in_user);
		if (result.n_events != is_read)
			fail_msg("round %zu: the kernel read it: %zu, we: %d", i, result.n_events,
				 is_read);
		assert_int_equal(result.verdict, is_read ? SF_DELIVER : SF_REJECT);
		if (!is_read)
			continue;
		assert_same_packet(base, &result.event.packet, &in_user);
		n_read++;
		n_odd += !!(in_user.flags & SF_PACKET_ODD);
	}
	rig_close(&rig);
	/* the noise reached both: whole packets and odd ones */
	assert_true(n_read > 5000 && n_odd > 1000 && n_odd < n_read);
}

static uint32_t endpoints_of(struct rig *rig, const char *words)
{
	verdict_on(rig, words, RIG_LOOPBACK);
	return rig->n_events ? (uint32_t)rig->events[0].endpoints.bits : 0;
}

/* Later fragments are judged by the ports of the first, if it was seen and there is but one. */
static void test_fragments(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, policy_yaml, false);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=2000 udp:1,53"), LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=2003 p=17 pay=8"), LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=0003 p=17 pay=8"), LINK_LOCAL);
	/* another packet, protocol or address */
	assert_int_equal(endpoints_of(&rig, IMDS "id=8 frag=0003 p=17 pay=8"), IMDS4 | LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=0003 p=6 pay=8"), IMDS4 | LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, "4:10.0.0.2,169.254.169.254 id=7 frag=0003 p=17 pay=8"),
			 IMDS4 | LINK_LOCAL);
	/* its ports are of no endpoint */
	assert_int_equal(endpoints_of(&rig, IMDS "id=9 frag=2000 udp:1,54"), 0);
	assert_int_equal(endpoints_of(&rig, IMDS "id=9 frag=0003 p=17 pay=8"), 0);
	/* the same once more changes nothing; another first of the same packet makes both doubtful */
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=2000 udp:1,53"), LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=0003 p=17 pay=8"), LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=2000 udp:1,54"), 0);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=0003 p=17 pay=8"), IMDS4 | LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=2000 udp:1,53"), LINK_LOCAL);
	assert_int_equal(endpoints_of(&rig, IMDS "id=7 frag=0003 p=17 pay=8"), IMDS4 | LINK_LOCAL);
	rig_close(&rig);
}

/* What an IPv6 fragment says of the next header may differ from the first (RFC 8200, 4.5). */
static void test_fragments_v6(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, policy_yaml, false);
	assert_int_equal(endpoints_of(&rig, IMDS_SIX "fr:0001,70000 tcp:1,80"), IMDS6);
	assert_int_equal(endpoints_of(&rig, IMDS_SIX "fr:0001,5 hop tcp:1,82"), 0);
	assert_int_equal(endpoints_of(&rig, IMDS_SIX "fr:0010,5 p=0 pay=8"), 0);
	assert_int_equal(endpoints_of(&rig, IMDS_SIX "fr:0010,5 p=17 pay=8"), 0);
	assert_int_equal(endpoints_of(&rig, IMDS_SIX "fr:0010,6 p=6 pay=8"), IMDS6);
	rig_close(&rig);
}

/* Two policies side by side: a packet is judged by the one, and then by the other. */
static void test_generations(void **state)
{
	const uint32_t other = !RIG_GENERATION;
	struct rig rig, donor;

	(void)state;
	rig_open(&rig, policy_yaml, false);
	rig_open(&donor, EVERYTHING, false);
	assert_int_equal(loader_fill(rig.skel, donor.policy, other), 0);
	assert_int_equal(verdict_on(&rig, "4:1.1.1.1,8.8.8.8 udp:1,2", RIG_LOOPBACK), SF_REJECT);
	assert_int_equal(verdict_on(&rig, IMDS "tcp:1,80", RIG_LOOPBACK), SF_DELIVER);
	assert_int_equal(rig.events[0].generation, RIG_GENERATION);
	loader_settle(rig.skel, other);
	assert_int_equal(verdict_on(&rig, "4:1.1.1.1,8.8.8.8 udp:1,2", RIG_LOOPBACK), SF_DELIVER);
	assert_int_equal(rig.events[0].generation, other);
	assert_int_equal(rig.events[0].endpoints.bits, 1);
	assert_int_equal(verdict_on(&rig, "6:fd00::1,fd00::2 udp:1,2", RIG_LOOPBACK), SF_DELIVER);
	/* what is taken away is that one's alone */
	loader_clear(rig.skel, donor.policy, other);
	assert_int_equal(verdict_on(&rig, IMDS "tcp:1,80", RIG_LOOPBACK), SF_REJECT);
	loader_settle(rig.skel, RIG_GENERATION);
	assert_int_equal(verdict_on(&rig, IMDS "tcp:1,80", RIG_LOOPBACK), SF_DELIVER);
	rig_close(&donor);
	rig_close(&rig);
}

static int32_t verdict_at(struct rig *rig, enum sf_tap tap, uint64_t stamp_ns)
{
	struct frame frame;
	struct __sk_buff ctx = {.ifindex = RIG_LOOPBACK, .tstamp = stamp_ns};

	frame_write(&frame, IMDS "tcp:1,80");
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.len, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = 1);
	assert_int_equal(bpf_prog_test_run_opts(loader_tap_fd(rig->skel, tap), &opts), 0);
	return (int32_t)opts.retval;
}

/*
 * While one kind of sockets hands over to the other, a packet is delivered by
 * one of them, whichever looks first, and however late.
 */
static void test_switch(void **state)
{
	struct rig rig;
	uint64_t before_ns, after_ns, booted_ns;

	(void)state;
	rig_open(&rig, EVERYTHING, false);
	assert_int_equal(loader_fill(rig.skel, rig.policy, !RIG_GENERATION), 0);
	loader_tables(rig.skel, !RIG_GENERATION)->every = true;
	before_ns = clock_real_ns();
	loader_turn(rig.skel, !RIG_GENERATION);
	after_ns = clock_real_ns();
	assert_int_equal(verdict_at(&rig, SF_TAP_SINGLE, before_ns), SF_DELIVER);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, before_ns), SF_REJECT);
	assert_int_equal(verdict_at(&rig, SF_TAP_SINGLE, after_ns), SF_REJECT);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, after_ns), SF_DELIVER);
	/* the stamps of TCP count from the boot */
	booted_ns = clock_real_ns() - clock_monotonic_ns();
	assert_int_equal(verdict_at(&rig, SF_TAP_SINGLE, before_ns - booted_ns), SF_DELIVER);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, before_ns - booted_ns), SF_REJECT);
	assert_int_equal(verdict_at(&rig, SF_TAP_SINGLE, after_ns - booted_ns), SF_REJECT);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, after_ns - booted_ns), SF_DELIVER);
	/* one that bears no stamp is an old one */
	assert_int_equal(verdict_at(&rig, SF_TAP_SINGLE, 0), SF_DELIVER);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, 0), SF_REJECT);
	loader_settle(rig.skel, !RIG_GENERATION);
	assert_int_equal(verdict_at(&rig, SF_TAP_SINGLE, before_ns), SF_REJECT);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, before_ns), SF_DELIVER);
	assert_int_equal(verdict_at(&rig, SF_TAP_EVERY, 0), SF_DELIVER);
	rig_close(&rig);
}

/* Of the socket on every interface and those on single ones, one kind delivers at a time. */
static void test_every_or_single(void **state)
{
	struct frame frame;
	struct rig rig;

	(void)state;
	rig_open(&rig, EVERYTHING, false);
	frame_write(&frame, IMDS "tcp:1,80");
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.len, .repeat = 1);
	for (int every = 0; every <= 1; every++) {
		for (int asked = 0; asked <= 1; asked++) {
			uint64_t counted[SF_COUNTERS];

			rig_tables(&rig)->every = (uint64_t)every;
			assert_int_equal(bpf_prog_test_run_opts(
						 loader_tap_fd(rig.skel, asked ? SF_TAP_EVERY
									       : SF_TAP_SINGLE),
						 &opts),
					 0);
			rig_look(&rig, counted);
			assert_int_equal((int32_t)opts.retval, asked == every ? -1 : 0);
			assert_int_equal(counted[SF_SEEN], asked == every);
			assert_int_equal(counted[SF_MATCHED], asked == every);
			assert_int_equal(counted[SF_REJECTED], 0);
			assert_int_equal(rig.n_events, asked == every);
		}
	}
	rig_close(&rig);
}

static void assert_passes(const struct bpf_program *program, const struct frame *frame,
			  int32_t expected)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->len, .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	assert_int_equal((int32_t)opts.retval, expected);
}

static void assert_all_pass(const struct vector *vectors, size_t n,
			    const struct bpf_program *program, int32_t expected)
{
	for (size_t i = 0; i < n; i++) {
		struct frame frame;

		frame_write(&frame, vectors[i].words);
		assert_passes(program, &frame, expected);
	}
}

static size_t count_entries(const struct bpf_map *map)
{
	uint8_t key[sizeof(struct sf_flow_key)];
	size_t n = 0;

	while (!bpf_map_get_next_key(bpf_map__fd(map), n ? key : NULL, key))
		n++;
	return n;
}

/*
 * The hooks of the owner look on: whatever passes them, passes. A socket that
 * has lost its file, as that of a test run, teaches them nothing.
 */
static void test_hooks_let_everything_pass(void **state)
{
	struct loader_options options = {.with_cgroup = true};
	struct sockfilter *skel;
	struct rig rig;

	(void)state;
	rig_open(&rig, policy_yaml, false);
	assert_all_pass(hits, ARRAY_SIZE(hits), rig.skel->progs.sf_egress, 1);
	assert_all_pass(odd, ARRAY_SIZE(odd), rig.skel->progs.sf_egress, 1);
	assert_int_equal(count_entries(rig.skel->maps.sf_flows), 0);
	assert_int_equal(count_entries(rig.skel->maps.sf_owners), 0);
	assert_int_equal(count_entries(rig.skel->maps.sf_traces), 0);
	options.with_cgroup = false;
	skel = rig_load(rig.policy, &options);
	assert_all_pass(hits, ARRAY_SIZE(hits), skel->progs.sf_egress_tc, TC_ACT_UNSPEC);
	assert_all_pass(odd, ARRAY_SIZE(odd), skel->progs.sf_egress_tc, TC_ACT_UNSPEC);
	assert_int_equal(count_entries(skel->maps.sf_flows), 0);
	loader_close(skel);
	rig_close(&rig);
}

#define FILTER_BYTES_MAX 18000

static void print_size(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), 0);
	printf("# %s: %u instructions verified, %u translated\n", bpf_program__name(program),
	       info.verified_insns, info.xlated_prog_len / 8);
}

/* A socket is charged for its filter: 20 KiB at most before Linux 6.7 (optmem_max). */
static void assert_attachable(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	print_size(program);
	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), 0);
	assert_in_range(info.xlated_prog_len, 1, FILTER_BYTES_MAX);
}

/* With and without the owner's cgroup hooks: only what is used is loaded. */
static void test_each_program_loads(void **state)
{
	struct loader_options options = {.with_cgroup = true};
	struct policy nothing = {};

	(void)state;
	for (int with_cgroup = 0; with_cgroup <= 1; with_cgroup++) {
		struct sockfilter *skel;

		options.with_cgroup = with_cgroup;
		skel = rig_load(&nothing, &options);
		assert_true(bpf_program__fd(skel->progs.sf_tap) >= 0);
		assert_true(bpf_program__fd(skel->progs.sf_tap_every) >= 0);
		assert_int_equal(bpf_program__fd(skel->progs.sf_egress) >= 0, with_cgroup);
		assert_int_equal(bpf_program__fd(skel->progs.sf_sock_create) >= 0, with_cgroup);
		assert_int_equal(bpf_program__fd(skel->progs.sf_sock_release) >= 0, with_cgroup);
		assert_int_equal(bpf_program__fd(skel->progs.sf_egress_tc) >= 0, !with_cgroup);
		if (!with_cgroup) {
			print_size(skel->progs.sf_egress_tc);
		} else {
			assert_attachable(skel->progs.sf_tap);
			assert_attachable(skel->progs.sf_tap_every);
			assert_attachable(skel->progs.sf_tap_inet);
			print_size(skel->progs.sf_judge);
			print_size(skel->progs.sf_judge_inet);
			print_size(skel->progs.sf_egress);
			print_size(skel->progs.sf_sock_create);
			print_size(skel->progs.sf_sock_release);
		}
		loader_close(skel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_program_loads),
		cmocka_unit_test(test_hits_and_misses),
		cmocka_unit_test(test_odd_packets),
		cmocka_unit_test(test_with_rejected),
		cmocka_unit_test(test_hooks_let_everything_pass),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_active),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_fragments_v6),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_every_or_single),
		cmocka_unit_test(test_whole_families),
		cmocka_unit_test(test_endpoint_63),
		cmocka_unit_test(test_crowded_ports),
		cmocka_unit_test(test_many_ports),
		cmocka_unit_test(test_rejected_rate),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_parsers_agree_on_noise),
	};

	if (!rig_begin())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
