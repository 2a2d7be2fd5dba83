// SPDX-License-Identifier: GPL-2.0-only
/* The table of objects, and what is run: one line, or those of a file. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "error.h"
#include "genl.h"
#include "lines.h"
#include "options.h"
#include "parse.h"
#include "print.h"

static const char usage_head[] =
	"migsel [ OPTIONS ] OBJECT { COMMAND | help }\n"
	"OPTIONS := { -j[son] | -p[retty] | -prom[etheus] | -s[tatistics] | -d[etails] |\n"
	"             -br[ief] | -n[etns] NAME | -b[atch] FILE | -force | -t[imestamp] |\n"
	"             -csv | -c[olor][={always|auto|never}] | -V[ersion] | -h[elp] }\n"
	"\n";

static const char usage_tail[] =
	"migsel route get DEST [ from ADDR ] [ dev DEV ]\n"
	"                 [ tag { hot | cold } | mark MARK ]\n"
	"                 [ ipproto PROTO ] [ sport PORT ] [ dport PORT ]\n"
	"migsel stats { show | reset }\n"
	"migsel monitor\n"
	"migsel check [ severity { error | warning | info } ]\n"
	"migsel exec { hot | cold } [ -- ] COMMAND [ ARG... ]\n"
	"migsel classify [ format FORMAT ] [ outside { refuse | allow } ]\n"
	"                [ -- ] IMAGE...\n"
	"migsel explain [ FILE... ] [ to DEST ] [ migration VMK ]...\n"
	"               [ migration-pattern GLOB ] [ pair | as-lab ] [ -- FILE... ]\n"
	"migsel { save | restore }\n"
	"\n"
	"  vmk        the ordered set of network devices to choose from\n"
	"  tag        which bits of a packet's mark say hot or cold\n"
	"  policy     whether decisions are carried out, and what becomes of the refused\n"
	"  route      by which device a packet would leave, and why\n"
	"  stats      packets and bytes for each reason\n"
	"  monitor    changes and alarms, as they happen\n"
	"  check      traps in the configuration, and what mends them\n"
	"  exec       a command whose sockets are tagged\n"
	"  classify   which files of a virtual machine are hot and which are cold\n"
	"  explain    by which NIC a host migrates that is only described\n"
	"  save       the configuration as lines\n"
	"  restore    the configuration from such lines\n";

static void print_usage(FILE *out)
{
	fputs(usage_head, out);
	vmk_help(out, "");
	tag_help(out, "");
	policy_help(out, "");
	fputs(usage_tail, out);
}

static int do_help(char **argv)
{
	(void)argv;
	print_usage(stdout);
	return STATUS_OK;
}

/* What there are metrics of; for others the option would be ignored. */
static bool has_metrics(const char *object)
{
	return !strcmp(object, "vmk") || !strcmp(object, "stats") ||
	       !strcmp(object, "check");
}

/* Runs one command line, OBJECT first. */
static int run_object(char **argv)
{
	static const struct command objects[] = {
		{ "vmk", do_vmk },
		{ "tag", do_tag },
		{ "policy", do_policy },
		{ "route", do_route },
		{ "stats", do_stats },
		{ "monitor", do_monitor },
		{ "check", do_check },
		{ "exec", do_exec },
		{ "classify", do_classify },
		{ "explain", do_explain },
		{ "save", do_save },
		{ "restore", do_restore },
		{ "help", do_help },
		{ NULL, NULL }
	};
	const struct command *object;

	for (object = objects; object->name; object++) {
		if (!matches(*argv, object->name))
			continue;
		if (options.prometheus && !has_metrics(object->name)) {
			error("there are no metrics of \"%s\", only of vmk, stats and check.",
			      object->name);
			return STATUS_USAGE;
		}
		if (options.csv && strcmp(object->name, "explain")) {
			error("there is no table of \"%s\", only of explain.",
			      object->name);
			return STATUS_USAGE;
		}
		return object->run(argv + 1);
	}
	complain("Object \"%s\" is unknown, try \"migsel help\".", *argv);
	return STATUS_USAGE;
}

/* Runs the command lines of a file, "-" is standard input. */
static int run_batch(const char *path)
{
	int ret, status = STATUS_OK;
	struct lines lines;
	bool any;

	if (lines_open(&lines, path))
		return STATUS_FAILED;
	for (;;) {
		ret = lines_next(&lines, &any);
		if (!any)
			break;
		if (!ret)
			ret = run_object(lines.words);
		fflush(stdout);
		if (!ret)
			continue;
		status = STATUS_FAILED;
		if (!options.force)
			break;
	}
	if (ret)
		status = STATUS_FAILED;
	lines_close(&lines);
	return status;
}

/* A namespace by the name that "ip netns" gave it, or by a path. */
static int enter_netns(const char *name)
{
	char path[PATH_MAX];
	int fd, ret;

	ret = snprintf(path, sizeof(path), "%s%s",
		       strchr(name, '/') ? "" : "/run/netns/", name);
	if (ret >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		fd = -1;
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		complain("Cannot open network namespace \"%s\": %s", name,
			 strerror(errno));
		return STATUS_FAILED;
	}
	ret = setns(fd, CLONE_NEWNET);
	if (ret)
		complain("Cannot enter network namespace \"%s\": %s", name,
			 strerror(errno));
	close(fd);
	return ret ? STATUS_FAILED : 0;
}

/*
 * Keeps what is opened later off the numbers of the standard streams. A command
 * that is run finds them closed, as they were.
 */
static void occupy_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int run(char **argv)
{
	int ret;

	for (argv++; *argv && **argv == '-'; argv++) {
		const char *word = *argv + 1;

		if (!strcmp(word, "-")) {
			argv++;
			break;
		}
		if (*word == '-')
			word++;
		if (is_option(word, "Version", 1)) {
			puts("migsel utility, migsel-" VERSION);
			return STATUS_OK;
		}
		if (is_option(word, "help", 1))
			return do_help(NULL);
		ret = take_option(word, &argv);
		if (ret)
			return ret;
	}

	if (options.json + options.prometheus + options.csv > 1) {
		error("either -json or -prometheus or -csv.");
		return STATUS_USAGE;
	}
	print_init();
	if (options.netns) {
		ret = enter_netns(options.netns);
		if (ret)
			return ret;
	}
	if (options.batch && *argv)
		return bad_value(*argv, "no object can be given beside a batch");
	if (options.batch)
		return run_batch(options.batch);
	if (!*argv) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	return run_object(argv);
}

int main(int argc, char **argv)
{
	int ret;

	(void)argc;
	occupy_streams();
	ret = run(argv);
	genl_close();
	if (fflush(stdout) || ferror(stdout)) {
		complain("migsel: cannot write: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return ret;
}
