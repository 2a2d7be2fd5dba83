/* SPDX-License-Identifier: GPL-2.0-only */
/* Alarms about hot flows. */

#ifndef _MIGSEL_ALARM_H
#define _MIGSEL_ALARM_H

#include <linux/if.h>
#include <linux/in6.h>
#include <linux/migsel.h>
#include <linux/types.h>

#include "rule.h"

struct migsel_alarms;
struct migsel_net;
struct net_device;

/**
 * struct migsel_alarm - an alarm
 * @reason: what was decided on a packet
 * @family: its family
 * @dst: its destination, IPv4 as a mapped address
 * @vmk_ifindex: the vmk that should have carried it, 0 if there is none
 * @out_ifindex: the device that it leaves by, 0 if refused
 * @vmk_ifname: name of that vmk
 * @out_ifname: name of that device
 */
struct migsel_alarm {
	enum migsel_reason reason;
	enum migsel_family family;
	struct in6_addr dst;
	int vmk_ifindex;
	int out_ifindex;
	char vmk_ifname[IFNAMSIZ];
	char out_ifname[IFNAMSIZ];
};

bool migsel_alarm_wanted(struct migsel_alarms *alarms);
u16 migsel_alarm_audience(const struct migsel_alarms *alarms);
void migsel_alarm_raise(struct migsel_alarms *alarms,
			enum migsel_reason reason, enum migsel_family family,
			const struct in6_addr *dst,
			const struct net_device *vmk,
			const struct net_device *out);
struct migsel_alarms *migsel_alarms_alloc(struct migsel_net *ms);
void migsel_alarms_free(struct migsel_alarms *alarms);

#endif /* _MIGSEL_ALARM_H */
