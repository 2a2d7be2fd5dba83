# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# flap NIC: down and up again, with the addresses that it had
flap() {
	on esx-a ip link set "$1" down && on esx-a ip link set "$1" up || return
	addresses_are_asked_for esx-a "$1"
}

start() {
	one_subnet esx-a && on esx-a migsel vmk add vmk2 && on esx-a migsel save >"$run/esx-a" &&
		on esx-a sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1 && flap vmk1
}

# plain_leaves: by vmk1, to each family
plain_leaves() {
	local to nic
	for to in 192.0.2.22 2001:db8::22; do
		nic=$(carrier esx-a plain "$to")
		[[ $nic == vmk1 ]] || wrong "$1plain traffic to $to leaves by ${nic:-no NIC}, not by vmk1" || return
	done
}

check() {
	local number family
	on esx-a migsel save | cmp -s - "$run/esx-a" || wrong 'the vmks of esx-a were changed: they are for hot and cold traffic. lab reset begins again' || return
	for number in 0 1 2; do
		for family in 192.0.2.1 2001:db8::1; do
			addresses esx-a "vmk$number" | grep -q "^$family$number/" || wrong "vmk$number of esx-a has lost its address $family$number" || return
		done
	done
	plain_leaves '' || return
	for number in 1 0 2; do
		flap "vmk$number"
		plain_leaves "it did until vmk$number went down and up again; now " || return
	done
	[[ $(carrier esx-a hot 192.0.2.21) == vmk0 ]] || wrong 'hot traffic does not leave by vmk0 any more'
}

solve() {
	on esx-a ip route
	on esx-a ip address change 192.0.2.10/24 dev vmk0 metric 100
	on esx-a ip address change 192.0.2.12/24 dev vmk2 metric 100
	on esx-a ip -6 route
	on esx-a ip address change 2001:db8::11/64 dev vmk1 metric 100
	on esx-a iperf3 -c 192.0.2.22 -n 10M
}

# It is first again, until the next time.
wrong_1() {
	flap vmk0
	flap vmk2
}
wrong_1_says='it did until vmk1 went down and up again'
wrong_2() {
	on esx-a ip address change 192.0.2.10/24 dev vmk0 metric 100
	on esx-a ip address change 192.0.2.12/24 dev vmk2 metric 100
}
wrong_2_says='plain traffic to 2001:db8::22 leaves by vmk0'
