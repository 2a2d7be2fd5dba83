# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

start() { on esx-b iperf3 -s -p 5301 -D && by_nftables && measure_source && undo_all; }

# by_rule: what is so marked, by vmk2
by_rule() {
	local family
	for family in -4 -6; do
		on esx-a ip "$family" rule add fwmark 0x10000/0x30000 lookup 100 || return
	done
	on esx-a ip route add 192.0.2.0/24 dev vmk2 table 100 &&
		on esx-a ip route add 2001:db8::/64 dev vmk2 table 100
}

by_nftables() {
	by_rule && on esx-a nft -f - <<-END
		table inet by-hand {
			chain output {
				type route hook output priority mangle;
				tcp dport 5301 meta mark set meta mark and 0xfffcffff or 0x10000
			}
		}
	END
}

undo_all() {
	local family
	for family in -4 -6; do
		on esx-a ip "$family" rule del lookup 100
		on esx-a ip "$family" route flush table 100
	done
	on esx-a nft delete table inet by-hand
}

measure_source() {
	on esx-a iperf3 -c 192.0.2.22 -p 5301 -n 1M --json | jq -r '.start.connected[0].local_host' >"$run/source"
}

expected=1
answer() {
	case $(<"$run/source") in
	192.0.2.11) echo 1 ;;
	192.0.2.12) echo 2 ;;
	esac
}

check() {
	local to nic
	[[ $(vmks esx-a length) == 0 ]] || wrong 'esx-a has a vmk: here it is to be done without the rule. migsel vmk flush' || return
	for to in 192.0.2.22 2001:db8::22; do
		nic=$(carrier esx-a hot "$to")
		[[ $nic == vmk2 ]] || wrong "what has the tag 0x10000 leaves for $to by ${nic:-no NIC}, not by vmk2" || return
		nic=$(carrier esx-a plain "$to" -p 5301)
		[[ $nic == vmk2 ]] || wrong "what goes to port 5301 of $to leaves by ${nic:-no NIC}, not by vmk2" || return
		nic=$(carrier esx-a plain "$to")
		[[ $nic == vmk1 ]] || wrong "what has no tag and is for $to leaves by ${nic:-no NIC}, not by vmk1" || return
		nic=$(carrier esx-a cold "$to")
		[[ $nic == vmk1 ]] || wrong "cold traffic to $to leaves by ${nic:-no NIC}, not by vmk1" || return
		# The VRF counts it, too.
		nic=$(carrier esx-a by-hand "$to")
		[[ " $nic " == *' vmk0 '* ]] || wrong "what ip vrf exec by-hand starts leaves for $to by ${nic:-no NIC}, not by vmk0" || return
	done
}

solve() {
	on esx-a ip -4 rule add fwmark 0x10000/0x30000 lookup 100
	on esx-a ip -6 rule add fwmark 0x10000/0x30000 lookup 100
	on esx-a ip route add 192.0.2.0/24 dev vmk2 table 100
	on esx-a ip route add 2001:db8::/64 dev vmk2 table 100
	on esx-a nft add table inet by-hand
	on esx-a nft add chain inet by-hand output '{ type route hook output priority mangle; }'
	on esx-a nft add rule inet by-hand output tcp dport 5301 meta mark set 0x10000
	on esx-a iperf3 -c 192.0.2.22 -p 5301 -n 10M
	on esx-a ip -s link show vmk2
	on esx-a ip link add by-hand type vrf table 200
	on esx-a ip link set by-hand up
	on esx-a ip link set vmk0 master by-hand
	on esx-a ip address add 2001:db8::10/64 dev vmk0 nodad
	on esx-a ip vrf exec by-hand iperf3 -c 192.0.2.22 -n 10M
}

# Routes know nothing of tags.
wrong_1() {
	on esx-a ip route add 192.0.2.22/32 dev vmk2
	on esx-a ip route add 2001:db8::22/128 dev vmk2
}
wrong_1_says='what has no tag and is for 192.0.2.22 leaves by vmk2'
# A chain of another type marks as well, when the route has been chosen.
wrong_2() {
	by_rule
	on esx-a nft add table inet by-hand
	on esx-a nft add chain inet by-hand output '{ type filter hook output priority mangle; }'
	on esx-a nft add rule inet by-hand output tcp dport 5301 meta mark set 0x10000
}
wrong_2_says='what goes to port 5301 of 192.0.2.22 leaves by vmk1'
# A NIC that enters a VRF loses its addresses of IPv6. What the VRF has no route to, the main table has.
wrong_3() {
	solve
	on esx-a ip address flush dev vmk0 scope global to 2001:db8::10
}
wrong_3_says='what ip vrf exec by-hand starts leaves for 2001:db8::22 by vmk1, not by vmk0'
