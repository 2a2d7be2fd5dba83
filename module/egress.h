/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook that decides on packets. */

#ifndef _MIGSEL_EGRESS_H
#define _MIGSEL_EGRESS_H

struct nf_hook_state;
struct sk_buff;

unsigned int migsel_egress_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state);

#endif /* _MIGSEL_EGRESS_H */
