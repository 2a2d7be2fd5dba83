/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks that every packet of the host comes through. */

#ifndef _MIGSEL_PATH_H
#define _MIGSEL_PATH_H

struct nf_hook_state;
struct sk_buff;

unsigned int migsel_path_inet(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);
unsigned int migsel_path_inet6(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);

#endif /* _MIGSEL_PATH_H */
