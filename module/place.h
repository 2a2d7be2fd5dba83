/* SPDX-License-Identifier: GPL-2.0-only */
/* The bounded memory of flows. */

#ifndef _MIGSEL_PLACE_H
#define _MIGSEL_PLACE_H

#include <linux/migsel.h>
#include <linux/types.h>

#include "rule.h"

struct migsel_flow_key;
struct migsel_flows;
struct migsel_snap;

/**
 * struct migsel_choice - a vmk for a flow
 * @vmk: its position, or MIGSEL_NO_VMK, as it is before one is chosen
 * @current_vmk: position of the one on which the flow lived before, or MIGSEL_NO_VMK
 * @changes: tells whether something has changed since it was chosen
 */
struct migsel_choice {
	int vmk;
	int current_vmk;
	u32 changes;
};

u64 migsel_flow_id(const struct migsel_flow_key *key);
int migsel_flow_ifindex(struct migsel_flows *flows, u64 id);
bool migsel_flow_heard(struct migsel_flows *flows, u64 id,
		       enum migsel_reason reason, u16 audience);
bool migsel_flow_alarm(struct migsel_flows *flows, u64 id,
		       enum migsel_reason reason, u16 audience);
enum migsel_reason migsel_place(struct migsel_flows *flows,
				const struct migsel_snap *snap,
				enum migsel_family family, u64 id,
				const u8 *state, struct migsel_choice *choice);
u32 migsel_place_order(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, const u8 *state, u8 *order);
void migsel_place_peek(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, u32 *placed);
void migsel_place_sync(struct migsel_flows *flows,
		       const struct migsel_snap *snap);
struct migsel_flows *migsel_flows_alloc(void);

#endif /* _MIGSEL_PLACE_H */
