/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RULESET_H
#define RULESET_H

#include <jansson.h>
#include <stdbool.h>

/*
 * The rules of nftables and of iptables, old and new, of this network namespace, as
 * one list of chains, sets and rules in the form of "nft -j". A rule of iptables
 * also has "tool" and "line", what iptables-save says of it.
 *
 * @unread hears of what could not be read. Returns NULL if there is no memory.
 */
json_t *ruleset_read(void (*unread)(void *data, const char *what), void *data);

/* The text under a key, "" where there is none. */
static inline const char *string_of(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/*
 * iptables.c: adds what iptables-save prints to @items, and to @tables the name of
 * each table. @tool is "iptables" or "ip6tables", or ends in "-legacy". Returns 0, or
 * -1 if there is no memory.
 */
int iptables_add(json_t *items, json_t *tables, const char *tool,
		 const char *text);

#endif
