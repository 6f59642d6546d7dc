// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who is behind a packet: the tap's answer, with the tables of the owner hooks
 * filled by hand. A test run's packet came in on an interface, and carries a
 * socket of its own; what needs other packets is in test_wire.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "frame.h"
#include "mem.h"
#include "rig.h"

#define TESTUSER 1000
#define ALICE 1001
#define BOB 4711
#define ADM 4
#define COOKIE 0x7fff12345678ULL

/* Endpoints of the policy below. */
enum {
	ANY = 1 << 0,
	NAMED = 1 << 1,
	GROUP = 1 << 2,
};

static const char policy_yaml[] =
	"endpoints:\n"
	"  - any: {range: [10.1.0.0/16, 'fd01::/32'], iface: ['*'], filter: ['*']}\n"
	"  - named: {range: [10.1.1.0/24, 10.2.0.0/16], iface: ['*'], filter: [testuser]}\n"
	"  - group: {range: [10.1.1.0/24, 10.3.0.0/16], iface: ['*'], filter: ['@adm']}\n";

#define REQUEST "4:10.0.0.1,10.1.0.1 tcp:40000,80"
#define REPLY "4:10.1.0.1,10.0.0.1 tcp:80,40000"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_forget(&rig);
	return 0;
}

static int open_rig(void **state)
{
	(void)state;
	rig_open(&rig, policy_yaml, false);
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct rig_result run_on(const char *words, uint32_t ifindex)
{
	struct frame frame;

	frame_write(&frame, words);
	return rig_run(&rig, frame.bytes, frame.len, ifindex, 0);
}

static struct rig_result run(const char *words)
{
	return run_on(words, rig_near());
}

/* The flow of a packet as its sender sees it. */
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

	rig_set_flow(&rig, &key, &flow);
}

static void set_user(uint64_t cookie, uint32_t uid, uint32_t gid, uint64_t ended_ns)
{
	struct sf_owner owner = {
		.ended_ns = ended_ns,
		.uid = uid,
		.gid = gid,
		.kind = SF_OWNER_USER,
		.source = SF_SOURCE_SOCKET,
	};

	rig_set_owner(&rig, cookie, &owner);
}

static void set_kernel(uint64_t cookie)
{
	struct sf_owner owner = {.kind = SF_OWNER_KERNEL};

	rig_set_owner(&rig, cookie, &owner);
}

/* Delivered to endpoint "any", and said to be this user's. */
static void assert_user(const struct rig_result *result, uint32_t uid, enum sf_join join)
{
	assert_int_equal(result->verdict, SF_DELIVER);
	assert_int_equal(result->n_events, 1);
	assert_int_equal(result->event.owner_kind, SF_OWNER_USER);
	assert_int_equal(result->event.uid, uid);
	assert_int_equal(result->event.join, join);
	assert_int_equal(result->event.source, SF_SOURCE_SOCKET);
	assert_true(result->event.cookie != 0);
	for (int kind = 0; kind < SF_OWNERLESS_KINDS; kind++) {
		assert_int_equal(result->counted[SF_NO_OWNER_UNKNOWN + kind], 0);
		assert_int_equal(result->counted[SF_HIDDEN_UNKNOWN + kind], 0);
	}
}

/* Delivered to endpoint "any", and said to be nobody's for this reason: no trace of a user. */
static void assert_nobody(const struct rig_result *result, enum sf_owner_kind expected)
{
	assert_int_equal(result->verdict, SF_DELIVER);
	assert_int_equal(result->n_events, 1);
	assert_int_equal(result->event.owner_kind, expected);
	assert_int_equal(result->event.uid, 0);
	assert_int_equal(result->event.gid, 0);
	assert_int_equal(result->event.join, SF_JOIN_NONE);
	assert_int_equal(result->event.source, SF_SOURCE_NONE);
	assert_true(result->event.cookie == 0);
	for (int kind = 0; kind < SF_OWNERLESS_KINDS; kind++) {
		assert_int_equal(result->counted[SF_NO_OWNER_UNKNOWN + kind],
				 kind == (int)expected);
		assert_int_equal(result->counted[SF_HIDDEN_UNKNOWN + kind], 0);
	}
}

