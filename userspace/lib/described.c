// SPDX-License-Identifier: GPL-2.0-only
/* The model of hosts that are only described. */

#include <arpa/inet.h>
#include <ctype.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "described.h"
#include "text.h"

/* More complaints about one file help nobody. */
#define COMPLAINTS_MAX 10
/* What no ESXi host has, nor any other that moves virtual machines. */
#define NICS_MAX 1024
#define ROUTES_MAX 100000

static void *check(void *memory)
{
	if (!memory)
		exit(out_of_memory());
	return memory;
}

/* One more element at the end of an array, all zero: twice as many when it is full. */
static void *grow(void *array, size_t n, size_t size)
{
	char *bigger = array;

	if (!(n & (n - 1)))
		bigger = check(reallocarray(array, n ? 2 * n : 1, size));
	memset(bigger + n * size, 0, size);
	return bigger;
}

static void set_text(char **to, const char *text)
{
	char *copy = check(strdup(text));

	free(*to);
	*to = copy;
}

void cannot_read(struct descriptions *all, unsigned int line,
		 const char *format, ...)
{
	struct text place = {};
	va_list args;
	char *what;
	int length;

	all->failed = true;
	if (all->current && all->found)
		all->current->is_unread = true;
	if (all->complaints++ > COMPLAINTS_MAX)
		return;
	text_add_visible(&place, all->file);
	if (all->complaints > COMPLAINTS_MAX) {
		complain("%s: more of it cannot be read", place.s);
	} else {
		text_add(&place, ":%u", line);
		if (all->in_json && all->current && all->current->is_named) {
			text_add(&place, ": ");
			text_add_visible(&place, all->current->name);
		}
		va_start(args, format);
		length = vasprintf(&what, format, args);
		va_end(args);
		if (length < 0)
			exit(out_of_memory());
		complain("%s: %s", place.s, what);
		free(what);
	}
	text_free(&place);
}

