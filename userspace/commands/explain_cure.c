// SPDX-License-Identifier: GPL-2.0-only
/* What cures the pitfall of a described host, on its own system, and how to see it. */

#include <arpa/inet.h>
#include <linux/kernel.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "explain.h"

/* What an interface gives itself. */
static bool is_link_local(const struct migsel_addr *addr)
{
	return addr->family == MIGSEL_INET6 && addr_is_link_local(addr);
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

/* What no tag says, as iSCSI has none, the port group may be called after. */
static bool is_for_storage(const struct described_nic *nic)
{
	static const char *const words[] = { "iscsi", "nfs", "nvme", "san", "storage" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (nic->portgroup && strcasestr(nic->portgroup, words[i]))
			return true;
	}
	return false;
}

static bool share_subnet(const struct view *view, int a, int b)
{
	char network[64];

	return shared_network(view, a, b, MIGSEL_INET, network, sizeof(network)) ||
	       shared_network(view, a, b, MIGSEL_INET6, network, sizeof(network));
}

int view_spare(const struct view *view)
{
	int i, first = view->rule.first_vmk;

	for (i = 0; i < (int)view->rule.n_vmks; i++) {
		const struct described_nic *nic = view->nic[i];

		if (view->vmk[i].stack != MIGSEL_STACK_DEFAULT ||
		    view->vmk[i].carries || view->vmk[i].provisioning ||
		    i == first)
			continue;
		if (view->host->system == SYSTEM_ESXI &&
		    (!nic->has_services || nic->services ||
		     is_for_storage(nic)))
			continue;
		/* Somebody has made it a vmk, wherever it is. */
		if (nic->place && view->rule.n_migration)
			return i;
		if (nic->is_down)
			continue;
		if (view->rule.n_migration ?
		    !share_subnet(view, i, view->rule.migration_vmk) :
		    !nic->n_addrs || share_subnet(view, i, first))
			continue;
		return i;
	}
	return MIGSEL_NO_VMK;
}

static const char *spare_name(const struct view *view)
{
	int spare = view_spare(view);

	return spare == MIGSEL_NO_VMK ? NULL : view->nic[spare]->name;
}

/* Whether the first vmk has an address in the subnet of one. */
static bool is_in_first_subnet(const struct view *view,
			       const struct migsel_addr *addr)
{
	const struct migsel_rule_vmk *first = &view->vmk[view->rule.first_vmk];
	unsigned int i;

	for (i = 0; i < first->n_addrs; i++) {
		if (!migsel_rule_compare(addr, &first->addrs[i]))
			return true;
	}
	return false;
}

/*
 * The addresses that the first vmk's subnets have are to go: on ESXi by commands, on Linux
 * once nothing needs them, as it may be the connection of who reads this.
 */
static void remove_shared(const struct view *view, enum migsel_family family,
			  struct text *text, struct text *command)
{
	int vmk = view->rule.migration_vmk;
	const char *name = view->nic[vmk]->name;
	struct text addresses = {};
	char address[64];
	unsigned int i;

	for (i = 0; i < view->vmk[vmk].n_addrs; i++) {
		const struct migsel_addr *addr = &view->vmk[vmk].addrs[i];

		if (addr->family != family || is_link_local(addr) ||
		    !is_in_first_subnet(view, addr))
			continue;
		addr_text(addr, false, address, sizeof(address));
		if (view->host->system == SYSTEM_LINUX)
			text_add(&addresses, "%s%s",
				 addresses.length ? ", " : "", address);
		else
			text_add_command(command, NULL, "esxcli", "network",
					 "ip", "interface", "ipv6", "address",
					 "remove", "-i", name, "-I", address,
					 NULL);
	}
	if (addresses.length)
		text_add(text,
			 "; take %s away by another NIC or the console, once no connection and no route needs it",
			 addresses.s);
	text_free(&addresses);
}

/* Others reach it by the addresses that it has. Cold data is as well off in another subnet. */
static bool is_shared(const struct described_nic *nic)
{
	return is_for_storage(nic) ||
	       (nic->services && strcasecmp(nic->services, "vSphereProvisioning"));
}

/* vMotion leaves it, instead of its addresses. */
static void cure_own_vmk(const struct described_nic *nic, bool is_ipv6,
			 struct text *text, struct text *command)
{
	text_add(text,
		 "a vmk for vMotion alone in a subnet of its own, on each host that it migrates with, as %s is for %s, too (VMkernel adapters > Add Networking)",
		 visible(nic->name),
		 is_for_storage(nic) ? "storage, by its port group" :
				       visible(nic->services));
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "add", "-i", "VMK", "-p", "PORTGROUP", NULL);
	if (is_ipv6)
		text_add_command(command, NULL, "esxcli", "network", "ip",
				 "interface", "ipv6", "address", "add", "-i",
				 "VMK", "-I", "ADDRESS/LENGTH", NULL);
	else
		text_add_command(command, NULL, "esxcli", "network", "ip",
				 "interface", "ipv4", "set", "-i", "VMK", "-t",
				 "static", "-I", "ADDRESS", "-N", "NETMASK",
				 NULL);
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "tag", "add", "-i", "VMK", "-t", "VMotion", NULL);
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "tag", "remove", "-i", nic->name, "-t", "VMotion",
			 NULL);
}

