// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tap on real sockets: what a test run cannot make - outgoing, forwarded
 * and paged packets, frames that claim a false protocol - and that verdict and
 * packet of each find each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "capture.h"
#include "frame.h"
#include "join.h"
#include "mem.h"
#include "rig.h"

#define WAIT_MS 5000
#define BOB 4711
#define ALICE 1001
#define COOKIE 0x7fff12345678ULL

#define REQUEST "4:10.0.0.1,10.1.0.1 tcp:40000,80"
#define REPLY "4:10.1.0.1,10.0.0.1 tcp:80,40000"
/* Says that all that was sent before it has arrived. */
#define SENTINEL "4:10.0.0.1,10.1.255.255 udp:9,9"

static const char policy_yaml[] =
	"endpoints:\n"
	"  - any: {range: [10.1.0.0/16, 'fd01::/32'], iface: ['*'], filter: ['*']}\n";
static const char everything_yaml[] =
	"endpoints:\n"
	"  - all: {range: [0.0.0.0/0, '::/0'], iface: ['*'], filter: ['*']}\n";

/* A tap on each interface, and a socket that sends frames as they are. */
static struct {
	struct rig rig;
	struct capture taps[3];
	struct capture_batch *batch;
	int sender;
	uint64_t sender_cookie;
	/* since the last send_all() */
	struct sf_event events[RIG_EVENTS_MAX];
	size_t n_events;
	struct {
		uint32_t ifindex;
		struct sf_packet packet;
		bool is_read;
		bool is_outgoing;
	} frames[RIG_EVENTS_MAX];
	size_t n_frames;
} wire;

static void open_wire(const char *yaml)
{
	uint32_t ifindexes[] = {RIG_LOOPBACK, rig_near(), rig_far()};
	socklen_t len = sizeof(wire.sender_cookie);

	memset(&wire, 0, sizeof(wire));
	rig_open(&wire.rig, yaml, false);
	for (size_t i = 0; i < ARRAY_SIZE(ifindexes); i++) {
		struct capture *tap = &wire.taps[i];

		assert_int_equal(capture_open(rig_tap_fd(&wire.rig), 1 << 20, tap), 0);
		assert_int_equal(capture_bind(tap, ifindexes[i]), 0);
	}
	wire.batch = capture_batch_new();
	assert_non_null(wire.batch);
	wire.sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(wire.sender >= 0);
	assert_int_equal(getsockopt(wire.sender, SOL_SOCKET, SO_COOKIE, &wire.sender_cookie, &len),
			 0);
}

static void close_wire(void)
{
	close_fd(&wire.sender);
	capture_batch_free(wire.batch);
	for (size_t i = 0; i < ARRAY_SIZE(wire.taps); i++)
		capture_close(&wire.taps[i]);
	rig_close(&wire.rig);
}

static int setup(void **state)
{
	(void)state;
	open_wire(policy_yaml);
	return 0;
}

static int setup_everything(void **state)
{
	(void)state;
	open_wire(everything_yaml);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_wire();
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void forget_what_came(void)
{
	wire.n_events = 0;
	wire.n_frames = 0;
}

static void read_tap(struct capture *tap)
{
	int n = capture_read(tap, wire.batch);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		struct capture_frame frame;

		assert_true(wire.n_frames < RIG_EVENTS_MAX);
		capture_frame(wire.batch, i, &frame);
		wire.frames[wire.n_frames].ifindex = frame.ifindex;
		wire.frames[wire.n_frames].is_outgoing = frame.is_outgoing;
		wire.frames[wire.n_frames].is_read =
			capture_decode(&frame, &wire.frames[wire.n_frames].packet);
		wire.n_frames++;
	}
}

static void read_all(void)
{
	uint64_t counted[SF_COUNTERS];

	for (size_t i = 0; i < ARRAY_SIZE(wire.taps); i++)
		read_tap(&wire.taps[i]);
	rig_look(&wire.rig, counted);
	assert_true(wire.n_events + wire.rig.n_events <= RIG_EVENTS_MAX);
	memcpy(wire.events + wire.n_events, wire.rig.events,
	       wire.rig.n_events * sizeof(wire.events[0]));
	wire.n_events += wire.rig.n_events;
}

