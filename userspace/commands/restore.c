// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines in place of the configuration. They become one message, a change of it
 * for each line: the kernel checks all of them, and does all or none.
 */

#include <linux/migsel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "error.h"
#include "genl.h"
#include "keywords.h"
#include "lines.h"
#include "parse.h"
#include "vmk.h"

static const char usage[] = "Usage: migsel restore\n";

/* What a line has put into the message. */
struct place {
	unsigned int end;
	unsigned int line;
};

static struct place *places;
static size_t n_places, room_for_places;

static int remember_place(const struct nlmsghdr *message, unsigned int line)
{
	struct place *more;

	if (n_places == room_for_places) {
		room_for_places += 512;
		more = realloc(places, room_for_places * sizeof(*places));
		if (!more)
			return out_of_memory();
		places = more;
	}
	places[n_places].end = message->nlmsg_len;
	places[n_places++].line = line;
	return 0;
}

/* Errors name the line that has put there what stands at an offset of the message. */
static void locate(unsigned int offset)
{
	size_t i;

	for (i = 0; i < n_places && places[i].end <= offset; i++)
		;
	if (i < n_places)
		error_place("-", places[i].line);
}

static int put_vmk(struct nlmsghdr *message, __u32 change, char **argv)
{
	struct nlattr *nest = mnl_attr_nest_start(message, MIGSEL_A_CONFIG_VMK);
	struct vmk_edit edit = {};
	int ret;

	if (change == MIGSEL_VMK_CHANGE_ADD || change == MIGSEL_VMK_CHANGE_SET)
		ret = vmk_parse_edit(argv, &edit);
	else
		ret = vmk_parse_device(argv, &edit.dev);
	if (ret)
		return ret;
	if (!edit.dev && change != MIGSEL_VMK_CHANGE_FLUSH)
		return incomplete();
	if (edit.dev && !is_device_name(edit.dev))
		return no_device(edit.dev);

	mnl_attr_put_u32(message, MIGSEL_A_VMK_CHANGE, change);
	/* The kernel looks it up: the device is there when the rest is done, too. */
	if (edit.dev)
		mnl_attr_put_strz(message, MIGSEL_A_VMK_IFNAME, edit.dev);
	keywords_put(message, &vmk_object, &edit.values);
	mnl_attr_nest_end(message, nest);
	return 0;
}

static int put_settings(struct nlmsghdr *message, const struct object *object,
			char **argv)
{
	struct nlattr *nest = mnl_attr_nest_start(message, object->nest);
	struct values values;
	int ret;

	ret = keywords_parse(object, argv, &values);
	if (ret)
		return ret;
	keywords_put(message, object, &values);
	mnl_attr_nest_end(message, nest);
	return 0;
}

static int put_line(struct nlmsghdr *message, char **words)
{
	bool vmk = matches(words[0], "vmk");

	if (!words[1])
		return incomplete();
	if (!genl_has_room(message)) {
		error("there are more changes than one message takes.");
		return STATUS_FAILED;
	}
	/* Elsewhere "s" is "show", so it is not "set" here. */
	if (matches(words[1], "show"))
		goto other;
	if (vmk && matches(words[1], "add"))
		return put_vmk(message, MIGSEL_VMK_CHANGE_ADD, words + 2);
	if (vmk && matches(words[1], "set"))
		return put_vmk(message, MIGSEL_VMK_CHANGE_SET, words + 2);
	if (vmk && matches(words[1], "delete"))
		return put_vmk(message, MIGSEL_VMK_CHANGE_DEL, words + 2);
	if (vmk && matches(words[1], "flush"))
		return put_vmk(message, MIGSEL_VMK_CHANGE_FLUSH, words + 2);
	if (matches(words[0], "tag") && matches(words[1], "set"))
		return put_settings(message, &tag_object, words + 2);
	if (matches(words[0], "policy") && matches(words[1], "set"))
		return put_settings(message, &policy_object, words + 2);

other:
	error("\"%s %s\" is not a line that changes the configuration.",
	      words[0], words[1]);
	return STATUS_USAGE;
}

static int put_lines(struct nlmsghdr *message)
{
	struct lines lines;
	bool any;
	int ret;

	ret = lines_open(&lines, "-");
	if (ret)
		return ret;
	for (;;) {
		ret = lines_next(&lines, &any);
		if (ret || !any)
			break;
		ret = put_line(message, lines.words);
		if (!ret)
			ret = remember_place(message, lines.number);
		if (ret)
			break;
	}
	lines_close(&lines);
	/* More likely what should have written it has failed. */
	if (!ret && !n_places) {
		error("there is no line to restore: \"vmk flush\" is one for no vmks.");
		return STATUS_FAILED;
	}
	return ret;
}

int do_restore(char **argv)
{
	struct nlmsghdr *message;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	ret = no_more(argv, "restore");
	if (ret)
		return ret;

	message = genl_request(MIGSEL_CMD_CONFIG_SET);
	mnl_attr_put(message, MIGSEL_A_CONFIG_REPLACE, 0, NULL);
	n_places = 0;
	ret = put_lines(message);
	if (!ret)
		ret = genl_change(message, locate);
	error_place(NULL, 0);
	free(places);
	places = NULL;
	room_for_places = 0;
	return ret;
}
