// SPDX-License-Identifier: GPL-2.0-only
/* A cgroup of version 2 for one command, with a program for its sockets. */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "migsel.h"
#include "print.h"

#define MAX_TRIES 64

/*
 * The tree of the caller's cgroup namespace, wherever it is mounted: a mount
 * of its own that is attached nowhere needs no path, but CAP_SYS_ADMIN.
 */
static int open_detached(void)
{
	int context, tree = -1;

	context = syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
	if (context < 0)
		return -1;
	if (!syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		tree = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	close(context);
	return tree;
}

static int open_mounted(char *where, size_t size)
{
	struct mntent *mount;
	int tree = -1;
	FILE *mounts;

	mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return -1;
	while (tree < 0 && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2"))
			continue;
		snprintf(where, size, "%s", mount->mnt_dir);
		tree = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	endmntent(mounts);
	return tree;
}

/* The caller's place in the tree, without the slash that it begins with. */
static int own_path(char *path, size_t size)
{
	char *line = NULL;
	bool found = false;
	size_t space = 0;
	FILE *file;

	file = fopen("/proc/self/cgroup", "re");
	if (!file) {
		error("cannot read /proc/self/cgroup: %s", strerror(errno));
		return STATUS_FAILED;
	}
	while (!found && getline(&line, &space, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::/", 4)) {
			snprintf(path, size, "./%s", line + 4);
			found = true;
		}
	}
	free(line);
	fclose(file);
	if (!found) {
		error("this kernel has no cgroup of version 2.");
		return STATUS_FAILED;
	}
	return 0;
}

int cgroup_make(struct cgroup *cgroup, const char *purpose)
{
	unsigned int try = 0;
	char path[4096], where[4096] = "/sys/fs/cgroup";
	int tree, ret;

	if (own_path(path, sizeof(path)))
		return STATUS_FAILED;
	tree = open_detached();
	if (tree < 0)
		tree = open_mounted(where, sizeof(where));
	if (tree < 0) {
		error("no cgroup2 file system is mounted: run \"%s\".",
		      "mount -t cgroup2 none /sys/fs/cgroup");
		return STATUS_FAILED;
	}
	cgroup->parent = openat(tree, path,
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(tree);
	if (cgroup->parent < 0) {
		error("cannot open the cgroup \"%s\": %s", path + 1,
		      strerror(errno));
		return STATUS_FAILED;
	}

	/* Another process namespace may have used the number. */
	do
		snprintf(cgroup->name, sizeof(cgroup->name), "migsel-%s-%d.%u",
			 purpose, getpid(), try);
	while ((ret = mkdirat(cgroup->parent, cgroup->name, 0755)) &&
	       errno == EEXIST && try++ < MAX_TRIES);
	if (ret) {
		if (errno == EROFS)
			error("the cgroup2 file system is read-only: run \"%s %s\".",
			      "mount -o remount,rw", where);
		else
			error("cannot make a cgroup below \"%s\": %s", path + 1,
			      strerror(errno));
		close(cgroup->parent);
		return STATUS_FAILED;
	}
	cgroup->dir = openat(cgroup->parent, cgroup->name,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->dir < 0) {
		error("cannot open the cgroup \"%s\": %s", cgroup->name,
		      strerror(errno));
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
		close(cgroup->parent);
		return STATUS_FAILED;
	}
	return 0;
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* sk->mark = (sk->mark & ~mask) | value; return 1 to let the socket be made. */
static int load_program(__u32 mask, __u32 value)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1, .off = offsetof(struct bpf_sock, mark) },
		{ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2,
		  .imm = ~mask },
		{ .code = BPF_ALU | BPF_OR | BPF_K, .dst_reg = BPF_REG_2,
		  .imm = value },
		{ .code = BPF_STX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_2, .off = offsetof(struct bpf_sock, mark) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_SOCK;
	attr.expected_attach_type = BPF_CGROUP_INET_SOCK_CREATE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = ARRAY_SIZE(program);
	attr.license = (uintptr_t)"GPL";
	memcpy(attr.prog_name, "migsel_mark", sizeof("migsel_mark"));
	return bpf(BPF_PROG_LOAD, &attr);
}

int cgroup_mark_sockets(const struct cgroup *cgroup, __u32 mask,
			__u32 value)
{
	static const char forbidden[] =
		"a cgroup above has one that forbids it, such as that of \"ip vrf exec\".";
	union bpf_attr attr;
	int program, ret;

	program = load_program(mask, value);
	if (program < 0) {
		error("cannot load a BPF program: %s", strerror(errno));
		return STATUS_FAILED;
	}

	/*
	 * With "override" the innermost of nested cgroups decides alone; with
	 * "multi" the outermost would have the last word.
	 */
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = cgroup->dir;
	attr.attach_bpf_fd = program;
	attr.attach_type = BPF_CGROUP_INET_SOCK_CREATE;
	attr.attach_flags = BPF_F_ALLOW_OVERRIDE;
	ret = bpf(BPF_PROG_ATTACH, &attr);
	if (ret)
		error("cannot attach a BPF program: %s",
		      errno == EPERM ? forbidden : strerror(errno));
	close(program);
	return ret ? STATUS_FAILED : 0;
}

int cgroup_enter(const struct cgroup *cgroup)
{
	ssize_t written;
	int procs;

	procs = openat(cgroup->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	written = procs < 0 ? -1 : write(procs, "0", 1);
	if (written < 0)
		error("cannot enter the cgroup \"%s\": %s", cgroup->name,
		      strerror(errno));
	if (procs >= 0)
		close(procs);
	return written < 0 ? STATUS_FAILED : 0;
}

static bool is_populated(int events)
{
	char text[256];
	ssize_t length;

	length = pread(events, text, sizeof(text) - 1, 0);
	if (length < 0)
		return false;
	text[length] = '\0';
	return strstr(text, "populated 1");
}

/*
 * Runs with the cgroup's parent as its directory. A cgroup that has cgroups
 * below it is somebody's still, and stays.
 */
static void remove_when_empty(const char *name, int events)
{
	struct pollfd change = { .fd = events, .events = POLLPRI };
	int removed, patience = 1;

	do {
		/* The kernel holds back events that follow one another closely. */
		while (is_populated(events)) {
			poll(&change, 1, patience);
			patience = patience > 0 && patience < 1000 ?
				   2 * patience : -1;
		}
		removed = unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
	} while (removed && errno == EBUSY && is_populated(events));
}

/* Waits for the end of the command, then for that of what it has left behind. */
static void stay_behind(const char *name, int parent, int command, int events)
{
	struct pollfd end = { .fd = STDIN_FILENO, .events = POLLIN };

	/* It goes with the work, not with who gave it. */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (fchdir(parent) || dup2(command, STDIN_FILENO) < 0 ||
	    dup2(events, STDOUT_FILENO) < 0)
		return;
	close_range(STDERR_FILENO, ~0U, 0);

	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	remove_when_empty(name, STDOUT_FILENO);
}

/*
 * The command takes the place of this process, so that its exit status, its
 * signals and its process id are its own; another one has to wait for its end,
 * with init for its parent.
 */
int cgroup_clean_up(const struct cgroup *cgroup)
{
	int command, events;
	pid_t pid = -1;

	command = syscall(SYS_pidfd_open, getpid(), 0);
	events = openat(cgroup->dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (command >= 0 && events >= 0)
		pid = fork();
	if (!pid) {
		if (!fork())
			stay_behind(cgroup->name, cgroup->parent, command,
				    events);
		_exit(STATUS_OK);
	}
	if (pid < 0) {
		error("cannot watch the cgroup \"%s\": %s", cgroup->name,
		      strerror(errno));
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
	} else {
		waitpid(pid, NULL, 0);
	}
	if (command >= 0)
		close(command);
	if (events >= 0)
		close(events);
	return pid < 0 ? STATUS_FAILED : 0;
}
