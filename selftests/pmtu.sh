#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What steered flows learn of their path. The same hop is reached by a policy route first:
# that is what to compare with.
. "$(dirname "$(readlink -f "$0")")/pmtu_lib.sh"

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

# stalls WHAT: a connection whose segments are too big stalls, as it does by a policy route.
# TCP does not send again and again, and the host does not tell itself.
stalls() {
	local resent told
	counted TCPRetransFail
	resent=$REPLY
	counted OutDestUnreachs
	told=$REPLY
	asks a_probe more 200000 1
	[[ $REPLY == ETIMEDOUT ]] || fail "$1: it gets there: $REPLY"
	asks a_probe abort
	counted TCPRetransFail
	((REPLY < resent + 50)) || fail "$1: sent again $((REPLY - resent)) times"
	counted OutDestUnreachs
	((REPLY < told + 50)) || fail "$1: A tells itself $((REPLY - told)) times"
}

# narrow NETNS DEVICE FAMILY MARK: before a connection is made, and while it runs
narrow() {
	ip -n "$1" link set "$2" mtu 1400
	asks a_probe open "$(far "$3")" "$(source_of "$3")" "$4"
	stalls "IPv$3, mark $4, $2 is narrow"
	ip -n "$1" link set "$2" mtu 1500
	flush
	asks a_probe open "$(far "$3")" "$(source_of "$3")" "$4"
	asks a_probe more 100000
	ip -n "$1" link set "$2" mtu 1400
	stalls "IPv$3, mark $4, $2 gets narrow"
	ip -n "$1" link set "$2" mtu 1500
	flush
}

# TCP may not make segments as small as the path wants them.
least_is_too_big() {
	local how family mark
	in_netns "$A" bash -c 'echo 1400 >/proc/sys/net/ipv4/tcp_min_snd_mss'
	defer "in_netns $A bash -c 'echo 48 >/proc/sys/net/ipv4/tcp_min_snd_mss'"
	ip -n "$R" link set r2 mtu 1500
	defer "ip -n $R link set r2 mtu 1400"
	flush
	for how in socket rule; do
		tag "$how"
		for family in 4 6; do
			narrow "$R" r2 "$family" "$mark"
			narrow "$A" vmk1 "$family" "$mark"
		done
	done
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

need python3
ktap_print_header
ktap_set_plan 18
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
run_test 'what is too big for the vmk itself is refused or cut' narrow_vmk
run_test 'what TCP may not cut smaller is not sent again and again' least_is_too_big
run_test 'SYN and SYN-ACK announce what vmk1 takes' announces
ktap_finished
