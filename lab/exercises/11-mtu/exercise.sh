# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# A veth lets pass what is to be cut later, whatever its size: here TCP cuts by itself. What is left
# of a stream that has stalled goes soon, and the host with it when it is built anew.
start() {
	local host
	own_subnet esx-a 11 && own_subnet esx-b 21 && one_subnet esx-a || return
	for host in esx-a esx-b; do
		on "$host" ip link set vmk1 mtu 9000 gso_max_segs 1 &&
			on "$host" sysctl -qw net.ipv4.tcp_orphan_retries=1 || return
	done
	ip -n switch -batch - <<-END &&
		link set switch mtu 9000
		link set a-vmk1 mtu 9000
		addr add 198.51.100.1/24 dev switch
		addr add 2001:db8:1::1/64 dev switch nodad
		link set b-vmk2 nomaster
		addr add 203.0.113.1/24 dev b-vmk2
		addr add 2001:db8:2::1/64 dev b-vmk2 nodad
	END
		ip -n esx-b -batch - <<-END &&
			addr flush dev vmk2 scope global
			addr add 203.0.113.22/24 dev vmk2
			addr add 2001:db8:2::22/64 dev vmk2 nodad
		END
		ip -n esx-a -batch - <<-END &&
			route add 203.0.113.0/24 via 198.51.100.1
			route add 2001:db8:2::/64 via 2001:db8:1::1
		END
		on switch sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# stalls TO: a connection gets there, but no stream does
stalls() {
	timeout 8 nsenter --net=/run/netns/esx-a migsel exec hot -- iperf3 -c "$1" -n 2M >/dev/null 2>&1
	(($? == 124))
}

expected=2
answer() {
	if [[ $(carrier esx-a hot 203.0.113.22) != vmk1 ]]; then
		! stalls 203.0.113.22 || echo 3
	elif stalls 198.51.100.21; then
		echo 2
	elif [[ $(carrier esx-a hot 198.51.100.21) == vmk1 ]]; then
		echo 1
	fi
	on esx-a ip route flush cache
}

# passes TO SIZE: a packet of that payload, in one piece
passes() { on esx-a ping -c 1 -W 2 -M "do" -s "$2" "$1" >/dev/null 2>&1; }

check() {
	local host mtu to
	intact esx-a || return
	for host in esx-a esx-b; do
		mtu=$(on "$host" ip -j link show vmk1 | jq '.[].mtu')
		((mtu == 9000)) || wrong "vmk1 of $host has an MTU of $mtu, not of 9000" || return
	done
	for to in 203.0.113.22 2001:db8:2::22; do
		[[ $(carrier esx-a hot "$to") == vmk1 ]] || wrong "a hot stream to $to, through the router, does not get there any more" || return
		[[ $(on esx-a ip -j route get "$to" | jq '.[].metrics[0].mtu') == 1500 ]] || wrong "the router lets pass more than 1500 bytes to $to now" || return
	done
	passes 198.51.100.21 8972 || wrong 'a packet of 9000 bytes does not get from vmk1 of esx-a to 198.51.100.21' || return
	passes 2001:db8:1::21 8952 || wrong 'a packet of 9000 bytes does not get from vmk1 of esx-a to 2001:db8:1::21' || return
	for to in 198.51.100.21 2001:db8:1::21; do
		! stalls "$to" || wrong "a hot stream to $to stalls" || return
		[[ $(carrier esx-a hot "$to") == vmk1 ]] || wrong "hot traffic to $to does not leave by vmk1" || return
	done
	passes 192.0.2.20 1472 || wrong 'vmk0 of esx-a does not reach 192.0.2.20 any more'
}

solve() {
	on switch ip link show type veth
	on switch ip link set b-vmk1 mtu 9000
	on esx-a ping -c 1 -M 'do' -s 8972 203.0.113.22
	on esx-a ip route get 203.0.113.22
	on esx-a ping -c 1 -M 'do' -s 8972 198.51.100.21
	on esx-a migsel exec hot -- iperf3 -c 198.51.100.21 -n 10M
}

# It works, and is no cure of what was to be had.
wrong_1() {
	on esx-a ip link set vmk1 mtu 1500
	on esx-b ip link set vmk1 mtu 1500
}
wrong_1_says='vmk1 of esx-a has an MTU of 1500'
# TCP finds out by itself what gets through, each time.
wrong_2() { on esx-a sysctl -w net.ipv4.tcp_mtu_probing=1; }
wrong_2_says='a packet of 9000 bytes does not get'
# A router without its words.
wrong_3() {
	on switch ip link set b-vmk1 mtu 9000
	on switch sysctl -w net.ipv4.ip_forward=0
}
wrong_3_says='a hot stream to 203.0.113.22, through the router, does not get there'
