# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

several() { one_subnet "$1" && on "$1" migsel vmk add vmk2 migration on; }

start() {
	several esx-a && one_subnet esx-b && on esx-a iperf3 -s -D &&
		on esx-a migsel save >"$run/esx-a"
}

# With the destination healed and the source as it was, nothing changes.
answer() {
	if [[ $(carrier esx-b hot 192.0.2.11) == vmk0 ]]; then
		echo 2
	else
		echo 1
	fi
}

check() {
	local nic
	on esx-a migsel save | cmp -s - "$run/esx-a" || wrong 'the vmks of esx-a were changed: it is not esx-a that decides. lab reset begins again' || return
	intact esx-b || return
	nic=$(carrier esx-b hot 192.0.2.11)
	[[ $nic ]] || wrong 'esx-b refuses hot traffic: no NIC carries migrations' || return
	[[ $nic != vmk0 ]] || wrong 'hot traffic of esx-b still leaves by vmk0'
}

solve() {
	on esx-b migsel vmk add vmk2 migration on
	on esx-b migsel exec hot -- iperf3 -c 192.0.2.11 -n 10M
	on esx-b ip -s link
}

wrong_1() { on esx-a migsel vmk set vmk2 migration off; }
wrong_1_says='the vmks of esx-a were changed'
wrong_2() { on esx-b migsel vmk set vmk1 migration off; }
wrong_2_says='esx-b refuses hot traffic'
