// SPDX-License-Identifier: GPL-2.0-only
/* Rules that drop what comes in by another way than the answer would take. */

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "migsel.h"

static const char *string_of(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* Whether the way back is by the device that a packet came in by. */
enum way_back {
	NOT_ASKED,
	IS_MISSING,
	IS_THERE,
};

static bool is_nothing(const json_t *right)
{
	const char *text = json_string_value(right);

	/* It is printed in three ways. */
	return json_is_false(right) || (text && !strcmp(text, "0")) ||
	       (json_is_integer(right) && !json_integer_value(right));
}

/* "fib saddr . iif oif missing", or "exists"; without "iif" any device will do. */
static enum way_back way_of_fib(const json_t *match)
{
	const json_t *fib = json_object_get(json_object_get(match, "left"),
					    "fib");
	bool not = !strcmp(string_of(match, "op"), "!=");
	bool saddr = false, iif = false;
	json_t *flag;
	size_t i;

	json_array_foreach(json_object_get(fib, "flags"), i, flag) {
		saddr |= !strcmp(json_string_value(flag) ?: "", "saddr");
		iif |= !strcmp(json_string_value(flag) ?: "", "iif");
	}
	if (!saddr || !iif || strncmp(string_of(fib, "result"), "oif", 3))
		return NOT_ASKED;
	return is_nothing(json_object_get(match, "right")) != not ? IS_MISSING :
								    IS_THERE;
}

/* "-m rpfilter", with "--invert" for what is missing */
static enum way_back way_of_rpfilter(const json_t *rule)
{
	const char *line = string_of(rule, "line");

	if (!strstr(line, " -m rpfilter") || strstr(line, " --loose"))
		return NOT_ASKED;
	return strstr(line, " --invert") ? IS_MISSING : IS_THERE;
}

static bool is_of_chain(const json_t *rule, const json_t *chain)
{
	static const char *const same[] = { "tool", "family", "table" };
	unsigned int j;

	for (j = 0; j < ARRAY_SIZE(same); j++) {
		if (strcmp(string_of(chain, same[j]), string_of(rule, same[j])))
			return false;
	}
	return !strcmp(string_of(chain, "name"), string_of(rule, "chain"));
}

static const json_t *chain_of(const struct check *check, const json_t *rule)
{
	const json_t *chain;
	json_t *item;
	size_t i;

	json_array_foreach(check->ruleset, i, item) {
		chain = json_object_get(item, "chain");
		if (chain && is_of_chain(rule, chain))
			return chain;
	}
	return NULL;
}

/* Does the rest of a chain drop what was not let through? */
static bool rest_drops(const struct check *check, const json_t *chain,
		       const json_t *rule)
{
	const json_t *other, *statement;
	json_t *item;
	size_t i;

	if (!strcmp(string_of(chain, "policy"), "drop"))
		return true;
	json_array_foreach(check->ruleset, i, item) {
		other = json_object_get(item, "rule");
		if (!other || !is_of_chain(other, chain))
			continue;
		if (rule) {
			if (other == rule)
				rule = NULL;
			continue;
		}
		statement = json_array_get(json_object_get(other, "expr"), 0);
		if (json_object_get(statement, "counter"))
			statement = json_array_get(json_object_get(other,
								   "expr"), 1);
		if (json_object_get(statement, "drop"))
			return true;
	}
	return false;
}

/* What this host forwards is answered by others. */
static bool is_for_host(const json_t *chain)
{
	const char *hook = string_of(chain, "hook");

	return chain && (!*hook || !strcmp(hook, "prerouting") ||
			 !strcmp(hook, "input") || !strcmp(hook, "ingress"));
}

/* A rule that asks for another device by name, or for what goes to several hosts. */
static bool is_about_others(const struct check *check, const json_t *match)
{
	const json_t *meta = json_object_get(json_object_get(match, "left"),
					     "meta");
	const char *key = string_of(meta, "key");
	const char *name = string_of(match, "right");
	unsigned int i;

	if (strcmp(string_of(match, "op"), "=="))
		return false;
	if (!strcmp(key, "pkttype"))
		return true;
	if ((strcmp(key, "iifname") && strcmp(key, "iif")) || !*name ||
	    *name == '@' || strchr(name, '*'))
		return false;
	for (i = 0; i < check->n; i++) {
		if (!strcmp(check->device[i]->ifname, name))
			return false;
	}
	return true;
}

static bool asks_for_family(const json_t *match, unsigned int number,
			    const char *name)
{
	const json_t *meta = json_object_get(json_object_get(match, "left"),
					     "meta");
	const json_t *right = json_object_get(match, "right");

	return !strcmp(string_of(meta, "key"), "nfproto") &&
	       (json_integer_value(right) == number ||
		!strcmp(string_of(match, "right"), name));
}

/* Is it a strict reverse-path filter that drops, and of which families? */
static bool is_filter(const struct check *check, const json_t *rule, bool *of)
{
	const char *family = string_of(rule, "family");
	enum way_back way = way_of_rpfilter(rule);
	bool drops = false, passes = false;
	const json_t *match, *chain;
	json_t *statement;
	size_t i;

	of[MIGSEL_INET] = strcmp(family, "ip6");
	of[MIGSEL_INET6] = strcmp(family, "ip");
	json_array_foreach(json_object_get(rule, "expr"), i, statement) {
		match = json_object_get(statement, "match");
		if (match && way == NOT_ASKED)
			way = way_of_fib(match);
		drops |= json_object_get(statement, "drop") ||
			 json_object_get(statement, "reject");
		passes |= json_object_get(statement, "accept") ||
			  json_object_get(statement, "return");
		if (is_about_others(check, match))
			return false;
		if (asks_for_family(match, 2, "ipv4"))
			of[MIGSEL_INET6] = false;
		if (asks_for_family(match, 10, "ipv6"))
			of[MIGSEL_INET] = false;
	}
	if (way == NOT_ASKED)
		return false;
	chain = chain_of(check, rule);
	return is_for_host(chain) &&
	       (way == IS_MISSING ? drops :
		passes && rest_drops(check, chain, rule));
}

static void check_filter(struct check *check, const json_t *rule)
{
	static const char *const words[] = {
		"IPv4", "IPv6", "IPv4 and IPv6"
	};
	unsigned int n[MIGSEL_N_FAMILIES] = {}, i;
	const char *tool = string_of(rule, "tool");
	bool of[MIGSEL_N_FAMILIES];
	struct remedy remedy = {};
	struct text where = {};
	int family;

	if (!is_filter(check, rule, of))
		return;
	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		for (i = 0; i < check->n; i++)
			n[family] += has_family(check->device[i], family);
		of[family] &= n[family] > 1;
	}
	if (!of[MIGSEL_INET] && !of[MIGSEL_INET6])
		return;
	if (!strcmp(string_of(rule, "table"), "firewalld"))
		text_add(&remedy.advice,
			 "firewalld makes it: IPv6_rpfilter=loose in /etc/firewalld/firewalld.conf and a reload of firewalld mend it. ");
	text_add(&remedy.advice,
		 "%s asks for no device: a loose filter still drops what no route leads back to. Whoever made the rule has to change it.",
		 *tool ? "`-m rpfilter --loose --invert`" :
			 "`fib saddr . mark oif missing drop`");
	if (*tool)
		text_add(&where, "%s rule \"%s\" of table %s", tool,
			 visible(string_of(rule, "line")),
			 visible(string_of(rule, "table")));
	else
		text_add(&where, "nftables rule %s %s %s handle %lld",
			 string_of(rule, "family"),
			 visible(string_of(rule, "table")),
			 visible(string_of(rule, "chain")),
			 json_integer_value(json_object_get(rule, "handle")));
	found(check, "rp-filter-strict", "warning", "", &remedy,
	      "the %s is a strict reverse-path filter of %s: what comes in by one NIC but would be answered by another is dropped",
	      where.s, words[of[MIGSEL_INET] ? of[MIGSEL_INET6] * 2 : 1]);
	text_free(&where);
}

void check_filters(struct check *check)
{
	json_t *item, *rule;
	size_t i;

	json_array_foreach(check->ruleset, i, item) {
		rule = json_object_get(item, "rule");
		if (rule)
			check_filter(check, rule);
	}
}
