// SPDX-License-Identifier: GPL-2.0-only
/* What an expression of nftables comes to for a packet with a given mark. */

#include <linux/kernel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

bool is_mark(const json_t *expression)
{
	static const char *const kinds[] = { "meta", "socket" };
	const char *key;
	unsigned int i;

	/* What a socket is tagged with is the mark of its packets. */
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		key = json_string_value(json_object_get(json_object_get(expression,
									kinds[i]),
							"key"));
		if (key && !strcmp(key, "mark"))
			return true;
	}
	return false;
}

bool mentions_mark(const json_t *expression)
{
	const char *key;
	json_t *value;
	size_t i;

	if (is_mark(expression))
		return true;
	json_array_foreach((json_t *)expression, i, value) {
		if (mentions_mark(value))
			return true;
	}
	json_object_foreach((json_t *)expression, key, value) {
		if (mentions_mark(value))
			return true;
	}
	return false;
}

/* Mixes text into a number that differs where the text does. */
static __u64 hash(__u64 sum, const char *text)
{
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	return sum;
}

static __u64 hash_json(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY |
				JSON_SORT_KEYS);
	__u64 sum = hash(0xcbf29ce484222325, text ? text : "");

	free(text);
	return sum | 1;
}

static void values_add(struct mark_values *values, __u32 known, __u32 value)
{
	unsigned int i;

	value &= known;
	for (i = 0; i < values->n; i++) {
		if (values->at[i].known == known &&
		    values->at[i].value == value)
			return;
	}
	/* Too many to tell apart: what they have in common. */
	if (values->n == VALUES_MAX) {
		for (i = 0; i < values->n; i++)
			known &= values->at[i].known &
				 ~(values->at[i].value ^ value);
		value &= known;
		values->n = 0;
	}
	values->at[values->n++] = (struct bits){ known, value };
}

static struct bits operate(const char *operator, struct bits a, struct bits b)
{
	struct bits r = {};

	switch (*operator) {
	case '&':
		r.known = (a.known & b.known) | (a.known & ~a.value) |
			  (b.known & ~b.value);
		r.value = a.value & b.value;
		break;
	case '|':
		r.known = (a.known & b.known) | a.value | b.value;
		r.value = a.value | b.value;
		break;
	case '^':
		r.known = a.known & b.known;
		r.value = a.value ^ b.value;
		break;
	case '<':
		if (b.known != UINT32_MAX || b.value > 31)
			return r;
		r.known = a.known << b.value | ((1U << b.value) - 1);
		r.value = a.value << b.value;
		break;
	case '>':
		if (b.known != UINT32_MAX || b.value > 31)
			return r;
		r.known = a.known >> b.value | ~(UINT32_MAX >> b.value);
		r.value = a.value >> b.value;
		break;
	}
	r.value &= r.known;
	return r;
}

/* One of "offset" to "offset + mod - 1", as numgen and the hashes give. */
static void add_generated(const json_t *generator, struct mark_values *values)
{
	json_int_t mod = json_integer_value(json_object_get(generator, "mod"));
	json_int_t from = json_integer_value(json_object_get(generator,
							     "offset"));
	__u32 known = UINT32_MAX;
	json_int_t i;

	if (mod < 1 || mod > UINT32_MAX || from < 0 || from > UINT32_MAX) {
		values_add(values, 0, 0);
		return;
	}
	for (i = 0; mod <= VALUES_MAX && i < mod; i++)
		values_add(values, UINT32_MAX, from + i);
	if (mod <= VALUES_MAX)
		return;
	while ((from ^ (from + mod - 1)) & known)
		known <<= 1;
	values_add(values, known, from);
}

static bool is_in(const struct mark_scope *scope, const json_t *item,
		  __u32 value, bool *unknown);

/* "map { 1 : 0x10000 }" */
static void add_mapped(const struct mark_scope *scope, const json_t *map,
		       __u32 mark, struct mark_values *values)
{
	const json_t *set = set_of(scope, json_object_get(map, "data"));
	const struct mark_scope inside = scope_of_elements(scope);
	const json_t *key = json_object_get(map, "key");
	struct mark_values keys = {}, one;
	bool by_mark = mentions_mark(key), unknown = false;
	const json_t *from;
	unsigned int j;
	json_t *pair;
	size_t i;

	if (by_mark) {
		values_of(scope, key, mark, &keys);
		by_mark = keys.n == 1 && keys.at[0].known == UINT32_MAX;
	}
	json_array_foreach((json_t *)set, i, pair) {
		from = json_array_get(pair, 0);
		if (by_mark && !is_in(&inside, from, keys.at[0].value, &unknown) &&
		    !unknown)
			continue;
		values_of(&inside, json_array_get(pair, 1), mark, &one);
		for (j = 0; j < one.n; j++)
			values_add(values, one.at[j].known, one.at[j].value);
	}
	/* Without an entry the rule ends here. */
	if (!set)
		values_add(values, 0, 0);
}

