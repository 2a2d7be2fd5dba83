/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_H
#define HOST_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* The devices, addresses and rules of a network namespace, by rtnetlink. */

struct prefix {
	int family;
	uint8_t address[16];	/* of this host */
	uint8_t network[16];	/* of the peer on a point-to-point link */
	uint8_t length;
};

struct device {
	uint32_t ifindex;
	char ifname[IF_NAMESIZE];
	char kind[16];
	uint32_t flags;
	uint32_t mtu;
	uint32_t lower;		/* ifindex of what it is on, 0 if nothing */
	int32_t lower_netns;	/* of that, -1 if this one */
	unsigned int n_prefixes;
	struct prefix *prefix;
};

struct rule {
	int family;
	uint32_t priority;
	uint32_t mark;
	uint32_t mask;
};

struct host {
	unsigned int n_devices;
	struct device *device;
	unsigned int n_rules;
	struct rule *rule;
};

/* Returns 0, or -1 with errno set. Link-local addresses are left out. */
int host_read(struct host *host);
void host_free(struct host *host);

/* NULL if there is none. */
const struct device *host_device(const struct host *host, uint32_t ifindex);

/* How two devices stand to each other, with the prefixes that say so. */
enum relation {
	RELATION_NONE,
	RELATION_OVERLAP,	/* one prefix inside the other */
	RELATION_SAME,		/* one subnet */
};

enum relation relation_of(const struct device *a, const struct device *b,
			  const struct prefix **of_a,
			  const struct prefix **of_b);
bool has_family(const struct device *device, int family);
/* "192.0.2.0/24": the network if @network, else the host's own address. */
void prefix_text(const struct prefix *prefix, bool network, char *text,
		 unsigned int size);
/* The physical device below, by a number that is the same for all on it. */
uint64_t root_of(const struct host *host, const struct device *device,
		 const char **name);

#endif