static void assert_run_nobody(const char *words, enum sf_owner_kind expected)
{
	struct rig_result result = run(words);

	if (result.event.owner_kind != expected)
		fail_msg("%s: kind %u", words, result.event.owner_kind);
	assert_nobody(&result, expected);
}

static void test_reply_is_the_askers(void **state)
{
	struct rig_result result;

	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	result = run(REPLY);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	assert_true(result.event.cookie == COOKIE);
	assert_int_equal(result.event.direction, SF_FROM);
	/* on any interface of the namespace, and also when the tap learnt the flow */
	result = run_on(REPLY, RIG_LOOPBACK);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	set_flow(REQUEST, COOKIE, SF_LEARNT_TAP);
	result = run_on(REPLY, rig_far());
	assert_user(&result, BOB, SF_JOIN_REPLY);
}

static void test_reply_of_each_protocol(void **state)
{
	static const char *const pairs[][2] = {
		{"4:10.0.0.1,10.1.0.1 udp:5,53", "4:10.1.0.1,10.0.0.1 udp:53,5"},
		{"4:10.0.0.1,10.1.0.1 icmp:8,77", "4:10.1.0.1,10.0.0.1 icmp:0,77"},
		{"6:fd00::1,fd01::1 tcp:5,80", "6:fd01::1,fd00::1 tcp:80,5"},
		{"6:fd00::1,fd01::1 icmp6:128,77", "6:fd01::1,fd00::1 icmp6:129,77"},
		{"4:10.0.0.1,10.1.0.1 sctp:5,80", "4:10.1.0.1,10.0.0.1 sctp:80,5"},
		{"4:10.0.0.1,10.1.0.1 gre", "4:10.1.0.1,10.0.0.1 gre"},
		/* a tag, an extension header, do not change whose flow it is */
		{"4:10.0.0.1,10.1.0.1 tcp:6,80", "vlan 4:10.1.0.1,10.0.0.1 tcp:80,6"},
		{"6:fd00::1,fd01::1 tcp:6,80", "6:fd01::1,fd00::1 hop tcp:80,6"},
	};

	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct rig_result result;

		set_flow(pairs[i][0], COOKIE, SF_LEARNT_EGRESS);
		result = run(pairs[i][1]);
		assert_user(&result, BOB, SF_JOIN_REPLY);
	}
}

/* Everything in the key must be right: a near miss accuses nobody. */
#define ROUTER "4:10.0.0.254,10.0.0.1 "

/* An ICMP error is whose packet it is about, whoever sends it. */
static void test_error_is_the_askers(void **state)
{
	struct rig_result result;

	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	result = run(ROUTER "icmp:11,0 q" REQUEST);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	assert_int_equal(result.event.direction, SF_FROM);
	result = run("4:10.1.0.1,10.0.0.1 icmp:3,0 q" REQUEST);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	/* about a packet that nobody sent, or that cannot be told */
	assert_run_nobody(ROUTER "icmp:11,0 q4:10.0.0.1,10.1.0.1 tcp:40001,80",
			  SF_OWNER_UNATTRIBUTED_REPLY);
	assert_run_nobody(ROUTER "icmp:11,0 q4:10.0.0.1,10.1.0.1 udp:40000,80",
			  SF_OWNER_UNATTRIBUTED_REPLY);
	assert_run_nobody(ROUTER "icmp:11,0 q4:10.0.0.1,10.1.0.1 qfrag=0001 tcp:40000,80",
			  SF_OWNER_UNATTRIBUTED_REPLY);
}

