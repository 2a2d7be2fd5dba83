/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdio.h>

/*
 * The objects. Each takes the words after its name, ended by NULL, and has
 * said on standard error what went wrong when it does not return STATUS_OK.
 */
int do_vmk(char **argv);
int do_tag(char **argv);
int do_policy(char **argv);
int do_route(char **argv);
int do_stats(char **argv);
int do_monitor(char **argv);
int do_check(char **argv);
int do_exec(char **argv);
int do_classify(char **argv);
int do_explain(char **argv);
int do_save(char **argv);
int do_restore(char **argv);

/* The commands of some, each on a line of its own behind @lead. */
void vmk_help(FILE *out, const char *lead);
void tag_help(FILE *out, const char *lead);
void policy_help(FILE *out, const char *lead);

#endif
