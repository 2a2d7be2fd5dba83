// SPDX-License-Identifier: GPL-2.0-only
/* Which rules of a firewall touch the tag of packets that this host sends. */

#include <linux/kernel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "marks.h"
#include "ruleset.h"

/* migsel's own hook is one step after the filter chains. */
#define MIGSEL_PRIORITY 1

/* What a packet is tried with, by bit. */
enum {
	TRY_NONE,
	TRY_HOT,
	TRY_COLD,
	N_TRIES,
};

#define TRY_ALL ((1U << N_TRIES) - 1)

/* From where a chain is reached; what a write does there differs. */
enum place {
	PLACE_BEFORE,		/* output, before migsel looks at the mark */
	PLACE_AFTER,		/* output, after it */
	PLACE_AFTER_ROUTE,	/* the same, in a chain that routes anew */
	PLACE_LEAVING,		/* later hooks */
	N_PLACES,
};

struct rule {
	const json_t *json;
	bool reads;
	bool writes;
	bool moves;		/* writes what a route depends on */
	bool others;		/* asks for more than the mark */
	bool effect;		/* does more than count, log and set marks */
	bool final;		/* what comes behind it is not reached */
	unsigned int n_targets;
	unsigned int *target;	/* chains that it jumps to */
	enum mark_use use;	/* the worst so far */
};

struct chain {
	const json_t *json;
	unsigned int n_rules;
	struct rule *rule;
	unsigned int reach[N_PLACES];	/* what gets here */
};

struct marks {
	unsigned int n_chains;
	struct chain *chain;
	json_t *by_name;	/* "family table chain": number */
	json_t *sets;
};

char *marks_key(const json_t *object, const char *before, const char *name)
{
	char *key;

	if (asprintf(&key, "%s%s %s %s%s", string_of(object, "tool"),
		     string_of(object, "family"), string_of(object, "table"),
		     before, name) < 0)
		return NULL;
	return key;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (!strcmp(word, *words))
			return true;
	}
	return false;
}

/* The chains that a jump, or a verdict in a map, names anywhere in @json. */
static void find_targets(struct marks *marks, struct rule *rule,
			 const json_t *json)
{
	const struct mark_scope scope = { marks->sets, rule->json };
	const char *key, *name;
	unsigned int *targets;
	json_t *value, *found;
	char *full;
	size_t i;

	json_array_foreach((json_t *)json, i, value)
		find_targets(marks, rule, value);
	json_object_foreach((json_t *)json, key, value) {
		if (!strcmp(key, "data") && json_is_string(value))
			find_targets(marks, rule, set_of(&scope, value));
		else if (strcmp(key, "jump") && strcmp(key, "goto"))
			find_targets(marks, rule, value);
		name = json_string_value(json_object_get(value, "target"));
		if (!name)
			continue;
		full = marks_key(rule->json, "", name);
		found = full ? json_object_get(marks->by_name, full) : NULL;
		free(full);
		targets = found ? reallocarray(rule->target, rule->n_targets + 1,
					       sizeof(*targets)) : NULL;
		if (!targets)
			continue;
		rule->target = targets;
		targets[rule->n_targets++] = json_integer_value(found);
	}
}

static void look_at_mangle(struct rule *rule, const json_t *mangle)
{
	const json_t *to = json_object_get(mangle, "key");

	if (is_mark(to)) {
		rule->writes = true;
	} else if (json_object_get(to, "payload")) {
		rule->moves = true;
		rule->effect = true;
	} else if (!json_object_get(to, "ct")) {
		rule->effect = true;
	}
}

/* What an extension of iptables does to the mark only itself knows. */
static bool is_marking(const json_t *xt)
{
	static const char *const names[] = {
		"mark", "MARK", "CONNMARK", "HMARK", "SET", NULL
	};

	return is_one_of(string_of(xt, "name"), names);
}

static void look_at_xt(struct rule *rule, const json_t *xt)
{
	const char *name = string_of(xt, "name");

	if (is_marking(xt))
		rule->reads = true;
	if (!strcmp(string_of(xt, "type"), "target"))
		rule->effect = true;
	else if (strcmp(name, "comment"))
		rule->others = true;
}

