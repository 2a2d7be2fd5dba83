// SPDX-License-Identifier: GPL-2.0-only
/* Whether the kernel takes the module, by its signature. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"
#include "run.h"
#include "text.h"

static bool file_has(const char *path, const char *word)
{
	char line[256] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, word);
}

/*
 * Secure Boot by itself does not make a kernel ask for signatures. Distributions lock it
 * down where Secure Boot is on, and that does.
 */
static bool wants_signatures(void)
{
	static const char lockdown[] = "/sys/kernel/security/lockdown";

	return file_has("/sys/module/module/parameters/sig_enforce", "Y") ||
	       file_has(lockdown, "[integrity]") ||
	       file_has(lockdown, "[confidentiality]");
}

/*
 * Does the kernel have a key of that name? What it has is shown to the superuser; who sees
 * no certificate at all cannot tell.
 */
static bool may_know_key(const char *signer)
{
	FILE *file = fopen("/proc/keys", "re");
	struct text name = {};
	bool any = false, known = false;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return true;
	text_add(&name, " %s: ", signer);
	while (getline(&line, &size, file) > 0) {
		if (!strstr(line, ": X509."))
			continue;
		any = true;
		if (strstr(line, name.s))
			known = true;
	}
	free(line);
	text_free(&name);
	fclose(file);
	return known || !any;
}

bool module_is_refused(struct text *why)
{
	static const char *const modinfo[] = {
		"/sbin/modinfo", "-F", "signer", "migsel", NULL
	};
	bool refused = false;
	struct output output;

	if (!wants_signatures() || output_of(modinfo, &output))
		return false;
	output.text[strcspn(output.text, "\n")] = '\0';
	if (output.status || output.ended) {
		/* It is not installed for this kernel. */
	} else if (!*output.text) {
		text_add(why,
			 "it takes only signed ones, and the one that is installed is not");
		refused = true;
	} else if (!may_know_key(output.text)) {
		text_add(why,
			 "it takes only signed ones, and the key \"%s\" of the one that is installed is not enrolled",
			 visible(output.text));
		refused = true;
	}
	output_free(&output);
	return refused;
}
