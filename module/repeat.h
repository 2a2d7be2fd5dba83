/* SPDX-License-Identifier: GPL-2.0-only */
/* Tagged packets whose socket does not keep their route. */

#ifndef _MIGSEL_REPEAT_H
#define _MIGSEL_REPEAT_H

#include <linux/skbuff.h>

#include "route.h"
#include "rule.h"

struct migsel_net;
struct migsel_path;
struct migsel_snap;
struct nf_hook_state;

/**
 * migsel_comes_again - whether a packet that goes through a VRF comes to the hook again
 * @skb: the packet, in the hook with the VRF as its device
 * @family: its family
 *
 * Return: false for one to an address in the VRF.
 */
static inline bool migsel_comes_again(const struct sk_buff *skb,
				      enum migsel_family family)
{
	return migsel_route_is_unicast(skb_dst(skb), family,
				       migsel_daddr(skb, family));
}

unsigned int migsel_repeat(struct migsel_net *ms, struct sk_buff *skb,
			   const struct nf_hook_state *state,
			   const struct migsel_snap *snap,
			   const struct migsel_path *path);

#endif /* _MIGSEL_REPEAT_H */
