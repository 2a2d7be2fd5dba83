/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KEYWORDS_H
#define KEYWORDS_H

#include <libmnl/libmnl.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>

#include "attrs.h"

/*
 * What can be configured of an object: one table for each, which parsing, sending, showing,
 * saving, monitor, complaints, help and, by the help, completion go by. To add an attribute
 * is to add a line there.
 */

/* A value as its attribute has it. Its length is 0 if there is none. */
struct value {
	__u16 length;
	char payload[64];
};

/* The values of an object, by their places in its table. */
#define MAX_KEYWORDS 8

struct values {
	struct value at[MAX_KEYWORDS];
};

struct kind;

struct keyword {
	const char *word;	/* NULL behind the last */
	__u16 attr;
	const struct kind *kind;
	const char *const *names;	/* of its values, if they have names */
	__u32 min, max;		/* if they are numbers in a range */
	const char *help;	/* what stands for a value, unless the above say it */
	bool is_place;		/* shown by itself, and saved as the order */
	bool is_rare;		/* its zero, the default, is only shown in JSON */
};

struct object {
	const char *name;
	const struct keyword *keywords;
	/* Commands of the family; those of a vmk concern one of them. */
	__u8 get, set;
	__u16 nest;		/* the attribute of a whole configuration */
};

extern const struct object vmk_object;
extern const struct object tag_object;
extern const struct object policy_object;

/* The keyword that sets an attribute of the object, NULL if there is none. */
const struct keyword *keyword_of(const struct object *object, __u16 attr);
/* The keyword that a word abbreviates, or @whole is. NULL if there is none. */
const struct keyword *keyword_find(const struct object *object,
				   const char *word, bool whole);

/*
 * Both return 0, or a status with the complaint made. The first takes the value behind
 * *argv, which is the keyword; the second takes all words, of which there has to be one.
 */
int keyword_take(const struct object *object, const struct keyword *keyword,
		 char ***argv, struct values *values);
int keywords_parse(const struct object *object, char **argv,
		   struct values *values);

/* Puts what there is into a request or a nest. */
void keywords_put(struct nlmsghdr *request, const struct object *object,
		  const struct values *values);
/* Out of a reply, a notification, or what is nested there. */
void keywords_read(const struct attrs *attrs, const struct object *object,
		   struct values *values);
void value_of(const struct nlattr *attr, struct value *value);
/* A number among the values, 0 if it is not there. */
__u32 keywords_number(const struct object *object, const struct values *values,
		      __u16 attr);

/* The value as it is written on the command line, in a buffer that is used again. */
const char *keyword_text(const struct keyword *keyword,
			 const struct value *value);
/* Everything but the place: in the open JSON object, or the line of text after @lead. */
void keywords_print(const struct object *object, const struct values *values,
		    const char *lead);
/* The same as words of a command line, each with a blank before it. */
void keywords_save(const struct object *object, const struct values *values);

/*
 * For Prometheus, a value of a device: a number, a flag as 0 or 1, and 1 with a word as a
 * label.
 */
void keyword_sample(const struct keyword *keyword, const char *metric,
		    const struct value *value, const char *dev);

/*
 * Writes @lead, @command and what may stand behind it. Further lines begin under the first
 * option of the first one.
 */
void keywords_help(FILE *out, const char *lead, const char *command,
		   const struct object *object);
/* What @help writes behind "Usage: ", in a buffer that is used again. */
const char *keywords_usage(void (*help)(FILE *out, const char *lead));

#endif
