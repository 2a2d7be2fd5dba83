# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

several() { one_subnet "$1" && on "$1" migsel vmk add vmk2 migration on; }

start() {
	several esx-a && one_subnet esx-b && on esx-a iperf3 -s -D &&
		on esx-a migsel save >"$run/esx-a"
}

expected=2
# With the destination healed and the source as it was, nothing changes.
answer() {
	case $(carrier esx-b hot 192.0.2.11) in
	vmk0) echo 2 ;;
	?*) echo 1 ;;
	esac
}

check() {
	local to nics
	on esx-a migsel save | cmp -s - "$run/esx-a" || wrong 'the vmks of esx-a were changed: it is not esx-a that decides. lab reset begins again' || return
	intact esx-b || return
	for to in 192.0.2.11 2001:db8::11; do
		nics=" $(carrier esx-b hot "$to" -P 4 -n 8M) "
		[[ $nics != '  ' ]] || wrong 'esx-b refuses hot traffic: no NIC carries migrations' || return
		[[ $nics != *' vmk0 '* ]] || wrong "hot traffic of esx-b to $to still leaves by vmk0" || return
	done
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
# Two NICs, and one of them is for management.
wrong_3() { on esx-b migsel vmk set vmk0 migration on; }
wrong_3_says='hot traffic of esx-b to 192.0.2.11 still leaves by vmk0'
