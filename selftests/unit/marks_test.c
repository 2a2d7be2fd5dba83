// SPDX-License-Identifier: GPL-2.0-only
/*
 * What rules of nftables and iptables do with the tag, told without a kernel: they are in
 * marks_nft.txt and marks_iptables.txt.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "marks.h"
#include "ruleset.h"
#include "text.h"
#include "utf8.h"

static const struct tag tag = { 0x30000, 0x10000, 0x20000 };

static void worst(void *data, const json_t *rule, enum mark_use use)
{
	enum mark_use *worst_use = data;

	if (*worst_use < use)
		*worst_use = use;
}

static enum mark_use judge(const json_t *items)
{
	enum mark_use use = MARK_UNTOUCHED;
	struct marks *marks = marks_new(items);

	assert_non_null(marks);
	marks_judge(marks, &tag, worst, &use);
	marks_bits(marks);
	marks_free(marks);
	return use;
}

static const char *const uses[] = {
	[MARK_UNTOUCHED] = "untouched",
	[MARK_SETS_TAG] = "sets-tag",
	[MARK_MAY_TOUCH] = "may-touch",
	[MARK_MAY_OVERWRITE] = "may-overwrite",
	[MARK_READS] = "reads",
	[MARK_TOO_LATE] = "too-late",
	[MARK_UNDOES] = "undoes",
	[MARK_OVERWRITES] = "overwrites",
};

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	if (!json)
		fail_msg("not JSON: %s", text);
	return json;
}

/* The next line with a case, taken apart at its tabulators; missing parts are empty. */
static bool next_case(FILE *file, char **line, char *part[4])
{
	static size_t size;
	ssize_t length;
	unsigned int i;

	do {
		length = getline(line, &size, file);
		if (length < 0)
			return false;
		(*line)[strcspn(*line, "\n")] = '\0';
	} while (!**line || **line == '#');
	part[0] = *line;
	for (i = 1; i < 4; i++) {
		part[i] = part[i - 1] + strcspn(part[i - 1], "\t");
		if (*part[i])
			*part[i]++ = '\0';
	}
	return true;
}

/* The list at the head of the file: its lines are no cases. */
static char *read_list(FILE *file)
{
	char *part[4], *line = NULL, *list = calloc(1, 65536);

	do {
		assert_true(next_case(file, &line, part));
		assert_true(strlen(list) + strlen(line) < 65536);
		strcat(list, line);
	} while (line[strlen(line) - 1] != ']');
	free(line);
	return list;
}

static char *put_into(const char *list, const char *where, const char *called,
		      const char *rule)
{
	char type[16], hook[16], priority[16], *text;
	int n;

	n = sscanf(where, "%15s %15s %15s", type, hook, priority);
	assert_int_equal(n, 3);
	assert_true(asprintf(&text, list, type, hook, priority, called, rule) >
		    0);
	return text;
}

static void expect(const char *rule, const char *want, enum mark_use got)
{
	if (strcmp(want, uses[got]))
		fail_msg("%s: %s, not %s", rule, uses[got], want);
}

static void test_nftables(void **state)
{
	char *part[4], *line = NULL, *list, *text;
	FILE *file = fopen("marks_nft.txt", "r");
	unsigned int n = 0;
	json_t *items;

	assert_non_null(file);
	list = read_list(file);
	for (; next_case(file, &line, part); n++) {
		text = put_into(list, part[1], part[3], part[2]);
		items = parse(text);
		expect(text + strlen(list) - 40, part[0], judge(items));
		json_decref(items);
		free(text);
	}
	assert_true(n > 70);
	free(line);
	free(list);
	fclose(file);
}

static enum mark_use judge_iptables(const char *text)
{
	json_t *list = json_array(), *tables = json_object();
	enum mark_use use;

	assert_int_equal(iptables_add(list, tables, "iptables", text), 0);
	use = judge(list);
	json_decref(list);
	json_decref(tables);
	return use;
}

