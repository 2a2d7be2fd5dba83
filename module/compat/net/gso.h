/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_GSO_H
#define _MIGSEL_COMPAT_NET_GSO_H

#include <linux/skbuff.h>
#if __has_include_next(<net/gso.h>)
#include_next <net/gso.h>
#endif

#endif /* _MIGSEL_COMPAT_NET_GSO_H */
