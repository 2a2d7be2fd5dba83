# SPDX-License-Identifier: GPL-2.0-only
# Prints what a kernel's log reports as wrong: each report up to its end mark, a
# lone line with nothing after it.
{ sub(/\r$/, "") }

/WARNING: |BUG: |BUG at |Oops: |Oops!|Kernel panic|general protection fault/ ||
/INFO: (task|possible|rcu|suspicious|trying)|rcu: INFO:|suspicious RCU usage/ ||
/possible recursive locking|possible circular locking|DEBUG_LOCKS_WARN_ON/ ||
/KASAN|KCSAN|UBSAN: |kmemleak: .*suspected|soft lockup|hard LOCKUP|refcount_t: / ||
/unregister_netdevice: waiting for|sleeping function called from invalid context/ ||
/list_(add|del) corruption|scheduling while atomic|double fault/ {
	left = 60
}

left > 0 {
	print
	left--
}

/---\[ end |^\[[^]]*\] +<\/TASK>|suspected memory leaks|waiting for .* to become free/ { left = 0 }
