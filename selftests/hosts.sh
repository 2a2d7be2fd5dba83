# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # what the tests read, what lib.sh sets
#
# Sourced, not run: two hosts, A and B, with three NICs each on one switch:
#
#   namespace $A            namespace $SW           namespace $B
#   vmk0 ---------------- a0 -+         +- b0 ---------------- vmk0
#   vmk1 ---------------- a1 -+ bridge0 +- b1 ---------------- vmk1
#   vmk2 ---------------- a2 -+         +- b2 ---------------- vmk2
#
# The meter on the switch tells which port the data packets of each flow came in
# by, so nothing that A says of itself is taken on trust.

. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"
. "$here/traffic.sh"

# start_sink VARIABLE NETNS [MARK]: what it says goes to a pipe; its process id
# is also the way to the namespace's /proc.
start_sink() {
	local -n pid=$1
	local fd line=
	exec {fd}< <(exec nsenter --net="/run/netns/$2" bash -c "$sysctls
		ip link set lo up; exec '$work/sink' 5001 ${3-}")
	pid=$!
	defer "stop $pid"
	read -r -t 60 -u "$fd" line
	[[ $line == ready ]] || ktap_exit_fail_msg "no sink in $2"
}

meter='
table bridge wire
delete table bridge wire
table bridge wire {
	set flows4 {
		typeof meta iifname . ether saddr . ip saddr . meta l4proto . th sport
		size 8192; flags dynamic; counter
	}
	set flows6 {
		typeof meta iifname . ether saddr . ip6 saddr . meta l4proto . th sport
		size 8192; flags dynamic; counter
	}
	set fragments { typeof meta iifname; size 64; flags dynamic; counter; }
	set large { typeof meta iifname; size 64; flags dynamic; counter; }
	chain tap {
		type filter hook prerouting priority 0
		ip frag-off & 0x3fff != 0 update @fragments { meta iifname }
		exthdr frag exists update @fragments { meta iifname }
		meta length > 1500 update @large { meta iifname }
		meta length > 500 update @flows4 { meta iifname . ether saddr . ip saddr . meta l4proto . th sport }
		meta length > 500 update @flows6 { meta iifname . ether saddr . ip6 saddr . meta l4proto . th sport }
	}
}'

# The two hosts and the switch, without addresses.
make_hosts() {
	local host n
	build
	add_netns A
	add_netns B
	add_netns SW
	start_sink a_pid "$A"
	start_sink b_pid "$B"
	from_a
	{
		echo 'link add name bridge0 type bridge mcast_snooping 0'
		echo 'link set bridge0 up'
		for host in a b; do
			for n in 0 1 2; do
				[[ $host == a ]] && echo -n "link add vmk$n netns $A" || echo -n "link add vmk$n netns $B"
				echo " address 02:00:00:00:0$host:0$n type veth peer name $host$n netns $SW"
				echo "link set $host$n master bridge0 up"
			done
		done
	} | ip -n "$SW" -b - || ktap_exit_fail_msg 'no links'
	printf 'link set vmk%d up\n' 0 1 2 | ip -n "$A" -b - || ktap_exit_fail_msg 'no links'
	{
		printf 'link set vmk%d up\n' 0 1 2
		echo 'addr add 198.18.0.1/32 dev lo'
		echo 'addr add 2001:db8:f::1/128 dev lo'
	} | ip -n "$B" -b - || ktap_exit_fail_msg 'no links'
	meter_anew
	shape_b=
}

# From now on the host that flows are sent from, and that is asked for counters and routes.
from_a() { sender=$A side=a; }
from_b() { sender=$B side=b; }
a_pid='' b_pid='' sender='' side=''

# address FAMILY SHAPE HOST N: of host 1 (A) or 2 (B)
address() {
	local n=$4 nets=(192.0.2 198.51.100 203.0.113)
	[[ $2 == D ]] || n=0
	if [[ $1 == 4 ]]; then
		echo "${nets[n]}.$3$4"
	elif ((n)); then
		echo "2001:db8:$n::$3$4"
	else
		echo "2001:db8::$3$4"
	fi
}

# to FAMILY N: B's address on NIC N, in the shape there is
to() {
	local shape=$shape4
	[[ $1 == 4 ]] || shape=$shape6
	address "$1" "$shape" 2 "$2"
}

far() { [[ $1 == 4 ]] && echo 198.18.0.1 || echo 2001:db8:f::1; }

# addresses HOST SHAPE4 SHAPE6 N...: ip commands that give NICs their addresses in
# this order, which is also the order of their routes
addresses() {
	local host=$1 shape4=$2 shape6=$3 n
	shift 3
	printf 'addr flush dev vmk%d scope global\n' "$@"
	for n; do
		echo "addr add $(address 4 "$shape4" "$host" "$n")/24 dev vmk$n"
		echo "addr add $(address 6 "$shape6" "$host" "$n")/64 dev vmk$n nodad"
	done
}

# A route to far by each NIC that has its own subnet; plain Linux takes vmk2's.
far_routes() {
	local family=$1 n
	for n in 0 1 2; do
		echo "route replace $(far "$family") via $(address "$family" D 2 "$n") dev vmk$n metric $((30 - 10 * n))"
	done
}

# shape SHAPE4 SHAPE6 N...: S same subnet on all NICs, D a subnet for each; the
# first N is whose route plain Linux prefers on A
shape4='' shape6=''
shape() {
	migsel -n "$A" vmk flush || fail 'no vmk flush'
	shape4=$1 shape6=$2
	{
		addresses 1 "$@"
		[[ $1 == S ]] || far_routes 4
		[[ $2 == S ]] || far_routes 6
	} | ip -n "$A" -b - || fail 'no addresses on A'
	[[ $shape_b == "$1$2" ]] || addresses 2 "$1" "$2" 0 1 2 | ip -n "$B" -b - || fail 'no addresses on B'
	shape_b=$1$2
}

# vmks [KEYWORD VALUE]... VMK...: configure the sender; "vmk1+" has migration on, "vmk1+3"
# also weight 3. Keywords are those of migsel policy set.
vmks() {
	local nic policy='mode enforce unreachable refuse fallback first-vmk'
	while [[ $1 == @(mode|unreachable|fallback) ]]; do
		policy+="
policy set $1 $2"
		shift 2
	done
	{
		echo vmk flush
		echo "policy set $policy"
		for nic; do
			echo -n "vmk add ${nic%%+*}"
			[[ $nic != *+* ]] || echo -n ' migration on'
			[[ $nic != *+[0-9]* ]] || echo -n " weight ${nic##*+}"
			echo
		done
		echo stats reset
	} | migsel -n "$sender" -b - || fail "no configuration: $*"
}

# tag_by_port: A's packets, by the rules for engines in the documentation as they stand
tag_by_port() {
	find_file Documentation/networking/migsel-engines.rst
	sed -n '/^    table inet migsel/,/^    }/p' "$REPLY" >"$scratch/rules"
	in_netns "$A" nft -f "$scratch/rules" || fail 'the documented rules cannot be loaded'
	defer "in_netns $A nft delete table inet migsel"
}
