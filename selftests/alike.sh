#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A verdict that is remembered is for packets that are alike in all that it depends on.
# Two senders take turns, most of them as one socket, by d0 (first vmk, and where plain Linux
# sends) and d1.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# Since it was last asked.
left_by_d1() { in_netns "$N" nft -j reset counter inet hot d1 | jq '.nftables[] | select(.counter).counter.packets'; }

# turns FAMILY KIND WANT: refused of the one, of the other, and how many left by d1
turns() {
	local got
	left_by_d1 >/dev/null
	got=$(in_netns "$N" "$here/alike.py" "$1" "$2" 2>&1)
	got+=" $(left_by_d1)"
	[[ $got == "$3" ]] || fail "IPv$1: refused of each, and by d1: $got, not $3"
}

rule() { ip -n "$N" -"$1" rule "${@:2}" priority 10 || fail "ip rule ${*:2}"; }

migration() { migsel -n "$N" vmk set "$1" migration "$2" || fail "migration of $1 is not $2"; }

carrier() { ip -n "$N" link set "$1" carrier "$2" || fail "carrier of $1 is not $2"; }

# differ KIND SELECTOR...: a rule on routes by d1 refuses the second sender
differ() {
	local family
	for family in 4 6; do
		rule "$family" add oif d1 "${@:2}" unreachable
		turns "$family" "$1" '0 10 10'
		rule "$family" del
		turns "$family" "$1" '0 0 20'
	done
}

# Who is bound to a device has decided.
devices() {
	local family
	for family in 4 6; do
		turns "$family" device '0 0 10'
		rule "$family" add oif d1 unreachable
		turns "$family" device '10 0 0'
		rule "$family" del
	done
}

# The destination of the first sender.
first() { [[ $1 == 4 ]] && echo 203.0.113.9 || echo 2001:db8:f::1:0:2; }

# Another one, of the second sender.
second() { [[ $1 == 4 ]] && echo 203.0.113.10 || echo 2001:db8:f::2:0:1; }

subnet() { [[ $1 == 4 ]] && echo 203.0.113.0/24 || echo 2001:db8:f::/64; }

# The second sender sends to many.
destinations() {
	local family
	for family in 4 6; do
		rule "$family" add to "$(first "$family")" lookup main
		rule "$family" add oif d1 unreachable
		turns "$family" destination '0 2000 10'
		rule "$family" del
		rule "$family" del
	done
}

ports() {
	local family
	for family in 4 6; do
		rule "$family" add oif d1 ipproto udp dport 7003-7202 unreachable
		turns "$family" port '0 2000 10'
		rule "$family" del
		turns "$family" port '0 0 2010'
	done
}

sources() {
	local family
	for family in 4 6; do
		rule "$family" add oif d1 from "$([[ $family == 4 ]] && echo 192.0.2.2 || echo 2001:db8::2:0:1)" unreachable
		turns "$family" source '0 10 10'
		rule "$family" del
	done
}

# counted FAMILY KIND REASON...: of what is sent, ten packets for each reason
counted() {
	local reason count
	migsel -n "$N" stats reset
	in_netns "$N" "$here/alike.py" "$1" "$2" >/dev/null || fail "IPv$1: not sent"
	for reason in "${@:3}"; do
		count=$(migsel -n "$N" -j stats show | jq --arg reason "$reason" '.[] | select(.reason == $reason).packets')
		[[ $count == 10 ]] || fail "IPv$1, $2: $count packets of $reason"
	done
}

# Two senders with one source address and one port: who is bound to the address chose.
bindings() {
	local family
	migration d0 on
	for family in 4 6; do
		counted "$family" bound multi-nic multi-nic-bound
		turns "$family" 'bound elsewhere' '0 0 10'
		turns "$family" rebind '0 0 10'
	done
	migration d0 off
}

# Why a packet passes that is only observed.
observed() {
	local family
	migsel -n "$N" policy set mode observe
	for family in 4 6; do
		counted "$family" rule no-route
		rule "$family" del
		counted "$family" route no-route
	done
	printf 'route add %s dev d1 metric 20\n' "$(subnet 4)" "$(subnet 6)" | ip -n "$N" -b - || fail 'no routes'
	migsel -n "$N" policy set mode enforce
}

# Why a packet passes that is only observed, of a connection: what is known of it is no more
# than what it depends on. After each change ten packets have the other reason.
connections() {
	local family
	migsel -n "$N" policy set mode observe
	for family in 4 6; do
		counted "$family" 'connected rule' dedicated-subnet no-route
		rule "$family" del
		counted "$family" 'connected route' dedicated-subnet no-route
		ip -n "$N" route add "$(subnet "$family")" dev d1 metric 20 || fail 'no route'
		ip -n "$N" -"$family" nexthop add id 1 dev d1
		printf '%s\n' 'nexthop add id 2 group 1' "route replace $(subnet "$family") nhid 2 metric 20" |
			ip -n "$N" -b - || fail 'no group'
		counted "$family" 'connected nexthop' dedicated-subnet no-route
		ip -n "$N" nexthop flush >/dev/null 2>&1 || fail 'no end of the group'
		ip -n "$N" route add "$(subnet "$family")" dev d1 metric 20 || fail 'no route'
		counted "$family" 'connected link' dedicated-subnet link-down
		carrier d1 on
		counted "$family" 'connected none' dedicated-subnet no-migration-vmk
		migration d1 on
		counted "$family" 'connected tag' dedicated-subnet cold-first-vmk
		counted "$family" 'connected device' dedicated-subnet bound-device
		counted "$family" 'connected release' bound-device dedicated-subnet
		rule "$family" add oif d1 tos 0x10 unreachable
		counted "$family" 'connected ds field' dedicated-subnet no-route
		counted "$family" 'connected message' dedicated-subnet no-route
		rule "$family" del
		rule "$family" add oif d1 to "$(second "$family")" unreachable
		counted "$family" 'connected elsewhere' dedicated-subnet no-route
		counted "$family" 'connected peer' dedicated-subnet no-route
		rule "$family" del
		turns "$family" 'connected mode' '0 0 10'
		migsel -n "$N" policy set mode observe
	done
	migsel -n "$N" policy set mode enforce
}

