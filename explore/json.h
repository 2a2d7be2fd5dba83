/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPLORE_JSON_H
#define EXPLORE_JSON_H

#include <stdbool.h>

/*
 * What is handed to the page. A comma is set where one belongs; without a key a value is one
 * of an array, or the outermost.
 */

/* Forgets what was written before. */
void json_begin(void);
/* What was written since: it holds until the next json_begin(). */
const char *json_text(void);

void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_string(const char *key, const char *value);
void json_number(const char *key, int value);
void json_truth(const char *key, bool value);

#endif
