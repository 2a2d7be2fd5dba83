# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# tables: what decides for all by which NIC a packet leaves; link-local routes come late
tables() {
	local family
	for family in -4 -6; do
		on esx-a ip "$family" rule
		on esx-a ip "$family" route show table all type unicast | grep -v '^fe80:'
	done
	on esx-a nft list ruleset
}

# sent_ipv6: bytes, by vmk2
sent_ipv6() { on esx-a sed -n 's/^Ip6OutOctets[[:blank:]]*//p' /proc/net/dev_snmp6/vmk2; }

start() { tables >"$run/tables" && sent_ipv6 >"$run/ipv6"; }

expected=2
answer() {
	case $(carrier esx-a plain 192.0.2.22 -B 192.0.2.12) in
	vmk0) echo 1 ;;
	vmk1) echo 2 ;;
	vmk2) echo 3 ;;
	esac
}

check() {
	local ipv6 ipv4
	[[ $(vmks esx-a length) == 0 ]] || wrong 'esx-a has a vmk: here it is plain Linux. migsel vmk flush' || return
	tables | cmp -s - "$run/tables" ||
		wrong 'routes, rules or nftables are not what they were: that changes it for all who send. lab reset begins again' || return
	ipv6=$(($(sent_ipv6) - $(<"$run/ipv6")))
	ipv4=$(($(sent vmk2) - ipv6))
	((ipv4 >= 5000000)) || wrong "vmk2 has sent $((ipv4 / 1000)) kB by IPv4, not 10 MB" || return
	((ipv6 >= 5000000)) || wrong "vmk2 has sent $((ipv6 / 1000)) kB by IPv6, not 10 MB"
}

solve() {
	on esx-a ip route get 192.0.2.22
	on esx-a ip route get 192.0.2.22 from 192.0.2.12
	on esx-a ip route get 192.0.2.22 oif vmk2
	on esx-a iperf3 -c 192.0.2.22 -n 10M --bind-dev vmk2
	on esx-a iperf3 -c 2001:db8::22 -n 10M --bind-dev vmk2
	on esx-a ip -s link show vmk2
}

wrong_1() { on esx-a iperf3 -c 192.0.2.22 -n 10M -B 192.0.2.12; }
wrong_1_says='vmk2 has sent'
wrong_2() {
	on esx-a ip route add 192.0.2.22 dev vmk2
	on esx-a iperf3 -c 192.0.2.22 -n 10M
}
wrong_2_says='routes, rules or nftables are not what they were'
