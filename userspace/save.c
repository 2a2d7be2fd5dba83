// SPDX-License-Identifier: GPL-2.0-only
/* The configuration as the command lines that make it. */

#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "migsel.h"
#include "names.h"
#include "parse.h"
#include "print.h"

static const char usage[] = "Usage: migsel save\n";

static int on_part(const struct nlattr *nest, void *data)
{
	struct config *config = data;
	struct attrs attrs;

	attrs_nested(nest, &attrs);
	switch (mnl_attr_get_type(nest)) {
	case MIGSEL_A_CONFIG_TAG:
		tag_of(&attrs, &config->tag);
		break;
	case MIGSEL_A_CONFIG_POLICY:
		policy_of(&attrs, &config->policy);
		break;
	case MIGSEL_A_CONFIG_VMK:
		if (config->vmks.n < MIGSEL_MAX_VMKS)
			vmk_of(&attrs, &config->vmks.vmk[config->vmks.n++]);
		break;
	}
	return MNL_CB_OK;
}

void config_of(const struct nlmsghdr *message, struct config *config)
{
	memset(config, 0, sizeof(*config));
	mnl_attr_parse(message, sizeof(struct genlmsghdr), on_part, config);
}

static int on_config(const struct nlmsghdr *message, void *data)
{
	config_of(message, data);
	return MNL_CB_OK;
}

int config_read(struct config *config)
{
	return genl_do(genl_request(MIGSEL_CMD_CONFIG_GET), on_config, config);
}

/* The name of a device may hold anything but blanks, "/" and ":". */
static void save_word(const char *word)
{
	bool quote = strpbrk(word, "\"'#\\");

	if (!quote) {
		fputs(word, stdout);
		return;
	}
	for (; *word; word++)
		printf(*word == '"' ? "'%c'" : "\"%c\"", *word);
}

int do_save(char **argv)
{
	static struct config config;
	const struct vmk_keyword *k;
	const struct vmk *vmk;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	ret = no_more(argv, "save");
	if (!ret)
		ret = config_read(&config);
	if (ret)
		return ret;

	printf("vmk flush\n"
	       "tag set mask 0x%x hot 0x%x cold 0x%x\n"
	       "policy set mode %s unreachable %s fallback %s\n",
	       config.tag.mask, config.tag.hot, config.tag.cold,
	       name_of(mode_names, config.policy.mode),
	       name_of(unreachable_names, config.policy.unreachable),
	       name_of(fallback_names, config.policy.fallback));
	for (vmk = config.vmks.vmk; vmk < config.vmks.vmk + config.vmks.n;
	     vmk++) {
		printf("vmk add dev ");
		save_word(vmk->ifname);
		for (k = vmk_keywords; k->word; k++)
			printf(" %s %s", k->word, k->text(vmk_value(vmk, k)));
		printf("\n");
	}
	return STATUS_OK;
}
