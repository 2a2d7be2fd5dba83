#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "migsel route get -d" answers and what becomes of such a packet are the same,
# for random configurations. SEED=N repeats a run.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

need python3
add_netns A
in_netns "$A" bash -c "$sysctls
	echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations
	ip link set lo up"
printf 'link add vmk%d type dummy\n' 0 1 2 3 | ip -n "$A" -b - || ktap_exit_fail_msg 'no devices'
in_netns "$A" "$here/route_get.py" "${SEED:-$RANDOM}"
