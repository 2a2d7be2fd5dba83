/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CONFIG_H
#define CONFIG_H

#include <libmnl/libmnl.h>
#include <linux/migsel.h>
#include <linux/types.h>
#include <net/if.h>

#include "attrs.h"
#include "keywords.h"

/* The configuration of a network namespace, as the kernel tells it. */

struct counters {
	__u64 packets;
	__u64 bytes;
};

struct vmk {
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	struct values values;
	__u32 usable;
	struct counters hot;
	struct counters cold;
};

struct vmk_list {
	unsigned int n;
	struct vmk vmk[MIGSEL_MAX_VMKS];
};

struct config {
	struct values tag;
	struct values policy;
	struct vmk_list vmks;
};

/* How marks are read. */
struct tag {
	__u32 mask;
	__u32 hot;
	__u32 cold;
};

/* As in a namespace that nobody has configured. */
extern const struct tag default_tag;

/* Return 0, or a status with the complaint made. */
int config_read(struct config *config);
int values_read(const struct object *object, struct values *values);
int tag_read(struct tag *tag);

/* Out of a reply, a notification, or what is nested there. */
void config_of(const struct nlmsghdr *message, struct config *config);
void vmk_of(const struct attrs *attrs, struct vmk *vmk);

void tag_of(const struct values *values, struct tag *tag);
__u32 vmk_number(const struct vmk *vmk, __u16 attr);

#endif
