// SPDX-License-Identifier: GPL-2.0-only
/* "What would become of a packet": the rule itself answers, and explains. */

#include <linux/cred.h>
#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/genetlink.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "decide.h"
#include "migsel.h"
#include "netlink_gen.h"
#include "place.h"
#include "route.h"
#include "rule.h"
#include "snap.h"
#include "vmk.h"

/**
 * struct question - a question and its answer
 * @decision: what would become of the packet
 * @net: the namespace
 * @ms: migsel in it
 * @no_vmks: the rule where there is no vmk
 * @key: the packet; the source is what the plain route gives if none is asked
 * @oif: the device that its socket is bound to, 0 if to none
 * @plain: its plain route, held
 * @route: the route it is to take instead, held, or NULL
 * @placed: flows placed on each vmk, for details
 * @err: why it is not known whether there is a route, or 0
 */
struct question {
	struct migsel_decision decision;
	struct net *net;
	struct migsel_net *ms;
	struct migsel_rule no_vmks;
	struct migsel_flow_key key;
	int oif;
	struct dst_entry *plain;
	struct dst_entry *route;
	u32 placed[MIGSEL_MAX_VMKS];
	int err;
};

static int parse_addrs(struct question *q, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	bool inet = attrs[MIGSEL_A_ROUTE_DST4];
	int other_src = inet ? MIGSEL_A_ROUTE_SRC6 : MIGSEL_A_ROUTE_SRC4;

	if (inet == !!attrs[MIGSEL_A_ROUTE_DST6]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[MIGSEL_A_ROUTE_DST6],
				    "one destination has to be given");
		return -EINVAL;
	}
	if (attrs[other_src]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[other_src],
				    "source and destination are of different families");
		return -EINVAL;
	}

	if (!inet && !ipv6_mod_enabled()) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[MIGSEL_A_ROUTE_DST6],
				    "IPv6 is disabled");
		return -EAFNOSUPPORT;
	}

	if (inet) {
		q->key.family = MIGSEL_INET;
		ipv6_addr_set_v4mapped(nla_get_be32(attrs[MIGSEL_A_ROUTE_DST4]),
				       &q->key.daddr);
		ipv6_addr_set_v4mapped(attrs[MIGSEL_A_ROUTE_SRC4] ?
			nla_get_be32(attrs[MIGSEL_A_ROUTE_SRC4]) : 0,
			&q->key.saddr);
	} else {
		q->key.family = MIGSEL_INET6;
		q->key.daddr = nla_get_in6_addr(attrs[MIGSEL_A_ROUTE_DST6]);
		if (attrs[MIGSEL_A_ROUTE_SRC6])
			q->key.saddr =
				nla_get_in6_addr(attrs[MIGSEL_A_ROUTE_SRC6]);
	}
	return 0;
}

/* The protocol and its ports, as the packet has them. */
static int parse_ports(struct question *q, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	int port = attrs[MIGSEL_A_ROUTE_SPORT] ? MIGSEL_A_ROUTE_SPORT :
						 MIGSEL_A_ROUTE_DPORT;

	if (attrs[MIGSEL_A_ROUTE_IPPROTO])
		q->key.proto = nla_get_u32(attrs[MIGSEL_A_ROUTE_IPPROTO]);
	if (q->key.proto ==
	    (q->key.family == MIGSEL_INET ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[MIGSEL_A_ROUTE_IPPROTO],
				    "the protocol is not one of the destination's family");
		return -EINVAL;
	}
	if (attrs[port] && !q->key.proto) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[port],
				    "a port needs a protocol");
		return -EINVAL;
	}
	if (attrs[port] && !migsel_proto_has_ports(q->key.proto)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[port],
				    "the protocol has no ports");
		return -EINVAL;
	}
	if (attrs[MIGSEL_A_ROUTE_SPORT])
		q->key.sport = htons(nla_get_u16(attrs[MIGSEL_A_ROUTE_SPORT]));
	if (attrs[MIGSEL_A_ROUTE_DPORT])
		q->key.dport = htons(nla_get_u16(attrs[MIGSEL_A_ROUTE_DPORT]));
	return 0;
}

static bool addr_is_local(const struct question *q)
{
	if (q->key.family == MIGSEL_INET)
		return inet_addr_type(q->net, q->key.saddr.s6_addr32[3]) ==
		       RTN_LOCAL;
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_chk_addr(q->net, &q->key.saddr, NULL, 0);
#else
	return false;
#endif
}

