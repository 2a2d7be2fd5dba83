/* SPDX-License-Identifier: GPL-2.0-only */
/* Of the kernel's own the tool's headers need nothing here; that one needs sockets. */
