// SPDX-License-Identifier: GPL-2.0-only
/* By which NIC a host migrates that is only described: no module, no root, any Linux. */

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "error.h"
#include "explain.h"
#include "names.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "rows.h"

static const char usage[] =
	"Usage: migsel explain [ FILE... ] [ to DEST ] [ migration VMK ]...\n"
	"                      [ migration-pattern GLOB ] [ pair | as-lab ]\n"
	"                      [ -- FILE... ]\n";

/* How many hosts there are of each kind, and what is asked for those that tell too little. */
struct summary {
	size_t n[VERDICT_NOT_OURS + 1];
	struct text asked;
	size_t n_asked;
};

static void show_rows(const struct answer *answer)
{
	bool reached = true;
	unsigned int i;

	print_array("rows");
	for (i = 0; i < migsel_n_rows; i++) {
		bool applies = &migsel_rows[i] == answer->row;

		print_row(i + 1, migsel_rows[i].reason,
			  applies ? MIGSEL_OUTCOME_APPLIED :
			  reached ? MIGSEL_OUTCOME_SKIPPED :
				    MIGSEL_OUTCOME_NOT_REACHED);
		if (applies)
			reached = false;
	}
	print_close();
}

static void show_answer_json(const struct explained *explained,
			     const struct answer *answer)
{
	const struct view *view = &explained->view;
	struct text text = {};
	unsigned int i;

	print_object(NULL);
	print_string(COLOR_NONE, "tag", NULL, name_of(class_names, answer->class));
	print_string(COLOR_NONE, "family", NULL,
		     answer->family == MIGSEL_INET ? "inet" : "inet6");
	print_string(COLOR_NONE, "verdict", NULL,
		     name_of(verdict_names,
			     answer->row->action == MIGSEL_PASS ?
			     MIGSEL_VERDICT_PASS :
			     answer->is_refused ? MIGSEL_VERDICT_REFUSE :
						  MIGSEL_VERDICT_STEER));
	print_array("dev");
	for (i = 0; i < answer->n && !answer->is_refused; i++)
		print_string(COLOR_NONE, NULL, NULL,
			     view->nic[answer->by[i]]->name);
	print_close();
	print_string(COLOR_NONE, "reason", NULL,
		     name_of(reason_names, answer->reason));
	print_uint("row", NULL, answer->row - migsel_rows + 1);
	print_bool(COLOR_NONE, "routes_told", NULL, !answer->is_routes_untold,
		   NULL);
	say_answer(explained, answer, &text);
	print_string(COLOR_NONE, "message", NULL, text.s);
	if (options.details)
		show_rows(answer);
	print_close();
	text_free(&text);
}

static void show_cures_json(const struct explained *explained)
{
	struct text text = {}, command = {};
	unsigned int i;

	print_array("cures");
	for (i = 0; say_cure(explained, i, &text, &command); i++) {
		print_object(NULL);
		print_string(COLOR_NONE, "advice", NULL, text.s);
		if (command.s && !command.unquotable)
			print_string(COLOR_NONE, "command", NULL, command.s);
		print_close();
		text_free(&text);
		text_free(&command);
	}
	print_close();
}

static void show_json(const struct explained *explained)
{
	const struct described_host *host = explained->view.host;
	struct text text = {};
	unsigned int i;

	print_object(NULL);
	print_string(COLOR_NONE, "host", NULL, host->name);
	print_string(COLOR_NONE, "file", NULL, host->file);
	print_uint("line", NULL, host->line);
	print_string(COLOR_NONE, "system", NULL,
		     host->system == SYSTEM_ESXI ? "esxi" : "linux");
	print_string(COLOR_NONE, "verdict", NULL,
		     explain_verdicts[explained->verdict]);
	say_host(explained, &text);
	print_string(COLOR_NONE, "message", NULL, text.s);
	text_free(&text);
	print_array("answers");
	for (i = 0; i < explained->n; i++)
		show_answer_json(explained, &explained->answer[i]);
	print_close();
	show_cures_json(explained);
	print_array("notes");
	for (i = 0; say_note(explained, i, &text); i++) {
		print_string(COLOR_NONE, NULL, NULL, text.s);
		text_free(&text);
	}
	print_close();
	say_measure(explained, &text);
	print_string(COLOR_NONE, "measure", NULL, text.s ? text.s : "");
	text_free(&text);
	print_close();
}

/* Nothing that a spreadsheet would take for a formula, whoever has named it. */
static void put_csv(const char *lead, const char *value)
{
	struct text text = {};

	if (*value && strchr("=+-@\t\r", *value))
		text_add(&text, "'");
	text_add_printable(&text, value);
	fputs(lead, stdout);
	csv_fwrite(stdout, text.s, text.length);
	text_free(&text);
}

