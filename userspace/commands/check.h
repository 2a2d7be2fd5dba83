/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHECK_H
#define CHECK_H

#include <jansson.h>
#include <linux/types.h>
#include <stdbool.h>

#include "config.h"
#include "host.h"
#include "options.h"
#include "text.h"

/* The addresses of one subnet, by the rule's own notion of it. */
struct subnet {
	unsigned int n;
	const struct migsel_addr **addr;
	unsigned int *vmk;	/* whose each of them is */
};

/* From the least on; what is "ok" is no trap. */
enum severity {
	SEVERITY_OK,
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
	N_SEVERITIES
};

extern const char *const severity_names[];

struct trap {
	const char *code;
	enum severity severity;
	char dev[IF_NAMESIZE];
	unsigned int n;
};

/* What is looked at, and what was found so far. */
struct check {
	bool have_module;
	bool refused;	/* by the kernel, for its signature */
	bool could_not_look;
	enum severity least;	/* what is less severe is not told */
	unsigned int n_found[N_SEVERITIES];
	/* For Prometheus: each once, with how often it was found. */
	unsigned int n_traps;
	struct trap *trap;
	struct config config;
	struct tag tag;
	struct host host;
	/* The vmks, or without any each device with an address. */
	unsigned int n;
	const struct device **device;
	/* The same, as the rule sees them; without the module none migrates. */
	struct migsel_rule_vmk *vmk;
	struct migsel_rule rule;
	struct below *below;	/* what each is on */
	/* By network and length. */
	unsigned int n_subnets;
	struct subnet *subnet;
	json_t *ruleset;
};

/*
 * What mends a trap: commands that are safe to paste, and what a person should
 * weigh. All zero is nothing.
 */
struct remedy {
	struct text fix;
	struct text advice;
};

/* One trap, or with SEVERITY_OK what is none. */
void found(struct check *check, const char *code, enum severity severity,
	   const char *dev, struct remedy *remedy, const char *format, ...)
	PRINTF(6, 7);

/* A command that acts in the namespace that is looked at. */
#define fix_add(text, ...) \
	text_add_command(text, options.netns, __VA_ARGS__, NULL)

/* Something that may hold a trap could not be read. */
void could_not_look(struct check *check, const char *format, ...)
	PRINTF(2, 3);

/* Something else than a loopback device, with an address. */
bool may_be_vmk(const struct device *device);
/* A device whose wire leads to other hosts, as far as that can be told. */
bool is_nic(const struct check *check, const struct device *device);
bool is_usable(const struct device *device);
/* What migsel does with tagged traffic is no worse without this vmk. */
bool may_go(const struct check *check, unsigned int i);

/* check_device.c: traps of one device. */
void check_devices(struct check *check);

/* check_subnet.c: traps of devices whose subnets meet. */
int read_subnets(struct check *check);
void check_subnets(struct check *check);
/* The subnet that two vmks share in a family, NULL if there is none. */
const struct subnet *shared_subnet(const struct check *check, unsigned int i,
				   unsigned int j, enum migsel_family family);
void subnet_text(const struct subnet *subnet, char *text, size_t size);
#define SUBNET_TEXT_SIZE 64

/*
 * check_set.c: whether hot traffic leaves by the vmks that are to carry it. The
 * module knows of at least one vmk, or of none.
 */
void check_migration_set(struct check *check);
void check_no_vmk(struct check *check);

/* check_stack.c: vmks that their stack, or another, keeps from carrying what they are for. */
void check_stacks(struct check *check);

/* check_marks.c: who else uses the bits of the tag. */
void check_marks(struct check *check);
/* "the nftables rule ..." */
void add_where(const json_t *rule, struct text *where);

/* check_filter.c: rules that drop what a steered flow is answered with. */
void check_filters(struct check *check);

#endif
