# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

start() { :; }

answer() {
	case $(carrier esx-a plain 192.0.2.22) in
	vmk0) echo 1 ;;
	vmk1) echo 2 ;;
	vmk2) echo 3 ;;
	esac
}

check() {
	local nic
	for nic in vmk0 vmk1 vmk2; do
		(($(sent "$nic") < 5000000)) || break
	done
	(($(sent "$nic") >= 5000000)) || wrong 'no NIC of esx-a has sent 10 MB since the exercise began' || return
	[[ $nic == "$(carrier esx-a plain 192.0.2.22)" ]] ||
		wrong "it was $nic that has sent 10 MB, but that is not where Linux sends by itself"
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
