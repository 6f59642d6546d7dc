/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words below the keys: addresses, interfaces, users, ports, times.
 * Limits hold for the file as a whole, for the kernel's tables are shared by
 * all its endpoints; the one who passes a limit is told so once, at the place.
 */
#include "config_walk.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "suggest.h"

/* Is there room for one more? Says it once, where the limit was passed. */
static bool has_room(struct config_walk *walk, const struct yaml_node *node, size_t *n, size_t max,
		     const char *what)
{
	if (*n < max) {
		++*n;
		return true;
	}
	if (*n == max) {
		++*n;
		config_error(walk, node, NULL, "more than %zu %s in all endpoints together", max,
			     what);
	}
	return false;
}

static void report_prefix(struct config_walk *walk, const struct yaml_node *node,
			  enum prefix_error error, const struct prefix *prefix)
{
	char hint[PREFIX_TEXT_MAX + 16] = "did you mean ";
	int len = config_quote_len(node);

	if (error == PREFIX_BAD_LENGTH) {
		config_error(walk, node, "it is 0 to 32 for IPv4, 0 to 128 for IPv6",
			     "bad prefix length in '%.*s'", len, node->text);
	} else if (error == PREFIX_HOST_BITS) {
		prefix_to_str(prefix, hint + strlen(hint));
		config_error(walk, node, strcat(hint, "?"), "'%.*s' has host bits set", len,
			     node->text);
	} else {
		config_error(walk, node, "write 192.0.2.0/24, 2001:db8::/32 or a plain address",
			     "'%.*s' is not an address or prefix", len, node->text);
	}
}

