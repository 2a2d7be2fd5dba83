# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

start() {
	own_subnet esx-a 11 && own_subnet esx-b 21 &&
		on esx-a migsel vmk add vmk1 migration on && on esx-a migsel vmk add vmk0
}

check() {
	local nic
	nic=$(carrier esx-a hot 198.51.100.21)
	[[ $nic == vmk1 ]] || wrong "hot traffic to 198.51.100.21 leaves by ${nic:-no NIC}, not by vmk1 any more" || return
	nic=$(carrier esx-a cold 192.0.2.20)
	[[ $nic == vmk0 ]] || wrong "cold traffic leaves by ${nic:-no NIC}, not by vmk0" || return
	intact esx-a
}

solve() {
	on esx-a migsel -d route get 192.0.2.20 tag cold
	on esx-a migsel vmk set vmk0 position 0
	on esx-a migsel exec cold -- iperf3 -c 192.0.2.20 -n 10M
}

wrong_1() { on esx-a migsel vmk del vmk1; }
wrong_1_says='hot traffic to 198.51.100.21 leaves by no NIC'
wrong_2() { on esx-a migsel vmk set vmk0 migration on; }
wrong_2_says='leaves by'