static int parse_question(struct question *q, struct genl_info *info)
{
	const struct migsel_snap *snap = q->decision.snap;
	const struct migsel_snap_vmk *bound = NULL;
	struct migsel_query *query = &q->decision.query;
	struct nlattr **attrs = info->attrs;
	struct nlattr *oif = attrs[MIGSEL_A_ROUTE_IFINDEX];
	int src, err;

	err = parse_addrs(q, info);
	if (!err)
		err = parse_ports(q, info);
	if (err)
		return err;

	if (attrs[MIGSEL_A_ROUTE_CLASS] && attrs[MIGSEL_A_ROUTE_MARK]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[MIGSEL_A_ROUTE_MARK],
				    "give a class or a mark, not both");
		return -EINVAL;
	}
	query->class = attrs[MIGSEL_A_ROUTE_CLASS] ?
		       nla_get_u32(attrs[MIGSEL_A_ROUTE_CLASS]) :
		       MIGSEL_CLASS_HOT;
	if (attrs[MIGSEL_A_ROUTE_MARK]) {
		q->key.mark = nla_get_u32(attrs[MIGSEL_A_ROUTE_MARK]);
		query->class = migsel_class(&q->ms->tag, q->key.mark);
	} else if (query->class == MIGSEL_CLASS_HOT) {
		q->key.mark = q->ms->tag.hot;
	} else if (query->class == MIGSEL_CLASS_COLD) {
		q->key.mark = q->ms->tag.cold;
	}

	src = q->key.family == MIGSEL_INET ? MIGSEL_A_ROUTE_SRC4 :
					       MIGSEL_A_ROUTE_SRC6;
	if (attrs[src] && !addr_is_local(q)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[src],
				    "the source is not an address of this host");
		return -EADDRNOTAVAIL;
	}

	if (oif) {
		q->oif = nla_get_u32(oif);
		q->key.oif = q->oif;
		if (!dev_get_by_index_rcu(q->net, q->key.oif)) {
			NL_SET_ERR_MSG_ATTR(info->extack, attrs[MIGSEL_A_ROUTE_IFINDEX],
					    "no such device in this network namespace");
			return -ENODEV;
		}
	}

	query->family = q->key.family;
	query->bound_device = q->oif;
	if (attrs[src] && snap)
		bound = migsel_snap_owner(snap, q->key.family,
					  q->key.family == MIGSEL_INET ?
					  &q->key.saddr.s6_addr32[3] :
					  q->key.saddr.s6_addr32);
	query->bound_vmk = migsel_snap_position(snap, bound);
	return 0;
}

static struct dst_entry *plain_inet(struct question *q)
{
	struct flowi4 fl4 = {
		.flowi4_oif = q->key.oif,
		.flowi4_mark = q->key.mark,
		.flowi4_uid = q->key.uid,
		.flowi4_proto = q->key.proto,
		.daddr = q->key.daddr.s6_addr32[3],
		.saddr = q->key.saddr.s6_addr32[3],
		.fl4_sport = q->key.sport,
		.fl4_dport = q->key.dport,
	};
	struct rtable *rt = __ip_route_output_key(q->net, &fl4);

