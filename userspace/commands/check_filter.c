// SPDX-License-Identifier: GPL-2.0-only
/* Rules that drop what comes in by another way than the answer would take. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "marks.h"
#include "ruleset.h"
#include "text.h"

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

/* "-m rpfilter", with "--invert" for what is missing; "--loose" asks for no device */
static enum way_back way_of_rpfilter(const json_t *xt)
{
	if (strcmp(string_of(xt, "name"), "rpfilter") ||
	    json_object_get(xt, "loose"))
		return NOT_ASKED;
	return json_object_get(xt, "invert") ? IS_MISSING : IS_THERE;
}

/* What is known of a chain while its rules are gone through from the last one. */
struct rest {
	const json_t *chain;
	bool drops;	/* what no rule behind has let through */
};

/* Drops whatever comes. */
static bool drops_all(const json_t *rule)
{
	const json_t *statements = json_object_get(rule, "expr");
	const json_t *statement = json_array_get(statements, 0);

	if (json_object_get(statement, "counter"))
		statement = json_array_get(statements, 1);
	return json_object_get(statement, "drop");
}

/* What this host forwards is answered by others. */
static bool is_for_host(const json_t *chain)
{
	const char *hook = string_of(chain, "hook");

	return chain && (!*hook || !strcmp(hook, "prerouting") ||
			 !strcmp(hook, "input") || !strcmp(hook, "ingress"));
}

/* An asterisk at the end of a name stands for more letters. */
static bool is_name_of(const char *name, const char *ifname)
{
	size_t length = strlen(name);

	if (length && name[length - 1] == '*')
		return !strncmp(name, ifname, length - 1);
	return !strcmp(name, ifname);
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
	    *name == '@')
		return false;
	for (i = 0; i < check->n; i++) {
		if (is_name_of(name, check->device[i]->ifname))
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
static bool is_filter(const struct check *check, const struct rest *rest,
		      const json_t *rule, bool *of)
{
	const char *family = string_of(rule, "family");
	enum way_back way = NOT_ASKED;
	bool drops = false, passes = false;
	const json_t *match;
	json_t *statement;
	size_t i;

	of[MIGSEL_INET] = strcmp(family, "ip6");
	of[MIGSEL_INET6] = strcmp(family, "ip");
	json_array_foreach(json_object_get(rule, "expr"), i, statement) {
		match = json_object_get(statement, "match");
		if (way == NOT_ASKED)
			way = match ? way_of_fib(match) :
			      way_of_rpfilter(json_object_get(statement, "xt"));
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
	return is_for_host(rest->chain) &&
	       (way == IS_MISSING ? drops : passes && rest->drops);
}

static void report_filter(struct check *check, const json_t *rule, bool *of)
{
	static const char *const words[] = {
		"IPv4", "IPv6", "IPv4 and IPv6"
	};
	unsigned int n[MIGSEL_N_FAMILIES] = {}, i;
	struct remedy remedy = {};
	struct text where = {};
	int family;

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
		 *string_of(rule, "tool") ? "`-m rpfilter --loose --invert`" :
		 "`fib saddr . mark oif missing drop`");
	add_where(rule, &where);
	found(check, "rp-filter-strict", SEVERITY_WARNING, "", &remedy,
	      "%s is a strict reverse-path filter of %s: what comes in by one NIC but would be answered by another is dropped",
	      where.s, words[of[MIGSEL_INET] ? of[MIGSEL_INET6] * 2 : 1]);
	text_free(&where);
}

/* The number of each chain by its key, and the chains themselves. */
static json_t *find_chains(const json_t *ruleset, struct rest *rests)
{
	json_t *item, *chain, *numbers = json_object();
	unsigned int n = 0;
	char *key;
	size_t i;

	json_array_foreach((json_t *)ruleset, i, item) {
		chain = json_object_get(item, "chain");
		key = chain ? marks_key(chain, "", string_of(chain, "name")) :
			      NULL;
		if (!key)
			continue;
		rests[n].chain = chain;
		rests[n].drops = !strcmp(string_of(chain, "policy"), "drop");
		json_object_set_new(numbers, key, json_integer(n++));
		free(key);
	}
	return numbers;
}

static struct rest *rest_of(const json_t *numbers, struct rest *rests,
			    const json_t *rule)
{
	char *key = marks_key(rule, "", string_of(rule, "chain"));
	const json_t *number = key ? json_object_get(numbers, key) : NULL;

	free(key);
	return number ? &rests[json_integer_value(number)] : NULL;
}

/* A strict filter, and the families of which it is one. */
struct filter {
	bool found;
	bool of[MIGSEL_N_FAMILIES];
};

/* From the last rule to the first, so that each is looked at once. */
static void find_filters(const struct check *check, struct rest *rests,
			 struct filter *filters)
{
	json_t *numbers = find_chains(check->ruleset, rests);
	const json_t *rule;
	struct rest *rest;
	size_t i;

	for (i = json_array_size(check->ruleset); i--;) {
		rule = json_object_get(json_array_get(check->ruleset, i),
				       "rule");
		rest = rule ? rest_of(numbers, rests, rule) : NULL;
		if (!rest)
			continue;
		filters[i].found = is_filter(check, rest, rule, filters[i].of);
		rest->drops |= drops_all(rule);
	}
	json_decref(numbers);
}

void check_filters(struct check *check)
{
	size_t n = json_array_size(check->ruleset), i;
	struct filter *filters = calloc(n + 1, sizeof(*filters));
	struct rest *rests = calloc(n + 1, sizeof(*rests));

	if (filters && rests)
		find_filters(check, rests, filters);
	else
		could_not_look(check, "reverse-path filters: out of memory");
	for (i = 0; filters && i < n; i++) {
		if (filters[i].found)
			report_filter(check,
				      json_object_get(json_array_get(check->ruleset,
								     i),
						      "rule"), filters[i].of);
	}
	free(filters);
	free(rests);
}
