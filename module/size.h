/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of packets that are moved to another route. */

#ifndef _MIGSEL_SIZE_H
#define _MIGSEL_SIZE_H

#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/if_inet6.h>
#include <net/ip6_fib.h>
#include <net/route.h>

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

/**
 * migsel_device_mtu - the MTU of a route that is that of its device
 * @dst: the route
 * @family: its family
 *
 * It costs less to find out than dst_mtu().
 *
 * Context: under rcu_read_lock().
 * Return: 0 for a route that has an MTU of its own, or encapsulates.
 */
static __always_inline u32 migsel_device_mtu(const struct dst_entry *dst,
					     enum migsel_family family)
{
	const struct inet6_dev *idev;

	if (dst_metric_raw(dst, RTAX_MTU) || dst->lwtstate)
		return 0;
	if (family == MIGSEL_INET)
		return dst_rtable(dst)->rt_pmtu ? 0 :
		       READ_ONCE(dst_dev_rcu(dst)->mtu);
	idev = dst_rt6_info(dst)->rt6i_idev;
	return idev ? READ_ONCE(idev->cnf.mtu6) : 0;
}

bool migsel_tcp_cuts(const struct net *net, enum migsel_family family, u32 mtu);
bool migsel_tcp_fits(const struct sk_buff *skb);
void migsel_tcp_limit(struct sock *sk, u32 mtu);
int migsel_resize(struct sk_buff *skb, enum migsel_family family,
		  struct sock *sk, bool tcp, bool locked, bool owned);

#endif /* _MIGSEL_SIZE_H */
