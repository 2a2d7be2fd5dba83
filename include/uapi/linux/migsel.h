/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/migsel.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_MIGSEL_H
#define _UAPI_LINUX_MIGSEL_H

#define MIGSEL_FAMILY_NAME	"migsel"
#define MIGSEL_FAMILY_VERSION	1

#define MIGSEL_MAX_VMKS		256
#define MIGSEL_MAX_ADDRESSES	1024

/**
 * enum migsel_reason - Why a packet leaves the way it does. Each is the name
 *   of a row of the rule's table, or says why what the row chose will not do.
 * @MIGSEL_REASON_UNTAGGED: The packet carries neither tag. Not touched.
 * @MIGSEL_REASON_NO_VMK: The namespace has no vmk. Not touched.
 * @MIGSEL_REASON_NOT_UNICAST: The destination is local, multicast, broadcast
 *   or link-local, or it is neighbour discovery of IPv6. Not touched.
 * @MIGSEL_REASON_BOUND_DEVICE: The socket is bound to a device. Not touched.
 * @MIGSEL_REASON_COLD_FIRST_VMK: Cold, leaves by the first vmk.
 * @MIGSEL_REASON_NO_MIGRATION_VMK: Hot, and no vmk carries migration traffic.
 *   Refused.
 * @MIGSEL_REASON_SINGLE_NIC: Hot, and the first vmk is the only migration vmk.
 * @MIGSEL_REASON_SAME_SUBNET: Hot, and the only migration vmk shares a subnet
 *   with the first vmk. Leaves by the first vmk.
 * @MIGSEL_REASON_DEDICATED_SUBNET: Hot, and the only migration vmk shares no
 *   subnet with the first vmk. Leaves by the migration vmk.
 * @MIGSEL_REASON_MULTI_NIC_BOUND: Hot, two or more migration vmks, and the
 *   socket is bound to an address of one of them that is usable. Leaves by
 *   that one.
 * @MIGSEL_REASON_MULTI_NIC: Hot, two or more migration vmks. Leaves by where
 *   its flow lives.
 * @MIGSEL_REASON_LINK_DOWN: The chosen vmk, or each candidate, is not usable.
 *   Refused.
 * @MIGSEL_REASON_NO_ROUTE: No route through the chosen vmk, or any usable
 *   candidate. Refused.
 * @MIGSEL_REASON_STRICT: Hot, one migration vmk, which shares a subnet of the
 *   family with the first vmk, and the policy's fallback is strict. Leaves by
 *   the migration vmk.
 * @MIGSEL_REASON_PROVISIONING_STACK: Cold, and stack provisioning has a vmk.
 *   Leaves by the first vmk of that stack.
 * @MIGSEL_REASON_COLD_SAME_SUBNET: Cold, and the provisioning vmk shares a
 *   subnet of the family with the first vmk. Leaves by the first vmk.
 * @MIGSEL_REASON_PROVISIONING_VMK: Cold, and the provisioning vmk is usable
 *   and has a route to the destination other than a default route. Leaves by
 *   it.
 * @MIGSEL_REASON_VMOTION_STACK: Hot, and stack vmotion has one vmk. Leaves by
 *   it.
 */
enum migsel_reason {
	MIGSEL_REASON_UNTAGGED,
	MIGSEL_REASON_NO_VMK,
	MIGSEL_REASON_NOT_UNICAST,
	MIGSEL_REASON_BOUND_DEVICE,
	MIGSEL_REASON_COLD_FIRST_VMK,
	MIGSEL_REASON_NO_MIGRATION_VMK,
	MIGSEL_REASON_SINGLE_NIC,
	MIGSEL_REASON_SAME_SUBNET,
	MIGSEL_REASON_DEDICATED_SUBNET,
	MIGSEL_REASON_MULTI_NIC_BOUND,
	MIGSEL_REASON_MULTI_NIC,
	MIGSEL_REASON_LINK_DOWN,
	MIGSEL_REASON_NO_ROUTE,
	MIGSEL_REASON_STRICT,
	MIGSEL_REASON_PROVISIONING_STACK,
	MIGSEL_REASON_COLD_SAME_SUBNET,
	MIGSEL_REASON_PROVISIONING_VMK,
	MIGSEL_REASON_VMOTION_STACK,

	/* private: */
	__MIGSEL_REASON_MAX,
	MIGSEL_REASON_MAX = (__MIGSEL_REASON_MAX - 1)
};

