// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Linux does with a packet that the rule does not touch, as selftests/explore/lab.sh has
 * it from the kernel. A link that is down changes nothing: its routes stay.
 */

#include <string.h>

#include "addr.h"
#include "plain.h"

/* The NIC whose routes were made as the @n-th. */
static unsigned int nth(unsigned int first, unsigned int n)
{
	if (!n)
		return first;
	return n <= first ? n - 1 : n;
}

const struct migsel_addr *plain_address(const struct described_nic *nic,
					enum migsel_family family)
{
	unsigned int i;

	for (i = 0; i < nic->n_addrs; i++) {
		if (nic->addr[i].family == family &&
		    !(family == MIGSEL_INET6 &&
		      addr_is_link_local(&nic->addr[i])))
			return &nic->addr[i];
	}
	return NULL;
}

/* The longest prefix of a route by a NIC, -1 without one. A connected one comes first. */
static int longest(const struct described_host *host,
		   const struct described_nic *nic,
		   const struct migsel_addr *dst, bool *connected)
{
	unsigned int i;
	int most = -1;

	*connected = false;
	for (i = 0; i < nic->n_addrs; i++) {
		if (addr_is_in(dst, &nic->addr[i]) && nic->addr[i].len > most) {
			most = nic->addr[i].len;
			*connected = true;
		}
	}
	for (i = 0; i < host->n_routes; i++) {
		const struct described_route *route = &host->route[i];

		if (!strcmp(route->dev, nic->name) &&
		    addr_is_in(dst, &route->dst) && route->dst.len > most) {
			most = route->dst.len;
			*connected = false;
		}
	}
	return most;
}

/* -1 without a route. */
static int best_nic(const struct described_host *host, unsigned int first,
		    const struct migsel_addr *dst)
{
	bool connected, best_connected = false;
	int length, most = -1, best = -1;
	unsigned int i, nic;

	for (i = 0; i < host->n_nics; i++) {
		nic = nth(first, i);
		length = longest(host, &host->nic[nic], dst, &connected);
		if (length > most || (length == most && length >= 0 &&
				      connected && !best_connected)) {
			most = length;
			best = nic;
			best_connected = connected;
		}
	}
	return best;
}

static int common_bits(const struct migsel_addr *a, const struct migsel_addr *b)
{
	int bit = 0;

	while (bit < 128 && !((a->local[bit / 8] ^ b->local[bit / 8]) &
			      0x80 >> bit % 8))
		bit++;
	return bit;
}

/* That of the connected route, or else the first. */
static const struct migsel_addr *source4(const struct described_host *host,
					 const struct described_nic *nic,
					 const struct migsel_addr *dst)
{
	const struct migsel_addr *best = NULL;
	unsigned int i;
	bool connected;

	longest(host, nic, dst, &connected);
	for (i = 0; connected && i < nic->n_addrs; i++) {
		if (addr_is_in(dst, &nic->addr[i]) &&
		    (!best || nic->addr[i].len > best->len))
			best = &nic->addr[i];
	}
	return best ?: plain_address(nic, MIGSEL_INET);
}

/* What it has most in common with; of several alike, the one that was given last. */
static const struct migsel_addr *source6(const struct described_nic *nic,
					 const struct migsel_addr *dst)
{
	const struct migsel_addr *best = NULL;
	int common, most = -1;
	unsigned int i;

	for (i = 0; i < nic->n_addrs; i++) {
		const struct migsel_addr *addr = &nic->addr[i];

		if (addr->family != MIGSEL_INET6 || addr_is_link_local(addr))
			continue;
		common = common_bits(addr, dst);
		if (common > addr->len)
			common = addr->len;
		if (common >= most) {
			most = common;
			best = addr;
		}
	}
	return best;
}

static const struct migsel_addr *source_by(const struct described_host *host,
					   const struct described_nic *nic,
					   const struct migsel_addr *dst)
{
	return dst->family == MIGSEL_INET ? source4(host, nic, dst) :
					    source6(nic, dst);
}

