/* SPDX-License-Identifier: GPL-2.0-only */
/* Which flows were steered lately. */

#ifndef _MIGSEL_STEERED_H
#define _MIGSEL_STEERED_H

#include <linux/types.h>

struct migsel_flow_key;
struct migsel_steered;

void migsel_steered_note(struct migsel_steered *memory, u64 id,
			 const struct migsel_flow_key *key);
bool migsel_steered_find(struct migsel_steered *memory,
			 struct migsel_flow_key *key);
struct migsel_steered *migsel_steered_alloc(void);

#endif /* _MIGSEL_STEERED_H */
