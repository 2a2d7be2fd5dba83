#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets and sockets out of the ordinary: neighbour discovery, copies that netfilter makes,
# sockets whose binding shows in other ways, transmit queues, and packets while another
# namespace listens for alarms.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

tracing=/sys/kernel/tracing

# nft_a TABLE TEXT: a chain in a table of A, until the end of the test
nft_a() {
	in_netns "$A" nft -f - <<-END || fail "no chain in $1"
		table $1 {
			chain output {
				$2
			}
		}
	END
	defer "in_netns $A nft delete table $1"
}

# All that A sends is tagged, and what is tagged is refused: who asks for A's address by a
# NIC, is answered by it all the same.
neighbours() {
	shape D D 0 1 2
	vmks vmk0 vmk1
	nft_a 'inet everything' 'type filter hook output priority 0
		meta mark set 0x10000'
	ip -n "$A" -6 neigh flush all
	ip -n "$B" -6 neigh flush all
	from_b
	traffic $(specs 6 none "$(address 6 D 1 1)" udp)
	results '*' ok
	leaves_by '*' vmk1
	from_a
	reasons not-unicast
}

# The originals leave by vmk0, the copies by the NIC that they were made for.
copies() {
	local id key family
	shape S S 1 2 0
	vmks vmk0 vmk1+
	for family in 4 6; do
		nft_a "ip${family%4} copies" "type filter hook output priority -10
			udp dport 5001 dup to $(to "$family" 2) device vmk2"
	done
	traffic $(both hot 1 'udp udpu')
	results '*' ok
	for id in "${!result[@]}"; do
		flow_bytes "$id" vmk0
		((REPLY < sent[$id] * 3 / 2)) || fail "$id: $REPLY bytes by vmk0"
		flow_bytes "$id" vmk2
		((REPLY >= sent[$id])) || fail "$id: only $REPLY bytes by vmk2"
		flow_bytes "$id" vmk1
		((REPLY == 0)) || fail "$id: $REPLY bytes by vmk1"
	done
	reasons same-subnet
}

# send_by BOUND SOCKET...: a packet of each socket, "FAMILY TYPE PROTOCOL", bound to vmk2's
# address if BOUND is 1, else connected
send_by() {
	in_netns "$A" python3 - "$(address 4 S 1 2)" "$(address 6 S 1 2)" "$(to 4 1)" "$(to 6 1)" "$@" <<-'END' || fail 'not all is sent'
		import socket, sys
		own4, own6, to4, to6, bound, *sockets = sys.argv[1:]
		open('/proc/sys/net/ipv4/ping_group_range', 'w').write('0 0')
		for family, type, protocol in (s.split() for s in sockets):
		    own, to = (own4, to4) if family == '4' else (own6, to6)
		    if family == 'mapped':
		        own, to = '::ffff:' + own4, '::ffff:' + to4
		    number = {'icmp': 1, 'icmp6': 58, 'sctp': 132}[protocol]
		    s = socket.socket(socket.AF_INET if family == '4' else socket.AF_INET6, getattr(socket, 'SOCK_' + type), number)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x10000)
		    s.setblocking(False)
		    port = 0 if type == 'RAW' else 5001
		    if bound == '1':
		        s.bind((own, 0))
		    if bound == '0' or protocol == 'sctp':
		        try:
		            s.connect((to, port))
		        except BlockingIOError:
		            pass
		    if protocol != 'sctp':
		        echo = bytes([8 if protocol == 'icmp' else 128]) + bytes(15)
		        s.send(echo) if bound == '0' else s.sendto(echo, (to, port))
	END
}

# bound_as REASON BOUND SOCKET: its packets are counted for the reason
bound_as() {
	vmks vmk0 vmk1+ vmk2+
	send_by "$2" "$3"
	read_stats
	((${packets[$1]})) || fail "$3 is not $1"
	reasons "$1"
}

bound_sockets() {
	local socket sockets=('4 RAW icmp' '6 RAW icmp6' '4 DGRAM icmp' '6 DGRAM icmp6'
		'4 STREAM sctp' '6 STREAM sctp' 'mapped STREAM sctp' '4 SEQPACKET sctp')
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 icmp ,n=2,from=%2)
	results '*' ok
	leaves_by '*' vmk2
	reasons multi-nic-bound
	for socket in "${sockets[@]}"; do
		bound_as multi-nic-bound 1 "$socket"
	done
	for socket in "${sockets[@]}"; do
		bound_as multi-nic 0 "$socket"
	done
}

