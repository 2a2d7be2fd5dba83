#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The golden cases of the egress rule. Plain Linux sends by the NIC whose route is
# first: it is always another one than the case expects, where the case allows it.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

all='tcp udp udpu icmp'

# golden NAME COMMAND...: what was found about IPv4 and IPv6 is told apart
golden() {
	local name=$1 mark=${#deferred[@]} problem four=() six=()
	shift
	"$@"
	undo "$mark"
	for problem in "${problems[@]}"; do
		[[ $problem == 6-* ]] || four+=("$problem")
		[[ $problem == 4-* ]] || six+=("$problem")
	done
	problems=("${four[@]}")
	end_test "$name, IPv4"
	problems=("${six[@]}")
	end_test "$name, IPv6"
}

g1() {
	shape D D 2 1 0
	vmks vmk0 vmk1+
	traffic $(both hot far "$all") $(both cold far "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons dedicated-subnet cold-first-vmk
}

g2() {
	shape S S 1 2 0
	vmks vmk0 vmk1+
	traffic $(both hot 1 "$all") $(both cold 0 "$all")
	results '*' ok
	leaves_by '*' vmk0
	reasons same-subnet cold-first-vmk
}

g3() {
	local family received
	shape S S 1 2 0
	vmks vmk0 vmk1+
	nic_bytes "$b_pid" vmk1 rx
	received=$REPLY
	traffic $(both hot 1 "$all" ,from=%1) $(both cold 0 "$all")
	nic_bytes "$b_pid" vmk1 rx
	((REPLY - received >= 250000)) || fail "B has received $((REPLY - received)) bytes on vmk1"
	results '*' ok
	leaves_by '*' vmk0
	for family in 4 6; do
		comes_from "$family-hot-*" "$(address "$family" S 1 1)" vmk0
	done
	reasons same-subnet cold-first-vmk
}

g4() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 'tcp udp udpu' ,n=8) $(both cold 0 "$all")
	results '*' ok
	leaves_by '*-cold-*' vmk0
	for label in {4,6}-hot-{tcp,udp,udpu}; do
		leaves_split "$label.*" '0 4 4'
	done
	reasons multi-nic cold-first-vmk
}

g5() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 'tcp udp udpu' ,n=3,from=%2) $(both cold 0 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk2
	leaves_by '*-cold-*' vmk0
	reasons multi-nic-bound cold-first-vmk
}

g6() {
	shape S S 1 2 0
	vmks vmk0+ vmk1
	traffic $(both hot 1 "$all") $(both cold 0 "$all")
	results '*' ok
	leaves_by '*' vmk0
	reasons single-nic cold-first-vmk
}

g7() {
	shape S S 2 1 0
	vmks vmk0+ vmk1+ vmk2
	traffic $(both hot 1 'tcp udp udpu' ,n=8) $(both cold 0 "$all")
	results '*' ok
	leaves_by '*-cold-*' vmk0
	for label in {4,6}-hot-{tcp,udp,udpu}; do
		leaves_split "$label.*" '4 4 0'
	done
	reasons multi-nic cold-first-vmk
}

g8() {
	shape S S 1 2 0
	vmks vmk0 vmk1
	traffic $(both hot 1 "$all") $(both cold 0 "$all")
	results '*-hot-*' EHOSTUNREACH
	results '*-cold-*' ok
	leaves_not '*-hot-*' vmk0 vmk1 vmk2
	leaves_by '*-cold-*' vmk0
	reasons no-migration-vmk cold-first-vmk
}

# Unbound senders get vmk0's address: replies go on when vmk1 is gone.
g9() {
	local id
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	meter_anew
	start_flows -l $(both hot 1 'tcp udp udpu' ,n=4) $(both cold 0 "$all") \
		$(both hot 1 udp ,n=2,from=%1 | sed 's/hot-udp/hot-udp-bound/g')
	more_by 5 vmk1
	more_by 5 vmk2
	meter_read
	leaves_split '4-hot-tcp.*' '0 2 2'
	leaves_split '6-hot-tcp.*' '0 2 2'
	leaves_not '*-hot-*' vmk0
	ip -n "$SW" link set a1 down
	defer "ip -n $SW link set a1 up"
	more_by 2 vmk2
	meter_anew
	more_by 5 vmk2 1000000
	stop_flows
	meter_read
	for id in "${!sent[@]}"; do
		sent["$id"]=0
	done
	results '*' ok
	nothing_longer '[46]-*-*[!d].*' 2000
	leaves_by '*-hot-*' vmk2
	leaves_by '*-cold-*' vmk0
}

