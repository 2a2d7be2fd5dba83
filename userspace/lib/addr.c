// SPDX-License-Identifier: GPL-2.0-only
/* Addresses, as the rule has them. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

int family_of(const struct migsel_addr *addr)
{
	return addr->family == MIGSEL_INET ? AF_INET : AF_INET6;
}

void addr_text(const struct migsel_addr *addr, bool network, char *text,
	       size_t size)
{
	char address[INET6_ADDRSTRLEN];
	__u8 bytes[16];
	unsigned int i;

	memcpy(bytes, network ? addr->prefix : addr->local, sizeof(bytes));
	for (i = addr->len; network && i < 128; i++)
		bytes[i / 8] &= ~(0x80 >> i % 8);
	inet_ntop(family_of(addr), bytes, address, sizeof(address));
	snprintf(text, size, "%s/%u", address, addr->len);
}

bool addr_is_in(const struct migsel_addr *addr,
		const struct migsel_addr *prefix)
{
	unsigned int bits = prefix->len;
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (addr->family != prefix->family ||
	    memcmp(addr->local, prefix->prefix, bytes))
		return false;
	return !rest || !((addr->local[bytes] ^ prefix->prefix[bytes]) >>
			  (8 - rest));
}

bool addr_equal(const struct migsel_addr *a, const struct migsel_addr *b)
{
	return a->family == b->family &&
	       !memcmp(a->local, b->local, sizeof(a->local));
}

bool addr_is_link_local(const struct migsel_addr *addr)
{
	return addr->family == MIGSEL_INET ?
	       addr->local[0] == 169 && addr->local[1] == 254 :
	       addr->local[0] == 0xfe && (addr->local[1] & 0xc0) == 0x80;
}

bool addr_is_loopback(const struct migsel_addr *addr)
{
	static const __u8 zeroes[16];

	if (addr->family == MIGSEL_INET)
		return addr->local[0] == 127 || !memcmp(addr->local, zeroes, 4);
	return !memcmp(addr->local, zeroes, 15) && addr->local[15] <= 1;
}

bool addr_is_multicast(const struct migsel_addr *addr)
{
	static const __u8 ones[] = { 255, 255, 255, 255 };

	if (addr->family == MIGSEL_INET)
		return (addr->local[0] & 0xf0) == 0xe0 ||
		       !memcmp(addr->local, ones, sizeof(ones));
	return addr->local[0] == 0xff;
}

bool addr_is_broadcast(const struct migsel_addr *dst,
		       const struct migsel_addr *addr)
{
	unsigned int bit;

	if (addr->family != MIGSEL_INET || addr->len > 30 ||
	    !addr_is_in(dst, addr))
		return false;
	for (bit = addr->len; bit < 32; bit++) {
		if (!(dst->local[bit / 8] & 0x80 >> bit % 8))
			return false;
	}
	return true;
}
