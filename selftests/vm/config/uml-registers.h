/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before arch/x86/um/os-Linux/registers.c, which knows of as many registers as
 * CPUs had before AMX, and hands over that many. The host takes all that its CPU has, or
 * none: the others are as at the start of a program.
 */
#ifdef __UM_HOST__
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static inline long ptrace_whole(int request, int pid, long set, void *data)
{
	static char whole[16384];
	struct iovec all = { whole, sizeof(whole) };
	const struct iovec *known = data;
	static size_t size;

	if (request != PTRACE_SETREGSET)
		return ptrace(request, pid, set, data);
	if (!size) {
		if (ptrace(PTRACE_GETREGSET, pid, set, &all) < 0)
			return -1;
		size = all.iov_len;
		memset(whole, 0, size);
	}
	if (size <= known->iov_len)
		return ptrace(request, pid, set, data);
	memcpy(whole, known->iov_base, known->iov_len);
	all.iov_len = size;
	return ptrace(request, pid, set, &all);
}

#define ptrace(...) ptrace_whole(__VA_ARGS__)
#endif
