// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "clock.h"
#include "mem.h"
#include "rawip.h"

/* Whatever a socket of either kind tells beside its packets. */
#define CONTROL_BYTES 256

struct capture_batch {
	const struct capture *of; /* the socket of the last read */
	struct mmsghdr messages[CAPTURE_BATCH];
	struct iovec iovs[CAPTURE_BATCH];
	struct sockaddr_storage from[CAPTURE_BATCH];
	union {
		struct cmsghdr align;
		uint8_t bytes[CONTROL_BYTES];
	} control[CAPTURE_BATCH];
	uint8_t frames[CAPTURE_BATCH][CAPTURE_SNAPLEN];
};

struct capture_batch *capture_batch_new(void)
{
	return calloc(1, sizeof(struct capture_batch));
}

void capture_batch_free(struct capture_batch *batch)
{
	free(batch);
}

static int set_options(int fd, size_t queue_bytes)
{
	int bytes = (int)queue_bytes;
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)))
		return -errno;
	return 0;
}

int capture_open(int tap_fd, size_t queue_bytes, struct capture *ret)
{
	cleanup_close int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = set_options(fd, queue_bytes);
	if (err)
		return err;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &tap_fd, sizeof(tap_fd)))
		return -errno;
	*ret = (struct capture){.fd = TAKE_FD(fd)};
	return 0;
}

int capture_bind(struct capture *capture, uint32_t ifindex)
{
	struct sockaddr_ll place = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex,
	};

	capture->ifindex = ifindex;
	capture->is_bound = !bind(capture->fd, (struct sockaddr *)&place, sizeof(place));
	return capture->is_bound ? 0 : -errno;
}

static void prepare(struct capture_batch *batch)
{
	for (int i = 0; i < CAPTURE_BATCH; i++) {
		batch->iovs[i].iov_base = batch->frames[i];
		batch->iovs[i].iov_len = CAPTURE_SNAPLEN;
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->from[i],
			.msg_namelen = sizeof(batch->from[i]),
			.msg_iov = &batch->iovs[i],
			.msg_iovlen = 1,
			.msg_control = &batch->control[i],
			.msg_controllen = sizeof(batch->control[i].bytes),
		};
	}
}

int capture_read(struct capture *capture, struct capture_batch *batch)
{
	int n;

	prepare(batch);
	batch->of = capture;
	n = recvmmsg(capture->fd, batch->messages, CAPTURE_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n >= 0) {
		capture->n_read += (uint64_t)n;
		return n;
	}
	/* a link that went down says so once, and the socket goes on */
	if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN)
		return 0;
	return -errno;
}

static void read_timestamp(const struct cmsghdr *c, struct capture_frame *frame)
{
	struct timespec ts;

	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	frame->ts_ns = (uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec;
}

static void read_auxdata(const struct cmsghdr *c, struct capture_frame *frame)
{
	struct tpacket_auxdata aux;

	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	frame->frame.net = aux.tp_net;
	frame->frame.len = aux.tp_len;
}

static void read_control(struct msghdr *header, struct capture_frame *frame)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			read_timestamp(c, frame);
		else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			read_auxdata(c, frame);
		else
			rawip_read_control(c, frame);
	}
}

static void read_link(const struct sockaddr_ll *from, struct capture_frame *frame)
{
	frame->frame.net = ETH_HLEN;
	frame->frame.protocol = ntohs(from->sll_protocol);
	frame->ifindex = (uint32_t)from->sll_ifindex;
	frame->is_outgoing = from->sll_pkttype == PACKET_OUTGOING;
}

void capture_frame(const struct capture_batch *batch, int i, struct capture_frame *ret)
{
	struct msghdr header = batch->messages[i].msg_hdr;
	size_t len = batch->messages[i].msg_len;

	*ret = (struct capture_frame){
		.kind = batch->of->kind,
		.frame.bytes = batch->frames[i],
		.frame.captured = len < CAPTURE_SNAPLEN ? len : CAPTURE_SNAPLEN,
		.frame.len = (uint32_t)len,
	};
	if (ret->kind == CAPTURE_PACKET)
		read_link((const struct sockaddr_ll *)&batch->from[i], ret);
	else
		rawip_read_from(batch->of, &batch->from[i], ret);
	read_control(&header, ret);
	if (!ret->ts_ns)
		ret->ts_ns = clock_real_ns();
}

bool capture_decode(const struct capture_frame *frame, struct sf_packet *ret)
{
	switch (frame->kind) {
	case CAPTURE_PACKET:
		return decode_frame(&frame->frame, ret);
	case CAPTURE_INET4:
		return decode_raw_v4(&frame->frame, ret);
	case CAPTURE_INET6:
		decode_raw_v6(&frame->frame, &frame->v6, ret);
		return true;
	}
	return false;
}

void capture_wipe(struct capture_batch *batch, int n)
{
	for (int i = 0; i < n; i++) {
		size_t len = batch->messages[i].msg_len;
		explicit_bzero(batch->frames[i], len < CAPTURE_SNAPLEN ? len : CAPTURE_SNAPLEN);
	}
}

bool capture_payload(const struct capture_frame *frame, struct decode_payload *ret)
{
	switch (frame->kind) {
	case CAPTURE_PACKET:
		return decode_payload(&frame->frame, ret);
	case CAPTURE_INET4:
		return decode_raw_v4_payload(&frame->frame, ret);
	case CAPTURE_INET6:
		return decode_raw_v6_payload(&frame->frame, &frame->v6, ret);
	}
	return false;
}

void capture_update_dropped(struct capture *capture)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (capture->kind != CAPTURE_PACKET) {
		rawip_update_dropped(capture);
		return;
	}
	if (!getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		capture->dropped += stats.tp_drops;
}

bool capture_is_attached(const struct capture *capture)
{
	struct sockaddr_ll place = {};
	socklen_t len = sizeof(place);

	if (capture->kind != CAPTURE_PACKET)
		return capture->is_bound;
	if (!capture->is_bound || getsockname(capture->fd, (struct sockaddr *)&place, &len))
		return false;
	return place.sll_ifindex == (int)capture->ifindex;
}

int capture_shut(const struct capture *capture)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (setsockopt(capture->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		return -errno;
	return 0;
}

void capture_close(struct capture *capture)
{
	close_fd(&capture->fd);
}
