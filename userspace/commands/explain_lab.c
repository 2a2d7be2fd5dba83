// SPDX-License-Identifier: GPL-2.0-only
/*
 * A described host as a shell script that builds it: a network namespace for the host, and
 * one for a peer that has an address in each of its subnets.
 */

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "error.h"
#include "explain.h"

#define HOST "migsel-lab-host"
#define PEER "migsel-lab-peer"
/* Each is a command of the script. */
#define ADDRESSES_MAX 1000

/* What the kernel takes as the name of a device, and is none of its own words. */
static bool can_be_device(const char *name)
{
	static const char *const words[] = { "lo", "all", "default", ".", ".." };
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(name, words[i]))
			return false;
	}
	return *name && strlen(name) < IFNAMSIZ && !strpbrk(name, "/:% \t\r\n\v\f");
}

/* One command. Its words are quoted as they need, whoever has named them. */
#define put(...)							\
	do {								\
		struct text _line = {};					\
									\
		text_add_command(&_line, NULL, __VA_ARGS__, NULL);	\
		puts(_line.s);						\
		text_free(&_line);					\
	} while (0)

/* On a point-to-point link the prefix is that of the other end. */
static bool is_to_peer(const struct migsel_addr *addr)
{
	return memcmp(addr->local, addr->prefix, sizeof(addr->local));
}

static struct migsel_addr other_end(const struct migsel_addr *addr)
{
	struct migsel_addr other = *addr;

	memcpy(other.local, addr->prefix, sizeof(other.local));
	memcpy(other.prefix, addr->local, sizeof(other.prefix));
	return other;
}

static void put_address(const char *netns, const char *dev,
			const struct migsel_addr *addr)
{
	const char *nodad = addr->family == MIGSEL_INET ? NULL : "nodad";
	const struct migsel_addr other = other_end(addr);
	char local[64], peer[64];

	addr_text(addr, false, local, sizeof(local));
	addr_text(&other, false, peer, sizeof(peer));
	if (is_to_peer(addr)) {
		*strchr(local, '/') = 0;
		put("ip", "-n", netns, "address", "add", local, "peer", peer,
		    "dev", dev, nodad);
	} else {
		put("ip", "-n", netns, "address", "add", local, "dev", dev, nodad);
	}
}

/* The addresses of the peer, on its bridge. */
struct peer {
	struct migsel_addr *addr;
	size_t n;
};

static void add_peer(struct peer *peer, const struct migsel_addr *addr)
{
	size_t i;

	for (i = 0; i < peer->n; i++) {
		if (addr_equal(&peer->addr[i], addr))
			return;
	}
	peer->addr = reallocarray(peer->addr, peer->n + 1, sizeof(*addr));
	if (!peer->addr)
		exit(out_of_memory());
	peer->addr[peer->n++] = *addr;
	put_address(PEER, "switch", addr);
}

static void decrement(struct migsel_addr *addr)
{
	int i;

	for (i = addr->family == MIGSEL_INET ? 3 : 15; i >= 0; i--) {
		if (addr->local[i]--)
			return;
	}
}

/*
 * That of the other end, or the last one of the subnet that the host has not, but for the
 * broadcast address.
 */
static bool free_address(const struct view *view, const struct migsel_addr *own,
			 struct migsel_addr *addr)
{
	unsigned int bits = own->family == MIGSEL_INET ? 32 : 128, i;
	unsigned int tries = MIGSEL_MAX_ADDRESSES;

	if (is_to_peer(own)) {
		*addr = other_end(own);
		return !view_has(view, addr);
	}
	if (bits - own->len < 2)
		return false;
	*addr = *own;
	memcpy(addr->local, own->prefix, sizeof(addr->local));
	for (i = own->len; i < bits; i++)
		addr->local[i / 8] |= 0x80 >> i % 8;
	do
		decrement(addr);
	while (view_has(view, addr) && --tries);
	memcpy(addr->prefix, addr->local, sizeof(addr->prefix));
	return tries;
}

static void put_vmk(const struct view *view, unsigned int i)
{
	const struct described_nic *nic = view->nic[i];
	char port[16], mtu[16];
	unsigned int j;

	snprintf(port, sizeof(port), "port%u", i);
	snprintf(mtu, sizeof(mtu), "%u", nic->mtu >= 1280 && nic->mtu <= 65535 ?
		 nic->mtu : 1500);
	put("ip", "-n", PEER, "link", "add", port, "mtu", mtu, "type", "veth",
	    "peer", "name", nic->name, "mtu", mtu, "netns", HOST);
	put("ip", "-n", PEER, "link", "set", port, "master", "switch", "up");
	/* IPv6 has no route to the other end of a link that comes up later. */
	if (!nic->is_down)
		put("ip", "-n", HOST, "link", "set", "dev", nic->name, "up");
	for (j = 0; j < nic->n_addrs; j++) {
		if (!addr_is_link_local(&nic->addr[j]))
			put_address(HOST, nic->name, &nic->addr[j]);
	}
}

static void put_peer(const struct view *view, struct peer *peer)
{
	const struct migsel_addr *last = NULL;
	struct migsel_addr addr;
	unsigned int i, j;

	for (i = 0; i < view->rule.n_vmks; i++) {
		for (j = 0; j < view->vmk[i].n_addrs; j++) {
			const struct migsel_addr *own = &view->vmk[i].addrs[j];

			if (addr_is_link_local(own) ||
			    (last && !migsel_rule_compare(last, own)))
				continue;
			if (free_address(view, own, &addr))
				add_peer(peer, &addr);
			last = own;
		}
	}
}

