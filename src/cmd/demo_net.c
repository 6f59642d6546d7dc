/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * client: lo, eth0 10.0.2.15/24 fd00:ec2::15/64 --- service: lo, imds0
 * 169.254.169.254/32 fd00:ec2::254/128. The interface indices are chosen here,
 * so that no answer of the kernel has to be read to find them.
 */
#include "demo_net.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/veth.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "demo_rtnl.h"
#include "mem.h"

#define OWN_NETNS "/proc/self/ns/net"
#define CLIENT_IFACE "eth0"
#define SERVICE_IFACE "imds0"
#define LINK_TIMEOUT_MS 5000

/* Above what modules such as sit or ip6tnl create in every new namespace. */
enum {
	LO_INDEX = 1,
	CLIENT_INDEX = 100,
	SERVICE_INDEX = 101,
};

#define ADDR_MAX sizeof(struct in6_addr)

static size_t addr_from_str(int family, const char *text, unsigned char addr[ADDR_MAX])
{
	int rc = inet_pton(family, text, addr);

	assert(rc == 1);
	(void)rc;
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static int create_veth(int rtnl, int peer_netns)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = CLIENT_INDEX};
	struct ifinfomsg peer_head = {.ifi_family = AF_UNSPEC, .ifi_index = SERVICE_INDEX};
	size_t info, data, peer;
	struct demo_rtnl msg;

	demo_rtnl_init(&msg, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	demo_rtnl_put(&msg, IFLA_IFNAME, CLIENT_IFACE, sizeof(CLIENT_IFACE));
	info = demo_rtnl_nest(&msg, IFLA_LINKINFO);
	demo_rtnl_put(&msg, IFLA_INFO_KIND, "veth", strlen("veth"));
	data = demo_rtnl_nest(&msg, IFLA_INFO_DATA);
	peer = demo_rtnl_nest(&msg, VETH_INFO_PEER);
	demo_rtnl_put_raw(&msg, &peer_head, sizeof(peer_head));
	demo_rtnl_put(&msg, IFLA_IFNAME, SERVICE_IFACE, sizeof(SERVICE_IFACE));
	demo_rtnl_put(&msg, IFLA_NET_NS_FD, &peer_netns, sizeof(peer_netns));
	demo_rtnl_nest_end(&msg, peer);
	demo_rtnl_nest_end(&msg, data);
	demo_rtnl_nest_end(&msg, info);
	return demo_rtnl_send(rtnl, &msg);
}

/* Link-local addresses would come with duplicate detection and packets of their own. */
static int disable_link_local(int rtnl, int index)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	unsigned char mode = IN6_ADDR_GEN_MODE_NONE;
	size_t spec, inet6;
	struct demo_rtnl msg;

	demo_rtnl_init(&msg, RTM_NEWLINK, 0, &head, sizeof(head));
	spec = demo_rtnl_nest(&msg, IFLA_AF_SPEC);
	inet6 = demo_rtnl_nest(&msg, AF_INET6);
	demo_rtnl_put(&msg, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	demo_rtnl_nest_end(&msg, inet6);
	demo_rtnl_nest_end(&msg, spec);
	return demo_rtnl_send(rtnl, &msg);
}

static int set_up(int rtnl, int index)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC,
				 .ifi_index = index,
				 .ifi_flags = IFF_UP,
				 .ifi_change = IFF_UP};
	struct demo_rtnl msg;

	demo_rtnl_init(&msg, RTM_NEWLINK, 0, &head, sizeof(head));
	return demo_rtnl_send(rtnl, &msg);
}

static int add_addr(int rtnl, int index, int family, const char *text, unsigned char prefix_len)
{
	struct ifaddrmsg head = {.ifa_family = (unsigned char)family,
				 .ifa_prefixlen = prefix_len,
				 .ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
				 .ifa_index = (unsigned int)index};
	unsigned char addr[ADDR_MAX];
	size_t len = addr_from_str(family, text, addr);
	struct demo_rtnl msg;

	demo_rtnl_init(&msg, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	demo_rtnl_put(&msg, IFA_LOCAL, addr, len);
	demo_rtnl_put(&msg, IFA_ADDRESS, addr, len);
	return demo_rtnl_send(rtnl, &msg);
}

static int add_route(int rtnl, int index, int family, const char *text, unsigned char prefix_len)
{
	struct rtmsg head = {.rtm_family = (unsigned char)family,
			     .rtm_dst_len = prefix_len,
			     .rtm_table = RT_TABLE_MAIN,
			     .rtm_protocol = RTPROT_STATIC,
			     .rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
			     .rtm_type = RTN_UNICAST};
	unsigned char addr[ADDR_MAX];
	size_t len = addr_from_str(family, text, addr);
	struct demo_rtnl msg;

	demo_rtnl_init(&msg, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	demo_rtnl_put(&msg, RTA_DST, addr, len);
	demo_rtnl_put(&msg, RTA_OIF, &index, sizeof(index));
	return demo_rtnl_send(rtnl, &msg);
}

static int configure_ipv4(int client, int service)
{
	int err;

	err = add_addr(client, CLIENT_INDEX, AF_INET, "10.0.2.15", 24);
	if (err)
		return err;
	err = add_route(client, CLIENT_INDEX, AF_INET, DEMO_SERVICE_IP4, 32);
	if (err)
		return err;
	err = add_addr(service, SERVICE_INDEX, AF_INET, DEMO_SERVICE_IP4, 32);
	if (err)
		return err;
	return add_route(service, SERVICE_INDEX, AF_INET, "10.0.2.0", 24);
}

/* The client's /64 covers the service: no route of its own is needed there. */
static int configure_ipv6(int client, int service)
{
	int err;

	err = add_addr(client, CLIENT_INDEX, AF_INET6, "fd00:ec2::15", 64);
	if (err)
		return err;
	err = add_addr(service, SERVICE_INDEX, AF_INET6, DEMO_SERVICE_IP6, 128);
	if (err)
		return err;
	return add_route(service, SERVICE_INDEX, AF_INET6, "fd00:ec2::", 64);
}

/* What a kernel answers that was built, booted or configured without IPv6. */
static bool is_without_ipv6(int err)
{
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP || err == -EACCES;
}

static int set_links_up(int client, int service)
{
	int err;

	err = set_up(client, LO_INDEX);
	if (err)
		return err;
	err = set_up(service, LO_INDEX);
	if (err)
		return err;
	err = set_up(client, CLIENT_INDEX);
	if (err)
		return err;
	return set_up(service, SERVICE_INDEX);
}

static bool is_running(int fd, const char *iface)
{
	struct ifreq req = {0};

	strncpy(req.ifr_name, iface, sizeof(req.ifr_name) - 1);
	return ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_RUNNING);
}

/*
 * The carrier is announced from a work queue of the kernel; until then an
 * interface that is up drops what it is given.
 */
static int wait_for_link(int events, const char *iface)
{
	struct pollfd wait = {.fd = events, .events = POLLIN};
	char event[4096];

	while (!is_running(events, iface)) {
		int n = poll(&wait, 1, LINK_TIMEOUT_MS);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		/* Only that something changed matters; the state is asked for again. */
		if (n > 0 && recv(events, event, sizeof(event), 0) < 0 && errno != ENOBUFS)
			return -errno;
	}
	return 0;
}

static int open_events(int netns)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	cleanup_close int fd = demo_net_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return TAKE_FD(fd);
}