/* The new address is there before the old one goes. */
static void cure_own_subnet(const struct explained *explained,
			    struct text *text, struct text *command)
{
	const struct view *view = &explained->view;
	const struct described_nic *nic = view->nic[view->rule.migration_vmk];
	enum migsel_family family = main_answer(explained)->family;
	const char *name = nic->name;

	if (view->host->system == SYSTEM_ESXI && is_shared(nic)) {
		cure_own_vmk(nic, family == MIGSEL_INET6, text, command);
		return;
	}
	text_add(text,
		 "a subnet of its own for %s, by a VLAN of its own if there is no other wire, on each host that it migrates with",
		 visible(name));
	if (view->host->system == SYSTEM_LINUX) {
		text_add_command(command, NULL, "ip", "address", "add",
				 "ADDRESS/LENGTH", "dev", name, NULL);
		remove_shared(view, family, text, command);
		return;
	}
	text_add(text, " (Configure > Networking > VMkernel adapters > %s > Edit > IPv%c settings)",
		 visible(name), family == MIGSEL_INET ? '4' : '6');
	if (!nic->has_services)
		text_add(text,
			 "; first see that nothing else uses it: esxcli network ip interface tag get -i %s",
			 visible(name));
	if (family == MIGSEL_INET6 && nic->is_leased[family]) {
		text_add(text,
			 "; no command is given, as the network gives it its address: that of the VLAN comes by itself");
		return;
	}
	if (family == MIGSEL_INET6) {
		text_add_command(command, NULL, "esxcli", "network", "ip",
				 "interface", "ipv6", "address", "add", "-i",
				 name, "-I", "ADDRESS/LENGTH", NULL);
		remove_shared(view, family, text, command);
		return;
	}
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "ipv4", "set", "-i", name, "-t", "static", "-I",
			 "ADDRESS", "-N", "NETMASK", NULL);
}

/* A route by a vmk, other than to its own subnet. */
static bool has_route(const struct described_host *host,
		      const struct described_nic *nic)
{
	unsigned int i;

	for (i = 0; i < host->n_routes; i++) {
		if (host->route[i].has_gateway && host->route[i].dev &&
		    !strcmp(host->route[i].dev, nic->name))
			return true;
	}
	return false;
}