static void show_csv(const struct explained *explained)
{
	const struct described_host *host = explained->view.host;
	const struct answer *answer = main_answer(explained);
	struct text text = {};
	unsigned int i;
	char line[16];

	put_csv("", host->name);
	put_csv(",", explain_verdicts[explained->verdict]);
	for (i = 0; explained->n && !answer->is_refused && i < answer->n; i++)
		text_add(&text, "%s%s", i ? " " : "",
			 explained->view.nic[answer->by[i]]->name);
	put_csv(",", text.s ? text.s : "");
	text_free(&text);
	put_csv(",", explained->n ? name_of(reason_names, answer->reason) : "");
	say_host(explained, &text);
	put_csv(",", text.s);
	text_free(&text);
	put_csv(",", host->file);
	snprintf(line, sizeof(line), "%u", host->line);
	put_csv(",", line);
	fputs("\r\n", stdout);
}

static void show_cures_text(const struct explained *explained)
{
	struct text text = {}, command = {};
	unsigned int i;

	for (i = 0; say_cure(explained, i, &text, &command); i++) {
		printf("%s    %u. %s\n", i ? "" : "  What cures it, the best first:\n",
		       i + 1, text.s);
		if (command.s && !command.unquotable)
			printf("         %s\n", command.s);
		text_free(&text);
		text_free(&command);
	}
}

static void show_details(const struct explained *explained)
{
	struct text text = {};
	unsigned int i, last = explained->n ? explained->n - 1 : 0;

	for (i = 0; options.details && i < last; i++)
		show_rows(&explained->answer[i]);
	if (explained->n) {
		say_answer(explained, &explained->answer[last], &text);
		printf("  %s\n", text.s);
		text_free(&text);
		if (options.details)
			show_rows(&explained->answer[last]);
	}
	for (i = 0; say_note(explained, i, &text); i++) {
		printf("  Note: %s.\n", text.s);
		text_free(&text);
	}
	show_cures_text(explained);
	say_measure(explained, &text);
	if (text.s)
		printf("  To see it: %s.\n", text.s);
	text_free(&text);
}

static void show_text(const struct explained *explained, bool details)
{
	static const enum color colors[] = {
		[VERDICT_GOOD] = COLOR_GOOD,
		[VERDICT_PITFALL] = COLOR_BAD,
		[VERDICT_REFUSED] = COLOR_BAD,
		[VERDICT_UNTOLD] = COLOR_NONE,
		[VERDICT_NOT_OURS] = COLOR_NONE,
	};
	struct text text = {};

	print_string(COLOR_IFNAME, NULL, "", explained->view.host->name);
	say_host(explained, &text);
	print_string(colors[explained->verdict], NULL, ": ", text.s);
	print_text("\n");
	text_free(&text);
	if (details)
		show_details(explained);
}

/* The first one that tells too little stands for all, which most often lack the same. */
static void count(struct summary *summary, const struct explained *explained)
{
	/* What cannot be read was complained about. */
	if (explained->verdict == VERDICT_UNTOLD &&
	    !explained->view.host->is_unread && !summary->n_asked++) {
		text_add(&summary->asked, "%s: ",
			 visible(explained->view.host->name));
		say_host(explained, &summary->asked);
	}
	summary->n[explained->verdict]++;
}

static void show_summary(const struct explain *explain,
			 const struct summary *summary)
{
	printf("%zu hosts: %zu with the pitfall, %zu without it, ",
	       explain->all.n, summary->n[VERDICT_PITFALL],
	       summary->n[VERDICT_GOOD]);
	printf("%zu where migrations are refused, %zu that tell too little, ",
	       summary->n[VERDICT_REFUSED], summary->n[VERDICT_UNTOLD]);
	printf("%zu to which the rule does not apply\n",
	       summary->n[VERDICT_NOT_OURS]);
}

/* A vmk that is named has to be somewhere; where all could be read, that is known. */
static int check_words(struct explain *explain)
{
	bool found = !explain->pattern;
	size_t i, j;

	if (explain->all.failed)
		return 0;

	for (i = 0; i < explain->n_migration; i++) {
		for (j = 0; j < explain->all.n; j++) {
			if (nic_find(explain->all.host[j],
				     explain->migration[i]))
				break;
		}
		if (j == explain->all.n && j) {
			error("no host has a vmk \"%s\".", explain->migration[i]);
			return EXPLAIN_UNREAD;
		}
	}
	for (i = 0; i < explain->all.n && !found; i++) {
		const struct described_host *host = explain->all.host[i];

		for (j = 0; j < host->n_nics && !found; j++)
			found = matches_pattern(explain, &host->nic[j]);
	}
	if (!found && explain->all.n) {
		error("no host has a vmk on a port group like \"%s\".",
		      explain->pattern);
		return EXPLAIN_UNREAD;
	}
	return 0;
}

