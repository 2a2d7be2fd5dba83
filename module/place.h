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

u64 migsel_flow_id(const struct migsel_flow_key *key);
int migsel_flow_ifindex(struct migsel_flows *flows, u64 id);
bool migsel_flow_alarm(struct migsel_flows *flows, u64 id,
		       enum migsel_reason reason, u16 audience);
enum migsel_reason migsel_place(struct migsel_flows *flows,
				const struct migsel_snap *snap,
				enum migsel_family family, u64 id,
				const u8 *state, int *vmk);
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
