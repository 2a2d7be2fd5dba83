/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MARKS_H
#define MARKS_H

#include <jansson.h>
#include <linux/types.h>
#include <stdbool.h>

#include "config.h"

/*
 * What the rules of a firewall do with the bits of the tag. The rules are a list as
 * nft(8) prints it in JSON; those of iptables are brought into the same form, see
 * ruleset.h. Nothing here asks the kernel.
 */

/* What one rule does to packets that this host sends, the worst last. */
enum mark_use {
	MARK_UNTOUCHED,
	MARK_SETS_TAG,		/* exactly hot or cold: as is wanted */
	MARK_MAY_TOUCH,		/* what it does is beyond evaluation */
	MARK_MAY_OVERWRITE,
	MARK_READS,		/* does something else where there is a tag */
	MARK_TOO_LATE,		/* sets the tag once migsel has looked */
	MARK_UNDOES,		/* has a steered packet routed anew */
	MARK_OVERWRITES,	/* the tag, or with what is no tag */
};

struct marks;

/* @items is the array and has to stay. Returns NULL if there is no memory. */
struct marks *marks_new(const json_t *items);
void marks_free(struct marks *marks);

/* Calls @found for each rule that is not MARK_UNTOUCHED, in their order. */
void marks_judge(struct marks *marks, const struct tag *tag,
		 void (*found)(void *data, const json_t *rule,
			       enum mark_use use), void *data);

/* The bits that any rule reads or writes, sent packets or not. */
__u32 marks_bits(const struct marks *marks);

/*
 * What a chain, or with "@" before its name a set, of the table of @object is known by.
 * Old tables of iptables may go by the same names as those of nftables. The caller frees
 * it.
 */
char *marks_key(const json_t *object, const char *before, const char *name);

/* mark_eval.c: what one expression comes to for one mark. */

/* Bits of which some may not be known before a packet is there. */
struct bits {
	__u32 known;
	__u32 value;
};

/* One of these, nobody knows which. */
#define VALUES_MAX 32

struct mark_values {
	unsigned int n;
	struct bits at[VALUES_MAX];
};

/* The elements of sets and maps by "family table @name". */
struct mark_scope {
	const json_t *sets;
	const json_t *rule;
};

void values_of(const struct mark_scope *scope, const json_t *expression,
	       __u32 mark, struct mark_values *values);

enum answer_kind {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_PARTLY,		/* depends on more than the mark */
	ANSWER_UNKNOWN,		/* beyond evaluation */
};

/* Two answers that are not the same tell two marks apart. */
struct answer {
	enum answer_kind kind;
	__u64 signature;
};

struct answer answer_match(const struct mark_scope *scope, const json_t *match,
			   __u32 mark);
struct answer answer_vmap(const struct mark_scope *scope, const json_t *vmap,
			  __u32 mark);

/*
 * All bits that are set in a number, or in any number below @json; @write says that it
 * is written, and not asked for.
 */
__u32 bits_in(const struct mark_scope *scope, const json_t *json, bool write);

/* Does it contain the mark of the packet? */
bool mentions_mark(const json_t *expression);
bool is_mark(const json_t *expression);
struct mark_scope scope_of_elements(const struct mark_scope *scope);
const json_t *set_of(const struct mark_scope *scope, const json_t *data);

#endif
