/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only calls that go up: what the lower parts tell, or ask, those that speak with user
 * space. main.c has the table.
 */

#ifndef _MIGSEL_UPCALLS_H
#define _MIGSEL_UPCALLS_H

#include <linux/types.h>

struct migsel_alarm;
struct migsel_net;
struct migsel_vmk;
struct net;

/**
 * struct migsel_upcalls - what is told upwards
 * @vmk_left: a vmk is none any more, though nobody has asked for that. RTNL is held;
 *	sleeps.
 * @alarm: sends an alarm, NULL for none, and the number of those that were lost.
 *	Returns false without memory. Sleeps.
 * @alarms_may_be_heard: whether anybody listens for alarms in any namespace. For packets.
 * @alarms_are_heard: whether anybody does in this one, true if that is not known for
 *	lack of memory. Sleeps.
 */
struct migsel_upcalls {
	void (*vmk_left)(struct migsel_net *ms, const struct migsel_vmk *vmk);
	bool (*alarm)(struct net *net, const struct migsel_alarm *alarm,
		      u32 lost);
	bool (*alarms_may_be_heard)(struct net *net);
	bool (*alarms_are_heard)(struct net *net);
};

#endif /* _MIGSEL_UPCALLS_H */
