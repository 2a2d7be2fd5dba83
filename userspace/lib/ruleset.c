// SPDX-License-Identifier: GPL-2.0-only
/* The rules of nftables and iptables, by what their own tools print. */

#include <errno.h>
#include <linux/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "ruleset.h"
#include "run.h"
#include "text.h"
#include "utf8.h"

struct reader {
	json_t *items;
	void (*unread)(void *data, const char *what);
	void *data;
	bool failed;	/* for want of memory */
};

static void unread(const struct reader *reader, const char *format, ...)
	PRINTF(2, 3);

static void unread(const struct reader *reader, const char *format, ...)
{
	struct text what = {};
	va_list args;

	va_start(args, format);
	text_vadd(&what, format, args);
	va_end(args);
	reader->unread(reader->data, what.s);
	text_free(&what);
}

/* The list in what nft has printed, NULL if it could not. */
static json_t *nft_list(const char *const argv[], struct output *output)
{
	json_t *root = NULL, *list;

	if (output_of(argv, output)) {
		output->status = 127;
		return NULL;
	}
	make_utf8(output->text);
	if (!output->status)
		root = json_loads(output->text, 0, NULL);
	list = json_incref(json_object_get(root, "nftables"));
	json_decref(root);
	return list;
}

/* One table can be what nft fails at: some versions end at a foreign name. */
static void read_by_table(const struct reader *reader, json_t *into)
{
	const char *const tables[] = { "nft", "-j", "list", "tables", NULL };
	struct output output, own;
	json_t *list, *item, *rules, *table;
	size_t i;

	list = nft_list(tables, &output);
	if (!list)
		unread(reader, "nftables rules: nft: %s",
		       output.complaint && *output.complaint ?
		       visible(output.complaint) : "it prints no JSON");
	json_array_foreach(list, i, item) {
		table = json_object_get(item, "table");
		const char *const argv[] = {
			"nft", "-j", "-n", "list", "table",
			string_of(table, "family"), string_of(table, "name"),
			NULL
		};

		if (!table)
			continue;
		rules = nft_list(argv, &own);
		if (rules)
			json_array_extend(into, rules);
		else
			unread(reader, "the nftables table %s %s: nft: %s",
			       string_of(table, "family"),
			       visible(string_of(table, "name")),
			       own.complaint && *own.complaint ?
			       visible(own.complaint) : "it prints no JSON");
		json_decref(rules);
		output_free(&own);
	}
	json_decref(list);
	output_free(&output);
}

/* Returns whether nft is there. */
static bool read_nft(const struct reader *reader, json_t *into)
{
	static const char *const argv[] = {
		"nft", "-j", "-n", "list", "ruleset", NULL
	};
	struct output output;
	json_t *list = nft_list(argv, &output);
	bool present = output.status != 127;

	if (list)
		json_array_extend(into, list);
	else if (!present)
		unread(reader, "nftables rules: there is no nft, install nftables");
	else
		read_by_table(reader, into);
	json_decref(list);
	output_free(&output);
	return present;
}

/* The tables that go by the names of iptables' own. */
static bool is_of_iptables(const json_t *object, const char *family)
{
	static const char *const tables[] = {
		"filter", "nat", "mangle", "raw", "security"
	};
	unsigned int i;

	if (strcmp(string_of(object, "family"), family))
		return false;
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!strcmp(string_of(object, "table"), tables[i]))
			return true;
	}
	return false;
}

/* Is there anything in them? */
static bool uses_iptables(const json_t *list, const char *family)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		if (is_of_iptables(json_object_get(item, "rule"), family))
			return true;
	}
	return false;
}

/*
 * Runs TOOL-FLAVOUR-save, or TOOL-save if that is of the same flavour: only the newer
 * one says of itself that it works on nf_tables. Returns whether it has printed.
 */
static bool run_save(const char *tool, const char *flavour,
		     struct output *output)
{
	bool nft = !strcmp(flavour, "nft"), is_nft;
	char save[40];
	const char *const argv[] = { save, NULL };

	snprintf(save, sizeof(save), "%s-%s-save", tool, flavour);
	if (output_of(argv, output))
		return false;
	if (output->status == 127) {
		output_free(output);
		snprintf(save, sizeof(save), "%s-save", tool);
		if (output_of(argv, output))
			return false;
		is_nft = strstr(output->text, "(nf_tables)");
		if (!output->status && *output->text && is_nft != nft)
			output->status = 127;
	}
	make_utf8(output->text);
	return !output->status;
}

/* Rules of the new iptables, in whose words they are told. Returns its tables. */
static json_t *read_new(struct reader *reader, const char *tool)
{
	json_t *tables = json_object();
	struct output output = {};

	if (run_save(tool, "nft", &output))
		reader->failed |= iptables_add(reader->items, tables, tool,
					       output.text);
	output_free(&output);
	return tables;
}

/* Tables of the old iptables, which nft does not see. */
static void read_legacy(struct reader *reader, const char *tool,
			const char *names)
{
	json_t *tables = json_object();
	struct output output = {};
	char legacy[32];
	FILE *file;
	int c;

	/* Where it was never used there is no file, and nothing in it. */
	file = fopen(names, "re");
	c = file ? fgetc(file) : EOF;
	if (!file && errno != ENOENT)
		unread(reader, "the tables of %s-legacy: %s: %s", tool, names,
		       strerror(errno));
	if (file)
		fclose(file);
	snprintf(legacy, sizeof(legacy), "%s-legacy", tool);
	if (c == EOF)
		goto out;
	if (run_save(tool, "legacy", &output))
		reader->failed |= iptables_add(reader->items, tables, legacy,
					       output.text);
	else
		unread(reader, "the tables of %s: %s-save: %s", legacy, legacy,
		       output.status != 127 && output.complaint ?
		       visible(output.complaint) :
		       "there is none, install iptables");
	output_free(&output);
out:
	json_decref(tables);
}

json_t *ruleset_read(void (*unread)(void *data, const char *what), void *data)
{
	static const struct {
		const char *tool, *family, *legacy;
	} tools[] = {
		{ "iptables", "ip", "/proc/net/ip_tables_names" },
		{ "ip6tables", "ip6", "/proc/net/ip6_tables_names" },
	};
	struct reader reader = { json_array(), unread, data, false };
	json_t *nft = json_array(), *item, *tables, *rule;
	bool present, own;
	unsigned int j;
	size_t i;

	present = read_nft(&reader, nft);
	for (j = 0; j < ARRAY_SIZE(tools); j++) {
		tables = NULL;
		if (!present || uses_iptables(nft, tools[j].family))
			tables = read_new(&reader, tools[j].tool);
		/* The rest is nftables' own, or of iptables without its tool. */
		json_array_foreach(nft, i, item) {
			json_t *chain = json_object_get(item, "chain");

			rule = json_object_get(item, "rule");
			if (!rule)
				rule = chain;
			own = is_of_iptables(rule, tools[j].family) &&
			      json_object_get(tables,
					      string_of(rule, "table"));
			if (own)
				json_object_clear(item);
		}
		json_decref(tables);
		read_legacy(&reader, tools[j].tool, tools[j].legacy);
	}
	if (reader.failed || json_array_extend(reader.items, nft)) {
		json_decref(reader.items);
		reader.items = NULL;
	}
	json_decref(nft);
	return reader.items;
}
