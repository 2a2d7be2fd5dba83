#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report.sh FOLDER    index.html, drawn from FOLDER/result.json, each scenario's picture in a
#                     file of its own, scenario-3.svg, and in the captures beside it the
#                     kernel's decision on each flow
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

# The terms of Documentation/glossary.rst.
glossary() {
	jq -n -R '[inputs] | join("\n") | split("\n\n")[]
		| capture("^   (?<term>\\S.*)\n      (?<text>(.|\n)*)$") | .text |= gsub("\\s+"; " ")' \
		"$top/Documentation/glossary.rst" | jq -s .
}

# What migsel explain says of an ESXi host with the pitfall, and of the first of ours that
# has it, which it is told of as ip would.
explained() {
	local chosen
	jq -c -L "$here" 'include "drawings"; include "lessons"; .scenarios | pitfall | values
		| chosen, [.addresses["esx-a"] | to_entries[]
			| {ifname: .key, addr_info: [.value[] | split("/")
				| {family: (if .[0] | contains(":") then "inet6" else "inet" end), local: .[0], prefixlen: (.[1] | tonumber)}]}]' \
		"$folder/result.json" >"$work/pitfall"
	"$top/userspace/migsel" -j explain -- "$top/Documentation/examples/pitfall.txt" || (($? == 1))
	[[ -s $work/pitfall ]] || return 0
	chosen=$(jq -r 'strings' "$work/pitfall")
	jq 'arrays' "$work/pitfall" >"$work/esx-a"
	"$top/userspace/migsel" -j explain migration "$chosen" -- "$work/esx-a" || (($? == 1))
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
	program picture "$scenario" --argjson most "$most" | neato -n2 -Tsvg >"$dir/pictures"
	jq -r -L "$here" --rawfile pictures "$dir/pictures" --rawfile style "$here/picture.css" \
		'include "drawings"; include "svg"; words as $words | $pictures | drawn_pictures[0] | as_file($words; $style)' \
		"$scenario" >"$folder/scenario-$1.svg"
	for side in sent received; do
		program chart "$scenario" --arg side "$side" | gnuplot >"$dir/$side"
	done
	comment "$capture" "$scenario" >"$dir/captured"
	jq -n -L "$here" --arg number "$1" --rawfile pictures "$dir/pictures" --rawfile sent "$dir/sent" \
		--rawfile received "$dir/received" --slurpfile packets "$dir/captured" \
		'include "svg"; {($number): {pictures: ($pictures | drawn_pictures), $sent, $received, packets: $packets[0]}}' >"$dir/drawing"
}

mkdir -p "$top/.cache/build"
flock "$top/.cache/build/tool.lock" make -s -C "$top" tool
rule_table >"$work/rows"
glossary >"$work/glossary"
explained >"$work/explained"
rm -f "$folder"/scenario-*.svg
most=$(jq -L "$here" 'include "bytes"; most' "$folder/result.json")
mapfile -t numbers < <(jq '.scenarios[].number' "$folder/result.json")
drawers=()
for number in "${numbers[@]}"; do
	draw "$number" &
	drawers+=($!)
done
for drawer in "${drawers[@]}"; do
	wait "$drawer"
done
jq -r -L "$here" -f "$here/report.jq" --slurpfile rows "$work/rows" --rawfile style <(cat "$here"/{picture,report}.css) \
	--slurpfile glossary "$work/glossary" --slurpfile explained "$work/explained" \
	--slurpfile drawings <(cat "$work"/*/drawing) "$folder/result.json" >"$work/page"
cat "$work/page" >"$folder/index.html"
