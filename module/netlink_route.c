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

#include "migsel.h"
#include "netlink.h"
#include "netlink_gen.h"

/**
 * struct ask - a question and its answer
 * @net: the namespace
 * @ms: migsel in it
 * @snap: the configuration, NULL if there is no vmk
 * @rule: its vmks
 * @key: the packet; the source is what the plain route gives if none is asked
 * @oif: the device that its socket is bound to, 0 if to none
 * @query: what the rule asks of it
 * @plain: its plain route, held
 * @route: the route it is to take instead, held, or NULL
 * @row: the row of the table that applies
 * @reason: @row, or why the packet is refused
 * @verdict: what becomes of it
 * @vmk: position of the vmk that it leaves by, or MIGSEL_NO_VMK
 * @candidate: position of the only candidate, or MIGSEL_NO_VMK
 * @state: the state of the candidates
 * @placed: flows placed on the candidates
 */
struct ask {
	struct net *net;
	struct migsel_net *ms;
	const struct migsel_snap *snap;
	struct migsel_rule rule;
	struct migsel_flow_key key;
	int oif;
	struct migsel_query query;
	struct dst_entry *plain;
	struct dst_entry *route;
	enum migsel_reason row;
	enum migsel_reason reason;
	enum migsel_verdict verdict;
	int vmk;
	int candidate;
	u8 state[MIGSEL_MAX_VMKS];
	u32 placed[MIGSEL_MAX_VMKS];
};

static int refuse(struct genl_info *info, int attr, const char *why, int err)
{
	NL_SET_BAD_ATTR(info->extack, info->attrs[attr]);
	info->extack->_msg = why;
	return err;
}

static int parse_addrs(struct ask *ask, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	bool inet = attrs[MIGSEL_A_ROUTE_DST4];

	if (inet == !!attrs[MIGSEL_A_ROUTE_DST6])
		return refuse(info, MIGSEL_A_ROUTE_DST6,
			      "one destination has to be given", -EINVAL);
	if (attrs[inet ? MIGSEL_A_ROUTE_SRC6 : MIGSEL_A_ROUTE_SRC4])
		return refuse(info, inet ? MIGSEL_A_ROUTE_SRC6 :
					   MIGSEL_A_ROUTE_SRC4,
			      "source and destination are of different families",
			      -EINVAL);

	if (!inet && !ipv6_mod_enabled())
		return refuse(info, MIGSEL_A_ROUTE_DST6, "IPv6 is disabled",
			      -EAFNOSUPPORT);

	if (inet) {
		ask->key.family = MIGSEL_INET;
		ipv6_addr_set_v4mapped(nla_get_be32(attrs[MIGSEL_A_ROUTE_DST4]),
				       &ask->key.daddr);
		ipv6_addr_set_v4mapped(attrs[MIGSEL_A_ROUTE_SRC4] ?
			nla_get_be32(attrs[MIGSEL_A_ROUTE_SRC4]) : 0,
			&ask->key.saddr);
	} else {
		ask->key.family = MIGSEL_INET6;
		ask->key.daddr = nla_get_in6_addr(attrs[MIGSEL_A_ROUTE_DST6]);
		if (attrs[MIGSEL_A_ROUTE_SRC6])
			ask->key.saddr =
				nla_get_in6_addr(attrs[MIGSEL_A_ROUTE_SRC6]);
	}
	return 0;
}

