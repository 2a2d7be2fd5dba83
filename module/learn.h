/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes that sockets keep. */

#ifndef _MIGSEL_LEARN_H
#define _MIGSEL_LEARN_H

#include <linux/types.h>
#include <net/inet_sock.h>
#include <net/tcp_states.h>

struct dst_entry;
struct migsel_flow_key;
struct migsel_learners;
struct migsel_net;
struct migsel_snap;

/**
 * sk_is_tcp_flow - whether a socket is one end of a TCP connection
 * @sk: a full socket
 *
 * Return: true if it is, or is about to be.
 */
static __always_inline bool sk_is_tcp_flow(const struct sock *sk)
{
	return sk_is_tcp(sk) &&
	       !((1 << inet_sk_state_load(sk)) & (TCPF_CLOSE | TCPF_LISTEN));
}

bool migsel_sk_has_tuple(const struct sock *sk,
			 const struct migsel_flow_key *key);
bool migsel_sk_tags(const struct migsel_snap *snap, const struct sock *sk,
		    u32 mark);
void migsel_keep(struct sock *sk, struct dst_entry *old,
		 struct dst_entry *route, const struct migsel_flow_key *key);
void migsel_tcp_learn(struct migsel_learners *learners,
		      const struct migsel_flow_key *key, struct sock *sk);
struct migsel_learners *migsel_learners_alloc(struct migsel_net *ms);
void migsel_learners_free(struct migsel_learners *learners);

#endif /* _MIGSEL_LEARN_H */
