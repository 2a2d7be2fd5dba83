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

# Netfilter counts them, too, behind the module.
exact='
table inet exact {
	counter hot0 { }; counter hot1 { }; counter hot2 { }
	counter cold0 { }; counter cold1 { }; counter cold2 { }
	chain out {
		type filter hook postrouting priority 0
		counter name meta mark . oifname map {
			0x10000 . "vmk0" : "hot0", 0x10000 . "vmk1" : "hot1", 0x10000 . "vmk2" : "hot2",
			0x20000 . "vmk0" : "cold0", 0x20000 . "vmk1" : "cold1", 0x20000 . "vmk2" : "cold2"
		}
	}
}'

# counted NIC CLASS: as netfilter counts it
counted() {
	local text
	text=$(in_netns "$A" nft list counter inet exact "$2${1#vmk}")
	[[ $text =~ packets\ ([0-9]+)\ bytes\ ([0-9]+) ]] || fail "no counter: $text"
	REPLY="${BASH_REMATCH[1]} packets, ${BASH_REMATCH[2]} bytes"
}

# By NIC and tag it is what netfilter has counted, and by reason as much.
once() {
	local by_reason nic class key
	shape S S 0 1 2
	vmks "$@"
	in_netns "$A" nft -f - <<<"$exact" || fail 'no counters of netfilter'
	defer "in_netns $A nft delete table inet exact"
	traffic $(both hot 1 'tcp udp udpu' ,n=4) $(both cold 1 'tcp udp udpu')
	results '*' ok
	read_stats
	sum
	by_reason=$REPLY
	read_vmks
	sum
	[[ $REPLY == "$by_reason" ]] || fail "$REPLY by vmk, but $by_reason by reason"
	for key in "${!packets[@]}"; do
		read -r nic class <<<"$key"
		counted "$nic" "$class"
		[[ $REPLY == "${packets[$key]} packets, ${bytes[$key]} bytes" ]] ||
			fail "$key: ${packets[$key]} packets, ${bytes[$key]} bytes, but $REPLY in postrouting"
	done
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

# Hot flows leave by the vmk that comes and goes, and in the end all vmks go.
stays() {
	local i reason
	shape S S 1 2 0
	vmks vmk0 vmk1+ vmk2+
	start_flows -l $(both hot 2 'tcp udp udpu' ,n=4) $(both cold 2 'tcp udp udpu')
	before=()
	for ((i = 0; i < 5; i++)); do
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
ktap_set_plan 6
make_hosts
run_test 'each packet counts once: several NICs' once vmk0 vmk1+ vmk2+
run_test 'each packet counts once: the first NIC' once vmk0 vmk1+
run_test 'each packet counts once: observed only' once mode observe vmk0 vmk1+ vmk2+
run_test 'what was counted stays while a vmk comes and goes' stays
run_test 'what was counted stays when a NIC is deleted' nic_goes
run_test 'a reset is one of vmks that have gone, too' anew
ktap_finished
