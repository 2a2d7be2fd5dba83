// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says of a request that it refuses. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/kernel.h>
#include <linux/migsel.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "attrs.h"
#include "error.h"
#include "extack.h"
#include "keywords.h"

/* Attributes by the words that set them. */
static const char *const route_words[GENL_MAX_ATTR + 1] = {
	[MIGSEL_A_ROUTE_DST4] = "destination",
	[MIGSEL_A_ROUTE_DST6] = "destination",
	[MIGSEL_A_ROUTE_SRC4] = "from",
	[MIGSEL_A_ROUTE_SRC6] = "from",
	[MIGSEL_A_ROUTE_IFINDEX] = "dev",
	[MIGSEL_A_ROUTE_MARK] = "mark",
	[MIGSEL_A_ROUTE_CLASS] = "tag",
	[MIGSEL_A_ROUTE_DETAILS] = "details",
	[MIGSEL_A_ROUTE_IPPROTO] = "ipproto",
	[MIGSEL_A_ROUTE_SPORT] = "sport",
	[MIGSEL_A_ROUTE_DPORT] = "dport",
};

/* Of what a command concerns; NULL is a route. */
static const struct object *object_of(__u8 cmd)
{
	switch (cmd) {
	case MIGSEL_CMD_TAG_SET:
		return &tag_object;
	case MIGSEL_CMD_POLICY_SET:
		return &policy_object;
	case MIGSEL_CMD_ROUTE_GET:
		return NULL;
	default:
		return &vmk_object;
	}
}

static const struct object *nested_object(__u16 type)
{
	static const struct object *const objects[] = {
		&tag_object, &policy_object, &vmk_object
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		if (objects[i]->nest == type)
			return objects[i];
	}
	return NULL;
}

/* The attribute that offends, if there is one. */
struct offender {
	const struct nlattr *attr;
	const struct keyword *keyword;	/* that sets it, if it has one */
	const char *word;	/* the same, or NULL */
};

static void name_offender(struct offender *offender,
			  const struct object *object)
{
	__u16 type = mnl_attr_get_type(offender->attr);

	if (!object) {
		offender->word = type <= GENL_MAX_ATTR ? route_words[type] :
							 NULL;
		return;
	}
	offender->keyword = keyword_of(object, type);
	if (offender->keyword)
		offender->word = offender->keyword->word;
	else if (object == &vmk_object && (type == MIGSEL_A_VMK_IFINDEX ||
					   type == MIGSEL_A_VMK_IFNAME))
		offender->word = "dev";
}

/* What stands at an offset of a request. */
static struct offender offender_at(const struct nlmsghdr *request,
				   unsigned int offset)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(request);
	const char *at = (const char *)request + offset;
	const struct object *object = object_of(genl->cmd);
	const struct nlattr *attr, *inner;
	struct offender offender = {};

	mnl_attr_for_each(attr, request, sizeof(*genl)) {
		if (at < (const char *)attr ||
		    at >= (const char *)attr + attr->nla_len)
			continue;
		if (at == (const char *)attr) {
			offender.attr = attr;
			if (genl->cmd != MIGSEL_CMD_CONFIG_SET)
				name_offender(&offender, object);
			return offender;
		}
		object = nested_object(mnl_attr_get_type(attr));
		if (genl->cmd != MIGSEL_CMD_CONFIG_SET || !object)
			return offender;
		mnl_attr_for_each_nested(inner, attr) {
			if (at != (const char *)inner)
				continue;
			offender.attr = inner;
			name_offender(&offender, object);
		}
		return offender;
	}
	return offender;
}

static void show_value(const struct offender *offender, char *text, size_t size)
{
	const struct nlattr *attr = offender->attr;
	const void *payload = mnl_attr_get_payload(attr);
	__u16 length = mnl_attr_get_payload_len(attr);
	const char *word = offender->word;
	bool is_address = !strcmp(word, "destination") || !strcmp(word, "from");
	char name[IF_NAMESIZE];
	struct value value;

	text[0] = '\0';
	if (offender->keyword) {
		value_of(attr, &value);
		snprintf(text, size, "%s",
			 keyword_text(offender->keyword, &value));
	} else if (is_address && length == sizeof(struct in6_addr)) {
		inet_ntop(AF_INET6, payload, text, size);
	} else if (!strcmp(word, "dev") && length != sizeof(__u32)) {
		attr_string(attr, text, size);
	} else if (length != sizeof(__u32)) {
		return;
	} else if (is_address) {
		inet_ntop(AF_INET, payload, text, size);
	} else if (!strcmp(word, "dev") &&
		   if_indextoname(attr_u32(attr), name)) {
		snprintf(text, size, "%s", name);
	} else {
		snprintf(text, size, strcmp(word, "mark") ? "%u" : "0x%x",
			 attr_u32(attr));
	}
}

void extack_complain(const struct nlmsghdr *answer,
		     const struct nlmsghdr *request, int error_number,
		     void (*locate)(unsigned int offset))
{
	struct offender offender;
	char text[256] = "", value[128], about[192] = "";
	unsigned int offset = sizeof(int);
	const struct nlattr *attr;
	struct attrs extack = {};

	/* Not NLM_F_CAPPED: the whole request stands before the attributes. */
	if (answer->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *err = mnl_nlmsg_get_payload(answer);

		offset = sizeof(*err);
		if (!(answer->nlmsg_flags & NLM_F_CAPPED))
			offset += err->msg.nlmsg_len - sizeof(err->msg);
	}
	if (answer->nlmsg_flags & NLM_F_ACK_TLVS &&
	    mnl_nlmsg_get_payload_len(answer) >= offset) {
		mnl_attr_for_each(attr, answer, offset) {
			__u16 type = mnl_attr_get_type(attr);

			if (type <= GENL_MAX_ATTR)
				extack.at[type] = attr;
		}
	}

	attr_string(extack.at[NLMSGERR_ATTR_MSG], text, sizeof(text));
	if (!text[0])
		snprintf(text, sizeof(text), "%s%s", strerror(error_number),
			 error_number == EPERM ?
			 ": CAP_NET_ADMIN is needed" : "");
	else if (text[strlen(text) - 1] == '.')
		text[strlen(text) - 1] = '\0';

	offset = attr_u32(extack.at[NLMSGERR_ATTR_OFFS]);
	if (!offset)
		offset = attr_u32(extack.at[NLMSGERR_ATTR_MISS_NEST]);
	if (locate && offset)
		locate(offset);

	/* The attribute that offends, unless the message has its value. */
	offender = offender_at(request, offset);
	if (offender.word) {
		show_value(&offender, value, sizeof(value));
		if (error_number == ENODEV &&
		    mnl_attr_get_type(offender.attr) ==
			    MIGSEL_A_VMK_IFNAME) {
			complain("Cannot find device \"%s\"", value);
			return;
		}
		if (!value[0] || !strstr(text, value))
			snprintf(about, sizeof(about), " (%s%s%s)",
				 offender.word,
				 value[0] ? " " : "", value);
	}
	error("migsel: %s%s.", text, about);
}