void values_of(const struct mark_scope *scope, const json_t *expression,
	       __u32 mark, struct mark_values *values)
{
	static const char *const generators[] = {
		"numgen", "jhash", "symhash"
	};
	static const char *const operators[] = { "&", "|", "^", "<<", ">>" };
	struct mark_values left, right;
	const json_t *operands;
	unsigned int i, j, n;
	struct bits bits;

	memset(values, 0, sizeof(*values));
	if (json_is_integer(expression)) {
		values_add(values, UINT32_MAX, json_integer_value(expression));
		return;
	}
	if (is_mark(expression)) {
		values_add(values, UINT32_MAX, mark);
		return;
	}
	if (json_object_get(expression, "map")) {
		add_mapped(scope, json_object_get(expression, "map"), mark,
			   values);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(generators); i++) {
		operands = json_object_get(expression, generators[i]);
		if (operands) {
			add_generated(operands, values);
			return;
		}
	}
	for (i = 0; i < ARRAY_SIZE(operators); i++) {
		operands = json_object_get(expression, operators[i]);
		if (!operands)
			continue;
		values_of(scope, json_array_get(operands, 0), mark, values);
		for (n = 1; n < json_array_size(operands); n++) {
			left = *values;
			values_of(scope, json_array_get(operands, n), mark,
				  &right);
			values->n = 0;
			for (j = 0; j < left.n * right.n; j++) {
				bits = operate(operators[i],
					       left.at[j / right.n],
					       right.at[j % right.n]);
				values_add(values, bits.known, bits.value);
			}
		}
		return;
	}
	values_add(values, 0, 0);
}

/*
 * Inside of a set nothing names another one: a text with an at sign in front is the name
 * of a device there, or a comment, and may be that of the set itself.
 */
struct mark_scope scope_of_elements(const struct mark_scope *scope)
{
	return (struct mark_scope){ .rule = scope->rule };
}

/* The elements of a set, or of the one that "@name" names; NULL if there is none. */
const json_t *set_of(const struct mark_scope *scope, const json_t *data)
{
	const char *name = json_string_value(data);
	const json_t *elements;
	char *key;

	if (!name)
		return json_object_get(data, "set");
	if (*name != '@' ||
	    asprintf(&key, "%s %s %s",
		     json_string_value(json_object_get(scope->rule, "family")),
		     json_string_value(json_object_get(scope->rule, "table")),
		     name) < 0)
		return NULL;
	elements = json_object_get(scope->sets, key);
	free(key);
	return elements;
}

/* An element with more than a value: a timeout, a comment, a counter. */
static const json_t *bare(const json_t *item)
{
	const json_t *value = json_object_get(json_object_get(item, "elem"),
					      "val");

	return value ? value : item;
}

/* What stands for all that no other element of its set is. */
static bool is_any(const json_t *item)
{
	const char *text = json_string_value(bare(item));

	return text && !strcmp(text, "*");
}

/* Is it the number, or in the range, the prefix or the set? */
static bool is_in(const struct mark_scope *scope, const json_t *item,
		  __u32 value, bool *unknown)
{
	const struct mark_scope inside = scope_of_elements(scope);
	const json_t *list, *from, *to;
	json_int_t length;
	__u32 bits = 0;
	json_t *other;
	size_t i;

	item = bare(item);
	if (is_any(item))
		return true;
	if (json_is_integer(item))
		return json_integer_value(item) == value;
	list = json_object_get(item, "range");
	if (list) {
		from = json_array_get(list, 0);
		to = json_array_get(list, 1);
		if (!json_is_integer(from) || !json_is_integer(to))
			*unknown = true;
		return value >= json_integer_value(from) &&
		       value <= json_integer_value(to);
	}
	list = json_object_get(item, "prefix");
	if (list) {
		from = json_object_get(list, "addr");
		to = json_object_get(list, "len");
		if (!json_is_integer(from) || !json_is_integer(to))
			*unknown = true;
		length = json_integer_value(to);
		if (length >= 0 && length < 32)
			bits = UINT32_MAX >> length;
		return !((value ^ json_integer_value(from)) & ~bits);
	}
	/* Flags that are or'ed together. */
	if (json_is_array(item)) {
		json_array_foreach((json_t *)item, i, other) {
			if (!json_is_integer(other))
				*unknown = true;
			bits |= json_integer_value(other);
		}
		return bits == value;
	}
	list = set_of(scope, item);
	if (!list) {
		*unknown = true;
		return false;
	}
	json_array_foreach((json_t *)list, i, other) {
		if (is_in(&inside, other, value, unknown))
			return true;
	}
	return false;
}

static struct answer yes_or_no(bool yes)
{
	return (struct answer){ .kind = yes ? ANSWER_YES : ANSWER_NO };
}

static const struct answer unknown_answer = { .kind = ANSWER_UNKNOWN };

/*
 * What the elements that match the part of a concatenation that is the mark have for
 * the rest. @element is as long as @key, or a pair of that and a verdict.
 */