static void test_iptables(void **state)
{
	static const char table[] =
		"*mangle\n:%s ACCEPT [0:0]\n:OWN - [0:0]\n-A %s %s\n"
		"-A OWN -m mark --mark 0x10000 -j DROP\nCOMMIT\n";
	FILE *file = fopen("marks_iptables.txt", "r");
	char *part[4], *line = NULL, *text;
	unsigned int n = 0;

	assert_non_null(file);
	for (; next_case(file, &line, part); n++) {
		assert_true(asprintf(&text, table, "OUTPUT", "OUTPUT", part[1]) >
			    0);
		expect(part[1], part[0], judge_iptables(text));
		free(text);
		/* Of what comes in nothing is asked. */
		assert_true(asprintf(&text, table, "PREROUTING", "PREROUTING",
				     part[1]) > 0);
		expect(part[1], "untouched", judge_iptables(text));
		free(text);
	}
	assert_true(n > 20);
	free(line);
	fclose(file);
}

#define MARK "{\"meta\":{\"key\":\"mark\"}}"

static void test_bits(void **state)
{
	static const char value[] =
		"{\"mangle\":{\"key\":" MARK
		",\"value\":{\"|\":[{\"&\":[" MARK ",4294967040]},3]}}}";
	static const char match[] =
		"{\"match\":{\"op\":\"==\",\"left\":{\"&\":[" MARK
		",16711680]},\"right\":524288}}";
	FILE *file = fopen("marks_nft.txt", "r");
	struct marks *marks;
	char *list, *text;
	json_t *items;

	assert_non_null(file);
	list = read_list(file);
	text = put_into(list, "filter prerouting 0", value, match);
	items = parse(text);
	marks = marks_new(items);
	assert_int_equal(marks_bits(marks), 0xff00ff);
	marks_free(marks);
	json_decref(items);
	free(text);
	free(list);
	fclose(file);
}

static void quotes(const char *word, const char *quoted)
{
	struct text text = {};

	text_add_command(&text, NULL, "w", word, NULL);
	assert_false(text.unquotable);
	assert_string_equal(text.s + 2, quoted);
	text_free(&text);
}

static void test_words(void **state)
{
	char foreign[] = "x\xe9\x07\xc2\x9b[Jy\xc3\xa9\xe2\x80\xae";
	char *word = malloc(100001);
	struct text text = {};

	quotes("vmk0", "vmk0");
	quotes("eth0.5@if2", "eth0.5@if2");
	quotes("", "''");
	quotes("a;id", "'a;id'");
	quotes("don't", "'don'\\''t'");
	quotes("`touch x` $(y) \\", "'`touch x` $(y) \\'");
	quotes("~", "'~'");
	quotes("*", "'*'");
	quotes("caf\xc3\xa9", "'caf\xc3\xa9'");
	quotes("caf\xe9", "\"$(printf 'caf\\351')\"");
	quotes("\x1b'%\\", "\"$(printf '\\033\\047\\045\\134')\"");
	quotes("a\nb", "\"$(printf 'a\\012b')\"");
	/* From right to left. */
	quotes("\xe2\x80\xae", "\"$(printf '\\342\\200\\256')\"");
	memset(word, ' ', 100000);
	word[100000] = '\0';
	text_add_command(&text, "ns;1", "ip", word, NULL);
	assert_int_equal(text.length, strlen("ip netns exec 'ns;1' ip ''") + 100000);
	text_free(&text);
	text_add_command(&text, "/run/a b", "ip", NULL);
	assert_string_equal(text.s, "nsenter '--net=/run/a b' ip");
	text_add_command(&text, "-all", "ip", NULL);
	assert_non_null(strstr(text.s, " && nsenter --net=/run/netns/-all ip"));
	text_free(&text);
	text_add_command(&text, NULL, "ip", "a\n", NULL);
	assert_true(text.unquotable);
	text_free(&text);
	assert_string_equal(visible("x\xe9\x07y\xc3\xa9"), "x\\xe9\\x07y\xc3\xa9");
	hide_unprintable(foreign);
	assert_string_equal(foreign, "x????[Jy\xc3\xa9???");
	assert_true(strlen(visible(memset(word, 'x', 100000))) < 300);
	free(word);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nftables),
		cmocka_unit_test(test_iptables),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
