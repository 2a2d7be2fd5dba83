#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What steered flows learn of their path. Behind vmk1 there is a router, and a hop
# that takes less than all others:
#
#   namespace $A                                    namespace $B
#   vmk0 ------------------------------------------ b0
#   vmk1 ------ r1 namespace $R r2 ---------------- b1
#                               1400
#
# The same hop is reached by a policy route first: that is what to compare with.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

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

# counted NAME: what TCP on A has counted, into REPLY
counted() {
	local -a names values
	local i
	REPLY=0
	{
		while read -ra names && read -ra values; do
			for i in "${!names[@]}"; do
				[[ ${names[i]} != "$1" ]] || REPLY=${values[i]}
			done
		done
	} <"/proc/$a_pid/net/netstat"
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

# tcp_learns HOW: as by a policy route and without a time-out of TCP, which is what a flow
# that does not learn waits for; how long a busy host takes to emulate it is not tested
tcp_learns() {
	local before policy4 policy6 policy_mss4 policy_mss6 took4=0 took6=0 mss4=0 mss6=0 mark
	by_policy measure_tcp 0
	policy4=$took4 policy6=$took6 policy_mss4=$mss4 policy_mss6=$mss6
	timeouts
	before=$REPLY
	tag "$1"
	measure_tcp "$mark"
	timeouts
	((REPLY == before)) || fail "$((REPLY - before)) time-outs"
	((took4 <= 2 * policy4 + 1000 * slow)) || fail "IPv4: $took4 ms, by a policy route $policy4 ms"
	((took6 <= 2 * policy6 + 1000 * slow)) || fail "IPv6: $took6 ms, by a policy route $policy6 ms"
	((mss4 == policy_mss4)) || fail "IPv4: segments of $mss4, by a policy route $policy_mss4"
	((mss6 == policy_mss6)) || fail "IPv6: segments of $mss6, by a policy route $policy_mss6"
	ktap_print_msg "IPv4 $took4 ms, by a policy route $policy4 ms; IPv6 $took6 ms, $policy6 ms"
	only_vmk1 4 6
	reasons dedicated-subnet
}

# The message comes while the sender has the socket locked. The host may be busy.
tcp_of_tagged_socket() { tcp_learns socket; }
tcp_tagged_by_rule() { tcp_learns rule; }

# The message comes when nobody has the socket locked any more.
delay() {
	tc -n "$R" qdisc add dev r1 root netem delay 30ms limit 10000 || fail 'no delay'
	defer "tc -n $R qdisc del dev r1 root"
}

tcp_delayed() {
	delay
	tcp_learns socket
}

tcp_tagged_by_rule_delayed() {
	delay
	tcp_learns rule
}

# A connection that runs when the hop gets narrower, so long that nothing is
# remembered of when it was first steered.
tcp_running() {
	local family before
	flush
	for family in 4 6; do
		ip -n "$R" link set r2 mtu 1500
		asks a_probe open "$(far "$family")" "$(source_of "$family")" "$hot"
		asks a_probe more 100000
		segments -gt 1400
		read -r -t 3.5 -u "$never"
		ip -n "$R" link set r2 mtu 1400
		timeouts
		before=$REPLY
		asks a_probe more 200000
		segments -lt 1360
		timeouts
		((REPLY == before)) || fail "IPv$family: $((REPLY - before)) time-outs"
		asks a_probe close
	done
	only_vmk1 4 6
}

# measure_udp MARK SIZE DISCOVER WORD...: into got4 and got6
measure_udp() {
	local family
	for family in 4 6; do
		asks a_probe udp "$(far "$family")" "$(source_of "$family")" "$@"
		printf -v "got$family" %s "$REPLY"
	done
}

# udp_learns HOW WORD...: as by a policy route
udp_learns() {
	local policy4 policy6 got4 got6 mark discover
	# IP_PMTUDISC_WANT, DO, PROBE
	for discover in 1 2 3; do
		by_policy measure_udp 0 1440 "$discover" "${@:2}"
		policy4=$got4 policy6=$got6
		[[ $policy4 == ok* ]] || fail "by a policy route: $policy4"
		tag "$1"
		measure_udp "$mark" 1440 "$discover" "${@:2}"
		[[ $got4 == "$policy4" ]] || fail "IPv4, discovery $discover: $got4, by a policy route $policy4"
		[[ $got6 == "$policy6" ]] || fail "IPv6, discovery $discover: $got6, by a policy route $policy6"
		only_vmk1 4 6
		flush
	done
	reasons dedicated-subnet
}

udp_of_tagged_socket() { udp_learns socket; }
udp_unconnected() { udp_learns socket unconnected; }
udp_error_queue() { udp_learns socket recverr; }
udp_unconnected_error_queue() { udp_learns socket unconnected recverr; }

# Who does not discover may ask for errors all the same; IPv6 has some.
udp_not_discovering() {
	local policy4 policy6 got4 got6
	by_policy measure_udp 0 1440 0 recverr
	policy4=$got4 policy6=$got6
	measure_udp "$hot" 1440 0 recverr
	[[ $got4 == "$policy4" ]] || fail "IPv4: $got4, by a policy route $policy4"
	[[ $got6 == "$policy6" ]] || fail "IPv6: $got6, by a policy route $policy6"
	flush
}
udp_unconnected_tagged_by_rule() { udp_learns rule unconnected; }

# The socket's own route is the plain one, and IP_MTU tells of that.
udp_connected_tagged_by_rule() {
	local got4 got6 mark
	flush
	tag rule
	measure_udp "$mark" 1440 2
	[[ $got4 == 'ok EMSGSIZE EMSGSIZE EMSGSIZE 1500' ]] || fail "IPv4: $got4"
	[[ $got6 == 'ok EMSGSIZE EMSGSIZE EMSGSIZE 1500' ]] || fail "IPv6: $got6"
	only_vmk1 4 6
}

# Others to the same host are not limited, in any way.
untagged_is_not_limited() {
	local got4 got6 took4 took6 mss4 mss6
	flush
	measure_tcp "$hot"
	measure_udp "$hot" 1440 2
	only_vmk1 4 6
	measure_udp "$none" 1440 2
	[[ $got4 == 'ok ok ok ok 1500' ]] || fail "IPv4: $got4"
	[[ $got6 == 'ok ok ok ok 1500' ]] || fail "IPv6: $got6"
	measure_tcp "$none"
	((mss4 > 1400 && mss6 > 1400)) || fail "segments of $mss4 and $mss6"
}

# What is not steered learns as it did, whatever is steered: here the plain route is
# by vmk1.
untagged_learns() {
	local got4 got6
	flush
	ip -n "$A" -b - <<-END || fail 'no routes'
		route add $(far 4) via 198.51.100.1 metric 5
		route add $(far 6) via 2001:db8:1::1 metric 5
	END
	defer "printf 'route del %s metric 5\n' $(far 4) $(far 6) | ip -n $A -b -"
	measure_udp "$none" 1440 2
	[[ $got4 == 'ok EMSGSIZE EMSGSIZE EMSGSIZE 1400' ]] || fail "IPv4: $got4"
	[[ $got6 == 'ok EMSGSIZE EMSGSIZE EMSGSIZE 1400' ]] || fail "IPv6: $got6"
}

# Nobody who is not on the path says anything about it.
forged() {
	local family port mss
	flush
	for family in 4 6; do
		asks a_probe open "$(far "$family")" "$(source_of "$family")" "$hot"
		port=$REPLY
		asks a_probe more 20000
		mss=${REPLY##* }
		asks r_probe forge tcp "$(router "$family")" "$(source_of "$family")" "$(far "$family")" "$port:5001" 1300 12345
		asks a_probe more 1000
		segments -eq "$mss"
		asks a_probe close
	done
	exceptions 'vmk[01]'
	[[ $REPLY != *' mtu 1300'* ]] || fail "a route has learnt: $REPLY"
}

# A route learns of UDP whether the socket cares or not, so that it does not tell of sockets.
ignored() {
	local family port
	flush
	for family in 4 6; do
		asks a_probe ignore "$(far "$family")" "$(source_of "$family")" "$hot"
		port=$REPLY
		asks r_probe forge udp "$(router "$family")" "$(source_of "$family")" "$(far "$family")" "$port:5001" 1400 0
		asks a_probe close
	done
	only_vmk1 4 6
}

# guarded FAMILY HOW: a message about a connection that ignores it
guarded() {
	local port seq
	asks a_probe open "$(far "$1")" "$(source_of "$1")" "$hot"
	port=$REPLY
	asks a_probe more 2000
	asks a_probe sequence
	seq=$REPLY
	asks a_probe guard "$2"
	case $REPLY in
	ok) asks r_probe forge tcp "$(router "$1")" "$(source_of "$1")" "$(far "$1")" "$port:5001" 1350 "$seq" ;;
	ENOPROTOOPT) ktap_print_msg "this kernel has no way to guard TCP by $2" ;;
	*) fail "$2: $REPLY" ;;
	esac
	asks a_probe abort
}

