# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

# vmnic0 and vmnic1 are the NICs with a wire, and vmk0 and vmk1 both sit on vmnic0.
start() {
	own_subnet esx-b 21 &&
		ip -n esx-a -batch - <<-END &&
			link del vmk1
			link set vmk0 down
			link set vmk0 name vmnic0 up
			link set vmk2 down
			addr flush dev vmk2
			link set vmk2 name vmnic1 up
			addr flush dev vmnic0
			link add link vmnic0 name vmk0 type macvlan mode bridge
			link add link vmnic0 name vmk1 type macvlan mode bridge
			addr add 192.0.2.10/24 dev vmk0
			addr add 2001:db8::10/64 dev vmk0 nodad
			link set vmk0 up
			addr add 198.51.100.11/24 dev vmk1
			addr add 2001:db8:1::11/64 dev vmk1 nodad
			link set vmk1 up
		END
		one_subnet esx-a
}

expected=2
answer() {
	case $(carrier esx-a hot 198.51.100.21) in
	*vmnic0*) echo 2 ;;
	?*) echo 1 ;;
	esac
}

check() {
	local to nics
	intact esx-a || return
	for to in 198.51.100.21 2001:db8:1::21; do
		nics=" $(carrier esx-a hot "$to") "
		[[ $nics != '  ' ]] || wrong "esx-a sends no hot traffic to $to: vmk1 needs its addresses, and to be a migration vmk" || return
		[[ $nics == *' vmk1 '* ]] || wrong "hot traffic to $to leaves by$nics, not by vmk1" || return
		[[ $nics != *' vmnic0 '* ]] || wrong "hot traffic to $to is still on the wire of management: what sends is$nics" || return
	done
	nics=" $(carrier esx-a plain 192.0.2.20) "
	[[ $nics == *' vmk0 '* && $nics == *' vmnic0 '* ]] || wrong 'vmk0 does not send by vmnic0 any more, as management has to'
}

solve() {
	on esx-a ip link del vmk1
	on esx-a ip link add link vmnic1 name vmk1 type macvlan mode bridge
	on esx-a ip address add 198.51.100.11/24 dev vmk1
	on esx-a ip address add 2001:db8:1::11/64 dev vmk1 nodad
	on esx-a ip link set vmk1 up
	on esx-a migsel vmk add vmk1 migration on
	on esx-a migsel exec hot -- iperf3 -c 198.51.100.21 -n 10M
	on esx-a ip -s link show vmnic0
}

# vmk1 moved, and forgotten by migsel, as its device was another one.
wrong_1() {
	solve
	on esx-a migsel vmk del vmk1
}
wrong_1_says='esx-a sends no hot traffic to 198.51.100.21'
wrong_2() { on esx-a migsel vmk set vmk1 stack vmotion; }
wrong_2_says='hot traffic to 198.51.100.21 is still on the wire of management'
