// SPDX-License-Identifier: GPL-2.0-only
/* Rules of others that read or write the bits of the tag. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "config.h"
#include "host.h"
#include "marks.h"
#include "ruleset.h"
#include "text.h"

/* What goes through the rules of a firewall with one tag in mind. */
struct judging {
	struct check *check;
	struct marks *marks;
	const struct tag *tag;
	unsigned int n_conflicts;
	unsigned int n_setting;
	json_t *owned;
	/* What is proposed for a conflict of bits. */
	struct tag other;
	bool has_other;
};

static bool selects(const struct fib_rule *rule, __u32 mark)
{
	return !((mark ^ rule->mark) & rule->mask) != rule->invert;
}

/* Does a rule take a packet with this tag for another one than a packet without? */
static bool tells_apart(const struct fib_rule *rule, __u32 tag)
{
	return selects(rule, tag) != selects(rule, 0);
}

/*
 * Is a rule about marks of others, with this tag among their bits? It need not ask for all
 * bits of the tag: the others of such a mark may be anything.
 */
static bool looks_like(const struct fib_rule *rule, const struct tag *tag,
		       __u32 value)
{
	__u32 both = rule->mask & tag->mask;

	return rule->mark & both && (rule->mark & both) == (value & both);
}

static bool rule_clashes(const struct fib_rule *rule, const struct tag *tag)
{
	/* One with another incoming device is about forwarded packets. */
	if (*rule->iif && strcmp(rule->iif, "lo"))
		return false;
	return tells_apart(rule, tag->hot) || tells_apart(rule, tag->cold) ||
	       looks_like(rule, tag, tag->hot) ||
	       looks_like(rule, tag, tag->cold);
}

static bool is_clash(enum mark_use use)
{
	return use != MARK_UNTOUCHED && use != MARK_SETS_TAG;
}

static void count(void *data, const json_t *rule, enum mark_use use)
{
	struct judging *judging = data;

	(void)rule;
	judging->n_conflicts += is_clash(use);
	judging->n_setting += use == MARK_SETS_TAG;
}

/* Is nothing that was found in the way of a tag? */
static bool is_free(const struct judging *judging, const struct tag *tag)
{
	const struct host *host = &judging->check->host;
	struct judging trial = {};
	unsigned int i;

	for (i = 0; i < host->n_rules; i++) {
		if (rule_clashes(&host->rule[i], tag))
			return false;
	}
	marks_judge(judging->marks, tag, count, &trial);
	return !trial.n_conflicts && !trial.n_setting;
}

/* The bits that anything that was found reads or writes. */
static __u32 used_bits(const struct judging *judging)
{
	const struct host *host = &judging->check->host;
	__u32 bits = marks_bits(judging->marks);
	const struct fib_rule *rule;
	unsigned int i;

	for (i = 0; i < host->n_rules; i++) {
		rule = &host->rule[i];
		bits |= rule->mask == UINT32_MAX ? rule->mark : rule->mask;
	}
	return bits;
}

/*
 * Another tag: two bits side by side that nothing uses or, where all are in use, that
 * nothing is in the way of. Others begin with the low ones.
 */
static void find_other(struct judging *judging)
{
	__u32 used = used_bits(judging);
	unsigned int pass, i, shift;
	struct tag tag;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < 31; i++) {
			shift = (28 + 31 - i) % 31;
			tag.mask = 3U << shift;
			tag.hot = 1U << shift;
			tag.cold = 2U << shift;
			if ((pass == 0 && tag.mask & used) ||
			    tag.mask == judging->tag->mask ||
			    !is_free(judging, &tag))
				continue;
			judging->other = tag;
			judging->has_other = true;
			return;
		}
	}
}

static void add_tag_set(const struct tag *tag, struct text *text)
{
	char mask[16], hot[16], cold[16];

	snprintf(mask, sizeof(mask), "0x%x", tag->mask);
	snprintf(hot, sizeof(hot), "0x%x", tag->hot);
	snprintf(cold, sizeof(cold), "0x%x", tag->cold);
	fix_add(text, "migsel", "tag", "set", "mask", mask, "hot", hot, "cold",
		cold);
}

