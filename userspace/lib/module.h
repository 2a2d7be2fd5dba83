/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>

#include "text.h"

/*
 * Of a module that is not loaded: whether this kernel would refuse to, because it takes
 * only modules that are signed with a key that it knows. Then @why says that, and what is wrong
 * with the signature of the one that is installed.
 */
bool module_is_refused(struct text *why);

#endif
