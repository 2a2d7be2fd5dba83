// SPDX-License-Identifier: GPL-2.0-only
/* Two described hosts, as source and destination: both ways, and what only both show. */

#include <arpa/inet.h>
#include <linux/kernel.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "error.h"
#include "explain.h"
#include "options.h"
#include "print.h"

/* Where a host receives: the first vmk that carries migrations, and its address. */
static const struct migsel_addr *receives_at(const struct view *view,
					     unsigned int *vmk)
{
	const struct migsel_rule *rule = &view->rule;
	enum migsel_family family;
	unsigned int i, j;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		for (i = 0; i < rule->n_vmks; i++) {
			const struct migsel_rule_vmk *v = &view->vmk[i];

			if (!v->carries || !v->addressed[family])
				continue;
			for (j = 0; j < v->n_addrs; j++) {
				if (v->addrs[j].family != family ||
				    (family == MIGSEL_INET6 &&
				     addr_is_link_local(&v->addrs[j])))
					continue;
				*vmk = i;
				return &v->addrs[j];
			}
		}
	}
	return NULL;
}

struct way {
	struct explained from;
	const struct view *to;
	const struct migsel_addr *dst;
	unsigned int received;	/* position of the vmk */
	char dst_word[INET6_ADDRSTRLEN];
};

static void trap(const char *code, const struct text *text)
{
	print_object(NULL);
	print_string(COLOR_BAD, "code", "  ", code);
	print_string(COLOR_NONE, "message", ": ", text->s);
	print_text("\n");
	print_close();
}

static void check_mtu(const struct way *way)
{
	const struct described_nic *to = way->to->nic[way->received], *from;
	const struct answer *answer = &way->from.answer[0];
	struct text text = {};

	if (!answer->n || answer->is_refused)
		return;
	from = way->from.view.nic[answer->by[0]];
	if (!from->mtu || !to->mtu || from->mtu == to->mtu)
		return;
	text_add(&text,
		 "from %s to %s packets leave by %s with MTU %u and arrive at %s with MTU %u",
		 visible(way->from.view.host->name), visible(way->to->host->name),
		 visible(from->name), from->mtu, visible(to->name), to->mtu);
	trap("mtu-mismatch", &text);
	text_free(&text);
}

/* The destination looks healthy: it receives where it should. */
static void check_hidden(const struct way *way)
{
	struct text text = {};

	if (way->from.verdict != VERDICT_PITFALL)
		return;
	text_add(&text,
		 "%s receives on %s whatever %s sends by: its counters do not show the pitfall, those of %s do",
		 visible(way->to->host->name),
		 vmk_name(way->to, way->received),
		 visible(way->from.view.host->name),
		 visible(way->from.view.host->name));
	trap("seen-at-source-only", &text);
	text_free(&text);
}

static void check_both(const struct way *a, const struct way *b)
{
	bool on_stack = a->from.view.rule.vmotion_stack;
	char x[64], y[64];
	struct text text = {};

	if (on_stack != b->from.view.rule.vmotion_stack) {
		const struct way *on = on_stack ? a : b, *off = on_stack ? b : a;

		text_add(&text,
			 "%s is on the vMotion stack, %s is not: each goes by routes of its own, and what cures one does not cure the other",
			 visible(on->from.view.host->name),
			 visible(off->from.view.host->name));
		trap("stack-mismatch", &text);
		text_free(&text);
	}
	if (a->dst->family == b->dst->family &&
	    migsel_rule_compare(a->dst, b->dst)) {
		addr_text(b->dst, true, x, sizeof(x));
		addr_text(a->dst, true, y, sizeof(y));
		text_add(&text,
			 "they migrate in different subnets, %s and %s: each needs a route to the other's, by the vmk that carries it",
			 x, y);
		trap("different-subnets", &text);
		text_free(&text);
	}
	if (view_has(&a->from.view, a->dst)) {
		text_add(&text, "both have the address %s", a->dst_word);
		trap("same-address", &text);
		text_free(&text);
	}
}

static void show_way(const struct way *way)
{
	const struct view *view = &way->from.view;
	struct text text = {};

	print_object(NULL);
	print_string(COLOR_IFNAME, "from", "", view->host->name);
	print_string(COLOR_IFNAME, "to", " to ", way->to->host->name);
	print_string(address_color(way->dst_word), "dst", " ", way->dst_word);
	print_string(COLOR_NONE, "verdict", NULL,
		     explain_verdicts[way->from.verdict]);
	say_host(&way->from, &text);
	print_string(COLOR_NONE, "message", ": ", text.s);
	text_free(&text);
	print_string(COLOR_NONE, "received", "; received on ",
		     way->to->nic[way->received]->name);
	print_text("\n");
	print_close();
}

/* A host of which too little is known to be one of a pair. */
static int too_little(const struct explained *explained)
{
	struct text text = {};

	if (explained->verdict == VERDICT_UNTOLD ||
	    explained->verdict == VERDICT_NOT_OURS)
		say_host(explained, &text);
	else
		text_add(&text, "no vmk that carries migrations has an address");
	error("%s: %s.", visible(explained->view.host->name), text.s);
	text_free(&text);
	return EXPLAIN_UNREAD;
}

int explain_pair(struct explain *explain)
{
	static struct way ways[2];
	int ret = EXPLAIN_NO_PITFALL;
	unsigned int i;

	if (explain->all.n != 2) {
		error("a pair has two hosts, but %zu are described.",
		      explain->all.n);
		return EXPLAIN_UNREAD;
	}
	for (i = 0; i < 2; i++) {
		if (!explain_host(explain, explain->all.host[i], NULL,
				  &ways[i].from))
			return EXPLAIN_UNREAD;
	}
	for (i = 0; i < 2; i++) {
		struct way *way = &ways[i];

		way->to = &ways[!i].from.view;
		way->dst = receives_at(way->to, &way->received);
		if (!way->dst || !ways[!i].from.n)
			return too_little(&ways[!i].from);
		inet_ntop(way->dst->family == MIGSEL_INET ? AF_INET : AF_INET6,
			  way->dst->local, way->dst_word, sizeof(way->dst_word));
	}
	print_object(NULL);
	print_array("ways");
	for (i = 0; i < 2; i++) {
		explain->dst_word = ways[i].dst_word;
		explain_host(explain, explain->all.host[i], ways[i].dst,
			     &ways[i].from);
		show_way(&ways[i]);
		if (ways[i].from.verdict == VERDICT_UNTOLD)
			explain->all.failed = true;
		if (ways[i].from.verdict == VERDICT_PITFALL)
			ret = EXPLAIN_PITFALL;
	}
	print_close();
	print_array("traps");
	for (i = 0; i < 2; i++) {
		check_hidden(&ways[i]);
		check_mtu(&ways[i]);
	}
	check_both(&ways[0], &ways[1]);
	print_close();
	print_close();
	return explain->all.failed ? EXPLAIN_UNREAD : ret;
}
