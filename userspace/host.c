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

#include "genl.h"
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
	d->mtu = attr_u32(attrs.at[IFLA_MTU]);
	attr_string(attrs.at[IFLA_IFNAME], d->ifname, sizeof(d->ifname));
	attr_string(info.at[IFLA_INFO_KIND], d->kind, sizeof(d->kind));
	d->lower = attr_u32(attrs.at[IFLA_LINK]);
	d->lower_netns = -1;
	if (attrs.at[IFLA_LINK_NETNSID])
		d->lower_netns = attr_u32(attrs.at[IFLA_LINK_NETNSID]);
	return MNL_CB_OK;
}

static bool is_link_local(int family, const __u8 *address)
{
	if (family == AF_INET)
		return address[0] == 169 && address[1] == 254;
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static int on_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(message);
	const struct nlattr *local, *network;
	struct host *host = data;
	struct attrs attrs = {};
	struct prefix *p;
	struct device *d;
	__u16 size;

	mnl_attr_parse(message, sizeof(*ifa), collect, &attrs);
	network = attrs.at[IFA_ADDRESS];
	local = attrs.at[IFA_LOCAL] ? attrs.at[IFA_LOCAL] : network;
	size = ifa->ifa_family == AF_INET ? 4 : 16;
	d = (struct device *)host_device(host, ifa->ifa_index);
	if (!d || !network || mnl_attr_get_payload_len(network) != size ||
	    mnl_attr_get_payload_len(local) != size ||
	    is_link_local(ifa->ifa_family, mnl_attr_get_payload(local)))
		return MNL_CB_OK;

	p = grow(d->prefix, &d->n_prefixes, sizeof(*p));
	if (!p)
		return MNL_CB_ERROR;
	d->prefix = p;
	p += d->n_prefixes - 1;
	p->family = ifa->ifa_family;
	p->length = ifa->ifa_prefixlen;
	memcpy(p->address, mnl_attr_get_payload(local), size);
	memcpy(p->network, mnl_attr_get_payload(network), size);
	return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *message, void *data)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
	struct host *host = data;
	struct attrs attrs = {};
	struct rule *rule;

	mnl_attr_parse(message, sizeof(*header), collect, &attrs);
	/* A mark of zero is left out, its mask is not. */
	if (!attrs.at[FRA_FWMASK])
		return MNL_CB_OK;
	rule = grow(host->rule, &host->n_rules, sizeof(*rule));
	if (!rule)
		return MNL_CB_ERROR;
	host->rule = rule;
	rule += host->n_rules - 1;
	rule->family = header->family;
	rule->priority = attr_u32(attrs.at[FRA_PRIORITY]);
	rule->mark = attr_u32(attrs.at[FRA_FWMARK]);
	rule->mask = attr_u32(attrs.at[FRA_FWMASK]);
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
		free(host->device[i].prefix);
	free(host->device);
	free(host->rule);
	memset(host, 0, sizeof(*host));
}

const struct device *host_device(const struct host *host, __u32 ifindex)
{
	unsigned int i;

	for (i = 0; i < host->n_devices; i++) {
		if (host->device[i].ifindex == ifindex)
			return &host->device[i];
	}
	return NULL;
}

bool has_family(const struct device *device, int family)
{
	unsigned int i;

	for (i = 0; i < device->n_prefixes; i++) {
		if (device->prefix[i].family == family)
			return true;
	}
	return false;
}

static bool same_bits(const __u8 *a, const __u8 *b, unsigned int bits)
{
	unsigned int bytes = bits / 8;
	__u8 last = 0xff00 >> bits % 8;

	return !memcmp(a, b, bytes) &&
	       (!(bits % 8) || !((a[bytes] ^ b[bytes]) & last));
}

enum relation relation_of(const struct device *a, const struct device *b,
			  const struct prefix **of_a,
			  const struct prefix **of_b)
{
	enum relation relation = RELATION_NONE, this;
	const struct prefix *p, *q;

	for (p = a->prefix; p < a->prefix + a->n_prefixes; p++) {
		unsigned int host = p->family == AF_INET ? 32 : 128;

		for (q = b->prefix; q < b->prefix + b->n_prefixes; q++) {
			__u8 least = p->length < q->length ? p->length :
								q->length;

			if (p->family != q->family || p->length == host ||
			    q->length == host ||
			    !same_bits(p->network, q->network, least))
				continue;
			this = p->length == q->length ? RELATION_SAME :
							RELATION_OVERLAP;
			if (this <= relation)
				continue;
			relation = this;
			*of_a = p;
			*of_b = q;
		}
	}
	return relation;
}

void prefix_text(const struct prefix *prefix, bool network, char *text,
		 unsigned int size)
{
	char address[INET6_ADDRSTRLEN];
	__u8 bytes[16];
	unsigned int i;

	memcpy(bytes, network ? prefix->network : prefix->address,
	       sizeof(bytes));
	for (i = prefix->length; network && i < 128; i++)
		bytes[i / 8] &= ~(0x80 >> i % 8);
	inet_ntop(prefix->family, bytes, address, sizeof(address));
	snprintf(text, size, "%s/%u", address, prefix->length);
}

static bool is_stacked(const struct device *device)
{
	return device->lower && (!strcmp(device->kind, "macvlan") ||
				 !strcmp(device->kind, "ipvlan") ||
				 !strcmp(device->kind, "vlan"));
}

__u64 root_of(const struct host *host, const struct device *device,
	      const char **name)
{
	const struct device *lower;

	while (is_stacked(device)) {
		lower = device->lower_netns < 0 ?
			host_device(host, device->lower) : NULL;
		if (!lower) {
			*name = "a device of another namespace";
			return (__u64)(device->lower_netns + 1) << 32 |
			       device->lower;
		}
		device = lower;
	}
	*name = device->ifname;
	return device->ifindex;
}
