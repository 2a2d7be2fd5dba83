# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# The port of vmk2 is on a second switch, and the wire between both is cut. Who takes a NIC down is
# not to lose its IPv6 addresses.
start() {
	on esx-a sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1 || return
	ip -n switch -batch - <<-END &&
		link add switch-2 type bridge mcast_snooping 0
		link set switch-2 up
		link add uplink type veth peer name uplink-2
		link set uplink-2 master switch-2 up
		link set uplink master switch
		link set a-vmk2 master switch-2
	END
		one_subnet esx-a && on esx-a migsel vmk add vmk2 migration on && on esx-a migsel save >"$run/esx-a"
}

check() {
	local to nics
	intact esx-a || return
	[[ $(on switch ip -j link show uplink 2>/dev/null | jq '.[].flags | index("UP")') == null &&
		$(on switch ip -j link show a-vmk2 | jq -r '.[].master') == switch-2 ]] ||
		wrong 'the switches were changed, and they are not yours: lab reset begins again' || return
	for to in 192.0.2.21 2001:db8::21; do
		nics=$(carrier esx-a hot "$to" -P 4 -n 8M)
		[[ $nics ]] || wrong "hot traffic to $to does not get through: some of it ends on the way" || return
		[[ $nics == vmk1 ]] || wrong "hot traffic to $to leaves by $nics, not by vmk1 alone" || return
	done
	on esx-a migsel save | cmp -s - "$run/esx-a" || wrong 'the vmks of esx-a are not what they were: once the wire is mended somebody has to remember that'
}

solve() {
	on switch ip link show master switch-2
	on esx-a ip link set vmk2 down
	on esx-a migsel vmk show
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 10M -P 4
}

# One migration NIC is left then: the pitfall.
wrong_1() { on esx-a migsel vmk set vmk2 migration off; }
wrong_1_says='hot traffic to 192.0.2.21 leaves by vmk0'
wrong_2() { on esx-a migsel vmk set vmk1 weight 255; }
wrong_2_says='hot traffic to 192.0.2.21 does not get through'
