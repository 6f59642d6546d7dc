// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * connect(2) by io_uring, with and without a thread of the kernel that reads
 * the queue. By system calls: there need be no library for it.
 */
#include "sender.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 4
#define IDLE_MS 1000
#define FEATURE_NATIVE_WORKERS (1U << 9) /* its threads are the process's own: 5.12 */

struct ring {
	struct io_uring_params params;
	int fd;
	char *submission;
	char *completion;
	struct io_uring_sqe *entries;
};

static void *map(const struct ring *ring, size_t len, off_t what)
{
	void *at =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void open_ring(struct ring *ring, unsigned int flags)
{
	const struct io_uring_params *params = &ring->params;

	*ring = (struct ring){.params = {.flags = flags, .sq_thread_idle = IDLE_MS}};
	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	if (ring->fd < 0)
		cannot("io_uring");
	ring->submission = map(ring, params->sq_off.array + params->sq_entries * sizeof(uint32_t),
			       IORING_OFF_SQ_RING);
	ring->completion =
		map(ring, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe),
		    IORING_OFF_CQ_RING);
	ring->entries =
		map(ring, params->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

static _Atomic uint32_t *number(char *at, uint32_t offset)
{
	return (_Atomic uint32_t *)(void *)(at + offset);
}

/* The kernel's thread of 5.10 takes registered files only. */
static void connect_by(struct ring *ring, int fd, const struct target *target)
{
	const struct io_uring_params *params = &ring->params;
	_Atomic uint32_t *tail = number(ring->submission, params->sq_off.tail);
	_Atomic uint32_t *head = number(ring->completion, params->cq_off.head);
	struct io_uring_cqe *completion;
	unsigned int flags = IORING_ENTER_GETEVENTS;

	check((int)syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &fd, 1),
	      "IORING_REGISTER_FILES");
	ring->entries[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT,
		.flags = IOSQE_FIXED_FILE,
		.fd = 0,
		.addr = (uintptr_t)&target->at,
		.off = target->len,
	};
	*number(ring->submission, params->sq_off.array) = 0;
	atomic_fetch_add(tail, 1);
	if (*number(ring->submission, params->sq_off.flags) & IORING_SQ_NEED_WAKEUP)
		flags |= IORING_ENTER_SQ_WAKEUP;
	do
		check((int)syscall(SYS_io_uring_enter, ring->fd, 1, 1, flags, NULL, 0),
		      "io_uring_enter");
	while (*number(ring->completion, params->cq_off.tail) == *head);
	completion = (struct io_uring_cqe *)(void *)(ring->completion + params->cq_off.cqes);
	errno = -completion->res;
	if (completion->res)
		die("connect");
}

static void go(struct target *target, unsigned int flags)
{
	struct ring ring;
	int fd;

	open_ring(&ring, flags);
	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	target_port(target, PORT_HTTP);
	connect_by(&ring, fd, target);
	ask_http(fd);
}

static void uring(struct target *target, char **words)
{
	(void)words;
	go(target, 0);
}

static void uring_thread(struct target *target, char **words)
{
	(void)words;
	go(target, IORING_SETUP_SQPOLL);
}

/* Does nothing: whose threads does io_uring have here? */
static void uring_probe(struct target *target, char **words)
{
	struct ring ring;

	(void)target;
	(void)words;
	open_ring(&ring, 0);
	errno = ENOSYS;
	if (!(ring.params.features & FEATURE_NATIVE_WORKERS))
		cannot("threads of the process");
}

const struct way uring_ways[] = {
	{"uring", uring},
	{"uring-thread", uring_thread},
	{"uring-probe", uring_probe},
	{NULL, NULL},
};
