// SPDX-License-Identifier: GPL-2.0-only
/* Tables of many hosts as CSV: RVTools' sheet vSC_VMK, and what PowerCLI exports. */

#include <csv.h>
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "text.h"

#define COLUMNS_MAX 256
#define HEADING_MAX 40

enum column {
	COLUMN_HOST,
	COLUMN_DEVICE,
	COLUMN_PORTGROUP,
	COLUMN_ADDRESS,
	COLUMN_ADDRESS6,
	COLUMN_MASK,
	COLUMN_MTU,
	COLUMN_DHCP,
	COLUMN_STACK,
	COLUMN_VMOTION,
	COLUMN_SERVICES,
	COLUMN_MANAGEMENT,
	COLUMN_VSAN,
	COLUMN_FT,
	N_COLUMNS,
};

/* By their plain forms: those of RVTools first, those of PowerCLI's objects behind them. */
static const struct {
	const char *heading;
	enum column column;
} headings[] = {
	{ "host", COLUMN_HOST },
	{ "device", COLUMN_DEVICE },
	{ "portgroup", COLUMN_PORTGROUP },
	{ "ipaddress", COLUMN_ADDRESS },
	{ "ip6address", COLUMN_ADDRESS6 },
	{ "subnetmask", COLUMN_MASK },
	{ "mtu", COLUMN_MTU },
	{ "dhcp", COLUMN_DHCP },
	{ "services", COLUMN_SERVICES },
	{ "vmhost", COLUMN_HOST },
	{ "devicename", COLUMN_DEVICE },
	{ "name", COLUMN_DEVICE },
	{ "portgroupname", COLUMN_PORTGROUP },
	{ "ip", COLUMN_ADDRESS },
	{ "ipv6address", COLUMN_ADDRESS6 },
	{ "netmask", COLUMN_MASK },
	{ "dhcpenabled", COLUMN_DHCP },
	{ "netstack", COLUMN_STACK },
	{ "netstackinstancekey", COLUMN_STACK },
	{ "vmotionenabled", COLUMN_VMOTION },
	{ "managementtrafficenabled", COLUMN_MANAGEMENT },
	{ "vsantrafficenabled", COLUMN_VSAN },
	{ "faulttoleranceloggingenabled", COLUMN_FT },
};

struct table {
	struct descriptions *all;
	unsigned int line;
	bool is_read;		/* the line with the headings */
	bool has_rows;		/* below them */
	bool is_cut;		/* nothing ends the row */
	bool is_spoilt;		/* a row could not be read, whose ever it is */
	unsigned int n_headings;
	int at[N_COLUMNS];	/* which of the columns it is, -1 if none */
	unsigned int n;
	char *field[COLUMNS_MAX];
};

static int column_of(const char *text, size_t length)
{
	char plain[HEADING_MAX];
	unsigned int i;

	heading(text, length, plain, sizeof(plain));
	/* Some versions put the name of the sheet before it. */
	if (!strncmp(plain, "vscvmk", 6))
		memmove(plain, plain + 6, strlen(plain + 6) + 1);
	for (i = 0; i < ARRAY_SIZE(headings); i++) {
		if (!strcmp(plain, headings[i].heading))
			return headings[i].column;
	}
	return -1;
}

/* What a column has here, NULL if there is no such column. */
static const char *cell(const struct table *table, enum column column)
{
	int at = table->at[column];

	return at < 0 ? NULL : (unsigned int)at < table->n ? table->field[at] : "";
}

static void read_headings(struct table *table)
{
	unsigned int i;
	int column;

	for (i = 0; i < N_COLUMNS; i++)
		table->at[i] = -1;
	table->n_headings = table->n;
	for (i = 0; i < table->n; i++) {
		column = column_of(table->field[i], strlen(table->field[i]));
		if (column >= 0 && table->at[column] < 0)
			table->at[column] = i;
	}
	table->is_read = table->at[COLUMN_DEVICE] >= 0 &&
			 table->at[COLUMN_ADDRESS] >= 0;
	if (table->is_read && table->at[COLUMN_MASK] < 0) {
		cannot_read(table->all, table->line,
			    "expected a column \"Subnet mask\"");
		table->at[COLUMN_ADDRESS] = -1;
	}
}

static bool are_headings(const struct table *table)
{
	const char *name = cell(table, COLUMN_DEVICE);
	bool found[N_COLUMNS] = {};
	unsigned int i;
	int column;

	for (i = 0; name && !is_vmk(name) && i < table->n; i++) {
		column = column_of(table->field[i], strlen(table->field[i]));
		if (column >= 0)
			found[column] = true;
	}
	return found[COLUMN_DEVICE] && found[COLUMN_ADDRESS];
}

