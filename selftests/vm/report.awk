# SPDX-License-Identifier: GPL-2.0-only
# Prints what a kernel's log reports as wrong: each report up to its end mark, a
# lone line with nothing after it.
{ sub(/\r$/, "") }

/WARNING: |BUG: |BUG at |Oops: |Oops!|Kernel panic|general protection fault/ ||
/INFO: (task|possible|rcu|suspicious|trying)|rcu: INFO:|suspicious RCU usage/ ||
/possible recursive locking|possible circular locking|DEBUG_LOCKS_WARN_ON/ ||
/KASAN|KCSAN|UBSAN: |soft lockup|hard LOCKUP|refcount_t: / ||
/ref_tracker: .* (has|users)|leaked reference/ ||
/unregister_netdevice: waiting for|sleeping function called from invalid context/ ||
/list_(add|del) corruption|scheduling while atomic|double fault/ {
	left = 60
}

# What the last scan for leaks found, from guest.sh; and that kmemleak gave up.
/kmemleak: (unreferenced object|  )|kmemleak: .*(Cannot|pool empty|disabled)/ && left <= 0 {
	print
	next
}

left > 0 {
	print
	left--
}

/---\[ end |^\[[^]]*\] +<\/TASK>|waiting for .* to become free/ { left = 0 }
