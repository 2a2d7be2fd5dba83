// SPDX-License-Identifier: GPL-2.0-only
/* Other programs, for what they print. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

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

static void become(const char *folder, const char *const argv[], int out,
		   int err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || chdir(folder) || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		return;
	setenv("LC_ALL", "C", 1);
	execvp(argv[0], (char *const *)argv);
}

int output_of(const char *const argv[], struct output *output)
{
	return output_in(".", argv, output);
}

int output_in(const char *folder, const char *const argv[],
	      struct output *output)
{
	int out, err, status, ret = -1;
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
	if (pid > 0 && waitpid(pid, &status, 0) == pid) {
		output->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
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

void output_free(struct output *output)
{
	free(output->text);
	free(output->complaint);
	output->text = NULL;
	output->complaint = NULL;
}
