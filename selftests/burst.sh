#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Many addresses and many vmks that come and go at once cost about what they cost without
# migsel. Their number is bounded, and their memory is charged to who makes them.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

# Detectors make all of it dear; the count of addresses is not theirs to test.
many=1000
[[ ${KERNEL-} != @(uml|debug) ]] || many=200

# in_n COMMAND...: ip commands
in_n() { printf '%s\n' "$@" | ip -n "$N" -b - || fail "ip: $*"; }

# addrs add|del 4|6 DEVICE FIRST LAST: ip commands, a subnet for each
addrs() {
	local i
	for ((i = $4; i < $5; i++)); do
		case $2 in
		4) echo "addr $1 10.$((${3#d} * 100 + i / 250)).$((i % 250)).1/24 dev $3" ;;
		6) printf 'addr %s 2001:db8:%d:%x::1/64 dev %s nodad\n' "$1" "${3#d}" "$i" "$3" ;;
		esac
	done
}

# two FAMILY N: devices d0 and d1 with so many addresses each
two() {
	{
		printf 'link add %s up type dummy\n' d0 d1
		addrs add "$1" d0 0 "$2"
		addrs add "$1" d1 0 "$2"
	} | ip -n "$N" -b - || fail 'no devices'
}

vmks_of_two() {
	migsel -n "$N" vmk add d0 || fail 'no vmk d0'
	migsel -n "$N" vmk add d1 migration on || fail 'no vmk d1'
}

none_left() {
	ip -n "$N" link del d0 2>/dev/null
	ip -n "$N" link del d1 2>/dev/null
	migsel -n "$N" vmk flush
}

# timed COMMAND...: into REPLY, the milliseconds
timed() {
	local start=${EPOCHREALTIME/./}
	"$@" || fail "$*"
	REPLY=$(((${EPOCHREALTIME/./} - start) / 1000))
}

# costs_no_more FAMILY N COMMAND...: of ip, on two devices, than without vmks
costs_no_more() {
	local plain steered try
	for try in 1 2 3; do
		two "$1" "$2"
		timed ip -n "$N" "${@:3}"
		((try > 1 && plain < REPLY)) || plain=$REPLY
		none_left
		two "$1" "$2"
		vmks_of_two
		timed ip -n "$N" "${@:3}"
		((try > 1 && steered < REPLY)) || steered=$REPLY
		none_left
	done
	ktap_print_msg "ip ${*:3} with $2 IPv$1 addresses on each: $plain ms, with vmks $steered ms"
	((steered <= plain * 2 + 50)) || fail 'it takes more than twice as long'
}

deletion() { costs_no_more 4 "$many" link del d1; }
down() { costs_no_more 6 "$many" link set d1 down; }

# One after the other, too.
batch() {
	addrs add 4 d0 1 "$many" >"$scratch/add"
	costs_no_more 4 1 -b "$scratch/add"
}

# count EVENT COMMAND...: into REPLY, how often a function of the kernel ran
count() {
	local trace=/sys/kernel/tracing name hits
	echo "p:burst/count $1" >>"$trace/kprobe_events" || fail "no probe of $1"
	echo 1 >"$trace/events/burst/count/enable"
	"${@:2}"
	echo 0 >"$trace/events/burst/count/enable"
	while read -r name hits _; do
		[[ $name != count ]] || REPLY=$hits
	done <"$trace/kprobe_profile"
	echo '-:burst/count' >>"$trace/kprobe_events"
}

counts() {
	two 4 "$many"
	vmks_of_two
	count migsel_snap_build ip -n "$N" link del d1
	ktap_print_msg "snapshots for a device and its $many addresses: $REPLY"
	((REPLY >= 1 && REPLY <= 20)) || fail "$REPLY snapshots"
	none_left
}

# Addresses that change one by one do not keep RTNL busy.
drips() {
	local times
	two 4 "$many"
	addrs add 6 d0 0 "$many" | ip -n "$N" -b -
	addrs add 6 d1 0 "$many" | ip -n "$N" -b -
	vmks_of_two
	count migsel_snap_build drip
	ktap_print_msg "$((4 * many)) addresses are read $REPLY times in ${times[0]} ms while one changes, in ${times[1]} ms each time"
	((REPLY > 10)) || fail 'they are not read'
	(((REPLY - 10) * times[1] <= times[0] / 5)) || fail 'it takes more than a fifth of the time'
	none_left
}

