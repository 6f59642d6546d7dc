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
static const char credentials_request[] =
	REQUEST("GET /latest/meta-data/iam/security-credentials/web-role", "%s%s%s");
static const char user_data_request[] = REQUEST("GET /latest/user-data", "");

static int open_connection(int family)
{
	struct timeval limit = {.tv_usec = STEP_TIMEOUT_MS * 1000};
	cleanup_close int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
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
	cleanup_close int fd = open_connection(family);
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

/* token NULL: version 1. */
static int ask_credentials(int family, const char *token)
{
	const char *host = family == AF_INET ? DEMO_SERVICE_IP4 : "[" DEMO_SERVICE_IP6 "]";
	char request[512], reply[REPLY_MAX + 1];
	const char *body;
	int err;

	snprintf(request, sizeof(request), credentials_request, host,
		 token ? "X-aws-ec2-metadata-token: " : "", token ? token : "",
		 token ? "\r\n" : "");
	err = exchange(family, request, reply, &body);
	if (err)
		return err;
	return strstr(body, "\"AccessKeyId\"") ? 0 : -EPROTO;
}

static int ask_with_token(void)
{
	char request[512], reply[REPLY_MAX + 1];
	const char *token;
	int err;

	snprintf(request, sizeof(request), token_request, DEMO_SERVICE_IP4);
	err = exchange(AF_INET, request, reply, &token);
	if (err)
		return err;
	if (!*token || strlen(token) >= sizeof(request) / 2)
		return -EPROTO;
	return ask_credentials(AF_INET, token);
}

static int ask_user_data(void)
{
	char request[512], reply[REPLY_MAX + 1];
	const char *body;
	int err;

	snprintf(request, sizeof(request), user_data_request, DEMO_SERVICE_IP4);
	err = exchange(AF_INET, request, reply, &body);
	if (err)
		return err;
	return *body ? 0 : -EPROTO;
}

int demo_client_act(enum demo_act act)
{
	switch (act) {
	case DEMO_ACT_WITH_TOKEN:
		return ask_with_token();
	case DEMO_ACT_CREDENTIALS_IP4:
		return ask_credentials(AF_INET, NULL);
	case DEMO_ACT_CREDENTIALS_IP6:
		return ask_credentials(AF_INET6, NULL);
	case DEMO_ACT_USER_DATA:
		return ask_user_data();
	}
	return -EINVAL;
}
