// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands between the page and the rule: as "migsel explain" does, it asks module/rule.c
 * for a host that is only described. Compiled to WebAssembly, and for the tests as it is.
 */

#include <linux/kernel.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "explain.h"
#include "explore.h"
#include "json.h"
#include "names.h"
#include "plain.h"
#include "rows.h"
#include "text.h"

/* As many new flows as the golden cases of the rule have. */
#define FLOWS 8

static char input[EXPLORE_INPUT_MAX + 1];
static struct descriptions described;
static struct described_host *host;
static unsigned int told;	/* flags of explore_begin() */
static unsigned int first;	/* the NIC whose routes come first */

char *explore_input(void)
{
	return input;
}

size_t explore_input_max(void)
{
	return EXPLORE_INPUT_MAX;
}

const char *explore_words(void)
{
	unsigned int i;

	json_begin();
	json_open(NULL, '{');
	json_open("rows", '[');
	for (i = 0; i < migsel_n_rows; i++)
		print_row(i + 1, migsel_rows[i].reason, MIGSEL_OUTCOME_APPLIED);
	json_close(']');
	json_open("classes", '[');
	for (i = 0; i <= MIGSEL_CLASS_MAX; i++)
		json_string(NULL, class_names[i]);
	json_close(']');
	json_close('}');
	return json_text();
}

void explore_begin(unsigned int flags, unsigned int first_nic)
{
	descriptions_free(&described);
	described.file = "page";
	host_is(&described, "host", 1);
	host = described.current;
	host->system = SYSTEM_LINUX;
	/* What is no vmk is none. */
	host->n_saved = 1;
	host->parts = PART_VMKS;
	if (!(flags & EXPLORE_ROUTES4_UNTOLD))
		host->parts |= PART_ROUTES4;
	if (!(flags & EXPLORE_ROUTES6_UNTOLD))
		host->parts |= PART_ROUTES6;
	host->is_strict = flags & EXPLORE_STRICT;
	host->is_unread = flags & EXPLORE_UNREAD;
	told = flags;
	first = first_nic;
}

static enum told told_of(bool is_on)
{
	if (is_on)
		return TOLD_ON;
	return told & EXPLORE_SERVICES_UNTOLD ? NOT_TOLD : TOLD_OFF;
}

int explore_add_nic(unsigned int flags, unsigned int stack)
{
	static const enum described_stack stacks[] = {
		[MIGSEL_STACK_DEFAULT] = ON_DEFAULT,
		[MIGSEL_STACK_VMOTION] = ON_VMOTION,
		[MIGSEL_STACK_PROVISIONING] = ON_PROVISIONING,
	};
	struct described_nic *nic;

	if (!host || !*input || stack >= ARRAY_SIZE(stacks) ||
	    nic_find(host, input))
		return -1;
	nic = nic_of(&described, host, input, 1);
	if (!nic)
		return -1;
	nic->stack = stacks[stack];
	nic->migration = told_of(flags & EXPLORE_MIGRATION);
	nic->provisioning = told_of(flags & EXPLORE_PROVISIONING);
	nic->is_down = flags & EXPLORE_DOWN;
	if (flags & EXPLORE_VMK)
		nic->place = host->n_nics;
	return host->n_nics - 1;
}

bool explore_add_address(unsigned int nic)
{
	struct migsel_addr addr;

	/* The name of a device behind it would be read over. */
	if (!host || nic >= host->n_nics || strchr(input, '%') ||
	    !read_address(input, NULL, &addr))
		return false;
	described.table++;
	host->nic[nic].table[addr.family] = described.table;
	nic_add_address(&described, &host->nic[nic], &addr, 1);
	return true;
}

bool explore_add_route(unsigned int nic)
{
	struct described_route route = {};

	if (!host || nic >= host->n_nics || strchr(input, '%') ||
	    !read_prefix(input, NULL, MIGSEL_INET, &route.dst))
		return false;
	host_add_route(&described, host, &route, host->nic[nic].name, 1);
	return true;
}

/* Without its length. */
static void add_bare(const char *key, const struct migsel_addr *addr)
{
	char text[64] = "";

	if (addr)
		addr_text(addr, false, text, sizeof(text));
	text[strcspn(text, "/")] = '\0';
	json_string(key, text);
}

static void add_position(const struct view *view, const char *key, int vmk)
{
	json_number(key, vmk == MIGSEL_NO_VMK ? -1 : view->nic[vmk] - host->nic);
}

