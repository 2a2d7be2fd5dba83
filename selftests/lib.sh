# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # what the tests read
#
# What the tests share; sourced, not run. Two hosts, A and B, with three NICs each
# on one switch:
#
#   namespace $A            namespace $SW           namespace $B
#   vmk0 ---------------- a0 -+         +- b0 ---------------- vmk0
#   vmk1 ---------------- a1 -+ bridge0 +- b1 ---------------- vmk1
#   vmk2 ---------------- a2 -+         +- b2 ---------------- vmk2
#
# The meter on the switch tells which port the data packets of each flow came in
# by, so nothing that A says of itself is taken on trust. Starting a program is the
# dear part of a test on an emulated CPU: where bash can look itself, it does.

set -u
export LC_ALL=C
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
scratch=
work=$here

. "$here/uapi.sh"
. "$here/traffic.sh"

# Results ---------------------------------------------------------------------

planned=0 reported=0 bad=0
problems=() skipped=

note() { printf '# %s\n' "$*"; }

# Something is wrong with what is being tested.
fail() { problems+=("$*"); }

# What is being tested is not there, and need not be.
skip() { skipped=$*; }

# end_test NAME: report on what was tested since the last report.
end_test() {
	((reported++))
	if ((${#problems[@]})); then
		((bad++))
		echo "not ok $reported $1"
		printf '# %s\n' "${problems[@]:0:12}"
		((${#problems[@]} <= 12)) || note "and $((${#problems[@]} - 12)) more"
	else
		echo "ok $reported $1${skipped:+ # SKIP $skipped}"
	fi
	problems=() skipped=
}

# run NAME COMMAND...: one test. What it defers is done at its end.
run() {
	local name=$1 mark=${#deferred[@]}
	shift
	"$@"
	undo "$mark"
	end_test "$name"
}

# begin_tests NUMBER
begin_tests() {
	planned=$1
	echo 'KTAP version 1'
	((EUID == 0)) || { echo '1..0 # SKIP needs root'; exit 4; }
	echo "1..$planned"
	local tool
	for tool in ip nft nsenter migsel "${tools[@]}"; do
		command -v "$tool" >/dev/null || bail "there is no $tool here"
	done
}

tools=()

bail() {
	echo "Bail out! $*"
	exit 1
}

end_tests() {
	((reported == planned)) || { note "planned $planned, reported $reported"; bad=1; }
	note "pass:$((reported - bad)) fail:$bad"
	exit $((bad > 0))
}

# Cleanup ---------------------------------------------------------------------

deferred=()
defer() { deferred+=("$*"); }

# undo N: what was deferred after the first N, the last first.
undo() {
	local i
	for ((i = ${#deferred[@]} - 1; i >= $1; i--)); do
		eval "${deferred[i]}"
		unset "deferred[i]"
	done
}

end() {
	# shellcheck disable=SC2317  # by the trap
	undo 0
}
trap end EXIT
trap 'exit 1' INT TERM HUP

stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# Waiting ---------------------------------------------------------------------

exec {never}<> <(:)
nap() { read -r -t 0.05 -u "$never" || :; }

# How much longer than on another test kernel anything may take: detectors on an
# emulated CPU, or another architecture.
slow=1
case ${KERNEL-} in
debug) slow=5 ;;
own-*) ! grep -qw kasan_report /proc/kallsyms || slow=5 ;;
*-arm64 | *-s390x | *-i386) slow=3 ;;
esac

# wait_for SECONDS COMMAND...: until it succeeds, tried at least twice.
wait_for() {
	local limit=$(($1 * slow)) tries=0 end
	shift
	end=$((SECONDS + limit + 1))
	until "$@"; do
		((++tries < 2 || SECONDS < end)) || return 1
		nap
	done
}

# Hosts -----------------------------------------------------------------------

in_netns() { nsenter --net="/run/netns/$1" "${@:2}"; }

# add_netns VARIABLE: a namespace under a name that nothing else has.
add_netns() {
	local -n name=$1
	name=$1-$$-$SRANDOM
	ip netns add "$name" || bail 'no namespace'
	defer "ip netns del $name 2>/dev/null"
}

# The programs, where they were not built before.
build() {
	scratch=$(mktemp -d)
	defer "rm -rf $scratch"
	[[ ! -x $here/flows || ! -x $here/hold || ! -x $here/sink || ! -x $here/flood ]] || return 0
	work=$scratch
	make -s -C "$here" OUTPUT="$scratch" || bail 'the programs do not build'
}

# shellcheck disable=SC2016  # for another bash
# ARP by the book, no duplicate address detection; for devices to come, too.
sysctls='
	cd /proc/sys/net
	for conf in ipv4/conf/{all,default}; do
		echo 1 >$conf/arp_ignore
		echo 2 >$conf/arp_announce
		echo 0 >$conf/rp_filter
	done
	for conf in ipv6/conf/{all,default}; do
		echo 0 >$conf/accept_dad
	done
'

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
	[[ $line == ready ]] || bail "no sink in $2"
}

meter='
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
	} | ip -n "$SW" -b - || bail 'no links'
	printf 'link set vmk%d up\n' 0 1 2 | ip -n "$A" -b - || bail 'no links'
	{
		printf 'link set vmk%d up\n' 0 1 2
		echo 'addr add 198.18.0.1/32 dev lo'
		echo 'addr add 2001:db8:f::1/128 dev lo'
	} | ip -n "$B" -b - || bail 'no links'
	in_netns "$SW" nft -f - <<<"$meter" || bail 'no meter'
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
	sed -n '/^    table inet migsel/,/^    }/p' "$here/../Documentation/networking/migsel-engines.rst" >"$scratch/rules"
	in_netns "$A" nft -f "$scratch/rules" || fail 'the documented rules cannot be loaded'
	defer "in_netns $A nft delete table inet migsel"
}
