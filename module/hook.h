/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks, and what they need. */

#ifndef _MIGSEL_HOOK_H
#define _MIGSEL_HOOK_H

struct migsel_net;
struct netlink_ext_ack;

int migsel_hook_start(struct migsel_net *ms, struct netlink_ext_ack *extack);
void migsel_hook_unregister(struct migsel_net *ms);
void migsel_hook_stop(struct migsel_net *ms);

#endif /* _MIGSEL_HOOK_H */
