// SPDX-License-Identifier: GPL-2.0-only
/* What would become of a packet, asked of the kernel's own decision code. */

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/migsel.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "addr.h"
#include "attrs.h"
#include "commands.h"
#include "genl.h"
#include "names.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "rows.h"

struct query {
	const char *dst_word;
	const char *from_word;
	const char *dev_word;
	const char *tag_word;
	const char *mark_word;
	const char *proto_word;
	const char *sport_word;
	const char *dport_word;
	struct address dst;
	struct address from;
	__u32 ifindex;
	__u32 class;
	__u32 mark;
	__u32 proto;
	__u32 sport;
	__u32 dport;
};

static const char usage[] =
	"Usage: migsel route get DEST [ from ADDR ] [ dev DEV ]\n"
	"                        [ tag { hot | cold } | mark MARK ]\n"
	"                        [ ipproto PROTO ] [ sport PORT ] [ dport PORT ]\n";

static void show_address(const struct attrs *attrs, int attr4, int attr6,
			 const char *key, const char *lead)
{
	char text[INET6_ADDRSTRLEN];

	if (attr_address(attrs->at[attr4], attrs->at[attr6], text))
		print_string(address_color(text), key, lead, text);
}

static void show_row(const struct nlattr *nest, unsigned int row)
{
	struct attrs attrs;

	attrs_nested(nest, &attrs);
	print_row(row, attr_u32(attrs.at[MIGSEL_A_ROW_REASON]),
		  attr_u32(attrs.at[MIGSEL_A_ROW_OUTCOME]));
}

static void show_fact(const struct attrs *attrs, int attr, const char *key)
{
	print_bool(COLOR_NONE, key, NULL, attr_u32(attrs->at[attr]), NULL);
}

/* In text, the rows say it. */
static void show_facts(const struct nlattr *nest)
{
	struct attrs attrs;

	if (!nest)
		return;
	attrs_nested(nest, &attrs);
	print_object("facts");
	print_uint("vmks", NULL, attr_u32(attrs.at[MIGSEL_A_FACTS_VMKS]));
	print_uint("migration_vmks", NULL,
		   attr_u32(attrs.at[MIGSEL_A_FACTS_MIGRATION_VMKS]));
	show_fact(&attrs, MIGSEL_A_FACTS_UNICAST, "unicast");
	show_fact(&attrs, MIGSEL_A_FACTS_BOUND_DEVICE, "bound_device");
	show_fact(&attrs, MIGSEL_A_FACTS_BOUND_VMK, "bound_vmk");
	show_fact(&attrs, MIGSEL_A_FACTS_SAME_SUBNET, "same_subnet");
	show_fact(&attrs, MIGSEL_A_FACTS_STRICT, "strict");
	show_fact(&attrs, MIGSEL_A_FACTS_FIRST_VMK, "first_vmk");
	show_fact(&attrs, MIGSEL_A_FACTS_VMOTION_STACK, "vmotion_stack");
	show_fact(&attrs, MIGSEL_A_FACTS_PROVISIONING_STACK,
		  "provisioning_stack");
	show_fact(&attrs, MIGSEL_A_FACTS_PROVISIONING_VMK, "provisioning_vmk");
	show_fact(&attrs, MIGSEL_A_FACTS_COLD_SAME_SUBNET, "cold_same_subnet");
	print_close();
}

static const char *why_candidate(bool usable, bool routed, bool preferred,
				 bool several, bool chosen)
{
	if (!usable)
		return "down, or without an address of the family";
	if (!routed && preferred)
		return "no route to the destination through it, or a default route only";
	if (!routed)
		return "no route to the destination through it";
	if (preferred)
		return "preferred to the first vmk";
	if (!several)
		return "the only candidate";
	return chosen ? "fewest flows for its weight" :
			"another has fewer flows for its weight, or as many and comes first";
}

