// SPDX-License-Identifier: GPL-2.0-only
/* The ordered set of vmks. */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attrs.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "keywords.h"
#include "metrics.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "vmk.h"

void vmk_help(FILE *out, const char *lead)
{
	int indent = strlen(lead);

	keywords_help(out, lead, "migsel vmk { add | set } [ dev ] DEV",
		      &vmk_object);
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

static void show_values(const struct vmk *vmk)
{
	print_uint("position", "",
		   vmk_number(vmk, MIGSEL_A_VMK_POSITION));
	print_string(COLOR_IFNAME, "ifname", ": ", vmk->ifname);
	print_uint("ifindex", " ifindex ", vmk->ifindex);
	keywords_print(&vmk_object, &vmk->values, " ");
	print_bool(vmk->usable ? COLOR_GOOD : COLOR_BAD, "usable", " ",
		   vmk->usable, vmk->usable ? "usable" : "unusable");
}

/* What is not as it is with most vmks. */
static void show_rare(const struct vmk *vmk, __u16 attr)
{
	const struct keyword *k = keyword_of(&vmk_object, attr);

	if (!vmk_number(vmk, attr))
		return;
	print_text(" ");
	print_text(k->word);
	print_text(" ");
	print_text(keyword_text(k, &vmk->values.at[k - vmk_object.keywords]));
}

static void show_brief(const struct vmk *vmk)
{
	print_cell(COLOR_IFNAME, NULL, -16, vmk->ifname);
	print_cell(vmk->usable ? COLOR_GOOD : COLOR_BAD, NULL, -15,
		   vmk->usable ? "USABLE" : "UNUSABLE");
	print_cell(COLOR_NONE, NULL, -14,
		   vmk_number(vmk, MIGSEL_A_VMK_MIGRATION) ? "migration on" :
							     "migration off");
	print_uint(NULL, "weight ", vmk_number(vmk, MIGSEL_A_VMK_WEIGHT));
	show_rare(vmk, MIGSEL_A_VMK_STACK);
	show_rare(vmk, MIGSEL_A_VMK_PROVISIONING);
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

static void keyword_metric(const struct vmk_list *list, const struct keyword *k)
{
	char name[64], help[64];
	unsigned int i;

	snprintf(name, sizeof(name), "migsel_vmk_%s", k->word);
	snprintf(help, sizeof(help), "The %s of each vmk.", k->word);
	metric(name, "gauge", help);
	for (i = 0; i < list->n; i++)
		keyword_sample(k, name,
			       &list->vmk[i].values.at[k - vmk_object.keywords],
			       list->vmk[i].ifname);
}

/* @counter is the offset of one of struct counters. */
static void counter_metric(const struct vmk_list *list, const char *name,
			   const char *help, size_t counter)
{
	const struct vmk *vmk;
	unsigned int i;

	metric(name, "counter", help);
	for (i = 0; i < list->n; i++) {
		vmk = &list->vmk[i];
		sample(name, *(const __u64 *)((const char *)&vmk->hot + counter),
		       "dev", vmk->ifname, "class", "hot", NULL);
		sample(name, *(const __u64 *)((const char *)&vmk->cold + counter),
		       "dev", vmk->ifname, "class", "cold", NULL);
	}
}

static void show_metrics(const struct vmk_list *list)
{
	const struct keyword *k;
	unsigned int i;

	for (k = vmk_object.keywords; k->word; k++)
		keyword_metric(list, k);
	metric("migsel_vmk_usable", "gauge",
	       "Whether a vmk is up, has carrier and an address.");
	for (i = 0; i < list->n; i++)
		sample("migsel_vmk_usable", !!list->vmk[i].usable, "dev",
		       list->vmk[i].ifname, NULL);
	counter_metric(list, "migsel_vmk_packets_total",
		       "Tagged packets that have left by a vmk.",
		       offsetof(struct counters, packets));
	counter_metric(list, "migsel_vmk_bytes_total",
		       "Bytes of the IP layer in tagged packets that have left by a vmk.",
		       offsetof(struct counters, bytes));
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

	if (options.prometheus) {
		show_metrics(&list);
		return STATUS_OK;
	}
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

int vmk_parse_edit(char **argv, struct vmk_edit *edit)
{
	const struct keyword *k;
	int ret;

	memset(edit, 0, sizeof(*edit));
	for (; *argv; argv++) {
		/* Before the device is known, only a whole keyword is one. */
		k = keyword_find(&vmk_object, *argv, !edit->dev);
		if (!strcmp(*argv, "dev")) {
			ret = take_once(&argv, "dev", &edit->dev);
		} else if (k) {
			ret = keyword_take(&vmk_object, k, &argv,
					   &edit->values);
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
	keywords_put(request, &vmk_object, &edit.values);
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

	return run_command("vmk", commands, keywords_usage(vmk_help),
			   argv);
}