# TCP ignores what came too far, and with authentication all that is not authentic.
ignored_by_tcp() {
	local family ignored
	flush
	for family in 4 6; do
		guarded "$family" ttl
	done
	counted TCPMinTTLDrop
	ignored=$REPLY
	((ignored >= 2)) || fail "TCP has ignored only $ignored"
	guarded 4 ao
	exceptions 'vmk[01]'
	[[ $REPLY != *' mtu 1350'* ]] || fail "a route has learnt: $REPLY"
}

# Where TCP may not make segments as small as the path wants them, it stalls, as it does by
# a policy route. It does not send again without an end.
least_is_too_big() {
	local before
	flush
	in_netns "$A" bash -c 'echo 1400 >/proc/sys/net/ipv4/tcp_min_snd_mss'
	defer "in_netns $A bash -c 'echo 48 >/proc/sys/net/ipv4/tcp_min_snd_mss'"
	asks a_probe open "$(far 4)" "$(source_of 4)" "$hot"
	counted TCPRetransFail
	before=$REPLY
	asks a_probe more 200000 3
	[[ $REPLY == ETIMEDOUT ]] || fail "it gets there: $REPLY"
	asks a_probe abort
	counted TCPRetransFail
	((REPLY < before + 50)) || fail "sent again $((REPLY - before)) times"
	only_vmk1 4
}