static void look_at_statement(struct rule *rule, const char *key,
			      const json_t *value)
{
	static const char *const harmless[] = {
		"counter", "log", "set", "map", "continue", NULL
	};
	static const char *const conditions[] = {
		"limit", "quota", "ct count", "connlimit", "last", NULL
	};
	static const char *const final[] = {
		"accept", "drop", "return", "goto", "reject", "queue",
		"masquerade", "snat", "dnat", "redirect", NULL
	};

	if (!strcmp(key, "match")) {
		if (mentions_mark(value))
			rule->reads = true;
		else
			rule->others = true;
	} else if (!strcmp(key, "mangle")) {
		look_at_mangle(rule, value);
	} else if (!strcmp(key, "xt")) {
		look_at_xt(rule, value);
	} else if (is_one_of(key, conditions)) {
		rule->others = true;
	} else if (!is_one_of(key, harmless)) {
		rule->effect = true;
		rule->final |= is_one_of(key, final);
		rule->reads |= mentions_mark(value);
	}
}

static void look_at_rule(struct marks *marks, struct rule *rule)
{
	const json_t *statements = json_object_get(rule->json, "expr");
	const char *key;
	json_t *statement, *value;
	size_t i;

	json_array_foreach((json_t *)statements, i, statement) {
		json_object_foreach(statement, key, value)
			look_at_statement(rule, key, value);
	}
	find_targets(marks, rule, statements);
}

/* A packet with this mark, and no bits but the tag's. */
static __u32 try_mark(const struct tag *tag, unsigned int try)
{
	return try == TRY_HOT ? tag->hot : try == TRY_COLD ? tag->cold : 0;
}

/* Whether a packet with this mark gets through the conditions of a rule. */
static struct answer answer_of(const struct marks *marks,
			       const struct rule *rule, __u32 mark)
{
	const struct mark_scope scope = { marks->sets, rule->json };
	struct answer all = { .kind = ANSWER_YES }, one;
	const json_t *match, *vmap, *xt;
	json_t *statement;
	size_t i;

	if (rule->others)
		all.kind = ANSWER_PARTLY;
	if (!rule->reads)
		return all;
	json_array_foreach(json_object_get(rule->json, "expr"), i, statement) {
		match = json_object_get(statement, "match");
		vmap = json_object_get(statement, "vmap");
		xt = json_object_get(statement, "xt");
		if (json_object_get(statement, "mangle"))
			continue;
		if (xt ? !is_marking(xt) : !mentions_mark(statement))
			continue;
		if (match)
			one = answer_match(&scope, match, mark);
		else if (vmap)
			one = answer_vmap(&scope, vmap, mark);
		else
			one = (struct answer){ .kind = ANSWER_UNKNOWN };
		if (one.kind == ANSWER_NO && !vmap)
			return one;
		all.signature += one.signature;
		if (all.kind < one.kind)
			all.kind = one.kind;
	}
	return all;
}

static void worse(struct rule *rule, enum mark_use use)
{
	if (rule->use < use)
		rule->use = use;
}

/*
 * Is what is written a tag, and nothing but a tag? A mark with other bits, or of a wider
 * field, is somebody else's and only looks like one. @full is what becomes of a packet
 * that has all other bits set.
 */
static bool is_exactly_tag(const struct tag *tag, const struct bits *to,
			   const struct mark_values *full)
{
	unsigned int i;
	__u32 rest;

	if (to->known != UINT32_MAX ||
	    (to->value != tag->hot && to->value != tag->cold))
		return false;
	for (i = 0; i < full->n; i++) {
		rest = full->at[i].value & ~tag->mask;
		if (full->at[i].known != UINT32_MAX ||
		    (rest && rest != ~tag->mask))
			return false;
	}
	return true;
}

static void judge_write(struct rule *rule, const struct tag *tag,
			enum place place, __u32 mark, const struct bits *to,
			const struct mark_values *full)
{
	__u32 value = to->value & tag->mask;
	bool known = !(tag->mask & ~to->known);
	bool is_tag = is_exactly_tag(tag, to, full);
	bool same = known && value == mark;

	switch (place) {
	case PLACE_BEFORE:
		if (same)
			break;
		worse(rule, is_tag ? MARK_SETS_TAG : known ? MARK_OVERWRITES :
							     MARK_MAY_OVERWRITE);
		break;
	case PLACE_AFTER_ROUTE:
		/* Bits that are not the tag's have it routed anew as well. */
		if (mark && (to->known != UINT32_MAX || to->value != mark))
			worse(rule, MARK_UNDOES);
		if (is_tag && !same)
			worse(rule, MARK_TOO_LATE);
		break;
	case PLACE_AFTER:
		if (is_tag && !same)
			worse(rule, MARK_TOO_LATE);
		break;
	default:
		break;
	}
}

