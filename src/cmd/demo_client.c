/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Plain blocking sockets with a time limit, as an SDK would use them: what the
 * watcher is shown must not be easier than real life.
 */
#include "demo_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "demo_net.h"
#include "mem.h"

#define REPLY_MAX 4096
#define STEP_TIMEOUT_MS 500

#define REQUEST(line, headers) \
	line " HTTP/1.1\r\nHost: %s\r\nUser-Agent: sock-filter-demo\r\n" headers "\r\n"

static const char token_request[] =
	REQUEST("PUT /latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n");
static const char id_request[] =
	REQUEST("GET /latest/meta-data/instance-id", "X-aws-ec2-metadata-token: %s\r\n");
static const char credentials_request[] =
	REQUEST("GET /latest/meta-data/iam/security-credentials/web-role", "");

static int open_connection(int family, int type)
{
	struct timeval limit = {.tv_usec = STEP_TIMEOUT_MS * 1000};
	cleanup_close int fd = socket(family, type | SOCK_CLOEXEC, 0);
	struct sockaddr_storage addr;
	socklen_t len = demo_net_service_addr(family, &addr);

	if (fd < 0)
		return -errno;
	/* The limit to send is the limit of connect, too. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, len))
		return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	return TAKE_FD(fd);
}

static int read_to_end(int fd, char reply[REPLY_MAX + 1])
{
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, reply + len, REPLY_MAX - len, 0);

		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		len += (size_t)n;
		reply[len] = '\0';
		if (n == 0)
			return 0;
		if (len == REPLY_MAX)
			return -EMSGSIZE;
	}
}

/* One request on a connection of its own; body points into reply. */
static int exchange(int family, const char *request, char reply[REPLY_MAX + 1],
		    const char **ret_body)
{
	cleanup_close int fd = open_connection(family, SOCK_STREAM);
	const char *end;
	int err;

	if (fd < 0)
		return fd;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return -errno;
	err = read_to_end(fd, reply);
	if (err)
		return err;
	end = strstr(reply, "\r\n\r\n");
	if (!end || strncmp(reply, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) != 0)
		return -EPROTO;
	*ret_body = end + strlen("\r\n\r\n");
	return 0;
}

static int ask_token_then_id(void)
{
	char request[512], reply[REPLY_MAX + 1], token[128];
	const char *body;
	int err;

	snprintf(request, sizeof(request), token_request, DEMO_SERVICE_IP4);
	err = exchange(AF_INET, request, reply, &body);
	if (err)
		return err;
	if (!*body || strlen(body) >= sizeof(token))
		return -EPROTO;
	snprintf(token, sizeof(token), "%s", body);
	snprintf(request, sizeof(request), id_request, DEMO_SERVICE_IP4, token);
	err = exchange(AF_INET, request, reply, &body);
	if (err)
		return err;
	return strncmp(body, "i-", 2) == 0 ? 0 : -EPROTO;
}

static int ask_credentials(int family)
{
	const char *host = family == AF_INET ? DEMO_SERVICE_IP4 : "[" DEMO_SERVICE_IP6 "]";
	char request[512], reply[REPLY_MAX + 1];
	const char *body;
	int err;

	snprintf(request, sizeof(request), credentials_request, host);
	err = exchange(family, request, reply, &body);
	if (err)
		return err;
	return strstr(body, "\"AccessKeyId\"") ? 0 : -EPROTO;
}

static int send_datagram(void)
{
	static const char text[] = "is anybody there?\n";
	cleanup_close int fd = open_connection(AF_INET, SOCK_DGRAM);
	char reply[64];

	if (fd < 0)
		return fd;
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return -errno;
	if (recv(fd, reply, sizeof(reply), 0) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

int demo_client_act(enum demo_act act)
{
	switch (act) {
	case DEMO_ACT_TOKEN_THEN_ID:
		return ask_token_then_id();
	case DEMO_ACT_CREDENTIALS_IP4:
		return ask_credentials(AF_INET);
	case DEMO_ACT_CREDENTIALS_IP6:
		return ask_credentials(AF_INET6);
	case DEMO_ACT_DATAGRAM:
		return send_datagram();
	}
	return -EINVAL;
}
