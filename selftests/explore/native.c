// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the page calls, built for this machine with detectors of bad memory accesses, for page.py
 * to compare with what WebAssembly says: it reads what answers.c reads, and prints what is
 * returned. With files as arguments, it prints which hosts they describe.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

static void put(const char *text)
{
	snprintf(explore_input(), explore_input_max() + 1, "%s", text);
}

static void read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		exit(1);
	n = fread(explore_input(), 1, explore_input_max(), file);
	explore_input()[n] = '\0';
	fclose(file);
	puts(explore_read(n));
}

int main(int argc, char **argv)
{
	unsigned int a, b, n = 0;
	char line[128], text[64];
	const char *answer;
	int bound, i;

	for (i = 1; i < argc; i++)
		read_file(argv[i]);
	/* Nothing was described yet. */
	put("192.0.2.1");
	if (argc == 1 && (explore_decide(1, -1, false) || explore_look(false) ||
			  explore_add_address(0) || explore_add_nic(1, 0) >= 0))
		return 1;
	while (argc == 1 && fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "host %u %u", &a, &b) == 2) {
			explore_begin(a, b);
			n = 0;
		} else if (sscanf(line, "nic %u %u", &a, &b) == 2) {
			snprintf(text, sizeof(text), "vmk%u", n++);
			put(text);
			if (explore_add_nic(a, b) < 0)
				return 1;
		} else if (sscanf(line, "address %63s", text) == 1) {
			put(text);
			explore_add_address(n - 1);
		} else if (sscanf(line, "route %63s", text) == 1) {
			put(text);
			explore_add_route(n - 1);
		} else if (sscanf(line, "ask %u %d %u %63s", &a, &bound, &b,
				  text) == 4) {
			put(text);
			answer = explore_decide(a, bound, b);
			puts(answer ? answer : "null");
			puts(explore_look(strchr(text, ':')));
		} else {
			return 1;
		}
	}
	return 0;
}
