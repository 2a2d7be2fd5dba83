/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of a tagged packet. */

#ifndef _MIGSEL_EGRESS_H
#define _MIGSEL_EGRESS_H

#include <linux/migsel.h>

#include "rule.h"

struct migsel_cache_key;
struct migsel_path;
struct sk_buff;
struct sock;

unsigned int migsel_pass(const struct migsel_path *path,
			 enum migsel_reason reason, const struct sk_buff *skb);
unsigned int migsel_egress(const struct migsel_path *path, struct sk_buff *skb,
			   struct sock *sk,
			   const struct migsel_cache_key *cache_key);

#endif /* _MIGSEL_EGRESS_H */
