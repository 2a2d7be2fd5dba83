// SPDX-License-Identifier: GPL-2.0-only
/* Rules of others that read or write the bits of the tag. */

#include <jansson.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "migsel.h"
#include "run.h"

/* What a rule does with the mark: the bits that it reads or writes. */
struct mark_use {
	bool any;
	bool writes;
	bool computed;	/* what it writes is known only when it runs */
	__u32 bits;
	__u32 value;
};

/* Says whether a use is in the way of the tag, and why. */
static const char *conflict(const struct check *check,
			    const struct mark_use *use, bool local,
			    const char **severity)
{
	const struct tag *tag = &check->config.tag;
	bool is_tag;

	*severity = "warning";
	if (!use->any || !(use->bits & tag->mask))
		return NULL;
	if (!use->writes)
		return "reads bits of the tag as something else";
	/* What is written to packets that are not sent from here is no tag. */
	if (!local && (use->computed || !(use->value & tag->mask)))
		return NULL;
	if (use->computed)
		return "may overwrite the tag";
	is_tag = (use->bits & tag->mask) == tag->mask &&
		 ((use->value & tag->mask) == tag->hot ||
		  (use->value & tag->mask) == tag->cold);
	if (!is_tag)
		return "overwrites the tag";
	*severity = "info";
	return "sets the tag, which is right only if it is meant to";
}

static void check_ip_rules(struct check *check)
{
	const struct host *host = &check->host;
	const struct rule *rule;

	for (rule = host->rule; rule < host->rule + host->n_rules; rule++) {
		const char *ip = rule->family == AF_INET ? "ip" : "ip -6";
		char fix[FIX_SIZE] = "";

		if (!(rule->mask & check->config.tag.mask))
			continue;
		fix_add(fix, "%s rule del priority %u fwmark 0x%x/0x%x", ip,
			rule->priority, rule->mark, rule->mask);
		found(check, "tag-conflict", "warning", "", fix,
		      "the rule \"%s rule priority %u fwmark 0x%x/0x%x\" reads bits of the tag mask 0x%x: it routes tagged traffic its own way",
		      ip, rule->priority, rule->mark, rule->mask,
		      check->config.tag.mask);
	}
}

static bool is_mark(const json_t *expression)
{
	const json_t *meta = json_object_get(expression, "meta");
	const char *key = json_string_value(json_object_get(meta, "key"));

	return key && !strcmp(key, "mark");
}

/*
 * The bits of the mark that an expression made of it has changed, and what they
 * are then. Returns false if that is known only when the rule runs.
 */
static bool changed_bits(const json_t *expression, struct mark_use *use)
{
	static const char *const operators[] = { "&", "|", "^" };
	const json_t *pair, *right;
	__u32 constant;
	unsigned int i;

	if (json_is_integer(expression)) {
		use->bits = UINT32_MAX;
		use->value = json_integer_value(expression);
		return true;
	}
	if (is_mark(expression)) {
		use->bits = 0;
		use->value = 0;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(operators); i++) {
		pair = json_object_get(expression, operators[i]);
		right = json_array_get(pair, 1);
		if (!json_is_integer(right) ||
		    !changed_bits(json_array_get(pair, 0), use))
			continue;
		constant = json_integer_value(right);
		use->bits |= i ? constant : ~constant;
		if (i == 0)
			use->value &= constant;
		else if (i == 1)
			use->value |= constant;
		else
			use->value ^= constant;
		return true;
	}
	return false;
}

/* "meta mark set ..." */
static void use_of_mangle(const json_t *mangle, struct mark_use *use)
{
	if (!is_mark(json_object_get(mangle, "key")))
		return;
	use->any = true;
	use->writes = true;
	if (changed_bits(json_object_get(mangle, "value"), use))
		return;
	use->computed = true;
	use->bits = UINT32_MAX;
	use->value = UINT32_MAX;
}

