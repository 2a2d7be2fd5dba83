// SPDX-License-Identifier: GPL-2.0-only
/* What a namespace has one of: how marks are read, and whether decisions are carried out. */

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "keywords.h"
#include "parse.h"
#include "print.h"

static int show(const struct object *object, char **argv)
{
	struct values values;
	int ret;

	ret = no_more(argv, object->name);
	if (!ret)
		ret = values_read(object, &values);
	if (ret)
		return ret;

	print_array(NULL);
	print_object(NULL);
	keywords_print(object, &values, "");
	print_text("\n");
	print_close();
	print_close();
	return STATUS_OK;
}

static int set(const struct object *object, char **argv)
{
	struct nlmsghdr *request;
	struct values values;
	int ret;

	ret = keywords_parse(object, argv, &values);
	if (ret)
		return ret;
	request = genl_request(object->set);
	keywords_put(request, object, &values);
	return genl_do(request, NULL, NULL);
}

static int tag_show(char **argv)
{
	return show(&tag_object, argv);
}

static int tag_set(char **argv)
{
	return set(&tag_object, argv);
}

void tag_help(FILE *out, const char *lead)
{
	keywords_help(out, lead, "migsel tag { show | set", &tag_object);
	fputs(" }\n", out);
}

int do_tag(char **argv)
{
	static const struct command commands[] = {
		{ "show", tag_show },
		{ "set", tag_set },
		{ "list", tag_show },
		{ "lst", tag_show },
		{ NULL, NULL }
	};

	return run_command("tag", commands, keywords_usage(tag_help), argv);
}

static int policy_show(char **argv)
{
	return show(&policy_object, argv);
}

static int policy_set(char **argv)
{
	return set(&policy_object, argv);
}

void policy_help(FILE *out, const char *lead)
{
	keywords_help(out, lead, "migsel policy { show | set", &policy_object);
	fputs(" }\n", out);
}

int do_policy(char **argv)
{
	static const struct command commands[] = {
		{ "show", policy_show },
		{ "set", policy_set },
		{ "list", policy_show },
		{ "lst", policy_show },
		{ NULL, NULL }
	};

	return run_command("policy", commands, keywords_usage(policy_help), argv);
}
