#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "migsel check" says of each golden case: the trap that the case is about and
# nothing else, and that what it prints keeps hot traffic off the first vmk.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

report='' found=()

# run_check: into report, and into found one "CODE DEV" a finding
run_check() {
	local text status=0 row='"code":"([a-z-]+)","severity":"[a-z]+","dev":"([^"]*)"'
	found=()
	text=$(migsel -n "$A" -j check 2>&1) || status=$?
	report=$text
	while [[ $text =~ $row ]]; do
		found+=("${BASH_REMATCH[1]} ${BASH_REMATCH[2]}")
		text=${text#*"${BASH_REMATCH[0]}"}
	done
	((status == (${#found[@]} > 0))) || fail "check exits $status: $report"
}

# finds 'CODE DEV'...: these and no others
finds() {
	local want
	printf -v want '%s; ' "$@"
	run_check
	[[ $(printf '%s; ' "${found[@]}") == "$want" ]] || fail "check finds ${found[*]-nothing}, not ${*-nothing}: $report"
}

finds_nothing() {
	run_check
	[[ $report == '[]' ]] || fail "check finds $report"
}

# mend CODE: run what was printed for it
mend() {
	local fix
	[[ $report =~ \"code\":\"$1\",[^}]*\"fix\":\"([^\"]*)\" ]] || { fail "no fix of $1: $report"; return; }
	fix=${BASH_REMATCH[1]}
	sh -ec "$fix" >"$scratch/fixed" 2>&1 || fail "$fix: $(<"$scratch/fixed")"
	run_check
	[[ " ${found[*]} " != *" $1 "* ]] || fail "$fix does not mend: $report"
}

# hot_leaves_by NIC REASON: both families
hot_leaves_by() {
	local family
	for family in 4 6; do
		wait_for 2 route_get "$1 $2" "$(to "$family" 1)" || fail "$family-hot: $REPLY, not $1 $2"
	done
}

# golden SHAPE4 SHAPE6 VMK... -- FINDING...
golden() {
	shape "$1" "$2" 0 1 2
	shift 2
	local -a nics=()
	while [[ $1 != -- ]]; do
		nics+=("$1")
		shift
	done
	vmks "${nics[@]}"
	shift
	if (($#)); then finds "$@"; else finds_nothing; fi
}

g8() {
	golden S S vmk0 vmk1 -- 'no-migration-vmk '
	mend no-migration-vmk
	hot_leaves_by vmk1 multi-nic
	clean_up_second
	golden D D vmk0 vmk1 -- 'no-migration-vmk '
	mend no-migration-vmk
	hot_leaves_by vmk1 dedicated-subnet
	finds_nothing
}

# The pitfall, with nothing but the two NICs.
g2() {
	golden S S vmk0 vmk1+ -- 'same-subnet vmk1'
	hot_leaves_by vmk0 same-subnet
	mend same-subnet
	hot_leaves_by vmk1 multi-nic
	finds 'shared-parent vmk1-2'
	vmks vmk0 vmk1+
	finds 'same-subnet vmk1'
	mend same-subnet
	[[ $(ip -n "$A" -o link show type macvlan) == *vmk1-3@* ]] || fail 'a name is used twice'
	clean_up_second
}

clean_up_second() {
	ip -n "$A" link del vmk1-2
	ip -n "$A" link del vmk1-3 2>/dev/null
}

# With a third NIC.
g3() {
	golden S S vmk0 vmk1+ vmk2 -- 'same-subnet vmk1'
	mend same-subnet
	hot_leaves_by vmk1 multi-nic
	[[ $(migsel -n "$A" vmk show) == *'vmk2 '*'migration on'* ]] || fail 'vmk2 does not carry migration traffic'
	finds_nothing
}

g6() {
	golden S S vmk0+ vmk1 -- 'single-nic vmk0'
	mend single-nic
	hot_leaves_by vmk1 multi-nic
	clean_up_second
	golden S D vmk0+ vmk1 -- 'single-nic vmk0'
	mend single-nic
}

g9() {
	golden S S vmk0 vmk1+ vmk2+ --
	ip -n "$SW" link set a1 down
	finds 'link-down vmk1'
	ip -n "$SW" link set a1 up
	wait_for 5 carrier vmk1
	finds_nothing
}

carrier() { [[ $(ip -n "$A" link show "$1") == *LOWER_UP* ]]; }

g10() {
	local n
	golden S S vmk0 vmk1+ vmk2+ --
	{
		echo 'addr flush dev vmk1 scope global'
		echo 'addr flush dev vmk2 scope global'
		for n in 1 2; do
			echo "link add mac$n link vmk2 type macvlan mode bridge"
			echo "link set mac$n up"
			echo "addr add $(address 4 S 1 "$n")/24 dev mac$n"
			echo "addr add $(address 6 S 1 "$n")/64 dev mac$n nodad"
		done
	} | ip -n "$A" -b - || fail 'no macvlans'
	defer "ip -n $A link del mac1; ip -n $A link del mac2"
	vmks vmk0 mac1+ mac2+
	finds 'shared-parent mac2'
}

g12() {
	local family
	golden D D vmk0 vmk1+ vmk2 --
	for family in 4 6; do
		far_routes "$family" | grep -v vmk1 | sed s/replace/del/
	done | ip -n "$A" -b - || fail 'no routes'
	finds_nothing
}

g13() {
	golden D D vmk0 vmk1+ --
	ip -n "$A" addr add 198.51.100.30/24 dev vmk0
	finds 'same-subnet vmk1'
	ip -n "$A" addr del 198.51.100.30/24 dev vmk0
	ip -n "$A" addr add 2001:db8:1::30/64 dev vmk0 nodad
	finds 'same-subnet vmk1'
	ip -n "$A" addr del 2001:db8:1::30/64 dev vmk0
	finds_nothing
}

# More addresses than anybody has thought of: the last one is the trap.
g13_many() {
	local n
	golden D D vmk0 vmk1+ --
	for n in {1..40}; do
		echo "addr add 203.0.113.$n/32 dev vmk0"
	done | ip -n "$A" -b -
	finds_nothing
	ip -n "$A" addr add 198.51.100.30/24 dev vmk0
	finds 'same-subnet vmk1'
	ip -n "$A" addr del 198.51.100.30/24 dev vmk0
	ip -n "$A" addr flush dev vmk0 to 203.0.113.0/24
}

g14() {
	golden D D vmk0 vmk1+ --
	printf '%s\n' 'link set vmk1 down' 'link set vmk1 name mig0' 'link set mig0 up' | ip -n "$A" -b -
	finds_nothing
	ip -n "$A" link set mig0 netns "$B"
	finds 'no-migration-vmk '
	ip -n "$B" link set mig0 netns "$A" name vmk1
	ip -n "$A" link set vmk1 up
}

g15() {
	golden S S vmk0 vmk1+ -- 'same-subnet vmk1'
	ip -n "$A" link set vmk1 mtu 9000
	defer "ip -n $A link set vmk1 mtu 1500"
	finds 'same-subnet vmk1' 'mtu-mismatch vmk1'
	mend mtu-mismatch
	finds 'same-subnet vmk1'
	golden D D vmk0 vmk1+ --
	ip -n "$A" link set vmk1 mtu 9000
	finds_nothing
}

# Jumbo frames on the vMotion stack concern nobody else.
g17() {
	golden S S vmk0 'vmk1 stack vmotion' --
	ip -n "$A" link set vmk1 mtu 9000
	defer "ip -n $A link set vmk1 mtu 1500"
	finds_nothing
	golden S S vmk0 'vmk1 stack vmotion' 'vmk2 stack vmotion' -- 'mtu-mismatch vmk1'
}

g18() {
	golden S S vmk0 vmk1+ 'vmk2 stack vmotion' -- 'deactivated vmk1'
	hot_leaves_by vmk2 vmotion-stack
	mend deactivated
	finds_nothing
	hot_leaves_by vmk2 vmotion-stack
}

g21() {
	golden S S vmk0 vmk1+ 'vmk2 stack provisioning' -- 'same-subnet vmk1'
	[[ $report == *'migsel vmk set dev vmk1 stack vmotion`) it carries'* ]] || fail "no stack: $report"
	golden S S 'vmk0 provisioning on' 'vmk1 stack vmotion' 'vmk2 stack provisioning' -- 'deactivated vmk0'
	mend deactivated
	finds_nothing
}

g27() {
	golden S S vmk0 'vmk1 stack vmotion' 'vmk2 provisioning on' -- 'cold-same-subnet vmk2'
	mend cold-same-subnet
	finds_nothing
	wait_for 2 route_get 'vmk2 provisioning-stack' "$(to 4 1)" tag cold || fail "cold: $REPLY"
	golden S D vmk0 'vmk1 stack vmotion' 'vmk2 provisioning on' -- 'cold-same-subnet vmk2'
	golden D S vmk0 'vmk1 stack vmotion' 'vmk2 provisioning on' -- 'cold-same-subnet vmk2'
	golden D D vmk0 'vmk1 stack vmotion' 'vmk2 provisioning on' --
}

# What the first vmk is, the stacks say, and not the position.
first_vmk() {
	golden S S 'vmk0 stack vmotion' 'vmk1 stack vmotion' -- 'no-first-vmk '
	golden S S 'vmk0 stack vmotion' 'vmk1 stack provisioning' --
	golden S S 'vmk0 stack provisioning' -- 'no-migration-vmk '
	golden S S 'vmk0 stack provisioning' vmk1+ -- 'single-nic vmk1'
	golden S S 'vmk0 stack provisioning' vmk1 vmk2+ -- 'same-subnet vmk2'
	hot_leaves_by vmk1 same-subnet
	golden D D 'vmk0 stack provisioning' vmk1 vmk2 -- 'no-migration-vmk '
	mend no-migration-vmk
	says_route 'vmk2 dedicated-subnet' "$(to 4 2)"
}

# A vmk that carries cold traffic, or alone the hot, is not taken out.
none_goes() {
	local nic
	for nic in 'vmk1 provisioning on' 'vmk1 stack provisioning' 'vmk1 stack vmotion'; do
		shape D D 0 1 2
		vmks vmk0 "$nic" vmk2+
		ip -n "$A" addr flush dev vmk1
		run_check
		[[ $report == *'"code":"no-address","severity":"error","dev":"vmk1"'*'To take the vmk out'* ]] ||
			fail "$nic: $report"
	done
}

need nft
ktap_print_header
ktap_set_plan 25
make_hosts
run_test 'G1 own subnet' golden D D vmk0 vmk1+ --
run_test 'G2 same subnet, two NICs' g2
run_test 'G3 same subnet, three NICs' g3
run_test 'G4, G5 two migration vmks' golden S S vmk0 vmk1+ vmk2+ --
run_test 'G6 the first vmk alone' g6
run_test 'G7 the first vmk and another' golden S S vmk0+ vmk1+ vmk2 --
run_test 'G8 no migration vmk' g8
run_test 'G9 carrier loss' g9
run_test 'G10 two macvlans on one parent' g10
run_test 'G11 shared subnet in IPv4 only' golden S D vmk0 vmk1+ -- 'same-subnet vmk1'
run_test 'G12 destination behind a gateway' g12
run_test 'G13 address comes and goes' g13
run_test 'G13 after many addresses' g13_many
run_test 'G14 renamed, moved' g14
run_test 'G15 larger MTU' g15
run_test 'G2 same subnet, strict' golden S S fallback strict vmk0 vmk1+ --
run_test 'G17 a vmk of the vMotion stack' g17
run_test 'G18 it deactivates those of the default stack' g18
run_test 'G19 two vmks of the vMotion stack' golden S S vmk0 'vmk1 stack vmotion' 'vmk2 stack vmotion' --
run_test 'G21 a vmk of the provisioning stack' g21
run_test 'G23 provisioning vmk' golden D D vmk0 vmk1+ 'vmk2 provisioning on' --
run_test 'G27 provisioning vmk, in the subnet of the first vmk' g27
run_test 'the first vmk is that of the default stack' first_vmk
run_test 'what carries traffic is not taken out' none_goes
run_test 'G16 bound to a device, same subnet' golden S S vmk0 vmk1+ -- 'same-subnet vmk1'
ktap_finished
