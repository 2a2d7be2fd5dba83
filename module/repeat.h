/* SPDX-License-Identifier: GPL-2.0-only */
/* Tagged packets that do not end in path.c. */

#ifndef _MIGSEL_REPEAT_H
#define _MIGSEL_REPEAT_H

struct migsel_net;
struct migsel_path;
struct migsel_snap;
struct nf_hook_state;
struct sk_buff;

unsigned int migsel_repeat(struct migsel_net *ms, struct sk_buff *skb,
			   const struct nf_hook_state *state,
			   const struct migsel_snap *snap,
			   const struct migsel_path *path);

#endif /* _MIGSEL_REPEAT_H */
