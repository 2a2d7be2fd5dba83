// SPDX-License-Identifier: GPL-2.0-only
/* Words of the command line. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "parse.h"

bool matches(const char *word, const char *keyword)
{
	return *word && !strncmp(word, keyword, strlen(word));
}

/* Says so, if @word looks like an option where none can be. */
static bool is_late_option(const char *word)
{
	if (word[0] != '-' || !isalpha((unsigned char)word[1 + (word[1] == '-')]))
		return false;
	error("options come first, \"%s\" stands behind the object.", word);
	return true;
}

int run_command(const char *object, const struct command *commands,
		const char *usage, char **argv)
{
	const struct command *c;

	if (!*argv)
		return commands->run(argv);

	for (c = commands; c->name; c++) {
		if (matches(*argv, c->name))
			return c->run(argv + 1);
	}
	if (matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	if (is_late_option(*argv))
		return STATUS_USAGE;
	complain("Command \"%s\" is unknown, try \"migsel %s help\".", *argv,
		 object);
	return STATUS_USAGE;
}

int incomplete(void)
{
	complain("Command line is not complete. Try option \"help\"");
	return STATUS_USAGE;
}

int second_value(const char *keyword, const char *value)
{
	error("duplicate \"%s\": \"%s\" is the second value.", keyword, value);
	return STATUS_USAGE;
}

int bad_value(const char *value, const char *why)
{
	if (is_late_option(value))
		return STATUS_USAGE;
	error("argument \"%s\" is wrong: %s", value, why);
	return STATUS_USAGE;
}

int unknown_keyword(const char *word, const char *object)
{
	if (is_late_option(word))
		return STATUS_USAGE;
	error("\"%s\" is not a keyword here, try \"migsel %s help\".", word,
	      object);
	return STATUS_USAGE;
}

int take_value(char ***argv, const char **value)
{
	if (!(*argv)[1])
		return incomplete();
	*value = *++*argv;
	return 0;
}

int take_once(char ***argv, const char *keyword, const char **word)
{
	bool again = *word;
	int ret;

	ret = take_value(argv, word);
	if (ret)
		return ret;
	return again ? second_value(keyword, *word) : 0;
}

int no_more(char **argv, const char *object)
{
	return *argv ? unknown_keyword(*argv, object) : 0;
}

/* Decimal, or hexadecimal after 0x; signs, blanks and octal are not numbers. */
static bool to_u32(const char *word, __u32 *value)
{
	bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	unsigned long long n;
	char *end;

	if (hex ? !isxdigit((unsigned char)word[2]) :
		  !isdigit((unsigned char)word[0]))
		return false;

	errno = 0;
	n = strtoull(word, &end, hex ? 16 : 10);
	if (errno || *end || n > UINT32_MAX)
		return false;
	*value = n;
	return true;
}

int parse_u32(const char *word, const char *what, __u32 *value)
{
	char why[64];

	if (to_u32(word, value))
		return 0;
	snprintf(why, sizeof(why), "%s must be a 32-bit number", what);
	return bad_value(word, why);
}

int parse_range(const char *word, const char *what, __u32 min, __u32 max,
		__u32 *value)
{
	char why[64];

	if (to_u32(word, value) && *value >= min && *value <= max)
		return 0;
	snprintf(why, sizeof(why), "%s must be %u to %u", what, min, max);
	return bad_value(word, why);
}

int parse_address(const char *word, struct address *address)
{
	address->family = strchr(word, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(address->family, word, &address->in6) == 1)
		return 0;
	if (is_late_option(word))
		return STATUS_USAGE;
	error("any valid IP address is expected rather than \"%s\".", word);
	return STATUS_USAGE;
}

static int on_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	__u32 *ifindex = data;

	*ifindex = link->ifi_index;
	return MNL_CB_STOP;
}

bool is_device_name(const char *word)
{
	return *word && strlen(word) < ALTIFNAMSIZ;
}

int no_device(const char *word)
{
	if (is_late_option(word))
		return STATUS_USAGE;
	complain("Cannot find device \"%s\"", word);
	return STATUS_FAILED;
}

/* By its name or by any of its other names, which may be longer; 0 if there is none. */
static __u32 ifindex_of(const char *name)
{
	static alignas(NLMSG_ALIGNTO) char buffer[32768];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;
	struct mnl_socket *s;
	__u32 ifindex = 0;
	ssize_t length;

	if (!is_device_name(name))
		return 0;
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(request, IFLA_ALT_IFNAME, name);
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);

	s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!s)
		return 0;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) >= 0) {
		length = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
		if (length > 0)
			mnl_cb_run(buffer, length, 0, 0, on_link, &ifindex);
	}
	mnl_socket_close(s);
	return ifindex;
}

int parse_device(const char *word, __u32 *ifindex)
{
	*ifindex = ifindex_of(word);
	return *ifindex ? 0 : no_device(word);
}
