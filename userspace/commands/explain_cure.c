// SPDX-License-Identifier: GPL-2.0-only
/* What cures the pitfall of a described host, on its own system, and how to see it. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"

/* The first address of a family that is not link-local, NULL if there is none. */
static const struct migsel_addr *address_of(const struct view *view, int vmk,
					    enum migsel_family family)
{
	unsigned int i;

	for (i = 0; i < view->vmk[vmk].n_addrs; i++) {
		const struct migsel_addr *addr = &view->vmk[vmk].addrs[i];

		if (addr->family == family &&
		    (family == MIGSEL_INET || addr->local[0] != 0xfe))
			return addr;
	}
	return NULL;
}

/* As esxcli takes them. */
static void esxi_address(const struct migsel_addr *addr, char *text,
			 char *mask)
{
	struct in_addr bits = {
		.s_addr = addr->len ? htonl(~0u << (32 - addr->len)) : 0,
	};

	inet_ntop(AF_INET, addr->local, text, INET6_ADDRSTRLEN);
	inet_ntop(AF_INET, &bits, mask, INET_ADDRSTRLEN);
}

/* A vmk of the default stack that carries nothing, and is not the first. */
static const char *spare_vmk(const struct view *view)
{
	unsigned int i;

	for (i = 0; i < view->rule.n_vmks; i++) {
		if (view->vmk[i].stack == MIGSEL_STACK_DEFAULT &&
		    !view->vmk[i].carries && (int)i != view->rule.first_vmk)
			return view->nic[i]->name;
	}
	return NULL;
}

static void cure_own_subnet(const struct explained *explained,
			    struct text *text, struct text *command)
{
	const struct view *view = &explained->view;
	const char *name = view->nic[view->rule.migration_vmk]->name;

	text_add(text,
		 "a subnet of its own for %s, by a VLAN of its own if there is no other wire, on each host that it migrates with",
		 visible(name));
	if (view->host->system == SYSTEM_LINUX) {
		text_add_command(command, NULL, "ip", "address", "add",
				 "ADDRESS/LENGTH", "dev", name, NULL);
		return;
	}
	text_add(text, " (Configure > Networking > VMkernel adapters > %s > Edit > IPv%c settings)",
		 visible(name),
		 main_answer(explained)->family == MIGSEL_INET ? '4' : '6');
	if (main_answer(explained)->family == MIGSEL_INET6)
		text_add_command(command, NULL, "esxcli", "network", "ip",
				 "interface", "ipv6", "address", "add", "-i",
				 name, "-I", "ADDRESS/LENGTH", NULL);
	else
		text_add_command(command, NULL, "esxcli", "network", "ip",
				 "interface", "ipv4", "set", "-i", name, "-t",
				 "static", "-I", "ADDRESS", "-N", "NETMASK",
				 NULL);
}

/* A vmk cannot change its stack: it is made anew. */
static void cure_esxi_stack(const struct view *view, struct text *text,
			    struct text *command)
{
	int vmk = view->rule.migration_vmk;
	const struct described_nic *nic = view->nic[vmk];
	const struct migsel_addr *addr = address_of(view, vmk, MIGSEL_INET);
	char address[INET6_ADDRSTRLEN] = "ADDRESS";
	char mask[INET_ADDRSTRLEN] = "NETMASK";

	if (addr)
		esxi_address(addr, address, mask);
	text_add(text,
		 "the vMotion TCP/IP stack for it, since 6.0, which may stay in this subnet; the vmk is made anew, while nothing migrates (VMkernel adapters > Add Networking > TCP/IP stack: vMotion)");
	text_add(command,
		 "{ esxcli network ip netstack get -N vmotion || esxcli network ip netstack add -N vmotion; }");
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "remove", "-i", nic->name, NULL);
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "add", "-i", nic->name, "-p",
			 nic->portgroup ? nic->portgroup : "PORTGROUP", "-N",
			 "vmotion", NULL);
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "ipv4", "set", "-i", nic->name, "-t", "static", "-I",
			 address, "-N", mask, NULL);
}

static void cure_second(const struct view *view, struct text *text,
			struct text *command)
{
	const char *spare = spare_vmk(view);
	const char *name = spare ? spare : "VMK";

	if (view->host->system == SYSTEM_LINUX) {
		text_add(text,
			 "a second NIC for migrations: of two, each flow is bound to one, and none leaves by %s",
			 vmk_name(view, view->rule.first_vmk));
		text_add_command(command, NULL, "migsel", "vmk",
				 view->host->n_saved && spare ? "set" : "add",
				 spare ? spare : "NIC", "migration", "on", NULL);
		return;
	}
	text_add(text,
		 "a second vmk for vMotion, %s: of two, each stream is bound to one, and none leaves by %s (VMkernel adapters > Edit > Enabled services > vMotion)",
		 spare ? visible(spare) : "to be made on another port group",
		 vmk_name(view, view->rule.first_vmk));
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "tag", "add", "-i", name, "-t", "VMotion", NULL);
}

static void cure_linux_strict(const struct view *view, struct text *text,
			      struct text *command)
{
	text_add(text, "migsel told to keep to %s, which ESXi has no word for",
		 vmk_name(view, view->rule.migration_vmk));
	text_add_command(command, NULL, "migsel", "policy", "set", "fallback",
			 "strict", NULL);
}

static void cure_esxi_enable(const struct view *view, struct text *text,
			     struct text *command)
{
	const char *spare = spare_vmk(view);

	text_add(text,
		 "vMotion enabled on a vmk in a subnet of its own (VMkernel adapters > Edit > Enabled services > vMotion)");
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "tag", "add", "-i", spare ? spare : "VMK", "-t",
			 "VMotion", NULL);
}

bool say_cure(const struct explained *explained, unsigned int i,
	      struct text *text, struct text *command)
{
	const struct view *view = &explained->view;
	bool is_esxi = view->host->system == SYSTEM_ESXI;

	if (explained->verdict == VERDICT_REFUSED && is_esxi &&
	    !view->rule.n_migration) {
		if (!i)
			cure_esxi_enable(view, text, command);
		return !i;
	}
	if (explained->verdict != VERDICT_PITFALL)
		return false;
	/* ESXi 5 has one stack. */
	if (is_esxi && view->host->version && view->host->version < 6 && i)
		i++;
	switch (i) {
	case 0:
		cure_own_subnet(explained, text, command);
		return true;
	case 1:
		if (is_esxi)
			cure_esxi_stack(view, text, command);
		else
			cure_linux_strict(view, text, command);
		return true;
	case 2:
		cure_second(view, text, command);
		return true;
	default:
		return false;
	}
}

void say_measure(const struct explained *explained, struct text *text)
{
	const struct view *view = &explained->view;
	const struct answer *answer = main_answer(explained);
	const char *by;

	if (!answer || !answer->n || answer->is_refused)
		return;
	by = vmk_name(view, answer->by[0]);
	if (view->host->system == SYSTEM_ESXI)
		text_add(text,
			 "on the source host run esxtop, press n, and migrate: MbTX/s grows at %s",
			 by);
	else
		text_add(text,
			 "migrate, and run \"ip -s link show dev %s\" before and after: the bytes of TX grow",
			 by);
}
