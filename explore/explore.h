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

/* What a NIC is, as bits. */
#define EXPLORE_VMK		0x1
#define EXPLORE_MIGRATION	0x2
#define EXPLORE_PROVISIONING	0x4
#define EXPLORE_DOWN		0x8

char *explore_input(void);
size_t explore_input_max(void);
/* The reasons in the order of their numbers, and the table. */
const char *explore_words(void);
/* A host without NICs. */
void explore_begin(bool is_strict);
/* Its name is in the buffer, @stack a value of enum migsel_stack. Returns its number, or -1. */
int explore_add_nic(unsigned int flags, unsigned int stack);
/* "192.0.2.10/24", or the destination of a route by the NIC, is in the buffer. */
bool explore_add_address(unsigned int nic);
bool explore_add_route(unsigned int nic);
/*
 * A packet of class and family; the destination is in the buffer. @bound is the number of
 * the NIC that the socket is bound to, -1 without; @to_device: to the NIC, not its address.
 */
const char *explore_decide(unsigned int class, int bound, bool to_device);
/* What somebody has pasted, of @length bytes, is in the buffer: the hosts that it describes. */
const char *explore_read(size_t length);

#endif
