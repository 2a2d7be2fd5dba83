/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before the module's own code for test kernels with fault injection. What the
 * kernel cannot make fail asks kmalloc() first, which it can: per-CPU memory, and
 * memory that vmalloc() has where kmalloc() has none. It says for whom and
 * where, whether that failed, and after how many more one will.
 */
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>

static inline bool allocation_fails(gfp_t gfp, const char *where)
{
	void *memory = kmalloc(8, gfp);

	kfree(memory);
	pr_info("%d: %smemory in %s, %d left\n", current->pid, memory ? "" : "no ",
		where, current->fail_nth);
	return !memory;
}

static inline void __percpu *percpu_can_fail(size_t size, size_t align,
					     gfp_t gfp, const char *where)
{
	return allocation_fails(gfp, where) ? NULL :
	       __alloc_percpu_gfp(size, align, gfp);
}

#undef alloc_percpu_gfp
#define alloc_percpu_gfp(type, gfp)					\
	((typeof(type) __percpu *)percpu_can_fail(sizeof(type),		\
						  __alignof__(type), gfp, __func__))

static inline void *kvzalloc_can_fail(size_t size, gfp_t gfp, const char *where)
{
	return allocation_fails(gfp, where) ? NULL : kvzalloc(size, gfp);
}

#undef kvzalloc
#define kvzalloc(size, gfp) kvzalloc_can_fail(size, gfp, __func__)
