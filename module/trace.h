/* SPDX-License-Identifier: GPL-2.0-only */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM migsel

#if !defined(_MIGSEL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MIGSEL_TRACE_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>
#include <linux/migsel.h>

#include "reasons.h"
#include "route.h"
#include "rule.h"

#define REASON_ENUM(reason, name) TRACE_DEFINE_ENUM(MIGSEL_REASON_##reason);
MIGSEL_REASON_NAMES(REASON_ENUM, REASON_ENUM)
TRACE_DEFINE_ENUM(MIGSEL_CLASS_NONE);
TRACE_DEFINE_ENUM(MIGSEL_CLASS_HOT);
TRACE_DEFINE_ENUM(MIGSEL_CLASS_COLD);

#define show_migsel_class(class)					\
	__print_symbolic(class,						\
			 { MIGSEL_CLASS_NONE,	"none" },		\
			 { MIGSEL_CLASS_HOT,	"hot" },		\
			 { MIGSEL_CLASS_COLD,	"cold" })

#define REASON_SYMBOL(reason, name) { MIGSEL_REASON_##reason, name },
#define REASON_LAST_SYMBOL(reason, name) { MIGSEL_REASON_##reason, name }

#define show_migsel_reason(value)					\
	__print_symbolic(value, MIGSEL_REASON_NAMES(REASON_SYMBOL,	\
						    REASON_LAST_SYMBOL))

/* Tells of each decision that was not answered from a cached one. */
TRACE_EVENT(migsel_select,

	TP_PROTO(enum migsel_class class, const struct migsel_flow_key *key,
		 enum migsel_reason reason, const struct net_device *dev),

	TP_ARGS(class, key, reason, dev),

	TP_STRUCT__entry(
		__field(int, class)
		__field(int, family)
		__field(int, reason)
		__field(int, ifindex)
		__array(__u8, saddr, 16)
		__array(__u8, daddr, 16)
		__array(char, dev, IFNAMSIZ)
	),

	TP_fast_assign(
		__entry->class = class;
		__entry->family = key->family == MIGSEL_INET ? AF_INET :
							       AF_INET6;
		__entry->reason = reason;
		__entry->ifindex = dev ? dev->ifindex : 0;
		memcpy(__entry->saddr, &key->saddr, 16);
		memcpy(__entry->daddr, &key->daddr, 16);
		strscpy(__entry->dev, dev ? dev->name : "-", IFNAMSIZ);
	),

	TP_printk("class=%s family=%d saddr=%pI6c daddr=%pI6c reason=%s dev=%s",
		  show_migsel_class(__entry->class), __entry->family,
		  __entry->saddr, __entry->daddr,
		  show_migsel_reason(__entry->reason), __entry->dev)
);

#endif /* _MIGSEL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