/**
 * enum migsel_class - What a packet's mark says of it.
 * @MIGSEL_CLASS_NONE: Neither tag.
 * @MIGSEL_CLASS_HOT: The tag of hot migration traffic.
 * @MIGSEL_CLASS_COLD: The tag of cold migration traffic.
 */
enum migsel_class {
	MIGSEL_CLASS_NONE,
	MIGSEL_CLASS_HOT,
	MIGSEL_CLASS_COLD,

	/* private: */
	__MIGSEL_CLASS_MAX,
	MIGSEL_CLASS_MAX = (__MIGSEL_CLASS_MAX - 1)
};

/**
 * enum migsel_verdict - What becomes of a packet.
 * @MIGSEL_VERDICT_PASS: Leaves by the plain route.
 * @MIGSEL_VERDICT_STEER: Leaves by the chosen vmk.
 * @MIGSEL_VERDICT_REFUSE: Dropped, its sender is told.
 */
enum migsel_verdict {
	MIGSEL_VERDICT_PASS,
	MIGSEL_VERDICT_STEER,
	MIGSEL_VERDICT_REFUSE,
};

/**
 * enum migsel_mode - What is done with decisions.
 * @MIGSEL_MODE_ENFORCE: They are carried out.
 * @MIGSEL_MODE_OBSERVE: They are counted and reported only.
 * @MIGSEL_MODE_OFF: None is made.
 */
enum migsel_mode {
	MIGSEL_MODE_ENFORCE,
	MIGSEL_MODE_OBSERVE,
	MIGSEL_MODE_OFF,

	/* private: */
	__MIGSEL_MODE_MAX,
	MIGSEL_MODE_MAX = (__MIGSEL_MODE_MAX - 1)
};

/**
 * enum migsel_unreachable - What becomes of a packet that is refused.
 * @MIGSEL_UNREACHABLE_REFUSE: It is dropped and its sender told.
 * @MIGSEL_UNREACHABLE_PASS: It leaves by the plain route.
 */
enum migsel_unreachable {
	MIGSEL_UNREACHABLE_REFUSE,
	MIGSEL_UNREACHABLE_PASS,

	/* private: */
	__MIGSEL_UNREACHABLE_MAX,
	MIGSEL_UNREACHABLE_MAX = (__MIGSEL_UNREACHABLE_MAX - 1)
};

/**
 * enum migsel_fallback - What becomes of hot traffic if the only migration vmk
 *   shares a subnet with the first vmk.
 * @MIGSEL_FALLBACK_FIRST_VMK: It leaves by the first vmk, as on ESXi.
 * @MIGSEL_FALLBACK_STRICT: It leaves by the migration vmk.
 */
enum migsel_fallback {
	MIGSEL_FALLBACK_FIRST_VMK,
	MIGSEL_FALLBACK_STRICT,

	/* private: */
	__MIGSEL_FALLBACK_MAX,
	MIGSEL_FALLBACK_MAX = (__MIGSEL_FALLBACK_MAX - 1)
};

/**
 * enum migsel_stack - The TCP/IP stack that a vmk belongs to.
 * @MIGSEL_STACK_DEFAULT: That of the first vmk, and of whatever has no stack
 *   of its own.
 * @MIGSEL_STACK_VMOTION: Its vmks carry hot traffic. While it has one, those
 *   of the default stack carry none.
 * @MIGSEL_STACK_PROVISIONING: Its first vmk carries cold traffic.
 */
enum migsel_stack {
	MIGSEL_STACK_DEFAULT,
	MIGSEL_STACK_VMOTION,
	MIGSEL_STACK_PROVISIONING,

	/* private: */
	__MIGSEL_STACK_MAX,
	MIGSEL_STACK_MAX = (__MIGSEL_STACK_MAX - 1)
};

/**
 * enum migsel_outcome - What a row of the rule's table said of a query.
 * @MIGSEL_OUTCOME_SKIPPED: Its condition does not hold.
 * @MIGSEL_OUTCOME_APPLIED: It decides.
 * @MIGSEL_OUTCOME_NOT_REACHED: A row before it decides.
 */
enum migsel_outcome {
	MIGSEL_OUTCOME_SKIPPED,
	MIGSEL_OUTCOME_APPLIED,
	MIGSEL_OUTCOME_NOT_REACHED,
};

/**
 * enum migsel_vmk_change - What config-set does with a vmk.
 * @MIGSEL_VMK_CHANGE_PUT: The vmk is to be as described, be it one already or
 *   not. A device is described once, and a position given to one vmk.
 * @MIGSEL_VMK_CHANGE_ADD: As vmk-add.
 * @MIGSEL_VMK_CHANGE_SET: As vmk-set.
 * @MIGSEL_VMK_CHANGE_DEL: As vmk-del.
 * @MIGSEL_VMK_CHANGE_FLUSH: As vmk-flush.
 */
