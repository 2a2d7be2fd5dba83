#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which of several migration vmks a flow lives on. vmk0 is first in everything but
# migration, so plain Linux would send it all by vmk0.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

three='tcp udp udpu'

# open_each DEST SPLIT PROTOS [,EXTRA]: flows that end at once, by these NICs
open_each() {
	local proto family
	traffic $(both hot "$1" "$3" "${4-}")
	results '*' ok
	for family in 4 6; do
		for proto in $3; do
			leaves_split "$family-hot-$proto.*" "$2"
		done
	done
}

# To another address, as a datagram from a port that comes up again belongs to the flow that had it.
weights() {
	shape S S 0 1 2
	vmks vmk0 vmk1+3 vmk2+1
	open_each 1 '0 6 2' "$three" ,n=8
	reasons multi-nic
	migsel -n "$A" vmk set vmk2 weight 3 || fail 'no weight'
	open_each 2 '0 4 4' "$three" ,n=8
}

first_vmk_weighs() {
	shape S S 2 1 0
	vmks vmk0+2 vmk1+1 vmk2+1
	open_each 1 '4 2 2' "$three" ,n=8
}

# After every single flow the counts differ by one at most.
one_by_one() {
	local i count1=0 count2=0
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 "$three" ,n=7)
	for label in {4,6}-hot-{tcp,udp,udpu}; do
		count1=0 count2=0
		for ((i = 0; i < 7; i++)); do
			split "$label.$i"
			((count1 += ${REPLY:2:1}, count2 += ${REPLY:4:1}))
			((count1 - count2 <= 1 && count2 - count1 <= 1)) || fail "$label: $count1 and $count2 after $((i + 1)) flows"
		done
		((count1 + count2 == 7)) || fail "$label: $count1 and $count2"
	done
}

# Were flows counted while they live, each would find vmk1 empty.
closing_does_not_rebalance() {
	local round want=(unused '0 1 0' '0 0 1')
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	for round in 1 2 1 2; do
		open_each 1 "${want[round]}" tcp
	done
}

# The other family's flows do not count.
families_apart() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(specs 4 hot "$(to 4 1)" tcp)
	leaves_by '4-*' vmk1
	traffic $(specs 6 hot "$(to 6 1)" 'tcp udp') $(specs 4 hot "$(to 4 1)" udp)
	leaves_by '6-hot-tcp.0' vmk1
	leaves_by '6-hot-udp.0' vmk2
	leaves_by '4-hot-udp.0' vmk2
}

link_loss() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	meter_anew
	start_flows -l $(both hot 1 "$three" ,n=4)
	more_by 5 vmk1 200000
	homes
	[[ " ${home[*]} " != *0* && ${home[*]} == *1* && ${home[*]} == *2* ]] || fail "flows are on NICs ${home[*]}"
	ip -n "$SW" link set a1 down
	more_by 2 vmk2 200000
	meter_anew
	more_by 5 vmk2 1000000
	meter_read
	leaves_by '*' vmk2

	ip -n "$SW" link set a1 up
	wait_for 5 route_get 'vmk1 multi-nic' "$(to 4 1)" tag hot || fail "next flow after link is back: $REPLY"
	meter_anew
	more_by 5 vmk2 1000000
	stop_flows
	meter_read
	results '*' ok
	nothing_longer '*' 2000
	sent=()
	leaves_by '*' vmk2
	open_each 1 '0 2 2' tcp ,n=4
}

# A flow on the NIC that stays does not notice.
others_stay() {
	local id
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	meter_anew
	start_flows -l $(both hot 1 "$three" ,n=4)
	more_by 5 vmk1 200000
	homes
	[[ ${home[*]} == *1* && ${home[*]} == *2* ]] || fail "flows are on NICs ${home[*]}"
	ip -n "$SW" link set a2 down
	defer "ip -n $SW link set a2 up"
	more_by 2 vmk1 200000
	more_by 5 vmk1 1000000
	meter_read
	for id in "${!home[@]}"; do
		nics_of "$id"
		[[ ${home[$id]},$REPLY == @(1,1|2,12) ]] ||
			fail "$id: was on ${home[$id]}, has left by $REPLY"
	done
	stop_flows
	results '*' ok
}

# With one NIC left it is still a multi-NIC configuration.
one_left() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	ip -n "$SW" link set a1 down
	defer "ip -n $SW link set a1 up"
	open_each 1 '0 0 4' "$three" ,n=4
	reasons multi-nic
	traffic $(both hot 1 "$three" ,from=%1)
	leaves_by '*-udp*' vmk2
	reasons multi-nic
}

