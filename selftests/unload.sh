#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Module, namespaces and devices go while traffic runs: nothing holds them, and each goes
# in bounded time. The harness of the test kernel sees whether the kernel complains; that
# it waits for something is seen here.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

three='tcp udp udpu'

# within SECONDS COMMAND...: even what cannot be killed is not waited for
within() {
	local pid
	"${@:2}" &
	pid=$!
	wait_for "$1" ended "$pid" ||
		{ fail "${*:2}: still not done after $(($1 * slow)) s"; return; }
	wait "$pid" || fail "${*:2}: status $?"
}

ended() { ! alive "$1"; }

complaints() {
	local text
	text=$(dmesg | grep -E 'unregister_netdevice: waiting|migsel: .*(leak|held)')
	[[ -z $text ]] || fail "$text"
}

# Hot traffic by several NICs, and some that is refused. Plain Linux sends all by vmk0.
busy() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	start_flows -l -i 1 $(both hot 1 "$three" ,n=4) $(both cold 1 tcp) $(both hot 1 tcp ,dev=vmk1)
	more_by 5 vmk1 200000
	more_by 5 vmk2 200000
}

module_goes() {
	for _ in 1 2 3; do
		busy
		within 20 rmmod migsel
		[[ ! -e /sys/module/migsel ]] || fail 'the module is still there'
		meter_anew
		more_by 5 vmk0 200000
		meter_read
		leaves_not '*-hot-udp*' vmk1 vmk2
		within 20 modprobe migsel
		stop_flows
		results '*' ok
	done
	shows_vmks '^$'
	busy
	stop_flows
	results '*' ok
	complaints
}

# Connections that are being refused, when the module goes.
module_goes_refusing() {
	for _ in 1 2 3; do
		shape S S 0 1 2
		vmks vmk0 vmk1
		start_flows $(both hot 1 tcp ,n=100,burst) &
		wait_for 5 refusing || fail 'nothing is refused'
		within 20 rmmod migsel
		wait $!
		within 20 modprobe migsel
	done
	complaints
}

# Processes that keep the locks of sockets whose connections were refused, until killed. The
# kernel waits for its program that loads modules, and this one does not end.
hold() {
	local program family
	program=$(</proc/sys/kernel/modprobe)
	defer "echo $program >/proc/sys/kernel/modprobe"
	mkfifo "$scratch/never"
	cat >"$scratch/modprobe" <<-END
		#!/bin/bash
		[[ "\$*" == *tcp_held ]] || exec $program "\$@"
		: >>$scratch/held.\$\$
		read <>$scratch/never
	END
	chmod +x "$scratch/modprobe"
	echo "$scratch/modprobe" >/proc/sys/kernel/modprobe
	for family in 4 6; do
		nsenter --net="/run/netns/$A" "$work/hold" "$(to "$family" 1)" 5001 "$hot" 2>>"$scratch/hold" &
		defer "stop $!"
	done
	wait_for 10 held 2 || fail "no socket is held: $(<"$scratch/hold")"
}

# held N: that many sockets are
held() { [[ $(compgen -G "$scratch/held.*" | wc -l) == "$1" ]]; }

# A namespace of its own, with a vmk, and a link by which its end is seen.
other_namespace() {
	add_netns other
	ip -n "$other" link add vmk0 type veth peer name other0 netns "$SW" || fail 'no link'
	printf '%s\n' 'link set lo up' 'link set vmk0 up' 'addr add 192.0.2.1/24 dev vmk0' | ip -n "$other" -b -
	migsel -n "$other" vmk add vmk0 || fail 'no vmk'
}

other_is_gone() { [[ $(ip -n "$SW" -br link) != *other0* ]]; }

other_goes() {
	ip netns del "$other"
	until other_is_gone; do nap; done
}

