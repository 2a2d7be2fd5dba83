/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before arch/um/os-Linux/mem.c, which maps what KASAN knows of all memory.
 * Each new program is a fork of the kernel's process and does without that: not to
 * copy its page tables, and to have it in large pages, saves a fifth of the time.
 */
#ifdef __UM_HOST__
#include <sys/mman.h>

static inline void *mmap_not_copied(void *start, size_t size, int prot,
				    int flags, int file, off_t offset)
{
	void *memory = mmap(start, size, prot, flags, file, offset);

	if (memory != MAP_FAILED && flags & MAP_NORESERVE) {
		madvise(memory, size, MADV_WIPEONFORK);
		madvise(memory, size, MADV_HUGEPAGE);
	}
	return memory;
}

#define mmap(...) mmap_not_copied(__VA_ARGS__)
#endif
