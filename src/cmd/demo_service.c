/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One connection at a time, each with a bounded request and a bounded wait: the
 * only callers are the demo's clients, one after the other.
 */
#include "demo_service.h"

#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "mem.h"

#define REQUEST_MAX 4096
#define TOKEN "demo-token-not-a-secret"
#define TOKEN_TTL_MAX 21600
#define CREDENTIAL_SECONDS (6 * 3600)

#define ROLE_LIST "/latest/meta-data/iam/security-credentials/"

struct answer {
	const char *status;
	char extra[64]; /* header lines, each with its line end */
	char body[512];
};

static int bind_to_service(int fd, int family)
{
	struct sockaddr_storage addr;
	socklen_t len = demo_net_service_addr(family, &addr);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&addr, len) ? -errno : 0;
}

static int open_socket(int netns, int family)
{
	cleanup_close int fd = demo_net_socket(netns, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return fd;
	err = bind_to_service(fd, family);
	if (err)
		return err;
	if (listen(fd, 16))
		return -errno;
	return TAKE_FD(fd);
}

int demo_service_open(struct demo_service *ret_service, const struct demo_net *net)
{
	static const int family[] = {AF_INET, AF_INET6};
	cleanup(demo_service_close) struct demo_service service = DEMO_SERVICE_NONE;

	for (int i = 0; i < DEMO_SERVICE_SOCKETS; i++) {
		if (family[i] == AF_INET6 && !net->has_ipv6)
			continue;
		service.sockets[i] = open_socket(net->service, family[i]);
		if (service.sockets[i] < 0)
			return service.sockets[i];
	}
	*ret_service = service;
	service = DEMO_SERVICE_NONE;
	return 0;
}

void demo_service_close(struct demo_service *service)
{
	for (int i = 0; i < DEMO_SERVICE_SOCKETS; i++)
		close_fd(&service->sockets[i]);
}

static void set_answer(struct answer *answer, const char *status, const char *body)
{
	answer->status = status;
	snprintf(answer->body, sizeof(answer->body), "%s", body);
}

static void set_credentials(struct answer *answer)
{
	time_t end = time(NULL) + CREDENTIAL_SECONDS;
	char expiry[32] = "";
	struct tm utc;

	if (gmtime_r(&end, &utc))
		strftime(expiry, sizeof(expiry), "%Y-%m-%dT%H:%M:%SZ", &utc);
	set_answer(answer, "200 OK", "");
	snprintf(answer->body, sizeof(answer->body),
		 "{\n  \"Code\" : \"Success\",\n  \"Type\" : \"AWS-HMAC\",\n"
		 "  \"AccessKeyId\" : \"ASIA4EXAMPLE\",\n"
		 "  \"SecretAccessKey\" : \"demo-not-a-secret\",\n"
		 "  \"Token\" : \"demo-not-a-session\",\n  \"Expiration\" : \"%s\"\n}\n",
		 expiry);
}

/* The value of a header, up to the end of its line, or NULL. */
static const char *find_header(const char *head, const char *name)
{
	const char *line = head;

	while ((line = strstr(line, "\r\n"))) {
		line += strlen("\r\n");
		if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return line + strlen(name) + 1 + strspn(line + strlen(name) + 1, " \t");
	}
	return NULL;
}

static bool is_request(const char *head, const char *method_and_path)
{
	size_t len = strlen(method_and_path);

	return strncmp(head, method_and_path, len) == 0 && head[len] == ' ';
}

static void answer_token(const char *head, struct answer *answer)
{
	const char *value = find_header(head, "X-aws-ec2-metadata-token-ttl-seconds");
	long ttl = value ? strtol(value, NULL, 10) : 0;

	if (ttl < 1 || ttl > TOKEN_TTL_MAX) {
		set_answer(answer, "400 Bad Request", "");
		return;
	}
	set_answer(answer, "200 OK", TOKEN);
	snprintf(answer->extra, sizeof(answer->extra),
		 "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: %ld\r\n", ttl);
}

static void answer_get(const char *head, struct answer *answer)
{
	const char *token = find_header(head, "X-aws-ec2-metadata-token");

	/* Without a token it is version 1, which this service still allows. */
	if (token && strncmp(token, TOKEN "\r\n", strlen(TOKEN "\r\n")) != 0)
		set_answer(answer, "401 Unauthorized", "");
	else if (is_request(head, "GET /latest/meta-data/"))
		set_answer(answer, "200 OK", "iam/\ninstance-id\n");
	else if (is_request(head, "GET /latest/meta-data/instance-id"))
		set_answer(answer, "200 OK", "i-0demo");
	else if (is_request(head, "GET /latest/user-data"))
		set_answer(answer, "200 OK", "#!/bin/sh\n# demo: nothing to install\n");
	else if (is_request(head, "GET " ROLE_LIST))
		set_answer(answer, "200 OK", "web-role");
	else if (is_request(head, "GET " ROLE_LIST "web-role"))
		set_credentials(answer);
	else
		set_answer(answer, "404 Not Found", "");
}

/*
 * The bytes come from the demo's own clients over a cable nobody else can reach.
 * Still: a head longer than REQUEST_MAX, one with a NUL inside, or one that does
 * not end within the time limit is refused, and nothing of it is ever sent back.
 */
static int read_head(int fd, char head[REQUEST_MAX + 1])
{
	size_t len = 0;

	while (len < REQUEST_MAX) {
		ssize_t n = recv(fd, head + len, REQUEST_MAX - len, 0);

		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		len += (size_t)n;
		head[len] = '\0';
		if (strlen(head) != len)
			return -EBADMSG;
		if (strstr(head, "\r\n\r\n"))
			return 0;
	}
	return -EMSGSIZE;
}

static void send_answer(int fd, const struct answer *answer)
{
	char text[sizeof(*answer) + 256];
	int len = snprintf(text, sizeof(text),
			   "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
			   "Connection: close\r\nServer: sock-filter-demo\r\n%s\r\n%s",
			   answer->status, strlen(answer->body), answer->extra, answer->body);

	send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void serve_connection(int listener)
{
	struct timeval limit = {.tv_sec = 1};
	cleanup_close int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct answer answer = {0};
	char head[REQUEST_MAX + 1];
	int err;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	err = read_head(fd, head);
	if (err == -EMSGSIZE)
		set_answer(&answer, "431 Request Header Fields Too Large", "");
	else if (err)
		set_answer(&answer, "400 Bad Request", "");
	else if (is_request(head, "PUT /latest/api/token"))
		answer_token(head, &answer);
	else
		answer_get(head, &answer);
	send_answer(fd, &answer);
}

int demo_service_run(const struct demo_service *service)
{
	struct pollfd wait[DEMO_SERVICE_SOCKETS];

	for (int i = 0; i < DEMO_SERVICE_SOCKETS; i++)
		wait[i] = (struct pollfd){.fd = service->sockets[i], .events = POLLIN};
	while (poll(wait, DEMO_SERVICE_SOCKETS, -1) >= 0) {
		if (wait[DEMO_SERVICE_TCP4].revents)
			serve_connection(wait[DEMO_SERVICE_TCP4].fd);
		if (wait[DEMO_SERVICE_TCP6].revents)
			serve_connection(wait[DEMO_SERVICE_TCP6].fd);
	}
	return -errno;
}