static void send_bytes(const void *bytes, size_t len, uint32_t ifindex, uint16_t protocol)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)ifindex,
	};

	if (sendto(wire.sender, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		fail_msg("send %zu bytes: %s", len, strerror(errno));
}

static void send_words(const char *words, uint32_t ifindex)
{
	struct frame frame;

	frame_write(&frame, words);
	send_bytes(frame.bytes, frame.len, ifindex, frame_protocol(frame.bytes, frame.len));
}

static bool is_sentinel(const struct sf_packet *packet)
{
	return packet->dst[14] == 255 && packet->dst[15] == 255 && packet->sport == htons(9) &&
	       packet->dport == htons(9);
}

/* Where a frame that is sent on ifindex arrives. */
static uint32_t other_end(uint32_t ifindex)
{
	if (ifindex == RIG_LOOPBACK)
		return ifindex;
	return ifindex == rig_near() ? rig_far() : rig_near();
}

static bool has_sentinel(uint32_t ifindex)
{
	for (size_t i = 0; i < wire.n_frames; i++)
		if (wire.frames[i].ifindex == ifindex && wire.frames[i].is_read &&
		    is_sentinel(&wire.frames[i].packet))
			return true;
	return false;
}

static void drop_sentinels(void)
{
	size_t n = 0;

	for (size_t i = 0; i < wire.n_events; i++)
		if (!is_sentinel(&wire.events[i].packet))
			wire.events[n++] = wire.events[i];
	wire.n_events = n;
	n = 0;
	for (size_t i = 0; i < wire.n_frames; i++)
		if (!wire.frames[i].is_read || !is_sentinel(&wire.frames[i].packet))
			wire.frames[n++] = wire.frames[i];
	wire.n_frames = n;
}

/* Waits until all that was sent on ifindex has arrived at the other end. */
static void settle(uint32_t ifindex)
{
	uint64_t deadline_ns = now_ns() + WAIT_MS * 1000000ULL;

	send_words(SENTINEL, ifindex);
	do {
		read_all();
		if (has_sentinel(other_end(ifindex))) {
			drop_sentinels();
			return;
		}
		poll(NULL, 0, 1);
	} while (now_ns() < deadline_ns);
	fail_msg("the sentinel did not arrive");
}

/*
 * Every frame meets its own verdict, and no verdict is left without its frame.
 * Ambiguous is as good here: a routed packet passes the near end twice.
 */
static void assert_all_joined(const char *words)
{
	struct join *join = join_new();

	assert_non_null(join);
	for (size_t i = 0; i < wire.n_events; i++)
		join_event(join, &wire.events[i]);
	for (size_t i = 0; i < wire.n_frames; i++) {
		/* at any time: on a busy machine they lie further apart than a join allows */
		struct join_place place = {
			.ifindex = wire.frames[i].ifindex,
			.seen = {0, UINT64_MAX / 2},
		};
		struct sf_event event;

		assert_true(wire.frames[i].is_read);
		if (join_packet(join, &place, &wire.frames[i].packet, &event) == JOIN_MISSING)
			fail_msg("%s: frame %zu of %zu: the parsers disagree", words, i,
				 wire.n_frames);
	}
	join_free(join);
	assert_int_equal(wire.n_events, wire.n_frames);
}

static size_t frames_on(uint32_t ifindex)
{
	size_t n = 0;

	for (size_t i = 0; i < wire.n_frames; i++)
		n += wire.frames[i].ifindex == ifindex;
	return n;
}

/* The only event on ifindex. */
static const struct sf_event *event_on(uint32_t ifindex)
{
	const struct sf_event *found = NULL;

	for (size_t i = 0; i < wire.n_events; i++) {
		if (wire.events[i].ifindex != ifindex)
			continue;
		assert_null(found);
		found = &wire.events[i];
	}
	assert_non_null(found);
	return found;
}

static void exchange(const char *words, uint32_t ifindex)
{
	forget_what_came();
	send_words(words, ifindex);
	settle(ifindex);
	assert_all_joined(words);
}

static struct sf_flow_key key_of(const char *words)
{
	struct decode_frame read;
	struct sf_packet packet;
	struct sf_flow_key key;
	struct frame frame;

	frame_write(&frame, words);
	read = frame_as_read(frame.bytes, frame.len);
	assert_true(decode_frame(&read, &packet));
	memset(&key, 0, sizeof(key));
	memcpy(key.src, packet.src, sizeof(key.src));
	memcpy(key.dst, packet.dst, sizeof(key.dst));
	key.sport = packet.sport;
	key.dport = packet.dport;
	key.netns = rig_netns();
	key.proto = packet.proto;
	return key;
}

static void set_flow(const char *words, uint64_t cookie, uint32_t learnt)
{
	struct sf_flow_key key = key_of(words);
	struct sf_flow flow = {
		.cookie = cookie,
		.sender = cookie,
		.seen_ns = now_ns(),
		.learnt = learnt,
	};

	rig_set_flow(&wire.rig, &key, &flow);
}

static void set_user(uint64_t cookie, uint32_t uid)
{
	struct sf_owner owner = {
		.uid = uid,
		.gid = uid,
		.kind = SF_OWNER_USER,
		.source = SF_SOURCE_SOCKET,
	};

	rig_set_owner(&wire.rig, cookie, &owner);
}

static void assert_user(const struct sf_event *event, uint32_t uid, enum sf_join join)
{
	assert_int_equal(event->owner_kind, SF_OWNER_USER);
	assert_int_equal(event->uid, uid);
	assert_int_equal(event->join, join);
}

static void assert_nobody(const struct sf_event *event, enum sf_owner_kind kind)
{
	assert_int_equal(event->owner_kind, kind);
	assert_int_equal(event->join, SF_JOIN_NONE);
	assert_true(event->cookie == 0);
}

/* Out at one end and in at the other, each told once; a frame of a packet socket is nobody's. */
static void test_out_and_in(void **state)
{
	(void)state;
	exchange(REQUEST, rig_near());
	assert_int_equal(wire.n_events, 2);
	assert_nobody(event_on(rig_near()), SF_OWNER_UNKNOWN);
	assert_nobody(event_on(rig_far()), SF_OWNER_UNKNOWN);
	exchange("4:10.0.0.1,10.2.0.1 tcp:40000,80", rig_near());
	assert_int_equal(wire.n_events, 0);
}

static void test_outgoing_by_flow(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);

	(void)state;
	set_user(COOKIE, BOB);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	exchange(REQUEST, rig_near());
	assert_user(event_on(rig_near()), BOB, SF_JOIN_FLOW);
	/* it arrives with its true sender, which nobody knows */
	assert_nobody(event_on(rig_far()), SF_OWNER_UNKNOWN);
	/* what was learnt from a passing packet is no proof that it left a socket here */
	set_flow(REQUEST, COOKIE, SF_LEARNT_TAP);
	exchange(REQUEST, rig_near());
	assert_nobody(event_on(rig_near()), SF_OWNER_UNKNOWN);
	rig_forget(&wire.rig);
	rig_set_trace(&wire.rig, &key, SF_OWNER_KERNEL);
	exchange(REQUEST, rig_near());
	assert_nobody(event_on(rig_near()), SF_OWNER_KERNEL);
}

