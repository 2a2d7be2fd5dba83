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

# One question for all: what failed is told by the number of its line. A source address is
# compared where one was chosen, and of those that were given to the host.
goes_plain() {
	local asked got
	asked=$(field 'plain[] | "route get \(.[0])" + (if .[1] == "" then "" else " from \(.[1])" end) + (if .[2] == "" then "" else " oif \(.[2])" end)')
	got=$("$(field host)" ip -j -force -b - <<<"$asked" 2>"$HOME/failed" | jq -c '.[0]')
	jq -rn --argjson i "$i" --argjson shown "$SHOWN" --rawfile failed "$HOME/failed" '
		[$failed | scan("Command failed -:([0-9]+)") | .[0] | tonumber] as $none | [inputs] as $found
		| reduce ($shown[$i].plain | to_entries[]) as {$key, $value} ({n: 0, wrong: []};
			(if $none | index($key + 1) then null else $found[.n] end) as $its
			| if $its then .n += 1 else . end
			| "\($its.dev // "") \($its.prefsrc // "" | select($value[1] == "" and (startswith("fe80:") | not)) // "")" as $is
			| "\($value[3]) \(if $value[1] == "" and $value[3] != "" then $value[4] else "" end)" as $says
			| if $is == $says then . else .wrong += ["# to \($value[:3] | join(" ")): the page says \($says), it is \($is)"] end)
		| .wrong[], "# asked \(.n) of \($shown[$i].plain | length)"' <<<"$got" >"$HOME/said"
	grep -v '^# asked' "$HOME/said" && return 1
	grep -q '^# asked [1-9]' "$HOME/said"
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
