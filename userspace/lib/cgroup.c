// SPDX-License-Identifier: GPL-2.0-only
/* A cgroup of version 2 for one command, with a program for its sockets. */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/kernel.h>
#include <linux/mount.h>
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
#include "error.h"

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

/* Takes \ooo out of a field of mountinfo. */
static void unescape(char *field)
{
	char *to = field;

	for (; *field; field++) {
		if (field[0] == '\\' && field[1] && field[2] && field[3]) {
			*to++ = (field[1] - '0') << 6 | (field[2] - '0') << 3 |
				(field[3] - '0');
			field += 3;
		} else {
			*to++ = *field;
		}
	}
	*to = '\0';
}

/*
 * The caller's place in the tree. It is seen from the root of the caller's cgroup
 * namespace, and begins with "/.." if it is not below that.
 */
static int own_path(char **path)
{
	char *line = NULL;
	size_t space = 0;
	FILE *file;

	*path = NULL;
	file = fopen("/proc/self/cgroup", "re");
	if (!file) {
		error("cannot read /proc/self/cgroup: %s", strerror(errno));
		return STATUS_FAILED;
	}
	while (!*path && getline(&line, &space, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::/", 4))
			*path = strdup(line + 3);
	}
	free(line);
	fclose(file);
	if (*path)
		return 0;
	error("no cgroup2 file system is mounted: run \"%s\".",
	      "mount -t cgroup2 none /sys/fs/cgroup");
	return STATUS_FAILED;
}

/* Is the caller listed among the processes of a cgroup? */
static bool is_own(int cgroup)
{
	char line[32];
	bool found = false;
	FILE *file;
	int fd;

	fd = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	while (file && !found && fgets(line, sizeof(line), file))
		found = atoi(line) == getpid();
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return found;
}

/*
 * The caller's cgroup in a tree of which @root is the top, both as seen from the
 * cgroup namespace. That it is really the caller's is looked up: to enter another
 * one would be to leave what limits the caller.
 */
static int open_own(int tree, const char *root, const char *path)
{
	size_t length = strcmp(root, "/") ? strlen(root) : 0;
	char *below;
	int cgroup;

	if (tree < 0 || strncmp(path, root, length) ||
	    (path[length] && path[length] != '/'))
		return -1;
	path += length;
	if (!strncmp(path, "/..", 3) && (!path[3] || path[3] == '/'))
		return -1;
	if (asprintf(&below, ".%s", path) < 0)
		return -1;
	cgroup = openat(tree, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(below);
	if (cgroup >= 0 && !is_own(cgroup)) {
		close(cgroup);
		cgroup = -1;
	}
	return cgroup;
}

/* In any tree that is mounted; *where is the mount point of the last. */
static int open_mounted(const char *path, char **where)
{
	char *line = NULL, *root, *kind;
	int tree, cgroup = -1;
	size_t space = 0;
	FILE *mounts;

	mounts = fopen("/proc/self/mountinfo", "re");
	while (mounts && cgroup < 0 && getline(&line, &space, mounts) > 0) {
		kind = strstr(line, " - ");
		if (!kind || strncmp(kind, " - cgroup2 ", 11))
			continue;
		free(*where);
		*where = NULL;
		if (sscanf(line, "%*s %*s %*s %ms %ms", &root, where) != 2)
			continue;
		unescape(root);
		unescape(*where);
		tree = open(*where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cgroup = open_own(tree, root, path);
		if (tree >= 0)
			close(tree);
		free(root);
	}
	free(line);
	if (mounts)
		fclose(mounts);
	return cgroup;
}

static int open_parent(char **path, char **where)
{
	int tree, parent;

	/* Where only version 1 is mounted, this also lets the kernel say the path. */
	tree = open_detached();
	if (own_path(path)) {
		if (tree >= 0)
			close(tree);
		return -1;
	}
	parent = open_own(tree, "/", *path);
	if (parent < 0)
		parent = open_mounted(*path, where);
	if (parent < 0 && (tree >= 0 || *where))
		error("the caller's cgroup \"%s\" is in no cgroup2 tree that can be seen here.",
		      *path);
	else if (parent < 0)
		error("no cgroup2 file system is mounted: run \"%s\".",
		      "mount -t cgroup2 none /sys/fs/cgroup");
	if (tree >= 0)
		close(tree);
	return parent;
}

static int make_below(struct cgroup *cgroup, const char *purpose,
		      const char *path, const char *where)
{
	unsigned int try = 0;
	int ret;

	/* Another process namespace may have used the number. */
	do
		snprintf(cgroup->name, sizeof(cgroup->name), "migsel-%s-%d.%u",
			 purpose, getpid(), try);
	while ((ret = mkdirat(cgroup->parent, cgroup->name, 0755)) &&
	       errno == EEXIST && try++ < MAX_TRIES);
	if (ret && errno == EROFS) {
		error("the cgroup2 file system is read-only: run \"%s %s\".",
		      "mount -o remount,rw",
		      where ? where : "/sys/fs/cgroup");
		return STATUS_FAILED;
	}
	if (ret) {
		error("cannot make a cgroup below \"%s\": %s", path,
		      strerror(errno));
		return STATUS_FAILED;
	}
	cgroup->dir = openat(cgroup->parent, cgroup->name,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->dir < 0) {
		error("cannot open the cgroup \"%s\": %s", cgroup->name,
		      strerror(errno));
		unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR);
		return STATUS_FAILED;
	}
	return 0;
}

int cgroup_make(struct cgroup *cgroup, const char *purpose)
{
	char *path = NULL, *where = NULL;
	int ret = STATUS_FAILED;

	cgroup->parent = open_parent(&path, &where);
	if (cgroup->parent >= 0) {
		ret = make_below(cgroup, purpose, path, where);
		if (ret)
			close(cgroup->parent);
	}
	free(path);
	free(where);
	return ret;
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
