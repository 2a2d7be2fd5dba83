// SPDX-License-Identifier: GPL-2.0-only
/* JSON: of esxcli, of the vSphere API as govc prints it, and of ip(8). */

#include <ctype.h>
#include <jansson.h>
#include <linux/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "text.h"

/* What is small in a file may take 200 bytes of memory. */
#define VALUES_MAX 4000000

struct document {
	struct descriptions *all;
	const char *nic;
	unsigned int line;
	bool tells[MIGSEL_N_FAMILIES];	/* addresses of that family: ip -j address */
};

/* The API begins its names with a small letter, and older versions of govc with a capital. */
static json_t *get(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	char capital[40];

	if (value)
		return value;
	snprintf(capital, sizeof(capital), "%s", key);
	capital[0] = toupper((unsigned char)*key);
	return json_object_get(object, capital);
}

static const char *get_string(const json_t *object, const char *key)
{
	return json_string_value(get(object, key));
}

/* A value as text: "9000", "true", "Management, VMotion". It holds for 16 more. */
static const char *as_text(const json_t *value)
{
	static struct text ring[16];
	static unsigned int next;
	struct text *text;
	json_t *word;
	size_t i;

	if (json_is_string(value))
		return json_string_value(value);
	text = &ring[next++ % ARRAY_SIZE(ring)];
	text->length = 0;
	text_add(text, "%s", "");
	if (json_is_integer(value)) {
		text_add(text, "%lld", json_integer_value(value));
	} else if (json_is_boolean(value)) {
		text_add(text, json_is_true(value) ? "true" : "false");
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, word) {
			if (json_is_string(word))
				text_add(text, "%s,", json_string_value(word));
		}
	} else {
		return NULL;
	}
	return text->s;
}

/* A record of esxcli, by the plain form of its keys. */
static const char *record_value(const void *data, const char *name)
{
	json_t *object = (json_t *)data, *value;
	const char *key;
	char plain[40];

	json_object_foreach(object, key, value) {
		heading(key, strlen(key), plain, sizeof(plain));
		if (!strcmp(plain, name))
			return as_text(value);
	}
	return NULL;
}

static bool describe_record(const struct document *document,
			    const json_t *object, bool is_first)
{
	struct esxcli_record record = {
		.data = object,
		.value = record_value,
		.nic = document->nic,
		.line = document->line,
		.is_first = is_first,
	};

	return describe_esxcli(document->all, &record);
}

static void add_address(const struct document *document,
			struct described_nic *nic, const char *text,
			const char *mask)
{
	struct migsel_addr addr;

	if (!text || !*text || !strcmp(text, "0.0.0.0"))
		return;
	if (read_address(text, mask, &addr))
		nic_add_address(document->all, nic, &addr, document->line);
	else
		cannot_read(document->all, document->line,
			    "%s: expected an address and its netmask, found \"%s\" and \"%s\"",
			    visible(nic->name), visible(text),
			    visible(mask ? mask : ""));
}

/* vSphere API: HostVirtualNic */
static void describe_vnic(const struct document *document,
			  struct described_host *host, const json_t *vnic)
{
	const char *name = get_string(vnic, "device"), *text;
	json_t *spec = get(vnic, "spec"), *ip = get(spec, "ip"), *addr;
	struct described_nic *nic;
	__u32 mtu;
	size_t i;

	if (!name) {
		cannot_read(document->all, document->line,
			    "expected a vnic with its device");
		return;
	}
	nic = named_vmk(document->all, host, name, document->line);
	if (!nic)
		return;
	text = get_string(vnic, "portgroup");
	if (text)
		nic_set_portgroup(nic, text,
				  !get(spec, "distributedVirtualPort"));
	text = get_string(spec, "netStackInstanceKey");
	if (text)
		nic_set_stack(nic, text);
	text = as_text(get(spec, "mtu"));
	if (text && read_number(text, &mtu))
		nic->mtu = mtu;
	add_address(document, nic, get_string(ip, "ipAddress"),
		    get_string(ip, "subnetMask"));
	nic->is_leased[MIGSEL_INET] = json_is_true(get(ip, "dhcp"));
	json_array_foreach(get(get(ip, "ipV6Config"), "ipV6Address"), i, addr) {
		text = get_string(addr, "origin");
		add_address(document, nic, get_string(addr, "ipAddress"),
			    as_text(get(addr, "prefixLength")));
		/* That of a link-local one is "other". */
		nic->is_leased[MIGSEL_INET6] |=
			text && strcmp(text, "manual") && strcmp(text, "other");
	}
}