static struct answer look_up(const struct mark_scope *scope, const json_t *key,
			     const json_t *set, __u32 mark, bool pairs)
{
	const json_t *parts = json_object_get(key, "concat"), *own;
	struct answer answer = { .kind = ANSWER_NO };
	const json_t *otherwise = NULL;
	bool unknown = false, matches;
	struct mark_values values;
	json_t *item, *rest;
	size_t i, j;

	json_array_foreach((json_t *)set, i, item) {
		own = bare(pairs ? json_array_get(item, 0) : item);
		if (is_any(own)) {
			otherwise = item;
			continue;
		}
		rest = json_array();
		matches = true;
		for (j = 0; j < (parts ? json_array_size(parts) : 1); j++) {
			const json_t *part = parts ? json_array_get(parts, j) :
						     key;
			const json_t *is = parts ?
				json_array_get(json_object_get(own, "concat"),
					       j) : own;

			if (!is)
				unknown = true;
			if (!mentions_mark(part)) {
				json_array_append(rest, (json_t *)is);
				continue;
			}
			values_of(scope, part, mark, &values);
			if (values.n != 1 || values.at[0].known != UINT32_MAX)
				unknown = true;
			else if (!is_in(scope, is, values.at[0].value,
					&unknown))
				matches = false;
		}
		if (pairs)
			json_array_append(rest, json_array_get(item, 1));
		if (matches) {
			answer.kind = parts || pairs ? ANSWER_PARTLY :
						       ANSWER_YES;
			/* The order of the elements says nothing. */
			answer.signature += hash_json(rest);
		}
		json_decref(rest);
	}
	if (otherwise && answer.kind == ANSWER_NO) {
		rest = json_array();
		if (pairs)
			json_array_append(rest, json_array_get(otherwise, 1));
		answer.kind = pairs ? ANSWER_PARTLY : ANSWER_YES;
		answer.signature = hash_json(rest);
		json_decref(rest);
	}
	return unknown ? unknown_answer : answer;
}

struct answer answer_vmap(const struct mark_scope *scope, const json_t *vmap,
			  __u32 mark)
{
	const json_t *set = set_of(scope, json_object_get(vmap, "data"));

	return set ? look_up(scope, json_object_get(vmap, "key"), set, mark,
			     true) : unknown_answer;
}

static bool compare(const char *op, __u32 a, json_int_t b)
{
	if (!strcmp(op, "<"))
		return a < b;
	if (!strcmp(op, ">"))
		return a > b;
	if (!strcmp(op, "<="))
		return a <= b;
	return a >= b;
}

struct answer answer_match(const struct mark_scope *scope, const json_t *match,
			   __u32 mark)
{
	const char *op = json_string_value(json_object_get(match, "op"));
	const json_t *right = json_object_get(match, "right"), *set;
	const json_t *left = json_object_get(match, "left");
	bool unknown = false, not, yes;
	struct mark_values values;
	struct answer answer;

	if (!op)
		op = "==";
	not = !strcmp(op, "!=");
	if (json_object_get(left, "concat")) {
		set = set_of(scope, right);
		if (!set || mentions_mark(right))
			return unknown_answer;
		answer = look_up(scope, left, set, mark, false);
		if (not && answer.kind == ANSWER_NO)
			answer.kind = ANSWER_YES;
		return answer;
	}
	values_of(scope, left, mark, &values);
	if (values.n != 1 || values.at[0].known != UINT32_MAX ||
	    mentions_mark(right))
		return unknown_answer;
	if (*op == '<' || *op == '>')
		return json_is_integer(right) ?
			yes_or_no(compare(op, values.at[0].value,
					  json_integer_value(right))) :
			unknown_answer;
	if (!strcmp(op, "in") && json_is_integer(right))
		yes = values.at[0].value & json_integer_value(right);
	else
		yes = is_in(scope, right, values.at[0].value, &unknown);
	return unknown ? unknown_answer : yes_or_no(yes != not);
}

__u32 bits_in(const struct mark_scope *scope, const json_t *json, bool write)
{
	const json_t *mask = json_array_get(json_object_get(json, "&"), 1);
	const json_t *range = json_object_get(json, "range");
	const struct mark_scope inside = scope_of_elements(scope);
	const char *key;
	__u32 bits = 0;
	json_t *value;
	size_t i;

	if (json_is_integer(json))
		return json_integer_value(json);
	if (json_is_string(json))
		return bits_in(&inside, set_of(scope, json), write);
	if (range) {
		bits = json_integer_value(json_array_get(range, 1));
		for (i = 1; i < 32; i *= 2)
			bits |= bits >> i;
		return bits;
	}
	if (json_is_integer(mask)) {
		value = json_array_get(json_object_get(json, "&"), 0);
		bits = json_integer_value(mask);
		if (write && mentions_mark(value))
			bits = ~bits;
		return bits | bits_in(scope, value, write);
	}
	json_array_foreach((json_t *)json, i, value)
		bits |= bits_in(scope, value, write);
	json_object_foreach((json_t *)json, key, value)
		bits |= bits_in(scope, value, write);
	return bits;
}
