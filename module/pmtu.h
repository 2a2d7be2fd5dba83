/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook for ICMP messages about steered packets. */

#ifndef _MIGSEL_PMTU_H
#define _MIGSEL_PMTU_H

struct nf_hook_state;
struct sk_buff;

unsigned int migsel_pmtu_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);

#endif /* _MIGSEL_PMTU_H */
