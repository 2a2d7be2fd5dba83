#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet costs does not grow with vmks or their addresses. Counts instructions, and
# is exact with ICOUNT=1 only: ICOUNT=1 make vm RUN=selftests/cost.sh
# shellcheck disable=SC2034  # read by lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

tools=(python3)

declare -A costs

# address_of FAMILY VMK N: the addresses of all vmks are in one subnet
address_of() {
	if (($1 == 4)); then
		REPLY=10.$(($3 + 1)).$2.1
	else
		printf -v REPLY '2001:db8::%x:%x' $(($2 + 1)) $(($3 + 1))
	fi
}

# measure VMKS ADDRESSES
measure() {
	local vmks=$1 addrs=$2 family i j kind cost
	add_netns N
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
		echo "vmk add d$i migration on"
	done | migsel -n "$N" -b - || fail 'no vmks'
	for family in 4 6; do
		address_of "$family" $((vmks - 1)) $((addrs - 1))
		to=10.255.255.9
		((family == 4)) || to=2001:db8::ffff:9
		while read -r kind cost; do
			costs[$family $kind $vmks $addrs]=$cost
			note "IPv$family, $vmks vmks of $addrs addresses: $kind $cost"
		done < <(in_netns "$N" "$here/cost.py" "$family" "$to" "$REPLY" 2>&1)
	done
	ip netns del "$N"
}

# at_most KIND INSTRUCTIONS: in every configuration
at_most() {
	local family size
	for family in 4 6; do
		for size in '2 1' '256 40'; do
			((${costs[$family $1 $size]-1000000} <= $2)) ||
				fail "IPv$family, $size: ${costs[$family $1 $size]-nothing} instructions"
		done
	done
}

begin_tests 4
measure 2 1
measure 256 40
run 'a packet of a socket that is bound to an address' at_most bound 2500
run 'a cold packet of such a socket' at_most cold 2500
run 'a packet that belongs to no flow' at_most flowless 2500
run 'the first packet of a flow' at_most first 70000
end_tests
