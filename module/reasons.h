/* SPDX-License-Identifier: GPL-2.0-only */
/* How the reasons of the uapi are called: for the trace, and for the tool. */

#ifndef _MIGSEL_REASONS_H
#define _MIGSEL_REASONS_H

#define MIGSEL_REASON_NAMES(name, last)			\
	name(UNTAGGED, "untagged")			\
	name(NO_VMK, "no-vmk")				\
	name(NOT_UNICAST, "not-unicast")		\
	name(BOUND_DEVICE, "bound-device")		\
	name(COLD_FIRST_VMK, "cold-first-vmk")		\
	name(NO_MIGRATION_VMK, "no-migration-vmk")	\
	name(SINGLE_NIC, "single-nic")			\
	name(SAME_SUBNET, "same-subnet")		\
	name(DEDICATED_SUBNET, "dedicated-subnet")	\
	name(MULTI_NIC_BOUND, "multi-nic-bound")	\
	name(MULTI_NIC, "multi-nic")			\
	name(LINK_DOWN, "link-down")			\
	name(NO_ROUTE, "no-route")			\
	name(STRICT, "strict")				\
	name(PROVISIONING_STACK, "provisioning-stack")	\
	name(COLD_SAME_SUBNET, "cold-same-subnet")	\
	name(PROVISIONING_VMK, "provisioning-vmk")	\
	last(VMOTION_STACK, "vmotion-stack")

#endif /* _MIGSEL_REASONS_H */
