#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# TCP/IP stacks and the provisioning service under live flows: what comes and goes is followed
# from the next packet on, and no flow is lost. Plain Linux sends by another NIC, where that
# is possible. The golden cases are where nothing changes.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

three='tcp udp udpu'

# goes_by NIC...: from now on all flows leave by these NICs only, and by each
goes_by() {
	local nic n
	meter_anew
	for nic; do
		more_by 5 "$nic" 30000
	done
	meter_read
	for n in 0 1 2; do
		[[ " $* " == *" vmk$n "* ]] || leaves_not '*' "vmk$n"
	done
}

change() { migsel -n "$A" "$@" || fail "no change: $*"; }

# The migration vmk goes from one stack to another, with its flows.
stack_changes() {
	shape S S 2 0 1
	vmks vmk0 vmk1+ vmk2
	start_flows -l $(both hot 1 "$three")
	goes_by vmk0
	change vmk set vmk1 stack vmotion
	goes_by vmk1
	change vmk set vmk2 stack vmotion
	goes_by vmk1 vmk2
	change vmk set vmk1 stack default
	goes_by vmk2
	change vmk set vmk2 stack provisioning
	goes_by vmk0
	change vmk set vmk0 stack provisioning
	goes_by vmk1
	stop_flows
	results '*' ok
	nothing_longer '*' 5000
	reasons same-subnet vmotion-stack multi-nic single-nic
}

cold_stack_changes() {
	shape S S 1 0 2
	vmks vmk0 vmk1 vmk2
	start_flows -l $(both cold 1 "$three")
	goes_by vmk0
	change vmk set vmk2 stack provisioning
	goes_by vmk2
	change vmk set vmk1 stack provisioning
	goes_by vmk1
	change vmk set vmk0 stack provisioning
	goes_by vmk0
	change vmk set vmk0 stack default
	change vmk set vmk1 stack vmotion
	change vmk set vmk2 stack default
	goes_by vmk0
	change vmk set vmk0 stack vmotion
	goes_by vmk2
	stop_flows
	results '*' ok
	nothing_longer '*' 5000
	reasons cold-first-vmk provisioning-stack
}

