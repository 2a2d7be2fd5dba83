/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FUZZER_H
#define FUZZER_H

#include <linux/types.h>
#include <stddef.h>

/* What libFuzzer calls: once, and with each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *bytes, size_t length);

#endif