	if (IS_ERR(rt))
		return ERR_CAST(rt);
	ipv6_addr_set_v4mapped(fl4.saddr, &q->key.saddr);
	return &rt->dst;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *plain_inet6(struct question *q)
{
	struct flowi6 fl6 = {
		.flowi6_oif = q->key.oif,
		.flowi6_mark = q->key.mark,
		.flowi6_uid = q->key.uid,
		.flowi6_proto = q->key.proto,
		.daddr = q->key.daddr,
		.saddr = q->key.saddr,
		.fl6_sport = q->key.sport,
		.fl6_dport = q->key.dport,
	};
	struct dst_entry *dst;

	/* Where there is a source address, only the flag makes the device binding. */
	dst = ip6_route_output_flags(q->net, NULL, &fl6,
				     q->oif ? RT6_LOOKUP_F_IFACE : 0);
	if (dst->error ||
	    (ipv6_addr_any(&q->key.saddr) &&
	     ipv6_dev_get_saddr(q->net, dst_dev_rcu(dst), &q->key.daddr, 0,
				&q->key.saddr))) {
		dst_release(dst);
		return ERR_PTR(-ENETUNREACH);
	}
	return dst;
}
#else
static struct dst_entry *plain_inet6(struct question *q)
{
	return ERR_PTR(-EAFNOSUPPORT);
}
#endif

/*
 * Put what a lookup gave into @route, NULL if there is none. Returns an error if memory was
 * short, so that it is not known.
 */
static int route_or_none(struct dst_entry *dst, struct dst_entry **route)
{
	*route = IS_ERR(dst) ? NULL : dst;
	if (dst == ERR_PTR(-ENOMEM) || dst == ERR_PTR(-ENOBUFS))
		return -ENOMEM;
	return 0;
}

static int look_through(struct question *q, int vmk, bool no_default,
			struct dst_entry **route)
{
	q->key.oif = q->decision.snap->vmks[vmk].dev->ifindex;
	q->key.no_default = no_default;
	return route_or_none(migsel_route_lookup(q->net, &q->key, NULL), route);
}

static bool question_reach(struct migsel_decision *d, int vmk)
{
	struct question *q = container_of(d, struct question, decision);
	int err;

	dst_release(q->route);
	err = look_through(q, vmk, d->row->action == MIGSEL_PREFER, &q->route);
	if (err)
		q->err = err;
	return q->route;
}

static const struct migsel_seeker question_seeker = {
	.reach = question_reach,
};

static int answer_question(struct question *q, struct genl_info *info)
{
	const void *daddr = &q->key.daddr;
	int dst, err;

	err = parse_question(q, info);
	if (err)
		return err;
	dst = q->key.family == MIGSEL_INET ? MIGSEL_A_ROUTE_DST4 :
					     MIGSEL_A_ROUTE_DST6;

	err = route_or_none(q->key.family == MIGSEL_INET ? plain_inet(q) :
							   plain_inet6(q),
			    &q->plain);
	if (err)
		return err;
	if (!q->plain) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[dst],
				    "the host has no route to the destination");
		return -ENETUNREACH;
	}
	if (q->key.family == MIGSEL_INET)
		daddr = &q->key.daddr.s6_addr32[3];
	q->decision.query.not_unicast =
		!migsel_route_is_unicast(q->plain, q->key.family, daddr);
	migsel_decide(&q->decision);
	return q->err;
}

static int put_addr(struct sk_buff *msg, const struct question *q, int attr4,
		    int attr6, const struct in6_addr *addr)
{
	if (q->key.family == MIGSEL_INET)
		return nla_put_be32(msg, attr4, addr->s6_addr32[3]);
	return nla_put_in6_addr(msg, attr6, addr);
}

static int put_gateway(struct sk_buff *msg, const struct question *q,
		       const struct dst_entry *dst)
{
	const struct rt6_info *rt6;
	const struct rtable *rt;

	if (q->key.family == MIGSEL_INET6) {
		rt6 = dst_rt6_info(dst);
		if (!(rt6->rt6i_flags & RTF_GATEWAY))
			return 0;
		return nla_put_in6_addr(msg, MIGSEL_A_ROUTE_GATEWAY6,
					&rt6->rt6i_gateway);
	}
	rt = dst_rtable(dst);
	if (rt->rt_gw_family == AF_INET && rt->rt_uses_gateway)
		return nla_put_be32(msg, MIGSEL_A_ROUTE_GATEWAY4, rt->rt_gw4);
	if (rt->rt_gw_family == AF_INET6)
		return nla_put_in6_addr(msg, MIGSEL_A_ROUTE_GATEWAY6,
					&rt->rt_gw6);
	return 0;
}

