// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands between the page and the rule: as "migsel explain" does, it asks module/rule.c
 * for a host that is only described. Compiled to WebAssembly, and for the tests as it is.
 */

#include <arpa/inet.h>
#include <iconv.h>
#include <linux/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "explain.h"
#include "explore.h"
#include "names.h"
#include "print.h"
#include "rows.h"
#include "text.h"

/* As many new flows as the golden cases of the rule have. */
#define FLOWS 8

static char input[EXPLORE_INPUT_MAX + 1];
static struct text json;
static struct descriptions described;
static struct described_host *host;

char *explore_input(void)
{
	return input;
}

size_t explore_input_max(void)
{
	return EXPLORE_INPUT_MAX;
}

/* JSON, whose commas are set by what stands before them. */

static void begin_value(const char *key)
{
	if (json.length && !strchr("[{:", json.s[json.length - 1]))
		text_add(&json, ",");
	if (key)
		text_add(&json, "\"%s\":", key);
}

static void add_string(const char *key, const char *value)
{
	int n;

	begin_value(key);
	text_add(&json, "\"");
	while (*value) {
		for (n = 0; (unsigned char)value[n] >= ' ' && value[n] != '"' &&
		     value[n] != '\\'; n++)
			;
		text_add(&json, "%.*s", n, value);
		value += n;
		if (*value)
			text_add(&json, "\\u%04x", (unsigned char)*value++);
	}
	text_add(&json, "\"");
}

static void add_number(const char *key, int value)
{
	begin_value(key);
	text_add(&json, "%d", value);
}

static void add_truth(const char *key, bool value)
{
	begin_value(key);
	text_add(&json, value ? "true" : "false");
}

static void open_value(const char *key, char bracket)
{
	begin_value(key);
	text_add(&json, "%c", bracket);
}

static void close_value(char bracket)
{
	text_add(&json, "%c", bracket);
}

/* What the rows of the table say is printed by the tool's own functions. */

void print_object(const char *key)
{
	open_value(key, '{');
}

void print_close(void)
{
	close_value('}');
}

void print_text(const char *text)
{
	(void)text;
}

void print_string(enum color color, const char *key, const char *lead,
		  const char *value)
{
	(void)color;
	(void)lead;
	add_string(key, value);
}

void print_cell(enum color color, const char *key, int width,
		const char *value)
{
	(void)width;
	print_string(color, key, "", value);
}

void print_uint_cell(const char *key, int width, __u64 value)
{
	(void)width;
	add_number(key, value);
}

/* What a browser hands over is UTF-8, and neither JSON nor CSV. */

iconv_t iconv_open(const char *to, const char *from)
{
	(void)to;
	(void)from;
	return (iconv_t)-1;
}

size_t iconv(iconv_t wide, char **restrict in, size_t *restrict in_left,
	     char **restrict out, size_t *restrict out_left)
{
	(void)wide;
	(void)in;
	(void)in_left;
	(void)out;
	(void)out_left;
	return (size_t)-1;
}

int iconv_close(iconv_t wide)
{
	(void)wide;
	return 0;
}

bool describe_json(struct descriptions *all, const char *text, size_t length,
		   unsigned int line, const char *nic, size_t *used)
{
	(void)all;
	(void)text;
	(void)length;
	(void)line;
	(void)nic;
	(void)used;
	return false;
}

void describe_csv(struct descriptions *all, const char *text, size_t length)
{
	(void)all;
	(void)text;
	(void)length;
}

bool looks_like_csv(const char *text, size_t length)
{
	(void)text;
	(void)length;
	return false;
}

const char *explore_words(void)
{
	unsigned int i;

	text_free(&json);
	open_value(NULL, '{');
	open_value("reasons", '[');
	for (i = 0; i <= MIGSEL_REASON_MAX; i++)
		add_string(NULL, reason_names[i]);
	close_value(']');
	open_value("rows", '[');
	for (i = 0; i < migsel_n_rows; i++)
		print_row(i + 1, migsel_rows[i].reason, MIGSEL_OUTCOME_APPLIED);
	close_value(']');
	open_value("classes", '[');
	for (i = 0; i <= MIGSEL_CLASS_MAX; i++)
		add_string(NULL, class_names[i]);
	close_value(']');
	close_value('}');
	return json.s;
}

void explore_begin(bool is_strict)
{
	descriptions_free(&described);
	described.file = "page";
	described.complaints = 0;
	host_is(&described, "host", 1);
	host = described.current;
	host->system = SYSTEM_LINUX;
	/* All is told: what is no vmk is none, and there are no other routes. */
	host->n_saved = 1;
	host->parts = PART_VMKS | PART_ROUTES4 | PART_ROUTES6;
	host->is_strict = is_strict;
}