# larger_than_mtu FAMILY: three datagrams of a raw socket, which is connected
larger_than_mtu() {
	in_netns "$A" python3 - "$(to "$1" 1)" <<-'END' || fail "IPv$1: not all is sent"
		import socket, sys
		family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
		s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x10000)
		s.connect((sys.argv[1], 0))
		for _ in range(3):
		    s.send(bytes(4000))
	END
}

# A raw socket may be of protocol TCP, and nobody cuts segments for it.
raw_tcp() {
	local family before
	shape S S 1 0 2
	vmks fallback strict vmk0 vmk1+
	for family in 4 6; do
		nic_bytes "$a_pid" vmk1 tx
		before=$REPLY
		larger_than_mtu "$family"
		nic_bytes "$a_pid" vmk1 tx
		((REPLY - before >= 12000)) || fail "IPv$family: vmk1 has sent $((REPLY - before)) bytes"
	done
	reasons strict
}

# queues DEVICE: how many of its transmit queues have sent, into REPLY
queues() {
	REPLY=$(tc -n "$Q" -s qdisc show dev "$1" | awk '/^qdisc/ { mq = $2 == "mq" } !mq && /Sent [1-9]/ { n++ } END { print n + 0 }')
}

all_queues() {
	queues q2
	((REPLY >= 5))
}

# Sixteen flows from a NIC of two queues to one of eight.
transmit_queues() {
	local Q n
	add_netns Q
	{
		for n in 0 1 2; do
			echo "link add q$n numtxqueues $((n == 1 ? 2 : 8)) type dummy"
			echo "link set q$n up"
			echo "addr add 10.0.$n.1/24 dev q$n"
			echo "addr add 2001:db8:$n::1/64 dev q$n nodad"
			echo "route add 198.18.0.0/24 dev q$n metric $((n == 1 ? 1 : 2 + n))"
			echo "route add 2001:db8:f::/64 dev q$n metric $((n == 1 ? 1 : 2 + n))"
		done
	} | ip -n "$Q" -b - || fail 'no devices'
	for n in 1 2; do
		tc -n "$Q" qdisc replace dev "q$n" root handle 1: mq || fail 'no queues'
	done
	migsel -n "$Q" -b - <<-END
		vmk add q0
		vmk add q2 migration on
	END
	sender=$Q
	start_flows -l $(specs 4 none 198.18.0.1 udp ,n=8) $(specs 6 none 2001:db8:f::1 udp ,n=8)
	from_a
	queues q1
	((REPLY == 2)) || fail "$REPLY of q1's queues have sent, not 2"
	in_netns "$Q" nft -f - <<-END || fail 'no rule'
		table inet t {
			chain output {
				type filter hook output priority 0
				udp dport 5001 meta mark set 0x10000
			}
		}
	END
	wait_for 5 all_queues || fail "only $REPLY of q2's queues have sent"
	stop_flows
	results '*' ok
}

