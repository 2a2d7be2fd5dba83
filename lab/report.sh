#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report.sh FILE...    a table of a class as CSV: a line for each file that `lab export` has written,
#                      a column for each exercise; with yes for solved, shown where the solution
#                      was shown first; what `lab report` runs
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")

die() {
	printf 'lab report: %s\n' "$*" >&2
	exit 2
}

(($#)) || die 'which files? Those that lab export has written: lab report lab-*.json'
exercises=$(cd "$lab/exercises" && printf '%s\n' * | sed 's/^[^-]*-//' | jq -nR -c '[inputs]')
jq -r '["name"] + . | @csv' <<<"$exercises"
status=0
for file; do
	[[ $file == /* ]] || file=./$file
	# A name is no formula to a spreadsheet.
	[[ -f $file && $(stat -Lc %s "$file") -lt 100000 ]] && jq -ser --argjson exercises "$exercises" '
		if length == 1 then .[0] else error end |
		(.exercises | map({ key: .exercise, value: . }) | from_entries) as $done |
		[.name | strings | .[:60] | gsub("[[:cntrl:]]"; " ") | if test("^[ ]*[=+@-]") then "\u0027" + . else . end] +
		[$exercises[] as $name | $done[$name] // {} | if .solved | type != "string" then "" elif .shown == true then "shown" else "yes" end] |
		if length > ($exercises | length) then @csv else empty end' "$file" 2>/dev/null && continue
	printf 'lab report: %q: expected what lab export has written, less than 100 kB\n' "$file" >&2
	status=1
done
exit "$status"