enum migsel_vmk_change {
	MIGSEL_VMK_CHANGE_PUT,
	MIGSEL_VMK_CHANGE_ADD,
	MIGSEL_VMK_CHANGE_SET,
	MIGSEL_VMK_CHANGE_DEL,
	MIGSEL_VMK_CHANGE_FLUSH,

	/* private: */
	__MIGSEL_VMK_CHANGE_MAX,
	MIGSEL_VMK_CHANGE_MAX = (__MIGSEL_VMK_CHANGE_MAX - 1)
};

enum {
	MIGSEL_A_COUNTERS_PACKETS = 1,
	MIGSEL_A_COUNTERS_BYTES,
	MIGSEL_A_COUNTERS_PAD,

	__MIGSEL_A_COUNTERS_MAX,
	MIGSEL_A_COUNTERS_MAX = (__MIGSEL_A_COUNTERS_MAX - 1)
};

enum {
	MIGSEL_A_VMK_IFINDEX = 1,
	MIGSEL_A_VMK_IFNAME,
	MIGSEL_A_VMK_POSITION,
	MIGSEL_A_VMK_MIGRATION,
	MIGSEL_A_VMK_WEIGHT,
	MIGSEL_A_VMK_USABLE,
	MIGSEL_A_VMK_HOT,
	MIGSEL_A_VMK_COLD,
	MIGSEL_A_VMK_CHANGE,
	MIGSEL_A_VMK_STACK,
	MIGSEL_A_VMK_PROVISIONING,

	__MIGSEL_A_VMK_MAX,
	MIGSEL_A_VMK_MAX = (__MIGSEL_A_VMK_MAX - 1)
};

enum {
	MIGSEL_A_TAG_MASK = 1,
	MIGSEL_A_TAG_HOT,
	MIGSEL_A_TAG_COLD,

	__MIGSEL_A_TAG_MAX,
	MIGSEL_A_TAG_MAX = (__MIGSEL_A_TAG_MAX - 1)
};

enum {
	MIGSEL_A_POLICY_MODE = 1,
	MIGSEL_A_POLICY_UNREACHABLE,
	MIGSEL_A_POLICY_FALLBACK,

	__MIGSEL_A_POLICY_MAX,
	MIGSEL_A_POLICY_MAX = (__MIGSEL_A_POLICY_MAX - 1)
};

enum {
	MIGSEL_A_ROW_REASON = 1,
	MIGSEL_A_ROW_OUTCOME,

	__MIGSEL_A_ROW_MAX,
	MIGSEL_A_ROW_MAX = (__MIGSEL_A_ROW_MAX - 1)
};

enum {
	MIGSEL_A_CANDIDATE_IFINDEX = 1,
	MIGSEL_A_CANDIDATE_IFNAME,
	MIGSEL_A_CANDIDATE_USABLE,
	MIGSEL_A_CANDIDATE_ROUTED,
	MIGSEL_A_CANDIDATE_PLACED,
	MIGSEL_A_CANDIDATE_WEIGHT,
	MIGSEL_A_CANDIDATE_CHOSEN,
	MIGSEL_A_CANDIDATE_PREFERRED,

	__MIGSEL_A_CANDIDATE_MAX,
	MIGSEL_A_CANDIDATE_MAX = (__MIGSEL_A_CANDIDATE_MAX - 1)
};

enum {
	MIGSEL_A_FACTS_VMKS = 1,
	MIGSEL_A_FACTS_MIGRATION_VMKS,
	MIGSEL_A_FACTS_UNICAST,
	MIGSEL_A_FACTS_BOUND_DEVICE,
	MIGSEL_A_FACTS_BOUND_VMK,
	MIGSEL_A_FACTS_SAME_SUBNET,
	MIGSEL_A_FACTS_STRICT,
	MIGSEL_A_FACTS_FIRST_VMK,
	MIGSEL_A_FACTS_VMOTION_STACK,
	MIGSEL_A_FACTS_PROVISIONING_STACK,
	MIGSEL_A_FACTS_PROVISIONING_VMK,
	MIGSEL_A_FACTS_COLD_SAME_SUBNET,

	__MIGSEL_A_FACTS_MAX,
	MIGSEL_A_FACTS_MAX = (__MIGSEL_A_FACTS_MAX - 1)
};

