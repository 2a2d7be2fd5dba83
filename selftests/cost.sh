#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet costs does not grow with vmks or their addresses. Counts instructions, and
# is exact with ICOUNT=1 only: ICOUNT=1 make vm RUN=selftests/cost.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

declare -A costs

# address_of FAMILY VMK N: the addresses of all vmks are in one subnet
address_of() {
	if (($1 == 4)); then
		REPLY=10.$(($3 + 1)).$2.1
	else
		printf -v REPLY '2001:db8::%x:%x' $(($2 + 1)) $(($3 + 1))
	fi
}

# measure_from FAMILY SIZE DESTINATION SOURCE [UNROUTED]: the size is "VMKS ADDRESSES"
measure_from() {
	local kind cost
	while read -r kind cost; do
		costs[$1 $kind $2]=$cost
		ktap_print_msg "IPv$1, ${2/ / vmks of } addresses: $kind $cost"
	done < <(in_netns "$N" "$here/cost.py" "$1" "${@:3}" 2>&1)
}

# measure VMKS ADDRESSES: they have other weights, and no route to where r0 has one
measure() {
	local vmks=$1 addrs=$2 family i j
	add_netns N
	printf '%s\n' 'link add r0 up type dummy' 'addr add 192.0.2.1/24 dev r0' 'addr add 2001:db8:9::1/64 dev r0 nodad' |
		ip -n "$N" -b - || fail 'no other device'
	for ((i = 0; i < vmks; i++)); do
		echo "link add d$i up type dummy"
		for ((j = 0; j < addrs; j++)); do
			address_of 4 $i $j
			echo "addr add $REPLY/8 dev d$i"
			address_of 6 $i $j
			echo "addr add $REPLY/64 dev d$i nodad"
		done
	done | ip -n "$N" -b - || fail 'no devices'
	for ((i = 0; i < vmks; i++)); do
		echo "vmk add d$i migration on weight $((i % 255 + 1))"
	done | migsel -n "$N" -b - || fail 'no vmks'
	for family in 4 6; do
		address_of "$family" $((vmks - 1)) $((addrs - 1))
		if ((family == 4)); then
			measure_from 4 "$*" 10.255.255.9 "$REPLY" 192.0.2.9
		else
			measure_from 6 "$*" 2001:db8::ffff:9 "$REPLY" 2001:db8:9::9
		fi
	done
	ip netns del "$N"
}

# The address of a migration vmk, which the first vmk has a thousand times, for other peers.
measure_equal() {
	local i
	add_netns N
	{
		printf 'link add d%d up type dummy\n' 0 1 2
		for ((i = 0; i < 1000; i++)); do
			echo "addr add 10.9.9.9 peer 172.16.$((i / 250)).$((i % 250)) dev d0"
		done
		printf '%s\n' 'addr add 10.2.2.2/8 dev d0' 'addr add 10.1.1.1/8 dev d1' 'addr add 10.9.9.9/8 dev d2'
	} | ip -n "$N" -b - || fail 'no devices'
	printf 'vmk add %s\n' d0 'd1 migration on' 'd2 migration on' | migsel -n "$N" -b - || fail 'no vmks'
	measure_from 4 '3 1000' 10.255.255.9 10.9.9.9
	ip netns del "$N"
}

# at_most KIND INSTRUCTIONS [CONFIGURATION]...: "FAMILY SIZE", by default all
at_most() {
	local kind=$1 limit=$2 it
	shift 2
	(($#)) || set -- {4,6}\ {2\ 1,256\ 40}
	for it; do
		REPLY=${costs[${it%% *} $kind ${it#* }]-}
		((${REPLY:-100000000} <= limit)) || fail "IPv$it: ${REPLY:-nothing} instructions"
	done
}

need python3
ktap_print_header
ktap_set_plan 6
measure 2 1
measure 256 40
measure_equal
run_test 'a packet of a socket that is bound to an address' at_most bound 2500
run_test 'a cold packet of such a socket' at_most cold 2500
run_test 'a packet that belongs to no flow' at_most flowless 2500
run_test 'the first packet of a flow' at_most first 70000
run_test 'the first packet of a flow that no vmk has a route for' at_most unrouted 1000000
run_test 'a packet of a socket that is bound to one of many equal addresses' at_most bound 2500 '4 3 1000'
ktap_finished