static int explain_all(struct explain *explain)
{
	static struct explained explained;
	struct summary summary = {};
	bool details = explain->all.n == 1 || options.details;
	size_t i;
	int ret;

	if (options.csv)
		fputs("host,verdict,dev,reason,message,file,line\r\n", stdout);
	print_array(NULL);
	for (i = 0; i < explain->all.n; i++) {
		if (!explain_host(explain, explain->all.host[i],
				  explain->dst_word ? &explain->dst : NULL,
				  &explained))
			continue;
		count(&summary, &explained);
		if (options.csv)
			show_csv(&explained);
		else if (options.json)
			show_json(&explained);
		else
			show_text(&explained, details);
	}
	print_close();
	if (!options.csv && !options.json && explain->all.n > 1)
		show_summary(explain, &summary);
	ret = summary.n[VERDICT_PITFALL] ? EXPLAIN_PITFALL : EXPLAIN_NO_PITFALL;
	if (summary.n[VERDICT_UNTOLD] || explain->all.failed)
		ret = EXPLAIN_UNREAD;
	/* Alone it has been said. */
	if (summary.n_asked > 1)
		complain("%s (%zu hosts)", summary.asked.s, summary.n_asked);
	else if (summary.n_asked && (options.csv || options.json || explain->all.n > 1))
		complain("%s", summary.asked.s);
	text_free(&summary.asked);
	return ret;
}

static int take_dst(char ***argv, struct explain *explain)
{
	int ret = take_once(argv, "to", &explain->dst_word);
	struct address address;

	if (!ret)
		ret = parse_address(explain->dst_word, &address);
	if (!ret)
		read_address(explain->dst_word,
			     address.family == AF_INET ? "32" : "128",
			     &explain->dst);
	return ret;
}

/* What would be ignored is refused. */
static int check_form(const struct explain *explain)
{
	const char *form = explain->as_pair ? "pair" : "as-lab";

	if (!explain->as_pair && !explain->as_lab)
		return 0;
	if (explain->as_pair && explain->as_lab)
		error("either \"pair\" or \"as-lab\", not both.");
	else if (explain->dst_word)
		error("\"to\" does not go with \"%s\".", form);
	else if (options.csv)
		error("-csv does not go with \"%s\".", form);
	else if (options.json && explain->as_lab)
		error("-j does not go with \"%s\".", form);
	else
		return 0;
	return STATUS_USAGE;
}

/* Returns the number of files, or the negative of a status with the complaint made. */
static int parse(char **argv, struct explain *explain, const char **files)
{
	bool words = true;
	int ret = 0, n = 0;

	for (; *argv && !ret; argv++) {
		if (words && !strcmp(*argv, "--"))
			words = false;
		else if (words && !strcmp(*argv, "to"))
			ret = take_dst(&argv, explain);
		else if (words && !strcmp(*argv, "migration"))
			ret = take_value(&argv,
					 &explain->migration[explain->n_migration++]);
		else if (words && !strcmp(*argv, "migration-pattern"))
			ret = take_once(&argv, "migration-pattern",
					&explain->pattern);
		else if (words && !strcmp(*argv, "pair"))
			explain->as_pair = true;
		else if (words && !strcmp(*argv, "as-lab"))
			explain->as_lab = true;
		else if (words && **argv == '-' && (*argv)[1])
			ret = unknown_keyword(*argv, "explain");
		else
			files[n++] = *argv;
	}
	if (!ret)
		ret = check_form(explain);
	return ret ? -ret : n;
}

static int answer(struct explain *explain)
{
	int ret = check_words(explain);

	if (ret)
		return ret;
	if (explain->as_pair)
		return explain_pair(explain);
	if (explain->as_lab)
		return explain_as_lab(explain);
	return explain_all(explain);
}

int do_explain(char **argv)
{
	struct explain explain = {};
	const char **files;
	int n = 0, i, ret;

	if (*argv && !strcmp(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	while (argv[n])
		n++;
	files = calloc(n + 1, sizeof(*files));
	explain.migration = calloc(n + 1, sizeof(*explain.migration));
	if (!files || !explain.migration)
		exit(out_of_memory());
	n = parse(argv, &explain, files);
	ret = n < 0 ? -n : 0;
	if (!n)
		files[n++] = "-";
	for (i = 0; i < n; i++)
		describe_file(&explain.all, files[i]);
	descriptions_settle(&explain.all);
	if (!ret)
		ret = answer(&explain);
	descriptions_free(&explain.all);
	free(explain.migration);
	free(files);
	return ret;
}
