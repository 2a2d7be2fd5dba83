// SPDX-License-Identifier: GPL-2.0-only
/* What there is in a network namespace, asked of rtnetlink. */

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attrs.h"
#include "host.h"

static int collect(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	__u16 type = mnl_attr_get_type(attr);

	if (type <= GENL_MAX_ATTR)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

/* One more element at the end of an array, all zero. */
static void *grow(void *array, unsigned int *n, size_t size)
{
	char *bigger = reallocarray(array, *n + 1, size);

	if (!bigger) {
		errno = ENOMEM;
		return NULL;
	}
	memset(bigger + *n * size, 0, size);
	(*n)++;
	return bigger;
}

static int on_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct attrs attrs = {}, info;
	struct host *host = data;
	struct device *d, *bigger;

	bigger = grow(host->device, &host->n_devices, sizeof(*d));
	if (!bigger)
		return MNL_CB_ERROR;
	host->device = bigger;
	d = &bigger[host->n_devices - 1];

	mnl_attr_parse(message, sizeof(*link), collect, &attrs);
	attrs_nested(attrs.at[IFLA_LINKINFO], &info);
	d->ifindex = link->ifi_index;
	d->flags = link->ifi_flags;
	d->type = link->ifi_type;
	d->mtu = attr_u32(attrs.at[IFLA_MTU]);
	attr_string(attrs.at[IFLA_IFNAME], d->ifname, sizeof(d->ifname));
	attr_string(info.at[IFLA_INFO_KIND], d->kind, sizeof(d->kind));
	d->lower = attr_u32(attrs.at[IFLA_LINK]);
	d->lower_netns = -1;
	if (attrs.at[IFLA_LINK_NETNSID])
		d->lower_netns = attr_u32(attrs.at[IFLA_LINK_NETNSID]);
	d->master = attr_u32(attrs.at[IFLA_MASTER]);
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(message);
	const struct nlattr *local, *prefix;
	struct host *host = data;
	struct attrs attrs = {};
	struct migsel_addr *addr;
	struct device *d;
	__u16 size;

	mnl_attr_parse(message, sizeof(*ifa), collect, &attrs);
	prefix = attrs.at[IFA_ADDRESS];
	local = attrs.at[IFA_LOCAL] ? attrs.at[IFA_LOCAL] : prefix;
	size = ifa->ifa_family == AF_INET ? 4 : 16;
	d = (struct device *)host_device(host, ifa->ifa_index);
	if (!d || !prefix || mnl_attr_get_payload_len(prefix) != size ||
	    mnl_attr_get_payload_len(local) != size)
		return MNL_CB_OK;

	addr = grow(d->addr, &d->n_addrs, sizeof(*addr));
	if (!addr)
		return MNL_CB_ERROR;
	d->addr = addr;
	addr += d->n_addrs - 1;
	addr->family = ifa->ifa_family == AF_INET ? MIGSEL_INET : MIGSEL_INET6;
	addr->len = ifa->ifa_prefixlen;
	memcpy(addr->local, mnl_attr_get_payload(local), size);
	memcpy(addr->prefix, mnl_attr_get_payload(prefix), size);
	return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *message, void *data)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
	struct host *host = data;
	struct attrs attrs = {};
	struct fib_rule *rule;

	mnl_attr_parse(message, sizeof(*header), collect, &attrs);
	rule = grow(host->rule, &host->n_rules, sizeof(*rule));
	if (!rule)
		return MNL_CB_ERROR;
	host->rule = rule;
	rule += host->n_rules - 1;
	rule->family = header->family;
	rule->invert = header->flags & FIB_RULE_INVERT;
	rule->table = attrs.at[FRA_TABLE] ? attr_u32(attrs.at[FRA_TABLE]) :
					    header->table;
	rule->priority = attr_u32(attrs.at[FRA_PRIORITY]);
	/* A mark of zero is left out, its mask is not. */
	rule->mark = attr_u32(attrs.at[FRA_FWMARK]);
	rule->mask = attr_u32(attrs.at[FRA_FWMASK]);
	attr_string(attrs.at[FRA_IIFNAME], rule->iif, sizeof(rule->iif));
	attr_string(attrs.at[FRA_OIFNAME], rule->oif, sizeof(rule->oif));
	return MNL_CB_OK;
}

static int dump(struct mnl_socket *s, __u16 type, int family, size_t header,
		mnl_cb_t call, struct host *host)
{
	static alignas(NLMSG_ALIGNTO) char buffer[65536];
	struct nlmsghdr *request;
	static __u32 sequence;
	ssize_t length;
	int ret;

	request = mnl_nlmsg_put_header(buffer);
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = ++sequence;
	/* In each of the three kinds of header the family comes first. */
	*(__u8 *)mnl_nlmsg_put_extra_header(request, header) = family;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return -1;
	do {
		length = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
		if (length < 0)
			return -1;
		ret = mnl_cb_run(buffer, length, sequence,
				 mnl_socket_get_portid(s), call, host);
	} while (ret > MNL_CB_STOP);
	return ret;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct device *d = a, *e = b;

	return d->ifindex < e->ifindex ? -1 : d->ifindex > e->ifindex;
}

