/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of packets that are moved to another route. */

#ifndef _MIGSEL_SIZE_H
#define _MIGSEL_SIZE_H

#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/gso.h>

#include "rule.h"

struct sock;

/**
 * migsel_skb_fits - whether a packet needs no fragments
 * @skb: the packet
 * @mtu: of its route, in bytes
 *
 * Return: false if it does.
 */
static inline bool migsel_skb_fits(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) :
				 skb->len <= mtu;
}

bool migsel_tcp_fits(const struct sk_buff *skb);
void migsel_tcp_limit(struct sock *sk, u32 mtu);
int migsel_resize(struct sk_buff *skb, enum migsel_family family,
		  struct sock *sk, bool tcp, bool locked, bool owned);

#endif /* _MIGSEL_SIZE_H */
