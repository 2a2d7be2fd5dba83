/* SPDX-License-Identifier: GPL-2.0-only */
/* Alarms about hot flows. */

#ifndef _MIGSEL_ALARM_H
#define _MIGSEL_ALARM_H

#include <linux/if.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/migsel.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "rule.h"

#define MIGSEL_ALARM_RING	64

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

/**
 * struct migsel_alarms - alarms to send
 * @ms: migsel in the namespace
 * @lock: guards @ring, @head, @n and @lost; bottom halves off
 * @work: sends them
 * @report: sends @lost if no alarm does
 * @ask: finds out whether anybody listens in the namespace
 * @asked: when a packet last looked whether anybody does in any namespace, in jiffies
 * @answered: when @ask last found out, in jiffies
 * @wanted: what it found, true while it is not known
 * @audience: changes when somebody may begin to listen where nobody did
 * @limit: at most MIGSEL_ALARM_RING a second
 * @head: the oldest
 * @n: how many there are
 * @lost: how many were dropped since the last message
 * @ring: the alarms
 */
struct migsel_alarms {
	struct migsel_net *ms;
	spinlock_t lock; /* the ring and the count of lost alarms */
	struct work_struct work;
	struct delayed_work report;
	struct work_struct ask;
	unsigned long asked;
	unsigned long answered;
	bool wanted;
	u16 audience;
	struct ratelimit_state limit;
	unsigned int head;
	unsigned int n;
	u32 lost;
	struct migsel_alarm ring[MIGSEL_ALARM_RING];
};

/**
 * migsel_alarm_is_known - whether migsel_alarm_wanted() was asked in this tick
 * @alarms: alarms to send
 *
 * Context: any.
 * Return: true if it was, and migsel_alarm_was_wanted() still holds.
 */
static inline bool migsel_alarm_is_known(const struct migsel_alarms *alarms)
{
	unsigned long now = jiffies;

	return READ_ONCE(alarms->asked) == now;
}

/**
 * migsel_alarm_was_wanted - what migsel_alarm_wanted() said last
 * @alarms: alarms to send
 *
 * Context: any.
 * Return: false if nobody listened.
 */
static inline bool migsel_alarm_was_wanted(const struct migsel_alarms *alarms)
{
	return READ_ONCE(alarms->wanted);
}

/**
 * migsel_alarm_idle - whether it is known that nobody listens
 * @alarms: alarms to send
 *
 * Context: any.
 * Return: true if nobody does.
 */
static inline bool migsel_alarm_idle(const struct migsel_alarms *alarms)
{
	return migsel_alarm_is_known(alarms) &&
	       !migsel_alarm_was_wanted(alarms);
}

/**
 * migsel_alarm_audience - who listens
 * @alarms: alarms to send
 *
 * Context: any.
 * Return: a number, another one where nobody listened meanwhile.
 */
static inline u16 migsel_alarm_audience(const struct migsel_alarms *alarms)
{
	return READ_ONCE(alarms->audience);
}

bool migsel_alarm_wanted(struct migsel_alarms *alarms);
void migsel_alarm_raise(struct migsel_alarms *alarms,
			enum migsel_reason reason, enum migsel_family family,
			const struct in6_addr *dst,
			const struct net_device *vmk,
			const struct net_device *out);
struct migsel_alarms *migsel_alarms_alloc(struct migsel_net *ms);
void migsel_alarms_free(struct migsel_alarms *alarms);

#endif /* _MIGSEL_ALARM_H */
