// SPDX-License-Identifier: GPL-2.0-only
/* Packets and bytes for each reason. */

#include <linux/migsel.h>

#include "attrs.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "metrics.h"
#include "names.h"
#include "options.h"
#include "parse.h"
#include "print.h"

#define MAX_REASONS 64

struct stat_row {
	__u32 reason;
	struct counters counters;
};

struct stat_rows {
	unsigned int n;
	struct stat_row row[MAX_REASONS];
};

static const char usage[] = "Usage: migsel stats { show | reset }\n";

static int on_row(const struct nlmsghdr *message, void *data)
{
	struct stat_rows *rows = data;
	struct stat_row *row;
	struct attrs attrs;

	if (rows->n == MAX_REASONS)
		return MNL_CB_OK;
	row = &rows->row[rows->n++];
	attrs_of(message, &attrs);
	row->reason = attr_u32(attrs.at[MIGSEL_A_STATS_REASON]);
	row->counters.packets = attr_u64(attrs.at[MIGSEL_A_STATS_PACKETS]);
	row->counters.bytes = attr_u64(attrs.at[MIGSEL_A_STATS_BYTES]);
	return MNL_CB_OK;
}

static void forget(void *data)
{
	struct stat_rows *rows = data;

	rows->n = 0;
}

static void show_metrics(const struct stat_rows *rows)
{
	const struct stat_row *row;
	unsigned int i;

	metric("migsel_packets_total", "counter",
	       "Packets by the reason of the decision on them.");
	for (i = 0; i < rows->n; i++) {
		row = &rows->row[i];
		sample("migsel_packets_total", row->counters.packets, "reason",
		       name_of(reason_names, row->reason), NULL);
	}
	metric("migsel_bytes_total", "counter",
	       "Bytes of the IP layer by the reason of the decision on them.");
	for (i = 0; i < rows->n; i++) {
		row = &rows->row[i];
		sample("migsel_bytes_total", row->counters.bytes, "reason",
		       name_of(reason_names, row->reason), NULL);
	}
}

static int stats_show(char **argv)
{
	struct stat_rows rows;
	unsigned int i;
	int ret;

	ret = no_more(argv, "stats");
	if (!ret)
		ret = genl_dump(genl_request(MIGSEL_CMD_STATS_GET), on_row,
				forget, &rows);
	if (ret)
		return ret;

	if (options.prometheus) {
		show_metrics(&rows);
		return STATUS_OK;
	}
	print_text("REASON                     PACKETS                BYTES\n");
	print_array(NULL);
	for (i = 0; i < rows.n; i++) {
		const struct stat_row *row = &rows.row[i];

		print_object(NULL);
		print_cell(COLOR_NONE, "reason", -18,
			   name_of(reason_names, row->reason));
		print_uint_cell("packets", 16, row->counters.packets);
		print_text(" ");
		print_uint_cell("bytes", 20, row->counters.bytes);
		print_text("\n");
		print_close();
	}
	print_close();
	return STATUS_OK;
}

static int stats_reset(char **argv)
{
	int ret;

	ret = no_more(argv, "stats");
	if (ret)
		return ret;
	return genl_do(genl_request(MIGSEL_CMD_STATS_RESET), NULL, NULL);
}

int do_stats(char **argv)
{
	static const struct command commands[] = {
		{ "show", stats_show },
		{ "reset", stats_reset },
		{ "list", stats_show },
		{ "lst", stats_show },
		{ NULL, NULL }
	};

	return run_command("stats", commands, usage, argv);
}
