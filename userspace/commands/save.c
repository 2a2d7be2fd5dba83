// SPDX-License-Identifier: GPL-2.0-only
/* The configuration as the command lines that make it. */

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "error.h"
#include "names.h"
#include "parse.h"

static const char usage[] = "Usage: migsel save\n";

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
