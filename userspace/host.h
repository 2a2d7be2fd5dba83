/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_H
#define HOST_H

#include <linux/types.h>
#include <net/if.h>
#include <linux/if.h>	/* IFF_LOWER_UP; compatible only after the former */
#include <stdbool.h>

/* The devices, addresses and rules of a network namespace, by rtnetlink. */

struct prefix {
	int family;
	__u8 address[16];	/* of this host */
	__u8 network[16];	/* of the peer on a point-to-point link */
	__u8 length;
};

struct device {
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	char kind[16];
	__u32 flags;
	__u32 mtu;
	__u32 lower;		/* ifindex of what it is on, 0 if nothing */
	__s32 lower_netns;	/* of that, -1 if this one */
	unsigned int n_prefixes;
	struct prefix *prefix;
};

struct rule {
	int family;
	__u32 priority;
	__u32 mark;
	__u32 mask;
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
const struct device *host_device(const struct host *host, __u32 ifindex);

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
__u64 root_of(const struct host *host, const struct device *device,
	      const char **name);

#endif
