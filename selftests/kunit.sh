#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh          builds the KUnit suites of kunit/ for test kernel KERNEL (uml or
#                   debug; no other has KUnit) and goes on in it
# kunit.sh MODULE   loads them, and relays what they report
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/.." || exit

suites=(migsel-rule migsel-place migsel-snap)

if (($# == 0)); then
	[[ ${KERNEL-} == @(uml|debug) ]] || {
		echo "1..0 # SKIP test kernel '${KERNEL-}' has no KUnit: KERNEL=uml or debug"
		exit 4
	}
	echo 'KTAP version 1'
	module=$(selftests/vm/build.sh selftests/kunit) || { echo 'Bail out! the suites do not build'; exit 1; }
	RUN="selftests/kunit.sh $module" exec selftests/vm/run.sh
fi

insmod "$1" || { echo 'Bail out! the suites do not load'; exit 1; }
for suite in "${suites[@]}"; do
	results=/sys/kernel/debug/kunit/$suite/results
	echo "suite $suite"
	[[ ! -e $results ]] || cat "$results"
done | awk '
	# A suite reports below "1..N" of its own, each case by its name.
	function end_suite() {
		if (suite && (!planned || found != planned))
			line[++lines] = "not ok " ++n " " suite ": " found + 0 " of " planned + 0 " cases"
		planned = found = 0
	}
	$1 == "suite" { end_suite(); suite = $2; next }
	/^    KTAP|^    # (Subtest|module):/ { next }
	/^    1\.\./ { planned = substr($1, 4); next }
	!/^    (not )?ok / {
		if (sub(/^    (# )?/, "")) line[++lines] = "# " $0
		next
	}
	{
		match($0, /ok [0-9]+ /)
		line[++lines] = ($1 == "ok" ? "ok " : "not ok ") ++n " " suite "." substr($0, RSTART + RLENGTH)
		found++
	}
	END {
		end_suite()
		print "1.." n + 0
		for (i = 1; i <= lines; i++) {
			print line[i]
			failed += line[i] ~ /^not ok/
		}
		exit failed > 0
	}'
status=$?
rmmod migsel_kunit || status=1
exit "$status"
