// SPDX-License-Identifier: GPL-2.0-only
/* The ordered set of vmks. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attrs.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "options.h"
#include "parse.h"
#include "print.h"

/* A line of help goes no further to the right. */
#define HELP_WIDTH 72

void vmk_help(FILE *out, const char *lead)
{
	int column, indent = strlen(lead);
	const struct vmk_keyword *k;
	char option[64];

	column = fprintf(out, "%smigsel vmk { add | set } [ dev ] DEV", lead);
	for (k = vmk_keywords; ; k++) {
		snprintf(option, sizeof(option), " [ %s %s ]",
			 k->word ? k->word : "position",
			 k->word ? k->values : "N");
		if (column + (int)strlen(option) > HELP_WIDTH)
			column = fprintf(out, "\n%*s", indent + 10, "") - 1;
		column += fprintf(out, "%s", option);
		if (!k->word)
			break;
	}
	fprintf(out, "\n%*smigsel vmk del [ dev ] DEV\n"
		"%*smigsel vmk { show | flush } [ [ dev ] DEV ]\n",
		indent, "", indent, "");
}

static int on_vmk(const struct nlmsghdr *message, void *data)
{
	struct vmk_list *list = data;
	struct attrs attrs;

	attrs_of(message, &attrs);
	if (list->n < MIGSEL_MAX_VMKS)
		vmk_of(&attrs, &list->vmk[list->n++]);
	return MNL_CB_OK;
}

static void forget(void *data)
{
	struct vmk_list *list = data;

	list->n = 0;
}

static void show_counters(const char *key, const char *lead,
			  const struct counters *counters)
{
	print_object(key);
	print_text(lead);
	print_uint("packets", "packets ", counters->packets);
	print_uint("bytes", " bytes ", counters->bytes);
	print_close();
}

void vmk_print(const struct vmk *vmk)
{
	const struct vmk_keyword *k;
	char lead[32];

	for (k = vmk_keywords; k->word; k++) {
		snprintf(lead, sizeof(lead), " %s ", k->word);
		k->print(k->word, lead, vmk_value(vmk, k));
	}
}

static void show_values(const struct vmk *vmk)
{
	print_uint("position", "", vmk->position);
	print_string(COLOR_IFNAME, "ifname", ": ", vmk->ifname);
	print_uint("ifindex", " ifindex ", vmk->ifindex);
	vmk_print(vmk);
	print_bool(vmk->usable ? COLOR_GOOD : COLOR_BAD, "usable", " ",
		   vmk->usable, vmk->usable ? "usable" : "unusable");
}

static void show_brief(const struct vmk *vmk)
{
	print_cell(COLOR_IFNAME, NULL, -16, vmk->ifname);
	print_cell(vmk->usable ? COLOR_GOOD : COLOR_BAD, NULL, -15,
		   vmk->usable ? "USABLE" : "UNUSABLE");
	print_cell(COLOR_NONE, NULL, -14,
		   vmk->migration ? "migration on" : "migration off");
	print_uint(NULL, "weight ", vmk->weight);
	print_text("\n");
}

static void show_one(const struct vmk *vmk)
{
	if (options.brief && !options.json) {
		show_brief(vmk);
		return;
	}
	print_object(NULL);
	show_values(vmk);
	if (options.stats) {
		print_object("stats");
		show_counters("hot", "\n    hot:  ", &vmk->hot);
		show_counters("cold", "\n    cold: ", &vmk->cold);
		print_close();
	}
	print_text("\n");
	print_close();
}

static struct nlmsghdr *device_request(__u8 cmd, __u32 ifindex)
{
	struct nlmsghdr *request = genl_request(cmd);

	mnl_attr_put_u32(request, MIGSEL_A_VMK_IFINDEX, ifindex);
	return request;
}

/* A word too many: an option with its value may have been taken for a device. */
static int surplus(const char *dev, const char *word)
{
	return unknown_keyword(*dev == '-' ? dev : word, "vmk");
}

/* [ dev ] DEV and no more; *dev is NULL if there is none. */
int vmk_parse_device(char **argv, const char **dev)
{
	int ret;

	*dev = *argv;
	if (!*argv)
		return 0;
	if (!strcmp(*argv, "dev")) {
		ret = take_value(&argv, dev);
		if (ret)
			return ret;
	}
	return argv[1] ? surplus(*dev, argv[1]) : 0;
}

/* The same as an index, 0 if there is none. */
static int find_device(char **argv, __u32 *ifindex)
{
	const char *dev;
	int ret;

	*ifindex = 0;
	ret = vmk_parse_device(argv, &dev);
	if (ret || !dev)
		return ret;
	return parse_device(dev, ifindex);
}

