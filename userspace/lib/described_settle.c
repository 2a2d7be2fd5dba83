// SPDX-License-Identifier: GPL-2.0-only
/* Of what was told twice of a described host, what holds. */

#include <stdlib.h>
#include <string.h>

#include "described.h"

/* A table that had it has been told again without it, and no other one since has it. */
static bool is_gone(const struct described_host *host,
		    const struct described_nic *nic)
{
	unsigned int i, last = 0;

	for (i = 0; i < N_LISTS; i++) {
		if (nic->listed[i] > last)
			last = nic->listed[i];
	}
	for (i = 0; i < N_LISTS; i++) {
		if (nic->listed[i] && host->listed[i] > last &&
		    (i == LIST_OF_VMKS || nic->stack == ON_DEFAULT))
			return true;
	}
	return false;
}

static void settle_nics(struct described_host *host)
{
	unsigned int i, n = 0;

	for (i = 0; i < host->n_nics; i++) {
		if (is_gone(host, &host->nic[i]))
			nic_free(&host->nic[i]);
		else
			host->nic[n++] = host->nic[i];
	}
	host->n_nics = n;
}

/* That of the NIC that a route is by. Routes by one stand together, as a rule: @nic is the last. */
static enum described_stack route_stack(const struct described_host *host,
					const struct described_route *route,
					const struct described_nic **nic)
{
	if (!route->dev)
		return ON_DEFAULT;
	if (!*nic || strcmp((*nic)->name, route->dev))
		*nic = nic_find(host, route->dev);
	return *nic ? (*nic)->stack : ON_DEFAULT;
}

/* Those of a stack that were told again are instead of those of before. */
static void settle_routes(struct described_host *host)
{
	unsigned int last[ON_OTHER + 1][MIGSEL_N_FAMILIES] = {};
	const struct described_nic *nic = NULL;
	unsigned int i, *table, n = 0;

	for (i = 0; i < host->n_routes; i++) {
		const struct described_route *route = &host->route[i];

		table = &last[route_stack(host, route, &nic)][route->dst.family];
		if (route->table > *table)
			*table = route->table;
	}
	for (i = 0; i < host->n_routes; i++) {
		struct described_route *route = &host->route[i];

		if (route->table ==
		    last[route_stack(host, route, &nic)][route->dst.family])
			host->route[n++] = *route;
		else
			free(route->dev);
	}
	host->n_routes = n;
}

void descriptions_settle(struct descriptions *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		settle_nics(all->host[i]);
		settle_routes(all->host[i]);
	}
}
