// SPDX-License-Identifier: GPL-2.0-only
/* The configuration of a network namespace, as the kernel tells it. */

#include <linux/genetlink.h>
#include <string.h>

#include "attrs.h"
#include "config.h"
#include "genl.h"
#include "keywords.h"

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
	vmk->ifindex = attr_u32(attrs->at[MIGSEL_A_VMK_IFINDEX]);
	attr_string(attrs->at[MIGSEL_A_VMK_IFNAME], vmk->ifname,
		    sizeof(vmk->ifname));
	keywords_read(attrs, &vmk_object, &vmk->values);
	vmk->usable = attr_u32(attrs->at[MIGSEL_A_VMK_USABLE]);
	counters_of(attrs->at[MIGSEL_A_VMK_HOT], &vmk->hot);
	counters_of(attrs->at[MIGSEL_A_VMK_COLD], &vmk->cold);
}

__u32 vmk_number(const struct vmk *vmk, __u16 attr)
{
	return keywords_number(&vmk_object, &vmk->values, attr);
}

void tag_of(const struct values *values, struct tag *tag)
{
	tag->mask = keywords_number(&tag_object, values, MIGSEL_A_TAG_MASK);
	tag->hot = keywords_number(&tag_object, values, MIGSEL_A_TAG_HOT);
	tag->cold = keywords_number(&tag_object, values, MIGSEL_A_TAG_COLD);
}

static int on_part(const struct nlattr *nest, void *data)
{
	struct config *config = data;
	struct attrs attrs;

	attrs_nested(nest, &attrs);
	switch (mnl_attr_get_type(nest)) {
	case MIGSEL_A_CONFIG_TAG:
		keywords_read(&attrs, &tag_object, &config->tag);
		break;
	case MIGSEL_A_CONFIG_POLICY:
		keywords_read(&attrs, &policy_object, &config->policy);
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

struct reading {
	const struct object *object;
	struct values *values;
};

static int on_values(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct attrs attrs;

	attrs_of(message, &attrs);
	keywords_read(&attrs, reading->object, reading->values);
	return MNL_CB_OK;
}

int values_read(const struct object *object, struct values *values)
{
	struct reading reading = { object, values };

	memset(values, 0, sizeof(*values));
	return genl_do(genl_request(object->get), on_values, &reading);
}

int tag_read(struct tag *tag)
{
	struct values values;
	int ret;

	ret = values_read(&tag_object, &values);
	if (!ret)
		tag_of(&values, tag);
	return ret;
}
