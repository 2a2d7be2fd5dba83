#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# demo.sh    by which NIC a host's migration traffic leaves, scenario by scenario
#
# Runs where the module is loaded and migsel is on PATH (run.sh sees to that). Each
# scenario is judged by what the interfaces of both hosts have counted: one that
# contradicts the rule makes the demo fail. All that was run and measured goes into
# the folder OUT: result.json, and scenario-3.pcapng; report.sh makes them readable.
#
#   DEMO=3      only these scenarios, see run.sh
#   COLOR=1     colours, and LIVE=1 a line that changes in place, as on a terminal
#   V=1         each command that builds, migrates and compares a virtual machine
#   KERNEL=uml  as KERNEL=debug: none that migrates a virtual machine
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
COLOR=${COLOR:-0} LIVE=${LIVE:-0} V=${V:-0}

die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# shellcheck source=demo/topology.sh
. "$here/topology.sh"
# shellcheck source=demo/console.sh
. "$here/console.sh"
# shellcheck source=demo/capture.sh
. "$here/capture.sh"
# shellcheck source=selftests/qmp.sh
. "$here/../selftests/qmp.sh"
# shellcheck source=demo/migration.sh
. "$here/migration.sh"
# shellcheck source=demo/choose.sh
. "$here/choose.sh"

finish() {
	trap '' INT TERM HUP
	end_sampler
	end_capture
	end_vms
	end_servers
	remove_hosts
	rm -rf "$work" "$OUT/began"
}

# scenario FILE: what it does, then its result as JSON, then that as text.
scenario() {
	local number=${1##*/}
	number=${number%%-*}
	measured=$work/$number
	mkdir "$measured"
	touch "$measured/samples"
	began=${EPOCHREALTIME/./}
	record scenario number "$number"
	make_hosts
	# shellcheck source=/dev/null
	. "$1"
	stats_and_connections
	jq -n -r -L "$here" -f "$here/result.jq" --argjson color "$COLOR" --argjson verbose "$V" --argjson began "$began" \
		--slurpfile record "$measured/record" --slurpfile transfers "$measured/transfers" \
		--slurpfile a "$measured/esx-a" --slurpfile b "$measured/esx-b" \
		--slurpfile samples "$measured/samples" --slurpfile counts "$measured/reasons" \
		--slurpfile links "$measured/links" --slurpfile flows "$measured/flows" >"$measured/result" &
	local jq=$!
	end_vms
	end_servers
	keep_capture
	remove_hosts
	wait "$jq"
	judge <"$measured/result"
}

# title_of FILE: the title in it, into REPLY
title_of() {
	[[ $(<"$1") =~ $'\n'"title '"([^\']+) ]]
	REPLY=${BASH_REMATCH[1]}
}

# The result as JSON, a line for each failure, an empty one, and all that as text.
judge() {
	local line verdict=PASS
	read -r line
	results+=${results:+,$'\n'}$line
	while read -r line && [[ $line ]]; do
		failures+="demo: scenario ${measured##*/}: $line"$'\n'
		verdict=FAIL
	done
	title_of "$file"
	printf -v line '%s %3s  %s\n' "$verdict" "${measured##*/}" "$REPLY"
	verdicts+=$line
	while IFS= read -r line; do
		printf '%s\n' "$line"
	done
}

write_result() {
	printf '{"release":"%s","scenarios":[\n%s\n]}\n' "$(</proc/sys/kernel/osrelease)" "$results" >"$OUT/result.json"
}

((EUID == 0)) || die 'it makes network namespaces: run it as root'
choose_scenarios || die "$REPLY"
[[ -d /sys/module/migsel ]] || die 'the module is not loaded: use "make demo"'
OUT=${OUT:-demo-report}
mkdir -p "$OUT"
[[ -z $left_out ]] ||
	printf 'demo: without scenarios%s: KERNEL=%s is too slow for QEMU in it\n' "$left_out" "$KERNEL" >&2
rm -f "$OUT"/{index.html,result.json} "$OUT"/scenario-*.pcapng
work=$(mktemp -d)
# shellcheck disable=SC2034  # for qmp.sh
scratch=$work
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# For who waits: from now on there is something to be read.
((!LIVE)) || : >"$OUT/began"
show_text 'esx-a and esx-b are two hosts on one switch. What esx-a sends is hot, which is memory
	and active disk of a running virtual machine, or cold, copies of its other files. vmk0 is
	its first NIC, for management; vmk1 is there for migrations. Which one is used?'

results='' failures='' verdicts='' current=0
for file in "${scenarios[@]}"; do
	((++current))
	scenario "$file"
	((current < ${#scenarios[@]})) || continue
	title_of "${scenarios[current]}"
	printf '\nNext, %s of %s: %s\n' $((current + 1)) ${#scenarios[@]} "${REPLY%%: *}"
done
write_result
echo
printf '%s' "$verdicts"
if [[ $failures ]]; then
	printf '\n%s' "$failures" >&2
	die 'what was measured contradicts the rule'
fi
echo
echo "${#scenarios[@]} of ${#scenarios[@]} scenarios are as the rule has it"
echo
cat <<-'END'
	What to do where both NICs are in one subnet (Documentation/wrong-network.rst):
	  ESXi    a subnet of its own for migrations; or the vMotion TCP/IP stack; or a
	          second NIC for vMotion
	  Linux   a subnet of its own, too; or bind the sender to the device; with
	          migsel, "migsel policy set fallback strict"
	"migsel explain" says which NIC a host of yours takes, and what cures it.
END
