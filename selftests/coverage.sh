#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# coverage.sh [TEST...]    which lines of module/ and userspace/ the tests run, those of
#                          the module and its tool or those named
#
# Each runs in a debug kernel of its own, JOBS= at a time, with module and tool built to
# count, and with one CPU (SMP=), which is faster under emulation than more are. Prints
# how many lines of each file were run, and which were not. Fails if a test does, or if
# less than 90 % of the module's lines were run. A program that a signal ends, as migsel
# monitor mostly, has counted nothing, and nor has the module of its own unloading.
set -euo pipefail
export KERNEL=debug GCOV=1 SMP=${SMP:-1}
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/vm/lib.sh
. "$here/vm/lib.sh"
# shellcheck source=selftests/jobs.sh
. "$here/jobs.sh"
cd "$top"
built=$builds/coverage

# The tool, with what it was built from: it writes to where that is, below GCOV_PREFIX.
build_tool() {
	mkdir -p "$built/userspace" "$built/module" "$built/include"
	cp -r userspace/{main.c,commands,lib,include,Makefile} "$built/userspace/"
	make -s -C "$built/userspace" clean
	cp module/{rule.c,rule.h,reasons.h} "$built/module/"
	cp -r include/uapi "$built/include/"
	make -s -C "$built/userspace" CFLAGS='-O0 -g --coverage'
}

# count BUILT MODULE TEST: in the test kernel, into OUT. Programs of any user count.
# shellcheck disable=SC2317  # for another bash
count() {
	local file status=0
	umask 0
	export PATH=$1/userspace:$PATH GCOV_PREFIX=/tmp/coverage
	mkdir -p "$GCOV_PREFIX$1/userspace/"{lib,commands}
	"selftests/$3" || status=1
	find "$GCOV_PREFIX$1/userspace" -name '*.gcda' -exec cp -t "$OUT/userspace" {} +
	for file in "/sys/kernel/debug/gcov$2"/*.gcda; do
		cat "$file" >"$OUT/module/${file##*/}"
	done
	return "$status"
}

# run TEST: what it counts, beside what it counts by
run() {
	local start=$SECONDS status=0
	export OUT=$built/$1
	mkdir -p "$OUT"/{module,userspace}
	echo "# $1"
	RUN="$(declare -f count); count ${built@Q} $(printf %q "$(readlink -m "$builds/debug/module")") $1" \
		"$here/vm/run.sh" || status=1
	cp "$builds/debug/module"/*.gcno "$OUT/module/"
	find "$built/userspace" -name '*.gcno' -exec cp -t "$OUT/userspace" {} +
	echo "# $1: $((SECONDS - start)) s"
	return "$status"
}

ended() {
	cat "$3"
	(($2 == 0)) || status=1
}

# report FOLDER GCOV LEAST: of what was counted; a header's lines count once
report() {
	"$2" -t -j "$built"/*.sh/"$1"/*.gcda | jq -rs --arg folder "$1/" '
		[.[].files[]
			| select(.file | contains("/" + $folder) or test("^((lib|commands)/)?[^/]+$"))
			| (.file | split("/" + $folder) | last) as $file
			| .lines[] | {file: ($folder + $file), line: .line_number, run: (.count > 0)}]
		| group_by([.file, .line]) | map({file: .[0].file, line: .[0].line, run: any(.[]; .run)})
		| group_by(.file)[]
		| "\(.[0].file) \(length) \(map(select(.run)) | length) \(map(select(.run | not).line) | join(" "))"' |
		awk -v folder="$1/" -v least="$3" '
			function row(name, all, run) {
				printf "%-36s %5d %5d %5.1f %% ", name, all, run, 100 * run / all
			}
			BEGIN { printf "%-36s %5s %5s %7s  not run\n", "", "lines", "run", "" }
			{
				row($1, $2, $3)
				for (i = 4; i <= NF; i++) {
					printf " %d", first = $i
					while (i < NF && $(i + 1) == $i + 1)
						i++
					if ($i > first)
						printf "-%d", $i
				}
				print ""
				all += $2
				run += $3
			}
			END {
				if (all)
					row("all of " folder, all, run)
				print ""
				if (!all || run < all * least / 100) {
					print "less than " least " % of " folder
					exit 1
				}
			}'
}

"$here/vm/need.sh" build kbuild vm demo check
rm -rf "$built"
build_all
build_tool
export BUILD=0
flock "$builds/tests.lock" make -s -C selftests all
YNL=$("$here/vm/fetch.sh" --source)/tools/net/ynl
export YNL VM_ENV=YNL
if (($# == 0)); then
	tests=$(make -s -C selftests list list-TOOL)
	# shellcheck disable=SC2086  # a list
	set -- $tests failnth.sh tool_check_test.sh tool_golden_test.sh tool_classify_test.sh
fi
status=0
trap jobs_end EXIT
for test; do
	jobs_begin "$test" run "$test"
done
jobs_wait
report module gcov-12 90 || status=1
report userspace gcov 0 || status=1
exit "$status"