static void test_outgoing_answer_of_a_server(void **state)
{
	(void)state;
	set_user(COOKIE, ALICE);
	set_flow(REPLY, COOKIE, SF_LEARNT_EGRESS);
	exchange(REPLY, rig_near());
	assert_user(event_on(rig_near()), ALICE, SF_JOIN_FLOW);
	assert_nobody(event_on(rig_far()), SF_OWNER_UNATTRIBUTED_REPLY);
	/* outgoing, an answer that nobody here sent is not one that nobody asked for */
	rig_forget(&wire.rig);
	exchange(REPLY, rig_near());
	assert_nobody(event_on(rig_near()), SF_OWNER_UNKNOWN);
}

/* The socket that came along counts; its flow is learnt for the reply. */
static void test_incoming_with_socket(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct sf_flow learnt;

	(void)state;
	set_user(wire.sender_cookie, BOB);
	exchange(REQUEST, rig_near());
	assert_nobody(event_on(rig_near()), SF_OWNER_UNKNOWN);
	assert_user(event_on(rig_far()), BOB, SF_JOIN_SOCKET);
	assert_true(event_on(rig_far())->cookie == wire.sender_cookie);
	assert_true(rig_get_flow(&wire.rig, &key, &learnt));
	assert_int_equal(learnt.learnt, SF_LEARNT_TAP);
	exchange(REPLY, rig_far());
	assert_user(event_on(rig_near()), BOB, SF_JOIN_REPLY);
	assert_user(event_on(rig_far()), BOB, SF_JOIN_REPLY);
}

