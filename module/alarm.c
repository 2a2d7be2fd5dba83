// SPDX-License-Identifier: GPL-2.0-only
/*
 * Alarms about hot flows that leave by something other than their migration vmk, or are
 * refused. The hook leaves them in a ring, a work item sends them. What the ring or the
 * rate limit drops is counted, and the count is sent.
 */

#include <linux/netdevice.h>
#include <linux/slab.h>

#include "alarm.h"
#include "migsel.h"
#include "upcalls.h"

/* How often it is found out whether anybody listens, and how long that counts. */
#define ASK_EVERY	(HZ / 10)
#define ANSWER_VALID	HZ

static bool alarms_pop(struct migsel_alarms *alarms, struct migsel_alarm *alarm)
{
	bool found;

	spin_lock_bh(&alarms->lock);
	found = alarms->n;
	if (found) {
		*alarm = alarms->ring[alarms->head];
		alarms->head = (alarms->head + 1) % MIGSEL_ALARM_RING;
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
	const struct migsel_net *ms = alarms->ms;
	struct migsel_alarm alarm;
	u32 lost;

	while (alarms_pop(alarms, &alarm))
		if (!ms->upcalls->alarm(ms->net, &alarm, 0))
			alarms_lose(alarms, 1);

	spin_lock_bh(&alarms->lock);
	lost = alarms->lost;
	alarms->lost = 0;
	spin_unlock_bh(&alarms->lock);
	if (lost && !ms->upcalls->alarm(ms->net, NULL, lost)) {
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
	const struct migsel_net *ms = alarms->ms;

	alarms_answer(alarms, ms->upcalls->alarms_are_heard(ms->net));
	WRITE_ONCE(alarms->answered, jiffies);
}

/**
 * migsel_alarm_wanted - whether anybody listens
 * @alarms: alarms to send
 *
 * In each tick in which packets of a flow are sent that has fallen back, one of them asks.
 * The kernel is asked once a tick whether anybody does in any namespace. If somebody does, a
 * work item finds out, ten times a second, whether it is in this one. Where no packet has
 * asked for so long that this is not known, the answer is that somebody listens.
 *
 * Context: any.
 * Return: false if nobody does.
 */
bool migsel_alarm_wanted(struct migsel_alarms *alarms)
{
	const struct migsel_net *ms = alarms->ms;
	unsigned long now = jiffies, answered;

	if (READ_ONCE(alarms->asked) == now)
		return READ_ONCE(alarms->wanted);

	WRITE_ONCE(alarms->asked, now);
	if (!ms->upcalls->alarms_may_be_heard(ms->net)) {
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
 * migsel_alarm_raise - raise an alarm
 * @alarms: alarms to send
 * @reason: what was decided
 * @family: the packet's family
 * @dst: its destination, IPv4 as a mapped address
 * @vmk: the vmk that should have carried it, may be NULL
 * @out: the device that it leaves by, NULL if refused
 *
 * Context: any but hard interrupt.
 */
void migsel_alarm_raise(struct migsel_alarms *alarms,
			enum migsel_reason reason, enum migsel_family family,
			const struct in6_addr *dst,
			const struct net_device *vmk,
			const struct net_device *out)
{
	bool lost = false;

	spin_lock_bh(&alarms->lock);
	if (alarms->n < MIGSEL_ALARM_RING && __ratelimit(&alarms->limit)) {
		struct migsel_alarm *alarm;

		alarm = &alarms->ring[(alarms->head + alarms->n++) % MIGSEL_ALARM_RING];
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
 * @ms: migsel in the namespace
 *
 * Return: the ring, NULL without memory.
 */
struct migsel_alarms *migsel_alarms_alloc(struct migsel_net *ms)
{
	struct migsel_alarms *alarms;

	alarms = kzalloc_obj(*alarms, GFP_KERNEL_ACCOUNT);
	if (!alarms)
		return NULL;
	alarms->ms = ms;
	alarms->asked = jiffies - 1;
	alarms->answered = jiffies - ANSWER_VALID;
	spin_lock_init(&alarms->lock);
	INIT_WORK(&alarms->work, alarms_work);
	INIT_WORK(&alarms->ask, alarms_ask);
	INIT_DELAYED_WORK(&alarms->report, alarms_report);
	ratelimit_state_init(&alarms->limit, HZ, MIGSEL_ALARM_RING);
	ratelimit_set_flags(&alarms->limit, RATELIMIT_MSG_ON_RELEASE);
	return alarms;
}

/**
 * migsel_alarms_free - send what is left and free a ring
 * @alarms: the ring, which no hook uses any more, may be NULL
 *
 * Context: process, sleeps. Under RTNL it waits for nothing that is still queued: others in
 * the same workqueue may want RTNL, and be all that it takes at a time.
 */
void migsel_alarms_free(struct migsel_alarms *alarms)
{
	if (!alarms)
		return;
	cancel_work_sync(&alarms->ask);
	cancel_work_sync(&alarms->work);
	cancel_delayed_work_sync(&alarms->report);
	alarms_send(alarms);
	/* Without memory it is tried once more later. */
	cancel_delayed_work_sync(&alarms->report);
	kfree(alarms);
}
