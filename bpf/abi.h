/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything the kernel side and the user side share: the tables that carry
 * the policy down, the packet and event layouts that come up, the counters.
 *
 * Addresses are 16 bytes in wire order; IPv4 stands as ::ffff:a.b.c.d, so
 * that one layout serves both families. Ports stay in wire order.
 */
#pragma once

#include <linux/types.h>

#define SF_ENDPOINTS_MAX 64
#define SF_PREFIXES_MAX 200000

/* Extension headers of an IPv6 packet are followed up to these bounds; a
 * longer chain is delivered and marked, its ports unknown. */
#define SF_EXT_HEADERS_MAX 8
#define SF_EXT_BYTES_MAX 2048

/* IPv6 extension headers (RFC 7045 and the IANA registry). ESP hides what follows it. */
enum sf_extension {
	SF_EXT_HOP_BY_HOP = 0,
	SF_EXT_ROUTING = 43,
	SF_EXT_FRAGMENT = 44,
	SF_EXT_AUTH = 51,
	SF_EXT_DESTINATION = 60,
	SF_EXT_MOBILITY = 135,
	SF_EXT_HIP = 139,
	SF_EXT_SHIM6 = 140,
};

static inline int sf_is_extension(__u8 proto)
{
	return proto == SF_EXT_HOP_BY_HOP || proto == SF_EXT_ROUTING || proto == SF_EXT_FRAGMENT ||
	       proto == SF_EXT_AUTH || proto == SF_EXT_DESTINATION || proto == SF_EXT_MOBILITY ||
	       proto == SF_EXT_HIP || proto == SF_EXT_SHIM6;
}

/* Stacked VLAN tags that are looked through. */
#define SF_VLAN_TAGS_MAX 3

/* A socket's flows keep their owner this long after it was closed: the last
 * FIN, ACK and late replies still belong to it. */
#define SF_GRACE_NS 2000000000ULL

/* A trace says nothing about packets that come this much later. */
#define SF_TRACE_NS 300000000000ULL

/* Live flows and sockets at once; when full, newcomers are refused and counted. */
#define SF_FLOWS_MAX 65536
#define SF_OWNERS_MAX 32768
#define SF_TRACES_MAX 8192

/*
 * Programs that were told of less than a minute ago are not told of again. User
 * space remembers more of them than there is room for here.
 */
#define SF_TOLD_MAX 4096
#define SF_TOLD_NS 60000000000ULL

/* One bit an endpoint; hides that 64 endpoints are one machine word. */
struct sf_mask {
	__u64 bits;
};

enum sf_verdict {
	SF_REJECT = 0,
	SF_DELIVER = -1,
};

/* The kinds of sockets behind the filter: on one interface, on every one, or raw IP sockets. */
enum sf_tap {
	SF_TAP_SINGLE,
	SF_TAP_EVERY,
	SF_TAP_INET,
	SF_TAPS,
};

/* On which side of the packet the endpoint's address stands. */
enum sf_direction {
	SF_DIRECTION_NONE,
	SF_TO,
	SF_FROM,
};

/* Who is behind a packet: a user, or one of four reasons why nobody is. */
enum sf_owner_kind {
	SF_OWNER_UNKNOWN,
	SF_OWNER_KERNEL,
	SF_OWNER_FORWARDED,
	SF_OWNER_UNATTRIBUTED_REPLY,
	SF_OWNER_USER,
};
#define SF_OWNERLESS_KINDS SF_OWNER_USER

/* How the process was learnt. */
enum sf_source {
	SF_SOURCE_NONE,
	SF_SOURCE_SOCKET, /* from the socket alone: who made it */
	SF_SOURCE_CONNECT,
	SF_SOURCE_SENDMSG,
	SF_SOURCE_BIND,
	SF_SOURCE_BACKFILL, /* it was open before the watch began: from the list of open files */
};

/* How the packet was tied to that user. */
enum sf_join {
	SF_JOIN_NONE,
	SF_JOIN_SOCKET, /* the packet carried its socket */
	SF_JOIN_FLOW, /* its addresses and ports are those of a socket */
	SF_JOIN_REPLY, /* it answers such a flow */
};

