/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_LINUX_LOCAL_LOCK_H
#define _MIGSEL_COMPAT_LINUX_LOCAL_LOCK_H

/* With PREEMPT_RT or lockdep the header of 6.12 needs these, but does not include them. */
#include <linux/sched.h>
#include <linux/spinlock.h>
#include_next <linux/local_lock.h>

/* Before 6.11 it is enough that bottom halves are off, on PREEMPT_RT, too. */
#ifndef local_lock_nested_bh
#define local_lock_nested_bh(lock)	local_lock(lock)
#define local_unlock_nested_bh(lock)	local_unlock(lock)
#endif

#endif /* _MIGSEL_COMPAT_LINUX_LOCAL_LOCK_H */