/*
 * vSphere API: VirtualNicManagerNetConfig: its vnics by their keys, which end with what the
 * device is called: "vmotion.key-vim.host.VirtualNic-vmk1".
 */
static void describe_net_config(struct described_host *host,
				const json_t *config)
{
	static const char before[] = "VirtualNic-";
	const char *service = get_string(config, "nicType");
	struct described_nic *nic;
	const char *key;
	json_t *selected;
	size_t i;

	json_array_foreach(get(config, "selectedVnic"), i, selected) {
		key = json_string_value(selected);
		key = key ? strstr(key, before) : NULL;
		nic = key ? nic_find(host, key + strlen(before)) : NULL;
		if (service && nic)
			nic_set_service(nic, service);
	}
}

/* vSphere API: HostIpRouteTableInfo */
static void describe_routes(const struct document *document,
			    struct described_host *host, const json_t *table)
{
	static const char *const lists[] = { "ipRoute", "ipv6Route" };
	unsigned int family;
	json_t *entry;
	size_t i;

	for (family = 0; family < ARRAY_SIZE(lists); family++) {
		json_array_foreach(get(table, lists[family]), i, entry) {
			const char *gateway = get_string(entry, "gateway");
			struct described_route route = {};

			if (!read_prefix(get_string(entry, "network") ?: "",
					 as_text(get(entry, "prefixLength")),
					 family, &route.dst))
				continue;
			route.has_gateway =
				gateway && strcmp(gateway, "0.0.0.0") &&
				strcmp(gateway, "::") &&
				read_address(gateway, family ? "128" : "32",
					     &route.gateway);
			host->parts |= family ? PART_ROUTES6 : PART_ROUTES4;
			host_add_route(document->all, host, &route,
				       get_string(entry, "deviceName"),
				       document->line);
		}
	}
}

static const char *host_name(const json_t *system, const json_t *network)
{
	const char *name = get_string(system, "name");
	json_t *summary = get(get(system, "summary"), "config");

	if (!name)
		name = get_string(summary, "name");
	if (!name)
		name = get_string(get(network, "dnsConfig"), "hostName");
	return name;
}

/* vSphere API: HostSystem, or HostConfigInfo, or HostNetworkInfo alone. */
static void describe_vsphere(const struct document *document,
			     const json_t *system, const json_t *config,
			     const json_t *network)
{
	json_t *services = get(get(config, "virtualNicManagerInfo"), "netConfig");
	json_t *vnics = get(network, "vnic"), *item;
	const char *name = host_name(system, network), *version;
	struct descriptions *all = document->all;
	struct described_host *host;
	unsigned int n;
	size_t i;

	if (!name || is_default_name(name))
		host_is_unnamed(all);
	else
		host_is(all, name, document->line);
	if (all->current && all->current->is_named &&
	    all->current->parts & PART_VMKS)
		host_is_another(all, name, document->line);
	host = host_of_part(all, PART_VMKS, document->line);
	json_array_foreach(vnics, i, item)
		describe_vnic(document, host, item);
	json_array_foreach(services, i, item)
		describe_net_config(host, item);
	for (n = 0; services && n < host->n_nics; n++)
		services_are_told(&host->nic[n]);
	describe_routes(document, host, get(network, "routeTableInfo"));
	json_array_foreach(get(network, "netStackInstance"), i, item) {
		const char *key = get_string(item, "key");

		/* That of the default stack is the one above. */
		if (key && stack_of(key) != ON_DEFAULT)
			describe_routes(document, host,
					get(item, "routeTableInfo"));
	}
	version = get_string(get(config, "product"), "version");
	if (version)
		host->version = strtoul(version, NULL, 10);
	all->current = NULL;
}

static bool has_flag(const json_t *link, const char *name)
{
	const char *word;
	json_t *flag;
	size_t i;

	json_array_foreach(json_object_get(link, "flags"), i, flag) {
		word = json_string_value(flag);
		if (word && !strcmp(word, name))
			return true;
	}
	return false;
}

/* A hypervisor has many devices that are nothing but ports of its virtual machines. */
static bool has_own_address(const json_t *link)
{
	const char *scope;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(link, "addr_info"), i, item) {
		scope = json_string_value(json_object_get(item, "scope"));
		if (json_object_get(item, "local") &&
		    (!scope || strcmp(scope, "link")))
			return true;
	}
	return false;
}

static void tell_addresses(const struct document *document,
			   struct described_nic *nic)
{
	enum migsel_family family;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		if (document->tells[family])
			nic_tells(document->all, nic, family);
	}
}