int config_read_range(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node)
{
	struct prefix prefix;

	if (!has_room(walk, node, &walk->n_ranges, CONFIG_RANGES_MAX, "ranges"))
		return 0;
	enum prefix_error error = prefix_parse(node->text, node->len, &prefix);
	if (error) {
		report_prefix(walk, node, error, &prefix);
		return 0;
	}
	struct prefix *ranges = config_grow(endpoint->ranges, endpoint->n_ranges, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	endpoint->ranges = ranges;
	ranges[endpoint->n_ranges++] = prefix;
	return 0;
}

/* As the kernel's dev_valid_name(), and nothing that cannot be seen. */
static bool is_iface_name(const char *text, size_t len)
{
	if (len == 0 || len >= CONFIG_IFNAME_MAX || strcmp(text, ".") == 0 ||
	    strcmp(text, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];
		if (c <= ' ' || c == 0x7f || c == '/' || c == ':')
			return false;
	}
	return true;
}

int config_read_iface(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node)
{
	if (yaml_is(node, "*")) {
		endpoint->any_iface = true;
		return 0;
	}
	if (!is_iface_name(node->text, node->len)) {
		config_error(walk, node,
			     "it is \"*\" or 1 to 15 characters without blanks, '/' and ':'",
			     "'%.*s' is not an interface name", config_quote_len(node), node->text);
		return 0;
	}
	if (!has_room(walk, node, &walk->n_ifaces, CONFIG_IFACES_MAX, "interfaces"))
		return 0;
	char(*ifaces)[CONFIG_IFNAME_MAX] =
		config_grow(endpoint->ifaces, endpoint->n_ifaces, sizeof(*ifaces));
	if (!ifaces)
		return -ENOMEM;
	endpoint->ifaces = ifaces;
	memcpy(ifaces[endpoint->n_ifaces++], node->text, node->len + 1);
	return 0;
}

static bool offer_name(void *suggest, const char *name)
{
	return suggest_offer(suggest, name);
}

/* group is also the number of bytes that "@" takes. */
static const char *suggest_who(struct config_walk *walk, const struct yaml_node *node, bool group,
			       char *hint)
{
	const struct config_host *host = walk->host;
	struct suggest suggest;

	/* asking for every name is slow, and nobody would see the answer */
	if (walk->diag->n_messages == DIAG_KEPT_MAX)
		return NULL;
	suggest_init(&suggest, node->text + group, node->len - group);
	if (group)
		host->group_names(host->ctx, offer_name, &suggest);
	else
		host->user_names(host->ctx, offer_name, &suggest);
	return suggest_hint(&suggest, hint);
}

static void report_who(struct config_walk *walk, const struct yaml_node *node, bool group, int err)
{
	const char *kind = group ? "group" : "user";
	const char *name = node->text + group;
	int len = config_quote_len(node) - group;
	char hint[SUGGEST_HINT_MAX];

	if (err == -ENOENT)
		config_error(walk, node, suggest_who(walk, node, group, hint), "unknown %s '%.*s'",
			     kind, len, name);
	else
		config_error(walk, node, NULL, "cannot look up %s '%.*s': %s", kind, len, name,
			     strerror(-err));
}

struct members {
	struct config_walk *walk;
	const struct yaml_node *node;
	struct config_who *who;
	int err;
};

static bool add_member(void *arg, uint32_t uid)
{
	struct members *members = arg;
	struct config_who *who = members->who;
	struct config_walk *walk = members->walk;

	if (!has_room(walk, members->node, &walk->n_users, CONFIG_USERS_MAX, "users"))
		return false;
	uint32_t *uids = config_grow(who->members, who->n_members, sizeof(*uids));
	if (!uids) {
		members->err = -ENOMEM;
		return false;
	}
	who->members = uids;
	uids[who->n_members++] = uid;
	return true;
}

static int resolve_group(struct config_walk *walk, const struct yaml_node *node,
			 struct config_who *who)
{
	const struct config_host *host = walk->host;
	struct members members = {.walk = walk, .node = node, .who = who};

	who->kind = CONFIG_WHO_GROUP;
	int err = host->gid_of(host->ctx, who->name + 1, &who->id);
	if (err == 0)
		err = host->members_of(host->ctx, who->name + 1, add_member, &members);
	if (err == -ENOMEM || members.err)
		return -ENOMEM;
	if (err)
		report_who(walk, node, true, err);
	return 0;
}

static bool is_number(const struct yaml_node *node)
{
	return node->len && strspn(node->text, "0123456789") == node->len;
}

/* Of digits alone; more than max when it does not fit. */
static uint64_t parse_number(const char *text, uint64_t max)
{
	uint64_t value = 0;
	for (; *text && value <= max; text++)
		value = value * 10 + (*text - '0');
	return value;
}

static int resolve_user(struct config_walk *walk, const struct yaml_node *node,
			struct config_who *who)
{
	/* 4294967295 is "no user" to the kernel */
	const uint64_t max = UINT32_MAX - 1;
	const struct config_host *host = walk->host;

	who->kind = CONFIG_WHO_USER;
	if (is_number(node)) {
		uint64_t uid = parse_number(node->text, max);
		if (uid > max)
			config_error(walk, node, "a uid is 0 to 4294967294", "'%.*s' is not a uid",
				     config_quote_len(node), node->text);
		who->id = uid;
		return 0;
	}
	int err = host->uid_of(host->ctx, who->name, &who->id);
	if (err && err != -ENOMEM)
		report_who(walk, node, false, err);
	return err == -ENOMEM ? err : 0;
}

int config_read_who(struct config_walk *walk, struct config_endpoint *endpoint,
		    const struct yaml_node *node)
{
	if (node->len == 0 || strlen(node->text) != node->len) {
		config_error(walk, node, "a user, a uid, \"@group\" or \"*\"",
			     "'%.*s' is not a name", config_quote_len(node), node->text);
		return 0;
	}
	struct config_who *list = config_grow(endpoint->who, endpoint->n_who, sizeof(*list));
	if (!list)
		return -ENOMEM;
	endpoint->who = list;
	if (yaml_is(node, "*")) {
		list[endpoint->n_who] = (struct config_who){.kind = CONFIG_WHO_ANY};
	} else {
		if (!has_room(walk, node, &walk->n_users, CONFIG_USERS_MAX, "users"))
			return 0;
		list[endpoint->n_who] = (struct config_who){.kind = CONFIG_WHO_USER};
	}
	/* from here on it is freed with the configuration */
	struct config_who *who = &list[endpoint->n_who++];
	who->name = strdup(node->text);
	if (!who->name)
		return -ENOMEM;
	if (who->kind == CONFIG_WHO_ANY)
		return 0;
	return node->text[0] == '@' ? resolve_group(walk, node, who)
				    : resolve_user(walk, node, who);
}

static bool parse_port(const struct yaml_node *node, struct config_port *ret)
{
	struct config_port port = {0};
	const char *digits = node->text;

	if (strncmp(digits, "tcp/", 4) == 0)
		port.proto = IPPROTO_TCP;
	else if (strncmp(digits, "udp/", 4) == 0)
		port.proto = IPPROTO_UDP;
	if (port.proto)
		digits += 4;

	size_t n = strspn(digits, "0123456789");
	if (n == 0 || digits + n != node->text + node->len)
		return false;
	uint64_t value = parse_number(digits, UINT16_MAX);
	if (value == 0 || value > UINT16_MAX)
		return false;
	port.port = value;
	*ret = port;
	return true;
}

int config_read_port(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *node)
{
	struct config_port port;

	if (!parse_port(node, &port)) {
		config_error(walk, node, "write 80, tcp/80 or udp/53, from 1 to 65535",
			     "'%.*s' is not a port", config_quote_len(node), node->text);
		return 0;
	}
	if (!has_room(walk, node, &walk->n_ports, CONFIG_PORTS_MAX, "ports"))
		return 0;
	struct config_port *ports = config_grow(endpoint->ports, endpoint->n_ports, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	endpoint->ports = ports;
	ports[endpoint->n_ports++] = port;
	return 0;
}

/* The index of node's word among words, n when it is none of them. */
static size_t find_word(const struct yaml_node *node, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !yaml_is(node, words[i]))
		i++;
	return i;
}

int config_read_direction(struct config_walk *walk, struct config_endpoint *endpoint,
			  const struct yaml_node *node)
{
	static const char *const words[] = {
		[CONFIG_BOTH] = "both",
		[CONFIG_TO] = "to",
		[CONFIG_FROM] = "from",
	};
	size_t found = find_word(node, words, ARRAY_SIZE(words));

	if (found < ARRAY_SIZE(words))
		endpoint->direction = found;
	else
		config_error(walk, node, "write to, from or both", "'%.*s' is not a direction",
			     config_quote_len(node), node->text);
	return 0;
}

int config_read_socket(struct config_walk *walk, struct config_endpoint *endpoint,
		       const struct yaml_node *node)
{
	static const char *const words[] = {
		[CONFIG_SOCKET_PACKET] = "packet",
		[CONFIG_SOCKET_INET] = "inet",
	};
	size_t found = find_word(node, words, ARRAY_SIZE(words));

	if (found < ARRAY_SIZE(words))
		endpoint->socket = found;
	else
		config_error(walk, node, "write packet or inet", "'%.*s' is not a kind of socket",
			     config_quote_len(node), node->text);
	return 0;
}

/* Who writes "Monday" or "Tues" is shown the short form, though it is far in letters. */
static const char *suggest_day(const struct schedule_word *word, char *hint)
{
	struct suggest suggest;
	size_t len = word->len;

	for (size_t day = 0; day < ARRAY_SIZE(schedule_days); day++) {
		if (len > 3 && strncasecmp(word->text, schedule_days[day], 3) == 0)
			len = 3;
	}
	suggest_init(&suggest, word->text, len);
	for (size_t day = 0; day < ARRAY_SIZE(schedule_days); day++)
		suggest_offer(&suggest, schedule_days[day]);
	return suggest_hint(&suggest, hint);
}

static void report_window(struct config_walk *walk, const struct yaml_node *node,
			  enum schedule_error error, const struct schedule_word *word)
{
	static const struct {
		const char *what;
		const char *hint;
	} texts[] = {
		[SCHEDULE_BAD_FORM] = {"is not a time window",
				       "write \"Mon-Fri 08:00-18:00\" or \"22:00-02:00\", each "
				       "window for itself"},
		[SCHEDULE_BAD_DAY] = {"is not a day",
				      "the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun"},
		[SCHEDULE_BAD_TIME] = {"is not a time",
				       "write 00:00 to 23:59, or 24:00 as the end"},
		[SCHEDULE_NO_TIME] =
			{"lacks a time",
			 "write \"Mon,Wed 08:00-18:00\", inside of brackets in quotes"},
		[SCHEDULE_NO_END] = {"lacks its end", "write both, as in 08:00-18:00"},
		[SCHEDULE_EMPTY] = {"ends where it begins", "the whole day is 00:00-24:00"},
	};
	char hint[SUGGEST_HINT_MAX];
	const char *help = error == SCHEDULE_BAD_DAY ? suggest_day(word, hint) : NULL;

	config_error(walk, node, help ? help : texts[error].hint, "'%.*s' %s",
		     config_cut_len(word->text, word->len), word->text, texts[error].what);
}

int config_read_when(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *node)
{
	struct schedule_window window;
	struct schedule_word word;

	enum schedule_error error = schedule_parse(node->text, node->len, &window, &word);
	if (error) {
		report_window(walk, node, error, &word);
		return 0;
	}
	if (!has_room(walk, node, &walk->n_windows, CONFIG_WINDOWS_MAX, "time windows"))
		return 0;
	struct schedule_window *when = config_grow(endpoint->when, endpoint->n_when, sizeof(*when));
	if (!when)
		return -ENOMEM;
	endpoint->when = when;
	when[endpoint->n_when++] = window;
	return 0;
}
