/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of a tagged packet. */

#ifndef _MIGSEL_EGRESS_H
#define _MIGSEL_EGRESS_H

#include <linux/migsel.h>

#include "rule.h"

struct migsel_cache_key;
struct migsel_net;
struct migsel_path;
struct migsel_snap;
struct sk_buff;
struct sock;

unsigned int migsel_pass(struct migsel_net *ms, const struct migsel_snap *snap,
			 enum migsel_reason reason, enum migsel_class class,
			 const struct sk_buff *skb);
unsigned int migsel_egress(struct migsel_net *ms, struct sk_buff *skb,
			   struct sock *sk, const struct migsel_snap *snap,
			   const struct migsel_path *path,
			   const struct migsel_cache_key *cache_key);

#endif /* _MIGSEL_EGRESS_H */