/* ip -j address, ip -j link */
static void describe_link(const struct document *document,
			  struct described_host *host, const json_t *link)
{
	const char *name = json_string_value(json_object_get(link, "ifname"));
	const char *state, *local, *peer, *length;
	struct described_nic *nic;
	struct migsel_addr addr, prefix;
	json_t *item;
	size_t i;

	host->system = SYSTEM_LINUX;
	/* An empty object stands for a device that was filtered out. */
	if (!name || has_flag(link, "LOOPBACK"))
		return;
	if (has_own_address(link) || !(host->parts & PART_VMKS))
		nic = nic_of(document->all, host, name, document->line);
	else
		nic = nic_find(host, name);
	if (!nic)
		return;
	state = json_string_value(json_object_get(link, "operstate"));
	if (json_object_get(link, "flags"))
		nic->is_down = !has_flag(link, "UP") || (state && (!strcmp(state, "DOWN") ||
						 !strcmp(state, "LOWERLAYERDOWN")));
	if (json_is_integer(json_object_get(link, "mtu")))
		nic->mtu = json_integer_value(json_object_get(link, "mtu"));
	if (json_object_get(link, "addr_info"))
		tell_addresses(document, nic);
	json_array_foreach(json_object_get(link, "addr_info"), i, item) {
		local = json_string_value(json_object_get(item, "local"));
		peer = json_string_value(json_object_get(item, "address"));
		length = as_text(json_object_get(item, "prefixlen"));
		if (!local)
			continue;
		if (!read_address(local, length, &addr) ||
		    (peer && !read_address(peer, length, &prefix))) {
			add_address(document, nic, local, "");
			continue;
		}
		if (peer)
			memcpy(addr.prefix, prefix.prefix, sizeof(addr.prefix));
		nic_add_address(document->all, nic, &addr, document->line);
	}
}

/* ip -j route */
static void describe_ip_route(const struct document *document,
			      struct described_host *host, const json_t *entry,
			      const json_t *hop, enum migsel_family family)
{
	const char *dst = json_string_value(json_object_get(entry, "dst"));
	const char *gateway = json_string_value(json_object_get(hop, "gateway"));
	const char *type = json_string_value(json_object_get(entry, "type"));
	struct described_route route = {};

	if (type && strcmp(type, "unicast"))
		return;
	if (!dst || !read_prefix(dst, NULL, family, &route.dst) ||
	    (gateway && !read_address(gateway, strchr(gateway, ':') ? "128" : "32",
				      &route.gateway))) {
		cannot_read(document->all, document->line,
			    "expected a route with its dst, found \"%s\"",
			    visible(dst ? dst : ""));
		return;
	}
	route.has_gateway = gateway;
	host_add_route(document->all, host, &route,
		       json_string_value(json_object_get(hop, "dev")),
		       document->line);
}

static void describe_ip_routes(const struct document *document,
			       const json_t *array)
{
	enum migsel_family family = MIGSEL_INET;
	struct described_host *host;
	json_t *entry, *hop;
	const char *dst;
	size_t i, j;

	json_array_foreach(array, i, entry) {
		dst = json_string_value(json_object_get(entry, "dst"));
		if (dst && strchr(dst, ':'))
			family = MIGSEL_INET6;
	}
	host = host_of_part(document->all, family == MIGSEL_INET ?
			    PART_ROUTES4 : PART_ROUTES6, document->line);
	host->system = SYSTEM_LINUX;
	json_array_foreach(array, i, entry) {
		json_array_foreach(json_object_get(entry, "nexthops"), j, hop)
			describe_ip_route(document, host, entry, hop, family);
		if (!json_object_get(entry, "nexthops"))
			describe_ip_route(document, host, entry, entry, family);
	}
}

/* "ip -4" tells nothing of IPv6, and "dev NAME" nothing of others, as is seen by lo. */
static void forget_addresses(struct document *document,
			     struct described_host *host, const json_t *array)
{
	bool is_whole = false;
	const char *word;
	json_t *link, *item;
	unsigned int n;
	size_t i, j;

	document->tells[MIGSEL_INET] = false;
	document->tells[MIGSEL_INET6] = false;
	json_array_foreach(array, i, link) {
		is_whole |= has_flag(link, "LOOPBACK");
		json_array_foreach(json_object_get(link, "addr_info"), j, item) {
			word = json_string_value(json_object_get(item, "local"));
			if (word)
				document->tells[strchr(word, ':') ? MIGSEL_INET6 :
								    MIGSEL_INET] = true;
		}
	}
	/* Where there is none at all, that is told. */
	if (!document->tells[MIGSEL_INET] && !document->tells[MIGSEL_INET6]) {
		document->tells[MIGSEL_INET] = true;
		document->tells[MIGSEL_INET6] = true;
	}
	for (n = 0; is_whole && n < host->n_nics; n++)
		tell_addresses(document, &host->nic[n]);
}

