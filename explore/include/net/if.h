/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the C library's own the tool's headers need: that of WebAssembly has none. */
#ifndef _MIGSEL_EXPLORE_NET_IF_H
#define _MIGSEL_EXPLORE_NET_IF_H

#define IF_NAMESIZE 16

#endif /* _MIGSEL_EXPLORE_NET_IF_H */