static void show_candidate(const struct nlattr *nest, unsigned int place)
{
	bool usable, routed, preferred, chosen, several;
	char ifname[IF_NAMESIZE];
	struct attrs attrs;

	(void)place;
	attrs_nested(nest, &attrs);
	attr_string(attrs.at[MIGSEL_A_CANDIDATE_IFNAME], ifname,
		    sizeof(ifname));
	usable = attr_u32(attrs.at[MIGSEL_A_CANDIDATE_USABLE]);
	routed = attr_u32(attrs.at[MIGSEL_A_CANDIDATE_ROUTED]);
	chosen = attr_u32(attrs.at[MIGSEL_A_CANDIDATE_CHOSEN]);
	preferred = attr_u32(attrs.at[MIGSEL_A_CANDIDATE_PREFERRED]);
	/* Flows are counted where there is something to choose. */
	several = attrs.at[MIGSEL_A_CANDIDATE_PLACED];

	print_object(NULL);
	print_string(COLOR_IFNAME, "ifname", "    candidate ", ifname);
	print_uint("ifindex", NULL,
		   attr_u32(attrs.at[MIGSEL_A_CANDIDATE_IFINDEX]));
	print_bool(usable ? COLOR_GOOD : COLOR_BAD, "usable", " ", usable,
		   usable ? "usable" : "unusable");
	print_bool(routed ? COLOR_GOOD : COLOR_BAD, "routed", " ", routed,
		   routed ? "routed" : "unrouted");
	print_uint("placed", " placed ",
		   attr_u32(attrs.at[MIGSEL_A_CANDIDATE_PLACED]));
	print_uint("weight", " weight ",
		   attr_u32(attrs.at[MIGSEL_A_CANDIDATE_WEIGHT]));
	print_bool(chosen ? COLOR_GOOD : COLOR_NONE, "chosen", " ", chosen,
		   chosen ? "chosen" : "not-chosen");
	print_bool(COLOR_NONE, "preferred", NULL, preferred, NULL);
	print_string(COLOR_NONE, "why", ": ",
		     why_candidate(usable, routed, preferred, several, chosen));
	print_text("\n");
	print_close();
}

/* The attributes of a type, numbered from 1. */
static void show_each(const struct nlmsghdr *message, __u16 type,
		      const char *key,
		      void (*show)(const struct nlattr *nest, unsigned int place))
{
	const struct nlattr *attr;
	unsigned int place = 0;

	print_array(key);
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == type)
			show(attr, ++place);
	}
	print_close();
}

/* The route that the packet takes. */
static void show_entry(const struct attrs *attrs)
{
	struct migsel_addr prefix = { .family = MIGSEL_INET };
	const struct nlattr *dst;
	char text[64];
	__u32 table;

	if (!attrs->at[MIGSEL_A_ROUTE_TABLE])
		return;
	dst = attrs->at[MIGSEL_A_ROUTE_DST4];
	if (!dst) {
		prefix.family = MIGSEL_INET6;
		dst = attrs->at[MIGSEL_A_ROUTE_DST6];
	}
	if (!dst || mnl_attr_get_payload_len(dst) > sizeof(prefix.prefix))
		return;
	memcpy(prefix.prefix, mnl_attr_get_payload(dst),
	       mnl_attr_get_payload_len(dst));
	prefix.len = attr_u32(attrs->at[MIGSEL_A_ROUTE_PREFIX_LEN]);
	addr_text(&prefix, true, text, sizeof(text));
	print_string(address_color(text), "prefix", "    route ", text);
	show_address(attrs, MIGSEL_A_ROUTE_GATEWAY4, MIGSEL_A_ROUTE_GATEWAY6,
		     "gateway", " gateway ");
	table = attr_u32(attrs->at[MIGSEL_A_ROUTE_TABLE]);
	print_uint("table", NULL, table);
	print_text(" table ");
	print_text(table_name(table));
	print_text("\n");
}