static int start_links(const struct demo_net *net, int client, int service)
{
	cleanup_close int client_events = open_events(net->client);
	cleanup_close int service_events = open_events(net->service);
	int err;

	if (client_events < 0)
		return client_events;
	if (service_events < 0)
		return service_events;
	err = set_links_up(client, service);
	if (err)
		return err;
	err = wait_for_link(client_events, CLIENT_IFACE);
	if (err)
		return err;
	return wait_for_link(service_events, SERVICE_IFACE);
}

static int open_netns(void)
{
	int fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A new namespace behind a descriptor; the caller stays where it was. */
static int make_netns(void)
{
	cleanup_close int home = open_netns();
	cleanup_close int fd = -1;

	if (home < 0)
		return home;
	if (unshare(CLONE_NEWNET))
		return -errno;
	fd = open_netns();
	if (setns(home, CLONE_NEWNET))
		return -errno;
	return TAKE_FD(fd);
}

int demo_net_socket(int netns, int family, int type, int protocol)
{
	cleanup_close int home = open_netns();
	cleanup_close int fd = -1;

	if (home < 0)
		return home;
	if (setns(netns, CLONE_NEWNET))
		return -errno;
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		fd = -errno;
	if (setns(home, CLONE_NEWNET))
		return -errno;
	return TAKE_FD(fd);
}

static int build(struct demo_net *net, const char **reterr_step)
{
	cleanup_close int client =
		demo_net_socket(net->client, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	cleanup_close int service =
		demo_net_socket(net->service, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int err;

	*reterr_step = "cannot open a netlink socket";
	if (client < 0 || service < 0)
		return client < 0 ? client : service;
	*reterr_step = "cannot create a pair of virtual interfaces (veth)";
	err = create_veth(client, net->service);
	if (err)
		return err;
	net->has_ipv6 = disable_link_local(client, CLIENT_INDEX) == 0 &&
			disable_link_local(service, SERVICE_INDEX) == 0;
	*reterr_step = "cannot bring the virtual interfaces up";
	err = start_links(net, client, service);
	if (err)
		return err;
	*reterr_step = "cannot set the IPv4 addresses";
	err = configure_ipv4(client, service);
	if (err || !net->has_ipv6)
		return err;
	*reterr_step = "cannot set the IPv6 addresses";
	err = configure_ipv6(client, service);
	net->has_ipv6 = err == 0;
	return is_without_ipv6(err) ? 0 : err;
}

int demo_net_open(struct demo_net *ret_net, const char **reterr_step)
{
	cleanup(demo_net_close) struct demo_net net = DEMO_NET_NONE;
	int err;

	*reterr_step = "cannot create a network namespace";
	net.client = make_netns();
	if (net.client < 0)
		return net.client;
	net.service = make_netns();
	if (net.service < 0)
		return net.service;
	err = build(&net, reterr_step);
	if (err)
		return err;
	*ret_net = net;
	net = DEMO_NET_NONE;
	return 0;
}

void demo_net_close(struct demo_net *net)
{
	close_fd(&net->client);
	close_fd(&net->service);
}

socklen_t demo_net_service_addr(int family, struct sockaddr_storage *ret_addr)
{
	struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)ret_addr;
	struct sockaddr_in *ip4 = (struct sockaddr_in *)ret_addr;

	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		ip4->sin_port = htons(DEMO_SERVICE_PORT);
		inet_pton(AF_INET, DEMO_SERVICE_IP4, &ip4->sin_addr);
		return sizeof(*ip4);
	}
	ip6->sin6_port = htons(DEMO_SERVICE_PORT);
	inet_pton(AF_INET6, DEMO_SERVICE_IP6, &ip6->sin6_addr);
	return sizeof(*ip6);
}