# tunnel FAMILY TO FROM INNER: from A to B, by packets that a rule tags; INNER with 1 and 2
tunnel() {
	ip -n "$A" -b - <<-END || fail 'no tunnel on A'
		link add x$1 type vxlan id $1 dstport 4789 remote $2 local $3 df set
		addr add ${4}1/64 dev x$1 nodad
		link set x$1 up
	END
	ip -n "$B" -b - <<-END || fail 'no tunnel on B'
		link add x$1 type vxlan id $1 dstport 4789 remote $3 local $2
		addr add ${4}2/64 dev x$1 nodad
		link set x$1 up
	END
	defer "ip -n $A link del x$1; ip -n $B link del x$1"
}

# What TCP needs in the tunnel of each family, into took4 and took6
measure_tunnel() {
	local family
	for family in 4 6; do
		asks a_probe tcp "fd77:$family::2" any 0 300000
		segments -lt 1330
		printf -v "took$family" %s "${REPLY%% *}"
	done
	flush
}

# A tunnel asks the plain route how large its packets may be, so that one learns.
udp_tunnel() {
	local family took4 took6 policy4 policy6
	flush
	for family in 4 6; do
		tunnel "$family" "$(far "$family")" "$(source_of "$family")" "fd77:$family::"
	done
	by_policy measure_tunnel
	policy4=$took4 policy6=$took6
	in_netns "$A" nft add rule inet t out udp dport 4789 meta mark set "$hot"
	defer "in_netns $A nft flush chain inet t out"
	measure_tunnel
	((took4 <= 2 * policy4 + 1000 * slow)) || fail "IPv4: $took4 ms, by a policy route $policy4 ms"
	((took6 <= 2 * policy6 + 1000 * slow)) || fail "IPv6: $took6 ms, by a policy route $policy6 ms"
	reasons dedicated-subnet
}

router() { [[ $1 == 4 ]] && echo 198.51.100.1 || echo 2001:db8:1::1; }

# A does not hear of what is too big.
deaf() {
	in_netns "$A" nft add rule inet t in icmp type destination-unreachable drop
	in_netns "$A" nft add rule inet t in icmpv6 type packet-too-big drop
}

# A filter has its say first, whatever its priority.
filtered() {
	local got4 got6
	flush
	deaf
	measure_udp "$hot" 1440 2
	in_netns "$A" nft flush chain inet t in
	[[ $got4 == 'ok ok ok ok 1500' ]] || fail "IPv4: $got4"
	[[ $got6 == 'ok ok ok ok 1500' ]] || fail "IPv6: $got6"
	nothing_learnt filtered
}

no_discovery() {
	local got4 got6
	flush
	in_netns "$A" bash -c 'echo 2 >/proc/sys/net/ipv4/ip_no_pmtu_disc'
	measure_udp "$hot" 1440 2
	in_netns "$A" bash -c 'echo 0 >/proc/sys/net/ipv4/ip_no_pmtu_disc'
	[[ $got4 == 'ok ok ok ok 1500' ]] || fail "IPv4: $got4"
	only_vmk1 6
}

