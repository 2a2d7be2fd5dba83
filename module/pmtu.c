// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP messages about steered packets: too big, or better sent elsewhere.
 *
 * The kernel takes for granted that a packet left by the plain route. It would let
 * that one learn, and the flow never would. So these messages are heeded here, for
 * the vmk that the flow leaves by, and go no further.
 */

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/route.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <net/xfrm.h>

#include "learn.h"
#include "migsel.h"
#include "pmtu.h"
#include "route.h"
#include "snap.h"
#include "steered.h"

/**
 * struct message - an ICMP message
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @skb: the message
 * @key: the packet that it quotes
 * @icmp: where its ICMP header begins, from its IP header
 * @quoted: where the quoted packet does, likewise
 * @transport: where its transport header does, likewise
 * @mtu: the MTU that it tells, in bytes
 * @type: its type
 * @code: its code
 * @redirect: it tells of another gateway, and no MTU
 */
struct message {
	struct migsel_net *ms;
	const struct migsel_snap *snap;
	struct sk_buff *skb;
	struct migsel_flow_key key;
	unsigned int icmp;
	unsigned int quoted;
	unsigned int transport;
	u32 mtu;
	u8 type;
	u8 code;
	bool redirect;
};

/* Whether the socket keeps a route by a vmk for its tag. Completes the key if so. */
static bool message_kept(struct message *m, struct sock *sk)
{
	u32 mark = READ_ONCE(sk->sk_mark);
	struct dst_entry *dst;
	bool kept;

	if (READ_ONCE(sk->sk_bound_dev_if) || !migsel_sk_tags(m->snap, sk, mark))
		return false;
	/* The FIB frees its routes without a grace period. */
	dst = sk_dst_get(sk);
	kept = dst && !dst_xfrm(dst);
	if (kept) {
		m->key.mark = mark;
		m->key.oif = dst_dev_rcu(dst)->ifindex;
	}
	dst_release(dst);
	return kept;
}

static bool message_steered(struct message *m, struct sock *sk)
{
	if (!migsel_steered_find(m->ms->steered, &m->key) &&
	    !(sk && message_kept(m, sk)))
		return false;
	m->key.uid = sock_net_uid(m->ms->net, sk);
	return migsel_snap_find(m->snap, m->key.oif);
}

/*
 * Let the route by the vmk learn. Without a socket the kernel takes device and mark from
 * the skb. Of a message with an MTU it expects the quoted packet at the network header, of
 * a redirect of IPv4 at the data, and a redirect of IPv6 as it came.
 */
static void message_file(const struct message *m, const struct sock *sk)
{
	struct sk_buff *skb = m->skb;
	struct net_device *dev = skb->dev;
	int network = skb_network_offset(skb);
	u32 mark = skb->mark;
	struct dst_entry *dst;

	dst = migsel_route_lookup(m->ms->net, &m->key, sk);
	if (IS_ERR(dst))
		return;
	if (dst_xfrm(dst))
		goto out;

	skb->mark = m->key.mark;
	if (m->redirect && m->key.family == MIGSEL_INET6) {
		skb_set_transport_header(skb, m->icmp);
		dst->ops->redirect(dst, NULL, skb);
	} else if (m->redirect) {
		__skb_pull(skb, m->quoted);
		dst->ops->redirect(dst, NULL, skb);
		__skb_push(skb, m->quoted);
	} else {
		skb->dev = dst_dev_rcu(dst);
		skb_set_network_header(skb, m->quoted);
		dst->ops->update_pmtu(dst, NULL, skb, m->mtu, false);
		skb_set_network_header(skb, network);
		skb->dev = dev;
	}
	skb->mark = mark;
out:
	dst_release(dst);
}

static bool accepts_pmtu(const struct message *m, const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (m->key.family == MIGSEL_INET6)
		return ip6_sk_accept_pmtu(sk);
#endif
	return ip_sk_accept_pmtu(sk);
}

static unsigned int message_heeded(const struct message *m)
{
	consume_skb(m->skb);
	return NF_STOLEN;
}

static struct sock *tcp_lookup(const struct message *m)
{
	const struct migsel_flow_key *key = &m->key;

	if (key->family == MIGSEL_INET)
		return __inet_lookup_established(m->ms->net,
						 key->daddr.s6_addr32[3],
						 key->dport,
						 key->saddr.s6_addr32[3],
						 ntohs(key->sport),
						 m->skb->dev->ifindex,
						 inet_sdif(m->skb));
#if IS_ENABLED(CONFIG_IPV6)
	return __inet6_lookup_established(m->ms->net, &key->daddr, key->dport,
					  &key->saddr, ntohs(key->sport),
					  m->skb->dev->ifindex,
					  inet6_sdif(m->skb));
#else
	return NULL;
#endif
}

