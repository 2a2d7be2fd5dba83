# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # shared with hosts.sh and the tests
#
# Traffic between the hosts, and what became of it; sourced by hosts.sh.

declare -A port addr result ms sent errors gap mss
declare -A home seen source_mac source_ip packets bytes
hot=0x10000 cold=0x20000 none=0

# Traffic ---------------------------------------------------------------------

# read_flows N: read that many flows' lines
read_flows() {
	local left=$1 event label index a p r values
	while ((left--)) && read -r -t 60 -u "$flows_fd" event label index a p r values; do
		[[ $event == @(open|done) ]] || { fail "flows: $event $label"; return 1; }
		local id=$label.$index
		result[$id]=$r
		if [[ $event == open ]]; then
			addr[$id]=$a port[$id]=$p ms[$id]=$values
		else
			read -r "sent[$id]" "errors[$id]" "gap[$id]" "mss[$id]" <<<"$values"
		fi
	done
	((left < 0)) || { fail "$((left + 1)) flows did not report"; return 1; }
}

# start_flows OPTION... SPEC...: returns when all are open, and go on
start_flows() {
	local word
	n_flows=0
	for word; do
		[[ $word != *,* ]] || ((n_flows += $([[ $word =~ ,n=([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo 1)))
	done
	addr=() port=() ms=() result=() sent=() errors=() gap=() mss=()
	exec {flows_fd}< <(exec "$work/flows" -n "$sender" "$@" 2>&1)
	flows_pid=$!
	read_flows "$n_flows"
}

# The end of flows that end by themselves.
end_flows() {
	read_flows "$n_flows"
	exec {flows_fd}<&-
}

# The end of flows that go on until told.
stop_flows() {
	kill "$flows_pid"
	end_flows
}

# specs FAMILY CLASS ADDRESS PROTOS [,EXTRA]: one specification for each protocol
specs() {
	local proto
	for proto in $4; do
		printf '%s ' "$1-$2-$proto,$proto,$3,mark=${!2}${5-}"
	done
}

# both CLASS DEST PROTOS [,EXTRA]: specifications for IPv4 and IPv6. DEST is the
# number of B's NIC, or far; "%N" in EXTRA is the sender's address on NIC N.
both() {
	local family dest extra=${4-} shape n
	for family in 4 6; do
		[[ $2 == far ]] && dest=$(far "$family") || dest=$(to "$family" "$2")
		[[ $extra != *%* ]] || n=${extra##*%}
		((family == 4)) && shape=$shape4 || shape=$shape6
		specs "$family" "$1" "$dest" "$3" "${extra/\%?/$(address "$family" "$shape" 1 "${n-0}")}"
	done
}

# flows_of PATTERN: which flows, into $ids. None is a mistake of the test.
flows_of() {
	local id
	ids=()
	for id in "${!result[@]}"; do
		# shellcheck disable=SC2053  # a pattern
		[[ $id != $1 ]] || ids+=("$id")
	done
	((${#ids[@]})) || { fail "no flow is $1"; return 1; }
}

# results PATTERN RESULT: all of them ended so
results() {
	local id
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		[[ ${result[$id]} == "$2" ]] || fail "$id: ${result[$id]}, not $2"
	done
}

# told_within MS PATTERN: each of these flows got EHOSTUNREACH by then
told_within() {
	local id
	results "$2" EHOSTUNREACH
	for id in "${ids[@]}"; do
		((${ms[$id]} <= $1 * slow)) || fail "$id: told after ${ms[$id]} ms"
		((${sent[$id]} == 0)) || fail "$id: ${sent[$id]} bytes are taken for sent"
	done
}

# Looking ---------------------------------------------------------------------

# nic_bytes PID NIC rx|tx: into REPLY, from the namespace of the process
nic_bytes() {
	local -a words
	REPLY=0
	while read -ra words; do
		[[ ${words[0]} != "$2:" ]] || REPLY=${words[$([[ $3 == rx ]] && echo 1 || echo 9)]}
	done <"/proc/$1/net/dev"
}

tx() { nic_bytes "$a_pid" "$1" tx; }

# grown NIC SINCE BYTES: A has sent as much by it
grown() {
	tx "$1"
	((REPLY >= $2 + $3))
}

# more_by SECONDS NIC [BYTES]: A sends by it within that time
more_by() {
	tx "$2"
	wait_for "$1" grown "$2" "$REPLY" "${3-20000}" || fail "not enough by $2 within $1 s"
}

# A new meter, at zero, in one step. Flushed sets would not do: Linux 7.3 at times leaves some
# of their elements as they were.
meter_anew() { in_netns "$SW" nft -f - <<<"$meter" || fail 'the meter is stuck'; }

# meter_read: into seen, bytes by "FAMILY PROTOCOL PORT NIC" of data packets, and
# by "fragments NIC" and "large NIC"; source_mac and source_ip by the former
meter_read() {
	local line part set key
	local -a parts words
	seen=() source_mac=() source_ip=()
	while read -r line; do
		[[ $line != 'set '* ]] || set=${line:4:-2}
		[[ $line == *counter\ packets* ]] || continue
		line=${line#*= \{}
		IFS=, read -ra parts <<<"${line//[\"\}]/}"
		for part in "${parts[@]}"; do
			# NIC . MAC . IP . PROTOCOL . PORT counter packets N bytes N
			read -ra words <<<"$part"
			((${#words[@]})) || continue
			key="$set ${words[0]}"
			if [[ $set == flows? ]]; then
				key="${set:5} ${words[6]} ${words[8]} ${words[0]}"
				source_mac[$key]=${words[2]}
				source_ip[$key]=${words[4]}
			fi
			seen[$key]=${words[-1]}
		done
	done < <(in_netns "$SW" nft -p list table bridge wire)
}

# flow_bytes ID NIC: what the meter saw of a flow from a NIC of the sender, into REPLY; in
# key the meter's name of it.
flow_bytes() {
	local proto=${1#*-*-} family=${1%%-*}
	case ${proto%%[-.]*} in
	tcp) proto=6 ;;
	udp | udpu) proto=17 ;;
	icmp) proto=$((family == 4 ? 1 : 58)) ;;
	esac
	key="$family $proto ${port[$1]} $side${2#vmk}"
	REPLY=${seen[$key]-0}
}

# leaves_by PATTERN NIC: each of these flows has left by it, and by it only
leaves_by() {
	local id n key
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		for n in 0 1 2; do
			flow_bytes "$id" "vmk$n"
			if [[ vmk$n != "$2" ]]; then
				((REPLY == 0)) || fail "$id: $REPLY bytes by vmk$n, not $2"
			elif ((REPLY == 0 || REPLY < ${sent[$id]-0} * 9 / 10)); then
				fail "$id: only $REPLY bytes by $2"
			fi
		done
	done
}

# leaves_not PATTERN NIC...: none of these flows has
leaves_not() {
	local id nic key
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		for nic in "${@:2}"; do
			flow_bytes "$id" "$nic"
			((REPLY == 0)) || fail "$id: $REPLY bytes by $nic"
		done
	done
}

# nics_of ID: the numbers of the NICs that a flow has left by, into REPLY
nics_of() {
	local n nics='' key
	for n in 0 1 2; do
		flow_bytes "$1" "vmk$n"
		((REPLY == 0)) || nics+=$n
	done
	REPLY=$nics
}

# split PATTERN: how many of these flows have left by each NIC, into REPLY, as
# "4 4 0"; each is to have left by one only
split() {
	local id
	local -a count=(0 0 0)
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		nics_of "$id"
		if [[ $REPLY == ? ]]; then
			((count[REPLY] += 1))
		else
			fail "$id has left by NICs '$REPLY'"
		fi
	done
	REPLY=${count[*]}
}

# homes: where each flow has left by, into home
homes() {
	local id
	meter_read
	home=()
	for id in "${!result[@]}"; do
		nics_of "$id"
		[[ $REPLY == ? ]] || fail "$id has left by NICs '$REPLY'"
		home[$id]=$REPLY
	done
}

# leaves_split PATTERN 'N N N'
leaves_split() {
	split "$1"
	[[ $REPLY == "$2" ]] || fail "$1: $REPLY flows by vmk0, vmk1, vmk2, not $2"
}

# comes_from PATTERN ADDRESS NIC_OF_MAC [PORT]: what they left by it says so
comes_from() {
	local id key
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		flow_bytes "$id" "${4-$3}"
		[[ ${source_ip[$key]-} == "$2" ]] || fail "$id: from ${source_ip[$key]-nowhere}, not $2"
		[[ ${source_mac[$key]-} == "02:00:00:00:0$side:0${3#vmk}" ]] ||
			fail "$id: from ${source_mac[$key]-nowhere}, not $3's"
	done
}

# read_stats: of A, into packets and bytes by reason
read_stats() {
	local text row='"reason":"([a-z-]+)","packets":([0-9]+),"bytes":([0-9]+)'
	packets=() bytes=()
	text=$(migsel -n "$sender" -j stats show)
	while [[ $text =~ $row ]]; do
		packets[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		bytes[${BASH_REMATCH[1]}]=${BASH_REMATCH[3]}
		text=${text#*"${BASH_REMATCH[0]}"}
	done
	((${#packets[@]} == ${#all_reasons[@]})) || fail "stats show has ${#packets[@]} rows"
}

# reasons REASON...: tagged packets were counted for these and no others
reasons() {
	local reason
	read_stats
	for reason in "${!packets[@]}"; do
		[[ $reason != untagged ]] || continue
		if [[ " $* " == *" $reason "* ]]; then
			((${packets[$reason]})) || fail "no packet is counted as $reason"
		else
			((${packets[$reason]} == 0)) || fail "${packets[$reason]} packets are counted as $reason"
		fi
	done
}

# route_get EXPECTED QUESTION...: "vmk0 same-subnet", or "refuse no-route", or "pass untagged"
route_get() {
	local text
	text=$(migsel -n "$sender" -j route get "${@:2}" 2>&1)
	REPLY=$text
	if [[ $text =~ \"verdict\":\"steer\",\"dev\":\"([^\"]+)\" || $text =~ \"verdict\":\"([a-z]+)\" ]]; then
		REPLY=${BASH_REMATCH[1]}
		[[ ! $text =~ \"reason\":\"([a-z-]+)\" ]] || REPLY+=" ${BASH_REMATCH[1]}"
	fi
	[[ $REPLY == "$1" ]]
}

says_route() {
	route_get "$@" || fail "route get ${*:2}: '$REPLY', not '$1'"
}

# traffic SPEC...: from beginning to end, and what was seen of it
traffic() {
	meter_anew
	start_flows "$@"
	end_flows
	meter_read
}

# start_monitor: of A; listens once a change is heard of
start_monitor() {
	exec {monitor_fd}< <(exec migsel -n "$A" -j monitor)
	monitor_pid=$!
	defer "stop $monitor_pid"
	wait_for 10 announced || fail 'migsel monitor says nothing'
}

announced() {
	migsel -n "$A" policy set mode enforce
	heard '"event":"policy"' 0.2
}

# heard REGEX [SECONDS]: the next line of the monitor that matches, into REPLY
heard() {
	while read -r -t "${2-$((2 * slow))}" -u "$monitor_fd" REPLY; do
		[[ ! $REPLY =~ $1 ]] || return 0
	done
	return 1
}

# hears REGEX
hears() { heard "$1" || fail "migsel monitor does not say $1"; }

# shows_vmks REGEX: migsel vmk show does
shows_vmks() {
	local text
	text=$(migsel -n "$sender" vmk show)
	[[ $text =~ $1 ]] || fail "vmk show: '$text' is not $1"
}

# nothing_longer PATTERN MS: a flow came to a halt for longer
nothing_longer() {
	local id
	flows_of "$1" || return
	for id in "${ids[@]}"; do
		((${gap[$id]} <= $2 * slow)) || fail "$id: nothing for ${gap[$id]} ms"
	done
}
