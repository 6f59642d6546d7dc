/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words below the keys: addresses, interfaces, ports, times.
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

bool config_has_room(struct config_walk *walk, const struct yaml_node *node, size_t *n, size_t max,
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

size_t config_read_word(struct config_walk *walk, const struct yaml_node *node,
			const char *const *words, size_t n, const char *what, const char *hint)
{
	struct suggest suggest;
	char meant[SUGGEST_HINT_MAX];
	size_t i = 0;

	while (i < n && !yaml_is(node, words[i]))
		i++;
	if (i < n)
		return i;
	suggest_init(&suggest, node->text, node->len);
	for (i = 0; i < n; i++)
		suggest_offer(&suggest, words[i]);
	const char *help = suggest_hint(&suggest, meant);
	config_error(walk, node, help ? help : hint, "'%.*s' is not %s", config_quote_len(node),
		     node->text, what);
	return n;
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

	if (!config_has_room(walk, node, &walk->n_ranges, CONFIG_RANGES_MAX, "ranges"))
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
	if (!config_has_room(walk, node, &walk->n_ifaces, CONFIG_IFACES_MAX, "interfaces"))
		return 0;
	char(*ifaces)[CONFIG_IFNAME_MAX] =
		config_grow(endpoint->ifaces, endpoint->n_ifaces, sizeof(*ifaces));
	if (!ifaces)
		return -ENOMEM;
	endpoint->ifaces = ifaces;
	memcpy(ifaces[endpoint->n_ifaces++], node->text, node->len + 1);
	return 0;
}

uint64_t config_parse_number(const char *text, uint64_t max)
{
	uint64_t value = 0;
	for (; *text && value <= max; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value;
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
	uint64_t value = config_parse_number(digits, UINT16_MAX);
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
	if (!config_has_room(walk, node, &walk->n_ports, CONFIG_PORTS_MAX, "ports"))
		return 0;
	struct config_port *ports = config_grow(endpoint->ports, endpoint->n_ports, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	endpoint->ports = ports;
	ports[endpoint->n_ports++] = port;
	return 0;
}

int config_read_direction(struct config_walk *walk, struct config_endpoint *endpoint,
			  const struct yaml_node *node)
{
	static const char *const words[] = {
		[CONFIG_BOTH] = "both",
		[CONFIG_TO] = "to",
		[CONFIG_FROM] = "from",
	};
	size_t i = config_read_word(walk, node, words, ARRAY_SIZE(words), "a direction",
				    "write to, from or both");
	if (i < ARRAY_SIZE(words))
		endpoint->direction = i;
	return 0;
}

int config_read_socket(struct config_walk *walk, struct config_endpoint *endpoint,
		       const struct yaml_node *node)
{
	static const char *const words[] = {
		[CONFIG_SOCKET_PACKET] = "packet",
		[CONFIG_SOCKET_INET] = "inet",
	};
	size_t i = config_read_word(walk, node, words, ARRAY_SIZE(words), "a kind of socket",
				    "write packet or inet");
	if (i < ARRAY_SIZE(words))
		endpoint->socket = i;
	return 0;
}

const char *config_cloud_to_str(enum metadata_cloud cloud)
{
	return cloud == METADATA_NO_CLOUD ? "auto" : metadata_cloud_name(cloud);
}

int config_read_cloud(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node)
{
	const char *words[METADATA_CLOUDS];
	char all[256] = "they are";

	for (size_t i = 0; i < METADATA_CLOUDS; i++) {
		words[i] = config_cloud_to_str((enum metadata_cloud)i);
		strcat(strcat(all, i ? ", " : " "), words[i]);
	}
	size_t i = config_read_word(walk, node, words, METADATA_CLOUDS, "a cloud", all);
	if (i < METADATA_CLOUDS)
		endpoint->cloud = i;
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
	if (!config_has_room(walk, node, &walk->n_windows, CONFIG_WINDOWS_MAX, "time windows"))
		return 0;
	struct schedule_window *when = config_grow(endpoint->when, endpoint->n_when, sizeof(*when));
	if (!when)
		return -ENOMEM;
	endpoint->when = when;
	when[endpoint->n_when++] = window;
	return 0;
}
