// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is pasted from a terminal: tables and blocks of ESXi's commands behind each other,
 * with or without the prompts between them, JSON, and the lines of "migsel save".
 */

#include <ctype.h>
#include <linux/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "described.h"
#include "text.h"

#define COLUMNS_MAX 24
#define PAIRS_MAX 40
#define STACK_NAME_MAX 32
#define WORDS_MAX 64
#define HEADING_MAX 40
#define HEADINGS_MAX 1024

/* What the lines are part of. */
enum section {
	NOWHERE,
	IN_VMKNICS,	/* esxcfg-vmknic -l */
	IN_ROUTES,	/* esxcfg-route -l */
	IN_COLUMNS,	/* a table of esxcli */
	IN_BLOCK,	/* "key: value" of esxcli */
	IN_SAVE,	/* migsel save */
};

struct pair {
	char heading[HEADING_MAX];
	char *value;
};

struct paste {
	struct descriptions *all;
	char *line;
	unsigned int number;	/* of the line */
	enum section section;
	bool has_stacks;	/* a column of esxcfg-vmknic */
	bool has_interfaces;	/* a column of esxcfg-route */
	bool is_last;		/* the line, and nothing ends it */
	bool is_first;		/* of the records of the section */
	bool is_over;		/* a blank line came behind the rows */
	bool is_heading;	/* the line; what is below it are dashes */
	bool is_title;		/* the line; what is below it is blank or begins a table */
	char headings[HEADINGS_MAX];	/* the line above the dashes */
	char *nic;		/* that the last command names, or NULL */
	bool is_loop;		/* it names a variable: a loop, which may print what is in it */
	unsigned int n_columns;
	size_t begin[COLUMNS_MAX + 1];
	char column[COLUMNS_MAX][HEADING_MAX];
	unsigned int n_pairs;
	struct pair pair[PAIRS_MAX];
	unsigned int pairs_line;
};

static const char *pair_value(const void *data, const char *name)
{
	const struct paste *paste = data;
	unsigned int i;

	for (i = 0; i < paste->n_pairs; i++) {
		if (!strcmp(paste->pair[i].heading, name))
			return paste->pair[i].value;
	}
	return NULL;
}

/* What was gathered is a record. */
static void end_record(struct paste *paste)
{
	struct esxcli_record record = {
		.data = paste,
		.value = pair_value,
		.nic = paste->nic,
		.line = paste->pairs_line,
		.is_first = paste->is_first,
	};

	if (paste->n_pairs && describe_esxcli(paste->all, &record)) {
		paste->is_first = false;
		/* What follows would be of another one that the command names. */
		if (pair_value(paste, "tags"))
			paste->nic = NULL;
	}
	paste->n_pairs = 0;
}

static void begin_section(struct paste *paste, enum section section)
{
	end_record(paste);
	paste->all->table++;
	paste->section = section;
	paste->is_first = true;
	paste->is_over = false;
}

