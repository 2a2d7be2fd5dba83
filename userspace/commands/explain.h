/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <linux/migsel.h>
#include <stdbool.h>
#include <stddef.h>

#include "described.h"
#include "text.h"

/* What "migsel explain" was asked. */
struct explain {
	struct descriptions all;
	const char **migration;	/* names of vmks that carry migrations */
	size_t n_migration;
	const char *pattern;	/* of their port groups, or NULL */
	const char *dst_word;
	struct migsel_addr dst;	/* if there is a word for it */
	bool as_pair;
	bool as_lab;
};

/* A host as the rule sees it. */
struct view {
	const struct described_host *host;
	struct migsel_rule rule;
	struct migsel_rule_vmk vmk[MIGSEL_MAX_VMKS];
	const struct described_nic *nic[MIGSEL_MAX_VMKS];	/* of each */
	bool is_untold;		/* nobody says which vmk carries migrations */
	bool is_unaddressed;	/* or which addresses they have */
	unsigned int routed_stacks;	/* whose routes are told, by described_stack */
	unsigned int n_other;	/* vmks of stacks that no migration uses */
	const char *other_stack;	/* the first of these */
	/* What the sender's socket is bound to: nothing, until somebody says so. */
	bool is_bound_to_device;
	int bound_vmk;		/* one that carries migrations, to its address */
};

enum reach {
	UNREACHED,
	REACHED_BY_DEFAULT,	/* by a default route only */
	REACHED,
	REACH_UNTOLD,		/* the routes were not told */
};

struct answer {
	enum migsel_class class;
	enum migsel_family family;
	const struct migsel_row *row;
	enum migsel_reason reason;	/* the row's, or why that fails */
	bool is_refused;
	bool is_routes_untold;	/* how it would leave is not known without the routes */
	unsigned int n;
	unsigned int by[MIGSEL_MAX_VMKS];	/* positions of vmks */
};

enum explain_status {
	EXPLAIN_NO_PITFALL,
	EXPLAIN_PITFALL,
	EXPLAIN_UNREAD,
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_PITFALL,
	VERDICT_REFUSED,
	VERDICT_UNTOLD,
	VERDICT_NOT_OURS,	/* the rule does not apply */
};

extern const char *const explain_verdicts[];

/* Hot for each family that it can be sent in, then cold. */
#define ANSWERS_MAX (MIGSEL_N_FAMILIES + 1)

struct explained {
	const struct explain *explain;
	struct view view;
	enum verdict verdict;
	unsigned int n;
	struct answer answer[ANSWERS_MAX];
};

/* Is a vmk on a port group that the pattern is about? */
bool matches_pattern(const struct explain *explain,
		     const struct described_nic *nic);
/* Returns false with the complaint made if the host has more vmks than the rule takes. */
bool view_host(struct explain *explain, const struct described_host *host,
	       struct view *view);
/* Whether it has the address itself. */
bool view_has(const struct view *view, const struct migsel_addr *addr);
/* Whether the rule decides on it: not the host itself, what is for many, and link-local. */
bool view_is_unicast(const struct view *view, const struct migsel_addr *dst);
enum reach view_reach(const struct view *view, unsigned int vmk,
		      const struct migsel_addr *dst);
void view_answer(const struct view *view, enum migsel_class class,
		 enum migsel_family family, const struct migsel_addr *dst,
		 struct answer *answer);
bool explain_host(struct explain *explain, const struct described_host *host,
		  const struct migsel_addr *dst, struct explained *explained);

/* What a vmk is called, on that system. */
const char *vmk_name(const struct view *view, int vmk);
/* "vMotion", on ESXi. */
const char *traffic_name(const struct view *view, enum migsel_class class);
/* The answer to look at first: that with the pitfall, if there is one. */
const struct answer *main_answer(const struct explained *explained);
/* One sentence without an end, as "vMotion leaves by vmk0, though vmk1 is enabled". */
void say_answer(const struct explained *explained, const struct answer *answer,
		struct text *text);
/* All that there is to say in a line, without the host. */
void say_host(const struct explained *explained, struct text *text);
/* What else whoever reads that should know; called again until it returns false. */
bool say_note(const struct explained *explained, unsigned int i,
	      struct text *text);
/* The one subnet that two vmks share, as text; false if there is none. */
bool shared_network(const struct view *view, int a, int b,
		    enum migsel_family family, char *text, size_t size);

/*
 * A vmk of the default stack that carries nothing, and is not the first: one that is in no
 * subnet of that, or beside another migration vmk in one of its subnets, as ESXi wants those
 * to be. On ESXi its services have to be told, to be none. MIGSEL_NO_VMK without one.
 */
int view_spare(const struct view *view);
/* The cures, the best first: called again until it returns false. */
bool say_cure(const struct explained *explained, unsigned int i,
	      struct text *text, struct text *command);
/* How to see it with traffic. */
void say_measure(const struct explained *explained, struct text *text);

/* Both return the exit status. */
int explain_pair(struct explain *explain);
int explain_as_lab(struct explain *explain);

#endif
