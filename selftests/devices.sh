#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every kind of device: it may be a vmk if the table in the documentation says so, and
# what leaves by it arrives and is decided on once. Two hosts:
#
#   vmk0   the first vmk
#   u1 u2  what the device that is tested, mig, is made of
#
# The function with the name of a kind sets it up, on both hosts.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

doc=$here/../Documentation/networking/migsel.rst

# table_of yes|no: the kinds in the table
table_of() {
	# shellcheck disable=SC2016  # as the table has it
	sed -n 's/^``\([a-z0-9 ]*\)`` *\(yes\|no\)\b.*/\1\t\2/p' "$doc" |
		while IFS=$'\t' read -r kind vmk; do
			[[ $vmk != "$1" ]] || echo "$kind"
		done
}

# The hosts --------------------------------------------------------------------

# on HOST COMMAND...: ip commands; HOST is 1 (A) or 2 (B)
on() {
	local netns=$A
	[[ $1 == 1 ]] || netns=$B
	printf '%s\n' "${@:2}" | ip -n "$netns" -b -
}

# each COMMAND...: on both; %H is the host's own number, %P the other's
each() {
	local command
	for command; do
		command=${command//%H/1}
		on 1 "${command//%P/2}" || return
	done
	for command; do
		command=${command//%H/2}
		on 2 "${command//%P/1}" || return
	done
}

in_host() {
	local netns=$A
	[[ $1 == 1 ]] || netns=$B
	in_netns "$netns" "${@:2}"
}

make_pair() {
	local nic
	build
	add_netns A
	add_netns B
	start_sink a_pid "$A"
	start_sink b_pid "$B"
	from_a
	for nic in vmk0 u1 u2; do
		ip -n "$A" link add "$nic" type veth peer name "$nic" netns "$B" || ktap_exit_fail_msg 'no links'
	done
	each 'link set vmk0 up' 'addr add 192.0.2.%H/24 dev vmk0' 'addr add 2001:db8::%H/64 dev vmk0 nodad' ||
		ktap_exit_fail_msg 'no addresses'
}

# The kinds --------------------------------------------------------------------

# made WORDS...: mig, from the same words on both hosts
made() { each "link add mig $*"; }

# over KIND OPTIONS...: a tunnel over IPv4; over6: over IPv6
over() { made "type $1 local 10.1.1.%H remote 10.1.1.%P ${*:2}"; }
over6() { made "type $1 local 2001:db8:a::%H remote 2001:db8:a::%P ${*:2}"; }

bond() { made type bond mode active-backup miimon 100 && each 'link set u1 down' 'link set u1 master mig' 'link set mig up'; }
bridge() { made type bridge && each 'link set u1 master mig'; }
dummy() { made type dummy; }
hsr() { each 'link set u2 up' && made type hsr slave1 u1 slave2 u2; }
ipvlan_l2() { made link u1 type ipvlan mode l2; }
ipvlan_l3() { made link u1 type ipvlan mode l3; }
ipvlan_l3s() { made link u1 type ipvlan mode l3s; }
ipvtap_l2() { made link u1 type ipvtap mode l2; }
ipvtap_l3() { made link u1 type ipvtap mode l3; }
macvlan() { made link u1 address 02:00:00:00:00:0%H type macvlan; }
macvtap() { made link u1 address 02:00:00:00:00:0%H type macvtap; }
team() {
	local host
	made type team || return
	for host in 1 2; do
		in_host "$host" teamnl mig setoption mode roundrobin || return
	done
	each 'link set u1 down' 'link set u1 master mig' 'link set u1 up'
}
veth() { ip -n "$A" link add mig type veth peer name mig netns "$B"; }
vlan() { made link u1 type vlan id 5; }
vrf() { made type vrf table 10; }
loopback() { device=lo; }
vrf_member() {
	each 'link set u1 down' 'link set u1 name mig' &&
		on 1 'link add blue type vrf table 10' 'link set blue up' 'link set mig master blue' || return
	# shellcheck disable=SC2016  # for another bash
	in_netns "$A" bash -c 'for f in /proc/sys/net/ipv4/{tcp,udp,raw}_l3mdev_accept; do echo 1 >$f; done'
}
macsec() {
	local host peer mac
	each 'link set u1 address 02:00:00:00:01:0%H' && made link u1 type macsec encrypt on || return
	for host in 1 2; do
		peer=$((3 - host))
		mac=02:00:00:00:01:0$peer
		in_host "$host" ip macsec add mig tx sa 0 pn 1 on key "0$host" "$(printf "0$host%.0s" {1..16})" &&
			in_host "$host" ip macsec add mig rx port 1 address "$mac" &&
			in_host "$host" ip macsec add mig rx port 1 address "$mac" sa 0 pn 1 on \
				key "0$peer" "$(printf "0$peer%.0s" {1..16})" || return
	done
}
tun() {
	local fd line
	modprobe -q tun
	exec {fd}< <(exec "$here/tunnel.py" "$A" "$B" mig)
	defer "stop $!"
	read -r -t 60 -u "$fd" line
	[[ $line == ready ]]
}
geneve() {
	on 1 'link add mig address 02:00:00:00:02:01 type geneve id 7 remote 10.1.1.2' &&
		on 2 'link add mig address 02:00:00:00:02:02 type geneve id 7 remote 10.1.1.1'
}
gre() { over gre key 7; }
gretap() { over gretap key 8; }
ip6gre() { over6 ip6gre key 7; }
ip6gretap() { over6 ip6gretap key 8; }
ip6tnl() { over6 ip6tnl mode any; }
ipip() { over ipip; }
sit() { over sit mode any; }
vti() { over vti key 7; }
vti6() { over6 vti6 key 7; }
vxlan() { over vxlan id 7 dstport 4789; }
l2tp() {
	local host peer
	for host in 1 2; do
		peer=$((3 - host))
		in_host "$host" ip l2tp add tunnel tunnel_id 7 peer_tunnel_id 7 encap udp \
			local "10.1.1.$host" remote "10.1.1.$peer" udp_sport 1701 udp_dport 1701 &&
			in_host "$host" ip l2tp add session name mig tunnel_id 7 session_id 7 peer_session_id 7 || return
		defer "in_host $host ip l2tp del tunnel tunnel_id 7"
		defer "in_host $host ip l2tp del session tunnel_id 7 session_id 7"
	done
}
wireguard() {
	local host peer
	local -a key public
	made type wireguard || return
	for host in 1 2; do
		key[host]=$(wg genkey)
		public[host]=$(wg pubkey <<<"${key[host]}")
	done
	for host in 1 2; do
		peer=$((3 - host))
		# Tagged by itself, as a careless user has it.
		in_host "$host" wg set mig listen-port 51820 fwmark "$hot" private-key <(echo "${key[host]}") \
			peer "${public[peer]}" endpoint "10.1.1.$peer:51820" allowed-ips 0.0.0.0/0,::/0 || return
	done
}
# xfrm_states HOST IF_ID: what encrypts and decrypts for an xfrm interface
xfrm_states() {
	local keys family self=10.1.1.$1 peer=10.1.1.$((3 - $1))
	keys='enc cbc(aes) 0x00112233445566778899aabbccddeeff'
	keys+=' auth-trunc hmac(sha256) 0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff 128'
	{
		echo "state add src 10.1.1.1 dst 10.1.1.2 proto esp spi 1 reqid 1 mode tunnel flag af-unspec $keys ${encap-} if_id $2"
		echo "state add src 10.1.1.2 dst 10.1.1.1 proto esp spi 2 reqid 1 mode tunnel flag af-unspec $keys ${encap-} if_id $2"
		for family in 0.0.0.0/0 ::/0; do
			echo "policy add src $family dst $family dir out tmpl src $self dst $peer proto esp reqid 1 mode tunnel if_id $2"
			echo "policy add src $family dst $family dir in tmpl src $peer dst $self proto esp reqid 1 mode tunnel if_id $2"
		done
	} | sed 's/^/xfrm /' | in_host "$1" ip -b - || return
	defer "xfrm_flush $1"
}
xfrm_flush() { in_host "$1" ip xfrm state flush; in_host "$1" ip xfrm policy flush; }
xfrm() { made type xfrm dev u1 if_id 7 && xfrm_states 1 7 && xfrm_states 2 7; }
xfrm_external() { made type xfrm external; }

# What is true of a device apart from its kind ------------------------------------

# Give mig its addresses, on both hosts.
address_mig() {
	each 'link set mig up' 'addr add 10.7.0.%H/24 dev mig' 'addr add 2001:db8:7::%H/64 dev mig nodad' ||
		fail 'no addresses'
}
dest4=10.7.0.2 dest6=2001:db8:7::2

pings() { in_netns "$A" ping -q -n -c "$1" -i 0.01 -W 2 "${@:2}" >"$scratch/pings" 2>&1; }

# arrives COUNT FAMILY WORDS...: as many answers
arrives() {
	local dest=$dest4
	[[ $2 == 4 ]] || dest=$dest6
	pings "$1" "${@:3}" "$dest" || fail "ping $2: $(tail -3 "$scratch/pings" | tr '\n' ' ')"
}

# make_kind KIND: mig
make_kind() {
	local kind=$1 said
	device=mig
	each 'link set u1 up' 'addr add 10.1.1.%H/24 dev u1' 'addr add 2001:db8:a::%H/64 dev u1 nodad' || fail 'no link below'
	defer clear_away
	"${kind// /_}" >"$scratch/said" 2>&1 && return
	said=$(<"$scratch/said")
	# The distribution's 6.1 has no HSR.
	if [[ ${KERNEL-6.1}:$kind == 6.1:hsr && $said == *@(Unknown device type|No such file|not supported|rror talking|No such device)* ]]; then
		skip "this test kernel has no $kind"
	else
		fail "no $kind: $said"
	fi
	return 1
}

clear_away() {
	local nic
	migsel -n "$A" vmk flush
	for nic in mig blue u1 u2; do
		on 1 "link del $nic" 2>/dev/null
		on 2 "link del $nic" 2>/dev/null
	done
	for nic in u1 u2; do
		ip -n "$A" link add "$nic" type veth peer name "$nic" netns "$B" || ktap_exit_fail_msg 'no links'
	done
}

# by_mig: into REPLY, packets that A has sent by it
by_mig() {
	local -a words
	REPLY=0
	while read -ra words; do
		[[ ${words[0]} != mig: ]] || REPLY=${words[10]}
	done <"/proc/$a_pid/net/dev"
}

# counted REASON PACKETS: so many tagged packets, and no others
counted() {
	reasons "$1"
	((${packets[$1]} == $2)) || fail "${packets[$1]} packets are counted as $1, not $2"
}

by_vmk() {
	local text='' rest
	text=$(migsel -n "$A" -j -s vmk show dev mig)
	rest=${text#*'"hot":{"packets":'}
	REPLY=${rest%%,*}
}

accepted() {
	local kind=$1 families='4 6' family before dest specs=()
	[[ $kind != ipip ]] || families=4
	make_kind "$kind" || return
	address_mig
	migsel -n "$A" -b - <<-END || { fail 'it is no vmk'; return; }
		vmk add vmk0
		vmk add mig migration on
	END
	if [[ $kind == dummy ]]; then
		migsel -n "$A" stats reset
		pings 5 -W 0.1 -m $((hot)) 10.7.0.2
		counted dedicated-subnet 5
		return
	fi
	if [[ $kind == 'vrf member' ]]; then
		on 1 "route add $dest4/32 dev mig" "route add $dest6/128 dev mig" ||
			fail 'no leaked routes'
	fi
	for family in $families; do
		[[ $family == 4 ]] && dest=$dest4 || dest=$dest6
		# Neighbours are found, and the device below is up.
		wait_for 20 pings 1 "$dest" || { fail "untagged traffic does not arrive: $(<"$scratch/pings")"; return; }
		specs+=("$family-hot-tcp,tcp,$dest,mark=$hot")
	done
	migsel -n "$A" stats reset
	by_mig
	before=$REPLY
	for family in $families; do arrives 10 "$family" -m $((hot)); done
	by_mig
	# A few packets of its own it may have sent.
	((REPLY -= before, REPLY >= 10 * ${#specs[@]} && REPLY <= 10 * ${#specs[@]} + 9)) ||
		fail "$REPLY packets left by the device, not $((10 * ${#specs[@]}))"
	counted dedicated-subnet $((10 * ${#specs[@]}))
	by_vmk
	((REPLY == 10 * ${#specs[@]})) || fail "$REPLY packets are counted for the vmk"
	start_flows "${specs[@]}"
	end_flows
	results '*-hot-tcp.*' ok
	reasons dedicated-subnet
}

refused() {
	local said
	make_kind "$1" || return
	said=$(migsel -n "$A" vmk add "$device" 2>&1) && fail 'it is a vmk'
	[[ $said =~ ^'Error: migsel: '.*'cannot be a vmk'[^$'\n']*$ ]] || fail "said: $said"
	[[ $1 == loopback || $said == *': use '* ]] || fail "it is not said what to use: $said"
	shows_vmks '^$'
}

# What is not a kind of its own -----------------------------------------------------

# A mode is one of all ipvlans on a link, and changes after the event that tells of it.
ipvlan_changes() {
	make_kind 'ipvlan l2' || return
	on 1 'link add mig2 link u1 type ipvlan mode l2' 'link set mig up' 'link set mig2 up' || fail 'no second one'
	migsel -n "$A" vmk add mig || fail 'no vmk'
	migsel -n "$A" vmk add mig2 || fail 'no vmk'
	start_monitor
	on 1 'link set mig2 type ipvlan mode l3' || fail 'the mode does not change'
	heard '"event":"vmk-del","ifname":"mig2?"' || fail 'the monitor does not tell of one'
	heard '"event":"vmk-del","ifname":"mig2?"' || fail 'the monitor does not tell of the other'
	shows_vmks '^$'
	on 1 'link set mig2 type ipvlan mode l2' || fail 'the mode does not change back'
	migsel -n "$A" vmk add mig || fail 'it may not be a vmk again'
	# While it is down nothing is told.
	on 1 'link set mig down' 'link set mig2 down' 'link set mig2 type ipvlan mode l3s' 'link set mig up'
	heard '"event":"vmk-del","ifname":"mig"' || fail 'the monitor does not tell of a mode that changed while down'
}

# The id of an xfrm interface may change.
if_id_changes() {
	make_kind xfrm || return
	address_mig
	printf 'vmk add %s\n' vmk0 'mig migration on' | migsel -n "$A" -b - || fail 'no vmks'
	on 1 'link set mig type xfrm dev u1 if_id 8' || fail 'the id does not change'
	xfrm_flush 1
	xfrm_states 1 8 || fail 'no states'
	wait_for 10 counted_once || fail 'packets are counted more than once'
}

counted_once() {
	migsel -n "$A" stats reset
	pings 3 -m $((hot)) "$dest4"
	read_stats
	((${packets[dedicated-subnet]} == 3 && ${packets[no-route]} == 0))
}

# ESP in UDP, as NAT traversal has it.
encap_in_udp() {
	local encap='encap espinudp 4500 4500 0.0.0.0' host
	for host in 1 2; do
		in_host "$host" python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 100, 2)
s.bind(("0.0.0.0", 4500))
time.sleep(600)' &
		defer "stop $!"
	done
	accepted xfrm
}

# An xfrm interface that is no vmk: its ESP is decided on, too.
foreign_xfrm() {
	make_kind xfrm || return
	address_mig
	migsel -n "$A" stats reset
	printf 'vmk add %s\n' vmk0 'u1 migration on' | migsel -n "$A" -b - || fail 'no vmks'
	pings 3 -m $((hot)) -I mig "$dest4" || fail "$(<"$scratch/pings")"
	read_stats
	counted bound-device 6
}

# vrf_counts REASON PACKETS PING...: what goes through a VRF is counted once
vrf_counts() {
	migsel -n "$A" stats reset
	pings "$2" "${@:3}" || fail "ping ${*:3}: $(<"$scratch/pings")"
	counted "$1" "$2"
}

through_vrf() {
	make_kind 'vrf member' || return
	address_mig
	printf 'vmk add %s\n' vmk0 'mig migration on' | migsel -n "$A" -b - || fail 'no vmks'
	on 1 "route add $dest4/32 dev mig" "route add $dest6/128 dev mig" || fail 'no leaked routes'
	vrf_counts bound-device 5 -m $((hot)) -I blue "$dest4"
	vrf_counts bound-device 5 -m $((hot)) -I blue "$dest6"
	vrf_counts not-unicast 5 -m $((hot)) -I blue 10.7.0.1
	migsel -n "$A" stats reset
	pings 5 -I blue "$dest4"
	read_stats
	((packets[untagged] >= 5 && packets[untagged] < 8)) || fail "${packets[untagged]} untagged packets, not 5"
	# With a queue a VRF is a device to go through.
	in_netns "$A" tc qdisc add dev blue root pfifo || fail 'no queue'
	vrf_counts bound-device 5 -m $((hot)) -I blue "$dest4"
	vrf_counts bound-device 5 -m $((hot)) -I blue "$dest6"
	vrf_counts dedicated-subnet 5 -m $((hot)) "$dest4"
	vrf_counts dedicated-subnet 5 -m $((hot)) "$dest6"
}

mapfile -t yes < <(table_of yes)
mapfile -t no < <(table_of no)

need ping wg teamnl python3 modprobe tc
ktap_print_header
ktap_set_plan $((${#yes[@]} + ${#no[@]} + 5))
make_pair
for kind in "${yes[@]}"; do run_test "$kind" accepted "$kind"; done
for kind in "${no[@]}"; do run_test "$kind is refused" refused "$kind"; done
run_test 'the mode of an ipvlan changes' ipvlan_changes
run_test 'the id of an xfrm interface changes' if_id_changes
run_test 'an xfrm interface with ESP in UDP' encap_in_udp
run_test 'an xfrm interface that is no vmk' foreign_xfrm
run_test 'packets through a VRF are counted once' through_vrf
ktap_finished
