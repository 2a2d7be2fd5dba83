// SPDX-License-Identifier: GPL-2.0-only
/* The configuration of a network namespace, as the kernel tells it. */

#include <linux/genetlink.h>
#include <string.h>

#include "attrs.h"
#include "config.h"
#include "genl.h"

const struct tag default_tag = { .mask = 0x30000, .hot = 0x10000,
				 .cold = 0x20000 };

static void counters_of(const struct nlattr *nest, struct counters *counters)
{
	struct attrs attrs;

	attrs_nested(nest, &attrs);
	counters->packets = attr_u64(attrs.at[MIGSEL_A_COUNTERS_PACKETS]);
	counters->bytes = attr_u64(attrs.at[MIGSEL_A_COUNTERS_BYTES]);
}

void vmk_of(const struct attrs *attrs, struct vmk *vmk)
{
	const struct vmk_keyword *k;

	vmk->ifindex = attr_u32(attrs->at[MIGSEL_A_VMK_IFINDEX]);
	attr_string(attrs->at[MIGSEL_A_VMK_IFNAME], vmk->ifname,
		    sizeof(vmk->ifname));
	vmk->position = attr_u32(attrs->at[MIGSEL_A_VMK_POSITION]);
	for (k = vmk_keywords; k->word; k++)
		*vmk_value_at(vmk, k) = attr_u32(attrs->at[k->attr]);
	vmk->usable = attr_u32(attrs->at[MIGSEL_A_VMK_USABLE]);
	counters_of(attrs->at[MIGSEL_A_VMK_HOT], &vmk->hot);
	counters_of(attrs->at[MIGSEL_A_VMK_COLD], &vmk->cold);
}

void tag_of(const struct attrs *attrs, struct tag *tag)
{
	tag->mask = attr_u32(attrs->at[MIGSEL_A_TAG_MASK]);
	tag->hot = attr_u32(attrs->at[MIGSEL_A_TAG_HOT]);
	tag->cold = attr_u32(attrs->at[MIGSEL_A_TAG_COLD]);
}

static int on_tag(const struct nlmsghdr *message, void *data)
{
	struct attrs attrs;

	attrs_of(message, &attrs);
	tag_of(&attrs, data);
	return MNL_CB_OK;
}

int tag_read(struct tag *tag)
{
	memset(tag, 0, sizeof(*tag));
	return genl_do(genl_request(MIGSEL_CMD_TAG_GET), on_tag, tag);
}

void policy_of(const struct attrs *attrs, struct policy *policy)
{
	policy->mode = attr_u32(attrs->at[MIGSEL_A_POLICY_MODE]);
	policy->unreachable = attr_u32(attrs->at[MIGSEL_A_POLICY_UNREACHABLE]);
	policy->fallback = attr_u32(attrs->at[MIGSEL_A_POLICY_FALLBACK]);
}

static int on_policy(const struct nlmsghdr *message, void *data)
{
	struct attrs attrs;

	attrs_of(message, &attrs);
	policy_of(&attrs, data);
	return MNL_CB_OK;
}

int policy_read(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	return genl_do(genl_request(MIGSEL_CMD_POLICY_GET), on_policy, policy);
}

static int on_part(const struct nlattr *nest, void *data)
{
	struct config *config = data;
	struct attrs attrs;

	attrs_nested(nest, &attrs);
	switch (mnl_attr_get_type(nest)) {
	case MIGSEL_A_CONFIG_TAG:
		tag_of(&attrs, &config->tag);
		break;
	case MIGSEL_A_CONFIG_POLICY:
		policy_of(&attrs, &config->policy);
		break;
	case MIGSEL_A_CONFIG_VMK:
		if (config->vmks.n < MIGSEL_MAX_VMKS)
			vmk_of(&attrs, &config->vmks.vmk[config->vmks.n++]);
		break;
	}
	return MNL_CB_OK;
}

void config_of(const struct nlmsghdr *message, struct config *config)
{
	memset(config, 0, sizeof(*config));
	mnl_attr_parse(message, sizeof(struct genlmsghdr), on_part, config);
}

static int on_config(const struct nlmsghdr *message, void *data)
{
	config_of(message, data);
	return MNL_CB_OK;
}

int config_read(struct config *config)
{
	return genl_do(genl_request(MIGSEL_CMD_CONFIG_GET), on_config, config);
}