/* Of IPv6, and for the link alone. */
static bool is_on_link(const struct migsel_addr *dst)
{
	return dst->family == MIGSEL_INET6 &&
	       (addr_is_link_local(dst) ||
		(addr_is_multicast(dst) && (dst->local[1] & 0xf) <= 2));
}

/*
 * A NIC without an address of the family sends with one of another NIC, but to what is for many
 * by IPv6.
 */
static void find_source(const struct described_host *host,
			const struct migsel_addr *dst, struct plain *plain)
{
	const struct migsel_addr *source =
		source_by(host, &host->nic[plain->nic], dst);
	unsigned int i;

	/* What an interface gives itself is not told here. */
	if (is_on_link(dst))
		return;
	for (i = 0; !source && !(dst->family == MIGSEL_INET6 &&
				 addr_is_multicast(dst)) &&
	     i < host->n_nics; i++)
		source = source_by(host, &host->nic[i], dst);
	plain->has_source = source;
	if (source)
		plain->source = *source;
}

static void by_nic(struct plain *plain, unsigned int nic)
{
	plain->way = PLAIN_NIC;
	plain->nic = nic;
}

/* It is an address of the host, or the broadcast one of a subnet of it. */
static bool is_own(const struct described_host *host, unsigned int first,
		   const struct plain_binding *binding,
		   const struct migsel_addr *dst, struct plain *plain)
{
	unsigned int i, j, nic;

	if (addr_is_loopback(dst)) {
		plain->way = PLAIN_HOST;
		plain->has_source = read_address(dst->family == MIGSEL_INET ?
						 "127.0.0.1/8" : "::1/128",
						 NULL, &plain->source);
		return true;
	}
	for (i = 0; i < host->n_nics; i++) {
		nic = nth(first, i);
		if (binding->to_device && (int)nic != binding->nic)
			continue;
		for (j = 0; j < host->nic[nic].n_addrs; j++) {
			const struct migsel_addr *addr = &host->nic[nic].addr[j];

			if (addr_equal(addr, dst))
				plain->way = PLAIN_HOST;
			else if (addr_is_broadcast(dst, addr))
				by_nic(plain, nic);
			else
				continue;
			plain->has_source = true;
			plain->source = *addr;
			return true;
		}
	}
	return false;
}

/* What is for many on any link, or on the link itself. */
static bool is_for_link(const struct described_host *host, unsigned int first,
			const struct plain_binding *binding,
			const struct migsel_addr *dst, struct plain *plain)
{
	if (dst->family == MIGSEL_INET6 &&
	    (addr_is_multicast(dst) || addr_is_link_local(dst)))
		by_nic(plain, binding->to_device ? binding->nic : (int)first);
	else if (addr_is_multicast(dst) && binding->nic >= 0)
		by_nic(plain, binding->nic);
	else
		return false;
	find_source(host, dst, plain);
	return true;
}

void plain_route(const struct described_host *host, unsigned int first,
		 const struct plain_binding *binding,
		 const struct migsel_addr *dst, struct plain *plain)
{
	const struct migsel_addr *from = NULL;
	struct plain_binding bound = *binding;
	bool connected;
	int best;

	memset(plain, 0, sizeof(*plain));
	if (bound.nic >= 0 && !bound.to_device) {
		from = plain_address(&host->nic[bound.nic], dst->family);
		/* What has no address cannot be bound to. */
		if (!from)
			bound.nic = -1;
	}
	if (!is_own(host, first, &bound, dst, plain) &&
	    !is_for_link(host, first, &bound, dst, plain)) {
		best = best_nic(host, first, dst);
		/* By its device IPv4 is sent without a route, too. */
		if (bound.to_device)
			best = dst->family == MIGSEL_INET ||
			       longest(host, &host->nic[bound.nic], dst,
				       &connected) >= 0 ? bound.nic : -1;
		if (best >= 0) {
			by_nic(plain, best);
			find_source(host, dst, plain);
		}
	}
	if (from) {
		plain->has_source = true;
		plain->source = *from;
	}
}
