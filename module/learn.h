/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes that sockets keep. */

#ifndef _MIGSEL_LEARN_H
#define _MIGSEL_LEARN_H

#include <linux/types.h>

struct dst_entry;
struct migsel_flow_key;
struct migsel_learners;
struct migsel_net;
struct migsel_snap;

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