static void judge_writes(const struct marks *marks, struct rule *rule,
			 const struct tag *tag, enum place place, __u32 mark)
{
	const struct mark_scope scope = { marks->sets, rule->json };
	const json_t *mangle;
	json_t *statement;
	unsigned int j;
	size_t i;

	if (rule->moves && mark && place == PLACE_AFTER_ROUTE)
		worse(rule, MARK_UNDOES);
	json_array_foreach(json_object_get(rule->json, "expr"), i, statement) {
		struct mark_values values, full;

		mangle = json_object_get(statement, "mangle");
		if (!is_mark(json_object_get(mangle, "key")))
			continue;
		values_of(&scope, json_object_get(mangle, "value"), mark,
			  &values);
		values_of(&scope, json_object_get(mangle, "value"),
			  mark | ~tag->mask, &full);
		for (j = 0; j < values.n; j++)
			judge_write(rule, tag, place, mark, &values.at[j],
				    &full);
	}
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	return a->kind == b->kind && a->signature == b->signature;
}

/*
 * Goes through the rules of a chain with what gets here, and tells the chains that
 * they jump to. Returns whether one of those is reached by more than before.
 */
static bool walk(struct marks *marks, struct chain *chain, enum place place,
		 const struct tag *tag, bool judge)
{
	unsigned int live = chain->reach[place], in, i, t, *reach;
	struct answer answer[N_TRIES];
	bool more = false;
	struct rule *rule;

	for (rule = chain->rule; live && rule < chain->rule + chain->n_rules;
	     rule++) {
		in = live;
		for (t = 0; t < N_TRIES; t++) {
			answer[t] = answer_of(marks, rule, try_mark(tag, t));
			if (answer[t].kind == ANSWER_NO)
				in &= ~(1U << t);
		}
		for (i = 0; i < rule->n_targets; i++) {
			reach = &marks->chain[rule->target[i]].reach[place];
			more |= in & ~*reach;
			*reach |= in;
		}
		for (t = 0; judge && t < N_TRIES; t++) {
			if (in & 1U << t)
				judge_writes(marks, rule, tag, place,
					     try_mark(tag, t));
			if (!t || !(live & 1U << t) || !rule->reads ||
			    !rule->effect)
				continue;
			if (answer[t].kind == ANSWER_UNKNOWN)
				worse(rule, MARK_MAY_TOUCH);
			else if (!same_answer(&answer[t], &answer[TRY_NONE]))
				worse(rule, MARK_READS);
		}
		for (t = 0; rule->final && t < N_TRIES; t++) {
			if (answer[t].kind == ANSWER_YES)
				live &= ~(1U << t);
		}
	}
	return more;
}

/* N_PLACES if nothing that this host sends comes by. */
static enum place place_of(const json_t *chain)
{
	static const char *const routed[] = { "ip", "ip6", "inet", NULL };
	static const char *const leaving[] = {
		"output", "postrouting", "egress", NULL
	};
	const char *hook = string_of(chain, "hook");
	json_int_t priority = json_integer_value(json_object_get(chain,
								 "prio"));

	if (!is_one_of(hook, leaving))
		return N_PLACES;
	if (strcmp(hook, "output") ||
	    !is_one_of(string_of(chain, "family"), routed))
		return PLACE_LEAVING;
	if (priority < MIGSEL_PRIORITY)
		return PLACE_BEFORE;
	return strcmp(string_of(chain, "type"), "route") ? PLACE_AFTER :
							   PLACE_AFTER_ROUTE;
}

void marks_judge(struct marks *marks, const struct tag *tag,
		 void (*found)(void *data, const json_t *rule,
			       enum mark_use use), void *data)
{
	struct chain *chain, *end = marks->chain + marks->n_chains;
	bool more, judge = false;
	unsigned int place, i;

	for (chain = marks->chain; chain < end; chain++) {
		memset(chain->reach, 0, sizeof(chain->reach));
		place = place_of(chain->json);
		if (place < N_PLACES)
			chain->reach[place] = TRY_ALL;
		for (i = 0; i < chain->n_rules; i++)
			chain->rule[i].use = MARK_UNTOUCHED;
	}
	/* What gets where has to be known before anything is judged. */
	do {
		more = false;
		for (chain = marks->chain; chain < end; chain++) {
			for (place = 0; place < N_PLACES; place++)
				more |= walk(marks, chain, place, tag, judge);
		}
		if (judge)
			break;
		judge = !more;
	} while (more || judge);
	for (chain = marks->chain; chain < end; chain++) {
		for (i = 0; i < chain->n_rules; i++) {
			if (chain->rule[i].use != MARK_UNTOUCHED)
				found(data, chain->rule[i].json,
				      chain->rule[i].use);
		}
	}
}

