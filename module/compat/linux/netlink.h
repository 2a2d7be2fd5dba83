/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_LINUX_NETLINK_H
#define _MIGSEL_COMPAT_LINUX_NETLINK_H

#include <linux/version.h>
#include_next <linux/netlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
/**
 * struct netlink_filter - who is asked whether a listener receives a message
 * @function: the filter
 * @data: what it is told
 */
struct netlink_filter {
	int (*function)(struct sock *sk, struct sk_buff *skb, void *data);
	void *data;
};

/* The message is orphaned before it is given to the first listener. */
static inline void netlink_filter_ask(struct sk_buff *skb)
{
	struct netlink_filter *filter = skb_shinfo(skb)->destructor_arg;

	if (refcount_read(&skb->users) > 1)
		filter->function(NULL, skb, filter->data);
}

/**
 * netlink_broadcast_filtered - send a message to nobody, and ask once if there is a listener
 * @ssk: the sender
 * @skb: the message, without data
 * @portid: who does not receive it
 * @group: the group
 * @allocation: how to allocate
 * @function: the filter, which says that nobody receives it
 * @data: what it is told
 *
 * A message from the emergency reserves passes no listener's socket filter.
 *
 * Return: 0 or a negative error.
 */
static inline int
netlink_broadcast_filtered(struct sock *ssk, struct sk_buff *skb, u32 portid,
			   u32 group, gfp_t allocation,
			   int (*function)(struct sock *sk, struct sk_buff *skb,
					   void *data), void *data)
{
	struct netlink_filter filter = { function, data };

	skb->pfmemalloc = true;
	skb->destructor = netlink_filter_ask;
	skb_shinfo(skb)->destructor_arg = &filter;
	return netlink_broadcast(ssk, skb, portid, group, allocation);
}
#endif

#endif /* _MIGSEL_COMPAT_LINUX_NETLINK_H */
