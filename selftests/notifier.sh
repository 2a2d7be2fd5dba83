#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Devices and addresses change under a configuration: a request sees the change at once,
# packets a moment later.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

# on_a COMMAND...: ip commands
on_a() { printf '%s\n' "$@" | ip -n "$A" -b - || fail "ip: $*"; }

# hot4 and hot6 ANSWER [NIC]: for hot traffic to that NIC of B, vmk1's if not said
hot4() { says_route "$1" "$(to 4 "${2-1}")" tag hot; }
hot6() { wait_for 2 route_get "$1" "$(to 6 "${2-1}")" tag hot || fail "route get 6: '$REPLY', not '$1'"; }

own_subnet() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	hot4 'vmk1 dedicated-subnet'
	hot6 'vmk1 dedicated-subnet'
}

# added_to_vmk0 ANSWER ADDRESS4 ADDRESS6: while vmk0 has them, and no longer
added_to_vmk0() {
	own_subnet
	on_a "addr add $2 dev vmk0" "addr add $3 dev vmk0 nodad"
	hot4 "$1"
	hot6 "$1"
	on_a "addr del $2 dev vmk0" "addr del $3 dev vmk0"
	hot4 'vmk1 dedicated-subnet'
	hot6 'vmk1 dedicated-subnet'
}

same_prefix() { added_to_vmk0 'vmk0 same-subnet' 198.51.100.30/24 2001:db8:1::30/64; }

# Not the same length: not the same subnet, though they overlap.
longer_prefix() { added_to_vmk0 'vmk1 dedicated-subnet' 198.51.100.30/28 2001:db8:1::30/80; }
shorter_prefix() { added_to_vmk0 'vmk1 dedicated-subnet' 198.51.100.30/16 2001:db8:1::30/48; }

# On both, and still no subnet.
host_prefix() {
	added_to_vmk0 'vmk1 dedicated-subnet' 198.51.100.30/32 2001:db8:1::30/128
	on_a 'addr add 203.0.113.77/32 dev vmk0' 'addr add 203.0.113.77/32 dev vmk1' \
		'addr add 2001:db8:2::77/128 dev vmk0' 'addr add 2001:db8:2::77/128 dev vmk1'
	hot4 'vmk1 dedicated-subnet'
	hot6 'vmk1 dedicated-subnet'
}

# A second address in the subnet of the first one on the device.
secondary() {
	own_subnet
	on_a 'addr add 192.0.2.111/24 dev vmk1' 'addr add 192.0.2.112/24 dev vmk1' \
		'addr add 2001:db8::111/64 dev vmk1 nodad'
	hot4 'vmk0 same-subnet' 0
	hot6 'vmk0 same-subnet' 0
	on_a 'addr del 192.0.2.112/24 dev vmk1'
	hot4 'vmk0 same-subnet' 0
	on_a 'addr del 192.0.2.111/24 dev vmk1' 'addr del 2001:db8::111/64 dev vmk1'
	hot4 'refuse no-route' 0
	hot6 'refuse no-route' 0
}

# The prefix of a point-to-point address is that of its peer. Of that IPv6 has no
# route but to the peer itself.
point_to_point() {
	own_subnet
	on_a 'addr add 203.0.113.1 peer 198.51.100.99/24 dev vmk0' \
		'addr add 2001:db8:2::1 peer 2001:db8:1::99/64 dev vmk0 nodad'
	hot4 'vmk0 same-subnet'
	wait_for 2 route_get 'vmk0 same-subnet' 2001:db8:1::99 tag hot || fail "to the peer: $REPLY"
	on_a 'addr del 203.0.113.1 peer 198.51.100.99/24 dev vmk0' \
		'addr del 2001:db8:2::1 peer 2001:db8:1::99/64 dev vmk0'
	added_to_vmk0 'vmk1 dedicated-subnet' '198.51.100.40 peer 10.9.9.9/24' '2001:db8:1::40 peer 2001:db8:9::9/64'
}

no_address() {
	own_subnet
	on_a 'addr flush dev vmk1 scope global' \
		"route replace $(far 4) dev vmk1 metric 5" "route replace $(far 6) dev vmk1 metric 5"
	says_route 'refuse link-down' "$(far 4)" tag hot
	wait_for 2 route_get 'refuse link-down' "$(far 6)" tag hot || fail "far 6: $REPLY"
	on_a "route del $(far 4) metric 5" "route del $(far 6) metric 5"
	own_subnet
}

# A tentative address counts.
tentative() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	# shellcheck disable=SC2016  # for another bash
	in_netns "$A" bash -c 'for f in /proc/sys/net/ipv6/conf/{all,vmk1}/accept_dad; do echo 1 >$f; done
		echo 30 >/proc/sys/net/ipv6/conf/vmk1/dad_transmits'
	defer "in_netns $A bash -c 'for f in /proc/sys/net/ipv6/conf/{all,vmk1}/accept_dad; do echo 0 >\$f; done'"
	on_a 'addr del 2001:db8:1::11/64 dev vmk1' 'addr add 2001:db8:1::12/64 dev vmk1'
	[[ $(ip -n "$A" -6 addr show dev vmk1 tentative) == *2001:db8:1::12* ]] || fail 'the address is not tentative'
	hot6 'vmk1 dedicated-subnet'
	shows_vmks '1: vmk1 .* usable'
}

