// SPDX-License-Identifier: GPL-2.0-only
/*
 * Alarms about hot flows that leave by something other than their migration
 * vmk. The hook leaves them in a ring, a work item sends them. What the ring or
 * the rate limit drops is counted, and the count is sent.
 */

#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>

#include "migsel.h"
#include "netlink.h"

#define RING_SIZE	64

/* How often it is found out whether anybody listens, and how long that counts. */
#define ASK_EVERY	(HZ / 10)
#define ANSWER_VALID	HZ

struct egress_alarm {
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
 * @net: the namespace
 * @lock: guards @ring, @head, @n and @lost; bottom halves off
 * @work: sends them
 * @report: sends @lost if no alarm does
 * @ask: finds out whether anybody listens in @net
 * @asked: when that was last wondered about, in jiffies
 * @answered: when @ask last found out, in jiffies
 * @wanted: what it found, true while it is not known
 * @audience: changes when somebody may begin to listen where nobody did
 * @limit: at most RING_SIZE a second
 * @head: the oldest
 * @n: how many there are
 * @lost: how many were dropped since the last message
 * @ring: the alarms
 */
struct migsel_alarms {
	struct net *net;
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
	struct egress_alarm ring[RING_SIZE];
};

static int put_dst(struct sk_buff *msg, const struct egress_alarm *alarm)
{
	if (alarm->family == MIGSEL_INET)
		return nla_put_be32(msg, MIGSEL_A_ALARM_DST4,
				    alarm->dst.s6_addr32[3]);
	return nla_put_in6_addr(msg, MIGSEL_A_ALARM_DST6, &alarm->dst);
}

static int put_alarm(struct sk_buff *msg, const struct egress_alarm *alarm)
{
	if (nla_put_u32(msg, MIGSEL_A_ALARM_REASON, alarm->reason) ||
	    put_dst(msg, alarm))
		return -EMSGSIZE;
	if (alarm->vmk_ifindex &&
	    (nla_put_u32(msg, MIGSEL_A_ALARM_IFINDEX, alarm->vmk_ifindex) ||
	     nla_put_string(msg, MIGSEL_A_ALARM_IFNAME, alarm->vmk_ifname)))
		return -EMSGSIZE;
	if (alarm->out_ifindex &&
	    (nla_put_u32(msg, MIGSEL_A_ALARM_DEV_IFINDEX,
			 alarm->out_ifindex) ||
	     nla_put_string(msg, MIGSEL_A_ALARM_DEV_IFNAME,
			    alarm->out_ifname)))
		return -EMSGSIZE;
	return 0;
}

/* Send an alarm, or only the number of lost ones. False without memory. */
static bool send(struct net *net, const struct egress_alarm *alarm, u32 lost)
{
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return false;
	hdr = genlmsg_put(msg, 0, 0, &migsel_genl_family, 0,
			  MIGSEL_CMD_ALARM_NTF);
	if (!hdr ||
	    (alarm && put_alarm(msg, alarm)) ||
	    (lost && nla_put_u32(msg, MIGSEL_A_ALARM_LOST, lost))) {
		nlmsg_free(msg);
		return false;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&migsel_genl_family, net, msg, 0,
				MIGSEL_NLGRP_ALARM, GFP_KERNEL);
	return true;
}

static bool alarms_pop(struct migsel_alarms *alarms, struct egress_alarm *alarm)
{
	bool found;

	spin_lock_bh(&alarms->lock);
	found = alarms->n;
	if (found) {
		*alarm = alarms->ring[alarms->head];
		alarms->head = (alarms->head + 1) % RING_SIZE;
		alarms->n--;
	}
	spin_unlock_bh(&alarms->lock);
	return found;
}

static void alarms_lose(struct migsel_alarms *alarms, u32 lost)
{
	spin_lock_bh(&alarms->lock);
	alarms->lost += lost;
	spin_unlock_bh(&alarms->lock);
}

static void alarms_send(struct migsel_alarms *alarms)
{
	struct egress_alarm alarm;
	u32 lost;

	while (alarms_pop(alarms, &alarm))
		if (!send(alarms->net, &alarm, 0))
			alarms_lose(alarms, 1);

	spin_lock_bh(&alarms->lock);
	lost = alarms->lost;
	alarms->lost = 0;
	spin_unlock_bh(&alarms->lock);
	if (lost && !send(alarms->net, NULL, lost)) {
		alarms_lose(alarms, lost);
		schedule_delayed_work(&alarms->report, HZ);
	}
}

static void alarms_work(struct work_struct *work)
{
	alarms_send(container_of(work, struct migsel_alarms, work));
}

static void alarms_report(struct work_struct *work)
{
	alarms_send(container_of(work, struct migsel_alarms, report.work));
}

static void alarms_answer(struct migsel_alarms *alarms, bool wanted)
{
	if (wanted && !READ_ONCE(alarms->wanted))
		WRITE_ONCE(alarms->audience, alarms->audience + 1);
	WRITE_ONCE(alarms->wanted, wanted);
}

static void alarms_ask(struct work_struct *work)
{
	struct migsel_alarms *alarms =
		container_of(work, struct migsel_alarms, ask);

	alarms_answer(alarms, genl_has_listeners_here(&migsel_genl_family,
						      alarms->net,
						      MIGSEL_NLGRP_ALARM));
	WRITE_ONCE(alarms->answered, jiffies);
}

/**
 * migsel_alarm_wanted - whether anybody listens
 * @alarms: alarms to send
 *
 * Every packet of a fallen-back flow gets here. Once a tick it is seen whether
 * anybody listens in any namespace. If so, a work item finds out, ten times a
 * second, whether it is in this one. If that is not known, because no packet has
 * asked for long, the answer is that somebody may.
 *
 * Context: any.
 * Return: false if nobody does.
 */
bool migsel_alarm_wanted(struct migsel_alarms *alarms)
{
	unsigned long now = jiffies, answered;

	if (READ_ONCE(alarms->asked) == now)
		return READ_ONCE(alarms->wanted);

	WRITE_ONCE(alarms->asked, now);
	if (!genl_has_listeners(&migsel_genl_family, alarms->net,
				MIGSEL_NLGRP_ALARM)) {
		alarms_answer(alarms, false);
		WRITE_ONCE(alarms->answered, now - ANSWER_VALID);
		return false;
	}
	answered = READ_ONCE(alarms->answered);
	if (time_after_eq(now, answered + ANSWER_VALID))
		alarms_answer(alarms, true);
	if (time_after_eq(now, answered + ASK_EVERY))
		schedule_work(&alarms->ask);
	return READ_ONCE(alarms->wanted);
}

/**
 * migsel_alarm_audience - who listens
 * @alarms: alarms to send
 *
 * Context: any.
 * Return: a number, another one where nobody listened meanwhile.
 */
u16 migsel_alarm_audience(const struct migsel_alarms *alarms)
{
	return READ_ONCE(alarms->audience);
}

/**
 * migsel_alarm - raise an alarm
 * @alarms: alarms to send
 * @reason: what was decided
 * @family: the packet's family
 * @dst: its destination, IPv4 as a mapped address
 * @vmk: the vmk that should have carried it, may be NULL
 * @out: the device that it leaves by, NULL if refused
 *
 * Context: any but hard interrupt.
 */
void migsel_alarm(struct migsel_alarms *alarms, enum migsel_reason reason,
		  enum migsel_family family, const struct in6_addr *dst,
		  const struct net_device *vmk, const struct net_device *out)
{
	bool lost = false;

	spin_lock_bh(&alarms->lock);
	if (alarms->n < RING_SIZE && __ratelimit(&alarms->limit)) {
		struct egress_alarm *alarm;

		alarm = &alarms->ring[(alarms->head + alarms->n++) % RING_SIZE];
		memset(alarm, 0, sizeof(*alarm));
		alarm->reason = reason;
		alarm->family = family;
		alarm->dst = *dst;
		if (vmk) {
			alarm->vmk_ifindex = vmk->ifindex;
			strscpy(alarm->vmk_ifname, vmk->name, IFNAMSIZ);
		}
		if (out) {
			alarm->out_ifindex = out->ifindex;
			strscpy(alarm->out_ifname, out->name, IFNAMSIZ);
		}
	} else {
		alarms->lost++;
		lost = true;
	}
	spin_unlock_bh(&alarms->lock);

	if (lost)
		schedule_delayed_work(&alarms->report, HZ);
	else
		schedule_work(&alarms->work);
}

/**
 * migsel_alarms_alloc - an empty ring
 * @net: the namespace
 *
 * Return: the ring, NULL without memory.
 */
struct migsel_alarms *migsel_alarms_alloc(struct net *net)
{
	struct migsel_alarms *alarms;

	alarms = kzalloc(sizeof(*alarms), GFP_KERNEL_ACCOUNT);
	if (!alarms)
		return NULL;
	alarms->net = net;
	alarms->asked = jiffies - 1;
	alarms->answered = jiffies - ANSWER_VALID;
	spin_lock_init(&alarms->lock);
	INIT_WORK(&alarms->work, alarms_work);
	INIT_WORK(&alarms->ask, alarms_ask);
	INIT_DELAYED_WORK(&alarms->report, alarms_report);
	ratelimit_state_init(&alarms->limit, HZ, RING_SIZE);
	ratelimit_set_flags(&alarms->limit, RATELIMIT_MSG_ON_RELEASE);
	return alarms;
}

/**
 * migsel_alarms_free - send what is left and free a ring
 * @alarms: the ring, which no hook uses any more, may be NULL
 *
 * Context: process, sleeps.
 */
void migsel_alarms_free(struct migsel_alarms *alarms)
{
	if (!alarms)
		return;
	cancel_work_sync(&alarms->ask);
	flush_work(&alarms->work);
	flush_delayed_work(&alarms->report);
	cancel_delayed_work_sync(&alarms->report);
	kfree(alarms);
}
