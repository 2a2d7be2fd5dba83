/* SPDX-License-Identifier: GPL-2.0-only */
/* Tagged packets that do not end in path.c. */

#ifndef _MIGSEL_REPEAT_H
#define _MIGSEL_REPEAT_H

struct migsel_path;
struct nf_hook_state;
struct sk_buff;

unsigned int migsel_repeat_inet(const struct migsel_path *path,
				struct sk_buff *skb,
				const struct nf_hook_state *state);
unsigned int migsel_repeat_inet6(const struct migsel_path *path,
				 struct sk_buff *skb,
				 const struct nf_hook_state *state);

#endif /* _MIGSEL_REPEAT_H */