/* What the parser found; the marks of a record are made from these. */
enum sf_packet_flag {
	SF_PACKET_PORTS = 1 << 0, /* sport and dport were read */
	SF_PACKET_FRAGMENT = 1 << 1,
	SF_PACKET_LATER_FRAGMENT = 1 << 2,
	SF_PACKET_TRUNCATED = 1 << 3, /* ends before its headers say so */
	SF_PACKET_MALFORMED = 1 << 4, /* headers contradict each other */
	SF_PACKET_EXT_BOUND = 1 << 5, /* more extension headers than followed */
	SF_PACKET_QUOTE = 1 << 6, /* an ICMP error; quote holds the addresses of what it is about */
};
/* Counted as malformed. */
#define SF_PACKET_ODD (SF_PACKET_TRUNCATED | SF_PACKET_MALFORMED | SF_PACKET_EXT_BOUND)
/* Without SF_PACKET_PORTS these say that the ports are unknown, and so match any. */
#define SF_PACKET_UNREAD (SF_PACKET_LATER_FRAGMENT | SF_PACKET_ODD)

/* The packet that an ICMP error quotes: what it is about. */
struct sf_quote {
	__u8 src[16];
	__u8 dst[16];
	__be16 sport; /* the echo id for an ICMP echo */
	__be16 dport;
	__u8 proto;
	__u8 flags; /* enum sf_packet_flag, those of a quote: PORTS and UNREAD */
	__u16 pad;
};
_Static_assert(sizeof(struct sf_quote) == 40, "sf_quote has no holes");

/* What both parsers, in the kernel and in user space, say of one packet. */
struct sf_packet {
	__u8 src[16];
	__u8 dst[16];
	__be16 sport; /* the echo id for an ICMP echo */
	__be16 dport;
	__be32 tcp_seq;
	__be32 tcp_ack;
	__be32 ip_id; /* IPv4's 16 bits in the first two bytes, or that of an IPv6 fragment */
	__u8 ip_version;
	__u8 proto;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 hop_limit; /* IPv4: the time to live */
	__u8 traffic_class; /* IPv4: the type of service */
	__u8 pad;
	__u16 flags; /* enum sf_packet_flag */
	__u16 pad2;
	__u32 len; /* bytes of the frame as the socket sees it */
	struct sf_quote quote; /* zero without SF_PACKET_QUOTE */
};
_Static_assert(sizeof(struct sf_packet) == 104, "sf_packet has no holes");

/* The sender's view of a flow; netns is the inode number of the namespace. */
struct sf_flow_key {
	__u8 src[16];
	__u8 dst[16];
	__be16 sport;
	__be16 dport;
	__u32 netns;
	__u8 proto;
	__u8 pad[3];
};
_Static_assert(sizeof(struct sf_flow_key) == 44, "sf_flow_key has no holes");

struct sf_flow {
	__u64 cookie; /* whose flow it is: key of sf_owners */
	__u64 sender; /* who sent last: the kernel or a raw socket may */
	__u64 seen_ns; /* CLOCK_MONOTONIC, refreshed once a second */
	__u32 hash; /* that its socket gives its packets, and may change; 0: gives none */
	__u32 hash_before;
	__u8 learnt; /* enum sf_learnt */
	__u8 is_inbound; /* as of its owner, who may be another by now */
	__u16 queued; /* packets without a hash that left the socket, and not the host yet */
	__u32 disputed; /* SF_DISPUTE_SHIFT: when another took it over while some were; 0: never */
};

/* So long nobody is told for a flow that changed hands while packets were queued. */
#define SF_DISPUTE_SHIFT 30 /* nanoseconds to sf_flow.disputed, about seconds */
#define SF_DISPUTE_MAX 8 /* of these; a neighbour is looked for 3 s */

enum sf_learnt {
	SF_LEARNT_EGRESS, /* where the socket sends: its own namespace */
	SF_LEARNT_TAP, /* from a packet that carried its socket here */
};

/* A process and the program that it runs. Pids are used again; start times with them are not. */
struct sf_process_key {
	__u64 started_ns; /* since boot, suspended time included */
	__u32 pid; /* on the host; 0: not known */
	__u32 exec_id; /* another after each exec */
};

/* A socket that talks to a watched address, by its cookie. */
struct sf_owner {
	__u64 ended_ns; /* CLOCK_MONOTONIC of its end, 0 while open */
	struct sf_process_key opener; /* who made the socket */
	struct sf_process_key user; /* who last connected, bound or sent by it */
	__u32 uid; /* the opener's real ids, on the host */
	__u32 gid;
	__u8 kind; /* SF_OWNER_USER or SF_OWNER_KERNEL */
	__u8 source; /* enum sf_source: how the user was learnt */
	__u8 is_released; /* closed for good; else ended_ns may be taken back */
	__u8 is_inbound; /* the other side opened its connection */
	__u32 netns; /* of the socket: the inode number of its namespace */
};

#define SF_COMM_BYTES 16