/* A flow that is learnt is written once a second, not with every packet. */
static void test_learnt_flow_is_refreshed_in_time(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct sf_flow flow = {.learnt = SF_LEARNT_TAP};
	struct sf_flow found;

	(void)state;
	set_user(wire.sender_cookie, BOB);
	flow.cookie = flow.sender = wire.sender_cookie;
	flow.seen_ns = now_ns();
	rig_set_flow(&wire.rig, &key, &flow);
	exchange(REQUEST, rig_near());
	assert_true(rig_get_flow(&wire.rig, &key, &found));
	assert_true(found.seen_ns == flow.seen_ns);
	flow.seen_ns = now_ns() - 2000000000;
	rig_set_flow(&wire.rig, &key, &flow);
	exchange(REQUEST, rig_near());
	assert_true(rig_get_flow(&wire.rig, &key, &found));
	assert_true(found.seen_ns > flow.seen_ns);
}

/* The loopback shows a packet going out and coming in: only the second is looked at. */
static void test_loopback_once(void **state)
{
	uint64_t before = wire.rig.counters[SF_SEEN];

	(void)state;
	set_user(COOKIE, BOB);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	exchange(REQUEST, RIG_LOOPBACK);
	/* with the sentinel */
	assert_int_equal(wire.rig.counters[SF_SEEN] - before, 2);
	assert_int_equal(wire.n_events, 1);
	assert_user(event_on(RIG_LOOPBACK), BOB, SF_JOIN_FLOW);
	assert_false(wire.frames[0].is_outgoing);
	set_flow(REQUEST, COOKIE, SF_LEARNT_TAP);
	exchange(REQUEST, RIG_LOOPBACK);
	assert_nobody(event_on(RIG_LOOPBACK), SF_OWNER_UNKNOWN);
}

/* Sends words to the far end's own address, to be routed back by the near one. */
static void send_to_router(const char *words, size_t n_events)
{
	uint64_t deadline_ns = now_ns() + WAIT_MS * 1000000ULL;
	struct ifreq far = {.ifr_name = RIG_FAR};
	struct frame frame;

	frame_write(&frame, words);
	assert_int_equal(ioctl(wire.sender, SIOCGIFHWADDR, &far), 0);
	memcpy(frame.bytes, far.ifr_hwaddr.sa_data, ETH_ALEN);
	forget_what_came();
	send_bytes(frame.bytes, frame.len, rig_near(), ETH_P_IP);
	do {
		read_all();
		poll(NULL, 0, 1);
	} while ((wire.n_events < n_events || wire.n_frames < n_events) && now_ns() < deadline_ns);
	assert_int_equal(wire.n_events, n_events);
	assert_all_joined(words);
}

static bool make_router(void)
{
	return !system("PATH=$PATH:/sbin:/usr/sbin; cd /proc/sys/net/ipv4 && exec 2>/dev/null && "
		       "echo 1 >ip_forward && echo 0 >conf/all/rp_filter && "
		       "echo 0 >conf/" RIG_FAR "/rp_filter && "
		       "ip addr replace 10.9.0.1/24 dev " RIG_NEAR " && "
		       "ip route replace 10.1.0.0/16 via 10.9.0.2 dev " RIG_NEAR " && "
		       "ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:99 dev " RIG_NEAR);
}

/* Out, in, and, routed, out and in again; from then on no socket is on the packet. */
static void test_forwarded(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct sf_trace trace;

	(void)state;
	if (!make_router())
		skip();
	send_to_router(REQUEST, 4);
	assert_nobody(&wire.events[0], SF_OWNER_UNKNOWN);
	assert_nobody(&wire.events[1], SF_OWNER_UNKNOWN);
	assert_nobody(&wire.events[2], SF_OWNER_FORWARDED);
	assert_nobody(&wire.events[3], SF_OWNER_FORWARDED);
	assert_true(rig_get_trace(&wire.rig, &key, &trace));
	assert_int_equal(trace.kind, SF_OWNER_FORWARDED);
	/* its reply is for whoever is behind */
	exchange(REPLY, rig_far());
	assert_nobody(event_on(rig_near()), SF_OWNER_FORWARDED);
}