/*
 * How whoever made a rule can except the tag from it: one that writes keeps the tag's bits,
 * one that reads does not look at them. "MARK" is what the rule has already.
 */
static void add_exception(const struct judging *judging, struct text *advice,
			  const char *tool, enum mark_use use)
{
	__u32 mask = judging->tag->mask;

	if (!tool)
		text_add(advice, "`fwmark MARK/0x%x`", ~mask);
	else if (use == MARK_OVERWRITES && *tool)
		text_add(advice, "`--set-xmark MARK/0x%x`", ~mask);
	else if (use == MARK_OVERWRITES)
		text_add(advice, "`meta mark set meta mark & 0x%x | MARK`",
			 mask);
	else if (use == MARK_MAY_OVERWRITE && *tool)
		text_add(advice, "`--restore-mark --mask 0x%x`", ~mask);
	else if (use == MARK_MAY_OVERWRITE)
		text_add(advice,
			 "`meta mark & 0x%x == 0 meta mark set ct mark & 0x%x`",
			 mask, ~mask);
	else if (*tool)
		text_add(advice, "`--mark MARK/0x%x`", ~mask);
	else
		text_add(advice, "`meta mark & 0x%x` for `meta mark`", ~mask);
}

/*
 * The first remedy for a clash of bits is another tag, nobody's rule is touched. @tool is
 * NULL for a rule of ip(8).
 */
static void remedy_clash(const struct judging *judging, struct remedy *remedy,
			 const char *tool, enum mark_use use)
{
	struct text set = {};

	if (!judging->has_other) {
		text_add(&remedy->advice,
			 "No other tag is free of the rules that were found. Whoever made this one can except the tag from it, for example by ");
		add_exception(judging, &remedy->advice, tool, use);
		text_add(&remedy->advice, ".");
		return;
	}
	add_tag_set(&judging->other, &set);
	if (judging->n_setting)
		text_add(&remedy->advice,
			 "Another tag: `%s`, together with the rules that set the present one, or their traffic is tagged no more. Start anew what runs under migsel exec.",
			 set.s);
	else
		text_add(&remedy->advice,
			 "The tag can use bits that nothing found here uses. Start anew what runs under migsel exec: it keeps the present tag.");
	if (!judging->n_setting)
		add_tag_set(&judging->other, &remedy->fix);
	text_free(&set);
}

/* Tables that only the program that made them can change, while it runs. */
static json_t *find_owned(const json_t *ruleset)
{
	json_t *item, *owned = json_object();
	const json_t *table, *flags;
	char *key;
	size_t i;

	json_array_foreach((json_t *)ruleset, i, item) {
		table = json_object_get(item, "table");
		flags = json_object_get(table, "flags");
		if (json_is_array(flags))
			flags = json_array_get(flags, 0);
		/* Some versions of nft leave its last letters out. */
		if (!json_is_string(flags) ||
		    strncmp(json_string_value(flags), "own", 3) ||
		    asprintf(&key, "%s %s", string_of(table, "family"),
			     string_of(table, "name")) < 0)
			continue;
		json_object_set_new(owned, key, json_true());
		free(key);
	}
	return owned;
}

static bool has_owner(const struct judging *judging, const json_t *rule)
{
	bool has;
	char *key;

	if (asprintf(&key, "%s %s", string_of(rule, "family"),
		     string_of(rule, "table")) < 0)
		return false;
	has = json_object_get(judging->owned, key);
	free(key);
	return has;
}

void add_where(const json_t *rule, struct text *where)
{
	const char *tool = string_of(rule, "tool");

	if (*tool)
		text_add(where, "the %s rule \"%s\" of table %s", tool,
			 visible(string_of(rule, "line")),
			 visible(string_of(rule, "table")));
	else
		text_add(where, "the nftables rule %s %s %s handle %lld",
			 string_of(rule, "family"),
			 visible(string_of(rule, "table")),
			 visible(string_of(rule, "chain")),
			 json_integer_value(json_object_get(rule, "handle")));
}

