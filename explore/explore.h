/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What the page calls: a host is described NIC by NIC, and the rule is asked for a packet that
 * it sends. Texts are handed over in one buffer, with a NUL behind them. What is returned is
 * JSON, which holds until the next call.
 */

#define EXPLORE_INPUT_MAX 65536

/* Of a host: how it is set, and what of it was not told, or not read. */
#define EXPLORE_STRICT		0x1
#define EXPLORE_SERVICES_UNTOLD	0x2
#define EXPLORE_ROUTES4_UNTOLD	0x4
#define EXPLORE_ROUTES6_UNTOLD	0x8
#define EXPLORE_UNREAD		0x10

/* What a NIC is. */
#define EXPLORE_VMK		0x1
#define EXPLORE_MIGRATION	0x2
#define EXPLORE_PROVISIONING	0x4
#define EXPLORE_DOWN		0x8

char *explore_input(void);
size_t explore_input_max(void);
/* The table, and what the tags are called, in the order of their numbers. */
const char *explore_words(void);
/* A host without NICs. @first_nic: the number of that whose routes come first. */
void explore_begin(unsigned int flags, unsigned int first_nic);
/* Its name is in the buffer, @stack a value of enum migsel_stack. Returns its number, or -1. */
int explore_add_nic(unsigned int flags, unsigned int stack);
/* "192.0.2.10/24", or the destination of a route by the NIC, is in the buffer. */
bool explore_add_address(unsigned int nic);
bool explore_add_route(unsigned int nic);
/* The host as the rule sees it: its NICs by their numbers, with addresses of one family. */
const char *explore_look(bool is_inet6);
/*
 * A packet of a class; its destination is in the buffer. @bound is the number of the NIC that
 * the socket is bound to, -1 without; @to_device: to the NIC, not its address.
 */
const char *explore_decide(unsigned int class, int bound, bool to_device);
/* What somebody has pasted, of @length bytes, is in the buffer: the hosts that it describes. */
const char *explore_read(size_t length);

#endif