/* A guest that forges the addresses of a local flow is not taken for it. */
static void test_forwarded_is_not_local(void **state)
{
	(void)state;
	if (!make_router())
		skip();
	set_user(COOKIE, BOB);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	send_to_router(REQUEST, 4);
	assert_user(&wire.events[0], BOB, SF_JOIN_FLOW);
	assert_nobody(&wire.events[2], SF_OWNER_FORWARDED);
	assert_nobody(&wire.events[3], SF_OWNER_FORWARDED);
}

/* A container's packet, seen with its socket on the way in, is still its on the way out. */
static void test_forwarded_by_learnt_flow(void **state)
{
	(void)state;
	if (!make_router())
		skip();
	set_user(wire.sender_cookie, BOB);
	send_to_router(REQUEST, 4);
	assert_user(&wire.events[1], BOB, SF_JOIN_SOCKET);
	assert_user(&wire.events[2], BOB, SF_JOIN_FLOW);
}

/* What comes in without a socket may be the answer to a server that is the endpoint. */
static void test_incoming_answer_to_a_server(void **state)
{
	(void)state;
	if (!make_router())
		skip();
	set_user(COOKIE, ALICE);
	set_flow(REPLY, COOKIE, SF_LEARNT_EGRESS);
	send_to_router(REQUEST, 4);
	assert_nobody(&wire.events[2], SF_OWNER_FORWARDED);
	assert_user(&wire.events[3], ALICE, SF_JOIN_REPLY);
}

static const char *const shapes[] = {
	REQUEST,
	"4:10.0.0.1,10.1.0.1 ihl=7 pay=8 p=6 tcp:1,80",
	"4:10.0.0.1,10.1.0.1 frag=2000 udp:1,80",
	"4:10.0.0.1,10.1.0.1 frag=0001 udp:1,80",
	"4:10.0.0.1,10.1.0.1 icmp:8,7",
	"4:10.0.0.1,10.1.0.1 tot=65535 tcp:1,80",
	"4:10.0.0.1,10.1.0.1 ihl=4 tcp:1,80",
	"6:fd00::1,fd01::1 tcp:1,80",
	"6:fd00::1,fd01::1 hop route:1 auth:1 fr:0001 dst udp:1,80",
	"6:fd00::1,fd01::1 dst dst dst dst dst dst dst dst dst tcp:1,80",
	"6:fd00::1,fd01::1 dst:255 tcp:1,80",
	"6:fd00::1,fd01::1 icmp6:128,7",
	"vlan 4:10.0.0.1,10.1.0.1 tcp:1,80",
	"qinq vlan 4:10.0.0.1,10.1.0.1 tcp:1,80",
	"qinq qinq vlan 6:fd00::1,fd01::1 hop udp:1,80",
};

/* Both ends read what the bytes say, whatever the sender called them. */
static void test_false_protocol(void **state)
{
	static const uint16_t protocols[] = {ETH_P_IP,	   ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q,
					     ETH_P_8021AD, ETH_P_ALL,  0,	  0x1234};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct frame frame;

		frame_write(&frame, shapes[i]);
		forget_what_came();
		for (size_t j = 0; j < ARRAY_SIZE(protocols); j++)
			send_bytes(frame.bytes, frame.len, rig_near(), protocols[j]);
		settle(rig_near());
		assert_all_joined(shapes[i]);
		assert_int_equal(frames_on(rig_near()), ARRAY_SIZE(protocols));
		assert_int_equal(frames_on(rig_far()), ARRAY_SIZE(protocols));
	}
}

/* An ethertype that lies under a protocol that does not: the sender's end still sees it. */
static void test_false_ethertype(void **state)
{
	struct frame frame;

	(void)state;
	frame_write(&frame, "4:10.0.0.1,10.1.0.1 eth=0806 tcp:1,80");
	send_bytes(frame.bytes, frame.len, rig_near(), ETH_P_IP);
	settle(rig_near());
	assert_all_joined("false ethertype");
	assert_int_equal(frames_on(rig_near()), 1);
}

