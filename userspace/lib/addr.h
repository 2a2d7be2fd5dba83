/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ADDR_H
#define ADDR_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../module/rule.h"

/* Addresses, as the rule has them. */

/* AF_INET or AF_INET6. */
int family_of(const struct migsel_addr *addr);
/* "192.0.2.0/24": the network if @network, else the host's own address. */
void addr_text(const struct migsel_addr *addr, bool network, char *text,
	       size_t size);
/* Whether an address is in the prefix of another one. */
bool addr_is_in(const struct migsel_addr *addr,
		const struct migsel_addr *prefix);
/* Whether both are the same, whatever their prefixes. */
bool addr_equal(const struct migsel_addr *a, const struct migsel_addr *b);
/* 169.254.0.0/16, or fe80::/10. */
bool addr_is_link_local(const struct migsel_addr *addr);
/* The host itself, by 127.0.0.1, 0.0.0.0 or what IPv6 has for them. */
bool addr_is_loopback(const struct migsel_addr *addr);
/* For many, on any link: the limited broadcast of IPv4, too. */
bool addr_is_multicast(const struct migsel_addr *addr);
/* The broadcast address of the subnet of an address of IPv4. */
bool addr_is_broadcast(const struct migsel_addr *dst,
		       const struct migsel_addr *addr);

#endif
