#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lab.sh    the commands that the page prints, in the lab of the test kernel: the kernel gives
#           the reason that the page gave, and the NIC that it named has sent; and what the rule
#           does not touch goes where the page says
#
# SHOWN is what page.py writes. KTAP on standard output.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
HOME=$(mktemp -d)
export HOME

for place in esx-a esx-b switch; do
	eval "$place() { lab/enter.sh $place \"\$@\"; }"
done

field() { jq -r --argjson i "$i" ".[\$i].$1" <<<"$SHOWN"; }

# build: the lab as it begins
build() {
	pkill -x iperf3
	for place in esx-a esx-b switch; do
		ip netns del "$place" 2>/dev/null
	done
	lab/build.sh
}

# ran: each command of the page succeeds, and its output is in $out
ran() {
	local line
	out=
	while IFS= read -r line; do
		out+=$(eval "$line" 2>&1 </dev/null)$'\n' || { echo "# '$line' failed: ${out: -400}"; return 1; }
	done < <(field commands)
}

# routed DST FROM OIF: by which device, and with which source address, if that was given to it;
# nothing without a route
routed() {
	local got
	got=$("$(field host)" ip -j route get "$1" ${2:+from "$2"} ${3:+oif "$3"} 2>/dev/null) || got='[]'
	jq -r '.[0] // empty | select(.type != "unreachable") | "\(.dev) \(.prefsrc // "" | select(startswith("fe80:") | not) // "")"' <<<"$got"
}

goes_plain() {
	local dst from oif dev source got wanted status=0
	while IFS='|' read -r dst from oif dev source; do
		got=$(routed "$dst" "$from" "$oif")
		wanted=${dev:+$dev ${from:-$source}}
		# With a source of its own none is chosen.
		[[ ${got:+${got% *} ${from:-${got#* }}} == "$wanted" ]] || {
			echo "# to $dst ${from:+from $from }${oif:+by $oif}: the page says '$wanted', it is '$got'"
			status=1
		}
	done < <(jq -r --argjson i "$i" '.[$i].plain[] | join("|")' <<<"$SHOWN")
	return "$status"
}

# The last command shows the counters. A receiver closes before all was counted.
holds() {
	local sender senders
	build && ran && goes_plain || return
	if [[ $(field reason) != untagged && $out != *" reason $(field reason)"* ]]; then
		echo "# the page says $(field reason): $(grep ' tag ' <<<"$out")"
		return 1
	fi
	sender=$(field commands | sed -n '$s/ .*//p')
	senders=$("$sender" ip -j -s link | jq -r '.[] | select(.stats64.tx.bytes > 5e6 and .ifname != "lo").ifname')
	[[ $senders && " $(field 'by | join(" ")') " == *" $senders "* ]] || {
		echo "# the page says $(field by), it was $senders"
		return 1
	}
}

n=$(jq length <<<"$SHOWN") || exit
((n)) || exit
echo 'KTAP version 1'
echo "1..$n"
failed=0
for ((i = 0; i < n; i++)); do
	result=ok
	holds || { result='not ok' failed=1; }
	echo "$result $((i + 1)) lab: $(field name)"
done
exit "$failed"
