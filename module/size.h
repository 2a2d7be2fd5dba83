/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of packets that are moved to another route. */

#ifndef _MIGSEL_SIZE_H
#define _MIGSEL_SIZE_H

#include <linux/types.h>

#include "rule.h"

struct sk_buff;
struct sock;

bool migsel_tcp_fits(const struct sk_buff *skb);
void migsel_tcp_limit(struct sock *sk, u32 mtu);
int migsel_resize(struct sk_buff *skb, enum migsel_family family,
		  struct sock *sk, bool tcp, bool locked, bool owned);

#endif /* _MIGSEL_SIZE_H */
