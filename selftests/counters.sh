#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Counters: each packet counts once, and what was counted stays, whatever becomes of the vmk
# that it left by.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

# read_vmks: into packets and bytes by NIC and class
read_vmks() {
	local text counts='"packets":([0-9]+),"bytes":([0-9]+)'
	local row="\"ifname\":\"(vmk[0-9])\"[^{]*\"stats\":\{\"hot\":\{$counts\},\"cold\":\{$counts\}\}"
	packets=() bytes=()
	text=$(migsel -n "$A" -j -s vmk show)
	while [[ $text =~ $row ]]; do
		packets[${BASH_REMATCH[1]} hot]=${BASH_REMATCH[2]}
		bytes[${BASH_REMATCH[1]} hot]=${BASH_REMATCH[3]}
		packets[${BASH_REMATCH[1]} cold]=${BASH_REMATCH[4]}
		bytes[${BASH_REMATCH[1]} cold]=${BASH_REMATCH[5]}
		text=${text#*"${BASH_REMATCH[0]}"}
	done
	((${#packets[@]})) || fail "vmk show has no counters: $text"
}

# sum: of packets and bytes that were tagged, into REPLY
sum() {
	local key n=0 size=0
	for key in "${!packets[@]}"; do
		[[ $key != untagged ]] || continue
		n=$((n + ${packets[$key]})) size=$((size + ${bytes[$key]}))
	done
	REPLY="$n packets, $size bytes"
}

# What leaves by vmks is as much by reason as by vmk.
once() {
	local by_reason
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 'tcp udp udpu') $(both cold 1 'tcp udp udpu')
	results '*' ok
	reasons multi-nic cold-first-vmk
	sum
	by_reason=$REPLY
	read_vmks
	sum
	[[ $REPLY == "$by_reason" ]] || fail "$REPLY by vmk, but $by_reason by reason"
}

# grows: no reason counts less than at the last time, which is in before
declare -A before
grows() {
	local reason
	read_stats
	for reason in "${!packets[@]}"; do
		((${packets[$reason]} >= ${before[$reason]-0})) ||
			fail "${packets[$reason]} packets are counted as $reason, after ${before[$reason]}"
		before[$reason]=${packets[$reason]}
	done
}

# Both classes leave by the vmk that comes and goes. A packet may still see it.
stays() {
	local i reason
	shape S S 1 2 0
	vmks vmk0 vmk1+ vmk2+
	start_flows -l $(both hot 2 'tcp udp udpu' ,n=4) $(both cold 2 'tcp udp udpu')
	before=()
	for ((i = 0; i < 10; i++)); do
		more_by 5 vmk2
		grows
		migsel -n "$A" vmk del vmk2 || fail 'no vmk goes'
		grows
		migsel -n "$A" vmk add vmk2 migration on || fail 'no vmk comes'
		grows
	done
	more_by 5 vmk2
	grows
	migsel -n "$A" vmk flush
	grows
	stop_flows
	for reason in multi-nic cold-first-vmk; do
		((${packets[$reason]})) || fail "no packet is counted as $reason"
	done
}

# The NIC itself goes, and nobody waits for the packets that see it. Who reads all the time
# looks between that and the end of the last of them, too.
nic_goes() {
	local reader count last=0
	make_hosts
	shape S S 1 2 0
	vmks vmk0 vmk1+ vmk2+
	start_flows -l $(both hot 2 'tcp udp udpu' ,n=4)
	more_by 5 vmk2
	yes 'stats show' | migsel -n "$A" -j -b - >"$scratch/series" &
	reader=$!
	wait_for 5 grep -q multi-nic "$scratch/series" || fail 'nothing is read'
	ip -n "$A" link del vmk2
	more_by 5 vmk0
	kill "$reader"
	wait "$reader" 2>/dev/null
	while read -r count; do
		((count >= last)) || fail "$count packets after $last"
		last=$count
	done < <(grep -o '"multi-nic","packets":[0-9]*' "$scratch/series" | cut -d: -f2)
	((last)) || fail 'nothing was counted'
	stop_flows
	reasons multi-nic same-subnet
}

# What a vmk counted that has gone is of the time before the reset, too.
anew() {
	local key reason=multi-nic counted
	make_hosts
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 'tcp udp udpu' ,n=4)
	reasons multi-nic
	migsel -n "$A" vmk del vmk2
	reasons multi-nic
	migsel -n "$A" stats reset
	reasons
	migsel -n "$A" vmk add vmk2 migration on
	reasons
	read_vmks
	for key in "${!packets[@]}"; do
		((${packets[$key]} == 0)) || fail "$key: ${packets[$key]} packets"
	done
	traffic $(both hot 1 'tcp udp udpu' ,n=4)
	reasons multi-nic
	counted=${packets[$reason]}
	migsel -n "$A" vmk flush
	read_stats
	((${packets[$reason]} == counted)) || fail "${packets[$reason]} packets, after $counted"
}

need nft
ktap_print_header
ktap_set_plan 4
make_hosts
run_test 'each packet counts once' once
run_test 'what was counted stays while a vmk comes and goes' stays
run_test 'what was counted stays when a NIC is deleted' nic_goes
run_test 'a reset is one of vmks that have gone, too' anew
ktap_finished
