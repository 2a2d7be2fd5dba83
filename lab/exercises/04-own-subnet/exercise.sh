# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

start() { one_subnet esx-a && one_subnet esx-b &&
	on esx-a migsel save >"$run/esx-a" && on esx-b migsel save >"$run/esx-b"; }

check() {
	local host to why
	for host in esx-a esx-b; do
		on "$host" migsel save | cmp -s - "$run/$host" || wrong "the vmks of $host were changed: lab reset begins again" || return
	done
	for to in 198.51.100.21 2001:db8:1::21; do
		addresses esx-b vmk1 | grep -q "^$to/" || wrong "vmk1 of esx-b does not have $to" || return
		why=$(reason esx-a hot "$to")
		[[ $why == dedicated-subnet ]] || wrong "to $to the reason is $why, not dedicated-subnet: vmk1 of esx-a has no address there, or shares a subnet with vmk0" || return
		[[ $(carrier esx-a hot "$to") == vmk1 ]] || wrong "a stream to $to does not leave by vmk1" || return
	done
	for to in 198.51.100.11 2001:db8:1::11; do
		why=$(reason esx-b hot "$to")
		[[ $why == dedicated-subnet ]] || wrong "from esx-b to $to the reason is $why, not dedicated-subnet: its vmk1 is still in the subnet of vmk0, too, or not in its own" || return
	done
}

solve() {
	on esx-a ip address del 192.0.2.11/24 dev vmk1
	on esx-a ip address add 198.51.100.11/24 dev vmk1
	on esx-a ip address del 2001:db8::11/64 dev vmk1
	on esx-a ip address add 2001:db8:1::11/64 dev vmk1 nodad
	on esx-b ip address del 192.0.2.21/24 dev vmk1
	on esx-b ip address add 198.51.100.21/24 dev vmk1
	on esx-b ip address del 2001:db8::21/64 dev vmk1
	on esx-b ip address add 2001:db8:1::21/64 dev vmk1 nodad
	on esx-a migsel exec hot -- iperf3 -c 198.51.100.21 -n 10M
}

wrong_1() { own_subnet esx-b 21; }
wrong_1_says='198.51.100.21 the reason is no-route'
wrong_2() {
	own_subnet esx-b 21
	on esx-a ip address del 192.0.2.11/24 dev vmk1
	on esx-a ip address add 198.51.100.11/24 dev vmk1
}
wrong_2_says='2001:db8:1::21 the reason is no-route'
# The new addresses beside the old ones, on the host that receives.
wrong_3() {
	own_subnet esx-a 11
	on esx-b ip address add 198.51.100.21/24 dev vmk1
	on esx-b ip address add 2001:db8:1::21/64 dev vmk1 nodad
}
wrong_3_says='from esx-b to 198.51.100.11 the reason is no-route'