static void add_address(struct table *table, struct described_nic *nic,
			const char *text, const char *mask)
{
	struct migsel_addr addr;

	if (!*text || !strcmp(text, "0.0.0.0"))
		return;
	if (read_address(text, mask, &addr))
		nic_add_address(table->all, nic, &addr, table->line);
	/* RVTools has no length for them, which link-local ones, in no subnet, do not need. */
	else if (!mask && read_address(text, "64", &addr))
		table->all->current->has_no_lengths |= addr.local[0] != 0xfe;
	else
		cannot_read(table->all, table->line,
			    "%s: expected an address and a netmask, found \"%s\" and \"%s\"",
			    visible(nic->name), visible(text),
			    visible(mask ? mask : ""));
}

/* Whether a service is on, below its heading. */
static enum told read_told(const struct table *table,
			   const struct described_nic *nic, enum column column)
{
	const char *text = cell(table, column);
	bool on;

	if (!text || !*text)
		return NOT_TOLD;
	if (read_truth(text, &on))
		return on ? TOLD_ON : TOLD_OFF;
	cannot_read(table->all, table->line,
		    "%s: expected True or False, found \"%s\"",
		    visible(nic->name), visible(text));
	return NOT_TOLD;
}

static void add_services(const struct table *table, struct described_nic *nic)
{
	static const struct {
		enum column column;
		const char *service;
	} others[] = {
		{ COLUMN_MANAGEMENT, "Management" },
		{ COLUMN_VSAN, "VSAN" },
		{ COLUMN_FT, "faultToleranceLogging" },
	};
	char *services = (char *)cell(table, COLUMN_SERVICES), *word, *rest;
	enum told told = read_told(table, nic, COLUMN_VMOTION);
	bool has_all = told != NOT_TOLD;
	unsigned int i;

	if (told != NOT_TOLD)
		nic->migration = told;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		told = read_told(table, nic, others[i].column);
		has_all &= told != NOT_TOLD;
		if (told == TOLD_ON)
			nic_set_service(nic, others[i].service);
	}
	nic->has_services |= has_all;
	if (!services)
		return;
	for (word = strtok_r(services, ",;| ", &rest); word;
	     word = strtok_r(NULL, ",;| ", &rest))
		nic_set_service(nic, word);
	services_are_told(nic);
}

static void read_row(struct table *table)
{
	const char *name = cell(table, COLUMN_DEVICE), *text;
	const char *host = cell(table, COLUMN_HOST);
	struct descriptions *all = table->all;
	struct described_nic *nic;
	unsigned int n_addrs;
	char *word, *rest;
	bool is_again;

	if (host && !*host) {
		cannot_read(all, table->line, "%s: expected a host, found none",
			    visible(name));
		return;
	}
	if (host)
		host_is(all, host, table->line);
	else if (!all->current)
		host_of_part(all, PART_VMKS, table->line);
	all->current->parts |= PART_VMKS;
	all->current->is_unread |= table->is_spoilt;
	if (table->is_cut && table->n < table->n_headings) {
		cannot_read(all, table->line,
			    "expected a row of %u fields, found %u: it is cut off",
			    table->n_headings, table->n);
		return;
	}
	/* PowerCLI lists the physical NICs, too, and RVTools those of a service console. */
	if (!*name || !strncmp(name, "vmnic", strlen("vmnic")) ||
	    !strncmp(name, "vswif", strlen("vswif")))
		return;
	nic = named_vmk(all, all->current, name, table->line);
	if (!nic)
		return;
	is_again = nic->listed[LIST_OF_VMKS] == all->table;
	nic_is_listed(all, all->current, nic, LIST_OF_VMKS, true);
	nic_tells(all, nic, MIGSEL_INET);
	nic_tells(all, nic, MIGSEL_INET6);
	n_addrs = nic->n_addrs;
	text = cell(table, COLUMN_ADDRESS);
	if (text)
		add_address(table, nic, text, cell(table, COLUMN_MASK));
	word = (char *)cell(table, COLUMN_ADDRESS6);
	for (word = word ? strtok_r(word, ",; ", &rest) : NULL; word;
	     word = strtok_r(NULL, ",; ", &rest))
		add_address(table, nic, word, NULL);
	/* That of two hosts of one name, as of two vCenters. */
	if (is_again && nic->n_addrs != n_addrs)
		cannot_read(all, table->line,
			    "expected %s of %s once, found another one",
			    visible(name), visible(all->current->name));
	text = cell(table, COLUMN_DHCP);
	if (text)
		read_truth(text, &nic->is_leased[MIGSEL_INET]);
	text = cell(table, COLUMN_PORTGROUP);
	if (text)
		nic_set_portgroup(nic, text, false);
	text = cell(table, COLUMN_STACK);
	if (text)
		nic_set_stack(nic, text);
	text = cell(table, COLUMN_MTU);
	if (text && *text && !read_number(text, &nic->mtu))
		cannot_read(all, table->line, "%s: expected an MTU, found \"%s\"",
			    visible(name), visible(text));
	add_services(table, nic);
}

