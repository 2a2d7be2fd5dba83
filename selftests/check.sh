#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh [TEST...]    every test, or those named: unit tests, the test kernel's own
#                       tests, and each topic in a test kernel to itself
#
# KERNEL chooses the test kernel. Only without it does all run: with another, what does
# not depend on it is left out; with detectors (uml, debug) there are more tests: of
# the detectors, KUnit suites, fault injection; with ARCH, another architecture, it is the
# golden cases alone. TOPICS='golden steer' names tests, too. KERNELS='6.12 7.3-rt', or
# KERNELS=all, is for several kernels one after another, see kernels.sh. JOBS tests run at a time, by default one
# for each CPU. The last line is `N passed, N failed, N skipped`.
# A test that ends before its plan is fulfilled, fails without saying which part of
# it did, or skips all, counts as failed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=selftests/vm/lib.sh
. selftests/vm/lib.sh
# shellcheck source=selftests/jobs.sh
. selftests/jobs.sh

[[ ! ${KERNELS-} ]] || exec selftests/kernels.sh "$@"

passed=0 failed=0 skipped=0 failures=()

# ended TEST STATUS FILE: count what it reports in FILE
ended() {
	local planned good skips bad
	planned=$(awk -F '[. ]+' '/^1\.\.[0-9]/ { sum += $2 } END { print sum + 0 }' "$3")
	good=$(grep -Eic '^ok ' "$3") || :
	skips=$(grep -Eic '^ok .*# *skip' "$3") || :
	bad=$(grep -Eic '^not ok ' "$3") || :
	((good + bad >= planned)) || bad=$((planned - good))
	((planned > 0 && ($2 == 0 || bad > 0))) || ((++bad))
	((bad == 0)) || failures+=("$1")
	((passed += good - skips, failed += bad, skipped += skips)) || :
	[[ $3 == "$only" ]] || cat "$3"
}

# Emulated CPUs slow each other down. Unless SMP is set there is one, and two for tests of
# what happens at the same time.
at_once=' churn.sh counters.sh kunit.sh netns.sh notifier.sh steer.sh unload.sh '
cpus_at_once=${SMP:-2}
export SMP=${SMP:-1}

# with_cpus TEST COMMAND...
with_cpus() {
	local cpus=$SMP
	[[ $at_once != *" $1 "* ]] || cpus=$cpus_at_once
	SMP=$cpus "${@:2}"
}

in_test_kernel() { RUN="selftests/$1" with_cpus "$1" selftests/vm/run.sh; }

run_test() {
	case $1 in
	unit) flock "$builds/unit.lock" make -s -C selftests/unit check ;;
	vm_test.sh | detectors_test.sh) "selftests/vm/$1" ;;
	demo_test.sh | docs_build_test.sh | explore_test.sh | lab_test.sh | package_test.sh | recipes_test.sh | series_test.sh) "selftests/$1" ;;
	tool_explain_test.sh | tool_explain_paste_test.sh) PATH=$PWD/userspace:$PATH "selftests/$1" ;;
	kunit.sh) with_cpus "$1" "selftests/$1" ;;
	tool_speed_test.sh | cost.sh) ICOUNT=1 in_test_kernel "$1" ;;
	lab_exercises.sh) TIMEOUT=1800 in_test_kernel "$1" ;;
	tool_cgroup1_test.sh) CGROUP=1 in_test_kernel "$1" ;;
	tool_ynl_test.sh)
		YNL=$(KERNEL=uml selftests/vm/fetch.sh --source)/tools/net/ynl VM_ENV=YNL \
			in_test_kernel "$1" ;;
	*) in_test_kernel "$1" ;;
	esac
}

timed_test() {
	local TIMEFORMAT="# $1: %0R s; of a CPU %0U s, and %0S s in the kernel" status=0
	echo "# $1"
	{ time run_test "$1"; } 2>&1 || status=$?
	return "$status"
}

# alone TEST: what has to get through much in a given time, on the slowest kernel
alone() { [[ ${KERNEL-} == debug && $1 == churn.sh ]]; }

only=
trap 'jobs_end; rm -f "$only"' EXIT

# topic NAME: the test that it stands for
topic() {
	local name=${1%.sh}
	if [[ $name == unit ]]; then
		echo unit
	elif [[ -e selftests/$name.sh || -e selftests/vm/$name.sh ]]; then
		echo "$name.sh"
	else
		die "no topic '$1': TOPICS='golden steer' is for golden.sh and steer.sh"
	fi
}

needs=(build vm demo check)
for name in ${TOPICS-}; do
	name=$(topic "$name")
	set -- "$@" "$name"
done
if (($# == 0)) && [[ $foreign ]]; then
	set -- golden.sh
elif (($# == 0)); then
	# The longest first, and at the end short ones, so that no CPU waits for long.
	groups=(list)
	long=(unit vm_test.sh)
	case ${KERNEL-} in
	'')
		groups=(list-ONCE list-TOOL list)
		long+=(lab_exercises.sh demo_test.sh lab_test.sh recipes_test.sh series_test.sh package_test.sh explore_test.sh docs_build_test.sh)
		needs+=(package series kbuild lab shell explore explore-test docs) ;;
	uml | debug)
		groups=(list-DEBUG list-TOOL list)
		long+=(detectors_test.sh demo_test.sh) ;;
	esac
	topics=$(make -s -C selftests "${groups[@]}")
	# shellcheck disable=SC2086  # a list
	set -- "${long[@]}" $topics
fi
selftests/vm/need.sh "${needs[@]}"
build_all
flock "$builds/tests.lock" make -s -C selftests all
export BUILD=0
if (($# == 1)) && [[ ! ${JOB_PLACES-} ]]; then
	jobs_find_cpus
	export JOB_CPU=${jobs_cpus[RANDOM % ${#jobs_cpus[@]}]}
	only=$(mktemp) status=0
	timed_test "$1" </dev/null | tee "$only" || status=1
	ended "$1" "$status" "$only"
else
	for name; do
		! alone "$name" || jobs_wait
		jobs_begin "$name" timed_test "$name"
		! alone "$name" || jobs_wait
	done
	jobs_wait
fi

((${#failures[@]} == 0)) || echo "# failed: ${failures[*]}; one alone: selftests/check.sh ${failures[0]}"
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
