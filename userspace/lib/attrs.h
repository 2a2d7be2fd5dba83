/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ATTRS_H
#define ATTRS_H

#include <libmnl/libmnl.h>
#include <linux/types.h>
#include <stddef.h>

/* The largest number of an attribute in any of the family's sets. */
#define GENL_MAX_ATTR 63

struct attrs {
	const struct nlattr *at[GENL_MAX_ATTR + 1];
};

void attrs_of(const struct nlmsghdr *message, struct attrs *attrs);
void attrs_nested(const struct nlattr *nest, struct attrs *attrs);
__u32 attr_u32(const struct nlattr *attr);
__u64 attr_u64(const struct nlattr *attr);
/* Never longer than @size - 1; empty if there is no such attribute. */
void attr_string(const struct nlattr *attr, char *text, size_t size);

/*
 * The address of either family as text, at least INET6_ADDRSTRLEN long. Returns
 * NULL if there is none.
 */
const char *attr_address(const struct nlattr *at4, const struct nlattr *at6,
			 char *text);

#endif