static int read_all(struct mnl_socket *s, struct host *host)
{
	const struct {
		__u16 type;
		int family;
		size_t header;
		mnl_cb_t call;
	} dumps[] = {
		{ RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), on_link },
		{ RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), on_address },
		{ RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr), on_rule },
		{ RTM_GETRULE, AF_INET6, sizeof(struct fib_rule_hdr), on_rule },
	};
	unsigned int i;

	for (i = 0; i < MNL_ARRAY_SIZE(dumps); i++) {
		if (dump(s, dumps[i].type, dumps[i].family, dumps[i].header,
			 dumps[i].call, host) < 0 &&
		    errno != EAFNOSUPPORT && errno != EOPNOTSUPP)
			return -1;
		/* The addresses are sorted to their devices. */
		if (!i)
			qsort(host->device, host->n_devices,
			      sizeof(*host->device), by_ifindex);
	}
	/* As the rule wants them. */
	for (i = 0; i < host->n_devices; i++) {
		if (host->device[i].n_addrs)
			qsort(host->device[i].addr, host->device[i].n_addrs,
			      sizeof(*host->device[i].addr),
			      migsel_rule_compare);
	}
	return 0;
}

int host_read(struct host *host)
{
	struct mnl_socket *s;
	int ret, tries = 8;

	do {
		memset(host, 0, sizeof(*host));
		s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
		if (!s)
			return -1;
		ret = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID);
		if (!ret)
			ret = read_all(s, host);
		if (ret)
			host_free(host);
		mnl_socket_close(s);
	} while (ret && errno == EINTR && --tries);
	return ret;
}

void host_free(struct host *host)
{
	unsigned int i;

	for (i = 0; i < host->n_devices; i++)
		free(host->device[i].addr);
	free(host->device);
	free(host->rule);
	memset(host, 0, sizeof(*host));
}

const struct device *host_device(const struct host *host, __u32 ifindex)
{
	const struct device key = { .ifindex = ifindex };

	return host->n_devices ? bsearch(&key, host->device, host->n_devices,
					 sizeof(key), by_ifindex) : NULL;
}

bool has_family(const struct device *device, enum migsel_family family)
{
	struct migsel_rule_vmk vmk = {
		.addrs = device->addr,
		.n_addrs = device->n_addrs,
	};

	migsel_rule_prepare_vmk(&vmk);
	return vmk.addressed[family];
}

bool has_address(const struct device *device)
{
	return has_family(device, MIGSEL_INET) ||
	       has_family(device, MIGSEL_INET6);
}

bool is_stacked(const struct device *device)
{
	static const char *const kinds[] = {
		"macvlan", "macvtap", "ipvlan", "ipvtap", "vlan", "macsec",
		"ipoib"
	};
	unsigned int i;

	for (i = 0; device->lower && i < MNL_ARRAY_SIZE(kinds); i++) {
		if (!strcmp(device->kind, kinds[i]))
			return true;
	}
	return false;
}

bool has_ports(const struct device *device)
{
	static const char *const kinds[] = { "bridge", "bond", "team" };
	unsigned int i;

	for (i = 0; i < MNL_ARRAY_SIZE(kinds); i++) {
		if (!strcmp(device->kind, kinds[i]))
			return true;
	}
	return false;
}

static int below_add(struct below *below, const struct device *device,
		     __u64 key)
{
	const struct device **devices;
	unsigned int i;
	__u64 *keys;

	for (i = 0; i < below->n; i++) {
		if (below->key[i] == key)
			return 0;
	}
	keys = reallocarray(below->key, i + 1, sizeof(*keys));
	if (keys)
		below->key = keys;
	devices = reallocarray(below->device, i + 1, sizeof(*devices));
	if (devices)
		below->device = devices;
	if (!keys || !devices) {
		errno = ENOMEM;
		return -1;
	}
	keys[i] = key;
	devices[i] = device;
	below->n++;
	return 0;
}

static int below_add_lower(struct below *below, const struct host *host,
			   const struct device *device)
{
	const struct device *lower = NULL;

	if (device->lower_netns < 0)
		lower = host_device(host, device->lower);
	/* A namespace of its own for each, above all numbers of devices here. */
	return below_add(below, lower, lower ? lower->ifindex :
			 (__u64)(device->lower_netns + 2) << 32 | device->lower);
}

int below_read(const struct host *host, const struct device *device,
	       struct below *below)
{
	const struct device *d, *port;
	unsigned int i;

	memset(below, 0, sizeof(*below));
	if (below_add(below, device, device->ifindex))
		goto failed;
	/* It grows while it is gone through. */
	for (i = 0; i < below->n; i++) {
		d = below->device[i];
		if (!d)
			continue;
		if (is_stacked(d) && below_add_lower(below, host, d))
			goto failed;
		if (!has_ports(d))
			continue;
		for (port = host->device;
		     port < host->device + host->n_devices; port++) {
			if (port->master == d->ifindex &&
			    below_add(below, port, port->ifindex))
				goto failed;
		}
	}
	return 0;
failed:
	below_free(below);
	return -1;
}

void below_free(struct below *below)
{
	free(below->key);
	free(below->device);
	memset(below, 0, sizeof(*below));
}