# The IPv6 addresses of a device that is down are gone, and their subnet with them.
administratively_down() {
	shape S S 0 1 2
	vmks vmk0 vmk1+
	hot6 'vmk0 same-subnet'
	on_a 'link set vmk1 down'
	hot4 'vmk0 same-subnet'
	hot6 'refuse link-down'
	on_a 'link set vmk1 up' "addr add $(address 6 S 1 1)/64 dev vmk1 nodad"
	hot6 'vmk0 same-subnet'
	own_subnet
	on_a 'link set vmk1 down' "route add $(to 4 1) dev vmk0"
	hot4 'refuse link-down'
	on_a "route del $(to 4 1) dev vmk0" 'link set vmk1 up'
	hot4 'vmk1 dedicated-subnet'
}

carrier() {
	own_subnet
	shows_vmks '1: vmk1 .* usable'
	ip -n "$SW" link set a1 down
	hot4 'refuse link-down'
	hot6 'refuse link-down'
	shows_vmks '1: vmk1 .* unusable'
	ip -n "$SW" link set a1 up
	wait_for 2 route_get 'vmk1 dedicated-subnet' "$(to 4 1)" tag hot || fail "link is up: $REPLY"
	hot6 'vmk1 dedicated-subnet'
	ip -n "$SW" link set a0 down
	says_route 'refuse link-down' "$(to 4 0)" tag cold
	ip -n "$SW" link set a0 up
	wait_for 2 route_get 'vmk0 cold-first-vmk' "$(to 4 0)" tag cold || fail "link is up: $REPLY"
}

# The order of vmks is not that of routes, indices or names.
order() {
	shape S S 0 1 2
	vmks vmk0 vmk1+
	on_a 'link set vmk0 down' 'link set vmk0 up' "addr add $(address 6 S 1 0)/64 dev vmk0 nodad"
	shows_vmks '^0: vmk0 .*1: vmk1 '
	wait_for 2 route_get 'vmk0 same-subnet' "$(to 4 1)" tag hot || fail "after a flap: $REPLY"
	hot6 'vmk0 same-subnet'
	vmks vmk2 vmk0 vmk1+
	hot4 'vmk2 same-subnet'
	migsel -n "$A" vmk set vmk0 position 0 || fail 'no position'
	shows_vmks '^0: vmk0 .*1: vmk2 .*2: vmk1 '
	hot4 'vmk0 same-subnet'
	! migsel -n "$A" vmk set vmk0 position 3 2>/dev/null || fail 'a position beyond the end'
}

# vmks on a device leave with it, and do not come back by themselves.
parent_deletion() {
	shape D D 0 1 2
	on_a 'link add parent type dummy' 'link add mig1 link parent type macvlan' \
		'link add mig2 link parent type macvlan' 'link set parent up' 'link set mig1 up' 'link set mig2 up'
	vmks vmk0 mig1+ mig2+
	start_monitor
	on_a 'link del parent'
	heard '"event":"vmk-del","ifname":"mig[12]"' || fail 'the monitor does not tell of one'
	heard '"event":"vmk-del","ifname":"mig[12]"' || fail 'the monitor does not tell of the other'
	shows_vmks $'^0: vmk0 [^\n]*$'
	hot4 'refuse no-migration-vmk'
	on_a 'link add mig1 type dummy'
	shows_vmks $'^0: vmk0 [^\n]*$'
	on_a 'link del mig1'
}

# The first vmk leaves: the next one is first.
first_leaves() {
	shape S S 0 1 2
	on_a 'link add head type dummy' 'addr add 192.0.2.99/24 dev head' 'link set head up'
	vmks head vmk0 vmk1+
	on_a 'link del head'
	shows_vmks $'^0: vmk0 [^\n]*\n1: vmk1 [^\n]*$'
	hot4 'vmk0 same-subnet'
}

need nft
ktap_print_header
ktap_set_plan 13
make_hosts
run_test 'address in the migration subnet on the first vmk' same_prefix
run_test 'longer prefix on the first vmk' longer_prefix
run_test 'shorter prefix on the first vmk' shorter_prefix
run_test 'host prefixes' host_prefix
run_test 'secondary addresses' secondary
run_test 'point-to-point addresses' point_to_point
run_test 'no address but link-local' no_address
run_test 'tentative addresses' tentative
run_test 'administratively down' administratively_down
run_test 'carrier' carrier
run_test 'order of vmks' order
run_test 'deletion of a parent' parent_deletion
run_test 'deletion of the first vmk' first_leaves
ktap_finished