static void add_nic(const struct view *view, const struct described_nic *nic,
		    enum migsel_family family)
{
	const struct migsel_addr *addr = plain_address(nic, family);
	bool carries = false;
	char text[64] = "";
	unsigned int i;

	for (i = 0; i < view->rule.n_vmks; i++)
		carries |= view->nic[i] == nic && view->vmk[i].carries;
	json_open(NULL, '{');
	json_truth("carries", carries);
	add_bare("address", addr);
	if (addr)
		addr_text(addr, true, text, sizeof(text));
	json_string("network", text);
	json_open("addresses", '[');
	for (i = 0; i < nic->n_addrs; i++) {
		addr_text(&nic->addr[i], false, text, sizeof(text));
		json_string(NULL, text);
	}
	json_close(']');
	json_open("routes", '[');
	for (i = 0; i < host->n_routes; i++) {
		if (strcmp(host->route[i].dev, nic->name))
			continue;
		addr_text(&host->route[i].dst, true, text, sizeof(text));
		json_string(NULL, text);
	}
	json_close(']');
	json_close('}');
}

const char *explore_look(bool is_inet6)
{
	static struct explain explain;
	static struct view view;
	unsigned int i;

	if (!host || !view_host(&explain, host, &view))
		return NULL;
	json_begin();
	json_open(NULL, '{');
	add_position(&view, "first", view.rule.first_vmk);
	add_position(&view, "migration", view.rule.migration_vmk);
	add_position(&view, "provisioning", view.rule.provisioning_vmk);
	add_position(&view, "spare", view_spare(&view));
	json_open("nics", '[');
	for (i = 0; i < host->n_nics; i++)
		add_nic(&view, &host->nic[i],
			is_inet6 ? MIGSEL_INET6 : MIGSEL_INET);
	json_close(']');
	json_close('}');
	return json_text();
}

/* The usable vmk that carries migrations and has the address of a NIC, as the module has it. */
static int vmk_of(const struct view *view, int nic, enum migsel_family family)
{
	unsigned int i;

	for (i = 0; nic >= 0 && i < view->rule.n_vmks; i++) {
		if (view->nic[i] == &host->nic[nic] && view->vmk[i].carries &&
		    view->vmk[i].addressed[family] && !view->nic[i]->is_down)
			return i;
	}
	return MIGSEL_NO_VMK;
}

