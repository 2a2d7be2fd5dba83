/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_H
#define HOST_H

#include <linux/types.h>
#include <net/if.h>
#include <linux/if.h>	/* IFF_LOWER_UP; compatible only after the former */
#include <stdbool.h>
#include <stddef.h>

#include "../../module/rule.h"

/* The devices, addresses and rules of a network namespace, by rtnetlink. */

struct device {
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	char kind[16];
	__u32 flags;
	__u32 mtu;
	__u16 type;		/* ARPHRD_* */
	__u32 lower;		/* ifindex of what it is on, 0 if nothing */
	__s32 lower_netns;	/* of that, -1 if this one */
	__u32 master;		/* ifindex of its bridge or bond, 0 if none */
	unsigned int n_addrs;
	struct migsel_addr *addr;	/* in the order of the rule */
};

/* A rule of "ip rule". */
struct fib_rule {
	int family;
	__u32 priority;
	__u32 table;
	bool invert;
	__u32 mark;
	__u32 mask;		/* 0 if it does not ask for the mark */
	char iif[IF_NAMESIZE];	/* empty if it does not ask for it */
	char oif[IF_NAMESIZE];
};

struct host {
	unsigned int n_devices;
	struct device *device;	/* by ifindex */
	unsigned int n_rules;
	struct fib_rule *rule;
};

/* Returns 0, or -1 with errno set. */
int host_read(struct host *host);
void host_free(struct host *host);

/* NULL if there is none. */
const struct device *host_device(const struct host *host, __u32 ifindex);

/* An address of a family that makes a vmk usable, by the rule's own notion. */
bool has_family(const struct device *device, enum migsel_family family);
bool has_address(const struct device *device);

/* On what IFLA_LINK names; of a veth that is the peer. */
bool is_stacked(const struct device *device);
/* On its ports, as those of a VRF do not carry it. */
bool has_ports(const struct device *device);

/* What a device is on, down to what is on nothing; itself comes first. */
struct below {
	unsigned int n;
	__u64 *key;			/* the same for the same device */
	const struct device **device;	/* NULL: of another namespace */
};

/* Nearer ones come first. Returns 0, or -1 with errno set. */
int below_read(const struct host *host, const struct device *device,
	       struct below *below);
void below_free(struct below *below);

#endif
