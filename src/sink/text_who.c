// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "text_who.h"

#include <stdio.h>
#include <string.h>

/* As much of a container's or pod's id as people use of it. */
#define CONTAINER_COLUMNS 12
#define POD_COLUMNS 8

void text_add_process(struct line *line, const struct record_process *by)
{
	const char *comm = by->process ? by->process->identity.comm : "";

	if (!by->key.pid) {
		line_add(line, "-");
		return;
	}
	line_add_name(line, comm[0] ? comm : "?", false);
	line_addf(line, "[%u]", by->key.pid);
}

static void add_short(struct line *line, const char *word, const char *id, int columns)
{
	char text[CONTAINER_COLUMNS + 1];

	snprintf(text, sizeof(text), "%.*s", columns, id);
	line_add(line, word);
	line_add(line, " ");
	line_add_name(line, text, false);
}

static const struct cgroup_ident *ident_of(const struct record_owner *owner)
{
	return owner->kind == SF_OWNER_USER && owner->by.process ? &owner->by.process->ident : NULL;
}

static void add_container(struct line *line, const struct cgroup_ident *ident)
{
	const char *runtime = cgroup_runtime_to_str(ident->runtime);

	add_short(line, runtime ? runtime : "container", ident->container, CONTAINER_COLUMNS);
}

static const char *who_of(enum sf_owner_kind kind)
{
	if (kind == SF_OWNER_UNATTRIBUTED_REPLY)
		return "unattributed reply";
	return record_owner_name(kind);
}

void text_add_user(struct line *line, const struct record_owner *owner)
{
	const struct cgroup_ident *ident = ident_of(owner);

	if (owner->kind == SF_OWNER_USER && !owner->user) {
		line_addf(line, "uid %u", owner->uid);
		if (ident && ident->container[0]) {
			line_add(line, " ");
			add_container(line, ident);
		}
	} else if (owner->kind == SF_OWNER_USER) {
		line_add_name(line, owner->user, false);
		line_addf(line, "(%u)", owner->uid);
	} else {
		line_paint(line, COLOR_NOTE);
		line_add(line, who_of(owner->kind));
		line_paint(line, COLOR_OFF);
	}
}

/* A service of the system; a user's manager says less than the user's name. */
static bool is_service(const char *unit)
{
	size_t len = strlen(unit);

	return len > 8 && strcmp(unit + len - 8, ".service") == 0 && strncmp(unit, "user@", 5) != 0;
}

void text_add_place(struct line *line, const struct record_owner *owner)
{
	const struct cgroup_ident *ident = ident_of(owner);

	/* a claim is not believed on the only line that is read */
	if (ident && ident->pod[0] && !ident->is_claimed)
		add_short(line, "pod", ident->pod, POD_COLUMNS);
	else if (ident && ident->container[0] && !ident->is_claimed)
		add_container(line, ident);
	else if (ident && is_service(ident->unit))
		line_add_name(line, ident->unit, false);
	else
		text_add_user(line, owner);
}
