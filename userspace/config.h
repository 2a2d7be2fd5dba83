/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CONFIG_H
#define CONFIG_H

#include <libmnl/libmnl.h>
#include <linux/migsel.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* The configuration of a network namespace, as the kernel tells it. */

struct counters {
	uint64_t packets;
	uint64_t bytes;
};

struct vmk {
	uint32_t ifindex;
	char ifname[IF_NAMESIZE];
	uint32_t position;
	uint32_t migration;
	uint32_t weight;
	uint32_t usable;
	struct counters hot;
	struct counters cold;
};

struct vmk_list {
	unsigned int n;
	struct vmk vmk[MIGSEL_MAX_VMKS];
};

struct tag {
	uint32_t mask;
	uint32_t hot;
	uint32_t cold;
};

struct policy {
	uint32_t mode;
	uint32_t unreachable;
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
	uint32_t ifindex;
	const char *migration_word;
	uint32_t migration;
	const char *weight_word;
	uint32_t weight;
	const char *position_word;
	uint32_t position;
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
int vmk_parse_device(char **argv, uint32_t *ifindex);
int tag_parse(char **argv, struct tag_edit *edit);
int policy_parse(char **argv, struct policy_edit *edit);

/* Ask the kernel for what was given. @cmd is MIGSEL_CMD_VMK_ADD or _SET. */
int vmk_send(uint8_t cmd, const struct vmk_edit *edit);
int vmk_send_del(uint32_t ifindex);
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
