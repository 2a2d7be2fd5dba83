// SPDX-License-Identifier: GPL-2.0-only
/* What the rule says of a described host, in the host's own words. */

#include <linux/kernel.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "explain.h"
#include "names.h"

const char *vmk_name(const struct view *view, int vmk)
{
	return vmk == MIGSEL_NO_VMK ? "none" : visible(view->nic[vmk]->name);
}

const char *traffic_name(const struct view *view, enum migsel_class class)
{
	if (class == MIGSEL_CLASS_COLD)
		return "cold data";
	return view->host->system == SYSTEM_ESXI ? "vMotion" :
						   "migration traffic";
}

static const char *enabled(const struct view *view)
{
	return view->host->system == SYSTEM_ESXI ? "enabled" :
						   "the one for migration";
}

/* "vmk1, vmk2 and vmk3", of those that an answer names. */
static void add_names(const struct view *view, const struct answer *answer,
		      struct text *text)
{
	unsigned int i, most = answer->n < 8 ? answer->n : 8;

	for (i = 0; i < most; i++)
		text_add(text, "%s%s", !i ? "" : i + 1 == answer->n ? " and " :
								      ", ",
			 vmk_name(view, answer->by[i]));
	if (most < answer->n)
		text_add(text, " and %u more", answer->n - most);
}

bool shared_network(const struct view *view, int a, int b,
		    enum migsel_family family, char *text, size_t size)
{
	const struct migsel_rule_vmk *x, *y;
	unsigned int i = 0, j = 0;
	int order;

	if (a == MIGSEL_NO_VMK || b == MIGSEL_NO_VMK)
		return false;
	x = &view->vmk[a];
	y = &view->vmk[b];
	while (i < x->n_addrs && j < y->n_addrs) {
		order = migsel_rule_compare(&x->addrs[i], &y->addrs[j]);
		/* A host prefix, or a link-local one, is no subnet. */
		if (!order && x->addrs[i].family == family &&
		    x->addrs[i].len < (family == MIGSEL_INET ? 32 : 128) &&
		    !(family == MIGSEL_INET6 &&
		      addr_is_link_local(&x->addrs[i]))) {
			addr_text(&x->addrs[i], true, text, size);
			return true;
		}
		if (order <= 0)
			i++;
		else
			j++;
	}
	return false;
}

static bool is_link_local_only(const struct view *view, unsigned int vmk)
{
	return view->nic[vmk]->n_addrs &&
	       !view->vmk[vmk].addressed[MIGSEL_INET] &&
	       !view->vmk[vmk].addressed[MIGSEL_INET6];
}

/* Why it is refused, behind who it is. */
static void say_refusal(const struct explained *explained,
			const struct answer *answer, struct text *text)
{
	const struct view *view = &explained->view;
	const char *word = answer->n ? vmk_name(view, answer->by[0]) : NULL;

	text_add(text, " is refused: ");
	switch (answer->reason) {
	case MIGSEL_REASON_NO_MIGRATION_VMK:
		text_add(text, "no vmk is %s", enabled(view));
		return;
	case MIGSEL_REASON_LINK_DOWN:
		if (!word)
			text_add(text, "no vmk that carries it is up and has an IPv%c address",
				 answer->family == MIGSEL_INET ? '4' : '6');
		else if (view->nic[answer->by[0]]->is_down)
			text_add(text, "%s is down", word);
		else if (is_link_local_only(view, answer->by[0]))
			text_add(text, "%s has none but link-local addresses",
				 word);
		else
			text_add(text, "%s has no IPv%c address", word,
				 answer->family == MIGSEL_INET ? '4' : '6');
		return;
	default:
		if (word)
			text_add(text, "%s has no route to %s", word,
				 explained->explain->dst_word ?: "the other host");
		else if (answer->class == MIGSEL_CLASS_COLD &&
			 view->rule.first_vmk == MIGSEL_NO_VMK)
			text_add(text, "the default stack has no vmk");
		else
			text_add(text, "no vmk that carries it has a route to %s",
				 explained->explain->dst_word ?: "the other host");
	}
}