static int by_name(const void *a, const void *b)
{
	const struct described_host *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct described_host *add_host(struct descriptions *all,
				       const char *name, unsigned int line)
{
	struct described_host *host = check(calloc(1, sizeof(*host)));

	host->name = check(strdup(name));
	host->file = all->file;
	host->line = line;
	all->host = grow(all->host, all->n, sizeof(*all->host));
	all->host[all->n++] = host;
	check(tsearch(host, &all->by_name, by_name));
	return host;
}

static struct described_host *find_host(const struct descriptions *all,
					const char *name)
{
	struct described_host wanted = { .name = (char *)name };
	void *found = tfind(&wanted, &all->by_name, by_name);

	return found ? *(struct described_host **)found : NULL;
}

bool is_default_name(const char *name)
{
	return !*name || !strcmp(name, "localhost") ||
	       !strncmp(name, "localhost.", strlen("localhost."));
}

void host_has_name(struct descriptions *all, const char *name)
{
	struct described_host *host = all->current;

	if (!host || host->is_named || host->file != all->file ||
	    find_host(all, name))
		return;
	tdelete(host, &all->by_name, by_name);
	set_text(&host->name, name);
	check(tsearch(host, &all->by_name, by_name));
}

void host_is(struct descriptions *all, const char *name, unsigned int line)
{
	struct described_host *host;

	/* What was told before of a host without a name was about this one. */
	if (all->current && !(all->current->parts & PART_VMKS))
		host_has_name(all, name);
	host = find_host(all, name);
	if (!host)
		host = add_host(all, name, line);
	host->is_named = true;
	all->current = host;
}

/* With a number behind the name, if there is such a host already. */
static struct described_host *add_numbered(struct descriptions *all,
					   const char *name, unsigned int line)
{
	char *numbered = check(strdup(name));
	struct described_host *host;
	/* Of all that were numbered before, this is one more. */
	size_t i = all->n > all->numbered ? all->n : all->numbered;

	while (find_host(all, numbered)) {
		free(numbered);
		if (asprintf(&numbered, "%s#%zu", name, ++i) < 0)
			exit(out_of_memory());
	}
	/* No number is tried twice, or names that were chosen for it would cost a square. */
	if (strcmp(numbered, name))
		all->numbered = i;
	host = add_host(all, numbered, line);
	free(numbered);
	return host;
}

void host_is_another(struct descriptions *all, const char *name,
		     unsigned int line)
{
	all->current = add_numbered(all, name, line);
	all->current->is_named = true;
}

void host_is_unnamed(struct descriptions *all)
{
	if (all->current && all->current->is_named)
		all->current = NULL;
}

/* Named after the file, without its folder and suffix. */
static struct described_host *add_unnamed(struct descriptions *all,
					  unsigned int line)
{
	const char *slash = strrchr(all->file, '/');
	char *name = check(strdup(slash ? slash + 1 : all->file));
	struct described_host *host;
	char *dot = strrchr(name, '.');

	if (dot && dot != name)
		*dot = '\0';
	host = add_numbered(all, strcmp(name, "-") ? name : "this host", line);
	free(name);
	return host;
}

struct described_host *host_of_part(struct descriptions *all,
				    enum described_part part, unsigned int line)
{
	if (all->current && !all->current->is_named && !all->goes_on &&
	    all->current->parts & part)
		all->current = NULL;
	if (!all->current)
		all->current = add_unnamed(all, line);
	all->current->parts |= part;
	all->found = true;
	return all->current;
}

bool is_vmk(const char *name)
{
	return !strncmp(name, "vmk", 3) && name[3] &&
	       strspn(name + 3, "0123456789") == strlen(name + 3);
}

struct described_nic *nic_find(const struct described_host *host,
			       const char *name)
{
	unsigned int i;

	for (i = 0; i < host->n_nics; i++) {
		if (!strcmp(host->nic[i].name, name))
			return &host->nic[i];
	}
	return NULL;
}

struct described_nic *nic_of(struct descriptions *all,
			     struct described_host *host, const char *name,
			     unsigned int line)
{
	struct described_nic *nic = nic_find(host, name);

	if (nic)
		return nic;
	if (host->n_nics == NICS_MAX) {
		cannot_read(all, line, "%s has more than %u NICs",
			    visible(host->name), NICS_MAX);
		return NULL;
	}
	host->nic = grow(host->nic, host->n_nics, sizeof(*nic));
	nic = &host->nic[host->n_nics++];
	nic->name = check(strdup(name));
	nic->weight = 1;
	return nic;
}

struct described_nic *named_vmk(struct descriptions *all,
				struct described_host *host, const char *name,
				unsigned int line)
{
	if (is_vmk(name))
		return nic_of(all, host, name, line);
	cannot_read(all, line, "expected vmk0 or the like, found \"%s\"",
		    visible(name));
	return NULL;
}

/* Returns how many are left. */
static unsigned int drop_family(struct migsel_addr *addr, unsigned int n,
				enum migsel_family family)
{
	unsigned int i, left = 0;

	for (i = 0; i < n; i++) {
		if (addr[i].family != family)
			addr[left++] = addr[i];
	}
	return left;
}

void nic_tells(const struct descriptions *all, struct described_nic *nic,
	       enum migsel_family family)
{
	if (nic->table[family] == all->table)
		return;
	nic->table[family] = all->table;
	nic->is_leased[family] = false;
	drop_family(nic->sorted, nic->n_addrs, family);
	nic->n_addrs = drop_family(nic->addr, nic->n_addrs, family);
}

void nic_is_listed(const struct descriptions *all, struct described_host *host,
		   struct described_nic *nic, enum described_list list,
		   bool is_whole)
{
	nic->listed[list] = all->table;
	if (is_whole)
		host->listed[list] = all->table;
}

void nic_add_address(struct descriptions *all, struct described_nic *nic,
		     const struct migsel_addr *addr, unsigned int line)
{
	char text[INET6_ADDRSTRLEN + sizeof("/128")];
	unsigned int i, n = 0;

	nic_tells(all, nic, addr->family);
	if (addr_is_multicast(addr) || addr_is_loopback(addr)) {
		addr_text(addr, false, text, sizeof(text));
		cannot_read(all, line,
			    "%s: expected an address that one NIC has, found %s",
			    visible(nic->name), text);
		return;
	}
	for (i = 0; i < nic->n_addrs; i++) {
		if (nic->addr[i].family != addr->family)
			continue;
		n++;
		/* Rows that are there twice tell nothing new. */
		if (!memcmp(&nic->addr[i], addr, sizeof(*addr)))
			return;
	}
	if (n == MIGSEL_MAX_ADDRESSES) {
		cannot_read(all, line,
			    "%s has more than %u addresses of a family",
			    visible(nic->name), MIGSEL_MAX_ADDRESSES);
		return;
	}
	nic->addr = grow(nic->addr, nic->n_addrs, sizeof(*addr));
	nic->addr[nic->n_addrs] = *addr;
	nic->sorted = grow(nic->sorted, nic->n_addrs, sizeof(*addr));
	for (i = nic->n_addrs++;
	     i && migsel_rule_compare(&nic->sorted[i - 1], addr) > 0; i--)
		nic->sorted[i] = nic->sorted[i - 1];
	nic->sorted[i] = *addr;
}

enum described_stack stack_of(const char *name)
{
	if (!*name || !strcasecmp(name, "defaultTcpipStack") ||
	    !strcasecmp(name, "default"))
		return ON_DEFAULT;
	if (!strcasecmp(name, "vmotion"))
		return ON_VMOTION;
	if (!strcasecmp(name, "vSphereProvisioning") ||
	    !strcasecmp(name, "provisioning"))
		return ON_PROVISIONING;
	return ON_OTHER;
}

void nic_set_stack(struct described_nic *nic, const char *stack_name)
{
	set_text(&nic->stack_name, stack_name);
	nic->stack = stack_of(stack_name);
}

/* A number is a port of a distributed switch, an UUID a network of NSX. */
static bool is_port(const char *name)
{
	return strlen(name) == strspn(name, "0123456789") ||
	       (strlen(name) == 36 &&
		strspn(name, "0123456789abcdefABCDEF-") == 36);
}

void nic_set_portgroup(struct described_nic *nic, const char *portgroup,
		       bool is_standard)
{
	if (!*portgroup)
		return;
	set_text(&nic->portgroup, portgroup);
	nic->is_standard_group = is_standard && !is_port(portgroup);
}

void nic_set_service(struct described_nic *nic, const char *service)
{
	char *services;

	if (!strcasecmp(service, "vmotion"))
		nic->migration = TOLD_ON;
	else if (!strcasecmp(service, "vSphereProvisioning"))
		nic->provisioning = TOLD_ON;
	if (!strcasecmp(service, "vmotion") ||
	    (nic->services && strcasestr(nic->services, service)))
		return;
	if (asprintf(&services, "%s%s%s", nic->services ? nic->services : "",
		     nic->services ? ", " : "", service) < 0)
		exit(out_of_memory());
	free(nic->services);
	nic->services = services;
}

void nic_forget_services(struct described_nic *nic)
{
	free(nic->services);
	nic->services = NULL;
	nic->migration = NOT_TOLD;
	nic->provisioning = NOT_TOLD;
	nic->has_services = false;
}

void services_are_told(struct described_nic *nic)
{
	nic->has_services = true;
	if (nic->migration == NOT_TOLD)
		nic->migration = TOLD_OFF;
	if (nic->provisioning == NOT_TOLD)
		nic->provisioning = TOLD_OFF;
}

void host_add_route(struct descriptions *all, struct described_host *host,
		    const struct described_route *route, const char *dev,
		    unsigned int line)
{
	struct described_route *added;

	if (host->n_routes == ROUTES_MAX) {
		cannot_read(all, line, "%s has more than %u routes",
			    visible(host->name), ROUTES_MAX);
		return;
	}
	host->route = grow(host->route, host->n_routes, sizeof(*added));
	added = &host->route[host->n_routes++];
	*added = *route;
	added->table = all->table;
	added->dev = dev && *dev ? check(strdup(dev)) : NULL;
}

/* The length of a mask that is one: ones, then zeroes. */
static bool mask_length(__u32 mask, __u8 *length)
{
	*length = __builtin_popcount(mask);
	return !(~mask & (~mask + 1));
}

static bool read_length(const char *mask, unsigned int bits, __u8 *length)
{
	struct in_addr dotted;
	__u32 number;

	if (*mask == '/')
		mask++;
	if (bits == 32 && inet_pton(AF_INET, mask, &dotted) == 1)
		return mask_length(ntohl(dotted.s_addr), length);
	if (bits == 32 && !strncasecmp(mask, "0x", 2) && strlen(mask) == 10 &&
	    strspn(mask + 2, "0123456789abcdefABCDEF") == 8)
		return mask_length(strtoul(mask, NULL, 16), length);
	if (!read_number(mask, &number) || number > bits)
		return false;
	*length = number;
	return true;
}

bool read_address(const char *text, const char *mask, struct migsel_addr *addr)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/%");
	unsigned int bits;

	if (!length || length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	memset(addr, 0, sizeof(*addr));
	addr->family = strchr(address, ':') ? MIGSEL_INET6 : MIGSEL_INET;
	bits = addr->family == MIGSEL_INET ? 32 : 128;
	if (inet_pton(bits == 32 ? AF_INET : AF_INET6, address,
		      addr->local) != 1)
		return false;
	memcpy(addr->prefix, addr->local, sizeof(addr->prefix));
	if (strchr(text, '/'))
		mask = strchr(text, '/');
	return mask && read_length(mask, bits, &addr->len);
}

bool read_prefix(const char *text, const char *mask, enum migsel_family family,
		 struct migsel_addr *prefix)
{
	const char *host = strchr(text, ':') ? "128" : "32";

	if (strcmp(text, "default"))
		return read_address(text, mask ? mask : host, prefix);
	memset(prefix, 0, sizeof(*prefix));
	prefix->family = family;
	return true;
}

/*
 * As programs of any language write whole numbers: 9000, 9.000, 9,000, 9 000 and 9000,00
 * are the same.
 */
bool read_number(const char *text, __u32 *number)
{
	size_t digits = strspn(text, "0123456789");
	bool groups = digits <= 3;
	unsigned long long n;

	if (!digits || digits > 10)
		return false;
	n = strtoull(text, NULL, 10);
	for (text += digits; *text; text += digits) {
		if (!strchr(".,' ", *text++))
			return false;
		digits = strspn(text, "0123456789");
		if (groups && digits == 3) {
			n = n * 1000 + strtoul(text, NULL, 10);
		} else if (!digits || text[digits] ||
			   strspn(text, "0") != digits) {
			/* Decimals would have to be none. */
			return false;
		}
		if (n > 0xffffffff)
			return false;
	}
	*number = n;
	return n <= 0xffffffff;
}

bool read_truth(const char *text, bool *truth)
{
	static const char *const words[][2] = {
		{ "false", "true" }, { "no", "yes" },	   { "0", "1" },
		{ "off", "on" },     { "falsch", "wahr" }, { "nein", "ja" },
		{ "faux", "vrai" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		*truth = !strcasecmp(text, words[i][1]);
		if (*truth || !strcasecmp(text, words[i][0]))
			return true;
	}
	return false;
}

void heading(const char *text, size_t length, char *plain, size_t size)
{
	char *end = plain + size - 1;

	for (; length && plain < end; text++, length--) {
		if (isalnum((unsigned char)*text))
			*plain++ = tolower((unsigned char)*text);
	}
	*plain = '\0';
}

void nic_free(struct described_nic *nic)
{
	free(nic->name);
	free(nic->portgroup);
	free(nic->services);
	free(nic->stack_name);
	free(nic->addr);
	free(nic->sorted);
}

static void free_host(struct described_host *host)
{
	unsigned int i;

	for (i = 0; i < host->n_nics; i++)
		nic_free(&host->nic[i]);
	for (i = 0; i < host->n_routes; i++)
		free(host->route[i].dev);
	free(host->nic);
	free(host->route);
	free(host->name);
	free(host);
}

static void keep(void *host)
{
	(void)host;
}

void descriptions_free(struct descriptions *all)
{
	size_t i;

	tdestroy(all->by_name, keep);
	for (i = 0; i < all->n; i++)
		free_host(all->host[i]);
	free(all->host);
	memset(all, 0, sizeof(*all));
}