/* What it would take without migsel. */
static void show_plain(const struct attrs *attrs)
{
	char ifname[IF_NAMESIZE];

	attr_string(attrs->at[MIGSEL_A_ROUTE_PLAIN_IFNAME], ifname,
		    sizeof(ifname));
	if (!ifname[0])
		return;
	print_string(COLOR_IFNAME, "plain_dev", "    plain Linux dev ", ifname);
	print_text("\n");
}

static int on_answer(const struct nlmsghdr *message, void *unused)
{
	__u32 verdict, reason, class;
	char ifname[IF_NAMESIZE];
	struct attrs attrs;

	(void)unused;
	attrs_of(message, &attrs);
	class = attr_u32(attrs.at[MIGSEL_A_ROUTE_CLASS]);
	verdict = attr_u32(attrs.at[MIGSEL_A_ROUTE_VERDICT]);
	reason = attr_u32(attrs.at[MIGSEL_A_ROUTE_REASON]);
	attr_string(attrs.at[MIGSEL_A_ROUTE_IFNAME], ifname, sizeof(ifname));

	print_array(NULL);
	print_object(NULL);
	show_address(&attrs, MIGSEL_A_ROUTE_DST4, MIGSEL_A_ROUTE_DST6, "dst",
		     "");
	print_string(COLOR_NONE, "tag", " tag ", name_of(class_names, class));
	/* A device in the line says that the packet is not refused. */
	print_string(COLOR_BAD, "verdict",
		     verdict == MIGSEL_VERDICT_REFUSE ? " verdict " : NULL,
		     name_of(verdict_names, verdict));
	if (ifname[0])
		print_string(COLOR_IFNAME, "dev", " dev ", ifname);
	show_address(&attrs, MIGSEL_A_ROUTE_SRC4, MIGSEL_A_ROUTE_SRC6, "src",
		     ifname[0] ? " src " : NULL);
	print_string(COLOR_NONE, "reason", " reason ",
		     name_of(reason_names, reason));
	print_text("\n");
	if (options.details) {
		show_entry(&attrs);
		show_plain(&attrs);
		show_facts(attrs.at[MIGSEL_A_ROUTE_FACTS]);
		show_each(message, MIGSEL_A_ROUTE_ROW, "rows", show_row);
		show_each(message, MIGSEL_A_ROUTE_CANDIDATE, "candidates",
			  show_candidate);
	}
	print_close();
	print_close();
	return MNL_CB_OK;
}

static int parse_proto(const char *word, __u32 *proto)
{
	static const struct {
		const char *name;
		__u32 number;
	} protos[] = {
		{ "tcp", IPPROTO_TCP },
		{ "udp", IPPROTO_UDP },
		{ "udplite", IPPROTO_UDPLITE },
		{ "sctp", IPPROTO_SCTP },
		{ "dccp", IPPROTO_DCCP },
		{ "icmp", IPPROTO_ICMP },
		{ "icmpv6", IPPROTO_ICMPV6 },
		{ "esp", IPPROTO_ESP },
		{ "ah", IPPROTO_AH },
		{ "gre", IPPROTO_GRE },
	};
	size_t i;

	for (i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		if (!strcmp(word, protos[i].name)) {
			*proto = protos[i].number;
			return 0;
		}
	}
	if (word[0] >= '0' && word[0] <= '9')
		return parse_range(word, "ipproto", 1, 255, proto);
	return bad_value(word,
			 "ipproto must be a number or one of tcp, udp, udplite, sctp, dccp, icmp, icmpv6, esp, ah, gre");
}