static int vmk_show(char **argv)
{
	static struct vmk_list list;
	__u32 ifindex;
	unsigned int i;
	int ret;

	ret = find_device(argv, &ifindex);
	if (ret)
		return ret;

	list.n = 0;
	if (ifindex)
		ret = genl_do(device_request(MIGSEL_CMD_VMK_GET, ifindex),
			      on_vmk, &list);
	else
		ret = genl_dump(genl_request(MIGSEL_CMD_VMK_GET), on_vmk,
				forget, &list);
	if (ret)
		return ret;

	print_array(NULL);
	for (i = 0; i < list.n; i++)
		show_one(&list.vmk[i]);
	print_close();
	return STATUS_OK;
}

static int vmk_flush(char **argv)
{
	struct nlmsghdr *request;
	__u32 ifindex;
	int ret;

	ret = find_device(argv, &ifindex);
	if (ret)
		return ret;
	request = ifindex ? device_request(MIGSEL_CMD_VMK_FLUSH, ifindex) :
			    genl_request(MIGSEL_CMD_VMK_FLUSH);
	return genl_do(request, NULL, NULL);
}

static int vmk_del(char **argv)
{
	__u32 ifindex;
	int ret;

	ret = find_device(argv, &ifindex);
	if (ret)
		return ret;
	if (!ifindex)
		return incomplete();
	return genl_do(device_request(MIGSEL_CMD_VMK_DEL, ifindex), NULL, NULL);
}

/* Before the device is known, only a whole keyword is one. */
static bool is_keyword(const struct vmk_edit *edit, const char *word,
		       const char *keyword)
{
	return edit->dev ? matches(word, keyword) : !strcmp(word, keyword);
}

static const struct vmk_keyword *keyword_of(const struct vmk_edit *edit,
					    const char *word)
{
	const struct vmk_keyword *k;

	for (k = vmk_keywords; k->word; k++) {
		if (is_keyword(edit, word, k->word))
			return k;
	}
	return NULL;
}

int vmk_parse_edit(char **argv, struct vmk_edit *edit)
{
	const struct vmk_keyword *k;
	int ret;

	memset(edit, 0, sizeof(*edit));
	for (; *argv; argv++) {
		k = keyword_of(edit, *argv);
		if (!strcmp(*argv, "dev")) {
			ret = take_once(&argv, "dev", &edit->dev);
		} else if (k) {
			ret = take_once(&argv, k->word,
					&edit->words[k - vmk_keywords]);
			if (!ret)
				ret = k->parse(*argv, k->word,
					       vmk_value_at(&edit->vmk, k));
		} else if (is_keyword(edit, *argv, "position")) {
			ret = take_once(&argv, "position",
					&edit->position_word);
			if (!ret)
				ret = parse_u32(*argv, "position",
						&edit->position);
		} else if (!edit->dev) {
			edit->dev = *argv;
			ret = 0;
		} else {
			ret = surplus(edit->dev, *argv);
		}
		if (ret)
			return ret;
	}
	return edit->dev ? 0 : incomplete();
}

void vmk_put(struct nlmsghdr *request, const struct vmk_edit *edit)
{
	const struct vmk_keyword *k;

	for (k = vmk_keywords; k->word; k++) {
		if (edit->words[k - vmk_keywords])
			mnl_attr_put_u32(request, k->attr,
					 vmk_value(&edit->vmk, k));
	}
	if (edit->position_word)
		mnl_attr_put_u32(request, MIGSEL_A_VMK_POSITION,
				 edit->position);
}

static int vmk_change(__u8 cmd, char **argv)
{
	struct nlmsghdr *request;
	struct vmk_edit edit;
	__u32 ifindex;
	int ret;

	ret = vmk_parse_edit(argv, &edit);
	if (!ret)
		ret = parse_device(edit.dev, &ifindex);
	if (ret)
		return ret;
	request = device_request(cmd, ifindex);
	vmk_put(request, &edit);
	return genl_do(request, NULL, NULL);
}

static int vmk_add(char **argv)
{
	return vmk_change(MIGSEL_CMD_VMK_ADD, argv);
}

static int vmk_set(char **argv)
{
	return vmk_change(MIGSEL_CMD_VMK_SET, argv);
}

int do_vmk(char **argv)
{
	static const struct command commands[] = {
		{ "show", vmk_show },
		{ "add", vmk_add },
		{ "set", vmk_set },
		{ "delete", vmk_del },
		{ "flush", vmk_flush },
		{ "list", vmk_show },
		{ "lst", vmk_show },
		{ NULL, NULL }
	};

	static char usage[1024];
	FILE *out = fmemopen(usage, sizeof(usage), "w");

	if (out) {
		vmk_help(out, "Usage: ");
		fclose(out);
	}
	return run_command("vmk", commands, usage, argv);
}
