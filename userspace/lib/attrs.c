// SPDX-License-Identifier: GPL-2.0-only
/* The attributes of a netlink message. */

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <string.h>

#include "attrs.h"

static int collect_attr(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	__u16 type = mnl_attr_get_type(attr);

	if (type <= GENL_MAX_ATTR)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

void attrs_of(const struct nlmsghdr *message, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_parse(message, sizeof(struct genlmsghdr), collect_attr, attrs);
}

void attrs_nested(const struct nlattr *nest, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	if (nest)
		mnl_attr_parse_nested(nest, collect_attr, attrs);
}

__u32 attr_u32(const struct nlattr *attr)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U32))
		return 0;
	return mnl_attr_get_u32(attr);
}

__u64 attr_u64(const struct nlattr *attr)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U64))
		return 0;
	return mnl_attr_get_u64(attr);
}

void attr_string(const struct nlattr *attr, char *text, size_t size)
{
	size_t length = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (length >= size)
		length = size - 1;
	if (length)
		memcpy(text, mnl_attr_get_payload(attr), length);
	text[length] = '\0';
}

const char *attr_address(const struct nlattr *at4, const struct nlattr *at6,
			 char *text)
{
	if (at4 && mnl_attr_get_payload_len(at4) == sizeof(struct in_addr))
		return inet_ntop(AF_INET, mnl_attr_get_payload(at4), text,
				 INET6_ADDRSTRLEN);
	if (at6 && mnl_attr_get_payload_len(at6) == sizeof(struct in6_addr))
		return inet_ntop(AF_INET6, mnl_attr_get_payload(at6), text,
				 INET6_ADDRSTRLEN);
	return NULL;
}
