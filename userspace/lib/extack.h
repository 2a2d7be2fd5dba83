/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXTACK_H
#define EXTACK_H

#include <libmnl/libmnl.h>

/*
 * Says what an NLMSG_ERROR or NLMSG_DONE with an error is about, after
 * @locate, if it is not NULL, was told where that is.
 */
void extack_complain(const struct nlmsghdr *answer,
		     const struct nlmsghdr *request, int error_number,
		     void (*locate)(unsigned int offset));

#endif
