// SPDX-License-Identifier: GPL-2.0-only
/* A command whose sockets are tagged. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "names.h"
#include "options.h"
#include "parse.h"

static const char usage[] =
	"Usage: migsel exec { hot | cold } [ -- ] COMMAND [ ARG... ]\n";

/* Returns only if it has failed. */
static int become(__u32 class, char **command)
{
	struct cgroup cgroup;
	struct tag tag;

	if (tag_read(&tag))
		return STATUS_FAILED;
	if (cgroup_make(&cgroup, class_names[class]) ||
	    cgroup_clean_up(&cgroup) ||
	    cgroup_mark_sockets(&cgroup, tag.mask,
				class == MIGSEL_CLASS_HOT ? tag.hot :
							    tag.cold) ||
	    cgroup_enter(&cgroup))
		return STATUS_FAILED;

	fflush(stdout);
	execvp(command[0], command);
	error("exec of \"%s\" failed: %s", command[0], strerror(errno));
	return STATUS_FAILED;
}

/* As a line of a batch: the next line has to be run, too. */
static int become_child(__u32 class, char **command)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(become(class, command));
	if (pid < 0) {
		error("cannot fork: %s", strerror(errno));
		return STATUS_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return STATUS_OK;
	error("\"%s\" has failed.", command[0]);
	return STATUS_FAILED;
}

int do_exec(char **argv)
{
	__u32 class;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	if (!*argv)
		return incomplete();
	ret = parse_name(*argv++, "tag", class_names + 1, &class);
	if (ret)
		return ret;
	class += MIGSEL_CLASS_HOT;
	if (*argv && !strcmp(*argv, "--"))
		argv++;
	if (!*argv)
		return incomplete();
	return options.batch ? become_child(class, argv) : become(class, argv);
}
