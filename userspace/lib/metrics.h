/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef METRICS_H
#define METRICS_H

#include <linux/types.h>

/* The text form in which Prometheus reads metrics. */

/* Begins a metric: its samples follow. */
void metric(const char *name, const char *type, const char *help);

/*
 * One sample, with the network namespace as its first label. More labels follow as name
 * and value, whatever is in that; they end with NULL.
 */
void sample(const char *name, __u64 value, ...) __attribute__((sentinel));

#endif