/* Of a fragmented reply every part is the asker's. */
static void test_fragments_are_the_askers(void **state)
{
	struct rig_result result;

	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	set_flow("4:10.0.0.1,10.1.0.1 udp:40000,53", COOKIE, SF_LEARNT_EGRESS);
	assert_run_nobody("4:10.1.0.1,10.0.0.1 id=4 frag=0003 p=17 pay=8", SF_OWNER_UNKNOWN);
	result = run("4:10.1.0.1,10.0.0.1 id=4 frag=2000 udp:53,40000 pay=16");
	assert_user(&result, BOB, SF_JOIN_REPLY);
	result = run("4:10.1.0.1,10.0.0.1 id=4 frag=0003 p=17 pay=8");
	assert_user(&result, BOB, SF_JOIN_REPLY);
}

static void test_reply_to_another_flow(void **state)
{
	static const char *const others[] = {
		"4:10.0.0.2,10.1.0.1 tcp:40000,80",
		"4:10.0.0.1,10.1.0.2 tcp:40000,80",
		"4:10.0.0.1,10.1.0.1 tcp:40001,80",
		"4:10.0.0.1,10.1.0.1 tcp:40000,81",
		"4:10.0.0.1,10.1.0.1 udp:40000,80",
		"4:10.0.0.1,10.1.0.1 tcp:80,40000",
		REPLY,
	};
	struct sf_flow_key key = key_of(REQUEST);
	struct sf_flow flow = {.cookie = COOKIE, .sender = COOKIE, .learnt = SF_LEARNT_EGRESS};

	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		set_flow(others[i], COOKIE, SF_LEARNT_EGRESS);
	/* the same addresses in another namespace */
	key.netns++;
	rig_set_flow(&rig, &key, &flow);
	assert_run_nobody(REPLY, SF_OWNER_UNATTRIBUTED_REPLY);
}

/* What a closed socket sent and will be answered is its user's for a while, and then nobody's. */
static void test_grace(void **state)
{
	struct rig_result result;

	(void)state;
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	set_user(COOKIE, BOB, BOB, now_ns());
	result = run(REPLY);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	set_user(COOKIE, BOB, BOB, now_ns() - SF_GRACE_NS / 2);
	result = run(REPLY);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	/* it was asked for, so it is not unattributed either */
	set_user(COOKIE, BOB, BOB, now_ns() - SF_GRACE_NS);
	assert_run_nobody(REPLY, SF_OWNER_UNKNOWN);
	set_user(COOKIE, BOB, BOB, now_ns() - 100 * SF_GRACE_NS);
	assert_run_nobody(REPLY, SF_OWNER_UNKNOWN);
}

static void test_flow_without_owner(void **state)
{
	(void)state;
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	assert_run_nobody(REPLY, SF_OWNER_UNKNOWN);
}

static void test_kernel_and_forwarded(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);

	(void)state;
	rig_set_trace(&rig, &key, SF_OWNER_KERNEL);
	assert_run_nobody(REPLY, SF_OWNER_KERNEL);
	rig_set_trace(&rig, &key, SF_OWNER_FORWARDED);
	assert_run_nobody(REPLY, SF_OWNER_FORWARDED);
	/* a flow whose owner is the kernel */
	set_kernel(COOKIE);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	assert_run_nobody(REPLY, SF_OWNER_KERNEL);
}

/*
 * Whoever sends past our eyes must not hide behind the RST that the kernel
 * answers with, nor behind what happened long ago.
 */
static void test_traces_that_explain_no_reply(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct sf_trace trace = {
		.seen_ns = clock_monotonic_ns(),
		.kind = SF_OWNER_KERNEL,
	};

	(void)state;
	rig_put_trace(&rig, &key, &trace);
	assert_run_nobody(REPLY, SF_OWNER_UNATTRIBUTED_REPLY);
	trace.is_asking = true;
	trace.seen_ns = 1;
	if (clock_monotonic_ns() < 2 * SF_TRACE_NS)
		return;
	rig_put_trace(&rig, &key, &trace);
	assert_run_nobody(REPLY, SF_OWNER_UNATTRIBUTED_REPLY);
}

/* A living owner counts more than a trace of others with the same addresses. */
static void test_owner_before_trace(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct rig_result result;

	(void)state;
	rig_set_trace(&rig, &key, SF_OWNER_FORWARDED);
	set_user(COOKIE, BOB, BOB, 0);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	result = run(REPLY);
	assert_user(&result, BOB, SF_JOIN_REPLY);
}

