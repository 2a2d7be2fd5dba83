// SPDX-License-Identifier: GPL-2.0-only
/* What can be configured, by its keywords. */

#include <assert.h>
#include <linux/kernel.h>
#include <linux/migsel.h>
#include <stdio.h>
#include <string.h>

#include "attrs.h"
#include "error.h"
#include "keywords.h"
#include "lines.h"
#include "metrics.h"
#include "names.h"
#include "parse.h"
#include "print.h"

/* How the values of a keyword are read and written. */
struct kind {
	int (*parse)(const struct keyword *k, const char *word,
		     struct value *value);
	const char *(*text)(const struct keyword *k, const struct value *value);
	void (*print)(const struct keyword *k, const char *lead,
		      const struct value *value);
};

static __u32 number_of(const struct value *value)
{
	__u32 number = 0;

	if (value->length == sizeof(number))
		memcpy(&number, value->payload, sizeof(number));
	return number;
}

static void set_number(struct value *value, __u32 number)
{
	value->length = sizeof(number);
	memcpy(value->payload, &number, sizeof(number));
}

void value_of(const struct nlattr *attr, struct value *value)
{
	__u16 length = attr ? mnl_attr_get_payload_len(attr) : 0;

	memset(value, 0, sizeof(*value));
	/* A value that is longer than this tool knows counts as missing. */
	if (!length || length > sizeof(value->payload))
		return;
	memcpy(value->payload, mnl_attr_get_payload(attr), length);
	value->length = length;
}

static int parse_number(const struct keyword *k, const char *word,
			struct value *value)
{
	__u32 number = 0;
	int ret;

	ret = k->max ? parse_range(word, k->word, k->min, k->max, &number) :
		       parse_u32(word, k->word, &number);
	set_number(value, number);
	return ret;
}

static int parse_named(const struct keyword *k, const char *word,
		       struct value *value)
{
	__u32 number = 0;
	int ret;

	ret = parse_name(word, k->word, k->names, &number);
	set_number(value, number);
	return ret;
}

static char text[64];

static const char *number_text(const struct keyword *k,
			       const struct value *value)
{
	(void)k;
	snprintf(text, sizeof(text), "%u", number_of(value));
	return text;
}

static const char *mark_text(const struct keyword *k, const struct value *value)
{
	(void)k;
	snprintf(text, sizeof(text), "0x%x", number_of(value));
	return text;
}

static const char *named_text(const struct keyword *k, const struct value *value)
{
	return name_of(k->names, number_of(value));
}

static void print_number(const struct keyword *k, const char *lead,
			 const struct value *value)
{
	print_uint(k->word, lead, number_of(value));
}

static void print_flag(const struct keyword *k, const char *lead,
		       const struct value *value)
{
	print_bool(COLOR_NONE, k->word, lead, number_of(value),
		   named_text(k, value));
}

static void print_word(const struct keyword *k, const char *lead,
		       const struct value *value)
{
	print_string(COLOR_NONE, k->word, lead, keyword_text(k, value));
}

static const struct kind number = { parse_number, number_text, print_number };
static const struct kind mark = { parse_number, mark_text, print_word };
static const struct kind named = { parse_named, named_text, print_word };
static const struct kind flag = { parse_named, named_text, print_flag };

/* The names of values, by value. */
static const char *const off_on[] = { "off", "on", NULL };

static const char *const stacks[] = {
	[MIGSEL_STACK_DEFAULT] = "default",
	[MIGSEL_STACK_VMOTION] = "vmotion",
	[MIGSEL_STACK_PROVISIONING] = "provisioning",
	NULL
};

static const char *const modes[] = {
	[MIGSEL_MODE_ENFORCE] = "enforce",
	[MIGSEL_MODE_OBSERVE] = "observe",
	[MIGSEL_MODE_OFF] = "off",
	NULL
};

