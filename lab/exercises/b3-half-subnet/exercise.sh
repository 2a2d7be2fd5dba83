# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# vmk1_has HOST IPV4 IPV6: these, with their prefixes, instead of all that it had
vmk1_has() {
	on "$1" ip address flush dev vmk1 scope global &&
		on "$1" ip address add "$2" dev vmk1 &&
		on "$1" ip address add "$3" dev vmk1 nodad
}

start() {
	one_subnet esx-a && one_subnet esx-b && on esx-a migsel save >"$run/esx-a" &&
		on esx-a iperf3 -s -D && vmk1_has esx-a 192.0.2.11/25 2001:db8::11/65 && vmk1_has esx-b 192.0.2.21/25 2001:db8::21/65
}

# overlapping HOST: the first such pair of subnets, of either family
overlapping() {
	on "$1" migsel -j check | jq -r 'map(select(.code == "overlapping-subnets").message | sub(", yet .*"; ""))[0] // empty'
}

check() {
	local host nic to why
	on esx-a migsel save | cmp -s - "$run/esx-a" || wrong 'the vmks of esx-a were changed: it is not the rule that is wrong. lab reset begins again' || return
	for to in 192.0.2.20 2001:db8::20; do
		nic=$(carrier esx-a plain "$to")
		[[ $nic == vmk0 ]] || wrong "plain traffic to $to leaves by ${nic:-no NIC}, not by vmk0" || return
	done
	for to in 192.0.2.10 2001:db8::10; do
		nic=$(carrier esx-b plain "$to")
		[[ $nic == vmk0 ]] || wrong "plain traffic of esx-b to $to leaves by ${nic:-no NIC}, not by vmk0" || return
	done
	for to in '^[0-9.]*/' ':.*/'; do
		to=$(addresses esx-b vmk1 | grep -m 1 "$to") || wrong 'vmk1 of esx-b needs an address of each family' || return
		to=${to%/*}
		why=$(reason esx-a hot "$to")
		[[ $why == dedicated-subnet ]] || wrong "hot traffic to $to does not leave by vmk1: the reason is $why" || return
		nic=$(carrier esx-a hot "$to")
		[[ $nic == vmk1 ]] || wrong "hot traffic to $to leaves by ${nic:-no NIC}, not by vmk1" || return
	done
	for host in esx-a esx-b; do
		to=$(overlapping "$host")
		[[ ! $to ]] || wrong "on $host one subnet is still a part of another: $to" || return
	done
}

solve() {
	on esx-a ip route
	on esx-a ip address flush dev vmk1 scope global
	on esx-a ip address add 198.51.100.11/24 dev vmk1
	on esx-a ip address add 2001:db8:1::11/64 dev vmk1 nodad
	on esx-b ip address flush dev vmk1 scope global
	on esx-b ip address add 198.51.100.21/24 dev vmk1
	on esx-b ip address add 2001:db8:1::21/64 dev vmk1 nodad
	on esx-a ip route get 192.0.2.20
	on esx-a migsel exec hot -- iperf3 -c 198.51.100.21 -n 10M
}

# The prefixes made equal: plain traffic is where it should be, and the pitfall is there.
wrong_1() {
	vmk1_has esx-a 192.0.2.11/24 2001:db8::11/64
	vmk1_has esx-b 192.0.2.21/24 2001:db8::21/64
}
wrong_1_says='hot traffic to 192.0.2.21 does not leave by vmk1: the reason is same-subnet'
# With IPv4 cured, the other half for IPv6: the two hosts are right, the next one is not.
wrong_2() {
	vmk1_has esx-a 198.51.100.11/24 2001:db8:0:0:8000::11/65
	vmk1_has esx-b 198.51.100.21/24 2001:db8:0:0:8000::21/65
}
wrong_2_says='2001:db8:0:0:8000::/65 of vmk1 lies inside'
