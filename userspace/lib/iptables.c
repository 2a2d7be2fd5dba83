// SPDX-License-Identifier: GPL-2.0-only
/* What iptables-save prints, brought into the form of nftables' JSON. */

#include <linux/kernel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruleset.h"
#include "text.h"

struct line {
	unsigned int n;
	char **word;
};

/* Where a rule is. */
struct place {
	const char *tool;
	const char *family;
	const char *table;
};

/* What was read of a rule so far. */
struct reading {
	const struct place *place;
	json_t *chains;		/* of the table */
	json_t *expr;
	const char *match;	/* after the last "-m" */
	json_t *xt;		/* the last one that was added */
	bool not;		/* "!" before the option */
	const char *target;
	bool jumps;		/* "-g" */
	bool restores;
	bool shifts;
	__u32 value, mask;	/* of --set-xmark and its like */
	const char *set_option;
	__u32 nfmask, ctmask;
	__u32 mod, offset;
	bool maps_mark;
};

/*
 * Takes a line apart as iptables-restore does: words between blanks, or in quotation
 * marks, where a backslash keeps the next character.
 */
static int split(char *text, struct line *line)
{
	char *to, **words, *p = text;
	bool quoted;

	line->n = 0;
	line->word = NULL;
	for (;;) {
		p += strspn(p, " ");
		if (!*p)
			return 0;
		words = reallocarray(line->word, line->n + 1, sizeof(*words));
		if (!words)
			return -1;
		line->word = words;
		words[line->n++] = p;
		quoted = false;
		for (to = p; *p && (quoted || *p != ' '); p++) {
			if (*p == '"') {
				quoted = !quoted;
				continue;
			}
			if (*p == '\\' && quoted && p[1])
				p++;
			*to++ = *p;
		}
		if (*p)
			p++;
		*to = '\0';
	}
}

static json_t *mark(void)
{
	return json_pack("{s:{s:s}}", "meta", "key", "mark");
}

static json_t *number(__u32 value)
{
	return json_integer(value);
}

/* Consumes both operands. */
static json_t *operation(const char *operator, json_t *a, json_t *b)
{
	return json_pack("{s:[o, o]}", operator, a, b);
}

static void add(struct reading *reading, json_t *statement)
{
	json_array_append_new(reading->expr, statement);
}

static void add_verdict(struct reading *reading, const char *verdict)
{
	add(reading, json_pack("{s:n}", verdict));
}

static void add_xt(struct reading *reading, const char *type, const char *name)
{
	reading->xt = json_pack("{s:s, s:s}", "type", type, "name", name);
	add(reading, json_pack("{s:o}", "xt", reading->xt));
}

static void add_mangle(struct reading *reading, json_t *value)
{
	add(reading, json_pack("{s:{s:o, s:o}}", "mangle", "key", mark(),
			       "value", value));
}

/* "VALUE" or "VALUE/MASK" */
static bool parse_mask(const char *word, __u32 *value, __u32 *mask)
{
	char *end;

	*mask = UINT32_MAX;
	*value = strtoul(word, &end, 0);
	if (*end == '/')
		*mask = strtoul(end + 1, &end, 0);
	return end != word && !*end;
}

static void match_mark(struct reading *reading, const char *word)
{
	__u32 value, mask;

	if (!parse_mask(word, &value, &mask)) {
		add_xt(reading, "match", "mark");
		return;
	}
	add(reading, json_pack("{s:{s:s, s:o, s:o}}", "match", "op",
			       reading->not ? "!=" : "==", "left",
			       mask == UINT32_MAX ? mark() :
			       operation("&", mark(), number(mask)),
			       "right", number(value)));
}

/* A plus sign at its end stands for more letters, as "*" does in nftables. */
static void match_device(struct reading *reading, const char *word)
{
	size_t length = strlen(word);
	bool any = length && word[length - 1] == '+';
	struct text name = {};

	text_add(&name, "%.*s%s", (int)(length - any), word, any ? "*" : "");
	add(reading, json_pack("{s:{s:s, s:{s:{s:s}}, s:s}}", "match", "op",
			       reading->not ? "!=" : "==", "left", "meta",
			       "key", "iifname", "right", name.s));
	text_free(&name);
}

/* Options whose next word may look like an option. */
static bool takes_text(const char *option)
{
	static const char *const options[] = {
		"--comment", "--log-prefix", "--nflog-prefix", "--string",
		"--hex-string", "--helper", "--path", "--name", "--label",
		"--match-set", "--hashlimit-name", "--zone", "--algo",
		"--bytecode", "--add-set", "--del-set", "--map-set",
		"--selctx", "--led-trigger-id", "-o", "-s", "-d", "-p"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (!strcmp(option, options[i]))
			return true;
	}
	return false;
}

