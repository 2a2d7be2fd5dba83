// SPDX-License-Identifier: GPL-2.0-only
/* Other programs, for what they print. */

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/*
 * An image of 16 TiB with the clusters that are usual takes half of this memory to check,
 * and some seconds if its tables can be read fast.
 */
#define MAX_SECONDS	600
#define MAX_CPU		120
#define MAX_MEMORY	(1024UL << 20)
#define MAX_PRINTED	(16UL << 20)

/* All that was written to a memory file. */
static char *contents_of(int fd)
{
	ssize_t got, at = 0;
	struct stat st;
	char *text;

	if (fstat(fd, &st))
		return NULL;
	text = malloc(st.st_size + 1);
	if (!text)
		return NULL;
	while (at < st.st_size) {
		got = pread(fd, text + at, st.st_size - at, at);
		if (got <= 0)
			break;
		at += got;
	}
	text[at] = '\0';
	return text;
}

static void set_limits(void)
{
	static const struct {
		int resource;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_CPU, MAX_CPU },
		{ RLIMIT_DATA, MAX_MEMORY },
		{ RLIMIT_FSIZE, MAX_PRINTED },
		{ RLIMIT_CORE, 0 },
	};
	struct rlimit limit;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		if (getrlimit(limits[i].resource, &limit) ||
		    limit.rlim_cur <= limits[i].most)
			continue;
		limit.rlim_cur = limits[i].most;
		setrlimit(limits[i].resource, &limit);
	}
}

static void become(const char *folder, const char *const argv[], int out,
		   int err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || (folder && chdir(folder)) ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		return;
	if (folder)
		set_limits();
	setenv("LC_ALL", "C", 1);
	execvp(argv[0], (char *const *)argv);
}

/* Ends it if it takes too long. */
static bool takes_too_long(pid_t pid)
{
	struct pollfd end = { .events = POLLIN };
	int n;

	end.fd = syscall(SYS_pidfd_open, pid, 0);
	if (end.fd < 0)
		return false;
	do
		n = poll(&end, 1, MAX_SECONDS * 1000);
	while (n < 0 && errno == EINTR);
	close(end.fd);
	return !n && !kill(pid, SIGKILL);
}

static const char *why_ended(int status, bool late)
{
	if (!WIFSIGNALED(status))
		return NULL;
	if (late)
		return "as it took more than ten minutes";
	switch (WTERMSIG(status)) {
	case SIGXCPU:
		return "as it took more than two minutes of CPU time";
	case SIGXFSZ:
		return "as it printed more than 16 MiB";
	case SIGTRAP:
	case SIGABRT:
		return "as it found no more memory, or failed itself";
	default:
		return "by a signal";
	}
}

static int run(const char *folder, const char *const argv[],
	       struct output *output)
{
	int out, err, status, ret = -1;
	bool late = false;
	pid_t pid = -1;

	memset(output, 0, sizeof(*output));
	out = memfd_create("out", MFD_CLOEXEC);
	err = memfd_create("err", MFD_CLOEXEC);
	if (out >= 0 && err >= 0)
		pid = fork();
	if (!pid) {
		become(folder, argv, out, err);
		_exit(127);
	}
	if (pid > 0 && folder)
		late = takes_too_long(pid);
	if (pid > 0 && waitpid(pid, &status, 0) == pid) {
		output->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		output->ended = why_ended(status, late);
		output->text = contents_of(out);
		output->complaint = contents_of(err);
		if (output->text && output->complaint)
			ret = 0;
		else
			output_free(output);
	}
	if (!ret)
		output->complaint[strcspn(output->complaint, "\n")] = '\0';
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	return ret;
}

int output_of(const char *const argv[], struct output *output)
{
	return run(NULL, argv, output);
}

int output_in(const char *folder, const char *const argv[],
	      struct output *output)
{
	return run(folder, argv, output);
}

void output_free(struct output *output)
{
	free(output->text);
	free(output->complaint);
	output->text = NULL;
	output->complaint = NULL;
}
