/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CONFIG_H
#define CONFIG_H

#include <libmnl/libmnl.h>
#include <linux/migsel.h>
#include <linux/types.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>

#include "attrs.h"

/* The configuration of a network namespace, as the kernel tells it. */

struct counters {
	__u64 packets;
	__u64 bytes;
};

struct vmk {
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	__u32 position;
	__u32 migration;
	__u32 weight;
	__u32 usable;
	struct counters hot;
	struct counters cold;
};

struct vmk_list {
	unsigned int n;
	struct vmk vmk[MIGSEL_MAX_VMKS];
};

struct tag {
	__u32 mask;
	__u32 hot;
	__u32 cold;
};

struct policy {
	__u32 mode;
	__u32 unreachable;
	__u32 fallback;
};

struct config {
	struct tag tag;
	struct policy policy;
	struct vmk_list vmks;
};

/* As in a namespace that nobody has configured. */
extern const struct tag default_tag;

/*
 * What can be configured of a vmk, beside its position: the one table that parsing,
 * sending, showing, saving, monitor, complaints and help go by.
 */
struct vmk_keyword {
	const char *word;	/* NULL behind the last */
	const char *values;	/* in the help */
	__u16 attr;
	size_t at;		/* in struct vmk, a __u32 */
	int (*parse)(const char *word, const char *what, __u32 *value);
	void (*print)(const char *key, const char *lead, __u32 value);
	const char *(*text)(__u32 value);	/* in a buffer that is used again */
};

extern const struct vmk_keyword vmk_keywords[];

/* More than there are. */
#define MAX_VMK_KEYWORDS 8

/* What "vmk add" and "vmk set" were given. */
struct vmk_edit {
	const char *dev;
	const char *position_word;
	__u32 position;
	const char *words[MAX_VMK_KEYWORDS];
	struct vmk vmk;
};

/* What "tag set" was given; a word is NULL if its value was not. */
struct tag_edit {
	const char *mask_word;
	const char *hot_word;
	const char *cold_word;
	struct tag tag;
};

struct policy_edit {
	const char *mode_word;
	const char *unreachable_word;
	const char *fallback_word;
	struct policy policy;
};

/* Return 0, or a status with the complaint made. */
int tag_read(struct tag *tag);
int policy_read(struct policy *policy);
int config_read(struct config *config);

/* The words after the verb; the same returns. */
int vmk_parse_edit(char **argv, struct vmk_edit *edit);
int vmk_parse_device(char **argv, const char **dev);
int tag_parse(char **argv, struct tag_edit *edit);
int policy_parse(char **argv, struct policy_edit *edit);

/* Put what was given into a request or a nest, but for the device of a vmk. */
void vmk_put(struct nlmsghdr *request, const struct vmk_edit *edit);
void tag_put(struct nlmsghdr *request, const struct tag_edit *edit);
void policy_put(struct nlmsghdr *request, const struct policy_edit *edit);

/* Out of a reply, a notification, or what is nested there. */
void vmk_of(const struct attrs *attrs, struct vmk *vmk);
void tag_of(const struct attrs *attrs, struct tag *tag);
void policy_of(const struct attrs *attrs, struct policy *policy);
void config_of(const struct nlmsghdr *message, struct config *config);

/* The values, in the open JSON object or the line of text. */
void vmk_print(const struct vmk *vmk);
/* keywords.c */
__u32 *vmk_value_at(struct vmk *vmk, const struct vmk_keyword *keyword);
__u32 vmk_value(const struct vmk *vmk, const struct vmk_keyword *keyword);
/* The commands for vmks, each on a line of its own behind @lead. */
void vmk_help(FILE *out, const char *lead);
void tag_print(const struct tag *tag, const char *lead);
void policy_print(const struct policy *policy, const char *lead);

#endif