/* An option and the word behind it. Returns whether that belongs to it. */
static bool read_option(struct reading *reading, const char *option,
			const char *next)
{
	static const char *const sets[] = {
		"--set-xmark", "--set-mark", "--and-mark", "--or-mark",
		"--xor-mark"
	};
	unsigned int i;

	if (!strcmp(option, "-m")) {
		reading->match = next;
		if (strcmp(next, "mark") && strcmp(next, "comment"))
			add_xt(reading, "match", next);
		return true;
	}
	if (!strcmp(option, "-j") || !strcmp(option, "-g")) {
		reading->target = next;
		reading->jumps = option[1] == 'g';
		return true;
	}
	if (!strcmp(option, "-i")) {
		match_device(reading, next);
		return true;
	}
	if (option[0] == '-' && option[1] && strchr("sodp", option[1]) &&
	    !option[2])
		add_xt(reading, "match", option);
	if (takes_text(option))
		return true;
	if (!strcmp(option, "--loose") || !strcmp(option, "--invert")) {
		if (reading->match && !strcmp(reading->match, "rpfilter"))
			json_object_set_new(reading->xt, option + 2,
					    json_true());
		return false;
	}
	if (!strcmp(option, "--mark") && !reading->target) {
		if (reading->match && !strcmp(reading->match, "mark"))
			match_mark(reading, next);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		if (!strcmp(option, sets[i]) &&
		    parse_mask(next, &reading->value, &reading->mask))
			reading->set_option = sets[i];
	}
	if (!strcmp(option, "--restore-mark"))
		reading->restores = true;
	if (!strcmp(option, "--nfmask") || !strcmp(option, "--mask"))
		reading->nfmask = strtoul(next, NULL, 0);
	if (!strcmp(option, "--ctmask") || !strcmp(option, "--mask"))
		reading->ctmask = strtoul(next, NULL, 0);
	if (strstr(option, "shift-"))
		reading->shifts = true;
	else if (!strcmp(option, "--hmark-mod"))
		reading->mod = strtoul(next, NULL, 0);
	else if (!strcmp(option, "--hmark-offset"))
		reading->offset = strtoul(next, NULL, 0);
	else if (!strcmp(option, "--map-mark"))
		reading->maps_mark = true;
	return false;
}

static void target_mark(struct reading *reading)
{
	const char *option = reading->set_option;
	__u32 value = reading->value, mask = reading->mask;

	if (!option)
		add_xt(reading, "target", "MARK");
	else if (!strcmp(option, "--and-mark"))
		add_mangle(reading, operation("&", mark(), number(value)));
	else if (!strcmp(option, "--or-mark"))
		add_mangle(reading, operation("|", mark(), number(value)));
	else if (!strcmp(option, "--xor-mark"))
		add_mangle(reading, operation("^", mark(), number(value)));
	else if (!strcmp(option, "--set-mark"))
		add_mangle(reading, operation("|", operation("&", mark(),
							     number(~mask)),
					      number(value)));
	else if (mask == UINT32_MAX)
		add_mangle(reading, number(value));
	else
		add_mangle(reading, operation("^", operation("&", mark(),
							     number(~mask)),
					      number(value)));
}

static void target_connmark(struct reading *reading)
{
	json_t *ct;

	if (!reading->restores) {
		add_verdict(reading, "counter");
		return;
	}
	ct = json_pack("{s:{s:s}}", "ct", "key", "mark");
	if (reading->shifts) {
		add_mangle(reading, ct);
		return;
	}
	add_mangle(reading,
		   operation("^", operation("&", mark(),
					    number(~reading->nfmask)),
			     operation("&", ct, number(reading->ctmask))));
}

static void read_target(struct reading *reading)
{
	static const struct {
		const char *target, *verdict;
	} verdicts[] = {
		{ "ACCEPT", "accept" }, { "DROP", "drop" },
		{ "RETURN", "return" }, { "REJECT", "reject" },
		{ "QUEUE", "queue" }, { "NFQUEUE", "queue" },
		{ "MASQUERADE", "masquerade" }, { "SNAT", "snat" },
		{ "DNAT", "dnat" }, { "REDIRECT", "redirect" },
		{ "NETMAP", "dnat" }, { "LOG", "log" }, { "NFLOG", "log" },
		{ "TRACE", "log" }, { "AUDIT", "log" },
	};
	const char *target = reading->target;
	unsigned int i;

	if (!target)
		return;
	if (json_object_get(reading->chains, target)) {
		add(reading, json_pack("{s:{s:s}}", reading->jumps ? "goto" :
				       "jump", "target", target));
		return;
	}
	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (!strcmp(target, verdicts[i].target)) {
			add_verdict(reading, verdicts[i].verdict);
			return;
		}
	}
	if (!strcmp(target, "MARK"))
		target_mark(reading);
	else if (!strcmp(target, "CONNMARK"))
		target_connmark(reading);
	else if (!strcmp(target, "HMARK") && reading->mod)
		add_mangle(reading, json_pack("{s:{s:I, s:I}}", "numgen", "mod",
					      (json_int_t)reading->mod,
					      "offset",
					      (json_int_t)reading->offset));
	else
		add_xt(reading, "target", !strcmp(target, "SET") &&
		       !reading->maps_mark ? "SET without marks" : target);
}