/* The peer is the gateway, too. */
static void put_routes(const struct view *view, struct peer *peer)
{
	const struct described_host *host = view->host;
	char dst[64], gateway[INET6_ADDRSTRLEN];
	unsigned int i, j;

	for (i = 0; i < host->n_routes; i++) {
		const struct described_route *route = &host->route[i];
		struct migsel_addr addr = route->gateway;

		if (!route->has_gateway || addr_is_link_local(&addr))
			continue;
		for (j = 0; j < view->rule.n_vmks; j++) {
			if (view_reach(view, j, &addr) == REACHED &&
			    (!route->dev ||
			     !strcmp(route->dev, view->nic[j]->name)))
				break;
		}
		if (j == view->rule.n_vmks || view_has(view, &addr))
			continue;
		add_peer(peer, &addr);
		addr_text(&route->dst, true, dst, sizeof(dst));
		inet_ntop(family_of(&addr), addr.local, gateway,
			  sizeof(gateway));
		put("ip", "-n", HOST, "route", "replace", dst, "via", gateway,
		    "dev", view->nic[j]->name);
	}
}

static void put_registered(const struct view *view, unsigned int i)
{
	static const char *const stacks[] = {
		[MIGSEL_STACK_DEFAULT] = "default",
		[MIGSEL_STACK_VMOTION] = "vmotion",
		[MIGSEL_STACK_PROVISIONING] = "provisioning",
	};
	const struct migsel_rule_vmk *vmk = &view->vmk[i];
	const char *name = view->nic[i]->name;
	char weight[16];

	snprintf(weight, sizeof(weight), "%u", vmk->weight);
	/* Beside another stack neither flag can be given. */
	if (vmk->stack != MIGSEL_STACK_DEFAULT)
		put("migsel", "-n", HOST, "vmk", "add", "dev", name, "stack",
		    stacks[vmk->stack], "weight", weight);
	else
		put("migsel", "-n", HOST, "vmk", "add", "dev", name,
		    "migration", vmk->migration ? "on" : "off", "provisioning",
		    vmk->provisioning ? "on" : "off", "weight", weight);
}

static void put_script(const struct view *view)
{
	struct peer peer = {};
	unsigned int i;

	printf("#!/bin/sh\n"
	       "# The host %s of %s and a peer, in two network namespaces.\n"
	       "# Needs root, and the module loaded.\n"
	       "set -e\n"
	       "ip netns add " HOST "\n"
	       "trap \"test \\$? = 0 || ip netns del " HOST "\" EXIT\n"
	       "ip netns add " PEER "\n"
	       "trap \"test \\$? = 0 || { ip netns del " HOST "; ip netns del " PEER "; }\" EXIT\n"
	       "ip netns exec " HOST " sh -e -c '\n"
	       "\tcd /proc/sys/net/ipv4/conf\n"
	       "\tfor i in all default; do\n"
	       "\t\techo 1 >$i/arp_ignore\n"
	       "\t\techo 2 >$i/arp_announce\n"
	       "\t\techo 0 >$i/rp_filter\n"
	       "\tdone'\n"
	       "ip -n " HOST " link set lo up\n"
	       "ip -n " PEER " link set lo up\n"
	       "ip -n " PEER " link add switch type bridge mcast_snooping 0\n"
	       "ip -n " PEER " link set switch up\n",
	       visible(view->host->name), visible(view->host->file));
	for (i = 0; i < view->rule.n_vmks; i++)
		put_vmk(view, i);
	put_peer(view, &peer);
	put_routes(view, &peer);
	for (i = 0; i < view->rule.n_vmks; i++)
		put_registered(view, i);
	if (view->rule.strict)
		puts("migsel -n " HOST " policy set fallback strict");
	if (view->host->is_passing)
		puts("migsel -n " HOST " policy set unreachable pass");
	for (i = 0; i < peer.n; i++) {
		char text[INET6_ADDRSTRLEN];

		inet_ntop(family_of(&peer.addr[i]), peer.addr[i].local, text,
			  sizeof(text));
		printf("# The peer is %s: migsel -n " HOST " -d route get %s\n",
		       text, text);
	}
	free(peer.addr);
}

int explain_as_lab(struct explain *explain)
{
	static struct explained explained;
	const struct view *view = &explained.view;
	struct text text = {};
	unsigned int i, n = 0;

	if (explain->all.n != 1) {
		error("a lab has one host, but %zu are described.",
		      explain->all.n);
		return EXPLAIN_UNREAD;
	}
	if (!explain_host(explain, explain->all.host[0], NULL, &explained))
		return EXPLAIN_UNREAD;
	if (!explained.n) {
		say_host(&explained, &text);
		error("%s: %s.", visible(view->host->name), text.s);
		text_free(&text);
		return EXPLAIN_UNREAD;
	}
	for (i = 0; i < view->rule.n_vmks; i++) {
		if (!can_be_device(view->nic[i]->name)) {
			error("a device cannot be called \"%s\".",
			      visible(view->nic[i]->name));
			return EXPLAIN_UNREAD;
		}
		n += view->vmk[i].n_addrs;
	}
	if (n + view->host->n_routes > ADDRESSES_MAX) {
		error("a lab has at most %u addresses and routes, not %u.",
		      ADDRESSES_MAX, n + view->host->n_routes);
		return EXPLAIN_UNREAD;
	}
	put_script(view);
	if (explain->all.failed)
		return EXPLAIN_UNREAD;
	return explained.verdict == VERDICT_PITFALL ? EXPLAIN_PITFALL :
						      EXPLAIN_NO_PITFALL;
}