# The administrator's word is final, for IPv4.
mtu_lock() {
	local got4 got6 took4 took6 mss4=0 mss6=0
	flush
	ip -n "$A" route replace "$(far 4)" via 198.51.100.1 metric 20 mtu lock 1450
	defer "ip -n $A route replace $(far 4) via 198.51.100.1 metric 20"
	measure_udp "$hot" 1410 2
	[[ $got4 == *' 1450' ]] || fail "UDP: $got4"
	measure_tcp "$hot"
	((mss4 > 1380 && mss4 < 1410)) || fail "TCP: segments of $mss4"
	only_vmk1 6
}

# What is too big for the vmk itself is refused at once, and TCP cuts for it, even
# where the host does not hear itself.
narrow_vmk() {
	local how before got4 got6 took4=0 took6=0 mss4=0 mss6=0 mark
	flush
	ip -n "$A" link set vmk1 mtu 1400
	deaf
	defer "ip -n $A link set vmk1 mtu 1500; in_netns $A nft flush chain inet t in"
	for how in socket rule; do
		tag "$how"
		measure_udp "$mark" 1440 2 unconnected
		[[ $got4 == 'EMSGSIZE EMSGSIZE EMSGSIZE EMSGSIZE' ]] || fail "IPv4, $how: $got4"
		[[ $got6 == 'EMSGSIZE EMSGSIZE EMSGSIZE EMSGSIZE' ]] || fail "IPv6, $how: $got6"
		measure_udp "$mark" 2840 2 unconnected gso
		[[ $got4 == 'EMSGSIZE EMSGSIZE EMSGSIZE EMSGSIZE' ]] || fail "IPv4, segments, $how: $got4"
		measure_udp "$mark" 2600 2 unconnected gso
		[[ $got4 == 'ok ok ok ok' ]] || fail "IPv4, small segments, $how: $got4"
		measure_udp "$mark" 1440 1 unconnected
		[[ $got4$got6 == 'ok ok ok okok ok ok ok' ]] || fail "fragments, $how: $got4, $got6"
		measure_udp "$mark" 1440 2 recverr
		[[ $got4 == EMSGSIZE*EMSGSIZE/1/1400* ]] || fail "IPv4, error queue, $how: $got4"
		[[ $got6 == EMSGSIZE*EMSGSIZE/1/1400* ]] || fail "IPv6, error queue, $how: $got6"
		timeouts
		before=$REPLY
		measure_tcp "$mark"
		((mss4 < 1360 && mss6 < 1340 && mss4 > 1300 && mss6 > 1300)) || fail "$how: segments of $mss4 and $mss6"
		timeouts
		((REPLY == before)) || fail "$how: $((REPLY - before)) time-outs"
	done
	nothing_learnt 'too big for vmk1'
}

# announced MSS4 MSS6: by all that have opened since the last time
says_mss() {
	local text
	text=$(in_netns "$R" nft list set inet syns syn)
	syns_anew
	for REPLY in "$1" "$2"; do
		[[ $text =~ [^0-9]$REPLY\ counter ]] || fail "$3: nobody announces $REPLY: $text"
		text=${text/$REPLY counter/}
	done
	[[ ! $text =~ [0-9]\ counter ]] || fail "$3: other announcements: $text"
}

# The plain route takes more than vmk1 does.
announces() {
	local took4 took6 mss4 mss6 mark how
	printf 'link set vmk0 mtu 9000\n' | ip -n "$A" -b -
	defer "ip -n $A link set vmk0 mtu 1500"
	syns_anew
	for how in socket rule; do
		flush
		tag "$how"
		measure_tcp "$mark"
		says_mss 1460 1440 "SYN, $how"
	done
	flush
	# The sink on A is hot, and B has no other way to these addresses.
	in_netns "$B" "$work/flows" 4,tcp,"$A4,from=$(far 4)" 6,tcp,"$A6,from=$(far 6)" >"$scratch/flows" 2>&1
	[[ $(grep -c '^done.* ok ' "$scratch/flows") == 2 ]] || fail "no flows to A: $(<"$scratch/flows")"
	says_mss 1460 1440 SYN-ACK
}

via_new_gateway() {
	asks r_probe redirect tcp 198.51.100.1 "$A4" "$(far 4)" "$1:5001" 198.51.100.2 "$2"
	ip -n "$A" route get "$(far 4)" oif vmk1 | grep -q 'via 198.51.100.2'
}