static void say_egress(const struct explained *explained,
		       const struct answer *answer, struct text *text)
{
	const struct view *view = &explained->view;
	const struct migsel_rule *rule = &view->rule;
	const char *first = vmk_name(view, rule->first_vmk);
	char network[64] = "one subnet";

	text_add(text, " leaves by ");
	add_names(view, answer, text);
	switch (answer->reason) {
	case MIGSEL_REASON_SAME_SUBNET:
	case MIGSEL_REASON_STRICT:
		shared_network(view, rule->first_vmk, rule->migration_vmk,
			       answer->family, network, sizeof(network));
		if (answer->reason == MIGSEL_REASON_STRICT)
			text_add(text, ", as fallback strict has it, though %s is in %s, too",
				 first, network);
		else
			text_add(text, ", though %s is %s: both are in %s",
				 vmk_name(view, rule->migration_vmk),
				 enabled(view), network);
		break;
	case MIGSEL_REASON_COLD_SAME_SUBNET:
		shared_network(view, rule->first_vmk, rule->provisioning_vmk,
			       answer->family, network, sizeof(network));
		text_add(text, ", though %s has the provisioning service: both are in %s",
			 vmk_name(view, rule->provisioning_vmk), network);
		break;
	case MIGSEL_REASON_DEDICATED_SUBNET:
		if (rule->first_vmk == MIGSEL_NO_VMK)
			text_add(text, ", the one that is %s", enabled(view));
		else
			text_add(text, ", which shares no subnet with %s", first);
		break;
	case MIGSEL_REASON_SINGLE_NIC:
		text_add(text, ", the first vmk and the only one that is %s",
			 view->host->system == SYSTEM_ESXI ? "enabled" :
							     "for migration");
		break;
	case MIGSEL_REASON_VMOTION_STACK:
		text_add(text, ", the one of the vMotion stack");
		break;
	case MIGSEL_REASON_PROVISIONING_STACK:
		text_add(text, ", of the provisioning stack");
		break;
	case MIGSEL_REASON_PROVISIONING_VMK:
		text_add(text, ", which has the provisioning service");
		if (!explained->explain->dst_word)
			text_add(text, ", where that has a route that is no default route");
		break;
	case MIGSEL_REASON_MULTI_NIC:
		text_add(text, answer->n > 1 ? ", shared by flow" :
					       ", as no other will do");
		break;
	case MIGSEL_REASON_COLD_FIRST_VMK:
		text_add(text, ", the first vmk");
		break;
	default:
		break;
	}
}

/* Whether it would be said in the other family, too, in the same words. */
static bool is_said_for_both(const struct explained *explained)
{
	const struct answer *a = &explained->answer[0];
	const struct answer *b = &explained->answer[1];

	return explained->n > 2 && a->reason == b->reason && a->n == b->n &&
	       !memcmp(a->by, b->by, a->n * sizeof(*a->by));
}

const struct answer *main_answer(const struct explained *explained)
{
	unsigned int i;

	for (i = 0; i < explained->n; i++) {
		if (explained->answer[i].row->bypasses)
			return &explained->answer[i];
	}
	return explained->n ? &explained->answer[0] : NULL;
}

void say_answer(const struct explained *explained, const struct answer *answer,
		struct text *text)
{
	const struct view *view = &explained->view;

	text_add(text, "%s", traffic_name(view, answer->class));
	if (explained->n > 2 && answer->class == MIGSEL_CLASS_HOT &&
	    !is_said_for_both(explained))
		text_add(text, " over IPv%c",
			 answer->family == MIGSEL_INET ? '4' : '6');
	if (explained->explain->dst_word && !explained->explain->as_pair)
		text_add(text, " to %s", explained->explain->dst_word);
	if (answer->row->action == MIGSEL_PASS)
		text_add(text, " is not decided on: that is this host, multicast or link-local");
	else if (answer->is_refused)
		say_refusal(explained, answer, text);
	else
		say_egress(explained, answer, text);
	text_add(text, " (row %zu, %s)", answer->row - migsel_rows + 1,
		 name_of(reason_names, answer->reason));
}

