#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What has no egress is dropped, and its sender told: it never leaks onto the
# first vmk, which plain Linux would take in each of these cases.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

all='tcp udp udpu icmp'

# refused REASON DEST: hot traffic there, by every way to send it
refused() {
	traffic $(both hot "$2" "$all") $(both hot "$2" tcp ,nonblock | sed 's/hot-tcp/hot-tcp-nonblock/g')
	told_within 1000 '*'
	leaves_not '*' vmk0 vmk1 vmk2
	reasons "$1"
	says_route "refuse $1" "$(to 4 1)" tag hot
	says_route "refuse $1" "$(to 6 1)" tag hot
}

no_migration_vmk() {
	shape S S 0 1 2
	vmks vmk0 vmk1 vmk2
	refused no-migration-vmk 1
}

link_down() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	ip -n "$SW" link set a1 down
	defer "ip -n $SW link set a1 up"
	refused link-down 1
}

# All migration vmks are down, the first vmk is not.
links_down() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	printf 'link set a%d down\n' 1 2 | ip -n "$SW" -b -
	defer "printf 'link set a%d up\n' 1 2 | ip -n $SW -b -"
	refused link-down 1
}

# vmk1 has a subnet of its own, and B's other addresses are not in it.
no_route() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	traffic $(both hot 0 "$all")
	told_within 1000 '*'
	leaves_not '*' vmk0 vmk1 vmk2
	reasons no-route
	says_route 'refuse no-route' "$(to 4 0)" tag hot
	says_route 'refuse no-route' "$(to 6 0)" tag hot
}

# IPv4 takes a destination for on-link where the sender names a device that has no route.
made_up_route() {
	local got
	shape D D 0 1 2
	vmks vmk0 vmk1+
	got=$(in_netns "$A" migsel exec hot -- python3 - "$(to 4 0)" 2>&1 <<-'END'
		import errno, socket, struct, sys
		UNICAST_IF, PKTINFO = 50, 8
		index = socket.if_nametoindex('vmk1')
		asked = [(socket.IPPROTO_IP, PKTINFO, struct.pack('=I8x', index))]
		for connects, by_packet in (False, False), (True, False), (False, True):
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    if not by_packet:
		        s.setsockopt(socket.IPPROTO_IP, UNICAST_IF, struct.pack('!I', index))
		    to = (sys.argv[1], 9)
		    if connects:
		        s.connect(to)
		    for _ in range(3):
		        try:
		            s.sendmsg([b'x'], asked if by_packet else [], 0, None if connects else to)
		            print('sent')
		        except OSError as e:
		            print(errno.errorcode[e.errno])
	END
	)
	[[ $(uniq -c <<<"$got") == *' 9 EHOSTUNREACH' ]] || fail "told: ${got//$'\n'/ }"
	reasons no-route
}

# A raw socket may send by a gateway what its header has for somebody else.
header_of_another() {
	local got
	shape D D 2 1 0
	vmks vmk0 vmk2+
	got=$(in_netns "$A" migsel exec hot -- python3 - "$(far 4)" "$(to 4 0)" 2>&1 <<-'END'
		import errno, socket, sys
		gateway, other = sys.argv[1:]
		s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
		for dest in gateway, other:
		    header = bytes([0x45, 0, 0, 21, 0, 0, 0, 0, 64, 253, 0, 0, 0, 0, 0, 0]) + socket.inet_aton(dest)
		    try:
		        s.sendto(header + b'x', (gateway, 0))
		        print('sent')
		    except OSError as e:
		        print(errno.errorcode[e.errno])
	END
	)
	[[ $got == $'sent\nEHOSTUNREACH' ]] || fail "told: ${got//$'\n'/ }"
}

# Routes that are there to refuse are none.
no_unreachable_route() {
	local kind family
	shape D D 0 1 2
	vmks vmk0 vmk1+
	for kind in unreachable blackhole prohibit; do
		for family in 4 6; do
			far_routes "$family" | sed 's/replace/del/'
			far_routes "$family" | grep vmk0
			echo "route add $kind $(far "$family") metric 1000"
		done | ip -n "$A" -b - || fail "no $kind routes"
		for family in 4 6; do
			says_route 'refuse no-route' "$(far "$family")" tag hot
			says_route 'vmk0 cold-first-vmk' "$(far "$family")" tag cold
		done
		for family in 4 6; do
			echo "route del $kind $(far "$family") metric 1000"
			far_routes "$family"
		done | ip -n "$A" -b - || fail "no more $kind routes"
	done
}