# quick COMMAND...: within a second of how long it took the first time. A command that is
# stuck goes on once the locks are let go of, at the end.
quick() {
	local start=${EPOCHREALTIME/./} pid
	((${#problems[@]} == 0)) || return
	"$@" &
	pid=$!
	wait_for 10 ended "$pid" || { fail "$*: still not done after $((10 * slow)) s"; return; }
	wait "$pid" || fail "$*: status $?"
	REPLY=$(((${EPOCHREALTIME/./} - start) / 1000))
	usual[$*]=${usual[$*]-$REPLY}
	((REPLY <= usual[$*] + 1000 * slow)) || fail "$*: $REPLY ms, and ${usual[$*]} ms where no socket is held"
}
declare -A usual

# Connections are refused, the hook goes, the host uses RTNL, a namespace and the module go.
all_go() {
	start_flows $(both hot 1 tcp) $(both hot 1 tcp ,nonblock | sed 's/hot-tcp/hot-tcp-nonblock/g')
	end_flows
	told_within 1000 '*'
	quick migsel -n "$A" policy set mode off
	quick ip link add name dummy9 type dummy
	quick ip link del dummy9
	quick other_goes
	quick migsel -n "$A" policy set mode enforce
	quick rmmod migsel
	quick modprobe migsel
}

# What waits for such a socket waits for ever, and the host with it, if it holds RTNL.
module_goes_held() {
	local other how
	for how in : hold; do
		shape S S 0 1 2
		vmks vmk0 vmk1
		other_namespace
		$how
		all_go
	done
	held 2 || fail 'the sockets are not held any more'
	complaints
}

refusing() {
	read_stats
	((${packets[no-migration-vmk]} > 0))
}

# The counter of users falls back: a namespace's configuration holds no module.
unused() {
	local users
	shape S S 0 1 2
	vmks vmk0 vmk1+
	read -r users </sys/module/migsel/refcnt
	((users == 0)) || fail "the module has $users users"
}

nic_goes() {
	busy
	within 20 ip -n "$A" link del vmk1
	shows_vmks $'^0: vmk0 [^\n]*\n1: vmk2 [^\n]*$'
	more_by 5 vmk0 20000
	stop_flows
	results '*-cold-*' ok
	complaints
}

# All devices that the other hosts have links to go with their namespace, and that
# goes only when nothing holds it: not even a connection that lost its process, which
# the kernel may try to end for 103 s. Now and then Linux 7.3 keeps a namespace, without
# the module, too, until the one that it sent to has gone.
namespace_goes() {
	local name=$A
	make_hosts
	busy
	within 20 ip netns del "$A"
	kill "$a_pid" "$flows_pid"
	wait_for 20 ended "$flows_pid" || fail 'the flows do not end'
	kill "$b_pid"
	ip netns del "$B"
	wait_for 150 no_links || fail 'the namespace does not go'
	complaints
	A=$name
}

no_links() {
	local links
	links=$(ip -n "$SW" -br link)
	[[ $links != *a0* ]]
}

# Each change frees the configuration that packets on another CPU were just decided by.
replaced() {
	local i
	busy
	for ((i = 0; i < 1000; i++)); do
		echo "vmk set vmk1 weight $((i % 200 + 1))"
	done | migsel -n "$A" -b - || fail 'not every change was made'
	stop_flows
	results '*' ok
	complaints
}

configured() { [[ $(migsel -n "$A" vmk show) ]]; }

# Configuration while the module goes: there is a vmk at most moments, also at those
# when it follows devices no more and still takes requests. Most requests change a vmk,
# because the first and the last take the longest on PREEMPT_RT.
raced() {
	local i writer
	make_hosts
	for ((i = 0; i < 15; i++)); do
		printf '%s\n' 'vmk add vmk0' 'vmk add vmk1 migration on'
		printf 'vmk set vmk1 weight %s\n' {2..20}
		echo 'vmk flush'
	done >"$scratch/requests"
	for _ in 1 2 3; do
		shape S S 0 1 2
		while :; do
			migsel -n "$A" -force -b "$scratch/requests" 2>"$scratch/said"
		done &
		writer=$!
		wait_for 10 configured || fail "nothing is configured: $(tail -n 1 "$scratch/said")"
		within 20 bash -c 'until rmmod migsel 2>/dev/null; do [[ -e /sys/module/migsel ]] || break; done'
		kill "$writer"
		wait "$writer" 2>/dev/null
	done
	within 20 modprobe migsel
	complaints
}

need modprobe rmmod dmesg
ktap_print_header
ktap_set_plan 8
make_hosts
run_test 'the module goes and comes under traffic' module_goes
run_test 'the module goes while it refuses' module_goes_refusing
run_test 'the module goes while somebody keeps a refused socket' module_goes_held
run_test 'a configuration does not hold the module' unused
run_test 'a configuration is replaced under traffic' replaced
run_test 'a NIC is deleted under traffic' nic_goes
run_test 'a namespace is deleted under traffic' namespace_goes
run_test 'the module goes while it is configured' raced
ktap_finished