/*
 * A packet whose headers lie in pages of their own, where a load that is
 * relative to the network header does not reach.
 */
static void send_paged(const char *words, size_t linear)
{
	static uint8_t bytes[6000];
	struct virtio_net_hdr header = {.hdr_len = (uint16_t)linear};
	struct iovec iov[] = {{&header, sizeof(header)}, {bytes, sizeof(bytes)}};
	struct frame frame;
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)rig_near()};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = iov,
		.msg_iovlen = ARRAY_SIZE(iov),
	};
	int on = 1, off = 0;

	frame_write(&frame, words);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, frame.bytes, frame.len);
	to.sll_protocol = htons(frame_protocol(frame.bytes, frame.len));
	assert_int_equal(setsockopt(wire.sender, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	if (sendmsg(wire.sender, &message, 0) < 0)
		fail_msg("send paged: %s", strerror(errno));
	assert_int_equal(setsockopt(wire.sender, SOL_PACKET, PACKET_VNET_HDR, &off, sizeof(off)),
			 0);
}

static void test_paged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		for (size_t linear = ETH_HLEN; linear < 100; linear += 7) {
			forget_what_came();
			send_paged(shapes[i], linear);
			settle(rig_near());
			assert_all_joined(shapes[i]);
			assert_int_equal(frames_on(rig_near()), 1);
			assert_int_equal(frames_on(rig_far()), 1);
		}
	}
}

static void test_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct frame frame;

		frame_write(&frame, shapes[i]);
		for (size_t len = ETH_HLEN; len <= frame.len && len < 200; len++) {
			struct decode_frame read = frame_as_read(frame.bytes, len);
			struct sf_packet packet;

			forget_what_came();
			send_bytes(frame.bytes, len, rig_near(), read.protocol);
			settle(rig_near());
			assert_all_joined(shapes[i]);
			assert_int_equal(frames_on(rig_near()), decode_frame(&read, &packet));
		}
	}
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

/* A shape with some bytes of its headers changed, some of its end lost, under any protocol. */
static void send_noise(uint64_t seed)
{
	static const uint16_t protocols[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_ARP};
	struct frame frame;
	uint16_t protocol;

	frame_write(&frame, shapes[next_random(&seed) % ARRAY_SIZE(shapes)]);
	for (uint32_t n = next_random(&seed) % 6; n; n--) {
		size_t at = 12 + next_random(&seed) % 48;

		if (at < frame.len)
			frame.bytes[at] = (uint8_t)next_random(&seed);
	}
	if (next_random(&seed) % 2)
		frame.len -= next_random(&seed) % (frame.len - ETH_HLEN + 1);
	protocol = frame_protocol(frame.bytes, frame.len);
	if (next_random(&seed) % 2)
		protocol = protocols[next_random(&seed) % ARRAY_SIZE(protocols)];
	send_bytes(frame.bytes, frame.len, rig_near(), protocol);
}

static void test_parsers_agree_on_noise(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4000;) {
		forget_what_came();
		for (int i = 0; i < 20; i++)
			send_noise(seed++);
		settle(rig_near());
		assert_all_joined("noise");
	}
}

#define on_policy(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define on_everything(test) cmocka_unit_test_setup_teardown(test, setup_everything, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_policy(test_out_and_in),
		on_policy(test_outgoing_by_flow),
		on_policy(test_outgoing_answer_of_a_server),
		on_policy(test_incoming_with_socket),
		on_policy(test_learnt_flow_is_refreshed_in_time),
		on_policy(test_loopback_once),
		on_policy(test_false_protocol),
		on_policy(test_false_ethertype),
		on_everything(test_paged),
		on_everything(test_every_truncation),
		on_everything(test_parsers_agree_on_noise),
		/* last: from here on the near end has an address and forwards */
		on_policy(test_forwarded),
		on_policy(test_forwarded_is_not_local),
		on_policy(test_forwarded_by_learnt_flow),
		on_policy(test_incoming_answer_to_a_server),
	};

	if (!rig_begin())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