/* The bits of a number, or of all numbers of a set or a range. */
static __u32 bits_of(const json_t *value)
{
	const json_t *list = json_object_get(value, "set");
	__u32 bits = json_integer_value(value);
	json_t *item;
	size_t i;

	if (!list)
		list = json_object_get(value, "range");
	json_array_foreach(list, i, item)
		bits |= bits_of(item);
	return bits;
}

/* "meta mark 1" or "meta mark and 0xff == 1" */
static void use_of_match(const json_t *match, struct mark_use *use)
{
	const json_t *left = json_object_get(match, "left"), *pair;

	pair = json_object_get(left, "&");
	if (is_mark(left))
		use->bits = bits_of(json_object_get(match, "right"));
	else if (is_mark(json_array_get(pair, 0)))
		use->bits = bits_of(json_array_get(pair, 1));
	else
		return;
	use->any = true;
}

/* "meta mark vmap { 1 : drop }" */
static void use_of_vmap(const json_t *vmap, struct mark_use *use)
{
	json_t *pair;
	size_t i;

	if (!is_mark(json_object_get(vmap, "key")))
		return;
	use->any = true;
	json_array_foreach(json_object_get(json_object_get(vmap, "data"),
					   "set"), i, pair)
		use->bits |= bits_of(json_array_get(pair, 0));
}

/* Of a chain, NULL if it is not a base chain. */
static const char *hook_of(const json_t *items, const json_t *rule)
{
	static const char *const same[] = { "family", "table" };
	json_t *item, *chain;
	const char *a, *b;
	unsigned int i;
	size_t n;

	json_array_foreach(items, n, item) {
		chain = json_object_get(item, "chain");
		a = json_string_value(json_object_get(chain, "name"));
		b = json_string_value(json_object_get(rule, "chain"));
		if (!a || !b || strcmp(a, b))
			continue;
		for (i = 0; i < 2; i++) {
			if (!json_equal(json_object_get(chain, same[i]),
					json_object_get(rule, same[i])))
				break;
		}
		if (i == 2)
			return json_string_value(json_object_get(chain,
								 "hook"));
	}
	return NULL;
}

static void report_nft(struct check *check, const json_t *items, json_t *rule,
		       const struct mark_use *use)
{
	const char *family, *table, *chain, *hook, *severity, *why;
	char fix[FIX_SIZE] = "";
	json_int_t handle;

	hook = hook_of(items, rule);
	why = conflict(check, use, !hook || !strcmp(hook, "output"), &severity);
	if (!why || json_unpack(rule, "{s:s, s:s, s:s, s:I}", "family", &family,
				"table", &table, "chain", &chain, "handle",
				&handle))
		return;
	fix_add(fix, "nft delete rule %s %s %s handle %lld", family, table,
		chain, (long long)handle);
	found(check, "tag-conflict", severity, "", fix,
	      "the nftables rule %s %s %s handle %lld %s (mask 0x%x)", family,
	      table, chain, (long long)handle, why, check->config.tag.mask);
}

/* Is it in a table of iptables, of a family that was looked at with it? */
static bool is_covered(const json_t *rule, const bool *covered)
{
	static const char *const tables[] = {
		"filter", "nat", "mangle", "raw", "security"
	};
	const char *family = json_string_value(json_object_get(rule, "family"));
	const char *table = json_string_value(json_object_get(rule, "table"));
	unsigned int i;

	if (!family || !table || !((covered[0] && !strcmp(family, "ip")) ||
				   (covered[1] && !strcmp(family, "ip6"))))
		return false;
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!strcmp(table, tables[i]))
			return true;
	}
	return false;
}

static void check_nft_rules(struct check *check, const json_t *items,
			    const bool *covered)
{
	json_t *item, *rule, *statement;
	size_t i, j;

	json_array_foreach(items, i, item) {
		rule = json_object_get(item, "rule");
		if (is_covered(rule, covered))
			continue;
		json_array_foreach(json_object_get(rule, "expr"), j,
				   statement) {
			struct mark_use use = {};

			use_of_mangle(json_object_get(statement, "mangle"),
				      &use);
			use_of_match(json_object_get(statement, "match"), &use);
			use_of_vmap(json_object_get(statement, "vmap"), &use);
			report_nft(check, items, rule, &use);
		}
	}
}

