/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells senders that their packet was refused. */

#ifndef _MIGSEL_REFUSE_H
#define _MIGSEL_REFUSE_H

#include <linux/types.h>

#include "rule.h"

struct migsel_refusals;
struct sk_buff;
struct sock;

void migsel_refuse(struct migsel_refusals *refusals, struct sock *sk,
		   enum migsel_family family);
void migsel_report(struct sock *sk, const struct sk_buff *skb, int err,
		   u32 info);
struct migsel_refusals *migsel_refusals_alloc(void);
void migsel_refusals_free(struct migsel_refusals *refusals);

#endif /* _MIGSEL_REFUSE_H */
