# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# arp HOST SETTING VALUE: of the host and of each NIC, as the greater one of both holds
arp() {
	local conf
	for conf in all vmk0 vmk1 vmk2; do
		on "$1" sysctl -qw "net.ipv4.conf.$conf.$2=$3" || return
	done
}

start() {
	local host
	for host in esx-a esx-b; do
		arp "$host" arp_ignore 0 && arp "$host" arp_announce 0 || return
	done
	one_subnet esx-a
}

# arrives FROM TO [OPTION...]: the NIC of the other host at which a hot stream arrives, when nobody
# has asked for the address before; nothing if it does not
arrives() {
	local host before to=esx-b
	[[ $1 == esx-a ]] || to=esx-a
	for host in esx-a esx-b; do
		on "$host" ip neigh flush all
	done
	before=$(links "$to")
	stream "$1" hot "${@:2}" || return
	links "$to" | jq -r --argjson before "$before" '
		def got: .stats64.rx.bytes;
		map(.ifname as $nic | { nic: $nic, n: (got - ($before[] | select(.ifname == $nic) | got)) }) | max_by(.n).nic'
}

# filtered: what else may be the cause, if it may
filtered() {
	on esx-b sysctl -n net.ipv4.conf.{all,vmk0,vmk1,vmk2}.rp_filter | grep -qx 1 &&
		echo ', or a strict rp_filter drops it: it is no cure here'
}

expected=2
answer() {
	case $(arrives esx-a 192.0.2.21) in
	vmk1) echo 1 ;;
	?*) echo 2 ;;
	esac
}

check() {
	local host number to nic mac
	intact esx-a || return
	for host in esx-a esx-b; do
		[[ ! $(on "$host" ip neigh show nud permanent) ]] || wrong "$host has neighbours that were told by hand: every other host still asks" || return
	done
	for number in 0 1 2; do
		for to in 192.0.2.2$number 2001:db8::2$number; do
			nic=$(arrives esx-a "$to")
			[[ $nic ]] || wrong "no connection to $to: it does not arrive at all$(filtered)" || return
			[[ $nic == "vmk$number" ]] || wrong "what is sent to $to arrives at $nic of esx-b, not at vmk$number" || return
		done
	done
	# The rule sends by vmk0 what is bound to the address of vmk1.
	arrives esx-a 192.0.2.21 -B 192.0.2.11 >/dev/null || wrong 'no connection from 192.0.2.11' || return
	mac=$(on esx-a ip -j link show vmk1 | jq -r '.[].address')
	[[ $(on esx-b ip -j neigh show 192.0.2.11 | jq -r '.[].lladdr // empty') == *"$mac"* ]] ||
		wrong 'esx-b takes 192.0.2.11 to be at another NIC of esx-a than vmk1' || return
	[[ $(reason esx-a hot 192.0.2.21) == same-subnet ]] || wrong 'the vmks of esx-a are not what they were: lab reset begins again'
}

solve() {
	on esx-b sysctl -w net.ipv4.conf.all.arp_ignore=1
	on esx-b sysctl -w net.ipv4.conf.all.arp_announce=2
	on esx-a sysctl -w net.ipv4.conf.all.arp_ignore=1
	on esx-a sysctl -w net.ipv4.conf.all.arp_announce=2
	on esx-a ip neigh flush all
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.22 -n 10M
	on esx-b ip -s link show vmk2
	on esx-a migsel -s vmk show
}

# Two NICs are silent then, and the third one gets all.
wrong_1() {
	local conf
	for conf in all vmk0 vmk1 vmk2; do
		on esx-b sysctl -w "net.ipv4.conf.$conf.rp_filter=1"
	done
}
wrong_1_says='what is sent to 192.0.2.20 arrives at vmk1 of esx-b'
# Only the one that receives: what esx-a asks still tells a wrong address.
wrong_2() {
	on esx-b sysctl -w net.ipv4.conf.all.arp_ignore=1
	on esx-b sysctl -w net.ipv4.conf.all.arp_announce=2
}
wrong_2_says='esx-b takes 192.0.2.11 to be at another NIC'
# All that is said to help, at once: a NIC by which no answer would go back is silent.
wrong_3() {
	solve
	on esx-b sysctl -w net.ipv4.conf.all.rp_filter=1
}
wrong_3_says='no connection to 192.0.2.20: it does not arrive at all, or a strict rp_filter'
