/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DESCRIBED_H
#define DESCRIBED_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../module/rule.h"
#include "error.h"

/*
 * Hosts that are only described: by what ESXi, vCenter, RVTools, ip(8) or "migsel save" print.
 * One file of described_*.c reads each form; all fill in the same model.
 */

enum described_system {
	SYSTEM_ESXI,
	SYSTEM_LINUX,
};

/* The TCP/IP stack of a vmk. What is on another one is not chosen for a migration. */
enum described_stack {
	ON_DEFAULT,
	ON_VMOTION,
	ON_PROVISIONING,
	ON_OTHER,
};

/* Tables that leave out no NIC: those of all stacks, and those of the default stack. */
enum described_list {
	LIST_OF_VMKS,
	LIST_OF_INTERFACES,
	LIST_OF_ADDRESSES,
	N_LISTS,
};

enum told {
	NOT_TOLD,
	TOLD_OFF,
	TOLD_ON,
};

struct described_nic {
	char *name;
	char *portgroup;	/* NULL if it was not told */
	bool is_standard_group;	/* that of a standard switch, which esxcli takes by its name */
	char *services;		/* others than vMotion: "VSAN, Management"; NULL if none */
	char *stack_name;	/* the same, in the host's own word */
	enum described_stack stack;
	enum told migration;
	enum told provisioning;
	bool has_services;	/* all that it carries is told */
	unsigned int weight;
	__u32 mtu;		/* 0 if it was not told */
	bool is_down;
	unsigned int place;	/* among the vmks of "migsel save" from 1 on, 0 if none */
	unsigned int n_addrs;
	struct migsel_addr *addr;	/* as they were told */
	struct migsel_addr *sorted;	/* the same, in the order of the rule */
	bool is_leased[MIGSEL_N_FAMILIES];	/* the network has given it its addresses */
	unsigned int table[MIGSEL_N_FAMILIES];	/* that tells the addresses of a family */
	unsigned int listed[N_LISTS];	/* the last table that has it, 0 if none */
};

struct described_route {
	struct migsel_addr dst;	/* a prefix */
	bool has_gateway;
	struct migsel_addr gateway;
	char *dev;		/* NULL if it was not told */
	unsigned int table;	/* that has it */
};

/* What can be told once of a host. */
enum described_part {
	PART_VMKS = 1 << 0,
	PART_ROUTES4 = 1 << 1,
	PART_ROUTES6 = 1 << 2,
	PART_LINKS = 1 << 3,
	PART_SAVE = 1 << 4,
	PART_ADDRESSES6 = 1 << 5,	/* where those of IPv4 are a part */
};

struct described_host {
	char *name;
	const char *file;	/* where it is described first */
	unsigned int line;
	enum described_system system;
	unsigned int parts;
	unsigned int version;	/* of ESXi, 0 if it was not told */
	bool is_named;		/* by what describes it, not after the file */
	bool is_unread;		/* some of what describes it could not be read */
	bool has_no_lengths;	/* its IPv6 addresses were told without them, and are left out */
	bool is_strict;		/* fallback strict, of "migsel save" */
	bool is_passing;	/* unreachable pass */
	bool is_not_enforced;	/* mode observe, or off */
	unsigned int n_saved;	/* vmks of "migsel save" */
	unsigned int listed[N_LISTS];	/* the last table that is whole, 0 if none */
	unsigned int n_nics;
	struct described_nic *nic;
	unsigned int n_routes;
	struct described_route *route;
};

struct descriptions {
	struct described_host **host;	/* in the order of their first mention */
	size_t n;
	size_t numbered;		/* the last number that a name was given */
	void *by_name;			/* of search.h */
	struct described_host *current;	/* whom the next part is about */
	bool goes_on;			/* the next part is one more of its parts */
	bool prompted;			/* there was a prompt in the file */
	bool counted;			/* its values of JSON are few enough */
	bool in_json;			/* hosts are in one line: complaints name them */
	unsigned int table;		/* how many were begun */
	const char *file;		/* that is being read */
	unsigned int complaints;	/* about that file */
	bool failed;			/* something could not be read */
	bool found;			/* something in that file could */
};

void descriptions_free(struct descriptions *all);

/*
 * Says what cannot be read, which is about the current host if there is one: in which line,
 * and what was expected there.
 */
void cannot_read(struct descriptions *all, unsigned int line,
		 const char *format, ...) PRINTF(3, 4);

/* The host of that name becomes the current one; or another one with the same name. */
void host_is(struct descriptions *all, const char *name, unsigned int line);
void host_is_another(struct descriptions *all, const char *name,
		     unsigned int line);