# A message may ask for a device, by which its destination is none of one host. With IPv6 that
# counts only where it names no source.
ways() {
	printf '%s\n' 'link add d2 up type dummy' 'addr add 192.0.2.129/25 dev d2' \
		"route add broadcast $(subnet 4) dev d2 table main metric 30" \
		"route add broadcast $(subnet 4) dev d0 table 100" | ip -n "$N" -b - || fail 'no other way'
	turns 4 'other way' '0 0 10'
	rule 4 add oif d0 lookup 100
	turns 4 way '0 0 10'
	rule 4 del
	ip -n "$N" link del d2
}

# Two connected sockets are two flows, though they have the same ports. So are what a socket
# sends to an address and what it sends while it is connected to that.
flows() {
	local family
	migration d0 on
	for family in 4 6; do
		turns "$family" flow '0 0 10'
		turns "$family" 'connected disconnect' '0 0 10'
		turns "$family" connect '0 0 10'
	done
	migration d0 off
}

# What the rule has for both changes between two packets.
changes() {
	local family
	for family in 4 6; do
		turns "$family" '' '0 0 20'
		rule "$family" add oif d1 unreachable
		turns "$family" '' '10 10 0'
		rule "$family" del
		turns "$family" '' '0 0 20'
		migration d1 off
		migration d0 on
		turns "$family" '' '0 0 0'
		carrier d0 off
		turns "$family" '' '10 10 0'
		carrier d0 on
		turns "$family" '' '0 0 0'
		turns "$family" 'own rule' '10 0 0'
		rule "$family" del
		turns "$family" '' '0 0 0'
		migration d0 off
		migration d1 on
		carrier d1 off
		turns "$family" '' '10 10 0'
		carrier d1 on
		turns "$family" '' '0 0 20'
	done
}

# Packets by d0, which is where plain Linux sends: they keep their route until the rule changes.
configurations() {
	local family
	for family in 4 6; do
		migration d1 off
		migration d0 on
		turns "$family" configuration '0 0 10'
	done
}

need python3 jq nft sysctl ip
ktap_print_header
ktap_set_plan 15
add_netns N
printf '%s\n' 'link set lo up' 'link add d0 up type dummy' 'link add d1 up type dummy' \
	'addr add 192.0.2.1/24 dev d0' 'addr add 192.0.2.2/24 dev d0' 'addr add 198.51.100.1/24 dev d1' \
	'addr add 2001:db8::2:0:1/64 dev d0 nodad' 'addr add 2001:db8::1:0:2/64 dev d0 nodad' 'addr add 2001:db8:1::1/64 dev d1 nodad' \
	'route add 203.0.113.0/24 dev d0 metric 10' 'route add 203.0.113.0/24 dev d1 metric 20' \
	'route add 2001:db8:f::/64 dev d0 metric 10' 'route add 2001:db8:f::/64 dev d1 metric 20' |
	ip -n "$N" -b - || ktap_exit_fail_msg 'no devices'
printf 'vmk add %s\n' d0 'd1 migration on' | migsel -n "$N" restore || ktap_exit_fail_msg 'no vmks'

# A label that the kernel makes of addresses and ports would tell packets apart, too.
in_netns "$N" sysctl -qw net.ipv6.auto_flowlabels=0 || ktap_exit_fail_msg 'flow labels'

in_netns "$N" nft -f - <<'END' || ktap_exit_fail_msg 'no counter'
table inet hot {
	counter d1 { }
	chain out { type filter hook postrouting priority 0; oifname d1 meta mark & 0x30000 == 0x10000 counter name d1; }
}
END

run_test 'marks beside the tag' differ mark fwmark 0x100/0x100
run_test 'users' differ uid uidrange 1000-1000
run_test 'DS fields' differ 'ds field' tos 0x10
run_test 'transport protocols' differ proto ipproto 253
run_test 'ports' ports
run_test 'source ports' differ 'source port' ipproto udp sport 7001
run_test 'sources and destinations' eval 'sources; destinations'
run_test 'devices that sockets are bound to' devices
run_test 'addresses that sockets are bound to' bindings
run_test 'flows' flows
run_test 'devices that messages ask for' ways
run_test 'what changes between two packets' changes
run_test 'the FIB changes between two packets that are observed' observed
run_test 'something changes for a connection that is observed' connections
run_test 'the configuration changes between two packets' configurations
ktap_finished