/* An attacker off the path does not know which sequence numbers are on their way. */
static bool tcp_expects(const struct message *m, const struct sock *sk)
{
	const struct tcphdr *th = (const void *)m->skb->data + m->transport;
	const struct tcp_sock *tp = tcp_sk(sk);

	return between(ntohl(th->seq), READ_ONCE(tp->snd_una),
		       READ_ONCE(tp->snd_nxt));
}

/* With authentication, TCP ignores what is not authentic. */
static bool tcp_ao_ignores(const struct message *m, const struct sock *sk)
{
#ifdef CONFIG_TCP_AO
	const struct tcp_ao_info *ao = rcu_dereference(tcp_sk(sk)->ao_info);

	return ao && !ao->accept_icmps && !m->redirect &&
	       !((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV));
#else
	return false;
#endif
}

/* What the kernel itself does not heed. It is left to it, as it counts that. */
static bool tcp_ignores(const struct message *m, const struct sock *sk)
{
	const struct iphdr *quoted = (const void *)m->skb->data + m->quoted;

#if IS_ENABLED(CONFIG_IPV6)
	if (m->key.family == MIGSEL_INET6)
		return ipv6_hdr(m->skb)->hop_limit <
		       READ_ONCE(inet6_sk(sk)->min_hopcount);
#endif
	return tcp_ao_ignores(m, sk) ||
	       quoted->ttl < READ_ONCE(inet_sk(sk)->min_ttl);
}

static unsigned int message_tcp(struct message *m)
{
	struct sock *sk = tcp_lookup(m);
	unsigned int verdict = NF_ACCEPT;

	if (!sk)
		return NF_ACCEPT;
	if (!sk_fullsock(sk) || tcp_ignores(m, sk) || !tcp_expects(m, sk) ||
	    !message_steered(m, sk))
		goto out;

	if (m->redirect) {
		message_file(m, sk);
	} else if (accepts_pmtu(m, sk)) {
		message_file(m, sk);
		migsel_tcp_learn(m->ms->learners, &m->key, sk);
	}
	verdict = message_heeded(m);
out:
	sock_gen_put(sk);
	return verdict;
}

static struct sock *udp_lookup(const struct message *m, __be16 from, __be16 to)
{
	const struct migsel_flow_key *key = &m->key;

	if (key->family == MIGSEL_INET)
		return __udp4_lib_lookup(m->ms->net, key->daddr.s6_addr32[3],
					 to, key->saddr.s6_addr32[3], from,
					 m->skb->dev->ifindex,
					 inet_sdif(m->skb), NULL);
#if IS_ENABLED(CONFIG_IPV6)
	return __udp6_lib_lookup(m->ms->net, &key->daddr, to, &key->saddr, from,
				 m->skb->dev->ifindex, inet6_sdif(m->skb),
				 NULL);
#else
	return NULL;
#endif
}

/* Give a socket that keeps its route the new one at once. */
static void udp_learn(const struct message *m, struct sock *sk)
{
	struct dst_entry *old, *dst;

	if (sk->sk_state != TCP_ESTABLISHED ||
	    !migsel_sk_tags(m->snap, sk, m->key.mark))
		return;
	old = sk_dst_get(sk);
	if (!old)
		return;
	dst = migsel_route_lookup(m->ms->net, &m->key, sk);
	if (!IS_ERR(dst)) {
		if (!dst_xfrm(old) && !dst_xfrm(dst) &&
		    dst_dev_rcu(old) == dst_dev_rcu(dst))
			migsel_keep(sk, old, dst, &m->key);
		dst_release(dst);
	}
	dst_release(old);
}

static bool udp_queues(const struct message *m, const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (m->key.family == MIGSEL_INET6)
		return inet6_test_bit(RECVERR6, sk);
#endif
	return inet_test_bit(RECVERR, sk);
}

