# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # what the tests read
#
# What all tests share; sourced, not run. hosts.sh adds two hosts and what is sent between
# them, tool_lib.sh one host and what the tool says of it.
#
# Starting a program is the dear part of a test on an emulated CPU: where bash can look
# itself, it does.

set -u
export LC_ALL=C
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$here")
scratch=$(mktemp -d)
work=$here

# Results ---------------------------------------------------------------------
#
# By the names that they have in the kernel's kselftest/ktap_helpers.sh, which 6.1 lacks.

KSFT_FAIL=1 KSFT_SKIP=4
planned=0 passed=0 failed=0 began=0

ktap_print_header() { echo 'KTAP version 1'; }

ktap_print_msg() { printf '# %s\n' "$*"; }

ktap_set_plan() {
	planned=$1 began=$SECONDS
	echo "1..$1"
}

ktap_skip_all() {
	echo "1..0 # SKIP $*"
	exit "$KSFT_SKIP"
}

ktap_exit_fail_msg() {
	echo "Bail out! $*"
	exit "$KSFT_FAIL"
}

# ktap_test_pass NAME [DIRECTIVE]: by default how long it took
ktap_test_pass() {
	((passed += 1))
	echo "ok $((passed + failed)) $1 # ${2-$((SECONDS - began)) s}"
	began=$SECONDS
}

ktap_test_skip() { ktap_test_pass "$1" "SKIP ${*:2}"; }

ktap_test_fail() {
	((failed += 1))
	echo "not ok $((passed + failed)) $1 # $((SECONDS - began)) s"
	began=$SECONDS
}

# ktap_test_result NAME COMMAND...: whether it succeeds
ktap_test_result() {
	if "${@:2}"; then ktap_test_pass "$1"; else ktap_test_fail "$1"; fi
}

ktap_finished() {
	ktap_print_msg "Totals: pass:$passed fail:$failed"
	((passed == planned)) || exit "$KSFT_FAIL"
	exit 0
}

# Most tests go on after something is wrong, and say all that is.

problems=() skipped=

# Something is wrong with what is being tested.
fail() { problems+=("$*"); }

# What is being tested is not there, and need not be.
skip() { skipped=$*; }

# run_test NAME COMMAND...: fails by fail alone; what it defers is done at its end
run_test() {
	local mark=${#deferred[@]}
	"${@:2}"
	undo "$mark"
	end_test "$1"
}

# end_test NAME: what was found since the last one ended
end_test() {
	if ((${#problems[@]})); then
		ktap_test_fail "$1"
		printf '# %s\n' "${problems[@]:0:12}"
		((${#problems[@]} <= 12)) || ktap_print_msg "and $((${#problems[@]} - 12)) more"
	elif [[ $skipped ]]; then
		ktap_test_skip "$1" "$skipped"
	else
		ktap_test_pass "$1"
	fi
	problems=() skipped=
}

# need TOOL...: beside what all need
need() {
	local tool
	((EUID == 0)) || ktap_skip_all 'needs root'
	for tool in ip nsenter migsel "$@"; do
		command -v "$tool" >/dev/null || ktap_exit_fail_msg "there is no $tool here"
	done
}

# find_file PATH: into REPLY; beside an installed test, in the repository, or in a kernel tree
find_file() {
	for REPLY in "$here/${1##*/}" "$top/$1" "$here/../../../../../$1"; do
		[[ ! -e $REPLY ]] || return 0
	done
	ktap_exit_fail_msg "there is no $1"
}

# Every reason, in the order of their numbers.
find_file include/uapi/linux/migsel.h
uapi=$REPLY
mapfile -t all_reasons < <(sed -n 's/^\tMIGSEL_REASON_\([A-Z_]*\),$/\L\1/; T; y/_/-/; p' "$uapi")
# Each is of a row of the table, but for link-down and no-route.
n_rows=$((${#all_reasons[@]} - 2))

# defined NAME FILE: a number that C code defines
defined() { awk -v name="$1" '$1 == "#define" && $2 == name { print $3 }' "$2"; }

# Cleanup ---------------------------------------------------------------------

deferred=("rm -rf $scratch")
defer() { deferred+=("$*"); }

# undo N: what was deferred after the first N, the last first.
undo() {
	local i
	for ((i = ${#deferred[@]} - 1; i >= $1; i--)); do
		eval "${deferred[i]}"
		unset "deferred[i]"
	done
}

trap 'undo 0' EXIT
trap 'exit 1' INT TERM HUP

stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# Waiting ---------------------------------------------------------------------

exec {never}<> <(:)
nap() { read -r -t 0.05 -u "$never" || :; }

# How much longer than on another test kernel anything may take: detectors on an
# emulated CPU, or another architecture.
slow=1
case ${KERNEL-} in
debug) slow=5 ;;
own-*) ! grep -qw kasan_report /proc/kallsyms || slow=5 ;;
*-arm64 | *-s390x | *-i386) slow=3 ;;
esac

# wait_for SECONDS COMMAND...: until it succeeds, tried at least twice.
wait_for() {
	local limit=$(($1 * slow)) tries=0 end
	shift
	end=$((SECONDS + limit + 1))
	until "$@"; do
		((++tries < 2 || SECONDS < end)) || return 1
		nap
	done
}

# alive PID: a process has not ended. kill -0 finds one that has, too, until bash asks how it
# ended: in a loop of reads with a time limit it may not do so for minutes.
alive() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null && [[ ${stat##*) } != Z* ]]
}

# Network namespaces ----------------------------------------------------------

in_netns() { nsenter --net="/run/netns/$1" "${@:2}"; }

# add_netns VARIABLE: a namespace under a name that nothing else has.
add_netns() {
	local -n name=$1
	name=$1-$$-$SRANDOM
	ip netns add "$name" || ktap_exit_fail_msg 'no namespace'
	defer "ip netns del $name 2>/dev/null"
}

# The programs, where they were not built before.
build() {
	[[ ! -x $here/flows || ! -x $here/hold || ! -x $here/sink || ! -x $here/flood ]] || return 0
	work=$scratch
	make -s -C "$here" OUTPUT="$scratch" || ktap_exit_fail_msg 'the programs do not build'
}

# shellcheck disable=SC2016  # for another bash
# ARP by the book, no duplicate address detection; for devices to come, too.
sysctls='
	cd /proc/sys/net
	for conf in ipv4/conf/{all,default}; do
		echo 1 >$conf/arp_ignore
		echo 2 >$conf/arp_announce
		echo 0 >$conf/rp_filter
	done
	for conf in ipv6/conf/{all,default}; do
		echo 0 >$conf/accept_dad
	done
'
