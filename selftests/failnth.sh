#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# failnth.sh [GROUP...]    every allocation of an operation fails once, in turn: what
#                          fails says so and changes nothing, no packet leaves by a
#                          wrong NIC. Needs a kernel with fault injection.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

need python3
add_netns A
add_netns B
fault=/sys/kernel/debug/failslab
[[ -d $fault ]] || ktap_exit_fail_msg 'this kernel has no fault injection'
echo N >"$fault/ignore-gfp-wait"
echo 0 >"$fault/verbose"
# Whether it takes new pages is up to what was freed before: those do not count, or each
# sweep would count differently.
echo 30 >/sys/kernel/debug/fail_page_alloc/min-order
# New namespaces, and modules that come and go, wait for RCU by the dozen.
[[ ! -e /sys/kernel/rcu_expedited ]] || echo 1 >/sys/kernel/rcu_expedited
in_netns "$A" bash -c "$sysctls"
# shellcheck disable=SC2016  # for another bash
in_netns "$B" bash -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
# Neighbours are known: nothing is sent but what the test sends. vmk2 has the best
# route, and no decision is for it.
for n in 0 1 2; do
	echo "link add vmk$n netns $A type veth peer name peer$n netns $B address 02:00:00:00:00:0$n"
done | ip -b - || ktap_exit_fail_msg 'no links'
printf 'link set peer%d up\n' 0 1 2 | ip -n "$B" -b - || ktap_exit_fail_msg 'no links'
nets=(192.0.2 198.51.100 203.0.113) metrics=(20 30 10)
for n in 0 1 2; do
	echo "addr add ${nets[n]}.1/24 dev vmk$n"
	echo "addr add 2001:db8:$n::1/64 dev vmk$n nodad"
	echo "link set vmk$n up"
	for far in 198.18.0.1 2001:db8:f::1; do
		echo "neigh add $far lladdr 02:00:00:00:00:0$n dev vmk$n nud permanent"
		echo "route add $far dev vmk$n metric ${metrics[n]}"
	done
done | ip -n "$A" -b - || ktap_exit_fail_msg 'no addresses'
in_netns "$A" "$here/failnth.py" "$B" "$@"