/* The current one, if it has none of its own yet, has that name. */
void host_has_name(struct descriptions *all, const char *name);
/* What follows is not about a host that has a name of its own. */
void host_is_unnamed(struct descriptions *all);
/* What a host is called that nobody has given a name. */
bool is_default_name(const char *name);
/* The host that a part is about: the current one, unless it has that part already. */
struct described_host *host_of_part(struct descriptions *all,
				    enum described_part part,
				    unsigned int line);

/* Finds it, or adds it. NULL, with the complaint made, if there are too many. */
struct described_nic *nic_of(struct descriptions *all,
			     struct described_host *host, const char *name,
			     unsigned int line);
/* What ESXi calls a vmk. */
bool is_vmk(const char *name);
/* The same of a host of ESXi: NULL also if it is called otherwise, which is said. */
struct described_nic *named_vmk(struct descriptions *all,
				struct described_host *host, const char *name,
				unsigned int line);
/* NULL if there is none. */
struct described_nic *nic_find(const struct described_host *host,
			       const char *name);
void nic_free(struct described_nic *nic);
/* The addresses of a family that another table has told are those of before. */
void nic_tells(const struct descriptions *all, struct described_nic *nic,
	       enum migsel_family family);
/* A table has it. @is_whole: and whatever else there is on the stacks that it is about. */
void nic_is_listed(const struct descriptions *all, struct described_host *host,
		   struct described_nic *nic, enum described_list list,
		   bool is_whole);
void nic_add_address(struct descriptions *all, struct described_nic *nic,
		     const struct migsel_addr *addr, unsigned int line);
void nic_set_stack(struct described_nic *nic, const char *stack_name);
/*
 * @is_standard: what tells it has names for those of standard switches alone, and numbers or
 * none for ports of others.
 */
void nic_set_portgroup(struct described_nic *nic, const char *portgroup,
		       bool is_standard);
/* A service by the name that ESXi has for it. */
void nic_set_service(struct described_nic *nic, const char *service);
/* None is on, until it is told again. */
void nic_forget_services(struct described_nic *nic);
/* A service that none was told of is off. */
void services_are_told(struct described_nic *nic);
void host_add_route(struct descriptions *all, struct described_host *host,
		    const struct described_route *route, const char *dev,
		    unsigned int line);
enum described_stack stack_of(const char *name);

/*
 * Of text in the host's words. Each returns false if it is none. A mask is a length or
 * dotted; an address may have its length behind it.
 */
bool read_address(const char *text, const char *mask, struct migsel_addr *addr);
bool read_number(const char *text, __u32 *number);
bool read_truth(const char *text, bool *truth);
/* What text is by how it begins, if that holds no description, and what would; or NULL. */
const char *what_else(const char *text);
/* "default" is a prefix, too. */
bool read_prefix(const char *text, const char *mask, enum migsel_family family,
		 struct migsel_addr *prefix);

/* The letters and digits of a heading in lower case: "Subnet mask" and "SubnetMask" alike. */
void heading(const char *text, size_t length, char *plain, size_t size);

/* The forms. Each reads a text, from a line of its file on. */
void describe_text(struct descriptions *all, char *text, size_t length);
void describe_csv(struct descriptions *all, const char *text, size_t length);
/* The words of a line of "migsel save", NULL behind the last, about the current host. */
void describe_saved(struct descriptions *all, char *const words[],
		    unsigned int line);
/* Sets *used to how much of the text was one. Returns false if it is none. */
bool describe_json(struct descriptions *all, const char *text, size_t length,
		   unsigned int line, const char *nic, size_t *used);
bool looks_like_csv(const char *text, size_t length);

/* A record of esxcli, from a table or JSON: @value gives what stands under a heading. */
struct esxcli_record {
	const void *data;
	const char *(*value)(const void *data, const char *heading);
	const char *nic;	/* that the command was about, or NULL */
	unsigned int line;
	bool is_first;		/* of those that were printed together */
};

/* Returns false if it is no record that is known. */
bool describe_esxcli(struct descriptions *all,
		     const struct esxcli_record *record);

/* A whole file, "-" for standard input, or bytes of one. */
void describe_file(struct descriptions *all, const char *path);
void describe_bytes(struct descriptions *all, const char *name,
		    const char *bytes, size_t length);
/* Behind the last one: what a later table has left out, or has otherwise, goes. */
void descriptions_settle(struct descriptions *all);

#endif