# drip: into times, what burst.py drip says
drip() { read -ra times < <(in_netns "$N" "$here/burst.py" drip 5); }

# 64 devices that leave together, vmks or not: into REPLY, how often the kernel waited
leave() {
	local i
	{
		for ((i = 0; i < 64; i++)); do
			echo "link add e$i type dummy"
			echo "link set e$i group 64"
		done
	} | ip -n "$N" -b - || fail 'no devices'
	printf 'vmk add e%d\n' "$@" | migsel -n "$N" -b - || fail 'no vmks'
	count synchronize_net ip -n "$N" link del group 64
	[[ -z $(migsel -n "$N" vmk show) ]] || fail 'a vmk is left'
}

crowd_leaves() {
	local one
	leave 0
	one=$REPLY
	leave {0..63}
	ktap_print_msg "waits for a grace period: $one with one vmk, $REPLY with 64"
	((REPLY <= one + 5)) || fail 'each vmk makes all wait'
}

# A whole configuration is one change, however many vmks it has: into REPLY, how often a
# function of the kernel runs for one of N vmks, and for none after it.
restored() {
	local i function=$1 n=$2
	for ((i = 0; i < n; i++)); do
		echo "vmk add e$i migration on weight $((i % 9 + 1))"
	done >"$scratch/lines"
	count "$function" migsel -n "$N" restore <"$scratch/lines"
	[[ $(migsel -n "$N" vmk show | wc -l) == "$n" ]] || fail "not $n vmks"
	i=$REPLY
	count "$function" migsel -n "$N" restore <<<'vmk flush'
	REPLY="$i $REPLY"
}

