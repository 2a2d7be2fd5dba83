// SPDX-License-Identifier: GPL-2.0-only
/* What "migsel save" has printed. */

#include <string.h>

#include "described.h"
#include "text.h"

static void read_policy(struct described_host *host, char *const words[],
			unsigned int n)
{
	unsigned int i;

	for (i = 2; i + 1 < n; i += 2) {
		if (!strcmp(words[i], "fallback"))
			host->is_strict = !strcmp(words[i + 1], "strict");
	}
}

static void read_attribute(struct described_nic *nic, const char *word,
			   const char *value)
{
	enum told told = !strcmp(value, "on") ? TOLD_ON : TOLD_OFF;

	if (!strcmp(word, "migration"))
		nic->migration = told;
	else if (!strcmp(word, "provisioning"))
		nic->provisioning = told;
	else if (!strcmp(word, "stack"))
		nic_set_stack(nic, value);
}

void describe_saved(struct descriptions *all, char *const words[],
		    unsigned int n, unsigned int line)
{
	struct described_host *host = all->current;
	struct described_nic *nic;
	unsigned int i, dev;

	host->system = SYSTEM_LINUX;
	if (n > 1 && !strcmp(words[0], "policy"))
		read_policy(host, words, n);
	if (n < 4 || strcmp(words[0], "vmk") || strcmp(words[1], "add"))
		return;
	dev = strcmp(words[2], "dev") ? 2 : 3;
	nic = nic_of(all, host, words[dev], line);
	if (!nic)
		return;
	if (!nic->place)
		nic->place = ++host->n_saved;
	for (i = dev + 1; i + 1 < n; i += 2)
		read_attribute(nic, words[i], words[i + 1]);
	if (nic->stack == ON_OTHER)
		cannot_read(all, line,
			    "%s: expected the stack default, vmotion or provisioning, found \"%s\"",
			    visible(nic->name), visible(nic->stack_name));
	services_are_told(nic);
}