static void check_nft(struct check *check, const bool *covered)
{
	static const char *const argv[] = {
		"nft", "-j", "-n", "list", "ruleset", NULL
	};
	struct output output;
	json_t *root = NULL;

	if (output_of(argv, &output)) {
		could_not_look(check, "nftables rules: nft cannot be run");
		return;
	}
	if (!output.status)
		root = json_loads(output.text, 0, NULL);
	if (root)
		check_nft_rules(check, json_object_get(root, "nftables"),
				covered);
	else if (output.status == 127)
		could_not_look(check, "nftables rules: there is no nft, install nftables");
	else
		could_not_look(check, "nftables rules: nft: %s",
			       output.complaint);
	json_decref(root);
	output_free(&output);
}

/* A value and a mask after @option, as iptables-save writes them. */
static bool option_of(const char *line, const char *option, __u32 *value,
		      __u32 *mask)
{
	const char *at = strstr(line, option);

	*mask = UINT32_MAX;
	return at && sscanf(at + strlen(option), " %x/%x", value, mask) >= 1;
}

/* The words of a line with "-A" turned into what deletes the rule. */
static void report_iptables(struct check *check, const char *tool,
			    const char *table, const char *line)
{
	struct mark_use use = { .any = true };
	const char *why, *severity;
	char fix[FIX_SIZE] = "";
	__u32 mask;

	if (option_of(line, "--set-xmark", &use.value, &mask)) {
		use.writes = true;
		use.bits = mask | use.value;
	} else if (strstr(line, "-j CONNMARK --restore-mark")) {
		use.writes = true;
		use.computed = true;
		if (!option_of(line, "--nfmask", &use.bits, &mask))
			use.bits = UINT32_MAX;
		use.value = use.bits;
	} else if (strstr(line, "-m mark") &&
		   option_of(line, "--mark", &use.value, &mask)) {
		use.bits = mask == UINT32_MAX ? use.value : mask;
	} else {
		return;
	}
	why = conflict(check, &use,
		       strncmp(line, "-A PREROUTING ", 14) &&
		       strncmp(line, "-A FORWARD ", 11) &&
		       strncmp(line, "-A INPUT ", 9), &severity);
	if (!why)
		return;
	fix_add(fix, "%s -t %s -D%s", tool, table, line + strlen("-A"));
	found(check, "tag-conflict", severity, "", fix,
	      "the %s rule \"%s\" of table %s %s (mask 0x%x)", tool, line,
	      table, why, check->config.tag.mask);
}

/*
 * Returns true if the tool works on nftables and shows all that is in the tables
 * that go by iptables' names.
 */
static bool check_iptables(struct check *check, const char *tool)
{
	char save[32], table[32] = "filter";
	const char *const argv[] = { save, NULL };
	struct output output;
	char *line, *state;
	bool covers;

	snprintf(save, sizeof(save), "%s-save", tool);
	if (output_of(argv, &output))
		return false;
	/* Without the tool, what there is can only be nftables' own. */
	if (output.status && output.status != 127)
		could_not_look(check, "%s rules: %s", tool, output.complaint);
	covers = !output.status && strstr(output.text, "(nf_tables)") &&
		 !strstr(output.text, "incompatible");
	for (line = strtok_r(output.text, "\n", &state);
	     line && !output.status; line = strtok_r(NULL, "\n", &state)) {
		if (line[0] == '*')
			snprintf(table, sizeof(table), "%s", line + 1);
		else if (!strncmp(line, "-A ", 3))
			report_iptables(check, tool, table, line);
	}
	output_free(&output);
	return covers;
}

void check_marks(struct check *check)
{
	bool covered[2];

	check_ip_rules(check);
	covered[0] = check_iptables(check, "iptables");
	covered[1] = check_iptables(check, "ip6tables");
	check_nft(check, covered);
}
