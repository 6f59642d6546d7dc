/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration: YAML text to endpoints, every name resolved. What only
 * the host can tell (users, groups) is asked through struct config_host.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "addr.h"
#include "argv.h"
#include "diag.h"
#include "metadata.h"
#include "request_filter.h"
#include "schedule.h"

#define CONFIG_BYTES_MAX (16 << 20)
#define CONFIG_NAME_MAX 64 /* an endpoint's name, with its NUL */
#define CONFIG_IFNAME_MAX 16 /* IFNAMSIZ */
#define CONFIG_RANGES_MAX SF_PREFIXES_MAX /* of all endpoints together */
#define CONFIG_PORTS_MAX 1024 /* of all endpoints together */
#define CONFIG_IFACES_MAX 512 /* of all endpoints together */
#define CONFIG_WINDOWS_MAX 1024 /* of all endpoints together */
#define CONFIG_USERS_MAX 8192 /* uids and gids of all endpoints together, members included */
#define CONFIG_PATTERNS_MAX 1024 /* what names processes, of all endpoints together */
#define CONFIG_PATH_MAX 4095 /* bytes of a path, as the kernel's PATH_MAX */
#define CONFIG_ID_MIN 8 /* hex digits of a container's id that are enough */

enum config_who_kind {
	CONFIG_WHO_ANY, /* "*" */
	CONFIG_WHO_USER,
	CONFIG_WHO_GROUP, /* its members, and who runs with it as primary group */
	CONFIG_WHO_EXE, /* "exe:", and all below, names processes, which the kernel cannot compare */
	CONFIG_WHO_UNIT,
	CONFIG_WHO_CONTAINER, /* any */
	CONFIG_WHO_RUNTIME, /* any of that runtime */
	CONFIG_WHO_ID, /* whose id begins so */
	CONFIG_WHO_CGROUP, /* and those below */
};

struct config_who {
	enum config_who_kind kind;
	bool is_negated; /* "not:" */
	char *name; /* as written, behind "not:" and "exe:"; in an exe or unit "*" stands for anything */
	uint32_t id; /* uid, gid, or enum cgroup_runtime */
	uint32_t *members; /* uids, for a group */
	size_t n_members;
};

struct config_port {
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP, 0 for both */
	uint16_t port; /* host order */
};

enum config_direction {
	CONFIG_BOTH,
	CONFIG_TO,
	CONFIG_FROM,
};

/* Which sockets an endpoint's packets are read from. */
enum config_socket {
	CONFIG_SOCKET_PACKET, /* frames, in both directions */
	CONFIG_SOCKET_INET, /* raw IP sockets: what comes in, after NAT */
};

struct config_endpoint {
	char name[CONFIG_NAME_MAX];
	struct prefix *ranges;
	size_t n_ranges;
	bool any_iface;
	char (*ifaces)[CONFIG_IFNAME_MAX];
	size_t n_ifaces;
	struct config_who *who; /* the key "filter" */
	size_t n_who;
	struct config_port *ports; /* none: any */
	size_t n_ports;
	enum config_direction direction;
	enum config_socket socket;
	enum metadata_cloud cloud; /* METADATA_NO_CLOUD: told by the address and what is asked */
	struct request_filter *request; /* which requests are meant; NULL: all */
	struct schedule_window *when; /* none: always */
	size_t n_when;
};

struct config {
	enum argv_mode argv;
	struct config_endpoint endpoints[SF_ENDPOINTS_MAX];
	size_t n_endpoints;
};

/* Receives one name or number at a time; ends the walk when it returns false. */
typedef bool (*config_name_fn)(void *arg, const char *name);
typedef bool (*config_id_fn)(void *arg, uint32_t id);

/* What the host knows. Functions return 0, -ENOENT, or another -errno. */
struct config_host {
	void *ctx;
	int (*uid_of)(void *ctx, const char *user, uint32_t *ret_uid);
	int (*gid_of)(void *ctx, const char *group, uint32_t *ret_gid);
	/* every uid that is a member of the group, by /etc/group or as primary group */
	int (*members_of)(void *ctx, const char *group, config_id_fn fn, void *arg);
	/* every user or group name, to suggest what was meant */
	void (*user_names)(void *ctx, config_name_fn fn, void *arg);
	void (*group_names)(void *ctx, config_name_fn fn, void *arg);
};

/*
 * Parses len bytes of YAML. Everything wrong with it goes into diag, as far
 * as the syntax lets one read on. Returns 0 with a new *ret, -EINVAL when
 * diag holds errors, -ENOMEM; ret is untouched on failure.
 */
int config_parse(const char *text, size_t len, const struct config_host *host, struct diag *diag,
		 struct config **ret);

/*
 * Replaces the interfaces of every endpoint by these names. -EINVAL for a name that is empty or
 * too long, -ENOMEM; on failure unchanged.
 */
int config_set_ifaces(struct config *config, const char *const *names, size_t n);

/*
 * Does it take more than the user and group to say whether the endpoint shows a packet? Then the
 * kernel delivers those of every user, and who_shows() decides.
 */
bool config_needs_process(const struct config_endpoint *endpoint);

/* The word as it is written in the file; "auto" for none. */
const char *config_cloud_to_str(enum metadata_cloud cloud);

/* NULL is fine. */
void config_free(struct config *config);
