# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

mac=02:00:5e:00:53:99

# vm0 is the NIC of a virtual machine that takes datagrams and says nothing: not that it is there,
# either, as one with IPv6 would.
plug_vm() {
	ip -n esx-b -batch - <<-END
		link add link $1 name vm0 address $mac type macvlan mode bridge
		link set vm0 addrgenmode none
		addr add 198.51.100.99/24 dev vm0
		link set vm0 up
	END
}

# The switch has heard of it behind b-vmk1 last, and forgets that as the machine goes on at vmk2.
start() {
	on esx-b nft -f - <<-END &&
		table inet vm {
			chain input {
				type filter hook input priority filter;
				iifname vm0 udp dport 514 counter drop
			}
		}
	END
		on esx-a ip address add 198.51.100.10/24 dev vmk0 &&
		plug_vm vmk1 && on esx-b ping -c 1 -W 5 -I vm0 198.51.100.10 &&
		on esx-a ip neigh replace 198.51.100.99 lladdr "$mac" dev vmk0 nud permanent &&
		on esx-b ip link del vm0 && plug_vm vmk2 && on switch bridge fdb del "$mac" dev b-vmk1 master
}

# log: 200 datagrams to vm0
log() {
	# shellcheck disable=SC2016  # for that shell
	on esx-a bash -c 'for ((i = 0; i < 200; i++)); do printf %1000s "$i" >/dev/udp/198.51.100.99/514; done'
}

# goes_to: the ports of the switch by which these leave
goes_to() {
	local before
	before=$(links switch)
	log
	links switch | jq -r --argjson before "$before" '
		def sent: .stats64.tx.bytes;
		[.[] | .ifname as $port | select($port | test("^[ab]-")) |
			select(sent - ($before[] | select(.ifname == $port) | sent) > 100000).ifname] | sort | join(" ")'
}

expected=3
answer() {
	case $(goes_to) in
	b-vmk2) echo 1 ;;
	b-vmk1) echo 2 ;;
	*' '*) echo 3 ;;
	esac
}

check() {
	local ports
	[[ $(on esx-b ip -j -d link show vm0 2>/dev/null | jq -r '.[] | "\(.link) \(.address)"') == "vmk2 $mac" ]] ||
		wrong 'vm0 is not on vmk2 of esx-b any more: there the virtual machine runs. lab reset begins again' || return
	! on switch bridge fdb show | grep "^$mac" | grep -q 'static\|permanent' ||
		wrong 'the switch was told by hand: the next time the machine moves it sends to the wrong port' || return
	ports=$(goes_to)
	[[ $ports == b-vmk2 ]] || wrong "what is for vm0 leaves the switch by ${ports:-no port}, not by b-vmk2 alone: it does not know where vm0 is, or has forgotten, as it does after 300 s"
}

solve() {
	on switch bridge fdb show br switch dynamic
	on esx-b ping -c 1 -I vm0 198.51.100.10
	on switch bridge fdb show br switch dynamic
}

# Before vm0 uses an address of IPv6 it asks whether somebody has it.
other_way() {
	on esx-b ip address add 2001:db8:1::99/64 dev vm0
	addresses_are_asked_for esx-b vm0
}

wrong_1() { on switch bridge fdb replace "$mac" dev b-vmk2 master static; }
wrong_1_says='the switch was told by hand'
# It is the host that says something, with the MAC of the host.
wrong_2() { on esx-b ping -c 1 -I vmk2 192.0.2.10; }
wrong_2_says='what is for vm0 leaves the switch by a-vmk1 a-vmk2 b-vmk0 b-vmk1 b-vmk2'
