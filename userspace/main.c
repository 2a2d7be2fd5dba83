// SPDX-License-Identifier: GPL-2.0-only
/* Options and the table of objects. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "genl.h"
#include "migsel.h"
#include "parse.h"
#include "print.h"

struct options options;

static const char usage_head[] =
	"migsel [ OPTIONS ] OBJECT { COMMAND | help }\n"
	"OPTIONS := { -j[son] | -p[retty] | -s[tatistics] | -d[etails] | -br[ief] |\n"
	"             -n[etns] NAME | -b[atch] FILE | -force | -t[imestamp] |\n"
	"             -c[olor][={always|auto|never}] | -V[ersion] | -h[elp] }\n"
	"\n";

static const char usage_tail[] =
	"migsel tag { show | set [ mask MASK ] [ hot VALUE ] [ cold VALUE ] }\n"
	"migsel policy { show | set [ mode { enforce | observe | off } ]\n"
	"                           [ unreachable { refuse | pass } ]\n"
	"                           [ fallback { first-vmk | strict } ] }\n"
	"migsel route get DEST [ from ADDR ] [ dev DEV ]\n"
	"                 [ tag { hot | cold } | mark MARK ]\n"
	"                 [ ipproto PROTO ] [ sport PORT ] [ dport PORT ]\n"
	"migsel stats { show | reset }\n"
	"migsel monitor\n"
	"migsel check\n"
	"migsel exec { hot | cold } [ -- ] COMMAND [ ARG... ]\n"
	"migsel classify [ format FORMAT ] [ outside { refuse | allow } ]\n"
	"                [ -- ] IMAGE...\n"
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
	"  save       the configuration as lines\n"
	"  restore    the configuration from such lines\n";

static void print_usage(FILE *out)
{
	fputs(usage_head, out);
	vmk_help(out, "");
	fputs(usage_tail, out);
}

static int do_help(char **argv)
{
	(void)argv;
	print_usage(stdout);
	return STATUS_OK;
}

int run_object(char **argv)
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
		{ "save", do_save },
		{ "restore", do_restore },
		{ "help", do_help },
		{ NULL, NULL }
	};
	const struct command *object;

	for (object = objects; object->name; object++) {
		if (matches(*argv, object->name))
			return object->run(argv + 1);
	}
	complain("Object \"%s\" is unknown, try \"migsel help\".", *argv);
	return STATUS_USAGE;
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

static int parse_color(const char *word)
{
	if (!*word || !strcmp(word, "=always"))
		options.color = COLOR_ALWAYS;
	else if (!strcmp(word, "=auto"))
		options.color = COLOR_AUTO;
	else if (!strcmp(word, "=never"))
		options.color = COLOR_NEVER;
	else
		return bad_value(word + (*word == '='),
			     "color must be always or auto or never");
	return 0;
}

/* Is @word the option @name, or an abbreviation of at least @least letters? */
static bool is_option(const char *word, const char *name, size_t least)
{
	return strlen(word) >= least && matches(word, name);
}

/* Takes one option without its dash; a value is the next word. */
static int take_option(const char *word, char ***argv)
{
	size_t color = strcspn(word, "=");

	if (is_option(word, "netns", 1))
		return take_value(argv, &options.netns);
	if (is_option(word, "batch", 1))
		return take_value(argv, &options.batch);
	if (color && color <= strlen("color") &&
	    !strncmp(word, "color", color))
		return parse_color(word + color);

	if (is_option(word, "json", 1)) {
		options.json = true;
	} else if (is_option(word, "pretty", 1)) {
		options.pretty = true;
	} else if (is_option(word, "statistics", 1) || !strcmp(word, "stats")) {
		options.stats = true;
	} else if (is_option(word, "details", 1)) {
		options.details = true;
	} else if (is_option(word, "brief", 2)) {
		options.brief = true;
	} else if (is_option(word, "force", 1)) {
		options.force = true;
	} else if (is_option(word, "timestamp", 1)) {
		options.timestamp = true;
	} else {
		complain("Option \"-%s\" is unknown, try \"migsel help\".",
			 word);
		return STATUS_USAGE;
	}
	return 0;
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
