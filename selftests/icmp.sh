#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which ICMP messages about steered packets are heeded, and what a redirect is for.
. "$(dirname "$(readlink -f "$0")")/pmtu_lib.sh"

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

# Nor does anything that IPsec forbids.
forbidden() {
	local got4 got6
	flush
	ip -n "$A" -b - <<-END || fail 'no policy'
		xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto icmp type 3 code 4 dir in action block
		xfrm policy add src ::/0 dst ::/0 proto ipv6-icmp type 2 dir in action block
	END
	defer "ip -n $A xfrm policy flush"
	measure_udp "$hot" 1440 2
	[[ $got4 == 'ok ok ok ok 1500' ]] || fail "IPv4: $got4"
	[[ $got6 == 'ok ok ok ok 1500' ]] || fail "IPv6: $got6"
	nothing_learnt forbidden
}

# A program lets messages pass. What TCP sends when it is told must not meet what it gets.
passed_by_a_program() {
	local took4 took6 mss4=0 mss6=0 line=
	flush
	in_netns "$A" nft -f - <<-END || fail 'no queue'
		table inet q {
			chain input {
				type filter hook input priority 0
				icmp type destination-unreachable queue num 0
				icmpv6 type packet-too-big queue num 0
			}
		}
	END
	defer "in_netns $A nft delete table inet q"
	coproc queue { exec "$here/interplay.py" queue "$A"; }
	# shellcheck disable=SC2154
	defer "stop $queue_PID"
	read -r -t 60 -u "${queue[0]}" line
	[[ $line == ready ]] || fail 'nobody reads the queue'
	echo >&"${queue[1]}"
	measure_tcp "$hot"
	((mss4 > 1300 && mss4 < 1360 && mss6 > 1300 && mss6 < 1340)) || fail "segments of $mss4 and $mss6, after $took4 and $took6 ms"
	only_vmk1 4 6
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
	# shellcheck disable=SC2034  # set by measure_tcp()
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

# via_new_router PORT OFFSET [fragment]: a redirect quotes what has just been sent, or what is
# beyond
via_new_router() {
	asks a_probe more 1000
	asks a_probe sequence
	asks r_probe redirect tcp fe80::1%r1 "$A6" "$(far 6)" "$1:5001" fe80::2 $((REPLY + $2)) "${@:3}"
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
		via_new_router "$port" 0 fragment
		nap
		! via_new_router "$port" 0 fragment || fail "$how: a redirect in a fragment is heeded"
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
ktap_set_plan 10
make_path
vmks vmk0 vmk1+
run_test 'what is not from the path is not heeded' forged
run_test 'what a UDP socket ignores is learnt' ignored
run_test 'what TCP ignores is not heeded' ignored_by_tcp
run_test 'what a filter drops is not heeded' filtered
run_test 'what IPsec forbids is not heeded' forbidden
run_test 'what a program lets pass is heeded' passed_by_a_program
run_test 'ip_no_pmtu_disc holds' no_discovery
run_test 'mtu lock holds' mtu_lock
run_test 'a redirect is for the route by vmk1' redirected
run_test 'a redirect of IPv6 is for the route by vmk1' redirected6
ktap_finished
