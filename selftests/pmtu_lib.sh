# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # what the tests read, what lib.sh sets
#
# Sourced, not run: behind vmk1 there is a router, and a hop that takes less than all
# others.
#
#   namespace $A                                    namespace $B
#   vmk0 ------------------------------------------ b0
#   vmk1 ------ r1 namespace $R r2 ---------------- b1
#                               1400
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/hosts.sh"

A4=198.51.100.11 A6=2001:db8:1::11

make_path() {
	build
	add_netns A
	add_netns R
	add_netns B
	start_sink a_pid "$A" "$hot"
	start_sink r_pid "$R"
	start_sink b_pid "$B"
	from_a
	ip -n "$R" -b - <<-END || ktap_exit_fail_msg 'no links'
		link add r1 type veth peer name vmk1 netns $A
		link add r2 type veth peer name b1 netns $B
		link set r1 up
		link set r2 up mtu 1400
		addr add 198.51.100.1/24 dev r1
		addr add 198.51.100.2/24 dev r1
		addr add 10.9.0.1/24 dev r2
		addr add 2001:db8:1::1/64 dev r1 nodad
		addr add 2001:db8:9::1/64 dev r2 nodad
		link add b0 type veth peer name vmk0 netns $A
		link set b0 netns $B
	END
	ip -n "$A" -b - <<-END || ktap_exit_fail_msg 'no addresses on A'
		link set vmk0 up
		link set vmk1 up
		addr add 192.0.2.11/24 dev vmk0
		addr add $A4/24 dev vmk1
		addr add 2001:db8::11/64 dev vmk0 nodad
		addr add $A6/64 dev vmk1 nodad
		route add $(far 4) via 192.0.2.21 metric 10
		route add $(far 4) via 198.51.100.1 metric 20
		route add $(far 6) via 2001:db8::21 metric 10
		route add $(far 6) via 2001:db8:1::1 metric 20
		route add $(far 4) via 198.51.100.1 table 7
		route add $(far 6) via 2001:db8:1::1 table 7
	END
	ip -n "$B" -b - <<-END || ktap_exit_fail_msg 'no addresses on B'
		link set b0 up
		link set b1 up
		addr add $(far 4)/32 dev lo
		addr add $(far 6)/128 dev lo nodad
		addr add 192.0.2.21/24 dev b0
		addr add 10.9.0.2/24 dev b1
		addr add 2001:db8::21/64 dev b0 nodad
		addr add 2001:db8:9::2/64 dev b1 nodad
		route add 198.51.100.0/24 via 10.9.0.1
		route add 2001:db8:1::/64 via 2001:db8:9::1
	END
	ip -n "$R" -b - <<-END || ktap_exit_fail_msg 'no routes on R'
		route add $(far 4) via 10.9.0.2
		route add $(far 6) via 2001:db8:9::2
	END
	in_netns "$R" bash -c 'cd /proc/sys/net
		echo 1 >ipv4/ip_forward
		echo 1 >ipv6/conf/all/forwarding
		echo 0 >ipv4/conf/r1/send_redirects'
	in_netns "$A" nft -f - <<-END || ktap_exit_fail_msg 'no rules'
		table inet t {
			chain in { type filter hook input priority 10; }
			chain out { type filter hook output priority 0; }
		}
	END
	syns_anew
	start_probe a_probe "$A"
	start_probe r_probe "$R"
}

# The segment sizes that R sees in SYNs are collected anew, as meter_anew() has it.
syns_anew() {
	in_netns "$R" nft -f - <<-END || fail 'no meter'
		table inet syns
		delete table inet syns
		table inet syns {
			set syn { typeof tcp option maxseg size; flags dynamic; size 64; counter; }
			chain pre {
				type filter hook prerouting priority 0
				iifname r1 tcp flags & syn == syn update @syn { tcp option maxseg size }
			}
		}
	END
}

# start_probe VARIABLE NETNS: two descriptors, to read from and to write to
start_probe() {
	local -n probe=$1
	local read write
	mkfifo "$scratch/$2"
	exec {write}<>"$scratch/$2"
	exec {read}< <(exec nsenter --net="/run/netns/$2" "$here/pmtu.py" <"$scratch/$2" 2>&1)
	# shellcheck disable=SC2034  # by its other name
	probe=("$read" "$write")
	defer "stop $!"
}

