# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

start() {
	local conf
	one_subnet esx-a && on esx-a migsel vmk add vmk2 migration on && on esx-a migsel save >"$run/esx-a" || return
	for conf in all vmk0 vmk1 vmk2; do
		on esx-b sysctl -qw "net.ipv4.conf.$conf.rp_filter=1" || return
	done
}

check() {
	local number nic
	on esx-a migsel save | cmp -s - "$run/esx-a" || wrong 'the vmks of esx-a were changed: what it sends is right. lab reset begins again' || return
	for number in 1 2; do
		addresses esx-b "vmk$number" | grep -q "^192.0.2.2$number/" || wrong "vmk$number of esx-b has lost its address 192.0.2.2$number" || return
		nic=$(carrier esx-a hot "192.0.2.2$number")
		[[ $nic ]] || wrong "no connection to 192.0.2.2$number: vmk$number of esx-b does not take what arrives" || return
	done
}

solve() {
	on esx-b sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.vmk2.rp_filter
	on esx-b sysctl -w net.ipv4.conf.vmk2.rp_filter=2
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.22 -n 10M
}

# Of the two numbers that count for a NIC, the greater one holds.
wrong_1() { on esx-b sysctl -w net.ipv4.conf.vmk2.rp_filter=0; }
wrong_1_says='no connection to 192.0.2.22'
wrong_2() { on esx-b sysctl -w net.ipv4.conf.all.rp_filter=0; }
wrong_2_says='no connection to 192.0.2.22'