# far_by COMMAND METRIC VMK: a static route to far, of both families
far_by() {
	local family
	for family in 4 6; do
		ip -n "$A" "-$family" route "$1" "$(far "$family")" via "$(address "$family" D 2 "${3#vmk}")" \
			dev "$3" metric "$2" || fail "no route $1 by $3"
	done
}

# default_by COMMAND METRIC VMK: likewise, a default route
default_by() {
	local family
	for family in 4 6; do
		ip -n "$A" "-$family" route "$1" default via "$(address "$family" D 2 "${3#vmk}")" \
			dev "$3" metric "$2" || fail "no route $1 by $3"
	done
}

# Plain Linux goes by vmk1 all the time, or by the default route of vmk2.
route_comes_and_goes() {
	shape D D 0 1 2
	far_by del 10 vmk2
	vmks vmk0 vmk1 'vmk2 provisioning on'
	start_flows -l $(both cold far "$three")
	goes_by vmk0
	far_by add 50 vmk2
	goes_by vmk2
	far_by del 50 vmk2
	goes_by vmk0
	default_by add 5 vmk2
	defer 'default_by del 5 vmk2'
	goes_by vmk0
	default_by add 6 vmk0
	defer 'default_by del 6 vmk0'
	far_by del 20 vmk1
	far_by del 30 vmk0
	goes_by vmk0
	far_by add 50 vmk2
	defer 'far_by del 50 vmk2'
	goes_by vmk2
	stop_flows
	results '*' ok
	nothing_longer '*' 5000
	reasons cold-first-vmk provisioning-vmk
}

# Carrier, the flag, and an address in the subnet of the first vmk. IPv6 keeps the routes of a
# NIC without carrier.
service_comes_and_goes() {
	shape D D 0 1 2
	far_by del 20 vmk1
	far_by add 1 vmk1
	defer 'far_by del 1 vmk1'
	vmks vmk0 vmk1 'vmk2 provisioning on'
	start_flows -l $(both cold far "$three")
	goes_by vmk2
	ip -n "$SW" link set a2 down
	defer "ip -n $SW link set a2 up"
	goes_by vmk0
	ip -n "$SW" link set a2 up
	goes_by vmk2
	change vmk set vmk2 provisioning off
	goes_by vmk0
	change vmk set vmk2 provisioning on
	goes_by vmk2
	printf 'addr %s dev vmk2\n' 'add 192.0.2.30/24' 'add 2001:db8::30/64 nodad' | ip -n "$A" -b - || fail 'no address'
	wait_for 2 route_get 'vmk0 cold-same-subnet' "$(far 6)" tag cold || fail "6: $REPLY"
	goes_by vmk0
	printf 'addr %s dev vmk2\n' 'del 192.0.2.30/24' 'del 2001:db8::30/64' | ip -n "$A" -b - || fail 'no address'
	wait_for 2 route_get 'vmk2 provisioning-vmk' "$(far 6)" tag cold || fail "6: $REPLY"
	goes_by vmk2
	change vmk set vmk2 stack provisioning provisioning off
	goes_by vmk2
	stop_flows
	results '*' ok
	nothing_longer '*' 5000
	reasons cold-first-vmk provisioning-vmk cold-same-subnet provisioning-stack
}

# The service may be the first vmk's: what changes is the reason.
service_of_first() {
	shape D D 1 2 0
	vmks 'vmk0 provisioning on' vmk1
	traffic $(both cold 0 "$three")
	results '*' ok
	leaves_by '*' vmk0
	reasons provisioning-vmk
	far_by del 30 vmk0
	default_by add 50 vmk0
	defer 'default_by del 50 vmk0'
	migsel -n "$A" stats reset
	traffic $(both cold far "$three")
	results '*' ok
	leaves_by '*' vmk0
	reasons cold-first-vmk
}

# Without a vmk on the default stack cold traffic has no route; it may be let pass.
no_first_vmk() {
	shape S S 0 1 2
	vmks 'vmk0 stack vmotion' 'vmk1 stack vmotion'
	says_route 'refuse no-route' "$(to 4 0)" tag cold
	traffic $(both cold 0 "$three icmp")
	results '*' EHOSTUNREACH
	leaves_not '*' vmk0 vmk1 vmk2
	reasons no-route
	change policy set unreachable pass
	migsel -n "$A" stats reset
	traffic $(both cold 0 "$three icmp")
	results '*' ok
	leaves_by '*' vmk0
	reasons no-route
	vmks 'vmk1 stack provisioning'
	traffic $(both hot 0 "$three") $(both cold 0 "$three")
	results '*-hot-*' EHOSTUNREACH
	leaves_by '*-cold-*' vmk1
	reasons no-migration-vmk provisioning-stack
}

# Decided and counted, and nothing else.
observed() {
	shape S S 2 0 1
	vmks mode observe vmk0 'vmk1 stack vmotion' 'vmk2 stack provisioning'
	traffic $(both hot 1 "$three") $(both cold 1 "$three")
	results '*' ok
	leaves_by '*' vmk2
	reasons vmotion-stack provisioning-stack
	shape D D 0 1 2
	vmks mode observe vmk0 vmk1+ 'vmk2 provisioning on'
	traffic $(both cold 2 "$three") $(both cold 1 'tcp udp' ,n=2)
	results '*' ok
	leaves_by '*-cold-udpu.*' vmk2
	reasons provisioning-vmk no-route
}

# gateway_by N: as the documentation has it, for what is looked for through vmk N
gateway_by() {
	local family
	for family in 4 6; do
		printf "rule add priority %d oif vmk$1 lookup %s\n" 1000 'main suppress_prefixlength 0' 1001 100 |
			ip -n "$A" "-$family" -b - || fail 'no rules'
		defer "ip -n $A -$family rule del priority 1000; ip -n $A -$family rule del priority 1001"
		ip -n "$A" "-$family" route add default via "$(address "$family" D 2 "$1")" dev "vmk$1" table 100 || fail 'no gateway'
		defer "ip -n $A -$family route flush table 100"
	done
}

gateway_of_stack() {
	shape D D 0 1 2
	far_by del 20 vmk1
	gateway_by 1
	vmks vmk0 'vmk1 stack vmotion' vmk2
	traffic $(both hot far "$three icmp") $(both cold far "$three icmp")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons vmotion-stack cold-first-vmk
}

# The gateway is not in the way of what the vmk reaches without: its own subnet, and static
# routes.
gateway_of_service() {
	shape D D 0 1 2
	gateway_by 2
	vmks vmk0 vmk1+ 'vmk2 provisioning on'
	traffic $(both cold 2 "$three icmp") $(both cold far "$three icmp")
	results '*' ok
	leaves_by '*' vmk2
	reasons provisioning-vmk
	# by the gateway alone, which is no route for the service
	far_by del 10 vmk2
	migsel -n "$A" stats reset
	traffic $(both cold far "$three icmp")
	results '*' ok
	leaves_by '*' vmk0
	reasons cold-first-vmk
}

# What is saved is restored as it was, and a flow does not notice.
saved() {
	shape S S 2 0 1
	vmks vmk0 'vmk1 stack vmotion' 'vmk2 stack provisioning'
	change vmk set vmk0 provisioning on
	migsel -n "$A" save >"$scratch/saved"
	start_flows -l $(both hot 1 "$three") $(both cold 1 "$three")
	goes_by vmk1 vmk2
	migsel -n "$A" restore <"$scratch/saved" || fail 'no restore'
	goes_by vmk1 vmk2
	printf 'vmk flush\nvmk add vmk0\nvmk add vmk1 migration on\n' | migsel -n "$A" restore || fail 'no restore'
	goes_by vmk0
	migsel -n "$A" restore <"$scratch/saved" || fail 'no restore'
	goes_by vmk1 vmk2
	stop_flows
	results '*' ok
	migsel -n "$A" save | cmp - "$scratch/saved" || fail "saved: $(migsel -n "$A" save)"
}

need nft
ktap_print_header
ktap_set_plan 10
make_hosts
run_test 'a migration vmk goes to another stack' stack_changes
run_test 'the vmk of cold traffic goes to another stack' cold_stack_changes
run_test 'the route of the provisioning vmk comes and goes' route_comes_and_goes
run_test 'the provisioning service comes and goes' service_comes_and_goes
run_test 'the first vmk has the provisioning service' service_of_first
run_test 'no vmk on the default stack' no_first_vmk
run_test 'observed only' observed
run_test 'a stack with a gateway of its own' gateway_of_stack
run_test 'a gateway of the provisioning vmk' gateway_of_service
run_test 'saved and restored under traffic' saved
ktap_finished