/* "-A CHAIN ..." */
static int add_rule(json_t *items, json_t *chains, const struct place *place,
		    const char *text)
{
	struct reading reading = {
		.place = place,
		.chains = chains,
		.nfmask = UINT32_MAX,
		.ctmask = UINT32_MAX,
	};
	char *copy = strdup(text);
	struct line line = {};
	struct text seen = {};
	unsigned int i;
	json_t *rule;
	int ret = -1;

	reading.expr = json_array();
	if (!copy || split(copy, &line) || line.n < 2)
		goto out;
	for (i = 2; i < line.n; i++) {
		const char *next = i + 1 < line.n ? line.word[i + 1] : "";

		if (!strcmp(line.word[i], "!")) {
			reading.not = true;
			continue;
		}
		if (read_option(&reading, line.word[i], next))
			i++;
		reading.not = false;
	}
	read_target(&reading);
	text_add(&seen, "%s", "");
	text_add_visible(&seen, text);
	rule = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "tool", place->tool,
			 "family", place->family, "table", place->table,
			 "chain", line.word[1], "line", seen.s, "expr",
			 reading.expr);
	ret = json_array_append_new(items, json_pack("{s:o}", "rule", rule));
out:
	json_decref(reading.expr);
	text_free(&seen);
	free(line.word);
	free(copy);
	return ret;
}

/* ":CHAIN POLICY [...]"; what a base chain of that name is for. */
static int add_chain(json_t *items, json_t *chains, const struct place *place,
		     const char *text)
{
	static const struct {
		const char *name, *hook;
	} hooks[] = {
		{ "PREROUTING", "prerouting" }, { "INPUT", "input" },
		{ "FORWARD", "forward" }, { "OUTPUT", "output" },
		{ "POSTROUTING", "postrouting" },
	};
	static const struct {
		const char *table;
		int priority;
	} priorities[] = {
		{ "raw", -300 }, { "mangle", -150 }, { "nat", -100 },
		{ "filter", 0 }, { "security", 50 },
	};
	const char *hook = NULL, *type = "filter";
	int priority = 0, ret = -1;
	unsigned int i;
	json_t *chain;
	char *name;

	name = strndup(text, strcspn(text, " "));
	if (!name)
		return -1;
	chain = json_pack("{s:s, s:s, s:s, s:s}", "tool", place->tool,
			  "family", place->family, "table", place->table,
			  "name", name);
	for (i = 0; i < ARRAY_SIZE(priorities); i++) {
		if (!strcmp(place->table, priorities[i].table))
			priority = priorities[i].priority;
	}
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (!strcmp(name, hooks[i].name))
			hook = hooks[i].hook;
	}
	/* Only what is built in has a policy. */
	if (hook && strncmp(text + strlen(name), " -", 2)) {
		if (!strcmp(place->table, "mangle") && !strcmp(hook, "output"))
			type = "route";
		json_object_set_new(chain, "hook", json_string(hook));
		json_object_set_new(chain, "type", json_string(type));
		json_object_set_new(chain, "prio", json_integer(priority));
	}
	if (chain)
		ret = json_object_set_new(chains, name, json_true());
	ret |= json_array_append_new(items, json_pack("{s:o}", "chain", chain));
	free(name);
	return ret;
}

int iptables_add(json_t *items, json_t *tables, const char *tool,
		 const char *text)
{
	struct place place = {
		.tool = tool,
		.family = strncmp(tool, "ip6", 3) ? "ip" : "ip6",
	};
	json_t *chains = json_object();
	char *copy = strdup(text), *line, *state;
	int ret = copy && chains ? 0 : -1;

	for (line = ret ? NULL : strtok_r(copy, "\n", &state); line && !ret;
	     line = strtok_r(NULL, "\n", &state)) {
		if (*line == '*') {
			place.table = line + 1;
			json_object_clear(chains);
			ret = json_object_set_new(tables, place.table,
						  json_true());
		} else if (*line == ':' && place.table) {
			ret = add_chain(items, chains, &place, line + 1);
		} else if (!strncmp(line, "-A ", 3) && place.table) {
			ret = add_rule(items, chains, &place, line);
		}
	}
	json_decref(chains);
	free(copy);
	return ret;
}