static int parse_query(char **argv, struct query *query)
{
	int ret;

	memset(query, 0, sizeof(*query));
	for (; *argv; argv++) {
		if (!query->dst_word) {
			ret = 0;
			if (!strcmp(*argv, "to"))
				ret = take_value(&argv, &query->dst_word);
			query->dst_word = *argv;
			if (!ret)
				ret = parse_address(*argv, &query->dst);
		} else if (matches(*argv, "from")) {
			ret = take_once(&argv, "from", &query->from_word);
			if (!ret)
				ret = parse_address(*argv, &query->from);
		} else if (matches(*argv, "dev")) {
			ret = take_once(&argv, "dev", &query->dev_word);
			if (!ret)
				ret = parse_device(*argv, &query->ifindex);
		} else if (matches(*argv, "tag")) {
			ret = take_once(&argv, "tag", &query->tag_word);
			if (!ret)
				ret = parse_name(*argv, "tag", class_names + 1,
						 &query->class);
			query->class += MIGSEL_CLASS_HOT;
		} else if (matches(*argv, "mark")) {
			ret = take_once(&argv, "mark", &query->mark_word);
			if (!ret)
				ret = parse_u32(*argv, "mark", &query->mark);
		} else if (matches(*argv, "ipproto")) {
			ret = take_once(&argv, "ipproto", &query->proto_word);
			if (!ret)
				ret = parse_proto(*argv, &query->proto);
		} else if (matches(*argv, "sport")) {
			ret = take_once(&argv, "sport", &query->sport_word);
			if (!ret)
				ret = parse_range(*argv, "sport", 1, 65535,
						  &query->sport);
		} else if (matches(*argv, "dport")) {
			ret = take_once(&argv, "dport", &query->dport_word);
			if (!ret)
				ret = parse_range(*argv, "dport", 1, 65535,
						  &query->dport);
		} else {
			ret = unknown_keyword(*argv, "route");
		}
		if (ret)
			return ret;
	}
	if (!query->dst_word)
		return incomplete();
	if (query->from_word && query->from.family != query->dst.family)
		return bad_value(query->from_word,
			     "it is not of the destination's family");
	if (query->tag_word && query->mark_word)
		return bad_value(query->mark_word,
			     "a mark cannot be given beside a tag");
	return 0;
}

static void put_address(struct nlmsghdr *request, int attr4, int attr6,
			const struct address *address)
{
	if (address->family == AF_INET)
		mnl_attr_put(request, attr4, sizeof(address->in), &address->in);
	else
		mnl_attr_put(request, attr6, sizeof(address->in6),
			     &address->in6);
}

static int route_get(char **argv)
{
	struct nlmsghdr *request;
	struct query query;
	int ret;

	ret = parse_query(argv, &query);
	if (ret)
		return ret;

	request = genl_request(MIGSEL_CMD_ROUTE_GET);
	put_address(request, MIGSEL_A_ROUTE_DST4, MIGSEL_A_ROUTE_DST6,
		    &query.dst);
	if (query.from_word)
		put_address(request, MIGSEL_A_ROUTE_SRC4, MIGSEL_A_ROUTE_SRC6,
			    &query.from);
	if (query.dev_word)
		mnl_attr_put_u32(request, MIGSEL_A_ROUTE_IFINDEX,
				 query.ifindex);
	if (query.tag_word)
		mnl_attr_put_u32(request, MIGSEL_A_ROUTE_CLASS, query.class);
	if (query.mark_word)
		mnl_attr_put_u32(request, MIGSEL_A_ROUTE_MARK, query.mark);
	if (query.proto_word)
		mnl_attr_put_u32(request, MIGSEL_A_ROUTE_IPPROTO, query.proto);
	if (query.sport_word)
		mnl_attr_put_u16(request, MIGSEL_A_ROUTE_SPORT, query.sport);
	if (query.dport_word)
		mnl_attr_put_u16(request, MIGSEL_A_ROUTE_DPORT, query.dport);
	if (options.details)
		mnl_attr_put(request, MIGSEL_A_ROUTE_DETAILS, 0, NULL);
	return genl_do(request, on_answer, NULL);
}

int do_route(char **argv)
{
	static const struct command commands[] = {
		{ "get", route_get },
		{ NULL, NULL }
	};

	return run_command("route", commands, usage, argv);
}
