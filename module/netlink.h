/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family, for main.c. */

#ifndef _MIGSEL_NETLINK_H
#define _MIGSEL_NETLINK_H

#include <linux/types.h>

struct migsel_alarm;
struct migsel_net;
struct migsel_vmk;
struct net;

int migsel_netlink_init(void);
void migsel_netlink_exit(void);
void migsel_netlink_vmk_left(struct migsel_net *ms,
			     const struct migsel_vmk *vmk);
bool migsel_netlink_alarm(struct net *net, const struct migsel_alarm *alarm,
			  u32 lost);
bool migsel_netlink_may_hear(struct net *net);
bool migsel_netlink_hears(struct net *net);

#endif /* _MIGSEL_NETLINK_H */
