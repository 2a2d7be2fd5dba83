/* SPDX-License-Identifier: GPL-2.0-only */
/* Follows devices and addresses. */

#ifndef _MIGSEL_NOTIFIER_H
#define _MIGSEL_NOTIFIER_H

struct migsel_net;

void migsel_notifier_init_net(struct migsel_net *ms);
void migsel_notifier_exit_net(struct migsel_net *ms);
int migsel_notifier_init(void);
void migsel_notifier_exit(void);

#endif /* _MIGSEL_NOTIFIER_H */