static int put_row(struct sk_buff *msg, const struct question *q,
		   const struct migsel_row *row)
{
	enum migsel_outcome outcome = MIGSEL_OUTCOME_SKIPPED;
	struct nlattr *nest = nla_nest_start(msg, MIGSEL_A_ROUTE_ROW);

	if (!nest)
		return -EMSGSIZE;
	if (row == q->decision.row)
		outcome = MIGSEL_OUTCOME_APPLIED;
	else if (row > q->decision.row)
		outcome = MIGSEL_OUTCOME_NOT_REACHED;
	if (nla_put_u32(msg, MIGSEL_A_ROW_REASON, row->reason) ||
	    nla_put_u32(msg, MIGSEL_A_ROW_OUTCOME, outcome))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What the rows look at, beside the class. */
static int put_facts(struct sk_buff *msg, const struct question *q)
{
	struct nlattr *nest = nla_nest_start(msg, MIGSEL_A_ROUTE_FACTS);
	const struct migsel_query *query = &q->decision.query;
	const struct migsel_rule *rule = q->decision.rule;

	if (!nest ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_VMKS, rule->n_vmks) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_MIGRATION_VMKS,
			rule->n_migration) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_UNICAST, !query->not_unicast) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_BOUND_DEVICE,
			query->bound_device) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_BOUND_VMK,
			query->bound_vmk != MIGSEL_NO_VMK) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_SAME_SUBNET,
			rule->same_subnet[query->family]) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_STRICT, rule->strict) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_FIRST_VMK,
			rule->first_vmk != MIGSEL_NO_VMK) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_VMOTION_STACK,
			rule->vmotion_stack) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_PROVISIONING_STACK,
			rule->provisioning_stack != MIGSEL_NO_VMK) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_PROVISIONING_VMK,
			rule->provisioning_vmk != MIGSEL_NO_VMK) ||
	    nla_put_u32(msg, MIGSEL_A_FACTS_COLD_SAME_SUBNET,
			rule->cold_same_subnet[query->family]))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Whether a row prefers a vmk, be it that the row has given way. */
static bool is_preferred(const struct migsel_decision *d, int vmk)
{
	return d->query.passed_over ? vmk == d->rule->provisioning_vmk &&
				      vmk != d->vmk :
				      d->row->action == MIGSEL_PREFER;
}

static bool is_candidate(const struct migsel_decision *d, int vmk)
{
	switch (d->row->action) {
	case MIGSEL_STEER:
		return vmk == d->vmk ||
		       (d->query.passed_over && is_preferred(d, vmk));
	case MIGSEL_PREFER:
		return vmk == d->vmk;
	case MIGSEL_CHOOSE:
		return d->rule->vmks[vmk].carries;
	default:
		return false;
	}
}

static int put_candidate(struct sk_buff *msg, struct question *q, int vmk)
{
	const struct net_device *dev = q->decision.snap->vmks[vmk].dev;
	bool chosen = q->route && vmk == q->decision.vmk;
	bool usable = migsel_usable(q->decision.snap, vmk, q->key.family);
	bool preferred = is_preferred(&q->decision, vmk);
	struct dst_entry *route = NULL;
	struct nlattr *nest;
	int err = 0;

	if (usable)
		err = look_through(q, vmk, preferred, &route);
	dst_release(route);
	if (err)
		return err;

	nest = nla_nest_start(msg, MIGSEL_A_ROUTE_CANDIDATE);
	if (!nest ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_IFINDEX, dev->ifindex) ||
	    nla_put_string(msg, MIGSEL_A_CANDIDATE_IFNAME, dev->name) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_USABLE, usable) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_ROUTED, !!route) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_WEIGHT,
			q->decision.rule->vmks[vmk].weight))
		return -EMSGSIZE;
	if (q->decision.row->action == MIGSEL_CHOOSE &&
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_PLACED, q->placed[vmk]))
		return -EMSGSIZE;
	if (nla_put_u32(msg, MIGSEL_A_CANDIDATE_CHOSEN, chosen) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_PREFERRED, preferred))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_candidates(struct sk_buff *msg, struct question *q)
{
	const struct migsel_decision *d = &q->decision;
	int err;
	u32 i;

	if (d->row->action == MIGSEL_CHOOSE && d->flows)
		migsel_place_peek(d->flows, d->snap, q->key.family, q->placed);
	for (i = 0; i < d->rule->n_vmks; i++) {
		if (!is_candidate(d, i))
			continue;
		err = put_candidate(msg, q, i);
		if (err)
			return err;
	}
	return 0;
}

/* The entry of the FIB that the packet's route comes from. */
static int put_entry(struct sk_buff *msg, const struct question *q)
{
	struct dst_entry *dst = q->route ?: q->plain;
	struct migsel_flow_key key = q->key;
	struct migsel_route_entry entry;

	if (!q->route)
		key.oif = q->oif;
	if (q->decision.verdict == MIGSEL_VERDICT_REFUSE ||
	    !migsel_route_entry(q->net, &key, dst, &entry))
		return 0;
	if (nla_put_u32(msg, MIGSEL_A_ROUTE_TABLE, entry.table) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_PREFIX_LEN, entry.prefix_len))
		return -EMSGSIZE;
	return 0;
}

