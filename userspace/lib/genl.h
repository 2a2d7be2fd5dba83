/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GENL_H
#define GENL_H

#include <libmnl/libmnl.h>
#include <linux/types.h>
#include <stdbool.h>

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

#endif