int explore_add_nic(unsigned int flags, unsigned int stack)
{
	static const enum described_stack stacks[] = {
		[MIGSEL_STACK_DEFAULT] = ON_DEFAULT,
		[MIGSEL_STACK_VMOTION] = ON_VMOTION,
		[MIGSEL_STACK_PROVISIONING] = ON_PROVISIONING,
	};
	struct described_nic *nic;

	if (!*input || stack >= ARRAY_SIZE(stacks) || nic_find(host, input))
		return -1;
	nic = nic_of(&described, host, input, 1);
	if (!nic)
		return -1;
	nic->stack = stacks[stack];
	nic->migration = flags & EXPLORE_MIGRATION ? TOLD_ON : TOLD_OFF;
	nic->provisioning = flags & EXPLORE_PROVISIONING ? TOLD_ON : TOLD_OFF;
	nic->is_down = flags & EXPLORE_DOWN;
	if (flags & EXPLORE_VMK)
		nic->place = host->n_nics;
	return host->n_nics - 1;
}

bool explore_add_address(unsigned int nic)
{
	struct migsel_addr addr;

	if (nic >= host->n_nics || !read_address(input, NULL, &addr))
		return false;
	described.table++;
	host->nic[nic].table[addr.family] = described.table;
	nic_add_address(&described, &host->nic[nic], &addr, 1);
	return true;
}

