// SPDX-License-Identifier: GPL-2.0-only
/* Records of esxcli, whether it printed them as text or as JSON. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "described.h"
#include "text.h"

static const char *value(const struct esxcli_record *record, const char *name)
{
	return record->value(record->data, name);
}

/* The host that a record is about: who it is, the first one of several decides. */
static struct described_host *host_of(struct descriptions *all,
				      const struct esxcli_record *record,
				      enum described_part part)
{
	if (record->is_first || !all->current)
		return host_of_part(all, part, record->line);
	return all->current;
}

/* Not of one NIC alone, nor of another stack than the default one. */
static bool is_whole(const struct descriptions *all,
		     const struct esxcli_record *record)
{
	return !record->nic && !all->goes_on;
}

/* esxcli network ip interface { ipv4 | ipv6 } { get | address list } */
static void read_addresses(struct descriptions *all,
			   const struct esxcli_record *record,
			   const char *name, const char *text, const char *mask)
{
	bool is_ipv6 = strchr(text, ':');
	struct described_host *host;
	struct described_nic *nic;
	struct migsel_addr addr;
	const char *type;

	host = host_of(all, record, is_ipv6 ? PART_ADDRESSES6 : PART_VMKS);
	nic = named_vmk(all, host, name, record->line);
	if (!nic)
		return;
	if (value(record, "ipv4address"))
		nic_is_listed(all, host, nic, LIST_OF_ADDRESSES,
			      is_whole(all, record));
	/* One by DHCP that has none, yet. */
	if (is_ipv6 || value(record, "ipv4address"))
		nic_tells(all, nic, is_ipv6 ? MIGSEL_INET6 : MIGSEL_INET);
	if (!*text || !strcmp(text, "N/A") || !strcmp(text, "0.0.0.0"))
		return;
	if (read_address(text, mask, &addr)) {
		nic_add_address(all, nic, &addr, record->line);
		type = value(record, is_ipv6 ? "type" : "addresstype");
		if (type && !addr_is_link_local(&addr))
			nic->is_leased[addr.family] |= strcasecmp(type, "STATIC");
	} else {
		cannot_read(all, record->line,
			    "%s: expected an address and its netmask, found \"%s\" and \"%s\"",
			    visible(name), visible(text),
			    visible(mask ? mask : ""));
	}
}

/* esxcli network ip interface list */
static void read_interface(struct descriptions *all,
			   const struct esxcli_record *record, const char *name,
			   const char *stack)
{
	struct described_host *host = host_of(all, record, PART_LINKS);
	struct described_nic *nic = named_vmk(all, host, name, record->line);
	const char *text;
	bool enabled;

	if (!nic)
		return;
	nic_is_listed(all, host, nic, LIST_OF_INTERFACES, is_whole(all, record));
	nic_set_stack(nic, stack);
	text = value(record, "portgroup");
	if (text && strcmp(text, "N/A"))
		nic_set_portgroup(nic, text, true);
	text = value(record, "mtu");
	if (text && !read_number(text, &nic->mtu))
		cannot_read(all, record->line,
			    "%s: expected an MTU, found \"%s\"", visible(name),
			    visible(text));
	text = value(record, "enabled");
	if (text && read_truth(text, &enabled))
		nic->is_down = !enabled;
}

/* esxcli network ip interface tag get -i VMK, whose output does not name it */
static void read_tags(struct descriptions *all,
		      const struct esxcli_record *record, const char *tags)
{
	struct described_nic *nic;
	char *copy, *word, *rest;

	all->found = true;
	if (!record->nic) {
		cannot_read(all, record->line,
			    "expected, before these tags, the command line with \"-i VMK\", as nothing else says whose they are");
		return;
	}
	if (!is_vmk(record->nic)) {
		cannot_read(all, record->line,
			    "expected, before these tags, a command line with \"-i VMK\", found \"%s\"",
			    visible(record->nic));
		return;
	}
	if (!all->current)
		host_of_part(all, PART_LINKS, record->line);
	nic = nic_of(all, all->current, record->nic, record->line);
	if (nic)
		nic_forget_services(nic);
	copy = strdup(tags);
	if (!copy)
		exit(out_of_memory());
	for (word = strtok_r(copy, ", \t", &rest); nic && word;
	     word = strtok_r(NULL, ", \t", &rest))
		nic_set_service(nic, word);
	if (nic)
		services_are_told(nic);
	free(copy);
}

/* esxcli network ip route { ipv4 | ipv6 } list */
static void read_route(struct descriptions *all,
		       const struct esxcli_record *record, const char *network,
		       const char *gateway)
{
	bool is_ipv6 = strchr(network, ':') || strchr(gateway, ':');
	const char *mask = value(record, "netmask");
	struct described_route route = {};
	struct described_host *host;

	host = host_of(all, record, is_ipv6 ? PART_ROUTES6 : PART_ROUTES4);
	if (!mask)
		mask = value(record, "prefixlength");
	if (!read_prefix(network, mask, is_ipv6 ? MIGSEL_INET6 : MIGSEL_INET,
			 &route.dst) ||
	    (*gateway && !read_address(gateway, is_ipv6 ? "128" : "32",
				       &route.gateway))) {
		cannot_read(all, record->line,
			    "expected a network, its netmask and a gateway, found \"%s\", \"%s\" and \"%s\"",
			    visible(network), visible(mask ? mask : ""),
			    visible(gateway));
		return;
	}
	route.has_gateway = *gateway && strcmp(gateway, "0.0.0.0") &&
			    strcmp(gateway, "::");
	host_add_route(all, host, &route, value(record, "interface"),
		       record->line);
}

bool describe_esxcli(struct descriptions *all,
		     const struct esxcli_record *record)
{
	const char *name = value(record, "name");
	const char *interface = value(record, "interface");
	const char *text;

	text = value(record, "tags");
	if (text) {
		read_tags(all, record, text);
		return true;
	}
	text = value(record, "ipv4address");
	if (text && name) {
		read_addresses(all, record, name, text,
			       value(record, "ipv4netmask"));
		return true;
	}
	text = value(record, "address");
	if (text && interface) {
		read_addresses(all, record, interface, text,
			       value(record, "netmask"));
		return true;
	}
	text = value(record, "netstackinstance");
	if (text && name) {
		read_interface(all, record, name, text);
		return true;
	}
	text = value(record, "network");
	if (text && value(record, "gateway")) {
		read_route(all, record, text, value(record, "gateway"));
		return true;
	}
	/* esxcli system { version | hostname } get */
	text = value(record, "version");
	if (text && value(record, "product")) {
		if (!all->current)
			host_of_part(all, PART_LINKS, record->line);
		all->current->version = strtoul(text, NULL, 10);
		return true;
	}
	text = value(record, "hostname");
	if (text && value(record, "domainname")) {
		host_is(all, text, record->line);
		return true;
	}
	return false;
}