/* Only what can be an answer is called one; an inbound attempt is not. */
static void test_unattributed(void **state)
{
	static const struct {
		const char *words;
		enum sf_owner_kind kind;
	} cases[] = {
		{"4:10.1.0.1,10.0.0.1 tcp:80,5,02", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 tcp:80,5,c2", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 tcp:80,5,12", SF_OWNER_UNATTRIBUTED_REPLY},
		{"4:10.1.0.1,10.0.0.1 tcp:80,5,10", SF_OWNER_UNATTRIBUTED_REPLY},
		{"4:10.1.0.1,10.0.0.1 tcp:80,5,04", SF_OWNER_UNATTRIBUTED_REPLY},
		{"4:10.1.0.1,10.0.0.1 tcp:80,5,11", SF_OWNER_UNATTRIBUTED_REPLY},
		{"4:10.1.0.1,10.0.0.1 udp:80,5", SF_OWNER_UNATTRIBUTED_REPLY},
		{"4:10.1.0.1,10.0.0.1 icmp:0,5", SF_OWNER_UNATTRIBUTED_REPLY},
		{"4:10.1.0.1,10.0.0.1 icmp:8,5", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 icmp:3", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 gre", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 frag=0001 tcp:80,5", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 frag=0001 icmp:0,5", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 tot=24 icmp:0,5", SF_OWNER_UNKNOWN},
		{"4:10.1.0.1,10.0.0.1 ihl=4 tcp:80,5", SF_OWNER_UNKNOWN},
		{"6:fd01::1,fd00::1 tcp:80,5,12", SF_OWNER_UNATTRIBUTED_REPLY},
		{"6:fd01::1,fd00::1 icmp6:129,5", SF_OWNER_UNATTRIBUTED_REPLY},
		{"6:fd01::1,fd00::1 icmp6:128,5", SF_OWNER_UNKNOWN},
		{"6:fd01::1,fd00::1 icmp6:0,5", SF_OWNER_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_run_nobody(cases[i].words, cases[i].kind);
}

/* Neighbours and routers are looked for by the kernel, whatever the tables say. */
static void test_discovery(void **state)
{
	static const char *const words[] = {
		"6:fd01::1,fd00::1 icmp6:133",	   "6:fd01::1,fd00::1 icmp6:137",
		"6:fd00::1,fd01::1 icmp6:135",	   "6:fd00::1,fd01::1 icmp6:136",
		"6:fd00::1,fd01::1 hop icmp6:134",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_run_nobody(words[i], SF_OWNER_KERNEL);
	assert_run_nobody("6:fd00::1,fd01::1 icmp6:132", SF_OWNER_UNKNOWN);
	assert_run_nobody("6:fd00::1,fd01::1 icmp6:138", SF_OWNER_UNKNOWN);
	/* in an IPv4 packet it is no discovery */
	assert_run_nobody("4:10.0.0.1,10.1.0.1 icmp6:135", SF_OWNER_UNKNOWN);
}

/* On the loopback a server's own packets are looked at as they come in. */
static void test_loopback_server(void **state)
{
	struct rig_result result;
	struct sf_flow_key key = key_of(REPLY);

	(void)state;
	set_user(COOKIE, ALICE, ALICE, 0);
	set_flow(REPLY, COOKIE, SF_LEARNT_EGRESS);
	result = run_on(REPLY, RIG_LOOPBACK);
	assert_user(&result, ALICE, SF_JOIN_FLOW);
	/* what passes through may not use what left a socket here, nor the other way round */
	set_flow(REPLY, COOKIE, SF_LEARNT_TAP);
	result = run_on(REPLY, RIG_LOOPBACK);
	assert_nobody(&result, SF_OWNER_UNKNOWN);
	rig_set_trace(&rig, &key, SF_OWNER_KERNEL);
	result = run_on(REPLY, RIG_LOOPBACK);
	assert_nobody(&result, SF_OWNER_KERNEL);
	/* it came in elsewhere: no server here sent it */
	set_flow(REPLY, COOKIE, SF_LEARNT_EGRESS);
	assert_run_nobody(REPLY, SF_OWNER_UNATTRIBUTED_REPLY);
}

/* The last sender is who a packet is by; the owner is who its reply is for. */
static void test_guest_sender(void **state)
{
	struct sf_flow_key key = key_of(REPLY);
	struct sf_flow flow = {
		.cookie = COOKIE,
		.sender = COOKIE + 1,
		.seen_ns = now_ns(),
		.learnt = SF_LEARNT_EGRESS,
	};
	struct rig_result result;

	(void)state;
	set_user(COOKIE, ALICE, ALICE, 0);
	set_user(COOKIE + 1, BOB, BOB, 0);
	rig_set_flow(&rig, &key, &flow);
	result = run_on(REPLY, RIG_LOOPBACK);
	assert_user(&result, BOB, SF_JOIN_FLOW);
	set_kernel(COOKIE + 1);
	result = run_on(REPLY, RIG_LOOPBACK);
	assert_nobody(&result, SF_OWNER_KERNEL);
}

/*
 * A test run's packet carries a new socket. Cookies are given in turn, on each
 * CPU, so that the next ones can be told; should another process take them,
 * the caller tries again.
 */
static uint64_t last_cookie(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	return cookie;
}

#define TRIES 100
#define AHEAD 8

static struct rig_result run_as_owner(const char *words, const struct sf_owner *owner)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t cookie = last_cookie();
		struct rig_result result;

		for (uint64_t next = cookie + 1; next <= cookie + AHEAD; next++)
			rig_set_owner(&rig, next, owner);
		result = run(words);
		if (last_cookie() - cookie <= AHEAD)
			return result;
	}
	fail_msg("the cookie of the next socket cannot be foretold");
	return (struct rig_result){};
}

static int pin_and_setup(void **state)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return -1;
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return -1;
	return setup(state);
}

static const struct sf_owner bob = {
	.uid = BOB,
	.gid = BOB,
	.kind = SF_OWNER_USER,
	.source = SF_SOURCE_SOCKET,
};

static void test_packet_with_socket(void **state)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct rig_result result;
	struct sf_flow learnt;

	(void)state;
	result = run_as_owner(REQUEST, &bob);
	assert_user(&result, BOB, SF_JOIN_SOCKET);
	assert_int_equal(result.event.direction, SF_TO);
	/* and the flow was learnt, for the reply will come without */
	assert_true(rig_get_flow(&rig, &key, &learnt));
	assert_true(learnt.cookie == result.event.cookie);
	assert_true(learnt.sender == result.event.cookie);
	assert_int_equal(learnt.learnt, SF_LEARNT_TAP);
	assert_true(now_ns() - learnt.seen_ns < 1000000000);
	result = run(REPLY);
	assert_user(&result, BOB, SF_JOIN_REPLY);
	assert_true(result.event.cookie == learnt.cookie);
}