/* By which NIC each of several new flows leaves, one opened after another. */
static void add_flows(const struct view *view, const struct answer *answer)
{
	__u8 state[MIGSEL_MAX_VMKS] = {};
	__u32 placed[MIGSEL_MAX_VMKS] = {};
	struct migsel_candidates cands = {
		.state = state,
		.placed = placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	unsigned int i;
	int vmk;

	for (i = 0; i < answer->n; i++)
		state[answer->by[i]] = MIGSEL_USABLE | MIGSEL_ROUTED;
	json_open("flows", '[');
	for (i = 0; i < FLOWS && answer->n &&
	     answer->row->action == MIGSEL_CHOOSE; i++) {
		migsel_rule_multi(&view->rule, &cands, &vmk);
		placed[vmk]++;
		add_position(view, NULL, vmk);
	}
	json_close(']');
}

/* What the table names as candidates, whether they will do or not. */
static void add_candidates(const struct view *view, const struct answer *answer)
{
	const struct migsel_rule *rule = &view->rule;
	unsigned int i;

	json_open("candidates", '[');
	if (answer->row->candidates == MIGSEL_MIGRATION_VMKS) {
		for (i = 0; i < rule->n_vmks; i++) {
			if (view->vmk[i].carries)
				add_position(view, NULL, i);
		}
	} else {
		for (i = 0; i < answer->n; i++)
			add_position(view, NULL, answer->by[i]);
	}
	json_close(']');
}

static void add_rows(const struct answer *answer)
{
	unsigned int i, applied = answer->row - migsel_rows;

	json_open("rows", '[');
	for (i = 0; i < migsel_n_rows; i++)
		print_row(i + 1, migsel_rows[i].reason,
			  i < applied ? MIGSEL_OUTCOME_SKIPPED :
			  i == applied ? MIGSEL_OUTCOME_APPLIED :
					 MIGSEL_OUTCOME_NOT_REACHED);
	json_close(']');
}

static void add_verdict(const struct answer *answer)
{
	enum migsel_verdict verdict = MIGSEL_VERDICT_STEER;

	if (answer->row->action == MIGSEL_PASS)
		verdict = MIGSEL_VERDICT_PASS;
	else if (answer->is_refused)
		verdict = MIGSEL_VERDICT_REFUSE;
	json_string("verdict", name_of(verdict_names, verdict));
}

/* What leaves by which NICs: without the rule's touch as Linux has it. */
static void add_egress(const struct view *view, const struct answer *answer,
		       const struct plain *plain)
{
	static const char *const ways[] = {
		[PLAIN_NOWHERE] = "nowhere",
		[PLAIN_HOST] = "host",
		[PLAIN_NIC] = "nic",
	};
	unsigned int i;

	json_open("by", '[');
	if (answer->row->action != MIGSEL_PASS) {
		for (i = 0; i < answer->n && !answer->is_refused; i++)
			add_position(view, NULL, answer->by[i]);
	} else if (plain->way == PLAIN_NIC) {
		json_number(NULL, plain->nic);
	}
	json_close(']');
	json_open("plain", '{');
	json_string("way", ways[plain->way]);
	json_number("nic", plain->way == PLAIN_NIC ? (int)plain->nic : -1);
	json_close('}');
	add_bare("source", plain->has_source ? &plain->source : NULL);
}

/* Whether it is told which vmks have the service that a class is about, where that matters. */
static bool are_services_untold(const struct view *view,
				const struct answer *answer)
{
	unsigned int i;

	if (answer->class == MIGSEL_CLASS_HOT)
		return view->is_untold;
	for (i = 0; i < view->rule.n_vmks; i++) {
		if (answer->class == MIGSEL_CLASS_COLD &&
		    view->rule.provisioning_stack == MIGSEL_NO_VMK &&
		    view->vmk[i].stack == MIGSEL_STACK_DEFAULT &&
		    view->nic[i]->provisioning == NOT_TOLD)
			return true;
	}
	return false;
}

/* What was not told, so that the answer may be another. */
static void add_untold(const struct view *view, const struct answer *answer)
{
	json_open("untold", '[');
	if (host->is_unread)
		json_string(NULL, "rest");
	if (answer->row->action != MIGSEL_PASS &&
	    are_services_untold(view, answer))
		json_string(NULL, "services");
	if (answer->is_routes_untold)
		json_string(NULL, "routes");
	json_close(']');
}

const char *explore_decide(unsigned int class, int bound, bool to_device)
{
	const struct plain_binding binding = { bound, bound >= 0 && to_device };
	static struct explained explained;
	static struct explain explain;
	static char to[64];
	struct view *view = &explained.view;
	struct answer *answer = &explained.answer[0];
	struct text says = {};
	struct plain plain;

	if (!host || class > MIGSEL_CLASS_MAX || bound >= (int)host->n_nics ||
	    strpbrk(input, "/%") ||
	    !read_address(input, strchr(input, ':') ? "128" : "32",
			  &explain.dst) ||
	    !view_host(&explain, host, view))
		return NULL;
	addr_text(&explain.dst, false, to, sizeof(to));
	to[strcspn(to, "/")] = '\0';
	explain.dst_word = to;
	view->is_bound_to_device = binding.to_device;
	if (!view->is_bound_to_device)
		view->bound_vmk = vmk_of(view, bound, explain.dst.family);
	view_answer(view, class, explain.dst.family, &explain.dst, answer);
	explained.explain = &explain;
	explained.n = 1;
	plain_route(host, first < host->n_nics ? first : 0, &binding,
		    &explain.dst, &plain);

	json_begin();
	json_open(NULL, '{');
	json_string("to", to);
	json_number("row", answer->row - migsel_rows + 1);
	json_string("reason", name_of(reason_names, answer->reason));
	add_verdict(answer);
	json_truth("bypasses", answer->row->bypasses);
	json_truth("pitfall", answer->row->bypasses && !answer->is_refused);
	add_candidates(view, answer);
	add_egress(view, answer, &plain);
	add_flows(view, answer);
	add_rows(answer);
	add_untold(view, answer);
	if (answer->row->action != MIGSEL_PASS)
		say_answer(&explained, answer, &says);
	json_string("says", says.s ? says.s : "");
	text_free(&says);
	json_close('}');
	return json_text();
}