enum {
	MIGSEL_A_ROUTE_DST4 = 1,
	MIGSEL_A_ROUTE_DST6,
	MIGSEL_A_ROUTE_SRC4,
	MIGSEL_A_ROUTE_SRC6,
	MIGSEL_A_ROUTE_IFINDEX,
	MIGSEL_A_ROUTE_IFNAME,
	MIGSEL_A_ROUTE_MARK,
	MIGSEL_A_ROUTE_CLASS,
	MIGSEL_A_ROUTE_DETAILS,
	MIGSEL_A_ROUTE_VERDICT,
	MIGSEL_A_ROUTE_REASON,
	MIGSEL_A_ROUTE_GATEWAY4,
	MIGSEL_A_ROUTE_GATEWAY6,
	MIGSEL_A_ROUTE_ROW,
	MIGSEL_A_ROUTE_CANDIDATE,
	MIGSEL_A_ROUTE_TABLE,
	MIGSEL_A_ROUTE_PREFIX_LEN,
	MIGSEL_A_ROUTE_IPPROTO,
	MIGSEL_A_ROUTE_SPORT,
	MIGSEL_A_ROUTE_DPORT,
	MIGSEL_A_ROUTE_PLAIN_IFINDEX,
	MIGSEL_A_ROUTE_PLAIN_IFNAME,
	MIGSEL_A_ROUTE_FACTS,

	__MIGSEL_A_ROUTE_MAX,
	MIGSEL_A_ROUTE_MAX = (__MIGSEL_A_ROUTE_MAX - 1)
};

enum {
	MIGSEL_A_STATS_REASON = 1,
	MIGSEL_A_STATS_PACKETS,
	MIGSEL_A_STATS_BYTES,
	MIGSEL_A_STATS_PAD,

	__MIGSEL_A_STATS_MAX,
	MIGSEL_A_STATS_MAX = (__MIGSEL_A_STATS_MAX - 1)
};

enum {
	MIGSEL_A_ALARM_REASON = 1,
	MIGSEL_A_ALARM_DST4,
	MIGSEL_A_ALARM_DST6,
	MIGSEL_A_ALARM_IFINDEX,
	MIGSEL_A_ALARM_IFNAME,
	MIGSEL_A_ALARM_DEV_IFINDEX,
	MIGSEL_A_ALARM_DEV_IFNAME,
	MIGSEL_A_ALARM_LOST,

	__MIGSEL_A_ALARM_MAX,
	MIGSEL_A_ALARM_MAX = (__MIGSEL_A_ALARM_MAX - 1)
};

enum {
	MIGSEL_A_CONFIG_REPLACE = 1,
	MIGSEL_A_CONFIG_TAG,
	MIGSEL_A_CONFIG_POLICY,
	MIGSEL_A_CONFIG_VMK,

	__MIGSEL_A_CONFIG_MAX,
	MIGSEL_A_CONFIG_MAX = (__MIGSEL_A_CONFIG_MAX - 1)
};

enum {
	MIGSEL_CMD_VMK_ADD = 1,
	MIGSEL_CMD_VMK_SET,
	MIGSEL_CMD_VMK_DEL,
	MIGSEL_CMD_VMK_FLUSH,
	MIGSEL_CMD_VMK_GET,
	MIGSEL_CMD_TAG_SET,
	MIGSEL_CMD_TAG_GET,
	MIGSEL_CMD_POLICY_SET,
	MIGSEL_CMD_POLICY_GET,
	MIGSEL_CMD_ROUTE_GET,
	MIGSEL_CMD_STATS_GET,
	MIGSEL_CMD_STATS_RESET,
	MIGSEL_CMD_VMK_ADD_NTF,
	MIGSEL_CMD_VMK_SET_NTF,
	MIGSEL_CMD_VMK_DEL_NTF,
	MIGSEL_CMD_TAG_NTF,
	MIGSEL_CMD_POLICY_NTF,
	MIGSEL_CMD_ALARM_NTF,
	MIGSEL_CMD_CONFIG_SET,
	MIGSEL_CMD_CONFIG_GET,
	MIGSEL_CMD_CONFIG_NTF,

	__MIGSEL_CMD_MAX,
	MIGSEL_CMD_MAX = (__MIGSEL_CMD_MAX - 1)
};

#define MIGSEL_MCGRP_CONFIG	"config"
#define MIGSEL_MCGRP_ALARM	"alarm"

#endif /* _UAPI_LINUX_MIGSEL_H */
