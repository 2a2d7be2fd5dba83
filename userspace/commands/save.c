// SPDX-License-Identifier: GPL-2.0-only
/* The configuration as the command lines that make it. */

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "error.h"
#include "keywords.h"
#include "lines.h"
#include "parse.h"

static const char usage[] = "Usage: migsel save\n";

int do_save(char **argv)
{
	static struct config config;
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

	printf("vmk flush\ntag set");
	keywords_save(&tag_object, &config.tag);
	printf("\npolicy set");
	keywords_save(&policy_object, &config.policy);
	printf("\n");
	for (vmk = config.vmks.vmk; vmk < config.vmks.vmk + config.vmks.n;
	     vmk++) {
		printf("vmk add dev ");
		lines_put_word(vmk->ifname);
		keywords_save(&vmk_object, &vmk->values);
		printf("\n");
	}
	return STATUS_OK;
}
