# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

start() { :; }

expected=2
answer() {
	case $(carrier esx-a plain 192.0.2.22) in
	vmk0) echo 1 ;;
	vmk1) echo 2 ;;
	vmk2) echo 3 ;;
	esac
}

check() {
	local nic other
	nic=$(carrier esx-a plain 192.0.2.22)
	(($(sent "$nic") < 7000000)) || return 0
	for other in vmk0 vmk1 vmk2; do
		(($(sent "$other") < 5000000)) ||
			wrong "it was $other that has sent 10 MB, but that is not where Linux sends by itself" || return
	done
	wrong 'no NIC of esx-a has sent 10 MB since the exercise began'
}

solve() {
	on esx-a iperf3 -c 192.0.2.22 -n 10M
	on esx-a ip -s link show vmk1
}

wrong_1() { on esx-a ping -c 1 192.0.2.22; }
wrong_1_says='no NIC of esx-a has sent 10 MB'
# Bound to a device, a socket leaves by that.
wrong_2() { on esx-a iperf3 -c 192.0.2.22 -n 10M -B 192.0.2.12%vmk2; }
wrong_2_says='it was vmk2'