static void test_packet_with_ended_socket(void **state)
{
	struct sf_owner ended = bob;
	struct sf_flow_key key = key_of(REQUEST);
	struct rig_result result;
	struct sf_flow learnt;

	(void)state;
	ended.ended_ns = now_ns() - SF_GRACE_NS;
	result = run_as_owner(REQUEST, &ended);
	assert_nobody(&result, SF_OWNER_UNKNOWN);
	assert_false(rig_get_flow(&rig, &key, &learnt));
}

static void test_packet_with_kernel_socket(void **state)
{
	struct sf_owner kernel = {.kind = SF_OWNER_KERNEL};
	struct sf_flow_key key = key_of(REQUEST);
	struct rig_result result;
	struct sf_flow learnt;

	(void)state;
	result = run_as_owner(REQUEST, &kernel);
	assert_nobody(&result, SF_OWNER_KERNEL);
	assert_false(rig_get_flow(&rig, &key, &learnt));
}

/* A socket on the packet that nobody knows is not looked up by its flow: it may be forged. */
static void test_packet_with_unknown_socket(void **state)
{
	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	set_flow(REQUEST, COOKIE, SF_LEARNT_EGRESS);
	assert_run_nobody(REQUEST, SF_OWNER_UNKNOWN);
}

/* Plays egress with COOKIE, then a packet with another socket: whose is the flow afterwards? */
static uint64_t owner_after(uint32_t learnt, uint64_t ended_ns)
{
	struct sf_flow_key key = key_of(REQUEST);
	struct rig_result result;
	struct sf_flow flow;

	set_flow(REQUEST, COOKIE, learnt);
	set_user(COOKIE, ALICE, ALICE, ended_ns);
	result = run_as_owner(REQUEST, &bob);
	assert_user(&result, BOB, SF_JOIN_SOCKET);
	assert_true(rig_get_flow(&rig, &key, &flow));
	assert_true(flow.cookie == COOKIE || flow.cookie == result.event.cookie);
	return flow.cookie;
}