/* Leave the message in the error queue of a socket, as the kernel would. */
static void udp_queue(const struct message *m, struct sock *sk)
{
	bool v4 = m->key.family == MIGSEL_INET;
	struct sk_buff *skb = skb_clone(m->skb, GFP_ATOMIC);
	struct sock_exterr_skb *error;

	if (!skb)
		return;
	error = SKB_EXT_ERR(skb);
	memset(&error->ee, 0, sizeof(error->ee));
	error->ee.ee_errno = EMSGSIZE;
	error->ee.ee_origin = v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
	error->ee.ee_type = m->type;
	error->ee.ee_code = m->code;
	error->ee.ee_info = m->mtu;
	error->addr_offset = m->quoted + (v4 ? offsetof(struct iphdr, daddr) :
					       offsetof(struct ipv6hdr, daddr));
	error->port = m->key.dport;

	__skb_pull(skb, m->transport + sizeof(struct udphdr));
	skb_reset_transport_header(skb);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

static void udp_tell(const struct message *m, struct sock *sk)
{
	if (udp_queues(m, sk))
		udp_queue(m, sk);
	else if (sk->sk_state != TCP_ESTABLISHED)
		return;
	WRITE_ONCE(sk->sk_err, EMSGSIZE);
	sk_error_report(sk);
}

static bool udp_discovers(const struct message *m, const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (m->key.family == MIGSEL_INET6)
		return ip6_sk_accept_pmtu(sk) &&
		       (inet6_sk(sk)->pmtudisc != IPV6_PMTUDISC_DONT ||
			udp_queues(m, sk));
#endif
	return READ_ONCE(inet_sk(sk)->pmtudisc) != IP_PMTUDISC_DONT;
}

/*
 * Whether a tunnel has sent the packet. Most have a source port for each inner flow, and
 * receive by the port that they send to.
 */
static bool udp_is_tunnel(const struct message *m, const struct sock *sk)
{
	if (!sk)
		sk = udp_lookup(m, m->key.dport, m->key.sport);
	return sk && READ_ONCE(udp_sk(sk)->encap_type);
}

static unsigned int message_udp(struct message *m)
{
	struct sock *sk;

	/* The kernel finds the route itself, by the router that has sent the message. */
	if (m->redirect && m->key.family == MIGSEL_INET6)
		return NF_ACCEPT;

	sk = udp_lookup(m, m->key.sport, m->key.dport);
	/* Tunnels learn from their plain route. */
	if (udp_is_tunnel(m, sk) || !message_steered(m, sk))
		return NF_ACCEPT;

	if (m->redirect) {
		message_file(m, sk);
		return message_heeded(m);
	}
	/* Also for a socket that ignores it: else a route would tell which ports are open. */
	message_file(m, sk);
	if (sk && accepts_pmtu(m, sk))
		udp_learn(m, sk);
	if (sk && udp_discovers(m, sk))
		udp_tell(m, sk);
	return message_heeded(m);
}

/* Returns false if net.ipv4.ip_no_pmtu_disc has the message ignored. */
static bool pmtu_discovery(struct message *m, u8 proto)
{
	switch (READ_ONCE(m->ms->net->ipv4.sysctl_ip_no_pmtu_disc)) {
	case 0:
		return true;
	case 2:
		return false;
	case 3:
		return proto == IPPROTO_TCP;
	default:
		m->mtu = 0;
		return true;
	}
}

/* Returns whether the message is whole, and of a kind that is heeded here. */
static bool message_inet(struct message *m)
{
	unsigned int offset = ip_hdrlen(m->skb);
	const struct icmphdr *icmph;
	const struct iphdr *iph;

	m->quoted = offset + sizeof(*icmph);
	if (!pskb_may_pull(m->skb, m->quoted + sizeof(*iph)))
		return false;
	icmph = (const void *)m->skb->data + offset;
	m->type = icmph->type;
	m->code = icmph->code;
	m->redirect = m->type == ICMP_REDIRECT;
	if (!m->redirect &&
	    (m->type != ICMP_DEST_UNREACH || m->code != ICMP_FRAG_NEEDED))
		return false;
	m->mtu = ntohs(icmph->un.frag.mtu);

	iph = (const void *)m->skb->data + m->quoted;
	if (iph->ihl < 5 || iph->frag_off & htons(IP_OFFSET))
		return false;
	m->transport = m->quoted + iph->ihl * 4;
	if (!m->redirect && !pmtu_discovery(m, iph->protocol))
		return false;
	return pskb_may_pull(m->skb, m->transport + sizeof(struct udphdr)) &&
	       !nf_ip_checksum(m->skb, NF_INET_LOCAL_IN, offset, IPPROTO_ICMP);
}

/* What came in fragments, or as the only one, is not to be heeded (RFC 6980). */
static bool is_fragmented(const struct sk_buff *skb)
{
	return ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6 ||
	       IP6CB(skb)->flags & IP6SKB_FRAGMENTED;
}

/*
 * Where a redirect of IPv6 quotes a packet, 0 if it does not, or is not from a router
 * on the link.
 */
static unsigned int redirect_quotes(struct sk_buff *skb, unsigned int icmp)
{
	unsigned int at = icmp + sizeof(struct rd_msg), len;
	const struct nd_opt_hdr *option;

	if (ipv6_hdr(skb)->hop_limit != 255 || is_fragmented(skb) ||
	    skb_linearize(skb) ||
	    !(ipv6_addr_type(&ipv6_hdr(skb)->saddr) & IPV6_ADDR_LINKLOCAL))
		return 0;
	for (; at + 8 <= skb->len; at += len) {
		option = (const void *)skb->data + at;
		len = option->nd_opt_len * 8;
		if (!len)
			return 0;
		if (option->nd_opt_type == ND_OPT_REDIRECT_HDR)
			return at + 8;
	}
	return 0;
}

static bool message_inet6(struct message *m)
{
	u8 proto = ipv6_hdr(m->skb)->nexthdr;
	const struct icmp6hdr *icmph;
	const struct ipv6hdr *iph;
	__be16 frag_off = 0;
	int offset;

	offset = ipv6_skip_exthdr(m->skb, sizeof(*iph), &proto, &frag_off);
	if (offset < 0 || frag_off || proto != IPPROTO_ICMPV6)
		return false;
	m->icmp = offset;
	if (!pskb_may_pull(m->skb, m->icmp + sizeof(*icmph)))
		return false;
	icmph = (const void *)m->skb->data + m->icmp;
	m->type = icmph->icmp6_type;
	m->code = icmph->icmp6_code;
	m->mtu = ntohl(icmph->icmp6_mtu);
	m->redirect = m->type == NDISC_REDIRECT && !m->code;
	if (m->redirect)
		m->quoted = redirect_quotes(m->skb, m->icmp);
	else if (m->type == ICMPV6_PKT_TOOBIG)
		m->quoted = m->icmp + sizeof(*icmph);
	if (!m->quoted || !pskb_may_pull(m->skb, m->quoted + sizeof(*iph)))
		return false;

	iph = (const void *)m->skb->data + m->quoted;
	proto = iph->nexthdr;
	offset = ipv6_skip_exthdr(m->skb, m->quoted + sizeof(*iph), &proto,
				  &frag_off);
	if (offset < 0)
		return false;
	m->transport = offset;
	return pskb_may_pull(m->skb, m->transport + sizeof(struct udphdr)) &&
	       !nf_ip6_checksum(m->skb, NF_INET_LOCAL_IN, m->icmp,
				IPPROTO_ICMPV6);
}

/* The kernel asks the policy of IPsec after the hooks, and drops what it forbids. */
static bool message_allowed(const struct message *m, enum migsel_family family)
{
	return family == MIGSEL_INET ?
	       xfrm4_policy_check(NULL, XFRM_POLICY_IN, m->skb) :
	       xfrm6_policy_check(NULL, XFRM_POLICY_IN, m->skb);
}

static bool maybe_icmp(const struct sk_buff *skb, enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return ip_hdr(skb)->protocol == IPPROTO_ICMP;
	return ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6 ||
	       ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr);
}