# large_by NIC MARK [,EXTRA]: a flow leaves by it, and goes on, in fragments
large_by() {
	meter_anew
	start_flows -l -i 2 $(specs 4 "$2" "$(to 4 1)" tcp "${3-}")
	more_by 10 "$1" 200000
	stop_flows
	results '*' ok
	meter_read
	((${seen[fragments a${1#vmk}]-0} > 100000)) || fail "$1: ${seen[fragments a${1#vmk}]-no} bytes in fragments"
}

# TCP may be told to send segments that are larger than what the device takes. They leave in
# fragments, whatever becomes of the flow, and whether somebody listens for alarms or not.
large_segments() {
	local monitor
	shape S S 1 0 2
	ip -n "$A" -b - <<<$'link set vmk0 mtu 1280\nlink set vmk1 mtu 1280' || fail 'no MTU'
	in_netns "$A" bash -c 'cd /proc/sys/net/ipv4; echo 1400 >tcp_min_snd_mss; echo 1 >ip_no_pmtu_disc'
	defer "ip -n $A -b - <<<$'link set vmk0 mtu 1500\nlink set vmk1 mtu 1500'"
	defer "in_netns $A bash -c 'cd /proc/sys/net/ipv4; echo 48 >tcp_min_snd_mss; echo 0 >ip_no_pmtu_disc'"
	vmks vmk0 vmk1+
	large_by vmk1 none
	large_by vmk0 hot
	exec {monitor_fd}< <(exec migsel -n "$A" -j monitor)
	monitor=$!
	large_by vmk0 hot
	hears '"event":"alarm"'
	stop "$monitor"
	vmks fallback strict vmk0 vmk1+
	large_by vmk1 hot
	vmks vmk0 vmk1+ vmk2+
	large_by vmk1 hot ",from=$(address 4 S 1 1)"
	in_netns "$A" nft -f - <<-END || fail 'no rule'
		table inet tagging {
			chain out { type filter hook output priority 0; meta mark set $hot; }
		}
	END
	defer "in_netns $A nft delete table inet tagging"
	vmks vmk0 vmk1+
	large_by vmk0 none
}

# hits: how often an alarm was thought of for a packet, into REPLY
hits() {
	REPLY=$(awk '$1 ~ /^alarm/ { hits += $2 } END { print hits }' "$tracing/kprobe_profile")
}

# Flows that have fallen back, and somebody who listens elsewhere: nothing changes for their
# packets. Whoever listens here hears of them.
listeners() {
	local other elsewhere before since who monitor
	shape S S 1 0 2
	vmks vmk0 vmk1+
	printf 'p:migsel/alarm%s path_monitored_inet%s\n' 4 '' 6 6 >"$tracing/kprobe_events" || fail 'no kprobe'
	defer "echo >$tracing/kprobe_events"
	echo 1 | tee "$tracing"/events/migsel/alarm?/enable >/dev/null
	defer "echo 0 | tee $tracing/events/migsel/alarm?/enable >/dev/null"
	add_netns other
	exec {elsewhere}< <(exec migsel -n "$other" -j monitor)
	defer "stop $!"
	wait_for 10 heard_elsewhere || fail 'nobody listens elsewhere'
	start_flows -l -i 2 $(both hot 1 'tcp udp')
	more_by 10 vmk0 200000
	hits
	before=$REPLY
	read_stats
	since=${packets[same-subnet]}
	wait_for 20 sent_since 1000 || fail 'not enough is sent'
	hits
	((REPLY - before < (packets[same-subnet] - since) / 5)) ||
		fail "an alarm is thought of for $((REPLY - before)) of $((packets[same-subnet] - since)) packets"
	for who in first second; do
		exec {monitor_fd}< <(exec migsel -n "$A" -j monitor)
		monitor=$!
		for _ in 1 2 3 4; do
			heard '"event":"alarm"' 10 || fail "the $who listener does not hear of a flow"
		done
		stop "$monitor"
		wait_for 10 nobody_asks || fail "alarms are thought of after the $who listener has left"
	done
	stop_flows
	results '*' ok
}

# Packets leave, and for none is an alarm thought of.
nobody_asks() {
	local since before
	hits
	before=$REPLY
	read_stats
	since=${packets[same-subnet]}
	wait_for 5 sent_since 50 || return
	hits
	((REPLY == before))
}

heard_elsewhere() {
	migsel -n "$other" policy set mode observe
	read -r -t 0.2 -u "$elsewhere" REPLY
}

sent_since() {
	read_stats
	((packets[same-subnet] - since >= $1))
}

# There are no kprobes in user mode.
kprobes=1
[[ ${KERNEL-} != uml ]] || kprobes=0

need python3 tc
ktap_print_header
ktap_set_plan $((6 + kprobes))
make_hosts
run_test 'neighbour discovery that a rule tags' neighbours
run_test 'copies that a rule makes' copies
run_test 'sockets of other protocols that are bound' bound_sockets
run_test 'a raw socket of protocol TCP' raw_tcp
run_test 'transmit queues of a flow that was moved' transmit_queues
run_test 'segments larger than what the device takes' large_segments
((kprobes == 0)) || run_test 'a listener in another namespace' listeners
ktap_finished
