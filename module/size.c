// SPDX-License-Identifier: GPL-2.0-only
/*
 * The size of packets that are moved to another route: the sender has cut them for
 * the route that it knows.
 */

#include <linux/tcp.h>
#include <net/dst.h>
#include <net/inet_connection_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "refuse.h"
#include "size.h"

/**
 * migsel_tcp_cuts - whether TCP can cut segments for an MTU
 * @net: the namespace
 * @family: of the packets
 * @mtu: the MTU in bytes
 *
 * Return: false if it cannot, as net.ipv4.tcp_min_snd_mss forbids smaller ones.
 */
bool migsel_tcp_cuts(const struct net *net, enum migsel_family family, u32 mtu)
{
	u32 least = READ_ONCE(net->ipv4.sysctl_tcp_min_snd_mss);
	u32 headers = sizeof(struct tcphdr) +
		      (family == MIGSEL_INET ? sizeof(struct iphdr) :
					       sizeof(struct ipv6hdr));

	return mtu >= headers + max(least, TCP_MIN_MSS);
}

/* With IPv6, nothing that TCP has made. */
static bool may_fragment(const struct sk_buff *skb)
{
	return skb->ignore_df ||
	       (skb->protocol == htons(ETH_P_IP) &&
		!(ip_hdr(skb)->frag_off & htons(IP_DF)));
}

/**
 * migsel_tcp_fits - whether TCP need not cut a packet anew for its route
 * @skb: the packet
 *
 * Context: under rcu_read_lock().
 * Return: false if it is too big, unless TCP cannot make it smaller and it may be
 * fragmented.
 */
bool migsel_tcp_fits(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	unsigned int mtu = dst_mtu(dst);

#ifdef IP6SKB_FAKEJUMBO
	/* That header never leaves the host. */
	if (skb->protocol == htons(ETH_P_IPV6) &&
	    IP6CB(skb)->flags & IP6SKB_FAKEJUMBO)
		mtu += sizeof(struct hop_jumbo_hdr);
#endif
	return migsel_skb_fits(skb, mtu) ||
	       (may_fragment(skb) &&
		!migsel_tcp_cuts(dev_net(dst_dev_rcu(dst)), MIGSEL_INET, mtu));
}

/* Whether a packet neither fits its route nor may be fragmented. */
static bool too_big(const struct sk_buff *skb, enum migsel_family family,
		    struct sock *sk, u32 *mtu)
{
	if (may_fragment(skb) || dst_xfrm(skb_dst(skb)))
		return false;
	if (family == MIGSEL_INET) {
		*mtu = ip_skb_dst_mtu(sk, skb);
	} else {
#if IS_ENABLED(CONFIG_IPV6)
		*mtu = ip6_skb_dst_mtu(skb);
#endif
	}
	return !migsel_skb_fits(skb, *mtu);
}

/**
 * migsel_tcp_limit - let TCP cut segments for the MTU of a route that it does not know
 * @sk: a socket of TCP, locked
 * @mtu: the MTU of the route in bytes
 *
 * The only bound that belongs to the connection, and not to its route, is the segment size
 * that the peer has announced. TCP looks at it when the MTU changes, so the MTU is made to
 * seem changed.
 */
void migsel_tcp_limit(struct sock *sk, u32 mtu)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int mss = mtu - icsk->icsk_af_ops->net_header_len -
		  sizeof(struct tcphdr);

	mss = max_t(int, mss, TCP_MIN_MSS);
	/* In SYN-SENT the peer's announcement is still to come. */
	if (sk->sk_state == TCP_SYN_SENT || tp->rx_opt.mss_clamp <= mss)
		return;
	tp->rx_opt.mss_clamp = mss;
	icsk->icsk_pmtu_cookie = IP_MAX_MTU + 1;
}

/* Where the segment size is in the header, 0 if nowhere or not to be touched. */
static unsigned int find_mss(const struct tcphdr *th)
{
	const u8 *options = (const u8 *)th;
	unsigned int i, len, found = 0;

	for (i = sizeof(*th); i < th->doff * 4; i += len) {
		if (options[i] == TCPOPT_EOL)
			break;
		len = 1;
		if (options[i] == TCPOPT_NOP)
			continue;
		if (i + 1 >= th->doff * 4)
			return 0;
		len = options[i + 1];
		if (len < 2 || i + len > th->doff * 4)
			return 0;
		if (options[i] == TCPOPT_MSS && len == TCPOLEN_MSS)
			found = i + 2;
		/* TCP-AO signs the options. */
		if (options[i] == 29)
			return 0;
	}
	return found;
}

/*
 * Let a SYN or SYN-ACK announce no larger segment than its route takes. Returns that size
 * in bytes, or 0 if nothing had to be changed.
 */
static u16 syn_mss(struct sk_buff *skb)
{
	unsigned int offset = skb_transport_offset(skb);
	struct tcphdr *th = tcp_hdr(skb);
	unsigned int len = offset + th->doff * 4;
	unsigned int at;
	u16 mss, old;
	__be16 *field;

	at = pskb_may_pull(skb, len) ? find_mss(tcp_hdr(skb)) : 0;
	if (!at)
		return 0;
	mss = min_t(u32, dst_metric_advmss(skb_dst(skb)), U16_MAX);
	old = get_unaligned_be16((u8 *)tcp_hdr(skb) + at);
	if (old <= mss || skb_ensure_writable(skb, len))
		return 0;
	th = tcp_hdr(skb);
	field = (__be16 *)((u8 *)th + at);
	put_unaligned_be16(mss, field);
	inet_proto_csum_replace2(&th->check, skb, htons(old), htons(mss),
				 false);
	return mss;
}

/**
 * migsel_resize - make a packet fit the route that it was moved to, or refuse it
 * @skb: the packet, with that route
 * @family: its family
 * @sk: its sender, a full socket, or NULL
 * @tcp: TCP has made it
 * @locked: TCP is sending it, with the socket locked
 * @owned: the socket keeps that route, too
 *
 * The sender has cut it for another route. Where a tunnel has made the packet, the sender
 * of the inner one learns from ICMP.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: 0, or -EMSGSIZE. A packet of TCP may still not fit.
 */
int migsel_resize(struct sk_buff *skb, enum migsel_family family,
		  struct sock *sk, bool tcp, bool locked, bool owned)
{
	u32 mtu;
	u16 mss;

	if (!tcp) {
		if (!sk || sk != skb->sk || !too_big(skb, family, sk, &mtu))
			return 0;
		migsel_report(sk, skb, EMSGSIZE, mtu);
		return -EMSGSIZE;
	}

	if (tcp_hdr(skb)->syn) {
		mss = syn_mss(skb);
		if (mss && locked)
			tcp_sk(sk)->advmss = min(tcp_sk(sk)->advmss, mss);
	}
	if (locked && !owned) {
		mtu = dst_mtu(skb_dst(skb));
		if (mtu < inet_csk(sk)->icsk_pmtu_cookie)
			migsel_tcp_limit(sk, mtu);
	}
	return 0;
}
