// SPDX-License-Identifier: GPL-2.0-only
/* Whether decisions are carried out. */

#include <string.h>

#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "names.h"
#include "parse.h"
#include "print.h"

static const char usage[] =
	"Usage: migsel policy { show | set [ mode { enforce | observe | off } ]\n"
	"                                  [ unreachable { refuse | pass } ]\n"
	"                                  [ fallback { first-vmk | strict } ] }\n";

void policy_print(const struct policy *policy, const char *lead)
{
	print_text(lead);
	print_string(COLOR_NONE, "mode", "mode ",
		     name_of(mode_names, policy->mode));
	print_string(COLOR_NONE, "unreachable", " unreachable ",
		     name_of(unreachable_names, policy->unreachable));
	print_string(COLOR_NONE, "fallback", " fallback ",
		     name_of(fallback_names, policy->fallback));
}

static int policy_show(char **argv)
{
	struct policy policy;
	int ret;

	ret = no_more(argv, "policy");
	if (!ret)
		ret = policy_read(&policy);
	if (ret)
		return ret;

	print_array(NULL);
	print_object(NULL);
	policy_print(&policy, "");
	print_text("\n");
	print_close();
	print_close();
	return STATUS_OK;
}

int policy_parse(char **argv, struct policy_edit *edit)
{
	int ret;

	memset(edit, 0, sizeof(*edit));
	if (!*argv)
		return incomplete();
	for (; *argv; argv++) {
		if (matches(*argv, "mode")) {
			ret = take_once(&argv, "mode", &edit->mode_word);
			if (!ret)
				ret = parse_name(*argv, "mode", mode_names,
						 &edit->policy.mode);
		} else if (matches(*argv, "unreachable")) {
			ret = take_once(&argv, "unreachable",
					&edit->unreachable_word);
			if (!ret)
				ret = parse_name(*argv, "unreachable",
						 unreachable_names,
						 &edit->policy.unreachable);
		} else if (matches(*argv, "fallback")) {
			ret = take_once(&argv, "fallback",
					&edit->fallback_word);
			if (!ret)
				ret = parse_name(*argv, "fallback",
						 fallback_names,
						 &edit->policy.fallback);
		} else {
			ret = unknown_keyword(*argv, "policy");
		}
		if (ret)
			return ret;
	}
	return 0;
}

void policy_put(struct nlmsghdr *request, const struct policy_edit *edit)
{
	if (edit->mode_word)
		mnl_attr_put_u32(request, MIGSEL_A_POLICY_MODE,
				 edit->policy.mode);
	if (edit->unreachable_word)
		mnl_attr_put_u32(request, MIGSEL_A_POLICY_UNREACHABLE,
				 edit->policy.unreachable);
	if (edit->fallback_word)
		mnl_attr_put_u32(request, MIGSEL_A_POLICY_FALLBACK,
				 edit->policy.fallback);
}

static int policy_set(char **argv)
{
	struct nlmsghdr *request;
	struct policy_edit edit;
	int ret;

	ret = policy_parse(argv, &edit);
	if (ret)
		return ret;
	request = genl_request(MIGSEL_CMD_POLICY_SET);
	policy_put(request, &edit);
	return genl_do(request, NULL, NULL);
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

	return run_command("policy", commands, usage, argv);
}