bool explore_add_route(unsigned int nic)
{
	struct described_route route = {};

	if (nic >= host->n_nics ||
	    !read_prefix(input, NULL, MIGSEL_INET, &route.dst))
		return false;
	host_add_route(&described, host, &route, host->nic[nic].name, 1);
	return true;
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

static void add_position(const struct view *view, const char *key, int vmk)
{
	add_number(key, vmk == MIGSEL_NO_VMK ? -1 : view->nic[vmk] - host->nic);
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
	open_value("flows", '[');
	for (i = 0; i < FLOWS && answer->n; i++) {
		migsel_rule_multi(&view->rule, &cands, &vmk);
		placed[vmk]++;
		add_position(view, NULL, vmk);
	}
	close_value(']');
}

/* What the table names as candidates, whether they will do or not. */
static void add_candidates(const struct view *view, const struct answer *answer)
{
	const struct migsel_rule *rule = &view->rule;
	unsigned int i;

	open_value("candidates", '[');
	if (answer->row->candidates == MIGSEL_MIGRATION_VMKS) {
		for (i = 0; i < rule->n_vmks; i++) {
			if (view->vmk[i].carries)
				add_position(view, NULL, i);
		}
	} else if (answer->row->action == MIGSEL_STEER ||
		   answer->row->action == MIGSEL_PREFER) {
		for (i = 0; i < answer->n; i++)
			add_position(view, NULL, answer->by[i]);
	}
	close_value(']');
}

static void add_rows(const struct answer *answer)
{
	unsigned int i, applied = answer->row - migsel_rows;

	open_value("rows", '[');
	for (i = 0; i < migsel_n_rows; i++)
		print_row(i + 1, migsel_rows[i].reason,
			  i < applied ? MIGSEL_OUTCOME_SKIPPED :
			  i == applied ? MIGSEL_OUTCOME_APPLIED :
					 MIGSEL_OUTCOME_NOT_REACHED);
	close_value(']');
}

static int matched(const struct migsel_addr *dst, const struct migsel_addr *prefix)
{
	return addr_is_in(dst, prefix) ? prefix->len : -1;
}

/* The longest prefix of a route to the destination by a NIC, -1 without one. */
static int longest_match(const struct described_nic *nic,
			 const struct migsel_addr *dst)
{
	unsigned int i;
	int length = -1, most = -1;

	for (i = 0; i < nic->n_addrs; i++) {
		length = matched(dst, &nic->addr[i]);
		most = length > most ? length : most;
	}
	for (i = 0; i < host->n_routes; i++) {
		if (strcmp(host->route[i].dev, nic->name))
			continue;
		length = matched(dst, &host->route[i].dst);
		most = length > most ? length : most;
	}
	return most;
}

/* What the page shows of the NICs beside the answer. */
static void add_nics(const struct view *view, const struct migsel_addr *dst)
{
	char text[64];
	unsigned int i, j;

	open_value("nics", '[');
	for (i = 0; i < host->n_nics; i++) {
		const struct described_nic *nic = &host->nic[i];

		open_value(NULL, '{');
		add_number("match", longest_match(nic, dst));
		for (j = 0; j < view->rule.n_vmks; j++) {
			if (view->nic[j] == nic)
				add_truth("carries", view->vmk[j].carries);
		}
		open_value("addresses", '[');
		for (j = 0; j < nic->n_addrs; j++) {
			open_value(NULL, '{');
			addr_text(&nic->addr[j], false, text, sizeof(text));
			add_string("address", text);
			addr_text(&nic->addr[j], true, text, sizeof(text));
			add_string("network", text);
			add_truth("asked", nic->addr[j].family == dst->family);
			close_value('}');
		}
		close_value(']');
		close_value('}');
	}
	close_value(']');
}

static void add_verdict(const struct answer *answer)
{
	enum migsel_verdict verdict = MIGSEL_VERDICT_STEER;

	if (answer->row->action == MIGSEL_PASS)
		verdict = MIGSEL_VERDICT_PASS;
	else if (answer->is_refused)
		verdict = MIGSEL_VERDICT_REFUSE;
	add_string("verdict", name_of(verdict_names, verdict));
}

const char *explore_decide(unsigned int class, int bound, bool to_device)
{
	static struct explained explained;
	struct view *view = &explained.view;
	struct answer *answer = &explained.answer[0];
	struct explain explain = { .dst_word = input };
	struct text says = {};
	unsigned int i;

	if (class > MIGSEL_CLASS_MAX || bound >= (int)host->n_nics ||
	    !read_address(input, strchr(input, ':') ? "128" : "32",
			  &explain.dst) ||
	    !view_host(&explain, host, view))
		return NULL;
	view->is_bound_to_device = bound >= 0 && to_device;
	if (!view->is_bound_to_device)
		view->bound_vmk = vmk_of(view, bound, explain.dst.family);
	view_answer(view, class, explain.dst.family, &explain.dst, answer);
	explained.explain = &explain;
	explained.n = 1;

	text_free(&json);
	open_value(NULL, '{');
	add_number("row", answer->row - migsel_rows + 1);
	add_string("reason", name_of(reason_names, answer->reason));
	add_verdict(answer);
	add_truth("bypasses", answer->row->bypasses);
	open_value("by", '[');
	for (i = 0; i < answer->n && !answer->is_refused; i++)
		add_position(view, NULL, answer->by[i]);
	close_value(']');
	add_candidates(view, answer);
	if (answer->row->action == MIGSEL_CHOOSE)
		add_flows(view, answer);
	add_position(view, "first", view->rule.first_vmk);
	add_truth("vmotion_stack", view->rule.vmotion_stack);
	add_rows(answer);
	add_nics(view, &explain.dst);
	if (answer->row->action != MIGSEL_PASS)
		say_answer(&explained, answer, &says);
	add_string("says", says.s ? says.s : "");
	close_value('}');
	text_free(&says);
	return json.s;
}

static void add_told(const char *key, enum told told)
{
	begin_value(key);
	text_add(&json, told == NOT_TOLD ? "null" :
			told == TOLD_ON ? "true" : "false");
}

static void add_described(const struct described_host *from)
{
	char text[64];
	unsigned int i, j;

	open_value(NULL, '{');
	add_string("name", from->name);
	add_truth("is_esxi", from->system == SYSTEM_ESXI);
	add_truth("is_strict", from->is_strict);
	open_value("nics", '[');
	for (i = 0; i < from->n_nics; i++) {
		const struct described_nic *nic = &from->nic[i];

		open_value(NULL, '{');
		add_string("name", nic->name);
		add_truth("is_vmk", from->system == SYSTEM_ESXI ?
				    is_vmk(nic->name) && nic->stack != ON_OTHER :
				    nic->place);
		add_number("stack", nic->stack == ON_VMOTION ? MIGSEL_STACK_VMOTION :
			   nic->stack == ON_PROVISIONING ?
			   MIGSEL_STACK_PROVISIONING : MIGSEL_STACK_DEFAULT);
		add_told("migration", nic->migration);
		add_told("provisioning", nic->provisioning);
		add_truth("is_down", nic->is_down);
		open_value("addresses", '[');
		for (j = 0; j < nic->n_addrs; j++) {
			addr_text(&nic->addr[j], false, text, sizeof(text));
			add_string(NULL, text);
		}
		close_value(']');
		open_value("routes", '[');
		for (j = 0; j < from->n_routes; j++) {
			const struct described_route *route = &from->route[j];

			if (!route->has_gateway || !route->dev ||
			    strcmp(route->dev, nic->name))
				continue;
			addr_text(&route->dst, true, text, sizeof(text));
			add_string(NULL, text);
		}
		close_value(']');
		close_value('}');
	}
	close_value(']');
	close_value('}');
}

const char *explore_read(size_t length)
{
	struct descriptions all = {};
	size_t i;

	if (length > EXPLORE_INPUT_MAX)
		length = EXPLORE_INPUT_MAX;
	text_free(&json);
	describe_bytes(&all, "pasted", input, length);
	descriptions_settle(&all);
	open_value(NULL, '[');
	for (i = 0; i < all.n; i++)
		add_described(all.host[i]);
	close_value(']');
	descriptions_free(&all);
	return json.s;
}