__u32 marks_bits(const struct marks *marks)
{
	const struct rule *rule;
	const json_t *mangle;
	json_t *statement;
	unsigned int i, j;
	__u32 bits = 0;
	size_t n;

	for (i = 0; i < marks->n_chains; i++) {
		for (j = 0; j < marks->chain[i].n_rules; j++) {
			rule = &marks->chain[i].rule[j];
			const struct mark_scope scope = { marks->sets,
							  rule->json };

			json_array_foreach(json_object_get(rule->json, "expr"),
					   n, statement) {
				mangle = json_object_get(statement, "mangle");
				if (is_mark(json_object_get(mangle, "key")))
					bits |= bits_in(&scope,
							json_object_get(mangle,
									"value"),
							true);
				else if (!mangle && mentions_mark(statement))
					bits |= bits_in(&scope, statement,
							false);
			}
		}
	}
	return bits;
}

static int add_set(struct marks *marks, const json_t *set)
{
	json_t *elements = json_object_get(set, "elem");
	char *key = marks_key(set, "@", string_of(set, "name"));
	int ret = -1;

	if (key && elements)
		ret = json_object_set(marks->sets, key, elements);
	else if (key)
		ret = json_object_set_new(marks->sets, key, json_array());
	free(key);
	return ret;
}

static int add_chain(struct marks *marks, const json_t *json)
{
	struct chain *chains = reallocarray(marks->chain, marks->n_chains + 1,
					    sizeof(*chains));
	char *key = marks_key(json, "", string_of(json, "name"));
	int ret = -1;

	if (chains) {
		marks->chain = chains;
		chains += marks->n_chains;
		memset(chains, 0, sizeof(*chains));
		chains->json = json;
	}
	if (chains && key)
		ret = json_object_set_new(marks->by_name, key,
					  json_integer(marks->n_chains++));
	free(key);
	return ret;
}

static int add_rule(struct marks *marks, const json_t *json)
{
	char *key = marks_key(json, "", string_of(json, "chain"));
	struct chain *chain;
	struct rule *rules;
	json_t *number;

	if (!key)
		return -1;
	number = json_object_get(marks->by_name, key);
	free(key);
	if (!number || !marks->chain)
		return 0;
	chain = &marks->chain[json_integer_value(number)];
	rules = reallocarray(chain->rule, chain->n_rules + 1, sizeof(*rules));
	if (!rules)
		return -1;
	chain->rule = rules;
	rules += chain->n_rules++;
	memset(rules, 0, sizeof(*rules));
	rules->json = json;
	look_at_rule(marks, rules);
	return 0;
}

struct marks *marks_new(const json_t *items)
{
	static const char *const sets[] = { "set", "map" };
	struct marks *marks = calloc(1, sizeof(*marks));
	json_t *item, *value;
	unsigned int j;
	int ret = 0;
	size_t i;

	if (!marks)
		return NULL;
	marks->by_name = json_object();
	marks->sets = json_object();
	json_array_foreach((json_t *)items, i, item) {
		value = json_object_get(item, "chain");
		if (value)
			ret |= add_chain(marks, value);
		for (j = 0; j < ARRAY_SIZE(sets); j++) {
			value = json_object_get(item, sets[j]);
			if (value)
				ret |= add_set(marks, value);
		}
	}
	/* A rule may jump to what comes behind it. */
	json_array_foreach((json_t *)items, i, item) {
		value = json_object_get(item, "rule");
		if (value)
			ret |= add_rule(marks, value);
	}
	if (!ret)
		return marks;
	marks_free(marks);
	return NULL;
}

void marks_free(struct marks *marks)
{
	unsigned int i, j;

	for (i = 0; i < marks->n_chains; i++) {
		for (j = 0; j < marks->chain[i].n_rules; j++)
			free(marks->chain[i].rule[j].target);
		free(marks->chain[i].rule);
	}
	free(marks->chain);
	json_decref(marks->by_name);
	json_decref(marks->sets);
	free(marks);
}
