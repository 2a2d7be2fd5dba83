// SPDX-License-Identifier: GPL-2.0-only
/* How packet marks are read. */

#include <string.h>

#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "parse.h"
#include "print.h"

static const char usage[] =
	"Usage: migsel tag { show | set [ mask MASK ] [ hot VALUE ] [ cold VALUE ] }\n";

void tag_print(const struct tag *tag, const char *lead)
{
	print_text(lead);
	print_hex("mask", "mask ", tag->mask);
	print_hex("hot", " hot ", tag->hot);
	print_hex("cold", " cold ", tag->cold);
}

static int tag_show(char **argv)
{
	struct tag tag;
	int ret;

	ret = no_more(argv, "tag");
	if (!ret)
		ret = tag_read(&tag);
	if (ret)
		return ret;

	print_array(NULL);
	print_object(NULL);
	tag_print(&tag, "");
	print_text("\n");
	print_close();
	print_close();
	return STATUS_OK;
}

int tag_parse(char **argv, struct tag_edit *edit)
{
	const char *keyword, **word;
	__u32 *value;
	int ret;

	memset(edit, 0, sizeof(*edit));
	if (!*argv)
		return incomplete();
	for (; *argv; argv++) {
		if (matches(*argv, "mask")) {
			keyword = "mask";
			word = &edit->mask_word;
			value = &edit->tag.mask;
		} else if (matches(*argv, "hot")) {
			keyword = "hot";
			word = &edit->hot_word;
			value = &edit->tag.hot;
		} else if (matches(*argv, "cold")) {
			keyword = "cold";
			word = &edit->cold_word;
			value = &edit->tag.cold;
		} else {
			return unknown_keyword(*argv, "tag");
		}
		ret = take_once(&argv, keyword, word);
		if (!ret)
			ret = parse_u32(*word, keyword, value);
		if (ret)
			return ret;
	}
	return 0;
}

void tag_put(struct nlmsghdr *request, const struct tag_edit *edit)
{
	if (edit->mask_word)
		mnl_attr_put_u32(request, MIGSEL_A_TAG_MASK, edit->tag.mask);
	if (edit->hot_word)
		mnl_attr_put_u32(request, MIGSEL_A_TAG_HOT, edit->tag.hot);
	if (edit->cold_word)
		mnl_attr_put_u32(request, MIGSEL_A_TAG_COLD, edit->tag.cold);
}

static int tag_set(char **argv)
{
	struct nlmsghdr *request;
	struct tag_edit edit;
	int ret;

	ret = tag_parse(argv, &edit);
	if (ret)
		return ret;
	request = genl_request(MIGSEL_CMD_TAG_SET);
	tag_put(request, &edit);
	return genl_do(request, NULL, NULL);
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

	return run_command("tag", commands, usage, argv);
}