# To the router's other address: the plain route must not get a gateway that is not
# behind its device.
redirected() {
	local port seq
	flush
	asks a_probe open "$(far 4)" "$A4" "$hot"
	port=$REPLY
	asks a_probe more 20000
	asks a_probe sequence
	seq=$REPLY
	via_new_gateway "$port" $((seq + 100000))
	nap
	! via_new_gateway "$port" $((seq + 100000)) || fail 'a forged redirect is heeded'
	wait_for 5 via_new_gateway "$port" "$seq" || fail 'vmk1 has not learnt of the gateway'
	REPLY=$(ip -n "$A" route get "$(far 4)")
	[[ $REPLY == *'via 192.0.2.21 '*vmk0* ]] || fail "the plain route: $REPLY"
	asks a_probe more 20000
	[[ $REPLY == +([0-9])\ * ]] || fail "the connection: $REPLY"
	asks a_probe close
}

# via_new_router PORT OFFSET: a redirect quotes what has just been sent, or what is beyond
via_new_router() {
	asks a_probe more 1000
	asks a_probe sequence
	asks r_probe redirect tcp fe80::1%r1 "$A6" "$(far 6)" "$1:5001" fe80::2 $((REPLY + $2))
	ip -n "$A" -6 route get "$(far 6)" oif vmk1 | grep -q 'via fe80::2 '
}

# The same for IPv6, where a redirect is from a router's address on the link. Where a rule
# tags the packets, the socket keeps the plain route.
redirected6() {
	local port how mark
	printf 'addr add fe80::%d/64 dev r1 nodad\n' 1 2 | ip -n "$R" -b - || fail 'no addresses'
	for how in socket rule; do
		flush
		ip -n "$A" -6 route replace "$(far 6)" via fe80::1 dev vmk1 metric 20
		tag "$how"
		asks a_probe open "$(far 6)" "$A6" "$mark"
		port=$REPLY
		via_new_router "$port" 100000
		nap
		! via_new_router "$port" 100000 || fail "$how: a forged redirect is heeded"
		wait_for 5 via_new_router "$port" 0 || fail "$how: vmk1 has not learnt of the router"
		REPLY=$(ip -n "$A" -6 route get "$(far 6)")
		[[ $REPLY == *'via 2001:db8::21 '*vmk0* ]] || fail "$how: the plain route: $REPLY"
		asks a_probe more 20000
		[[ $REPLY == +([0-9])\ * ]] || fail "$how: the connection: $REPLY"
		asks a_probe close
		ip -n "$A" -6 route replace "$(far 6)" via 2001:db8:1::1 metric 20
	done
}

need python3
ktap_print_header
ktap_set_plan 26
make_path
vmks vmk0 vmk1+
run_test 'TCP of a tagged socket learns as by a policy route' tcp_of_tagged_socket
run_test 'TCP that a rule tags learns as by a policy route' tcp_tagged_by_rule
run_test 'TCP of a tagged socket learns from a message that takes its time' tcp_delayed
run_test 'TCP that a rule tags learns from a message that takes its time' tcp_tagged_by_rule_delayed
run_test 'a running connection learns of a hop that gets narrower' tcp_running
run_test 'connected UDP learns as by a policy route' udp_of_tagged_socket
run_test 'unconnected UDP learns as by a policy route' udp_unconnected
run_test 'connected UDP finds the message in its error queue' udp_error_queue
run_test 'unconnected UDP finds the message in its error queue' udp_unconnected_error_queue
run_test 'unconnected UDP that a rule tags learns as by a policy route' udp_unconnected_tagged_by_rule
run_test 'connected UDP that a rule tags learns' udp_connected_tagged_by_rule
run_test 'UDP that does not discover finds what it would' udp_not_discovering
run_test 'a tunnel of UDP that a rule tags learns' udp_tunnel
run_test 'what is not tagged is not limited' untagged_is_not_limited
run_test 'what is not steered learns as it did' untagged_learns
run_test 'what is not from the path is not heeded' forged
run_test 'what a UDP socket ignores is learnt' ignored
run_test 'what TCP ignores is not heeded' ignored_by_tcp
run_test 'what a filter drops is not heeded' filtered
run_test 'ip_no_pmtu_disc holds' no_discovery
run_test 'mtu lock holds' mtu_lock
run_test 'what is too big for the vmk itself is refused or cut' narrow_vmk
run_test 'what TCP may not cut smaller is not sent again and again' least_is_too_big
run_test 'SYN and SYN-ACK announce what vmk1 takes' announces
run_test 'a redirect is for the route by vmk1' redirected
run_test 'a redirect of IPv6 is for the route by vmk1' redirected6
ktap_finished