static void test_what_egress_knows_is_kept(void **state)
{
	(void)state;
	assert_true(owner_after(SF_LEARNT_EGRESS, 0) == COOKIE);
	assert_true(owner_after(SF_LEARNT_EGRESS, now_ns()) == COOKIE);
	assert_true(owner_after(SF_LEARNT_EGRESS, now_ns() - SF_GRACE_NS) != COOKIE);
	/* another socket's that passed here, as long as it is open: this one may be forged */
	assert_true(owner_after(SF_LEARNT_TAP, 0) == COOKIE);
	assert_true(owner_after(SF_LEARNT_TAP, now_ns()) != COOKIE);
}

static void assert_shown(const struct rig_result *result, uint64_t endpoints)
{
	assert_int_equal(result->verdict, endpoints ? SF_DELIVER : SF_REJECT);
	assert_int_equal(result->counted[SF_MATCHED], !!endpoints);
	assert_int_equal(result->counted[SF_REJECTED], !endpoints);
	assert_int_equal(result->n_events, !!endpoints);
	if (endpoints)
		assert_true(result->event.endpoints.bits == endpoints);
}

/* Who is shown where: users by uid, groups by gid and by members, "*" for all. */
static void test_users(void **state)
{
	static const struct {
		uint32_t uid;
		uint32_t gid;
		uint64_t named; /* a reply of 10.2.0.1 */
		uint64_t group; /* of 10.3.0.1 */
		uint64_t all; /* of 10.1.1.1, which all three hold */
	} cases[] = {
		{TESTUSER, 100, NAMED, GROUP, ANY | NAMED | GROUP}, /* a member of adm */
		{ALICE, 100, 0, GROUP, ANY | GROUP},
		{BOB, BOB, 0, 0, ANY},
		{BOB, ADM, 0, GROUP, ANY | GROUP}, /* runs with it */
		{0, 0, 0, 0, ANY},
		/* a uid is not a gid, nor the other way round */
		{ADM, BOB, 0, 0, ANY},
		{BOB, TESTUSER, 0, 0, ANY},
		{UINT32_MAX, UINT32_MAX, 0, 0, ANY},
	};

	(void)state;
	set_flow("4:10.0.0.1,10.2.0.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	set_flow("4:10.0.0.1,10.3.0.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	set_flow("4:10.0.0.1,10.1.1.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig_result result;

		set_user(COOKIE, cases[i].uid, cases[i].gid, 0);
		result = run("4:10.2.0.1,10.0.0.1 udp:53,5");
		assert_shown(&result, cases[i].named);
		result = run("4:10.3.0.1,10.0.0.1 udp:53,5");
		assert_shown(&result, cases[i].group);
		result = run("4:10.1.1.1,10.0.0.1 udp:53,5");
		assert_shown(&result, cases[i].all);
		assert_user(&result, cases[i].uid, SF_JOIN_REPLY);
		assert_int_equal(result.event.gid, cases[i].gid);
	}
}

/* What nobody stands behind is shown under "*"; what named users did not show is counted. */
static void assert_hidden(enum sf_owner_kind kind)
{
	struct rig_result result;

	result = run("4:10.2.0.1,10.0.0.1 udp:53,5");
	assert_shown(&result, 0);
	assert_int_equal(result.counted[SF_NO_OWNER_UNKNOWN + kind], 1);
	assert_int_equal(result.counted[SF_HIDDEN_UNKNOWN + kind], 1);
	result = run("4:10.1.1.1,10.0.0.1 udp:53,5");
	assert_shown(&result, ANY);
	assert_int_equal(result.counted[SF_NO_OWNER_UNKNOWN + kind], 1);
	assert_int_equal(result.counted[SF_HIDDEN_UNKNOWN + kind], 1);
	result = run("4:10.1.2.1,10.0.0.1 udp:53,5");
	assert_shown(&result, ANY);
	assert_int_equal(result.counted[SF_NO_OWNER_UNKNOWN + kind], 1);
	assert_int_equal(result.counted[SF_HIDDEN_UNKNOWN + kind], 0);
}

static void set_traces(uint32_t kind)
{
	static const char *const words[] = {
		"4:10.0.0.1,10.2.0.1 udp:5,53",
		"4:10.0.0.1,10.1.1.1 udp:5,53",
		"4:10.0.0.1,10.1.2.1 udp:5,53",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct sf_flow_key key = key_of(words[i]);

		rig_set_trace(&rig, &key, kind);
	}
}

static void test_hidden(void **state)
{
	(void)state;
	assert_hidden(SF_OWNER_UNATTRIBUTED_REPLY);
	set_traces(SF_OWNER_KERNEL);
	assert_hidden(SF_OWNER_KERNEL);
	set_traces(SF_OWNER_FORWARDED);
	assert_hidden(SF_OWNER_FORWARDED);
	rig_forget(&rig);
	set_flow("4:10.0.0.1,10.2.0.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	set_flow("4:10.0.0.1,10.1.1.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	set_flow("4:10.0.0.1,10.1.2.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	assert_hidden(SF_OWNER_UNKNOWN);
}

/* A user who is not asked for is no loss: rejected, and nothing hidden. */
static void test_other_user_is_not_hidden(void **state)
{
	struct rig_result result;

	(void)state;
	set_user(COOKIE, BOB, BOB, 0);
	set_flow("4:10.0.0.1,10.2.0.1 udp:5,53", COOKIE, SF_LEARNT_EGRESS);
	result = run("4:10.2.0.1,10.0.0.1 udp:53,5");
	assert_shown(&result, 0);
	for (int i = SF_NO_OWNER_UNKNOWN; i <= SF_HIDDEN_UNATTRIBUTED_REPLY; i++)
		assert_int_equal(result.counted[i], 0);
}

#define with_setup(test) cmocka_unit_test_setup(test, setup)
#define with_cookies(test) cmocka_unit_test_setup(test, pin_and_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_setup(test_reply_is_the_askers),
		with_setup(test_reply_of_each_protocol),
		with_setup(test_error_is_the_askers),
		with_setup(test_fragments_are_the_askers),
		with_setup(test_reply_to_another_flow),
		with_setup(test_grace),
		with_setup(test_flow_without_owner),
		with_setup(test_kernel_and_forwarded),
		with_setup(test_traces_that_explain_no_reply),
		with_setup(test_owner_before_trace),
		with_setup(test_unattributed),
		with_setup(test_discovery),
		with_setup(test_loopback_server),
		with_setup(test_guest_sender),
		with_setup(test_users),
		with_setup(test_hidden),
		with_setup(test_other_user_is_not_hidden),
		with_cookies(test_packet_with_socket),
		with_cookies(test_packet_with_ended_socket),
		with_cookies(test_packet_with_kernel_socket),
		with_cookies(test_packet_with_unknown_socket),
		with_cookies(test_what_egress_knows_is_kept),
	};

	if (!rig_begin())
		return 0;
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
