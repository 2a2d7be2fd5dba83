// SPDX-License-Identifier: GPL-2.0-only
/* What "migsel save" has printed. */

#include <string.h>

#include "described.h"
#include "text.h"

/* Of two words: is it the first one? Returns false if it is neither. */
static bool read_choice(const char *value, const char *on, const char *off,
			bool *is_on)
{
	*is_on = !strcmp(value, on);
	return *is_on || !strcmp(value, off);
}

/* This and the next return false if the word has another value. Other words are no matter. */
static bool read_policy(struct described_host *host, const char *word,
			const char *value)
{
	bool is_enforced, is_good = true;

	if (!strcmp(word, "fallback"))
		return read_choice(value, "strict", "first-vmk",
				   &host->is_strict);
	if (!strcmp(word, "unreachable"))
		return read_choice(value, "pass", "refuse", &host->is_passing);
	if (!strcmp(word, "mode")) {
		is_good = read_choice(value, "enforce", "observe",
				      &is_enforced) ||
			  !strcmp(value, "off");
		host->is_not_enforced = !is_enforced;
	}
	return is_good;
}

static bool read_attribute(struct described_nic *nic, const char *word,
			   const char *value)
{
	bool is_on, is_good = true;
	__u32 weight;

	if (!strcmp(word, "stack")) {
		nic_set_stack(nic, value);
		return nic->stack != ON_OTHER;
	}
	if (!strcmp(word, "weight")) {
		is_good = read_number(value, &weight) && weight && weight < 256;
		if (is_good)
			nic->weight = weight;
	} else if (!strcmp(word, "migration")) {
		is_good = read_choice(value, "on", "off", &is_on);
		nic->migration = is_on ? TOLD_ON : TOLD_OFF;
	} else if (!strcmp(word, "provisioning")) {
		is_good = read_choice(value, "on", "off", &is_on);
		nic->provisioning = is_on ? TOLD_ON : TOLD_OFF;
	}
	return is_good;
}

/* What is named behind it takes the place of what was named before. */
static void flush(struct described_host *host)
{
	unsigned int i;

	for (i = 0; i < host->n_nics; i++) {
		host->nic[i].place = 0;
		host->nic[i].migration = NOT_TOLD;
		host->nic[i].provisioning = NOT_TOLD;
	}
	host->n_saved = 0;
}

void describe_saved(struct descriptions *all, char *const words[],
		    unsigned int line)
{
	struct described_host *host = all->current;
	bool is_vmk = !strcmp(words[0], "vmk");
	struct described_nic *nic = NULL;
	unsigned int i = 2;
	const char *value;
	bool is_good;

	host->system = SYSTEM_LINUX;
	if (is_vmk && !strcmp(words[1], "flush"))
		flush(host);
	if (is_vmk && !strcmp(words[1], "add")) {
		i += words[2] && !strcmp(words[2], "dev");
		if (!words[2] || !words[i]) {
			cannot_read(all, line, "expected the name of a vmk");
			return;
		}
		nic = nic_of(all, host, words[i++], line);
		if (!nic)
			return;
		if (!nic->place)
			nic->place = ++host->n_saved;
	}
	for (; words[1] && words[i]; i += 2) {
		value = words[i + 1] ? words[i + 1] : "";
		is_good = nic ? read_attribute(nic, words[i], value) :
				is_vmk || read_policy(host, words[i], value);
		if (!is_good || !*value)
			cannot_read(all, line,
				    "expected what migsel save prints, found \"%s\" behind \"%s\"",
				    visible(value), visible(words[i]));
		if (!*value)
			break;
	}
	if (nic)
		services_are_told(nic);
}