/* Who a process is. */
struct sf_identity {
	struct sf_process_key key;
	__u32 uid; /* real and effective ids, on the host */
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 userns; /* inode numbers of its namespaces */
	__u32 pidns;
	char comm[SF_COMM_BYTES]; /* of the process, not of its thread */
};

/* Kept with every socket; gone with it. */
struct sf_opener {
	struct sf_identity identity;
	struct sf_process_key user;
	__u8 source; /* of user */
	__u8 is_known; /* the ids are filled */
	__u8 is_released; /* closed, whatever it may still send */
	__u8 pad[5];
};

/* A flow that no socket of ours stands behind. */
struct sf_trace {
	__u64 seen_ns;
	__u32 kind; /* SF_OWNER_KERNEL or SF_OWNER_FORWARDED */
	__u32 is_asking; /* it explains replies, too */
};

enum sf_event_type {
	SF_EVENT_VERDICT = 1,
	SF_EVENT_OPENER, /* struct sf_opener_event */
	SF_EVENT_PROCESS, /* struct sf_process_event */
};

/* One verdict of the tap, through the ring buffer. */
struct sf_event {
	__u16 type; /* enum sf_event_type */
	__u8 generation; /* of the policy that the endpoints are of */
	__u8 tap; /* enum sf_tap: SF_TAP_INET, or one of the others */
	__u32 ifindex;
	__u64 ts_ns; /* CLOCK_MONOTONIC */
	struct sf_mask endpoints; /* of the verdict; of the address if rejected */
	__u64 cookie; /* of the owner's socket, 0 without */
	struct sf_process_key opener; /* of that socket; pid 0: not known */
	struct sf_process_key user;
	__s32 verdict; /* enum sf_verdict */
	__u32 uid;
	__u32 gid;
	__u32 netns; /* of the owner's socket */
	__u32 pad;
	__u8 direction; /* enum sf_direction */
	__u8 owner_kind;
	__u8 source;
	__u8 join;
	struct sf_packet packet;
};
_Static_assert(sizeof(struct sf_event) == 192, "sf_event has no holes");

/*
 * Paths come as the kernel keeps them: names from the last to the first, each
 * with its NUL. A name is cut at SF_NAME_BYTES; a path ends where no further
 * name may begin.
 */
#define SF_NAME_BYTES 128
#define SF_CGROUP_BYTES 512
#define SF_EXE_BYTES 512
#define SF_ARGV_BYTES 1024
#define SF_PARENTS_MAX 8

enum sf_process_flag {
	SF_PROCESS_EXE_CUT = 1 << 0,
	SF_PROCESS_EXE_DELETED = 1 << 1, /* no name leads to it any more */
	SF_PROCESS_ARGV_CUT = 1 << 2,
	SF_PROCESS_CGROUP_CUT = 1 << 3,
	SF_PROCESS_EXE_UNPLACED =
		1
		<< 4, /* a name and no path: made by memfd_create, or of another mount namespace */
};

/* What a socket tells of who made it. */
struct sf_opener_event {
	__u16 type; /* enum sf_event_type */
	__u16 flags; /* enum sf_process_flag */
	__u16 cgroup_len; /* bytes of the path, 0: not known */
	__u16 pad;
	struct sf_identity identity;
	char cgroup[SF_CGROUP_BYTES + SF_NAME_BYTES];
};
_Static_assert(sizeof(struct sf_opener_event) == 704, "sf_opener_event has no holes");

struct sf_parent {
	struct sf_process_key key;
	char comm[SF_COMM_BYTES];
};

/* A process that uses a socket, seen while it does. */
struct sf_process_event {
	struct sf_opener_event head; /* cgroup: the process's own */
	__u16 exe_len;
	__u16 argv_len;
	__u32 n_parents;
	struct sf_parent parents[SF_PARENTS_MAX]; /* its own first */
	char exe[SF_EXE_BYTES + SF_NAME_BYTES];
	char argv[SF_ARGV_BYTES]; /* words, each with its NUL */
};
_Static_assert(sizeof(struct sf_process_event) == 2632, "sf_process_event has no holes");

/* A connection that was open before the watch began, and a process that has it open. */
struct sf_open_socket {
	struct sf_process_event process; /* but for its arguments */
	struct sf_flow_key flow; /* as it sends */
	__u32 uid; /* who opened it */
	__u32 gid;
	__u32 hash; /* as in struct sf_flow */
	__u64 cookie; /* 0: it has none yet */
};
_Static_assert(sizeof(struct sf_open_socket) == 2696, "sf_open_socket has no holes");

