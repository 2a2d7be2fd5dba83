// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends the family requests that it has to refuse, and says of each, in TAP,
 * whether it did so with the right error and a message. Takes the ifindex of
 * a vmk. Speaks netlink by hand: a library would not let it send these.
 */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/migsel.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

struct request {
	union {
		struct nlmsghdr nlh;
		uint8_t bytes[1024];
	};
};

struct attribute {
	uint16_t type;
	uint16_t len;
	uint32_t words[5];
};

struct refusal {
	const char *name;
	int error;
	uint8_t cmd;
	uint16_t flags;
	uint16_t reserved;
	int excess;	/* bytes the last attribute claims beyond the message */
	struct attribute attrs[2];
};

static uint16_t family = GENL_ID_CTRL;

static int open_netlink(void)
{
	int one = 1, fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct timeval limit = { .tv_sec = 10 };

	if (fd < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
		       sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))) {
		perror("Bail out! netlink");
		exit(1);
	}
	return fd;
}

static void start(struct request *request, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *genl = NLMSG_DATA(&request->nlh);

	memset(request, 0, sizeof(*request));
	request->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request->nlh.nlmsg_type = family;
	request->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	genl->cmd = cmd;
	genl->version = 1;
}

static struct nlattr *put(struct request *request, uint16_t type,
			  const void *data, uint16_t len)
{
	struct nlattr *attr = (void *)(request->bytes +
				       NLMSG_ALIGN(request->nlh.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, data, len);
	request->nlh.nlmsg_len = NLMSG_ALIGN(request->nlh.nlmsg_len) +
				 NLA_ALIGN(attr->nla_len);
	return attr;
}

/* The error of the answer, and whether a message came with it. */
static int talk(int fd, const struct request *request, bool *message,
		struct request *reply)
{
	struct nlmsgerr *ack = NLMSG_DATA(&reply->nlh);
	struct nlattr *attr;
	size_t offset;
	ssize_t len;

	*message = false;
	if (send(fd, request, request->nlh.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(fd, reply, sizeof(*reply), 0);
	if (len < 0)
		return -errno;
	if (reply->nlh.nlmsg_type == NLMSG_DONE)
		ack->error = *(int *)NLMSG_DATA(&reply->nlh);
	else if (reply->nlh.nlmsg_type != NLMSG_ERROR)
		return 0;
	if (!(reply->nlh.nlmsg_flags & NLM_F_ACK_TLVS))
		return ack->error;

	if (reply->nlh.nlmsg_type == NLMSG_DONE)
		offset = NLMSG_LENGTH(sizeof(int));
	else if (reply->nlh.nlmsg_flags & NLM_F_CAPPED)
		offset = NLMSG_LENGTH(sizeof(*ack));
	else
		offset = NLMSG_LENGTH(sizeof(ack->error)) +
			 NLMSG_ALIGN(ack->msg.nlmsg_len);
	for (; offset + NLA_HDRLEN <= reply->nlh.nlmsg_len;
	     offset += NLA_ALIGN(attr->nla_len)) {
		attr = (void *)(reply->bytes + offset);
		if (attr->nla_type == NLMSGERR_ATTR_MSG)
			*message = true;
		if (attr->nla_len < NLA_HDRLEN)
			break;
	}
	return ack->error;
}

static void find_family(int fd)
{
	struct request request, reply;
	struct nlattr *attr;
	size_t offset;
	bool message;

	start(&request, CTRL_CMD_GETFAMILY, 0);
	put(&request, CTRL_ATTR_FAMILY_NAME, MIGSEL_FAMILY_NAME,
	    sizeof(MIGSEL_FAMILY_NAME));
	request.nlh.nlmsg_flags &= ~NLM_F_ACK;
	if (talk(fd, &request, &message, &reply)) {
		puts("Bail out! the module is not loaded");
		exit(1);
	}
	for (offset = NLMSG_LENGTH(GENL_HDRLEN);
	     offset < reply.nlh.nlmsg_len;
	     offset += NLA_ALIGN(attr->nla_len)) {
		attr = (void *)(reply.bytes + offset);
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(uint16_t *)(attr + 1);
	}
}

#define WORD(type, value)	{ type, 4, { value } }
#define IFINDEX			WORD(MIGSEL_A_VMK_IFINDEX, vmk)

int main(int argc, char **argv)
{
	const uint32_t vmk = argc > 1 ? atoi(argv[1]) : 0;
	const struct refusal refusals[] = {
		{ "vmk-add of no device", EINVAL, MIGSEL_CMD_VMK_ADD,
		  .flags = 0 },
		{ "vmk-add of ifindex 0", ERANGE, MIGSEL_CMD_VMK_ADD,
		  .attrs = { WORD(MIGSEL_A_VMK_IFINDEX, 0) } },
		{ "vmk-add of a device that does not exist", ENODEV,
		  MIGSEL_CMD_VMK_ADD,
		  .attrs = { WORD(MIGSEL_A_VMK_IFINDEX, 0x7fffffff) } },
		{ "vmk-add of a vmk", EEXIST, MIGSEL_CMD_VMK_ADD,
		  .attrs = { IFINDEX } },
		{ "vmk-add of loopback", EINVAL, MIGSEL_CMD_VMK_ADD,
		  .attrs = { WORD(MIGSEL_A_VMK_IFINDEX, 1) } },
		{ "vmk-set of what is no vmk", ENOENT, MIGSEL_CMD_VMK_SET,
		  .attrs = { WORD(MIGSEL_A_VMK_IFINDEX, 1) } },
		{ "vmk-del of what is no vmk", ENOENT, MIGSEL_CMD_VMK_DEL,
		  .attrs = { WORD(MIGSEL_A_VMK_IFINDEX, 1) } },
		{ "vmk-get of what is no vmk", ENOENT, MIGSEL_CMD_VMK_GET,
		  .attrs = { WORD(MIGSEL_A_VMK_IFINDEX, 1) } },
		{ "weight 0", ERANGE, MIGSEL_CMD_VMK_SET,
		  .attrs = { IFINDEX, WORD(MIGSEL_A_VMK_WEIGHT, 0) } },
		{ "weight 256", ERANGE, MIGSEL_CMD_VMK_SET,
		  .attrs = { IFINDEX, WORD(MIGSEL_A_VMK_WEIGHT, 256) } },
		{ "migration 2", ERANGE, MIGSEL_CMD_VMK_SET,
		  .attrs = { IFINDEX, WORD(MIGSEL_A_VMK_MIGRATION, 2) } },
		{ "position beyond the end", ERANGE, MIGSEL_CMD_VMK_SET,
		  .attrs = { IFINDEX, WORD(MIGSEL_A_VMK_POSITION, 99) } },
		{ "an attribute that does not exist", EINVAL,
		  MIGSEL_CMD_VMK_SET, .attrs = { IFINDEX, WORD(99, 1) } },
		{ "an attribute of another operation", EINVAL,
		  MIGSEL_CMD_VMK_DEL,
		  .attrs = { IFINDEX, WORD(MIGSEL_A_VMK_WEIGHT, 1) } },
		{ "an attribute of answers only", EINVAL, MIGSEL_CMD_VMK_SET,
		  .attrs = { IFINDEX, { MIGSEL_A_VMK_IFNAME, 4, { 0x61 } } } },
		{ "a short attribute", EINVAL, MIGSEL_CMD_VMK_SET,
		  .attrs = { { MIGSEL_A_VMK_IFINDEX, 2, { vmk } } } },
		{ "a long attribute", EINVAL, MIGSEL_CMD_VMK_SET,
		  .attrs = { { MIGSEL_A_VMK_IFINDEX, 8, { vmk, 0 } } } },
		{ "an attribute beyond the message", EINVAL,
		  MIGSEL_CMD_VMK_SET, .excess = 64,
		  .attrs = { IFINDEX, WORD(MIGSEL_A_VMK_WEIGHT, 1) } },
		{ "reserved bits of the header", EINVAL, MIGSEL_CMD_VMK_SET,
		  .reserved = 1, .attrs = { IFINDEX } },
		{ "a dump of one vmk", EINVAL, MIGSEL_CMD_VMK_GET,
		  .flags = NLM_F_DUMP, .attrs = { IFINDEX } },
		{ "an empty mask", EINVAL, MIGSEL_CMD_TAG_SET,
		  .attrs = { WORD(MIGSEL_A_TAG_MASK, 0) } },
		{ "hot outside the mask", EINVAL, MIGSEL_CMD_TAG_SET,
		  .attrs = { WORD(MIGSEL_A_TAG_HOT, 0x100000) } },
		{ "cold zero", EINVAL, MIGSEL_CMD_TAG_SET,
		  .attrs = { WORD(MIGSEL_A_TAG_COLD, 0) } },
		{ "cold equal to hot", EINVAL, MIGSEL_CMD_TAG_SET,
		  .attrs = { WORD(MIGSEL_A_TAG_COLD, 0x10000) } },
		{ "an attribute where none belongs", EINVAL,
		  MIGSEL_CMD_TAG_GET,
		  .attrs = { WORD(MIGSEL_A_TAG_MASK, 1) } },
		{ "stats-reset with an attribute", EINVAL,
		  MIGSEL_CMD_STATS_RESET,
		  .attrs = { WORD(MIGSEL_A_STATS_REASON, 1) } },
		{ "mode 3", ERANGE, MIGSEL_CMD_POLICY_SET,
		  .attrs = { WORD(MIGSEL_A_POLICY_MODE, 3) } },
		{ "unreachable 2", ERANGE, MIGSEL_CMD_POLICY_SET,
		  .attrs = { WORD(MIGSEL_A_POLICY_UNREACHABLE, 2) } },
		{ "route-get to nowhere", EINVAL, MIGSEL_CMD_ROUTE_GET,
		  .flags = 0 },
		{ "route-get to two destinations", EINVAL,
		  MIGSEL_CMD_ROUTE_GET,
		  .attrs = { WORD(MIGSEL_A_ROUTE_DST4, 1),
			     { MIGSEL_A_ROUTE_DST6, 16, { 1 } } } },
		{ "route-get to a short address", ERANGE,
		  MIGSEL_CMD_ROUTE_GET,
		  .attrs = { { MIGSEL_A_ROUTE_DST6, 15, { 1 } } } },
		{ "route-get of two families", EINVAL, MIGSEL_CMD_ROUTE_GET,
		  .attrs = { WORD(MIGSEL_A_ROUTE_DST4, 1),
			     { MIGSEL_A_ROUTE_SRC6, 16, { 1 } } } },
		{ "route-get of class 3", ERANGE, MIGSEL_CMD_ROUTE_GET,
		  .attrs = { WORD(MIGSEL_A_ROUTE_DST4, 0x150200c0),
			     WORD(MIGSEL_A_ROUTE_CLASS, 3) } },
		{ "route-get from an address that is not here",
		  EADDRNOTAVAIL, MIGSEL_CMD_ROUTE_GET,
		  .attrs = { WORD(MIGSEL_A_ROUTE_DST4, 0x150200c0),
			     WORD(MIGSEL_A_ROUTE_SRC4, 0x010200c6) } },
		{ "route-get without a route", ENETUNREACH,
		  MIGSEL_CMD_ROUTE_GET,
		  .attrs = { WORD(MIGSEL_A_ROUTE_DST4, 0x0100000a) } },
	};
	struct request request, reply;
	int fd = open_netlink(), error;
	const struct attribute *attr;
	struct nlattr *last;
	bool message;
	size_t i, j;

	find_family(fd);
	printf("1..%zu\n", ARRAY_SIZE(refusals));
	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];
		struct genlmsghdr *genl;

		start(&request, refusal->cmd, refusal->flags);
		genl = NLMSG_DATA(&request.nlh);
		genl->reserved = refusal->reserved;
		last = NULL;
		for (j = 0; j < ARRAY_SIZE(refusal->attrs); j++) {
			attr = &refusal->attrs[j];
			if (attr->type)
				last = put(&request, attr->type, attr->words,
					   attr->len);
		}
		if (last)
			last->nla_len += refusal->excess;

		error = -talk(fd, &request, &message, &reply);
		printf("%s %zu %s\n", error == refusal->error &&
		       (message || refusal->reserved) ? "ok" : "not ok", i + 1,
		       refusal->name);
		if (error != refusal->error)
			printf("# error %d, not %d\n", error, refusal->error);
		if (!message && !refusal->reserved)
			puts("# no message");
		/* A dump ends with an answer of its own. */
		close(fd);
		fd = open_netlink();
	}
	return 0;
}