/* The protocol and its ports, as the packet has them. */
static int parse_ports(struct ask *ask, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	int port = attrs[MIGSEL_A_ROUTE_SPORT] ? MIGSEL_A_ROUTE_SPORT :
						 MIGSEL_A_ROUTE_DPORT;

	if (attrs[MIGSEL_A_ROUTE_IPPROTO])
		ask->key.proto = nla_get_u32(attrs[MIGSEL_A_ROUTE_IPPROTO]);
	if (ask->key.proto ==
	    (ask->key.family == MIGSEL_INET ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return refuse(info, MIGSEL_A_ROUTE_IPPROTO,
			      "the protocol is not one of the destination's family",
			      -EINVAL);
	if (attrs[port] && !ask->key.proto)
		return refuse(info, port, "a port needs a protocol", -EINVAL);
	if (attrs[port] && !migsel_proto_has_ports(ask->key.proto))
		return refuse(info, port, "the protocol has no ports", -EINVAL);
	if (attrs[MIGSEL_A_ROUTE_SPORT])
		ask->key.sport = htons(nla_get_u16(attrs[MIGSEL_A_ROUTE_SPORT]));
	if (attrs[MIGSEL_A_ROUTE_DPORT])
		ask->key.dport = htons(nla_get_u16(attrs[MIGSEL_A_ROUTE_DPORT]));
	return 0;
}

static bool addr_is_local(const struct ask *ask)
{
	if (ask->key.family == MIGSEL_INET)
		return inet_addr_type(ask->net, ask->key.saddr.s6_addr32[3]) ==
		       RTN_LOCAL;
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_chk_addr(ask->net, &ask->key.saddr, NULL, 0);
#else
	return false;
#endif
}

static int parse(struct ask *ask, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct nlattr *oif = attrs[MIGSEL_A_ROUTE_IFINDEX];
	int src, err;

	err = parse_addrs(ask, info);
	if (!err)
		err = parse_ports(ask, info);
	if (err)
		return err;

	if (attrs[MIGSEL_A_ROUTE_CLASS] && attrs[MIGSEL_A_ROUTE_MARK])
		return refuse(info, MIGSEL_A_ROUTE_MARK,
			      "give a class or a mark, not both", -EINVAL);
	ask->query.class = attrs[MIGSEL_A_ROUTE_CLASS] ?
			   nla_get_u32(attrs[MIGSEL_A_ROUTE_CLASS]) :
			   MIGSEL_CLASS_HOT;
	if (attrs[MIGSEL_A_ROUTE_MARK]) {
		ask->key.mark = nla_get_u32(attrs[MIGSEL_A_ROUTE_MARK]);
		ask->query.class = migsel_class(&ask->ms->tag, ask->key.mark);
	} else if (ask->query.class == MIGSEL_CLASS_HOT) {
		ask->key.mark = ask->ms->tag.hot;
	} else if (ask->query.class == MIGSEL_CLASS_COLD) {
		ask->key.mark = ask->ms->tag.cold;
	}

	src = ask->key.family == MIGSEL_INET ? MIGSEL_A_ROUTE_SRC4 :
					       MIGSEL_A_ROUTE_SRC6;
	if (attrs[src] && !addr_is_local(ask))
		return refuse(info, src,
			      "the source is not an address of this host",
			      -EADDRNOTAVAIL);

	if (oif) {
		ask->oif = nla_get_u32(oif);
		ask->key.oif = ask->oif;
		if (!dev_get_by_index_rcu(ask->net, ask->key.oif))
			return refuse(info, MIGSEL_A_ROUTE_IFINDEX,
				      "no such device in this network namespace",
				      -ENODEV);
	}

	ask->query.family = ask->key.family;
	ask->query.bound_device = ask->oif;
	ask->query.bound_vmk = MIGSEL_NO_VMK;
	if (attrs[src] && ask->snap && ask->rule.n_migration > 1 &&
	    ask->query.class == MIGSEL_CLASS_HOT)
		ask->query.bound_vmk =
			migsel_snap_owner(ask->snap, ask->key.family,
					  ask->key.family == MIGSEL_INET ?
					  &ask->key.saddr.s6_addr32[3] :
					  ask->key.saddr.s6_addr32);
	return 0;
}

static struct dst_entry *plain_inet(struct ask *ask)
{
	struct flowi4 fl4 = {
		.flowi4_oif = ask->key.oif,
		.flowi4_mark = ask->key.mark,
		.flowi4_uid = ask->key.uid,
		.flowi4_proto = ask->key.proto,
		.daddr = ask->key.daddr.s6_addr32[3],
		.saddr = ask->key.saddr.s6_addr32[3],
		.fl4_sport = ask->key.sport,
		.fl4_dport = ask->key.dport,
	};
	struct rtable *rt = __ip_route_output_key(ask->net, &fl4);

	if (IS_ERR(rt))
		return ERR_CAST(rt);
	ipv6_addr_set_v4mapped(fl4.saddr, &ask->key.saddr);
	return &rt->dst;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *plain_inet6(struct ask *ask)
{
	struct flowi6 fl6 = {
		.flowi6_oif = ask->key.oif,
		.flowi6_mark = ask->key.mark,
		.flowi6_uid = ask->key.uid,
		.flowi6_proto = ask->key.proto,
		.daddr = ask->key.daddr,
		.saddr = ask->key.saddr,
		.fl6_sport = ask->key.sport,
		.fl6_dport = ask->key.dport,
	};
	struct dst_entry *dst;

	/* Beside a source address the device is a hint, but not to a socket. */
	dst = ip6_route_output_flags(ask->net, NULL, &fl6,
				     ask->oif ? RT6_LOOKUP_F_IFACE : 0);
	if (dst->error ||
	    (ipv6_addr_any(&ask->key.saddr) &&
	     ipv6_dev_get_saddr(ask->net, dst_dev_rcu(dst), &ask->key.daddr, 0,
				&ask->key.saddr))) {
		dst_release(dst);
		return ERR_PTR(-ENETUNREACH);
	}
	return dst;
}
#else
static struct dst_entry *plain_inet6(struct ask *ask)
{
	return ERR_PTR(-EAFNOSUPPORT);
}
#endif

/*
 * What a lookup found into @route, NULL where there is none. An error where that is
 * not known for lack of memory.
 */
static int found(struct dst_entry *dst, struct dst_entry **route)
{
	*route = IS_ERR(dst) ? NULL : dst;
	if (dst == ERR_PTR(-ENOMEM) || dst == ERR_PTR(-ENOBUFS))
		return -ENOMEM;
	return 0;
}

static int probe(struct ask *ask, int vmk)
{
	struct dst_entry *dst;
	int err;

	ask->state[vmk] = 0;
	if (!migsel_usable(ask->snap, vmk, ask->key.family))
		return 0;
	ask->state[vmk] |= MIGSEL_USABLE;
	ask->key.oif = ask->snap->vmks[vmk].dev->ifindex;
	err = found(migsel_route_lookup(ask->net, &ask->key, NULL), &dst);
	if (dst)
		ask->state[vmk] |= MIGSEL_ROUTED;
	dst_release(dst);
	return err;
}

static int decide_multi(struct ask *ask)
{
	struct migsel_candidates cands = {
		.state = ask->state,
		.placed = ask->placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	int err;
	u32 i;

	for (i = 0; i < ask->rule.n_vmks; i++) {
		if (!ask->rule.vmks[i].migration)
			continue;
		err = probe(ask, i);
		if (err)
			return err;
	}
	if (ask->ms->flows)
		migsel_place_peek(ask->ms->flows, ask->snap, ask->key.family,
				  ask->placed);
	ask->reason = migsel_rule_multi(&ask->rule, &cands, &ask->vmk);
	return 0;
}

static int decide(struct ask *ask)
{
	int err = 0;

	ask->row = migsel_rule_reason(&ask->rule, &ask->query);
	ask->reason = ask->row;
	ask->vmk = MIGSEL_NO_VMK;
	ask->candidate = migsel_rule_candidate(&ask->rule, &ask->query,
					       ask->row);
	if (ask->row == MIGSEL_REASON_MULTI_NIC) {
		err = decide_multi(ask);
	} else if (ask->candidate != MIGSEL_NO_VMK) {
		err = probe(ask, ask->candidate);
		ask->vmk = ask->candidate;
		ask->reason = migsel_rule_single(ask->row,
						 ask->state[ask->candidate]);
	}
	if (err)
		return err;

	if (ask->vmk != MIGSEL_NO_VMK && ask->reason == ask->row) {
		ask->key.oif = ask->snap->vmks[ask->vmk].dev->ifindex;
		err = found(migsel_route_lookup(ask->net, &ask->key, NULL),
			    &ask->route);
		if (err)
			return err;
		if (!ask->route)
			ask->reason = MIGSEL_REASON_NO_ROUTE;
	}

	ask->verdict = MIGSEL_VERDICT_STEER;
	if (migsel_rule_passes(ask->reason))
		ask->verdict = MIGSEL_VERDICT_PASS;
	if (migsel_rule_refuses(ask->reason))
		ask->verdict = ask->ms->policy.unreachable ==
			       MIGSEL_UNREACHABLE_PASS ? MIGSEL_VERDICT_PASS :
							 MIGSEL_VERDICT_REFUSE;
	return 0;
}

static int answer(struct ask *ask, struct genl_info *info)
{
	const void *daddr = &ask->key.daddr;
	int err;

	err = parse(ask, info);
	if (err)
		return err;

	err = found(ask->key.family == MIGSEL_INET ? plain_inet(ask) :
						     plain_inet6(ask),
		    &ask->plain);
	if (err)
		return err;
	if (!ask->plain)
		return refuse(info, ask->key.family == MIGSEL_INET ?
				    MIGSEL_A_ROUTE_DST4 : MIGSEL_A_ROUTE_DST6,
			      "the host has no route to the destination",
			      -ENETUNREACH);
	if (ask->key.family == MIGSEL_INET)
		daddr = &ask->key.daddr.s6_addr32[3];
	ask->query.not_unicast = !migsel_route_is_unicast(ask->plain,
							  ask->key.family,
							  daddr);
	return decide(ask);
}

static int put_addr(struct sk_buff *msg, const struct ask *ask, int attr4,
		    int attr6, const struct in6_addr *addr)
{
	if (ask->key.family == MIGSEL_INET)
		return nla_put_be32(msg, attr4, addr->s6_addr32[3]);
	return nla_put_in6_addr(msg, attr6, addr);
}

static int put_gateway(struct sk_buff *msg, const struct ask *ask,
		       const struct dst_entry *dst)
{
	const struct rt6_info *rt6;
	const struct rtable *rt;

	if (ask->key.family == MIGSEL_INET6) {
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

static int put_row(struct sk_buff *msg, const struct ask *ask,
		   enum migsel_reason row)
{
	enum migsel_outcome outcome = MIGSEL_OUTCOME_SKIPPED;
	struct nlattr *nest = nla_nest_start(msg, MIGSEL_A_ROUTE_ROW);

	if (!nest)
		return -EMSGSIZE;
	if (row == ask->row)
		outcome = MIGSEL_OUTCOME_APPLIED;
	else if (row > ask->row)
		outcome = MIGSEL_OUTCOME_NOT_REACHED;
	if (nla_put_u32(msg, MIGSEL_A_ROW_REASON, row) ||
	    nla_put_u32(msg, MIGSEL_A_ROW_OUTCOME, outcome))
		return -EMSGSIZE;
	if (outcome != MIGSEL_OUTCOME_NOT_REACHED &&
	    nla_put_string(msg, MIGSEL_A_ROW_WHY,
			   migsel_rule_why(&ask->query, row,
					   row == ask->row)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_candidate(struct sk_buff *msg, const struct ask *ask, int vmk)
{
	struct nlattr *nest = nla_nest_start(msg, MIGSEL_A_ROUTE_CANDIDATE);
	const struct net_device *dev = ask->snap->vmks[vmk].dev;
	bool chosen = ask->route && vmk == ask->vmk;
	u8 state = ask->state[vmk];

	if (!nest ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_IFINDEX, dev->ifindex) ||
	    nla_put_string(msg, MIGSEL_A_CANDIDATE_IFNAME, dev->name) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_USABLE,
			!!(state & MIGSEL_USABLE)) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_ROUTED,
			!!(state & MIGSEL_ROUTED)) ||
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_WEIGHT,
			ask->rule.vmks[vmk].weight))
		return -EMSGSIZE;
	if (ask->row == MIGSEL_REASON_MULTI_NIC &&
	    nla_put_u32(msg, MIGSEL_A_CANDIDATE_PLACED, ask->placed[vmk]))
		return -EMSGSIZE;
	if (nla_put_u32(msg, MIGSEL_A_CANDIDATE_CHOSEN, chosen) ||
	    nla_put_string(msg, MIGSEL_A_CANDIDATE_WHY,
			   migsel_rule_why_candidate(ask->row, state, chosen)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* The entry of the FIB that the packet's route comes from. */
static int put_entry(struct sk_buff *msg, const struct ask *ask)
{
	struct dst_entry *dst = ask->route ?: ask->plain;
	struct migsel_flow_key key = ask->key;
	struct migsel_route_entry entry;

	if (!ask->route)
		key.oif = ask->oif;
	if (ask->verdict == MIGSEL_VERDICT_REFUSE ||
	    !migsel_route_entry(ask->net, &key, dst, &entry))
		return 0;
	if (nla_put_u32(msg, MIGSEL_A_ROUTE_TABLE, entry.table) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_PREFIX_LEN, entry.prefix_len))
		return -EMSGSIZE;
	return 0;
}

static int put_details(struct sk_buff *msg, const struct ask *ask)
{
	enum migsel_reason row;
	int err;
	u32 i;

	err = put_entry(msg, ask);
	if (err)
		return err;
	for (row = 0; row <= MIGSEL_REASON_MULTI_NIC; row++) {
		err = put_row(msg, ask, row);
		if (err)
			return err;
	}
	for (i = 0; i < ask->rule.n_vmks; i++) {
		if (ask->row == MIGSEL_REASON_MULTI_NIC ?
		    !ask->rule.vmks[i].migration : i != ask->candidate)
			continue;
		err = put_candidate(msg, ask, i);
		if (err)
			return err;
	}
	return 0;
}

static int put_answer(struct sk_buff *msg, const struct ask *ask, bool details)
{
	struct dst_entry *dst = ask->route ?: ask->plain;
	const struct net_device *dev = dst_dev_rcu(dst);

	if (put_addr(msg, ask, MIGSEL_A_ROUTE_DST4, MIGSEL_A_ROUTE_DST6,
		     &ask->key.daddr) ||
	    put_addr(msg, ask, MIGSEL_A_ROUTE_SRC4, MIGSEL_A_ROUTE_SRC6,
		     &ask->key.saddr) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_CLASS, ask->query.class) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_VERDICT, ask->verdict) ||
	    nla_put_u32(msg, MIGSEL_A_ROUTE_REASON, ask->reason))
		return -EMSGSIZE;
	if (ask->verdict != MIGSEL_VERDICT_REFUSE &&
	    (nla_put_u32(msg, MIGSEL_A_ROUTE_IFINDEX, dev->ifindex) ||
	     nla_put_string(msg, MIGSEL_A_ROUTE_IFNAME, dev->name) ||
	     put_gateway(msg, ask, dst)))
		return -EMSGSIZE;
	return details ? put_details(msg, ask) : 0;
}

/* Rows and candidates take up to this much, generously. */
static size_t answer_size(const struct ask *ask)
{
	return NLMSG_GOODSIZE + ask->rule.n_vmks * 192;
}

static int route_get(struct ask *ask, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	rcu_read_lock();
	err = answer(ask, info);
	if (err)
		goto unlock;

	err = -ENOMEM;
	msg = genlmsg_new(answer_size(ask), GFP_ATOMIC);
	if (!msg)
		goto unlock;
	err = -EMSGSIZE;
	hdr = genlmsg_put_reply(msg, info, &migsel_genl_family, 0,
				MIGSEL_CMD_ROUTE_GET);
	if (hdr)
		err = put_answer(msg, ask,
				 info->attrs[MIGSEL_A_ROUTE_DETAILS]);
	if (err) {
		nlmsg_free(msg);
		goto unlock;
	}
	genlmsg_end(msg, hdr);
	rcu_read_unlock();
	return genlmsg_reply(msg, info);

unlock:
	rcu_read_unlock();
	return err;
}

int migsel_nl_route_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ask *ask;
	int err;

	ask = kzalloc(sizeof(*ask), GFP_KERNEL_ACCOUNT);
	if (!ask) {
		NL_SET_ERR_MSG(info->extack, "out of memory");
		return -ENOMEM;
	}
	ask->net = genl_info_net(info);
	ask->ms = migsel_net(ask->net);
	ask->key.uid = current_uid();
	/* A question is no reason to negotiate a transform. */
	ask->key.transformed = true;

	migsel_vmk_lock(ask->ms);
	ask->snap = rtnl_dereference(ask->ms->snap);
	if (ask->snap)
		ask->rule = ask->snap->rule;
	else
		migsel_rule_prepare(&ask->rule);
	err = route_get(ask, info);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(info->extack, "out of memory");
	rtnl_unlock();

	dst_release(ask->route);
	dst_release(ask->plain);
	kfree(ask);
	return err;
}