/* An open-addressed table; key 0 is an empty slot. */
#define SF_PROBES_MAX 16
struct sf_slot {
	__u64 key;
	struct sf_mask mask;
};

#define SF_IFACE_SLOTS 1024
#define SF_USER_SLOTS 16384
#define SF_PORT_SLOTS 4096

#define SF_UID_KEY(uid) (1ULL << 32 | (__u32)(uid))
#define SF_GID_KEY(gid) (2ULL << 32 | (__u32)(gid))
#define SF_PORT_KEY(proto, port) ((__u64)(proto) << 16 | (port)) /* host order */

/*
 * The policy but for its prefixes, which live in the two LPM tries. There are
 * two of it, the generations: one is read while the other is filled, so that
 * no packet is judged by half a policy.
 *
 * One word says which of them is read: its lowest bit is a generation, the
 * rest a time (CLOCK_REALTIME, ns) or 0. Packets that the kernel stamped at
 * that time or later are judged by the other generation. So every socket that
 * a packet reaches judges it by the same one, also while they change.
 */
#define SF_GENERATIONS 2
#define SF_TURN(generation, from_ns) ((__u64)(from_ns) << 1 | (generation))

/* A stamp below it (36 years) is no date but the time that TCP wants a packet sent, since boot. */
#define SF_STAMP_REAL_NS (1ULL << 60)

struct sf_policy {
	__u64 every; /* the socket on all interfaces delivers, else those on single ones */
	struct sf_mask active;
	struct sf_mask inet; /* endpoints read from raw IP sockets, not from packet sockets */
	struct sf_mask to; /* endpoints that want this direction */
	struct sf_mask from;
	struct sf_mask any_iface;
	struct sf_mask any_user;
	struct sf_mask any_port;
	struct sf_slot ifaces[SF_IFACE_SLOTS]; /* ifindex */
	struct sf_slot users[SF_USER_SLOTS]; /* SF_UID_KEY, SF_GID_KEY */
	struct sf_slot ports[SF_PORT_SLOTS]; /* SF_PORT_KEY */
};

/* Where probing for a key starts; slots is a power of two. */
static inline __u32 sf_slot_of(__u64 key, __u32 slots)
{
	return (__u32)((key * 0x9e3779b97f4a7c15ULL) >> 40) & (slots - 1);
}

/* A prefix belongs to a generation: prefixlen counts the bits of that, too. */
#define SF_GENERATION_BITS 32

struct sf_lpm4_key {
	__u32 prefixlen;
	__u32 generation;
	__u8 addr[4];
};

struct sf_lpm6_key {
	__u32 prefixlen;
	__u32 generation;
	__u8 addr[16];
};

/*
 * Counters, one per CPU. These add up, once the taps are quiet:
 *   SEEN = MATCHED + REJECTED
 *   MATCHED = packets read from the sockets + packets their queues dropped
 *   of MATCHED, MATCHED_INET by raw IP sockets
 *   EVENTS = events read from the ring;  EVENTS_LOST never entered it
 * NO_OWNER_* count every packet of a watched endpoint that nobody stands
 * behind, HIDDEN_* those of them that endpoints with named users did not show.
 */
enum sf_counter {
	SF_SEEN,
	SF_MATCHED,
	SF_REJECTED,
	SF_MALFORMED,
	SF_NO_OWNER_UNKNOWN,
	SF_NO_OWNER_KERNEL,
	SF_NO_OWNER_FORWARDED,
	SF_NO_OWNER_UNATTRIBUTED_REPLY,
	SF_HIDDEN_UNKNOWN,
	SF_HIDDEN_KERNEL,
	SF_HIDDEN_FORWARDED,
	SF_HIDDEN_UNATTRIBUTED_REPLY,
	SF_EVENTS,
	SF_EVENTS_LOST,
	SF_EVENTS_HELD_BACK, /* rejections beyond the bounded rate */
	SF_FLOWS_REFUSED, /* the flow or owner table was full */
	SF_FRAGMENTS, /* of a watched address, but for the first of each packet */
	SF_FRAGMENTS_ALONE, /* those whose first was not seen: any port matches */
	SF_MATCHED_INET,
	SF_PROCESSES_LOST, /* tellings of a process that found the ring full */
	SF_COUNTERS,
};

/* With room to spare: a mask bounds the index for the verifier. */
#define SF_COUNTERS_ROOM 32
_Static_assert(SF_COUNTERS <= SF_COUNTERS_ROOM && !(SF_COUNTERS_ROOM & (SF_COUNTERS_ROOM - 1)),
	       "a power of two, not too small");

struct sf_counts {
	__u64 of[SF_COUNTERS_ROOM];
};