static void report(void *data, const json_t *rule, enum mark_use use)
{
	static const char *const words[] = {
		[MARK_SETS_TAG] = "sets the tag, as is wanted",
		[MARK_MAY_TOUCH] = "may touch the tag: beyond evaluation",
		[MARK_MAY_OVERWRITE] = "may overwrite the tag: known only when it runs",
		[MARK_READS] = "reads bits of the tag as something else",
		[MARK_TOO_LATE] = "sets the tag too late, after migsel has looked",
		[MARK_UNDOES] = "undoes the steering: its chain routes anew",
		[MARK_OVERWRITES] = "overwrites the tag",
	};
	struct judging *judging = data;
	struct remedy remedy = {};
	struct text where = {};

	switch (use) {
	case MARK_SETS_TAG:
		break;
	case MARK_TOO_LATE:
	case MARK_UNDOES:
		text_add(&remedy.advice,
			 "The chain belongs at priority mangle, or filter at the latest. ");
		break;
	default:
		remedy_clash(judging, &remedy, string_of(rule, "tool"), use);
		break;
	}
	if (is_clash(use) && has_owner(judging, rule))
		text_add(&remedy.advice,
			 " The table has an owner (flags owner): only the program that made it can change it.");
	add_where(rule, &where);
	found(judging->check, use == MARK_SETS_TAG ? "tag-set" : "tag-conflict",
	      use == MARK_SETS_TAG ? SEVERITY_OK : SEVERITY_WARNING, "", &remedy,
	      "%s %s (mask 0x%x)", where.s, words[use], judging->tag->mask);
	text_free(&where);
}

static void report_rule(struct judging *judging, const struct fib_rule *rule)
{
	const struct tag *tag = judging->tag;
	bool hot = tells_apart(rule, tag->hot), apart;
	struct remedy remedy = {};
	struct text what = {};

	apart = hot || tells_apart(rule, tag->cold);
	if (!apart)
		hot = looks_like(rule, tag, tag->hot);
	remedy_clash(judging, &remedy, NULL, MARK_READS);
	text_add(&what, "the rule \"%s rule priority %u%s fwmark 0x%x/0x%x\"",
		 rule->family == AF_INET ? "ip" : "ip -6", rule->priority,
		 rule->invert ? " not" : "", rule->mark, rule->mask);
	found(judging->check, "tag-conflict", SEVERITY_WARNING, "", &remedy,
	      apart ? "%s routes %s traffic (0x%x of 0x%x) in another way than untagged" :
	      "%s is about packets that migsel takes for %s ones (0x%x of 0x%x)",
	      what.s, hot ? "hot" : "cold", hot ? tag->hot : tag->cold,
	      tag->mask);
	text_free(&what);
}

void check_marks(struct check *check)
{
	struct judging judging = { .check = check, .tag = &check->tag };
	const struct host *host = &check->host;
	unsigned int i, n_rules = 0;

	judging.marks = marks_new(check->ruleset);
	if (!judging.marks) {
		could_not_look(check, "marks: out of memory");
		return;
	}
	marks_judge(judging.marks, judging.tag, count, &judging);
	for (i = 0; i < host->n_rules; i++)
		n_rules += rule_clashes(&host->rule[i], judging.tag);
	if (judging.n_conflicts + n_rules)
		find_other(&judging);

	for (i = 0; i < host->n_rules; i++) {
		if (rule_clashes(&host->rule[i], judging.tag))
			report_rule(&judging, &host->rule[i]);
	}
	judging.owned = find_owned(check->ruleset);
	marks_judge(judging.marks, judging.tag, report, &judging);
	json_decref(judging.owned);
	marks_free(judging.marks);
}