# What is bound to the address of a NIC leaves by another while its link is down, and no longer.
bound_comes_back() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	meter_anew
	start_flows -l $(both hot 1 'udp udpu' ,n=2,from=%1)
	more_by 5 vmk1 50000
	ip -n "$SW" link set a1 down
	defer "ip -n $SW link set a1 up"
	more_by 5 vmk2 50000
	ip -n "$SW" link set a1 up
	more_by 5 vmk1 50000
	meter_anew
	more_by 5 vmk1 200000
	stop_flows
	meter_read
	results '*' ok
	sent=()
	leaves_by '*' vmk1
}

# far is behind vmk0, which plain Linux takes, and vmk2 only.
only_with_a_route() {
	local family
	shape D D 0 1 2
	for family in 4 6; do
		far_routes "$family" | grep vmk1 | sed s/replace/del/
		far_routes "$family" | grep vmk0 | sed 's/metric .*/metric 5/'
	done | ip -n "$A" -b - || fail 'no routes'
	vmks vmk0 vmk1+ vmk2+
	open_each far '0 0 4' "$three" ,n=4
	reasons multi-nic
	for family in 4 6; do
		far_routes "$family" | grep vmk0 | sed 's/replace/del/; s/metric .*/metric 5/'
	done | ip -n "$A" -b - || fail 'no routes'
}

asked_next() {
	local i next family
	shape S S 0 1 2
	vmks vmk0 vmk1+2 vmk2+1
	for family in 4 6; do
		for i in 1 2 3 4; do
			route_get none "$(to "$family" 1)" tag hot
			next=$REPLY
			route_get "$next" "$(to "$family" 1)" tag hot || fail "to ask changes the answer: $next, $REPLY"
			traffic $(specs "$family" hot "$(to "$family" 1)" udp)
			leaves_by '*' "${next%% *}"
		done
	done
}

# What changes the members makes room for counting anew.
members_change() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	open_each 1 '0 1 0' tcp
	migsel -n "$A" vmk set vmk0 migration on || fail 'no change'
	open_each 1 '1 1 1' tcp ,n=3
	migsel -n "$A" vmk set vmk2 position 0 || fail 'no change'
	open_each 1 '0 0 1' tcp
	migsel -n "$A" vmk set vmk2 position 2 migration off || fail 'no change'
	open_each 1 '2 2 0' tcp ,n=4
}

# leaves_the_set CLASS GONE STAYS: a flow stays until its vmk leaves the set; where it goes then
# it stays, too.
leaves_the_set() {
	local id gone=$2 stays=$3
	shape S S 1 0 2
	vmks vmk0+ vmk1+ vmk2
	meter_anew
	start_flows -l $(both "$1" 1 "$three" ,n=2)
	more_by 5 "vmk$stays" 100000
	homes
	[[ ${home[*]} == *0* && ${home[*]} == *1* ]] || fail "flows are on NICs ${home[*]}"
	printf 'vmk set vmk%d migration %s\n' 2 on "$gone" off | migsel -n "$A" -b - || fail 'no change'
	meter_anew
	more_by 5 "vmk$stays" 1000000
	meter_read
	for id in "${!home[@]}"; do
		nics_of "$id"
		[[ ${home[$id]},$REPLY == @($gone,[2$stays]|$stays,$stays) ]] ||
			fail "$id: was on ${home[$id]}, is on $REPLY"
	done
	migsel -n "$A" vmk set "vmk$gone" migration on || fail 'no change'
	homes
	meter_anew
	more_by 5 "vmk$stays" 1000000
	stop_flows
	meter_read
	for id in "${!home[@]}"; do
		nics_of "$id"
		[[ $REPLY == "${home[$id]}" ]] || fail "$id: moved from ${home[$id]} to $REPLY"
	done
	results '*' ok
}

tagged_socket_leaves() { leaves_the_set hot 0 1; }

# Its socket keeps the plain route, which is by the vmk that leaves.
tagged_by_rule_leaves() {
	in_netns "$A" nft -f - <<-END || fail 'no rule'
		table inet tagging {
			chain out { type filter hook output priority 0; meta mark set $hot; }
		}
	END
	defer "in_netns $A nft delete table inet tagging"
	leaves_the_set none 1 0
}

need nft
ktap_print_header
ktap_set_plan 14
make_hosts
run_test 'weights' weights
run_test 'three members, one of them the first vmk' first_vmk_weighs
run_test 'fair after every flow' one_by_one
run_test 'closing a flow does not rebalance' closing_does_not_rebalance
run_test 'families are counted apart' families_apart
run_test 'flows move on link loss, and not back' link_loss
run_test 'flows of the other NIC do not move' others_stay
run_test 'multi-NIC with one link left' one_left
run_test 'what is bound comes back to its NIC' bound_comes_back
run_test 'a member without a route is left out' only_with_a_route
run_test 'route get names the next' asked_next
run_test 'members change' members_change
run_test 'a flow stays while its vmk is in the set' tagged_socket_leaves
run_test 'a flow that a rule tags stays while its vmk is in the set' tagged_by_rule_leaves
ktap_finished
