// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says of a request that it refuses. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/migsel.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "attrs.h"
#include "config.h"
#include "error.h"
#include "extack.h"

/* Attributes by the keywords that set them. */
static const char *const *vmk_words(void)
{
	static const char *words[GENL_MAX_ATTR + 1] = {
		[MIGSEL_A_VMK_IFINDEX] = "dev",
		[MIGSEL_A_VMK_IFNAME] = "dev",
		[MIGSEL_A_VMK_POSITION] = "position",
	};
	const struct vmk_keyword *k;

	for (k = vmk_keywords; k->word; k++)
		words[k->attr] = k->word;
	return words;
}

static const char *const tag_words[GENL_MAX_ATTR + 1] = {
	[MIGSEL_A_TAG_MASK] = "mask",
	[MIGSEL_A_TAG_HOT] = "hot",
	[MIGSEL_A_TAG_COLD] = "cold",
};

static const char *const policy_words[GENL_MAX_ATTR + 1] = {
	[MIGSEL_A_POLICY_MODE] = "mode",
	[MIGSEL_A_POLICY_UNREACHABLE] = "unreachable",
	[MIGSEL_A_POLICY_FALLBACK] = "fallback",
};

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

static const char *const *words_of(__u8 cmd)
{
	switch (cmd) {
	case MIGSEL_CMD_TAG_SET:
		return tag_words;
	case MIGSEL_CMD_POLICY_SET:
		return policy_words;
	case MIGSEL_CMD_ROUTE_GET:
		return route_words;
	default:
		return vmk_words();
	}
}

/* Of what is nested in a configuration. */
static const char *const *nested_words(__u16 type)
{
	switch (type) {
	case MIGSEL_A_CONFIG_TAG:
		return tag_words;
	case MIGSEL_A_CONFIG_POLICY:
		return policy_words;
	case MIGSEL_A_CONFIG_VMK:
		return vmk_words();
	default:
		return NULL;
	}
}

/* The attribute at an offset of a request, and the keyword that sets it, if there is one. */
static const struct nlattr *attr_at(const struct nlmsghdr *request,
				    unsigned int offset, const char **word)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(request);
	const char *at = (const char *)request + offset;
	const char *const *words = NULL;
	const struct nlattr *attr, *inner;

	*word = NULL;
	mnl_attr_for_each(attr, request, sizeof(*genl)) {
		const char *end = (const char *)attr + attr->nla_len;

		if (at < (const char *)attr || at >= end)
			continue;
		if (genl->cmd != MIGSEL_CMD_CONFIG_SET) {
			words = words_of(genl->cmd);
			break;
		}
		if (at == (const char *)attr)
			return attr;
		words = nested_words(mnl_attr_get_type(attr));
		if (!words)
			return NULL;
		mnl_attr_for_each_nested(inner, attr)
			if (at == (const char *)inner)
				break;
		attr = inner;
		break;
	}
	if (!words || at != (const char *)attr)
		return NULL;
	if (mnl_attr_get_type(attr) <= GENL_MAX_ATTR)
		*word = words[mnl_attr_get_type(attr)];
	return attr;
}

static void show_value(const struct nlattr *attr, const char *word, char *text,
		       size_t size)
{
	const void *payload = mnl_attr_get_payload(attr);
	__u16 length = mnl_attr_get_payload_len(attr);
	bool is_address = !strcmp(word, "destination") || !strcmp(word, "from");
	bool is_mark = !strcmp(word, "mask") || !strcmp(word, "mark") ||
		       !strcmp(word, "hot") || !strcmp(word, "cold");
	char name[IF_NAMESIZE];

	text[0] = '\0';
	if (is_address && length == sizeof(struct in6_addr))
		inet_ntop(AF_INET6, payload, text, size);
	else if (!strcmp(word, "dev") &&
		 mnl_attr_get_type(attr) == MIGSEL_A_VMK_IFNAME)
		attr_string(attr, text, size);
	else if (length != sizeof(__u32))
		return;
	else if (is_address)
		inet_ntop(AF_INET, payload, text, size);
	else if (!strcmp(word, "dev") && if_indextoname(attr_u32(attr), name))
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, is_mark ? "0x%x" : "%u", attr_u32(attr));
}

void extack_complain(const struct nlmsghdr *answer,
		     const struct nlmsghdr *request, int error_number,
		     void (*locate)(unsigned int offset))
{
	const char *word = NULL;
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
	attr = attr_at(request, offset, &word);
	if (word) {
		show_value(attr, word, value, sizeof(value));
		if (error_number == ENODEV &&
		    mnl_attr_get_type(attr) == MIGSEL_A_VMK_IFNAME) {
			complain("Cannot find device \"%s\"", value);
			return;
		}
		if (!value[0] || !strstr(text, value))
			snprintf(about, sizeof(about), " (%s%s%s)", word,
				 value[0] ? " " : "", value);
	}
	error("migsel: %s%s.", text, about);
}