/**
 * migsel_pmtu_hook - heed an ICMP message about a steered packet
 * @priv: migsel in its namespace
 * @skb: any packet that is received
 * @state: how it came here
 *
 * Context: under rcu_read_lock(), any but hard interrupt: what a program has let pass
 * (NF_QUEUE) comes with bottom halves on.
 * Return: NF_STOLEN if it was such a message, or NF_ACCEPT.
 */
unsigned int migsel_pmtu_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct message m = {
		.ms = priv,
		.skb = skb,
	};
	enum migsel_family family = state->pf == NFPROTO_IPV4 ? MIGSEL_INET :
								MIGSEL_INET6;
	int network = skb_network_offset(skb);

	if (likely(!maybe_icmp(skb, family)))
		return NF_ACCEPT;

	m.snap = rcu_dereference(m.ms->snap);
	if (!m.snap || m.snap->policy.mode != MIGSEL_MODE_ENFORCE ||
	    !(family == MIGSEL_INET ? message_inet(&m) : message_inet6(&m)) ||
	    !message_allowed(&m, family))
		return NF_ACCEPT;

	skb_set_network_header(skb, m.quoted);
	migsel_flow_key(&m.key, skb, family, m.ms->net, NULL);
	skb_set_network_header(skb, network);
	switch (m.key.proto) {
	case IPPROTO_TCP:
		return message_tcp(&m);
	case IPPROTO_UDP:
		return message_udp(&m);
	}
	return NF_ACCEPT;
}
