/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GENL_H
#define GENL_H

#include <libmnl/libmnl.h>
#include <linux/types.h>
#include <stdbool.h>

/* The largest number of an attribute in any of the family's sets. */
#define GENL_MAX_ATTR 63

struct attrs {
	const struct nlattr *at[GENL_MAX_ATTR + 1];
};

/*
 * Tells whether the kernel has the family, without a module being loaded for it.
 * Returns 0 or STATUS_FAILED.
 */
int genl_present(bool *present);

/* Begins a request in a buffer that the next one uses again. */
struct nlmsghdr *genl_request(__u8 cmd);

/*
 * Sends a request and waits until it is done; @reply sees what comes back, if
 * anything does. Returns 0, or STATUS_FAILED with the kernel's refusal said.
 */
int genl_do(struct nlmsghdr *request, mnl_cb_t reply, void *data);

/*
 * As genl_do() without an answer. @locate is told at which offset of the request the
 * attribute is that the kernel refuses, before that is said.
 */
int genl_change(struct nlmsghdr *request, void (*locate)(unsigned int offset));

/* Whether one line's attributes fit into a request. */
bool genl_has_room(const struct nlmsghdr *request);

/*
 * As genl_do() for all there is. @restart forgets what was seen: a dump during
 * which the configuration changed is asked for again.
 */
int genl_dump(struct nlmsghdr *request, mnl_cb_t reply,
	      void (*restart)(void *data), void *data);

/* Opens a socket that hears a multicast group. Returns NULL if it has failed. */
struct mnl_socket *genl_listen(const char *const groups[]);

void genl_close(void);

void attrs_of(const struct nlmsghdr *message, struct attrs *attrs);
void attrs_nested(const struct nlattr *nest, struct attrs *attrs);
__u32 attr_u32(const struct nlattr *attr);
__u64 attr_u64(const struct nlattr *attr);
/* Never longer than @size - 1; empty if there is no such attribute. */
void attr_string(const struct nlattr *attr, char *text, size_t size);

/*
 * The address of either family as text, at least INET6_ADDRSTRLEN long. Returns
 * NULL if there is none.
 */
const char *attr_address(const struct nlattr *at4, const struct nlattr *at6,
			 char *text);

/*
 * extack.c: says what an NLMSG_ERROR or NLMSG_DONE with an error is about, after
 * @locate, if it is not NULL, was told where that is.
 */
void extack_complain(const struct nlmsghdr *answer,
		     const struct nlmsghdr *request, int error_number,
		     void (*locate)(unsigned int offset));

#endif