/* Why there is no command that makes a vmk anew as it was; false if there is one. */
static bool say_obstacle(const struct described_host *host,
			 const struct described_nic *nic, unsigned int n4,
			 unsigned int n, struct text *text)
{
	if (nic->services)
		text_add(text,
			 "; no command is given, as %s carries %s, too, which that stack does not: move that first",
			 visible(nic->name), visible(nic->services));
	else if (!nic->has_services)
		text_add(text,
			 "; no command is given, as what else %s carries is not told: esxcli network ip interface tag get -i %s",
			 visible(nic->name), visible(nic->name));
	else if (is_for_storage(nic))
		text_add(text,
			 "; no command is given, as %s is for storage, too, by its port group: move that first",
			 visible(nic->name));
	else if (has_route(host, nic))
		text_add(text,
			 "; no command is given, as routes of this host lead by %s: move those that others need, and make those of vMotion on that stack",
			 visible(nic->name));
	else if (nic->is_leased[MIGSEL_INET6])
		text_add(text,
			 "; no command is given, as the network gives %s its IPv6 address",
			 visible(nic->name));
	else if (!nic->portgroup)
		text_add(text,
			 "; no command is given, as the port group of %s is not told, or of a distributed switch",
			 visible(nic->name));
	else if (!nic->is_standard_group)
		text_add(text,
			 "; no command is given, as %s, where %s is, may be of a distributed switch: use vCenter",
			 visible(nic->portgroup), visible(nic->name));
	else if (!n || n4 > 1)
		text_add(text,
			 "; no command is given, as the address of %s is not told for certain",
			 visible(nic->name));
	else
		return false;
	return true;
}

/* A vmk cannot change its stack: it is made anew, as it was. */
static void cure_esxi_stack(const struct view *view, struct text *text,
			    struct text *command)
{
	const struct migsel_rule_vmk *vmk = &view->vmk[view->rule.migration_vmk];
	const struct described_nic *nic = view->nic[view->rule.migration_vmk];
	char address[64], mask[INET_ADDRSTRLEN], mtu[16];
	unsigned int i, n4 = 0, n = 0;

	text_add(text,
		 "the vMotion TCP/IP stack for it, since 6.0, which may stay in this subnet; the vmk is made anew, while nothing migrates (VMkernel adapters > Add Networking > TCP/IP stack: vMotion)");
	for (i = 0; i < vmk->n_addrs; i++) {
		n += !is_link_local(&vmk->addrs[i]);
		n4 += vmk->addrs[i].family == MIGSEL_INET;
	}
	if (say_obstacle(view->host, nic, n4, n, text))
		return;
	snprintf(mtu, sizeof(mtu), "%u", nic->mtu ? nic->mtu : 1500);
	text_add(command,
		 "{ esxcli network ip netstack get -N vmotion || esxcli network ip netstack add -N vmotion; }");
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "remove", "-i", nic->name, NULL);
	text_add_command(command, NULL, "esxcli", "network", "ip", "interface",
			 "add", "-i", nic->name, "-p", nic->portgroup, "-N",
			 "vmotion", "-m", mtu, NULL);
	for (i = 0; i < vmk->n_addrs; i++) {
		if (is_link_local(&vmk->addrs[i]))
			continue;
		if (vmk->addrs[i].family == MIGSEL_INET &&
		    nic->is_leased[MIGSEL_INET]) {
			text_add_command(command, NULL, "esxcli", "network",
					 "ip", "interface", "ipv4", "set", "-i",
					 nic->name, "-t", "dhcp", NULL);
			continue;
		}
		if (vmk->addrs[i].family == MIGSEL_INET) {
			esxi_address(&vmk->addrs[i], address, mask);
			text_add_command(command, NULL, "esxcli", "network",
					 "ip", "interface", "ipv4", "set", "-i",
					 nic->name, "-t", "static", "-I",
					 address, "-N", mask, NULL);
			continue;
		}
		addr_text(&vmk->addrs[i], false, address, sizeof(address));
		text_add_command(command, NULL, "esxcli", "network", "ip",
				 "interface", "ipv6", "address", "add", "-i",
				 nic->name, "-I", address, NULL);
	}
}

static void cure_second(const struct view *view, struct text *text,
			struct text *command)
{
	const char *spare = spare_name(view);
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
		 "a second vmk for vMotion in the subnet of %s, %s: of two, each stream is bound to one, and none leaves by %s (VMkernel adapters > Edit > Enabled services > vMotion)",
		 vmk_name(view, view->rule.migration_vmk),
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
	const char *spare = spare_name(view);

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
