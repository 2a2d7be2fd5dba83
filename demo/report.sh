#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report.sh FOLDER    index.html, drawn from FOLDER/result.json, and in the captures
#                     beside it the kernel's decision on each flow
#
# Needs no root and no network, and may be run again.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
folder=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The table of the rule, where README.md has it.
rule_table() {
	# shellcheck disable=SC2016  # quotes of Markdown
	jq -n -R '[inputs
		| capture("^\\| (?<row>[0-9]+) \\| (?<condition>.*) \\| (?<egress>.*) \\| `(?<reason>.*)` \\|$")
		| .row |= tonumber]' "$top/README.md"
}

# program NAME SCENARIO [ OPTION... ]: what NAME.jq makes of it
program() { jq -r -L "$here" -f "$here/$1.jq" "${@:3}" "$2"; }

# comment CAPTURE SCENARIO: in the order of time, with comments; its packets as JSON
comment() {
	local line
	local -a options=()
	reordercap "$1" "$dir/ordered" >/dev/null
	tshark -n -r "$dir/ordered" -T fields -e frame.number -e tcp.stream -e frame.time_epoch \
		-e frame.interface_name -e frame.comment 2>"$dir/log" >"$dir/packets" || {
		cat "$dir/log" >&2
		return 1
	}
	jq -n -R --slurpfile scenario "$2" --slurpfile rows "$work/rows" \
		-f "$here/comments.jq" "$dir/packets" >"$dir/comments"
	while IFS= read -r line; do
		options+=(-a "$line")
	done < <(jq -r '.[] | select(.new) | "\(.frame):\(.comment)"' "$dir/comments")
	editcap -F pcapng "${options[@]}" "$dir/ordered" "$dir/commented"
	cat "$dir/commented" >"$1"
	cat "$dir/comments"
}

# draw NUMBER: its picture and its charts, and what its capture says, as JSON
draw() {
	local side dir=$work/$1
	local scenario=$dir/scenario capture=$folder/scenario-$1.pcapng
	mkdir "$dir"
	jq --argjson number "$1" '.scenarios[] | select(.number == $number)' "$folder/result.json" >"$scenario"
	program picture "$scenario" | neato -n2 -Tsvg >"$dir/picture"
	for side in sent received; do
		program chart "$scenario" --arg side "$side" | gnuplot >"$dir/$side"
	done
	comment "$capture" "$scenario" >"$dir/captured"
	jq -n --arg number "$1" --rawfile picture "$dir/picture" --rawfile sent "$dir/sent" \
		--rawfile received "$dir/received" --slurpfile packets "$dir/captured" \
		'{($number): {$picture, $sent, $received, packets: $packets[0]}}' >"$dir/drawing"
}

rule_table >"$work/rows"
mapfile -t numbers < <(jq '.scenarios[].number' "$folder/result.json")
drawers=()
for number in "${numbers[@]}"; do
	draw "$number" &
	drawers+=($!)
done
for drawer in "${drawers[@]}"; do
	wait "$drawer"
done
jq -r -L "$here" -f "$here/report.jq" --slurpfile rows "$work/rows" --rawfile style "$here/report.css" \
	--slurpfile drawings <(cat "$work"/*/drawing) "$folder/result.json" >"$work/page"
cat "$work/page" >"$folder/index.html"