# Who asks for errors finds them in the queue, whichever the socket, with the destination.
error_queue() {
	local dest
	shape S S 0 1 2
	vmks vmk0 vmk1
	for dest in "$(to 4 1)" "$(to 6 1)"; do
		in_netns "$A" migsel exec hot -- ping -c 1 -W 10 "$dest" >"$scratch/ping" 2>&1 &&
			fail "ping $dest does not fail"
		grep -qx 'ping: local error: No route to host' "$scratch/ping" || fail "ping $dest: $(<"$scratch/ping")"
	done
	in_netns "$A" migsel exec hot -- python3 - "$(to 4 1)" "$(to 6 1)" <<-'END' >"$scratch/queue" 2>&1
		import errno, socket, struct, sys
		v4, v6 = sys.argv[1:]
		RECVERR, RECVERR6 = 11, 25
		def sends(family, dest, connects):
		    s = socket.socket(family, socket.SOCK_DGRAM)
		    s.setsockopt(socket.IPPROTO_IP, RECVERR, 1)
		    if family == socket.AF_INET6:
		        s.setsockopt(socket.IPPROTO_IPV6, RECVERR6, 1)
		    if connects:
		        s.connect((dest, 9))
		    try:
		        s.sendto(b'x', (dest, 9))
		    except OSError as e:
		        print(errno.errorcode[e.errno], end=' ')
		    for _, data, _, address in [s.recvmsg(0, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)]:
		        code, origin = struct.unpack_from('IB', data[0][2])
		        print(errno.errorcode[code], origin, address[0] == dest)
		for connects in (False, True):
		    sends(socket.AF_INET, v4, connects)
		    sends(socket.AF_INET6, v6, connects)
		    sends(socket.AF_INET6, '::ffff:' + v4, connects)
	END
	[[ $(sort "$scratch/queue" | uniq -c) == *' 6 EHOSTUNREACH EHOSTUNREACH 1 True' ]] ||
		fail "error queues: $(<"$scratch/queue")"
}

# Live TCP flows are as on a dead link, not reset: they go on when they may.
flows_stall() {
	local since id
	shape S S 1 0 2
	vmks vmk0 vmk1+
	start_flows -l $(both hot 1 'tcp udp' ,n=2) $(both cold 1 tcp)
	more_by 5 vmk0 200000
	migsel -n "$A" vmk set vmk1 migration off || fail 'no change'
	meter_anew
	read_stats
	since=${packets[no-migration-vmk]}
	wait_for 5 refused_more "$since" || fail 'nothing is refused'
	more_by 5 vmk0 200000
	meter_read
	leaves_not '*-hot-*' vmk0 vmk1 vmk2
	migsel -n "$A" vmk set vmk1 migration on || fail 'no change back'
	wait_for 10 all_seen '*-hot-*' || fail 'not all flows go on'
	stop_flows
	results '*-tcp*' ok
	results '*-hot-udp*' EHOSTUNREACH
	for id in "${ids[@]}"; do
		((${errors[$id]} >= 10)) || fail "$id: told ${errors[$id]} times only"
	done
}

refused_more() {
	read_stats
	((${packets[no-migration-vmk]} > $1 + 20))
}

# all_seen PATTERN: by vmk0
all_seen() {
	local id key
	meter_read
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		flow_bytes "$id" vmk0
		((REPLY)) || return
	done
}

# The plain route is by vmk1.
pass() {
	shape S S 1 0 2
	vmks unreachable pass vmk0 vmk2
	traffic $(both hot 1 "$all") $(both cold 1 "$all")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons no-migration-vmk cold-first-vmk
	says_route 'pass no-migration-vmk' "$(to 4 1)" tag hot
	says_route 'pass no-migration-vmk' "$(to 6 1)" tag hot
}

# More at once than a queue of reasonable length holds.
crowd() {
	shape S S 0 1 2
	vmks vmk0 vmk1
	meter_anew
	start_flows $(both hot 1 tcp ,n=200,burst)
	end_flows
	told_within 1000 '*'
}

need ping python3
ktap_print_header
ktap_set_plan 11
make_hosts
run_test 'no migration vmk' no_migration_vmk
run_test 'the only migration vmk has no link' link_down
run_test 'no migration vmk has a link' links_down
run_test 'no route by the migration vmk' no_route
run_test 'a route that plain Linux makes up' made_up_route
run_test 'the destination that is in the header counts' header_of_another
run_test 'unreachable, blackhole and prohibit are no routes' no_unreachable_route
run_test 'who asks for errors is told by the queue' error_queue
run_test 'live flows stall and go on' flows_stall
run_test 'unreachable pass' pass
run_test '400 connections at once' crowd
ktap_finished