static void on_field(void *text, size_t length, void *data)
{
	struct table *table = data;

	(void)length;
	if (table->n == COLUMNS_MAX)
		return;
	table->field[table->n] = strdup(text ? text : "");
	if (!table->field[table->n++])
		exit(out_of_memory());
}

static void drop_row(struct table *table)
{
	while (table->n)
		free(table->field[--table->n]);
}

static void on_row(int terminator, void *data)
{
	struct table *table = data;

	(void)terminator;
	/* One table may stand behind another. */
	if (!table->is_read || are_headings(table)) {
		read_headings(table);
	} else {
		table->has_rows = true;
		read_row(table);
	}
	drop_row(table);
}

/* The line of the headings, behind those that tell a program what follows. */
static const char *first_line(const char *text, size_t length, size_t *line)
{
	const char *end = text + length, *newline;

	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', end - text);
		if (!newline)
			newline = end;
		*line = newline - text;
		if (*line > 1 && *text != '#' && strncmp(text, "sep=", 4))
			return text;
	}
	return NULL;
}

/* Which of those that programs of different countries write is there most often. */
static char delimiter_of(const char *line, size_t length)
{
	static const char delimiters[] = { ',', ';', '\t' };
	size_t most = 0, n, i, d;
	char found = ',';

	for (d = 0; d < sizeof(delimiters); d++) {
		for (i = 0, n = 0; i < length; i++)
			n += line[i] == delimiters[d];
		if (n > most) {
			most = n;
			found = delimiters[d];
		}
	}
	return found;
}

bool looks_like_csv(const char *text, size_t length)
{
	size_t n, i, begin = 0;
	const char *line = first_line(text, length, &n);
	bool found[N_COLUMNS] = {};
	char delimiter;
	int column;

	if (!line)
		return false;
	delimiter = delimiter_of(line, n);
	for (i = 0; i <= n; i++) {
		if (i < n && line[i] != delimiter)
			continue;
		column = column_of(line + begin, i - begin);
		if (column >= 0 && (begin || i < n))
			found[column] = true;
		begin = i + 1;
	}
	return found[COLUMN_DEVICE] && found[COLUMN_ADDRESS];
}

static void begin(struct csv_parser *parser, char delimiter)
{
	if (csv_init(parser, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI))
		exit(out_of_memory());
	csv_set_delim(parser, delimiter);
}

void describe_csv(struct descriptions *all, const char *text, size_t length)
{
	struct table table = { .all = all };
	const char *end = text + length, *newline, *line;
	struct csv_parser parser;
	char delimiter;
	unsigned int i;
	size_t n = 0;

	all->found = true;
	all->current = NULL;
	all->table++;
	line = first_line(text, length, &n);
	delimiter = delimiter_of(line, n);
	begin(&parser, delimiter);
	/* Line by line, as it does not tell in which one it is. */
	for (i = 1; text < end; text = newline, i++) {
		newline = memchr(text, '\n', end - text);
		newline = newline ? newline + 1 : end;
		if (text < line)
			continue;
		table.line = i;
		if (csv_parse(&parser, text, newline - text, on_field, on_row,
			      &table) == (size_t)(newline - text))
			continue;
		if (csv_error(&parser) != CSV_EPARSE)
			exit(out_of_memory());
		table.is_spoilt = true;
		cannot_read(all, i,
			    "expected quotation marks around the whole of a field, and those in it twice");
		drop_row(&table);
		csv_free(&parser);
		begin(&parser, delimiter);
	}
	table.is_cut = true;
	if (csv_fini(&parser, on_field, on_row, &table))
		cannot_read(all, table.line,
			    "expected the end of what is between quotation marks");
	else if (table.is_read && !table.has_rows && !table.is_spoilt)
		cannot_read(all, i - 1, "expected rows below the headings");
	drop_row(&table);
	csv_free(&parser);
	all->current = NULL;
}
