#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "migsel route get -d" answers and what becomes of such a packet are the same,
# for random configurations. SEED=N repeats a run.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

tools=(python3)

begin_tests "$("$here/route_get.py" count)"
build
add_netns A
in_netns "$A" bash -c "$sysctls
	echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations
	ip link set lo up"
printf 'link add vmk%d type dummy\n' 0 1 2 3 | ip -n "$A" -b - || bail 'no devices'
seed=${SEED:-$RANDOM}
note "SEED=$seed"
while IFS=$'\t' read -r name problem; do
	case $name in
	shape* | every*) ;;
	'# '*) echo "$name"; continue ;;
	*) fail "$name"; continue ;;
	esac
	[[ -z $problem ]] || fail "$problem"
	end_test "$name"
done < <(nsenter --net="/run/netns/$A" "$here/route_get.py" "$seed" 2>&1)
end_tests
