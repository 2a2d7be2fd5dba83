#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Senders on one CPU that preempt each other wherever the kernel lets them: with
# PREEMPT_RT almost anywhere, bottom halves off or not. They share what is per CPU.
#
#   namespace $A               namespace $SW
#   vmk0 ------------- a0 -+
#   vmk1 ------------- a1 -+ bridge0 (forwards nothing, and looks at MACs)
#
# Behind each of 64 gateways is a network; the gateways exist as MACs only.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

n_gateways=64 threads=8 seconds=4

# peer FAMILY N: in the network behind gateway N
peer() { (($1 == 4)) && echo "198.18.$2.1" || echo "2001:db8:18:$2::1"; }

# gateway FAMILY NIC N
gateway() { (($1 == 4)) && echo "10.$2.0.$((100 + $3))" || echo "2001:db8:a$2::$((100 + $3))"; }

# mac NIC N: of the gateway
mac() { printf '02:00:00:01:%02x:%02x' "$1" "$2"; }

make_links() {
	local family nic n
	build
	add_netns A
	add_netns SW
	sender=$A
	{
		echo 'link add name bridge0 type bridge mcast_snooping 0'
		echo 'link set bridge0 up'
		for nic in 0 1; do
			echo "link add vmk$nic netns $A type veth peer name a$nic netns $SW"
			echo "link set a$nic master bridge0 up"
			echo "link set a$nic type bridge_slave flood off learning off"
		done
	} | ip -n "$SW" -b - || ktap_exit_fail_msg 'no links'
	{
		echo 'link set lo up'
		for nic in 0 1; do
			echo "link set vmk$nic up"
			echo "addr add 10.$nic.0.1/24 dev vmk$nic"
			echo "addr add 2001:db8:a$nic::1/64 dev vmk$nic nodad"
		done
		for nic in 0 1; do
			for ((n = 1; n <= n_gateways; n++)); do
				for family in 4 6; do
					echo "neigh add $(gateway $family $nic $n) lladdr $(mac $nic $n) dev vmk$nic nud permanent"
					echo "route add $(peer $family $n) via $(gateway $family $nic $n) dev vmk$nic metric $((10 + nic))"
				done
			done
		done
	} | ip -n "$A" -b - || ktap_exit_fail_msg 'no routes'
	in_netns "$SW" nft -f - <<-END || ktap_exit_fail_msg 'no meter'
		table bridge wire {
			counter right { }
			counter wrong { }
			set right4 { typeof ether daddr . ip daddr; elements = { $(pairs 4) } }
			set right6 { typeof ether daddr . ip6 daddr; elements = { $(pairs 6) } }
			chain tap {
				type filter hook prerouting priority 0
				udp dport 5001 ether daddr . ip daddr @right4 counter name right accept
				udp dport 5001 ether daddr . ip6 daddr @right6 counter name right accept
				udp dport 5001 counter name wrong
			}
		}
	END
}

# pairs FAMILY: the MACs behind vmk1 and what is behind these
pairs() {
	local n
	for ((n = 1; n <= n_gateways; n++)); do
		echo "$(mac 1 $n) . $(peer "$1" $n),"
	done
}

# counted NAME: packets, into REPLY
counted() {
	REPLY=$(in_netns "$SW" nft list counter bridge wire "$1")
	[[ $REPLY =~ packets\ ([0-9]+) ]]
	REPLY=${BASH_REMATCH[1]}
}

# dropped: packets that the other end of vmk1 was not served in time for, into REPLY
dropped() { REPLY=$(ip -n "$SW" -s -j link show dev a1 | jq '.[0].stats64.rx.dropped'); }

# flood FAMILY: every packet goes to the gateway of its destination. Who sends faster than
# a NIC's other end is served, loses some there.
flood() {
	local n result went failed lost
	local -a peers=()
	vmks vmk0 vmk1+
	in_netns "$SW" nft reset counters >/dev/null
	for ((n = 1; n <= n_gateways; n++)); do
		peers+=("$(peer "$1" "$n")")
	done
	dropped
	lost=$REPLY
	result=$(in_netns "$A" "$work/flood" "$hot" 5001 "$threads" "$seconds" "${peers[@]}")
	read -r went failed <<<"$result"
	[[ $failed == 0 ]] || fail "of the calls '$failed' failed"
	((went >= 1000)) || fail "only '$went' packets were sent"
	dropped
	((lost = REPLY - lost))
	counted right
	((REPLY > 0 && REPLY + lost >= went)) ||
		fail "only $REPLY of $went packets went to their gateway, and $lost were lost"
	counted wrong
	((REPLY == 0)) || fail "$REPLY packets went to a wrong gateway"
	read_stats
	((${packets[dedicated-subnet]-0} == went)) || fail "${packets[dedicated-subnet]-0} of $went packets were counted"
	ktap_print_msg "$went packets, of which $lost were lost"
}

# What they have left does not keep the device.
device_goes() {
	local -i start=SECONDS
	ip -n "$A" link del vmk1 || fail 'no deletion'
	((SECONDS - start < 5 * slow)) || fail "it took $((SECONDS - start)) s"
}

need jq
ktap_print_header
ktap_set_plan 3
make_links
run_test "$threads senders on one CPU, IPv4" flood 4
run_test "$threads senders on one CPU, IPv6" flood 6
run_test 'the device can be deleted' device_goes
ktap_finished