# asks PROBE COMMAND...: the answer into REPLY
asks() {
	local -n ends=$1
	echo "${*:2}" >&"${ends[1]}"
	read -r -t $((90 * slow)) -u "${ends[0]}" || fail "no answer to ${*:2}"
}

# segments OPERATOR SIZE: what the last answer says of them
segments() {
	local -a words
	read -ra words <<<"$REPLY"
	if [[ $REPLY != +([0-9])\ +([0-9]) ]] || ! test "${words[1]}" "$1" "$2"; then
		fail "segments of $REPLY, not $1 $2"
	fi
}

source_of() { [[ $1 == 4 ]] && echo "$A4" || echo "$A6"; }

router() { [[ $1 == 4 ]] && echo 198.51.100.1 || echo 2001:db8:1::1; }

# What was learnt of IPv6 goes with the entry that it was learnt for.
flush() {
	ip -n "$A" route flush cache
	ip -n "$A" -b - <<-END || fail 'no routes'
		route del $(far 6) via 2001:db8::21
		route del $(far 6) via 2001:db8:1::1
		route add $(far 6) via 2001:db8::21 metric 10
		route add $(far 6) via 2001:db8:1::1 metric 20
		route replace $(far 6) via 2001:db8:1::1 table 7
	END
}

# exceptions DEVICE: what was learnt of the path by it, into REPLY
exceptions() {
	REPLY=$({
		ip -n "$A" -o route show cache
		ip -n "$A" -o -6 route show cache
	} | grep "dev $1 .* mtu ")
}

# vmk0 has learnt nothing, and vmk1 what the hop takes for each of the families
only_vmk1() {
	local family
	exceptions vmk0
	[[ -z $REPLY ]] || fail "the plain route has learnt: $REPLY"
	exceptions vmk1
	for family; do
		[[ $REPLY == *"$(far "$family") "*"mtu 1400"* ]] || fail "IPv$family: vmk1's route has not learnt: $REPLY"
	done
}

nothing_learnt() {
	exceptions 'vmk[01]'
	[[ -z $REPLY ]] || fail "$1: a route has learnt: $REPLY"
}

# counted NAME: what IPv4 and TCP on A have counted, into REPLY
counted() {
	local -a names values
	local i
	REPLY=0
	while read -ra names && read -ra values; do
		for i in "${!names[@]}"; do
			[[ ${names[i]} != "$1" ]] || REPLY=${values[i]}
		done
	done < <(cat "/proc/$a_pid/net/"{netstat,snmp})
}

timeouts() { counted TCPTimeouts; }

# by_policy COMMAND...: for an untagged sender bound to vmk1's address, whose rule says
# what the vmks say otherwise
by_policy() {
	local family
	migsel -n "$A" vmk flush
	for family in 4 6; do
		ip -n "$A" "-$family" rule add from "$(source_of "$family")" table 7
	done
	"$@"
	for family in 4 6; do
		ip -n "$A" "-$family" rule del from "$(source_of "$family")" table 7
	done
	flush
	vmks vmk0 vmk1+
}

# tag socket|rule: how what is sent from now on gets its tag; sets mark
tag() {
	mark=$hot
	[[ $1 == rule ]] || return 0
	mark=0
	in_netns "$A" nft add rule inet t out th dport 5001 meta mark set "$hot"
	defer "in_netns $A nft flush chain inet t out"
}

# What TCP of each family needs for 300 kB, into took4 and took6, mss4 and mss6
measure_tcp() {
	local family
	for family in 4 6; do
		asks a_probe tcp "$(far "$family")" "$(source_of "$family")" "$1" 300000
		segments -gt 0
		read -r "took$family" "mss$family" <<<"${REPLY/*[A-Z]*/0 0}"
	done
}

# measure_udp MARK SIZE DISCOVER WORD...: into got4 and got6
measure_udp() {
	local family
	for family in 4 6; do
		asks a_probe udp "$(far "$family")" "$(source_of "$family")" "$@"
		printf -v "got$family" %s "$REPLY"
	done
}

# A does not hear of what is too big.
deaf() {
	in_netns "$A" nft add rule inet t in icmp type destination-unreachable drop
	in_netns "$A" nft add rule inet t in icmpv6 type packet-too-big drop
}