/* Without the blanks around it; what is behind it is cut off. */
static char *trimmed(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length && strchr(" \t\r", text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

static void add_pair(struct paste *paste, const char *name, size_t length,
		     char *text)
{
	struct pair *pair;

	if (paste->n_pairs == PAIRS_MAX)
		return;
	if (!paste->n_pairs)
		paste->pairs_line = paste->number;
	pair = &paste->pair[paste->n_pairs++];
	heading(name, length, pair->heading, sizeof(pair->heading));
	pair->value = trimmed(text);
}

/* Words in place of a line; NULL behind the last. */
static unsigned int split(char *line, char **words)
{
	unsigned int n = 0;
	char *rest;

	words[0] = strtok_r(line, " \t\r", &rest);
	while (words[n] && n < WORDS_MAX)
		words[++n] = strtok_r(NULL, " \t\r", &rest);
	words[n] = NULL;
	return n;
}

/* Those before a word, as they stood in the line. */
static char *join(char **words, unsigned int n)
{
	unsigned int i;
	char *p;

	for (i = 0; i + 1 < n; i++) {
		for (p = words[i]; p < words[i + 1]; p++) {
			if (!*p)
				*p = ' ';
		}
	}
	return n ? words[0] : NULL;
}

static bool is_mac(const char *word)
{
	return strlen(word) == 17 &&
	       strspn(word, "0123456789abcdefABCDEF:") == 17 && word[2] == ':';
}

/* A word that stands where an address would, if there were one. */
static bool is_no_address(const char *word)
{
	return !strcmp(word, "N/A") || !strcmp(word, "0.0.0.0") ||
	       !strcmp(word, "::");
}

/*
 * The MAC address with the MTU behind it. It is the last one, as a port group may be called
 * like a whole row. 0 if there is none.
 */
static unsigned int find_mac(char **words, unsigned int n)
{
	unsigned int i;

	for (i = n ? n - 1 : 0; i-- > 1;) {
		if (is_mac(words[i]) && read_number(words[i + 1], &(__u32){ 0 }))
			return i;
	}
	return 0;
}

/* Where the address is: behind the family, which versions before 4.1 do not print. */
static unsigned int find_address(char **words, unsigned int mac,
				 struct migsel_addr *addr)
{
	unsigned int i;

	for (i = mac; i-- > 1;) {
		if ((!strcmp(words[i], "IPv4") || !strcmp(words[i], "IPv6")) &&
		    i + 2 < mac + !strcmp(words[i + 1], "N/A") &&
		    (is_no_address(words[i + 1]) ||
		     read_address(words[i + 1], words[i + 2], addr)))
			return i + 1;
	}
	/* An address, its netmask and the broadcast address. */
	if (mac > 4 && read_address(words[mac - 3], words[mac - 2], addr))
		return mac - 3;
	return 0;
}

/*
 * Behind the MAC address: MTU, TSO MSS, enabled, the type, of a word or two, and the stack.
 * NULL if there is none.
 */
static const char *find_stack(char **words, unsigned int mac, unsigned int n)
{
	unsigned int type = mac + 4;

	if (type < n && words[type][strlen(words[type]) - 1] == ',')
		type++;
	return type + 1 < n ? words[type + 1] : NULL;
}

/* Where nothing ends the line: the beginning of a word that decides, or of a list. */
static bool is_cut_off(const struct paste *paste, const char *text)
{
	static const char *const words[] = {
		"defaultTcpipStack", "vmotion", "vSphereProvisioning"
	};
	const char *word = text + strlen(text);
	size_t length, i;

	if (!paste->is_last || word == text)
		return false;
	if (word[-1] == ',')
		return true;
	while (word > text && word[-1] != ' ')
		word--;
	length = strlen(word);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (length < strlen(words[i]) &&
		    !strncasecmp(word, words[i], length))
			return true;
	}
	return false;
}

/* Interface, port group, family, address, netmask, broadcast, MAC, MTU, TSO MSS, enabled ... */
static void read_vmknic(struct paste *paste, char **words, unsigned int n)
{
	struct descriptions *all = paste->all;
	unsigned int at, mac = find_mac(words, n), group;
	struct migsel_addr addr;
	struct described_nic *nic;
	const char *stack;
	bool enabled;

	at = mac ? find_address(words, mac, &addr) : 0;
	if (paste->is_first)
		host_of_part(all, PART_VMKS, paste->number);
	paste->is_first = false;
	if (!at) {
		cannot_read(all, paste->number,
			    "expected what esxcfg-vmknic -l prints of %s: an address, a netmask, a MAC address and an MTU",
			    visible(words[0]));
		return;
	}
	stack = find_stack(words, mac, n);
	if (paste->has_stacks && (!stack || is_cut_off(paste, stack)))
		cannot_read(all, paste->number,
			    "expected the stack of %s at the end, below NetStack: lines must not be wrapped",
			    visible(words[0]));
	nic = nic_of(all, all->current, words[0], paste->number);
	if (!nic)
		return;
	nic_is_listed(all, all->current, nic, LIST_OF_VMKS, true);
	nic_tells(all, nic, MIGSEL_INET);
	nic_tells(all, nic, MIGSEL_INET6);
	if (!is_no_address(words[at])) {
		nic_add_address(all, nic, &addr, paste->number);
		if (mac + 4 < n && !addr_is_link_local(&addr))
			nic->is_leased[addr.family] |=
				strncmp(words[mac + 4], "STATIC", strlen("STATIC"));
	}
	read_number(words[mac + 1], &nic->mtu);
	if (mac + 3 < n && read_truth(words[mac + 3], &enabled))
		nic->is_down = !enabled;
	if (paste->has_stacks && stack)
		nic_set_stack(nic, stack);
	group = at - 1;
	if (group && (!strcmp(words[group], "IPv4") ||
		      !strcmp(words[group], "IPv6")))
		group--;
	if (group)
		nic_set_portgroup(nic, trimmed(join(words + 1, group)), true);
}

/* Network, netmask, gateway or "Local Subnet", and since 5.0 the interface. */
static void read_route(struct paste *paste, char **words, unsigned int n)
{
	struct descriptions *all = paste->all;
	struct described_route route = {};
	unsigned int dev = 3, i;
	bool is_ipv6 = false;
	bool good;

	for (i = 0; i < n && i < dev; i++)
		is_ipv6 |= !!strchr(words[i], ':');
	if (paste->is_first)
		host_of_part(all, is_ipv6 ? PART_ROUTES6 : PART_ROUTES4,
			     paste->number);
	paste->is_first = false;
	good = n > 2 && read_prefix(words[0], words[1],
				    is_ipv6 ? MIGSEL_INET6 : MIGSEL_INET,
				    &route.dst);
	if (good && !strcmp(words[2], "Local")) {
		dev = 4;
	} else if (good) {
		route.has_gateway = true;
		good = read_address(words[2], is_ipv6 ? "128" : "32",
				    &route.gateway);
	}
	if (!good) {
		cannot_read(all, paste->number,
			    "expected a network, its netmask and a gateway, found \"%s\"",
			    visible(words[0]));
		return;
	}
	if (paste->has_interfaces && n <= dev) {
		cannot_read(all, paste->number,
			    "expected an interface at the end: lines must not be wrapped");
		return;
	}
	host_add_route(all, all->current, &route, n > dev ? words[dev] : NULL,
		       paste->number);
}

/* The dashes below the headings of a table of esxcli tell where its columns begin. */
static bool is_rule(const char *line, const char *end)
{
	bool dashes = false;

	for (; line < end && *line != '\n'; line++) {
		if (!strchr("- \t\r", *line))
			return false;
		dashes |= *line == '-';
	}
	return dashes;
}

static void read_columns(struct paste *paste)
{
	size_t length = strlen(paste->headings), i;
	unsigned int n = 0;

	for (i = 0; paste->line[i] && n < COLUMNS_MAX; i++) {
		if (paste->line[i] == '-' && (!i || paste->line[i - 1] != '-'))
			paste->begin[n++] = i;
	}
	paste->begin[n] = (size_t)-1;
	paste->n_columns = n;
	for (i = 0; i < n; i++) {
		size_t from = paste->begin[i] < length ? paste->begin[i] :
							 length;
		size_t to = paste->begin[i + 1] < length ? paste->begin[i + 1] :
							   length;

		heading(paste->headings + from, to - from, paste->column[i],
			HEADING_MAX);
	}
	begin_section(paste, IN_COLUMNS);
}

static void read_row(struct paste *paste)
{
	size_t length = strlen(paste->line);
	unsigned int i;

	/* From the last one on, as each ends where the one behind it was cut off. */
	for (i = paste->n_columns; i--;) {
		if (paste->begin[i] >= length)
			continue;
		add_pair(paste, paste->column[i], strlen(paste->column[i]),
			 paste->line + paste->begin[i]);
		if (i)
			paste->line[paste->begin[i] - 1] = '\0';
	}
	if (paste->is_last && paste->n_pairs < paste->n_columns)
		cannot_read(paste->all, paste->number,
			    "expected a row of %u columns, found %u: it is cut off",
			    paste->n_columns, paste->n_pairs);
	end_record(paste);
}

/* "[root@esx-07:~] COMMAND", "root@esx-07:~# COMMAND", "/tmp # COMMAND" */
static bool find_prompt(char *line, char **host, char **command)
{
	static const char in_names[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
	char *p = line + strspn(line, " \t\\"), *end;
	bool bracket = *p == '[';

	*host = NULL;
	/* ESXi 5 names the folder. */
	if (*p == '~' || *p == '/') {
		end = p + strcspn(p, " ");
		if (!strncmp(end, " # ", 3)) {
			*command = end + 3;
			return true;
		}
	}
	if (!strncmp(p, "# ", 2) ||
	    !strncmp(p, "$ ", 2)) {
		*command = strpbrk(p, "#$") + 1;
		return true;
	}
	p += bracket;
	end = p + strspn(p, in_names);
	if (end == p || *end != '@')
		return false;
	p = end + 1;
	end = p + strspn(p, in_names);
	if (end == p || (*end != ':' && *end != ' '))
		return false;
	*command = bracket ? strchr(end, ']') : strpbrk(end, "#$");
	if (!*command)
		return false;
	*host = p;
	*end = '\0';
	++*command;
	return true;
}

/* What a command line says behind one of two words: its length, 0 if it has neither. */
static size_t option_of(char *command, const char *letter, const char *word,
			char **value)
{
	const char *option = strstr(command, word) ? word : letter;
	char *p = strstr(command, option);

	if (!p)
		return 0;
	p += strlen(option);
	*value = p + strspn(p, " =\t'\"");
	return strcspn(*value, " ;\t\r'\"");
}

/* A vmk, or each TCP/IP stack of a host, has to be named to be asked for what it has. */
static void read_command(struct paste *paste, char *command)
{
	char name[STACK_NAME_MAX], *nic, *stack;
	size_t nic_length, length;

	nic_length = option_of(command, " -i", " --interface-name", &nic);
	length = option_of(command, " -N", " --netstack", &stack);
	snprintf(name, sizeof(name), "%.*s", (int)length, length ? stack : "");
	paste->all->goes_on = length && stack_of(name) != ON_DEFAULT;
	paste->nic = nic_length ? nic : NULL;
	paste->is_loop = nic_length && *nic == '$';
	if (nic_length)
		nic[nic_length] = '\0';
}

/* The first prompt is easily left out where a host is pasted. */
static bool tells_vmks(const char *command)
{
	return strstr(command, "vmknic") || strstr(command, " ip interface list") ||
	       strstr(command, " ip interface ipv4 get");
}

static bool read_prompt(struct paste *paste)
{
	char *host, *command;

	if (!find_prompt(paste->line, &host, &command))
		return false;
	begin_section(paste, NOWHERE);
	if (host && is_default_name(host)) {
		host_is_unnamed(paste->all);
	} else if (host) {
		if (!paste->all->prompted && !tells_vmks(command))
			host_has_name(paste->all, host);
		host_is(paste->all, host, paste->number);
	}
	paste->all->prompted = true;
	read_command(paste, command);
	return true;
}

static bool begins_with(const char *line, const char *words)
{
	return !strncmp(line, words, strlen(words));
}

/* The first lines of the parts that can be told by them. */
static bool read_beginning(struct paste *paste)
{
	char *line = trimmed(paste->line);
	const char *version;

	if (begins_with(line, "Interface") && strstr(line, "Port Group")) {
		begin_section(paste, IN_VMKNICS);
		paste->has_stacks = strcasestr(line, "NetStack");
		return true;
	}
	if (begins_with(line, "VMkernel Routes")) {
		begin_section(paste, IN_ROUTES);
		paste->has_interfaces = false;
		return true;
	}
	if (paste->section == IN_ROUTES && begins_with(line, "Network"))
		paste->has_interfaces = strstr(line, "Interface");
	version = strstr(line, "VMware ESXi ");
	if (version && isdigit((unsigned char)version[12])) {
		if (!paste->all->current)
			host_of_part(paste->all, PART_LINKS, paste->number);
		paste->all->current->version = strtoul(version + 12, NULL, 10);
		return true;
	}
	return false;
}

/* A line of "migsel save". */
static bool read_saved(struct paste *paste)
{
	char *words[WORDS_MAX + 1];
	const char *wrong;

	if (!begins_with(paste->line, "vmk flush") &&
	    !begins_with(paste->line, "vmk add ") &&
	    !begins_with(paste->line, "tag set ") &&
	    !begins_with(paste->line, "policy set "))
		return false;
	if (paste->section != IN_SAVE) {
		begin_section(paste, IN_SAVE);
		host_of_part(paste->all, PART_SAVE, paste->number);
	}
	wrong = split_words(trimmed(paste->line), words, WORDS_MAX);
	if (wrong)
		cannot_read(paste->all, paste->number,
			    "expected what migsel save prints: %s", wrong);
	else
		describe_saved(paste->all, words, paste->number);
	return true;
}

/* "   Netstack Instance: defaultTcpipStack" */
static bool read_pair(struct paste *paste)
{
	char *line = paste->line, *colon = strchr(line, ':');

	if (!isspace((unsigned char)*line) || !colon ||
	    (colon[1] && !isspace((unsigned char)colon[1])))
		return false;
	if (paste->section != IN_BLOCK)
		begin_section(paste, IN_BLOCK);
	add_pair(paste, line, colon - line, colon + 1);
	if (is_cut_off(paste, trimmed(colon + 1)))
		cannot_read(paste->all, paste->number,
			    "expected \"%s\" to go on: it is cut off",
			    visible(trimmed(line)));
	return true;
}

static void read_line(struct paste *paste)
{
	char *words[WORDS_MAX + 1];
	char *line = paste->line + strspn(paste->line, " \t\r");
	bool is_blank = !*line;

	/* Rows of a table stand together. */
	if (is_blank && paste->section == IN_VMKNICS)
		paste->is_over = true;
	if (is_blank || (paste->section == IN_BLOCK && line == paste->line))
		end_record(paste);
	if (is_blank || read_prompt(paste) || read_beginning(paste) ||
	    read_saved(paste))
		return;
	if (paste->is_loop && is_vmk(trimmed(line))) {
		end_record(paste);
		paste->nic = line;
		return;
	}
	/* What is told in XML between two prompts may be anything. */
	if (paste->section == NOWHERE && *line != '<' && what_else(line)) {
		/* Something has been told of the host. */
		if (paste->all->current)
			paste->all->found = true;
		cannot_read(paste->all, paste->number, "this is %s",
			    what_else(line));
		return;
	}
	if (is_rule(line, line + strlen(line))) {
		read_columns(paste);
		return;
	}
	switch (paste->section) {
	case IN_VMKNICS:
		/* The words of the first one tell whether it is a row. */
		if (is_vmk(line) || (begins_with(line, "vmk") &&
				     isdigit((unsigned char)line[3]))) {
			read_vmknic(paste, words, split(line, words));
			return;
		}
		break;
	case IN_ROUTES:
		if (isdigit((unsigned char)*line) || strchr(line, ':') ||
		    begins_with(line, "default")) {
			read_route(paste, words, split(line, words));
			return;
		}
		break;
	case IN_COLUMNS:
		if (!paste->is_heading)
			read_row(paste);
		return;
	default:
		break;
	}
	if (!read_pair(paste) && paste->section == IN_VMKNICS &&
	    !paste->is_heading && !paste->is_title && !paste->is_over)
		cannot_read(paste->all, paste->number,
			    "expected a row of esxcfg-vmknic -l, found \"%s\": lines must not be wrapped",
			    visible(trimmed(line)));
}

void describe_text(struct descriptions *all, char *text, size_t length)
{
	struct paste paste = { .all = all, .number = 1 };
	char *p = text, *end = text + length, *newline;
	size_t used;

	/* There is a NUL behind the text. */
	for (; p < end; p = newline + 1, paste.number++) {
		char *line = p + strspn(p, " \t\r");

		newline = memchr(p, '\n', end - p);
		if (!newline)
			newline = end;
		if ((*line == '{' || *line == '[') &&
		    describe_json(all, line, end - line, paste.number,
				  paste.nic, &used)) {
			begin_section(&paste, NOWHERE);
			for (newline = line + used;
			     newline < end && *newline != '\n'; newline++)
				;
			for (; p < newline; p++)
				paste.number += *p == '\n';
			continue;
		}
		*newline = '\0';
		paste.line = p;
		paste.is_last = newline == end;
		paste.is_heading = is_rule(newline + 1, end);
		paste.is_title = newline + 1 < end &&
				 (strchr("\r\n", newline[1]) ||
				  begins_with(newline + 1, "Interface"));
		/* The line is taken apart when it is read. */
		if (paste.is_heading)
			snprintf(paste.headings, sizeof(paste.headings), "%s",
				 p);
		read_line(&paste);
	}
	end_record(&paste);
}
