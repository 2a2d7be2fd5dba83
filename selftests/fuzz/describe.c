// SPDX-License-Identifier: GPL-2.0-only
/*
 * For libFuzzer: what is read as the description of a host, and all that is then said of it.
 * Standard output and standard error are no matter.
 */

#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>

#include "explain.h"
#include "fuzzer.h"

/* Says all of a host that can be said, to a destination or to none. */
static void say_all(struct explain *explain, const struct described_host *host,
		    const struct migsel_addr *dst)
{
	static struct explained explained;
	struct text text = {}, command = {};
	unsigned int i;

	if (!explain_host(explain, host, dst, &explained))
		return;
	say_host(&explained, &text);
	for (i = 0; i < explained.n; i++)
		say_answer(&explained, &explained.answer[i], &text);
	for (i = 0; say_note(&explained, i, &text); i++)
		;
	for (i = 0; say_cure(&explained, i, &text, &command); i++)
		;
	say_measure(&explained, &text);
	text_free(&text);
	text_free(&command);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* libFuzzer itself writes to another stream. */
	return !freopen("/dev/null", "w", stdout);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t length)
{
	static const char *names[1] = { "vmk1" };
	struct explain explain = { .pattern = "vMotion*" };
	struct migsel_addr dst;
	size_t i;

	describe_bytes(&explain.all, "input", (const char *)bytes, length);
	descriptions_settle(&explain.all);
	read_address("192.0.2.99", "32", &dst);
	for (i = 0; i < explain.all.n; i++) {
		explain.pattern = NULL;
		say_all(&explain, explain.all.host[i], NULL);
		explain.dst_word = "192.0.2.99";
		say_all(&explain, explain.all.host[i], &dst);
		explain.dst_word = NULL;
		explain.migration = names;
		explain.n_migration = 1;
		explain.pattern = "vMotion*";
		say_all(&explain, explain.all.host[i], NULL);
	}
	if (explain.all.n == 1)
		explain_as_lab(&explain);
	if (explain.all.n == 2)
		explain_pair(&explain);
	descriptions_free(&explain.all);
	return 0;
}
