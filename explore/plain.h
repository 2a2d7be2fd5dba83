/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPLORE_PLAIN_H
#define EXPLORE_PLAIN_H

#include "described.h"

/* What Linux does with a packet that the rule does not touch. */

enum plain_way {
	PLAIN_NOWHERE,	/* there is no route */
	PLAIN_HOST,	/* it stays in the host */
	PLAIN_NIC,
};

struct plain {
	enum plain_way way;
	unsigned int nic;
	bool has_source;
	struct migsel_addr source;
};

/* What the sender's socket is bound to. */
struct plain_binding {
	int nic;	/* by its number, -1 if to none */
	bool to_device;	/* and not to its address */
};

/* The address of a family that a NIC goes by, NULL without one: the first, not link-local. */
const struct migsel_addr *plain_address(const struct described_nic *nic,
					enum migsel_family family);
/* @first: the NIC whose routes were made first; the others follow as they stand. */
void plain_route(const struct described_host *host, unsigned int first,
		 const struct plain_binding *binding,
		 const struct migsel_addr *dst, struct plain *plain);

#endif
