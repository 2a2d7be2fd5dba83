#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arrows.sh FOLDER    whether the objects of the module, built in FOLDER, call each other
#                     as the figure in Documentation/networking/migsel.rst draws it
#
# Prints every call that leads to no line further down, and every file that the figure lacks
# or has too many. The files of netlink count as one: family and operations need each other.
set -euo pipefail
figure=$(dirname "$(readlink -f "$0")")/../Documentation/networking/migsel.rst
cd "$1"

drawn() {
	awk '/^   main[.]c$/ { inside = 1 }
	     inside && /^[^ ]/ { exit }
	     inside { for (i = 1; i <= NF; i++) if ($i ~ /[.]c$/) print "drawn", $i, NR }' "$figure"
}

symbols() {
	local object
	for object in *.o; do
		[[ $object == migsel.o || $object == *.mod.o ]] ||
			nm -P "$object" | awk -v file="${object%.o}.c" '
				NR == 1 { print "file", file }
				$1 ~ /^migsel_/ && $2 ~ /[A-Z]/ { print ($2 == "U" ? "uses" : "has"), file, $1 }'
	done
}

{ drawn; symbols; } | awk '
	function line(file) { return file ~ /^netlink/ ? lines["netlink.c"] : lines[file] }
	$1 == "drawn" { lines[$2] = $3 }
	$1 == "file" { files[$2] }
	$1 == "has" { home[$3] = $2 }
	$1 == "uses" { user[++n] = $2; used[n] = $3 }
	END {
		for (file in files)
			if (!(file in lines))
				print file " is not in the figure"
		for (file in lines)
			if (!(file in files))
				print file " of the figure is no file of the module"
		for (i = 1; i <= n; i++)
			if (used[i] in home && line(user[i]) >= line(home[used[i]]) &&
			    !(user[i] ~ /^netlink/ && home[used[i]] ~ /^netlink/))
				print user[i] " calls " home[used[i]] " (" used[i] "), which is no line further down"
	}'
