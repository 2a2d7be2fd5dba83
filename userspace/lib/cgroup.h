/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CGROUP_H
#define CGROUP_H

#include <linux/types.h>

/* A cgroup below the caller's own. */
struct cgroup {
	int parent;	/* directories */
	int dir;
	char name[48];
};

/*
 * All return 0, or STATUS_FAILED with the complaint made. What has been made
 * is left to cgroup_clean_up() to remove.
 */
int cgroup_make(struct cgroup *cgroup, const char *purpose);
/* Sets the bits of @mask in the mark of each socket made in the cgroup. */
int cgroup_mark_sockets(const struct cgroup *cgroup, __u32 mask,
			__u32 value);
int cgroup_enter(const struct cgroup *cgroup);

/*
 * Leaves a process behind that removes the cgroup when the caller, or what it
 * has become by execve(), has ended and the cgroup is empty.
 */
int cgroup_clean_up(const struct cgroup *cgroup);

#endif
