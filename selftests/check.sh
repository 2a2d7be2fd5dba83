#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh [TEST...]    every test, or those named: unit tests, the test kernel's own
#                       tests, and each topic in a test kernel to itself
#
# KERNEL chooses the test kernel. Only without it does all run: with another, what does
# not depend on it is left out; with detectors (uml, debug) there are more tests: of
# the detectors, KUnit suites, fault injection. The last line is `N passed, N failed, N skipped`.
# A test that ends before its plan is fulfilled, fails without saying which part of
# it did, or skips all, counts as failed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

passed=0 failed=0 skipped=0 failures=()

count() { grep -Eic "$1" "$log" || :; }

# tally TEST COMMAND...: run a test and count what it reports
tally() {
	local name=$1 start=$SECONDS status=0 planned good skips bad
	shift
	echo "# $name"
	"$@" </dev/null 2>&1 | tee "$log" || status=1
	planned=$(awk -F '[. ]+' '/^1\.\.[0-9]/ { sum += $2 } END { print sum + 0 }' "$log")
	good=$(count '^ok ')
	skips=$(count '^ok .*# *skip')
	bad=$(count '^not ok ')
	((good + bad >= planned)) || bad=$((planned - good))
	((planned > 0 && (status == 0 || bad > 0))) || ((++bad))
	((bad == 0)) || failures+=("$name")
	((passed += good - skips, failed += bad, skipped += skips)) || :
	echo "# $name: $((SECONDS - start)) s"
}

# Emulated CPUs slow each other down. Unless SMP is set there is one, and two for tests of
# what happens at the same time.
at_once=' churn.sh netns.sh notifier.sh steer.sh unload.sh '
cpus_at_once=${SMP:-2}
export SMP=${SMP:-1}

in_test_kernel() {
	local cpus=$SMP
	[[ $at_once != *" $1 "* ]] || cpus=$cpus_at_once
	SMP=$cpus RUN="selftests/$1" selftests/vm/run.sh
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

selftests/vm/need.sh build vm demo check
make -s -C selftests all
if (($# == 0)); then
	groups=(list)
	case ${KERNEL-} in
	'') groups+=(list-TOOL list-ONCE) ;;
	uml | debug) groups+=(list-TOOL list-DEBUG) ;;
	esac
	read -rd '' -a topics < <(make -s -C selftests "${groups[@]}") || :
	set -- unit vm_test.sh "${topics[@]}"
	case ${KERNEL-} in
	'') set -- "$@" demo_test.sh package_test.sh ;;
	uml | debug) set -- "$@" demo_test.sh detectors_test.sh ;;
	esac
fi
for name; do
	case $name in
	unit) tally "$name" make -s -C selftests/unit check ;;
	vm_test.sh | detectors_test.sh) tally "$name" "selftests/vm/$name" ;;
	package_test.sh) tally "$name" selftests/package_test.sh ;;
	demo_test.sh) tally "$name" selftests/demo/demo_test.sh ;;
	kunit.sh) tally "$name" selftests/kunit.sh ;;
	tool_speed_test.sh) ICOUNT=1 tally "$name" in_test_kernel "$name" ;;
	tool_ynl_test.sh)
		YNL=$(KERNEL=uml selftests/vm/fetch.sh --source)/tools/net/ynl VM_ENV=YNL \
			tally "$name" in_test_kernel "$name" ;;
	*) tally "$name" in_test_kernel "$name" ;;
	esac
done

((${#failures[@]} == 0)) || echo "# failed: ${failures[*]}; one alone: selftests/check.sh ${failures[0]}"
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