# The NICs vmk1 and vmk2 of A give way to macvlans on what was vmk1.
g10() {
	local n
	shape S S 0 1 2
	{
		printf 'addr flush dev vmk%d scope global\n' 1 2
		printf 'link set vmk%d down\n' 1 2
		echo 'link set vmk1 name parent up'
		echo 'link set vmk2 name spare'
		for n in 1 2; do
			echo "link add vmk$n link parent address 02:00:00:00:0a:1$n type macvlan mode bridge"
			echo "link set vmk$n up"
		done
		addresses 1 S S 1 2
	} | ip -n "$A" -b - || fail 'no macvlans'
	defer "printf '%s\n' 'link del vmk1' 'link del vmk2' 'link set parent down' 'link set parent name vmk1 up' 'link set spare name vmk2 up' | ip -n $A -b -"
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 'tcp udp udpu' ,n=4) $(both cold 0 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons multi-nic cold-first-vmk
	macvlans=()
	for n in "${source_mac[@]}"; do
		macvlans[10#${n##*:}]+=.
	done
	((${#macvlans[11]} == 12 && ${#macvlans[12]} == 12)) || fail "macvlans have sent ${#macvlans[11]} and ${#macvlans[12]} flows"
}

g11() {
	shape S D 1 2 0
	vmks vmk0 vmk1+
	traffic $(specs 4 hot "$(to 4 1)" "$all"; specs 6 hot "$(far 6)" "$all"
		specs 4 cold "$(to 4 1)" "$all"; specs 6 cold "$(far 6)" "$all")
	results '*' ok
	leaves_by '4-hot-*' vmk0
	leaves_by '6-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons same-subnet dedicated-subnet cold-first-vmk
}

g12() {
	local family
	shape D D 0 1 2
	for family in 4 6; do
		far_routes "$family" | grep -v vmk1 | sed s/replace/del/
	done | ip -n "$A" -b - || fail 'no routes'
	vmks vmk0 vmk1+ vmk2
	traffic $(both hot far "$all") $(both cold far "$all")
	results '*-hot-*' ok
	leaves_by '*-hot-*' vmk1
	results '*-cold-*' EHOSTUNREACH
	leaves_not '*-cold-*' vmk0 vmk1 vmk2
	reasons dedicated-subnet no-route
}

# After IPv6 changes a work item sees to it.
g13() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	start_flows -l $(both hot 1 'tcp udp udpu') $(both cold 0 "$all")
	more_by 5 vmk1
	meter_read
	leaves_not '*-hot-*' vmk0 vmk2
	printf 'addr %s dev vmk0\n' 'add 198.51.100.30/24' 'add 2001:db8:1::30/64 nodad' | ip -n "$A" -b - || fail 'no address'
	settle same-subnet
	meter_anew
	more_by 2 vmk0 200000
	meter_read
	leaves_not '*' vmk1 vmk2
	split '*'
	((${REPLY%% *} == ${#ids[@]})) || fail "only ${REPLY%% *} flows by vmk0"
	printf 'addr %s dev vmk0\n' 'del 198.51.100.30/24' 'del 2001:db8:1::30/64' | ip -n "$A" -b - || fail 'no address'
	settle dedicated-subnet
	meter_anew
	more_by 2 vmk1 200000
	stop_flows
	meter_read
	nothing_longer '*' 2000
	sent=()
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	results '*' ok
	reasons same-subnet dedicated-subnet cold-first-vmk
}

# settle REASON: of hot traffic to B's vmk1; the kernel knows of an IPv6 address
# a moment after it is there
settle() {
	local n=1
	[[ $1 != same-subnet ]] || n=0
	says_route "vmk$n $1" "$(to 4 1)"
	wait_for 2 route_get "vmk$n $1" "$(to 6 1)" || fail "6-hot: not $1 within 2 s"
}

# g15 SEGMENTS: how many TCP may hand over at once
g15() {
	local id caches
	shape S S 1 2 0
	printf 'link set %s mtu 9000\n' b{0,1,2} a{0,1,2} bridge0 | ip -n "$SW" -b - || fail 'no MTU'
	printf 'link set vmk%d mtu 9000\n' 0 1 2 | ip -n "$B" -b - || fail 'no MTU'
	printf 'link set vmk%d mtu %d gso_max_segs %d\n' 0 1500 "$1" 1 9000 "$1" | ip -n "$A" -b - || fail 'no MTU'
	in_netns "$A" nft -f - <<-END || fail 'no filter'
		table inet g15
		delete table inet g15
		table inet g15 {
			chain input {
				type filter hook input priority 0
				icmp type destination-unreachable drop
				icmpv6 type { destination-unreachable, packet-too-big } drop
			}
		}
	END
	vmks vmk0 vmk1+ vmk2+
	meter_anew
	start_flows -l $(both hot 1 tcp ,n=2,from=%1)
	more_by 5 vmk1 200000
	meter_read
	leaves_not '*' vmk0 vmk2
	((${seen[large a1]-0})) || fail 'no packet larger than 1500 by vmk1'
	migsel -n "$A" vmk set vmk2 migration off || fail 'no change'
	meter_anew
	more_by 2 vmk0 400000
	stop_flows
	meter_read
	results '*' ok
	for id in "${!sent[@]}"; do
		sent["$id"]=0
		((${mss[$id]} <= 1460)) || fail "$id: segments of ${mss[$id]}"
	done
	nothing_longer '*' 2000
	leaves_by '*' vmk0
	(($1 > 1 || ${seen[large a0]-0} == 0)) || fail "${seen[large a0]} bytes in packets larger than 1500 by vmk0"
	((${seen[fragments a0]-0} == 0)) || fail "${seen[fragments a0]} bytes in fragments"
	caches=$(ip -n "$A" route show cache; ip -n "$A" -6 route show cache)
	[[ $caches != *mtu* ]] || fail "path MTU exceptions: $caches"
}

restore_mtu() {
	printf 'link set vmk%d mtu 1500 gso_max_segs 65535\n' 0 1 2 | ip -n "$A" -b -
	printf 'link set vmk%d mtu 1500\n' 0 1 2 | ip -n "$B" -b -
	in_netns "$A" nft delete table inet g15
}

g16() {
	shape S S 0 1 2
	vmks vmk0 vmk1+
	traffic $(both hot 1 "$all" ,dev=vmk1) $(both cold 1 "$all" ,dev=vmk1)
	results '*' ok
	leaves_by '*' vmk1
	reasons bound-device
}

# As G2 and G3, but that there is no falling back.
g2_strict() {
	shape S S 2 0 1
	vmks fallback strict vmk0 vmk1+
	traffic $(both hot 1 "$all") $(both cold 1 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons strict cold-first-vmk
}

g3_strict() {
	shape S S 0 1 2
	vmks fallback strict vmk0 vmk1+
	traffic $(both hot 1 "$all" ,from=%1)
	results '*' ok
	leaves_by '*' vmk1
	reasons strict
}

# The next packet of a live flow follows the policy.
g2_changed() {
	shape S S 2 1 0
	vmks vmk0 vmk1+
	meter_anew
	start_flows -l $(both hot 1 'tcp udp udpu')
	more_by 5 vmk0
	migsel -n "$A" policy set fallback strict || fail 'no change'
	meter_anew
	more_by 2 vmk1
	meter_read
	leaves_not '*' vmk0 vmk2
	migsel -n "$A" policy set fallback first-vmk || fail 'no change'
	meter_anew
	more_by 2 vmk0
	stop_flows
	meter_read
	leaves_not '*' vmk1 vmk2
	results '*' ok
	reasons same-subnet strict
}

g11_strict() {
	shape S D 0 1 2
	vmks fallback strict vmk0 vmk1+
	traffic $(specs 4 hot "$(to 4 1)" "$all"; specs 6 hot "$(far 6)" "$all")
	results '*' ok
	leaves_by '*' vmk1
	reasons strict dedicated-subnet
}

# Strict does not fall back when its vmk is down, either.
link_down_strict() {
	shape S S 0 1 2
	vmks fallback strict vmk0 vmk1+
	ip -n "$SW" link set a1 down
	defer "ip -n $SW link set a1 up"
	wait_for 5 route_get 'refuse link-down' "$(to 4 1)" || fail 'not refused'
	traffic $(both hot 1 "$all") $(both cold 0 "$all")
	results '*-hot-*' EHOSTUNREACH
	leaves_not '*-hot-*' vmk0 vmk1 vmk2
	results '*-cold-*' ok
	leaves_by '*-cold-*' vmk0
	reasons link-down cold-first-vmk
}

g14() {
	local index
	shape D D 0 1 2
	vmks vmk0 vmk1+
	start_monitor
	{
		echo 'link set vmk1 down'
		echo 'link set vmk1 name mig0'
		echo 'link set mig0 up'
		echo "addr add $(address 6 D 1 1)/64 dev mig0 nodad"
		far_routes 4 | grep vmk1 | sed s/vmk1/mig0/
		far_routes 6 | grep vmk1 | sed s/vmk1/mig0/
	} | ip -n "$A" -b - || fail 'no rename'
	shows_vmks '^0: vmk0 .*1: mig0 .* migration on'
	wait_for 2 route_get 'mig0 dedicated-subnet' "$(far 6)" || fail "6-hot after rename: $REPLY"
	traffic $(both hot far 'tcp udp') $(both cold far tcp)
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons dedicated-subnet cold-first-vmk

	index=$(migsel -n "$A" -j vmk show mig0)
	[[ $index =~ (\"ifindex\":[0-9]+) ]]
	ip -n "$A" link set mig0 netns "$B" || fail 'no move'
	gone mig0 "${BASH_REMATCH[1]}"
	ip -n "$B" link set mig0 netns "$A" name vmk1 || fail 'no move back'
	shows_vmks $'^0: vmk0 [^\n]*$'

	migsel -n "$A" vmk add vmk2 migration on || fail 'no vmk2'
	index=$(migsel -n "$A" -j vmk show vmk2)
	[[ $index =~ (\"ifindex\":[0-9]+) ]]
	ip -n "$A" link del vmk2 || fail 'no deletion'
	gone vmk2 "${BASH_REMATCH[1]}"
}

# gone NAME INDEX: with the only migration vmk hot traffic has lost its way
gone() {
	hears "\"event\":\"vmk-del\",\"ifname\":\"$1\",$2"
	shows_vmks $'^0: vmk0 [^\n]*$'
	migsel -n "$A" stats reset
	traffic $(both hot far 'tcp udp') $(both cold far tcp)
	results '*-hot-*' EHOSTUNREACH
	leaves_by '*-cold-*' vmk0
	reasons no-migration-vmk cold-first-vmk
}

# The same subnet on another stack is no pitfall.
g17() {
	shape S S 0 1 2
	vmks vmk0 'vmk1 stack vmotion'
	traffic $(both hot 1 "$all") $(both cold 1 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons vmotion-stack cold-first-vmk
}

# Vmks of the default stack are deactivated, even for a sender bound to their address.
g18() {
	shape S S 1 0 2
	vmks vmk0 vmk1+ 'vmk2 stack vmotion'
	traffic $(both hot 1 "$all" ,from=%1) $(both cold 1 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk2
	leaves_by '*-cold-*' vmk0
	reasons vmotion-stack cold-first-vmk
}

g19() {
	shape S S 0 1 2
	vmks vmk0 'vmk1 stack vmotion' 'vmk2 stack vmotion'
	traffic $(both hot 1 'tcp udp udpu' ,n=8) $(both cold 1 "$all")
	results '*' ok
	leaves_by '*-cold-*' vmk0
	for label in {4,6}-hot-{tcp,udp,udpu}; do
		leaves_split "$label.*" '0 4 4'
	done
	reasons multi-nic cold-first-vmk
}

g20() {
	shape S S 0 1 2
	vmks vmk0 'vmk1 stack vmotion' vmk2+
	ip -n "$SW" link set a1 down
	defer "ip -n $SW link set a1 up"
	wait_for 5 route_get 'refuse link-down' "$(to 4 1)" || fail 'not refused'
	traffic $(both hot 1 "$all") $(both cold 0 "$all")
	results '*-hot-*' EHOSTUNREACH
	leaves_not '*-hot-*' vmk0 vmk1 vmk2
	results '*-cold-*' ok
	leaves_by '*-cold-*' vmk0
	reasons link-down cold-first-vmk
}

g21() {
	shape S S 1 0 2
	vmks vmk0 vmk1+ 'vmk2 stack provisioning'
	traffic $(both hot 1 "$all") $(both cold 0 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk0
	leaves_by '*-cold-*' vmk2
	reasons same-subnet provisioning-stack
}

# cold_by NIC REASON DEST: the scenarios of KB 340170, with hot traffic as without
cold_by() {
	traffic $(both hot 1 "$all") $(both cold "$3" "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' "$1"
	reasons dedicated-subnet "$2"
}

# Plain Linux takes the route by vmk2.
g22() {
	shape D D 0 1 2
	vmks vmk0 vmk1+ vmk2
	cold_by vmk0 cold-first-vmk far
}

g23() {
	shape D D 0 1 2
	vmks vmk0 vmk1+ 'vmk2 provisioning on'
	cold_by vmk2 provisioning-vmk 2
}

# to_far METRIC0 METRIC1 METRIC2 [DEFAULT]: the routes to far by these NICs, or default ones; none
# without a metric. They are gone at the end.
to_far() {
	local n family to
	for family in 4 6; do
		to=${4-$(far "$family")}
		ip -n "$A" "-$family" route flush "$(far "$family")"
		for n in 0 1 2; do
			[[ ${*:n+1:1} != - ]] || continue
			ip -n "$A" "-$family" route add "$to" via "$(address "$family" D 2 "$n")" dev "vmk$n" metric "${*:n+1:1}" ||
				fail "no route to $to by vmk$n"
			defer "ip -n $A -$family route del $to dev vmk$n"
		done
	done
}

# Here it takes the one by vmk1.
g24() {
	shape D D 0 1 2
	to_far 20 10 30
	vmks vmk0 vmk1+ 'vmk2 provisioning on'
	cold_by vmk2 provisioning-vmk far
}

# And here the default route by vmk2.
g25() {
	shape D D 0 1 2
	to_far 20 - 10 default
	vmks vmk0 vmk1+ 'vmk2 provisioning on'
	cold_by vmk0 cold-first-vmk far
}

g26() {
	shape D D 0 1 2
	to_far - - -
	vmks vmk0 vmk1+ 'vmk2 provisioning on'
	traffic $(both hot 1 "$all") $(both cold far "$all")
	results '*-hot-*' ok
	leaves_by '*-hot-*' vmk1
	results '*-cold-*' ENETUNREACH
	leaves_not '*-cold-*' vmk0 vmk1 vmk2
	reasons dedicated-subnet
	to_far - 10 -
	traffic $(both cold far "$all")
	results '*' EHOSTUNREACH
	leaves_not '*' vmk0 vmk1 vmk2
	reasons dedicated-subnet no-route
}

g27() {
	shape S S 2 1 0
	vmks vmk0 vmk1+ 'vmk2 provisioning on'
	traffic $(both hot 1 "$all") $(both cold 1 "$all")
	results '*' ok
	leaves_by '*' vmk0
	reasons same-subnet cold-same-subnet
}

need nft
ktap_print_header
ktap_set_plan 66
make_hosts
golden 'G1 own subnet' g1
golden 'G2 same subnet, unbound' g2
golden "G3 same subnet, bound to vmk1's address" g3
golden 'G4 two migration vmks share flows' g4
golden "G5 bound to vmk2's address" g5
golden 'G6 the first vmk alone' g6
golden 'G7 the first vmk and another' g7
golden 'G8 no migration vmk' g8
golden 'G9 carrier loss moves flows' g9
golden 'G10 two macvlans on one parent' g10
golden 'G11 shared subnet in IPv4 only' g11
golden 'G12 destination behind a gateway' g12
golden 'G13 address comes and goes under live flows' g13
golden 'G15 smaller MTU under live flows' g15 1
golden 'G15 smaller MTU under live flows, segmentation offloaded' g15 65535
restore_mtu
golden 'G16 bound to a device' g16
golden 'G2 same subnet, unbound, strict' g2_strict
golden "G3 same subnet, bound to vmk1's address, strict" g3_strict
golden 'G2 strict comes and goes under live flows' g2_changed
golden 'G11 shared subnet in IPv4 only, strict' g11_strict
golden 'strict, the migration vmk is down' link_down_strict
golden 'G17 a vmk of the vMotion stack' g17
golden 'G18 it deactivates those of the default stack' g18
golden 'G19 two vmks of the vMotion stack' g19
golden 'G20 the one vmk of the vMotion stack is down' g20
golden 'G21 a vmk of the provisioning stack' g21
golden 'G22 no provisioning vmk' g22
golden "G23 provisioning vmk, in the peer's subnet" g23
golden 'G24 provisioning vmk, a static route' g24
golden 'G25 provisioning vmk, default routes only' g25
golden 'G26 provisioning vmk, no route' g26
golden 'G27 provisioning vmk, in the subnet of the first vmk' g27
golden 'G14 renamed, moved, deleted' g14
ktap_finished
