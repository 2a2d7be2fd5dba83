/* SPDX-License-Identifier: GPL-2.0-only */
/* What the socket of a packet says of it. */

#ifndef _MIGSEL_SENDER_H
#define _MIGSEL_SENDER_H

#include <linux/in.h>
#include <linux/skbuff.h>
#include <linux/sock_diag.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "rule.h"

/*
 * Whether a socket may be bound to the address that it has. Sockets of raw IP and of L2TP
 * have one from bind() or from connect(); only whether they are connected can be seen.
 * SCTP does not record bind() either.
 */
static __always_inline bool sk_may_be_bound(const struct sock *sk)
{
	if (sk->sk_userlocks & SOCK_BINDADDR_LOCK ||
	    sk->sk_protocol == IPPROTO_SCTP)
		return true;
	return (sk->sk_type == SOCK_RAW || sk->sk_protocol == IPPROTO_L2TP) &&
	       sk->sk_state != TCP_ESTABLISHED;
}

static inline bool sctp_is_bound(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return !ipv6_addr_any(&sk->sk_v6_rcv_saddr);
#endif
	return inet_sk(sk)->inet_rcv_saddr;
}

static inline bool sk_is_udp_flow(const struct sock *sk)
{
	return sk_is_inet(sk) && sk->sk_type == SOCK_DGRAM &&
	       sk->sk_protocol == IPPROTO_UDP &&
	       sk->sk_state == TCP_ESTABLISHED;
}

/*
 * As sk_is_tcp(), of a socket that is known to be one of IP. Together the two fields are
 * dearer to test.
 */
static __always_inline bool inet_is_tcp(const struct sock *sk)
{
	return READ_ONCE(sk->sk_protocol) == IPPROTO_TCP &&
	       sk->sk_type == SOCK_STREAM;
}

/* Whether a socket of TCP is one end of a connection, or about to be. */
static __always_inline bool tcp_is_flow(const struct sock *sk)
{
	return !((1 << inet_sk_state_load(sk)) & (TCPF_CLOSE | TCPF_LISTEN));
}

static inline bool sk_is_tcp_flow(const struct sock *sk)
{
	return sk_is_tcp(sk) && tcp_is_flow(sk);
}

/**
 * migsel_cookie - what tells a socket from all others
 * @sk: the socket
 *
 * Context: any but hard interrupt.
 * Return: its cookie, which it gets if it has none.
 */
static inline u64 migsel_cookie(struct sock *sk)
{
	u32 halves[2];

	if (!atomic64_read(&sk->sk_cookie))
		sock_diag_save_cookie(sk, halves);
	return atomic64_read(&sk->sk_cookie);
}

/**
 * migsel_own_addr - the address that a socket has of its own
 * @sk: the socket, a full one
 * @family: of its packets
 *
 * Context: any.
 * Return: the address, 4 or 16 bytes in network order, or NULL if it has none.
 */
static __always_inline const void *migsel_own_addr(const struct sock *sk,
						   enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return inet_sk(sk)->inet_rcv_saddr ?
		       &inet_sk(sk)->inet_rcv_saddr : NULL;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_any(&sk->sk_v6_rcv_saddr))
		return &sk->sk_v6_rcv_saddr;
#endif
	return NULL;
}

/**
 * migsel_bound_addr - the address that the sender of a packet has bound its socket to
 * @sk: its socket, a full one
 * @skb: the packet
 * @family: its family
 *
 * SCTP may be bound to several addresses, and sends from one of them.
 *
 * Context: any.
 * Return: the address, 4 or 16 bytes in network order, or NULL if to none.
 */
static __always_inline const void *
migsel_bound_addr(const struct sock *sk, const struct sk_buff *skb,
		  enum migsel_family family)
{
	if (!sk_may_be_bound(sk))
		return NULL;
	if (sk->sk_protocol == IPPROTO_SCTP) {
		if (!sctp_is_bound(sk))
			return NULL;
		return family == MIGSEL_INET ? (void *)&ip_hdr(skb)->saddr :
					       (void *)&ipv6_hdr(skb)->saddr;
	}
	return migsel_own_addr(sk, family);
}

#endif /* _MIGSEL_SENDER_H */