/* What would tell which vmk carries migrations. */
static void say_untold(const struct view *view, struct text *text)
{
	unsigned int i;

	if (view->host->system == SYSTEM_LINUX) {
		text_add(text,
			 "which NIC carries migrations is not told: add what \"migsel save\" prints, or say migration %s",
			 vmk_name(view, view->rule.n_vmks - 1));
		return;
	}
	for (i = 0; i + 1 < view->rule.n_vmks &&
	     view->nic[i]->migration != NOT_TOLD; i++)
		;
	text_add(text,
		 "which vmk carries vMotion is not told: add what \"esxcli network ip interface tag get -i %s\" prints, with the prompt, for each vmk, or say migration VMK or migration-pattern GLOB",
		 vmk_name(view, i));
}

void say_host(const struct explained *explained, struct text *text)
{
	const struct view *view = &explained->view;
	const struct described_host *host = view->host;
	unsigned int i, hot = explained->n ? explained->n - 1 : 0;

	if (host->is_not_enforced) {
		text_add(text,
			 "the rule does not apply: by its policy migsel steers nothing, and all leaves by the plain route");
		return;
	}
	if (explained->verdict == VERDICT_NOT_OURS) {
		text_add(text, "the rule does not apply: its vmks are on the stack %s",
			 visible(view->other_stack));
		return;
	}
	if (host->is_unread) {
		text_add(text, "not all that describes it could be read");
		return;
	}
	if (view->is_unaddressed) {
		text_add(text, "no addresses are told: add what \"%s\" prints",
			 host->system == SYSTEM_ESXI ? "esxcfg-vmknic -l" :
						       "ip -j address");
		return;
	}
	if (view->is_untold) {
		say_untold(view, text);
		return;
	}
	if (is_said_for_both(explained))
		hot = 1;
	for (i = 0; i < hot; i++) {
		const struct answer *answer = &explained->answer[i];

		if (i)
			text_add(text, "; ");
		if (answer->is_routes_untold && !answer->is_refused)
			text_add(text,
				 "the routes to %s are not told: add what \"%s\" prints; with one, ",
				 explained->explain->dst_word ?: "the other host",
				 host->system == SYSTEM_LINUX ?
				 (answer->family == MIGSEL_INET ?
				  "ip -j route" : "ip -j -6 route") :
				 answer->family == MIGSEL_INET ?
				 "esxcli network ip route ipv4 list" :
				 "esxcli network ip route ipv6 list");
		say_answer(explained, answer, text);
	}
}

static bool has_bridges(const struct view *view)
{
	unsigned int i;

	for (i = 0; i < view->rule.n_vmks; i++) {
		if (!strncmp(view->nic[i]->name, "vmbr", 4))
			return true;
	}
	return false;
}

/* The vmk by which the host's own table sends what both would reach, if it tells another. */
static const struct described_route *other_connected(const struct view *view)
{
	const struct described_host *host = view->host;
	const struct migsel_rule *rule = &view->rule;
	unsigned int i, j;

	if (rule->first_vmk == MIGSEL_NO_VMK ||
	    rule->migration_vmk == MIGSEL_NO_VMK)
		return NULL;
	for (i = 0; i < host->n_routes; i++) {
		const struct described_route *route = &host->route[i];

		if (route->has_gateway || !route->dev || !route->dst.len ||
		    strcmp(route->dev, view->nic[rule->migration_vmk]->name))
			continue;
		for (j = 0; j < view->vmk[rule->first_vmk].n_addrs; j++) {
			if (!migsel_rule_compare(&route->dst,
						 &view->vmk[rule->first_vmk].addrs[j]))
				return route;
		}
	}
	return NULL;
}

/* What is on the vMotion stack decides alone. */
static bool is_switched_off(const struct view *view)
{
	unsigned int i;

	for (i = 0; view->rule.vmotion_stack && i < view->rule.n_vmks; i++) {
		if (view->vmk[i].migration && !view->vmk[i].carries)
			return true;
	}
	return false;
}