static const char *const unreachables[] = {
	[MIGSEL_UNREACHABLE_REFUSE] = "refuse",
	[MIGSEL_UNREACHABLE_PASS] = "pass",
	NULL
};

static const char *const fallbacks[] = {
	[MIGSEL_FALLBACK_FIRST_VMK] = "first-vmk",
	[MIGSEL_FALLBACK_STRICT] = "strict",
	NULL
};

static const struct keyword vmk_keywords[] = {
	{ "migration", MIGSEL_A_VMK_MIGRATION, &flag, .names = off_on, .help = "{ on | off }" },
	{ "weight", MIGSEL_A_VMK_WEIGHT, &number, .min = 1, .max = 255 },
	{ "position", MIGSEL_A_VMK_POSITION, &number, .help = "N", .is_place = true },
	{ "stack", MIGSEL_A_VMK_STACK, &named, .names = stacks, .is_rare = true },
	{ "provisioning", MIGSEL_A_VMK_PROVISIONING, &flag, .names = off_on,
	  .help = "{ on | off }", .is_rare = true },
	{ NULL }
};

static const struct keyword tag_keywords[] = {
	{ "mask", MIGSEL_A_TAG_MASK, &mark, .help = "MASK" },
	{ "hot", MIGSEL_A_TAG_HOT, &mark, .help = "VALUE" },
	{ "cold", MIGSEL_A_TAG_COLD, &mark, .help = "VALUE" },
	{ NULL }
};

static const struct keyword policy_keywords[] = {
	{ "mode", MIGSEL_A_POLICY_MODE, &named, .names = modes },
	{ "unreachable", MIGSEL_A_POLICY_UNREACHABLE, &named, .names = unreachables },
	{ "fallback", MIGSEL_A_POLICY_FALLBACK, &named, .names = fallbacks },
	{ NULL }
};

static_assert(ARRAY_SIZE(vmk_keywords) <= MAX_KEYWORDS, "too many");
static_assert(ARRAY_SIZE(tag_keywords) <= MAX_KEYWORDS, "too many");
static_assert(ARRAY_SIZE(policy_keywords) <= MAX_KEYWORDS, "too many");

const struct object vmk_object = {
	"vmk", vmk_keywords, MIGSEL_CMD_VMK_GET, MIGSEL_CMD_VMK_SET, MIGSEL_A_CONFIG_VMK,
};

const struct object tag_object = {
	"tag", tag_keywords, MIGSEL_CMD_TAG_GET, MIGSEL_CMD_TAG_SET, MIGSEL_A_CONFIG_TAG,
};

const struct object policy_object = {
	"policy", policy_keywords, MIGSEL_CMD_POLICY_GET, MIGSEL_CMD_POLICY_SET,
	MIGSEL_A_CONFIG_POLICY,
};

const struct keyword *keyword_of(const struct object *object, __u16 attr)
{
	const struct keyword *k;

	for (k = object->keywords; k->word; k++) {
		if (k->attr == attr)
			return k;
	}
	return NULL;
}

const struct keyword *keyword_find(const struct object *object,
				   const char *word, bool whole)
{
	const struct keyword *k;

	for (k = object->keywords; k->word; k++) {
		if (whole ? !strcmp(word, k->word) : matches(word, k->word))
			return k;
	}
	return NULL;
}

int keyword_take(const struct object *object, const struct keyword *keyword,
		 char ***argv, struct values *values)
{
	struct value *value = &values->at[keyword - object->keywords];
	const char *word;
	int ret;

	ret = take_value(argv, &word);
	if (ret)
		return ret;
	if (value->length)
		return second_value(keyword->word, word);
	return keyword->kind->parse(keyword, word, value);
}

int keywords_parse(const struct object *object, char **argv,
		   struct values *values)
{
	const struct keyword *k;
	int ret;

	memset(values, 0, sizeof(*values));
	if (!*argv)
		return incomplete();
	for (; *argv; argv++) {
		k = keyword_find(object, *argv, false);
		ret = k ? keyword_take(object, k, &argv, values) :
			  unknown_keyword(*argv, object->name);
		if (ret)
			return ret;
	}
	return 0;
}

