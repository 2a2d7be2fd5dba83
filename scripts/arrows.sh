#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Whether what is built is in layers: no file needs another one that needs it in turn, and
# no folder does. Names each circle, by what uses what.
#
# usage: scripts/arrows.sh OBJECT...

set -euo pipefail

(($# > 0)) || { sed -n '4,7s/^# //p' "$0"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# From user to used: files by what they define, and folders by their files.
nm -A -P -- "$@" >"$work/symbols"
awk '
	function folder(file) {
		sub("[^/]*$", "", file)
		return file "."
	}
	{ sub(/:$/, "", $1) }
	$3 == "U" { uses[$2 " " $1] }
	$3 ~ /^[A-TV-Z]$/ { defines[$2] = $1 }
	END {
		for (use in uses) {
			split(use, part, " ")
			if (!(part[1] in defines))
				continue
			from = part[2]
			to = defines[part[1]]
			if (from != to)
				print from, to, part[1]
			if (folder(from) != folder(to))
				print folder(from), folder(to), part[1]
		}
	}' "$work/symbols" | LC_ALL=C sort -u >"$work/arrows"

cut -d ' ' -f 1,2 "$work/arrows" | tsort >/dev/null 2>"$work/circles" || :
[[ -s $work/circles ]] || exit 0
awk '
	FILENAME == ARGV[1] {
		n += / input contains a loop:$/
		if (!/:$/)
			circle[n, $2]
		next
	}
	{
		for (i = 1; i <= n; i++)
			if ((i, $1) in circle && (i, $2) in circle)
				calls[i] = calls[i] "\t" $1 " -> " $2 ": " $3 "\n"
	}
	END {
		for (i = 1; i <= n; i++)
			printf "circle:\n%s", calls[i]
	}' "$work/circles" "$work/arrows"
exit 1