static void describe_ip_links(struct document *document, const json_t *array,
			      enum described_part part)
{
	struct described_host *host;
	json_t *link;
	size_t i;

	host = host_of_part(document->all, part, document->line);
	if (part == PART_VMKS)
		forget_addresses(document, host, array);
	json_array_foreach(array, i, link)
		describe_link(document, host, link);
}

/* The first element of an array that is not an empty object. */
static const json_t *first_of(const json_t *array)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		if (json_object_size(item))
			return item;
	}
	return NULL;
}

static bool describe_value(struct document *document, const json_t *value);

static bool describe_array(struct document *document, const json_t *array)
{
	const json_t *first = first_of(array);
	bool known = false;
	json_t *item;
	size_t i;

	if (json_object_get(first, "addr_info")) {
		describe_ip_links(document, array, PART_VMKS);
	} else if (json_object_get(first, "ifname")) {
		describe_ip_links(document, array, PART_LINKS);
	} else if (json_object_get(first, "dst")) {
		describe_ip_routes(document, array);
	} else {
		json_array_foreach(array, i, item) {
			known |= (json_is_object(item) &&
				  describe_record(document, item, !known)) ||
				 describe_value(document, item);
		}
		return known;
	}
	return true;
}

/* Whatever is around it: hosts are found where they are. */
static bool describe_value(struct document *document, const json_t *value)
{
	json_t *config = get(value, "config"), *item;
	const char *key, *type;
	bool known = false;

	if (get(get(config, "network"), "vnic")) {
		describe_vsphere(document, value, config, get(config, "network"));
		return true;
	}
	if (get(get(value, "network"), "vnic")) {
		describe_vsphere(document, value, value, get(value, "network"));
		return true;
	}
	if (json_is_array(get(value, "vnic"))) {
		describe_vsphere(document, NULL, value, value);
		return true;
	}
	if (json_is_array(value))
		return describe_array(document, value);
	/* One that vCenter has lost the connection to has no configuration, but is a host. */
	type = get_string(get(value, "self"), "type");
	if (type && !strcmp(type, "HostSystem")) {
		describe_vsphere(document, value, NULL, NULL);
		return true;
	}
	if (json_is_object(value) && describe_record(document, value, true))
		return true;
	json_object_foreach((json_t *)value, key, item)
		known |= describe_value(document, item);
	return known;
}

/* A prompt begins with a bracket, too. */
static bool is_json(const char *text, size_t length)
{
	size_t i = 1;

	while (i < length && isspace((unsigned char)text[i]))
		i++;
	return i == length || strchr("{[\"]}", text[i]) ||
	       isdigit((unsigned char)text[i]);
}

/* Each value but the first of an array or object has a comma before it. */
static bool has_too_many(const char *text, size_t length)
{
	size_t i, n = 0;

	for (i = 0; i < length; i++)
		n += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return n > VALUES_MAX;
}

static void cannot_parse(struct descriptions *all, unsigned int line,
			 const json_error_t *error)
{
	const char *expected = "JSON that goes on to its end";

	if (json_error_code(error) == json_error_duplicate_key)
		expected = "each key of an object once";
	cannot_read(all, line + (error->line > 0 ? error->line - 1 : 0),
		    "expected %s: %s", expected, visible(error->text));
}

bool describe_json(struct descriptions *all, const char *text, size_t length,
		   unsigned int line, const char *nic, size_t *used)
{
	struct document document = { .all = all, .nic = nic, .line = line };
	json_error_t error;
	json_t *value;

	if (!is_json(text, length))
		return false;
	if (!all->counted && has_too_many(text, length)) {
		*used = length;
		all->found = true;
		cannot_read(all, line, "expected JSON of less than %u values",
			    VALUES_MAX);
		return true;
	}
	all->counted = true;
	value = json_loadb(text, length,
			   JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
	if (!value) {
		/* Where the next one would begin, nobody knows. */
		*used = length;
		all->found = true;
		cannot_parse(all, line, &error);
		return true;
	}
	*used = error.position;
	all->table++;
	all->in_json = true;
	if (describe_value(&document, value))
		all->found = true;
	all->in_json = false;
	json_decref(value);
	return true;
}
