/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CONFIG_H
#define CONFIG_H

#include <libmnl/libmnl.h>
#include <linux/migsel.h>
#include <linux/types.h>
#include <net/if.h>
#include <stdbool.h>

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
};

struct config {
	struct tag tag;
	struct policy policy;
	struct vmk_list vmks;
};

/* As in a namespace that nobody has configured. */
extern const struct tag default_tag;

/* What "vmk add" and "vmk set" were given. */
struct vmk_edit {
	const char *dev;
	__u32 ifindex;
	const char *migration_word;
	__u32 migration;
	const char *weight_word;
	__u32 weight;
	const char *position_word;
	__u32 position;
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
	struct policy policy;
};

/* Return 0, or a status with the complaint made. */
int vmk_read(struct vmk_list *list);
int tag_read(struct tag *tag);
int policy_read(struct policy *policy);
int config_read(struct config *config);

/* The words after the verb; the same returns. */
int vmk_parse_edit(char **argv, struct vmk_edit *edit);
int vmk_parse_device(char **argv, __u32 *ifindex);
int tag_parse(char **argv, struct tag_edit *edit);
int policy_parse(char **argv, struct policy_edit *edit);

/* Ask the kernel for what was given. @cmd is MIGSEL_CMD_VMK_ADD or _SET. */
int vmk_send(__u8 cmd, const struct vmk_edit *edit);
int vmk_send_del(__u32 ifindex);
int tag_send(const struct tag_edit *edit);
int policy_send(const struct policy_edit *edit);

/* Out of a reply or a notification. */
void vmk_of(const struct nlmsghdr *message, struct vmk *vmk);
void tag_of(const struct nlmsghdr *message, struct tag *tag);
void policy_of(const struct nlmsghdr *message, struct policy *policy);

/* The values, in the open JSON object or the line of text. */
void tag_print(const struct tag *tag, const char *lead);
void policy_print(const struct policy *policy, const char *lead);

#endif
