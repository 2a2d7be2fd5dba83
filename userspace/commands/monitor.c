// SPDX-License-Identifier: GPL-2.0-only
/* Changes of the configuration and alarms, as they happen. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "attrs.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "keywords.h"
#include "names.h"
#include "options.h"
#include "parse.h"
#include "print.h"

static const char usage[] = "Usage: migsel [ -t ] monitor\n";

static void show_vmk_values(const struct vmk *vmk)
{
	print_uint("position", " position ",
		   vmk_number(vmk, MIGSEL_A_VMK_POSITION));
	keywords_print(&vmk_object, &vmk->values, " ");
}

static void show_vmk(const char *event, const struct nlmsghdr *message)
{
	struct attrs attrs;
	struct vmk vmk;

	attrs_of(message, &attrs);
	vmk_of(&attrs, &vmk);
	print_string(COLOR_NONE, "event", "", event);
	print_string(COLOR_IFNAME, "ifname", " ", vmk.ifname);
	print_uint("ifindex", " ifindex ", vmk.ifindex);
	if (strcmp(event, "vmk-del"))
		show_vmk_values(&vmk);
}

static void show_settings(const struct object *object,
			  const struct nlmsghdr *message)
{
	struct values values;
	struct attrs attrs;

	attrs_of(message, &attrs);
	keywords_read(&attrs, object, &values);
	print_string(COLOR_NONE, "event", "", object->name);
	keywords_print(object, &values, " ");
}

static void show_config(const struct nlmsghdr *message)
{
	static struct config config;
	unsigned int i;

	config_of(message, &config);
	print_string(COLOR_NONE, "event", "", "config");
	print_object("tag");
	keywords_print(&tag_object, &config.tag, " ");
	print_close();
	print_object("policy");
	keywords_print(&policy_object, &config.policy, " ");
	print_close();
	print_array("vmks");
	for (i = 0; i < config.vmks.n; i++) {
		const struct vmk *vmk = &config.vmks.vmk[i];

		print_object(NULL);
		print_string(COLOR_IFNAME, "ifname", " ", vmk->ifname);
		print_uint("ifindex", " ifindex ", vmk->ifindex);
		show_vmk_values(vmk);
		print_close();
	}
	print_close();
}

static void show_device(const struct attrs *attrs, int name, const char *key,
			const char *lead)
{
	char ifname[IF_NAMESIZE];

	attr_string(attrs->at[name], ifname, sizeof(ifname));
	if (ifname[0])
		print_string(COLOR_IFNAME, key, lead, ifname);
}

static void show_alarm(const struct attrs *attrs)
{
	char dst[INET6_ADDRSTRLEN];

	print_string(COLOR_BAD, "event", "", "alarm");
	show_device(attrs, MIGSEL_A_ALARM_IFNAME, "ifname", " ");
	if (attrs->at[MIGSEL_A_ALARM_IFINDEX])
		print_uint("ifindex", " ifindex ",
			   attr_u32(attrs->at[MIGSEL_A_ALARM_IFINDEX]));
	print_string(COLOR_NONE, "reason", " reason ",
		     name_of(reason_names,
			     attr_u32(attrs->at[MIGSEL_A_ALARM_REASON])));
	if (attr_address(attrs->at[MIGSEL_A_ALARM_DST4],
			 attrs->at[MIGSEL_A_ALARM_DST6], dst))
		print_string(address_color(dst), "dst", " dst ", dst);
	show_device(attrs, MIGSEL_A_ALARM_DEV_IFNAME, "dev", " dev ");
}

/* When the event was heard, as "ip -ts monitor" has it. */
static void show_time(void)
{
	char text[64], second[32];
	struct timeval now;
	struct tm local;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &local);
	strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &local);
	snprintf(text, sizeof(text), "%s.%06ld", second, (long)now.tv_usec);
	print_string(COLOR_NONE, "timestamp", "[", text);
	print_text("] ");
}

static void begin_line(void)
{
	print_object(NULL);
	if (options.timestamp)
		show_time();
}

static void end_line(void)
{
	print_text("\n");
	print_close();
	fflush(stdout);
}

static void show_alarms(const struct nlmsghdr *message)
{
	struct attrs attrs;

	attrs_of(message, &attrs);
	if (attrs.at[MIGSEL_A_ALARM_LOST]) {
		begin_line();
		print_string(COLOR_BAD, "event", "", "alarm-lost");
		print_uint("lost", " lost ",
			   attr_u32(attrs.at[MIGSEL_A_ALARM_LOST]));
		end_line();
	}
	if (attrs.at[MIGSEL_A_ALARM_REASON]) {
		begin_line();
		show_alarm(&attrs);
		end_line();
	}
}

static int on_event(const struct nlmsghdr *message, void *unused)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(message);

	(void)unused;
	if (genl->cmd == MIGSEL_CMD_ALARM_NTF) {
		show_alarms(message);
		return MNL_CB_OK;
	}

	begin_line();
	switch (genl->cmd) {
	case MIGSEL_CMD_VMK_ADD_NTF:
		show_vmk("vmk-add", message);
		break;
	case MIGSEL_CMD_VMK_SET_NTF:
		show_vmk("vmk-set", message);
		break;
	case MIGSEL_CMD_VMK_DEL_NTF:
		show_vmk("vmk-del", message);
		break;
	case MIGSEL_CMD_TAG_NTF:
		show_settings(&tag_object, message);
		break;
	case MIGSEL_CMD_POLICY_NTF:
		show_settings(&policy_object, message);
		break;
	case MIGSEL_CMD_CONFIG_NTF:
		show_config(message);
		break;
	default:
		print_string(COLOR_NONE, "event", "", "unknown");
	}
	end_line();
	return MNL_CB_OK;
}

static int watch(struct mnl_socket *s)
{
	static alignas(NLMSG_ALIGNTO) char buffer[65536];
	ssize_t length;

	for (;;) {
		length = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
		if (length < 0) {
			if (errno == EINTR)
				continue;
			error("netlink receive error %s (%d)%s",
			      strerror(errno), errno,
			      errno == ENOBUFS ? ": events were lost" : "");
			if (errno == ENOBUFS)
				continue;
			return STATUS_FAILED;
		}
		/* Events have sequence and port numbers of their own. */
		if (mnl_cb_run(buffer, length, 0, 0, on_event, NULL) < 0) {
			error("netlink: %s", strerror(errno));
			return STATUS_FAILED;
		}
		if (ferror(stdout))
			return STATUS_FAILED;
	}
}

int do_monitor(char **argv)
{
	static const char *const groups[] = {
		MIGSEL_MCGRP_CONFIG, MIGSEL_MCGRP_ALARM, NULL
	};
	struct mnl_socket *s;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	/* "ip monitor" has it in front only. */
	while (*argv && !strcmp(*argv, "-t")) {
		options.timestamp = true;
		argv++;
	}
	ret = no_more(argv, "monitor");
	if (ret)
		return ret;

	s = genl_listen(groups);
	if (!s)
		return STATUS_FAILED;
	ret = watch(s);
	mnl_socket_close(s);
	return ret;
}
