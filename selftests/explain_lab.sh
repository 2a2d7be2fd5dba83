#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A host that was only described, built as the script of `migsel explain as-lab` has it: the
# module answers as was said of the description, and counters of NICs agree.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

host=migsel-lab-host
find_file Documentation/examples
examples=$REPLY
find_file selftests/explain
samples=$REPLY

# sent: packets that each NIC of the host has sent, into the array sent
declare -A sent=()
read_sent() {
	local name packets
	while read -r name packets; do
		sent[$name]=$packets
	done < <(ip -n "$host" -j -s link show | jq -r '.[] | select(.ifname != "lo") | "\(.ifname) \(.stats64.tx.packets)"')
}

# send TAG PEER: four flows, of connected sockets
# shellcheck disable=SC2016  # for those shells
send() {
	local i
	for i in 1 2 3 4; do
		in_netns "$host" migsel exec "$1" -- bash -c 'exec 3>"/dev/udp/$0/$1"
			for ((i = 0; i < 60; i++)); do echo >&3; done' "$2" "400$i" >/dev/null 2>&1 &
	done
	wait
}

# leaves_by TAG PEER DEV...: all of it, in about equal parts. The peer may answer that nobody
# listens, which takes a packet each time.
leaves_by() {
	local tag=$1 peer=$2 name by
	local -A before=()
	shift 2
	read_sent
	for name in "${!sent[@]}"; do before[$name]=${sent[$name]}; done
	send "$tag" "$peer"
	read_sent
	for name in "${!sent[@]}"; do
		by=$((sent[$name] - before[$name]))
		if [[ " $* " == *" $name "* ]]; then
			((by >= 100 / $#)) || fail "$tag to $peer: $by packets by $name, of: $*"
		else
			((by <= 12)) || fail "$tag to $peer: $by packets by $name, not by: $*"
		fi
	done
}

# agree PEER TAG DESCRIPTION...: of the description, of the module, and of counters. The
# lab has no other routes than those that were told.
agree() {
	local peer=$1 tag=$2 said told devs reason verdict
	shift 2
	migsel -j explain "$@" to "$peer" >"$scratch/said" 2>/dev/null
	said=$(jq -r --arg tag "$tag" '.[0].answers[] | select(.tag == $tag) |
		"\(.routes_told) \(.verdict) \(.reason) \(.dev | join(" "))"' <"$scratch/said")
	read -r told verdict reason devs <<<"$said"
	migsel -n "$host" -j route get "$peer" tag "$tag" >"$scratch/got"
	[[ $told == true ]] || ! grep -q '"reason":"no-route"' "$scratch/got" || verdict=refuse reason=no-route
	jq -e --arg reason "$reason" --arg verdict "$verdict" --arg devs " $devs " '.[0] | .reason == $reason and .verdict == $verdict and
		(.verdict == "refuse" or (.dev as $dev | $devs | contains(" \($dev) ")))' <"$scratch/got" >/dev/null ||
		fail "$tag to $peer is '$said' by description, by the module $(<"$scratch/got")"
	[[ $verdict != refuse ]] || devs=''
	# shellcheck disable=SC2086  # names
	leaves_by "$tag" "$peer" $devs
}

# lab DESCRIPTION...: as explain takes it
lab() {
	local peer n=0
	migsel explain as-lab "$@" >"$scratch/lab" 2>"$scratch/err" || [[ $? == 1 ]] ||
		{ fail "no lab: $(<"$scratch/err")"; return; }
	defer "ip netns del $host; ip netns del migsel-lab-peer"
	sh "$scratch/lab" >"$scratch/out" 2>&1 || { fail "the lab is not built: $(<"$scratch/out")"; return; }
	while read -r peer; do
		((++n))
		agree "$peer" hot "$@"
		agree "$peer" cold "$@"
	done < <(sed -n 's/^# The peer is \([^ ]*\): .*/\1/p' "$scratch/lab")
	((n > 0)) || fail 'it has no peer'
}

# Nothing is left out, and what carries a gateway is routed.
routes() {
	cat "$samples/esxcli.txt" - >"$scratch/routes" <<-'END'
		[root@esx-04:~] esxcfg-route -l
		VMkernel Routes:
		Network          Netmask          Gateway          Interface
		203.0.113.0      255.255.255.0    198.51.100.1     vmk1
		default          0.0.0.0          192.0.2.1        vmk0
	END
	lab "$scratch/routes"
	ip -n "$host" route show | grep -q '^203.0.113.0/24 via 198.51.100.1 dev vmk1' || fail 'no route'
	migsel -n "$host" route get 203.0.113.9 | grep -q 'dev vmk1 .* reason dedicated-subnet' ||
		fail "route get: $(migsel -n "$host" route get 203.0.113.9)"
	migsel explain "$scratch/routes" to 203.0.113.9 | grep -q 'leaves by vmk1, .* dedicated-subnet' || fail 'explain says another'
}

need jq
ktap_print_header
ktap_set_plan 10
run_test 'the pitfall' lab "$examples/pitfall.txt"
run_test 'its cure' lab "$examples/cure.txt"
run_test 'a subnet shared in one family' lab "$samples/esxcli.txt"
run_test 'two vmks that carry it' lab "$samples/vmknic-5.1.txt" migration-pattern 'vMotion*'
run_test 'one of three' lab "$samples/vmknic-5.1.txt" migration-pattern 'vMotion 2'
run_test 'the first one does' lab "$samples/powercli.csv" migration vmk0
run_test 'by the API' lab "$samples/govc-old.json"
run_test 'what migsel saved' lab "$samples/save.txt" "$samples/ip-address.json"
run_test 'a point-to-point link' lab "$samples/peer.json" migration vmk1
run_test 'routes' routes
ktap_finished