/* What plain Linux makes of the packet. */
static int put_plain(struct sk_buff *msg, const struct question *q)
{
	const struct net_device *dev = dst_dev_rcu(q->plain);

	if (nla_put_u32(msg, MIGSEL_A_ROUTE_PLAIN_IFINDEX, dev->ifindex) ||
	    nla_put_string(msg, MIGSEL_A_ROUTE_PLAIN_IFNAME, dev->name))
		return -EMSGSIZE;
	return 0;
}

static int put_details(struct sk_buff *msg, struct question *q)
{
	unsigned int i;
	int err;

	err = put_entry(msg, q);
	if (!err)
		err = put_plain(msg, q);
	if (!err)
		err = put_facts(msg, q);
	for (i = 0; !err && i < migsel_n_rows; i++)
		err = put_row(msg, q, &migsel_rows[i]);
	return err ?: put_candidates(msg, q);
}

static int put_answer(struct sk_buff *msg, struct question *q, bool details)
{
	struct dst_entry *dst = q->route ?: q->plain;
	const struct net_device *dev = dst_dev_rcu(dst);

	if (put_addr(msg, q, MIGSEL_A_ROUTE_DST4, MIGSEL_A_ROUTE_DST6,
		     &q->key.daddr) ||
	    put_addr(msg, q, MIGSEL_A_ROUTE_SRC4, MIGSEL_A_ROUTE_SRC6,
		     &q->key.saddr) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_CLASS, q->decision.query.class) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_VERDICT, q->decision.verdict) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_REASON, q->decision.reason))
		return -EMSGSIZE;
	if (q->decision.verdict != MIGSEL_VERDICT_REFUSE &&
	    (nla_put_u32(msg, MIGSEL_A_ROUTE_IFINDEX, dev->ifindex) ||
	     nla_put_string(msg, MIGSEL_A_ROUTE_IFNAME, dev->name) ||
	     put_gateway(msg, q, dst)))
		return -EMSGSIZE;
	return details ? put_details(msg, q) : 0;
}

/* A candidate takes less than that. */
static size_t answer_size(const struct question *q)
{
	return NLMSG_GOODSIZE + q->decision.rule->n_vmks * 192;
}

static int route_get(struct question *q, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = genlmsg_new(answer_size(q), GFP_KERNEL);
	if (!msg)
		return -ENOMEM;

	rcu_read_lock();
	err = answer_question(q, info);
	if (err)
		goto unlock;
	err = -EMSGSIZE;
	hdr = genlmsg_put_reply(msg, info, &migsel_nl_family, 0,
				MIGSEL_CMD_ROUTE_GET);
	if (hdr)
		err = put_answer(msg, q,
				 info->attrs[MIGSEL_A_ROUTE_DETAILS]);
	if (err)
		goto unlock;
	genlmsg_end(msg, hdr);
	rcu_read_unlock();
	return genlmsg_reply(msg, info);

unlock:
	rcu_read_unlock();
	nlmsg_free(msg);
	return err;
}

int migsel_nl_route_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct question *q;
	int err;

	q = kzalloc_obj(*q, GFP_KERNEL_ACCOUNT);
	if (!q) {
		NL_SET_ERR_MSG(info->extack, "out of memory");
		return -ENOMEM;
	}
	q->net = genl_info_net(info);
	q->ms = migsel_net(q->net);
	q->key.uid = current_uid();
	/* A question must not make IPsec negotiate a transform. */
	q->key.transformed = true;

	migsel_vmk_lock(q->ms);
	q->decision.seeker = &question_seeker;
	q->decision.flows = q->ms->flows;
	q->decision.snap = rtnl_dereference(q->ms->snap);
	q->decision.rule = q->decision.snap ? &q->decision.snap->rule :
					      &q->no_vmks;
	q->no_vmks.strict = q->ms->policy.fallback == MIGSEL_FALLBACK_STRICT;
	migsel_rule_prepare(&q->no_vmks);
	err = route_get(q, info);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(info->extack, "out of memory");
	rtnl_unlock();

	dst_release(q->route);
	dst_release(q->plain);
	kfree(q);
	return err;
}
