#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# host.sh FOLDER    a host that was only described, with traffic
#
# Runs where the module is loaded (run.sh sees to that, with HOST_FILE). FOLDER has what
# `migsel explain` said of the description: lab.sh, which builds it, explain.txt and
# explain.json. Fails where what the NICs have counted contradicts that.
set -euo pipefail
export LC_ALL=C
folder=$1
host=migsel-lab-host
peer=migsel-lab-peer

in_netns() { nsenter --net="/run/netns/$1" "${@:2}"; }

# bytes_sent: of each NIC of the host, "NAME BYTES"
bytes_sent() { ip -n "$host" -j -s link show | jq -r '.[] | select(.ifname != "lo") | "\(.ifname) \(.stats64.tx.bytes)"'; }

# transfer TAG ADDRESS: eight flows, 8 MB in all
transfer() {
	local server
	in_netns "$peer" iperf3 -s -1 -B "$2" >/dev/null 2>&1 &
	server=$!
	for ((i = 0; i < 100; i++)); do
		[[ -z $(in_netns "$peer" ss -Hltn "sport = :5201") ]] || break
		read -r -t 0.1 <> <(:) || :
	done
	in_netns "$host" migsel exec "$1" -- iperf3 -c "$2" -P 8 -n 8M >"$folder/iperf3.log" 2>&1 || { kill "$server" 2>/dev/null || :; }
	wait "$server" || :
}

# show TAG FAMILY ADDRESS: counts, draws, and judges by what was said of the description
show() {
	local name sent bytes expected total=0 bar
	local -A before=() by=()
	expected=$(jq -r --arg tag "$1" --arg family "$2" \
		'[.[0].answers[] | select(.tag == $tag and (.family == $family or $tag == "cold"))][0] | select(.verdict == "steer") | .dev[]' <"$folder/explain.json")
	while read -r name sent; do before[$name]=$sent; done < <(bytes_sent)
	transfer "$1" "$3"
	echo "bytes sent, $1, to $3"
	while read -r name sent; do
		# Names are not for arithmetic, which would evaluate them.
		bytes=$((sent - ${before[$name]}))
		by[$name]=$bytes
		((total += bytes)) || :
	done < <(bytes_sent)
	while read -r name; do
		bytes=${by[$name]}
		printf -v bar '%*s' $((total ? bytes * 40 / total : 0)) ''
		printf '  %-15s %-40s %7d.%d MB\n' "$name" "${bar// /#}" $((bytes / 1000000)) $((bytes / 100000 % 10))
		if [[ $'\n'$expected$'\n' == *$'\n'"$name"$'\n'* ]]; then
			((bytes >= 500000)) || failures+="demo: $1 to $3: $name has sent $bytes bytes"$'\n'
		else
			((bytes < 500000)) || failures+="demo: $1 to $3: $name has sent $bytes bytes, not ${expected//$'\n'/ }"$'\n'
		fi
	done < <(printf '%s\n' "${!by[@]}" | sort -V)
	echo
}

failures=
cat "$folder/explain.txt"
echo
sh "$folder/lab.sh"
trap 'ip netns del "$host"; ip netns del "$peer"' EXIT
while read -r address; do
	family=inet
	[[ $address != *:* ]] || family=inet6
	migsel -n "$host" route get "$address" || :
	show hot "$family" "$address"
	migsel -n "$host" route get "$address" tag cold || :
	show cold "$family" "$address"
done < <(sed -n 's/^# The peer is \([^ ]*\): .*/\1/p' "$folder/lab.sh")
[[ -z $failures ]] || { printf '%s' "$failures" >&2; exit 1; }
