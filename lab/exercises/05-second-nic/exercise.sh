# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

start() { one_subnet esx-a && on esx-a migsel vmk add vmk2; }

# bound ADDRESS: the NIC by which a hot stream leaves whose sender is bound to it
bound() { carrier esx-a hot 192.0.2.21 -B "$1"; }

expected=1
answer() {
	case $(bound 192.0.2.11) in
	vmk0) echo 1 ;;
	vmk1) echo 2 ;;
	esac
}

check() {
	local nics number nic
	intact esx-a || return
	nics=$(vmks esx-a '[.[] | select(.migration) | .ifname] | sort | join(" ")')
	[[ $nics != *vmk0* ]] || wrong 'vmk0 is a migration NIC now: some streams leave by it' || return
	[[ $nics == 'vmk1 vmk2' ]] || wrong "the migration NICs are: ${nics:-none}. Two are wanted, vmk1 and vmk2" || return
	for number in 1 2; do
		addresses esx-a "vmk$number" | grep -q "^192.0.2.1$number/" || wrong "vmk$number has lost its address 192.0.2.1$number" || return
		nic=$(bound "192.0.2.1$number")
		[[ $nic == "vmk$number" ]] || wrong "bound to 192.0.2.1$number a stream leaves by ${nic:-no NIC}" || return
	done
}

solve() {
	on esx-a migsel vmk set vmk2 migration on
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 10M -B 192.0.2.12
	on esx-a migsel -s vmk show
}

wrong_1() { on esx-a migsel vmk set vmk0 migration on; }
wrong_1_says='vmk0 is a migration NIC now'
wrong_2() {
	on esx-a migsel vmk set vmk2 migration on
	on esx-a migsel vmk set vmk1 migration off
}
wrong_2_says='the migration NICs are: vmk2'