void keywords_put(struct nlmsghdr *request, const struct object *object,
		  const struct values *values)
{
	const struct value *value = values->at;
	const struct keyword *k;

	for (k = object->keywords; k->word; k++, value++) {
		if (value->length)
			mnl_attr_put(request, k->attr, value->length,
				     value->payload);
	}
}

void keywords_read(const struct attrs *attrs, const struct object *object,
		   struct values *values)
{
	struct value *value = values->at;
	const struct keyword *k;

	for (k = object->keywords; k->word; k++, value++)
		value_of(attrs->at[k->attr], value);
}

__u32 keywords_number(const struct object *object, const struct values *values,
		      __u16 attr)
{
	return number_of(&values->at[keyword_of(object, attr) -
				     object->keywords]);
}

const char *keyword_text(const struct keyword *keyword,
			 const struct value *value)
{
	return keyword->kind->text(keyword, value);
}

void keyword_sample(const struct keyword *keyword, const char *metric,
		    const struct value *value, const char *dev)
{
	if (keyword->kind->print == print_word)
		sample(metric, 1, "dev", dev, keyword->word,
		       keyword_text(keyword, value), NULL);
	else
		sample(metric, number_of(value), "dev", dev, NULL);
}

void keywords_print(const struct object *object, const struct values *values,
		    const char *lead)
{
	const struct value *value = values->at;
	const struct keyword *k;
	char before[32];

	for (k = object->keywords; k->word; k++, value++) {
		if (k->is_place)
			continue;
		snprintf(before, sizeof(before), "%s%s ", lead, k->word);
		if (k->is_rare && !number_of(value)) {
			k->kind->print(k, NULL, value);
			continue;
		}
		k->kind->print(k, before, value);
		lead = " ";
	}
}

void keywords_save(const struct object *object, const struct values *values)
{
	const struct value *value = values->at;
	const struct keyword *k;

	for (k = object->keywords; k->word; k++, value++) {
		if (k->is_place || (k->is_rare && !number_of(value)))
			continue;
		printf(" %s ", k->word);
		lines_put_word(keyword_text(k, value));
	}
}

/* " [ mode { enforce | observe | off } ]" */
static void option_help(const struct keyword *k, char *option, size_t size)
{
	const char *const *name = k->names;
	FILE *out = fmemopen(option, size, "w");

	option[0] = '\0';
	if (!out)
		return;
	fprintf(out, " [ %s ", k->word);
	if (k->help) {
		fprintf(out, "%s ]", k->help);
	} else if (name) {
		for (; *name; name++)
			fprintf(out, "%s %s", name == k->names ? "{" : " |",
				*name);
		fprintf(out, " } ]");
	} else {
		fprintf(out, "%u..%u ]", k->min, k->max);
	}
	fclose(out);
}

/* A line of help goes no further to the right. */
#define HELP_WIDTH 79

void keywords_help(FILE *out, const char *lead, const char *command,
		   const struct object *object)
{
	int column, indent = strlen(lead) + strcspn(command, "[");
	const struct keyword *k;
	char option[128];

	/* Without an option in the command the first one comes behind a blank. */
	indent += !strchr(command, '[');
	column = fprintf(out, "%s%s", lead, command);
	for (k = object->keywords; k->word; k++) {
		option_help(k, option, sizeof(option));
		if (column + (int)strlen(option) > HELP_WIDTH)
			column = fprintf(out, "\n%*s", indent - 1, "") - 1;
		column += fprintf(out, "%s", option);
	}
}

const char *keywords_usage(void (*help)(FILE *out, const char *lead))
{
	static char usage[1024];
	FILE *out = fmemopen(usage, sizeof(usage), "w");

	if (out) {
		help(out, "Usage: ");
		fclose(out);
	}
	return usage;
}