restore_at_once() {
	local function one many
	for ((one = 0; one < 256; one++)); do
		echo "link add e$one up type dummy"
		echo "link set e$one group 64"
	done | ip -n "$N" -b - || fail 'no devices'
	for function in synchronize_net rtnl_lock migsel_snap_build; do
		restored "$function" 1
		one=$REPLY
		restored "$function" 256
		many=$REPLY
		ktap_print_msg "$function, for a restore and for one of nothing: $one times with one vmk, $many with 256"
		((${many% *} <= ${one% *} + 3 && ${many#* } <= ${one#* } + 3)) || fail "$function for each vmk"
	done
	ip -n "$N" link del group 64
}

# exit_waits N: into REPLY, how often the kernel waits while a namespace with 64 devices goes,
# N of which are vmks
exit_waits() {
	local i trace=/sys/kernel/tracing
	add_netns C
	for ((i = 0; i < 64; i++)); do
		echo "link add e$i up type dummy"
	done | ip -n "$C" -b - || fail 'no devices'
	for ((i = 0; i < $1; i++)); do
		echo "vmk add e$i"
	done | migsel -n "$C" -b - || fail 'no vmks'
	echo 'r:burst/left migsel_vmk_exit_net' >>"$trace/kprobe_events" || fail 'no probe'
	echo 1 >"$trace/events/burst/left/enable"
	count synchronize_net exit_of "$C"
	echo 0 >"$trace/events/burst/left/enable"
	echo '-:burst/left' >>"$trace/kprobe_events"
}

exit_of() {
	ip netns del "$1"
	wait_for 10 has_left || fail 'the namespace stays'
}

has_left() {
	[[ $(</sys/kernel/tracing/kprobe_profile) =~ left\ +([0-9]+) ]] && ((BASH_REMATCH[1]))
}

namespace_leaves() {
	local one
	exit_waits 1
	one=$REPLY
	exit_waits 64
	ktap_print_msg "waits for a grace period at the end of a namespace: $one with one vmk, $REPLY with 64"
	((REPLY <= one + 3)) || fail 'each vmk makes all wait'
}

# Refused is what has no egress, not what comes while addresses change.
no_false_refusal() {
	local problem
	in_n 'link add d0 up type dummy' 'link add d1 up type dummy' 'addr add 192.0.2.1/24 dev d0' \
		'addr add 2001:db8::1/64 dev d0 nodad'
	vmks_of_two
	while read -r problem; do
		case $problem in
		'#'*) echo "$problem" ;;
		*) fail "$problem" ;;
		esac
	done < <(in_netns "$N" "$here/burst.py" 2>&1)
	none_left
}

# Beyond the bound a vmk is refused, and addresses are ignored by name.
bound() {
	local most
	most=$(defined MIGSEL_MAX_ADDRESSES "$uapi")
	two 4 1
	addrs add 4 d1 1 $((most + 1)) | ip -n "$N" -b -
	REPLY=$(migsel -n "$N" vmk add d1 2>&1) && fail "a vmk with $((most + 1)) addresses"
	[[ $REPLY == *"$most addresses"* ]] || fail "it is refused for: $REPLY"
	addrs del 4 d1 "$most" $((most + 1)) | ip -n "$N" -b -
	vmks_of_two
	in_n 'addr add 172.16.0.1/24 dev d0' 'addr add 172.16.0.2/24 dev d1'
	says_route 'd1 dedicated-subnet' 172.16.0.9 tag hot
	dmesg | grep -q 'd1.*migsel ignores all but '"$most"' addresses' || fail 'the kernel does not say so'
	in_n 'addr del 10.100.3.1/24 dev d1'
	says_route 'd0 same-subnet' 172.16.0.9 tag hot
	none_left
}

# kernel_memory: of the group, into REPLY
kernel_memory() {
	local name bytes
	while read -r name bytes; do
		[[ $name != kernel ]] || REPLY=$bytes
	done <"$group/memory.stat"
}

grown_by() {
	kernel_memory
	((REPLY >= $1 + $2))
}

# What a process that has ended had is given back late, and the kernel sums up every two seconds.
settled() {
	local before
	kernel_memory
	before=$REPLY
	read -r -t 2.5 -u "$never"
	kernel_memory
	((REPLY == before))
}

charged() {
	local before after
	group=/sys/fs/cgroup/burst$$
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$group" || { fail 'no cgroup'; return; }
	two 4 1
	kernel_memory
	before=$REPLY
	bash -c "echo \$\$ >$group/cgroup.procs; migsel -n $N vmk add d0; migsel -n $N vmk add d1 migration on"
	wait_for 10 grown_by "$before" 60000 || fail "who adds vmks pays $((REPLY - before)) bytes"
	wait_for 20 settled || fail 'it does not come to rest'
	after=$REPLY
	addrs add 4 d1 1 "$many" | ip -n "$N" -b -
	# Nobody asks: the work item reads them.
	wait_for 10 grown_by "$after" $((many * 20)) || fail "and $((REPLY - after)) bytes for $many addresses"
	ktap_print_msg "memory that is paid for: $((after - before)) bytes for two vmks, $((REPLY - after)) for $many addresses"
	none_left
	# The namespace goes on, and keeps nothing of who paid.
	rmdir "$group" || fail 'the cgroup is in use'
	wait_for 10 none_dying || fail 'the cgroup is kept though no vmk is left'
}

none_dying() {
	echo 3 >/proc/sys/vm/drop_caches
	grep -q '^nr_dying_descendants 0$' /sys/fs/cgroup/cgroup.stat
}

# What uml has no probes for, and no kernel with detectors a controller of memory.
more=(counts drips crowd_leaves restore_at_once namespace_leaves charged)
names=('one snapshot for a burst' 'addresses one by one, and slowly' 'vmks that leave together' 'a restore is one change'
	'vmks that leave with their namespace' 'who pays')
case ${KERNEL-} in
uml) more=() ;;
debug) more=(counts drips crowd_leaves restore_at_once namespace_leaves) ;;
esac

need python3
ktap_print_header
ktap_set_plan $((5 + ${#more[@]}))
add_netns N
sender=$N
run_test 'deletion of a device with many addresses' deletion
run_test 'a device with many addresses goes down' down
run_test 'many addresses one by one' batch
run_test 'no false refusal' no_false_refusal
run_test 'bound on addresses' bound
for i in "${!more[@]}"; do
	run_test "${names[i]}" "${more[i]}"
done
ktap_finished