/* What an answer rests on that the vendor does not document. */
enum inference {
	FIRST_OF_A_SUBNET,
	COLD_AS_HOT,
	SEVERAL_ON_VMOTION,
	SEVERAL_ON_PROVISIONING,
	NONE_ON_DEFAULT,
	N_INFERENCES,
};

static const char *const inferences[] = {
	[FIRST_OF_A_SUBNET] =
		"VMware documents that one of the vmks in a subnet sends all that goes there, and not that it is the first: measure",
	[COLD_AS_HOT] =
		"that cold data leaves by the first vmk of a subnet as vMotion does is inferred, not documented by VMware: measure",
	[SEVERAL_ON_VMOTION] =
		"that several vmks of the vMotion stack share its flows is inferred, not documented by VMware: measure",
	[SEVERAL_ON_PROVISIONING] =
		"that of several vmks of the provisioning stack the first one sends is inferred, not documented by VMware: measure",
	[NONE_ON_DEFAULT] =
		"that cold data has no route where the default stack has no vmk is inferred, not documented by VMware",
};

static bool is_inferred(const struct explained *explained,
			enum inference inference)
{
	const struct migsel_rule *rule = &explained->view.rule;
	const struct answer *cold;
	unsigned int i, n = 0;

	if (!explained->n)
		return false;
	cold = &explained->answer[explained->n - 1];
	switch (inference) {
	case FIRST_OF_A_SUBNET:
		return explained->verdict == VERDICT_PITFALL;
	case COLD_AS_HOT:
		return cold->row->reason == MIGSEL_REASON_COLD_SAME_SUBNET;
	case SEVERAL_ON_VMOTION:
		return rule->vmotion_stack && rule->n_migration > 1;
	case SEVERAL_ON_PROVISIONING:
		for (i = 0; i < rule->n_vmks; i++)
			n += explained->view.vmk[i].stack ==
			     MIGSEL_STACK_PROVISIONING;
		return n > 1;
	default:
		return cold->row->reason == MIGSEL_REASON_COLD_FIRST_VMK &&
		       rule->first_vmk == MIGSEL_NO_VMK;
	}
}

bool say_note(const struct explained *explained, unsigned int i,
	      struct text *text)
{
	const struct view *view = &explained->view;
	bool is_linux = view->host->system == SYSTEM_LINUX;
	const struct described_route *route = NULL;
	enum inference n;
	char network[64];

	if (explained->verdict == VERDICT_PITFALL && !is_linux)
		route = other_connected(view);
	if (is_linux && !view->host->n_saved && !i--) {
		text_add(text,
			 "this is so once the module is loaded and these NICs are registered; plain Linux has another rule: what is not bound to a device leaves by the one whose route comes first");
		return true;
	}
	if (is_linux && has_bridges(view) && !i--) {
		text_add(text,
			 "vmbr is what Proxmox VE calls its bridges: there, the rule does not apply to a migration of type secure, the default, as that is a connection of ssh");
		return true;
	}
	if (view->host->is_passing && explained->verdict == VERDICT_REFUSED &&
	    !i--) {
		text_add(text,
			 "by its policy, unreachable pass, what is refused leaves by the plain route");
		return true;
	}
	if (view->n_other && view->rule.n_vmks && !i--) {
		text_add(text,
			 "%u of its vmks on other stacks, as %s, are left out: no migration leaves by them",
			 view->n_other, visible(view->other_stack));
		return true;
	}
	if (view->host->has_no_lengths && !i--) {
		text_add(text,
			 "IPv6 addresses are left out, as they are told without their prefix lengths");
		return true;
	}
	if (is_switched_off(view) && !i--) {
		text_add(text,
			 "while the vMotion stack has a vmk, what is enabled on the default stack carries nothing");
		return true;
	}
	for (n = 0; n < N_INFERENCES && !is_linux; n++) {
		if (is_inferred(explained, n) && !i--) {
			text_add(text, "%s", inferences[n]);
			return true;
		}
	}
	if (route && !i--) {
		addr_text(&route->dst, true, network, sizeof(network));
		text_add(text,
			 "its own table sends %s by %s: some versions are documented to go by that table, so measure",
			 network, visible(route->dev));
		return true;
	}
	return false;
}
