#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: how long it takes to restore, to show and to remove 16, 64 and 256 vmks.
#
# Needs root and the module, and a clock that counts instructions to be exact:
# ICOUNT=1 make vm RUN=selftests/tool_speed_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

sizes=(16 64 256)
declare -A took waited

setup() {
	local i
	ip netns add "$host" || return
	for ((i = 0; i < sizes[-1]; i++)); do
		echo "link add dev$i up type dummy"
		echo "address add 10.0.$i.1/24 dev dev$i"
		echo "address add 2001:db8:$i::1/64 dev dev$i nodad"
	done | ip -n "$host" -b -
}

TIMEFORMAT='%U %S'

# measure WHAT N COMMAND...: into took, the fewest milliseconds of CPU time; into waited, of
# the clock's. Who waits for the host's files makes the clock jump.
measure() {
	local start now user system
	start=${EPOCHREALTIME/./}
	{ time "${@:3}" >"$scratch/out" 2>"$scratch/err" <"$scratch/lines"; } 2>"$scratch/time" || fail "${*:3}: $(<"$scratch/err")"
	((now = (${EPOCHREALTIME/./} - start) / 1000))
	((${waited[$1 $2]-now} < now)) || waited[$1 $2]=$now
	read -r user system <"$scratch/time"
	((now = 10#${user/./} + 10#${system/./}))
	((${took[$1 $2]-now} < now)) || took[$1 $2]=$now
}

# With four times as many vmks, what is added takes four times as long, or the
# square would show: sixteen times.
grows_linearly() {
	local what=$1 a=${took[$1 16]} b=${took[$1 64]} c=${took[$1 256]}
	ktap_print_msg "$what: 16 vmks $a ms, 64 vmks $b ms, 256 vmks $c ms, waited ${waited[$1 256]} ms"
	((c - b < (b > a ? b - a : 0) * 8 + 20)) || fail "$what does not grow linearly"
}

test_speed() {
	local n i what all
	for n in "${sizes[@]}" "${sizes[@]}" "${sizes[@]}"; do
		for ((i = 0; i < n; i++)); do
			echo "vmk add dev dev$i migration on weight $((i % 255 + 1))"
		done >"$scratch/lines"
		measure restore "$n" m restore
		measure show "$n" m -s vmk show
		[[ $(grep -c usable "$scratch/out") == "$n" ]] || fail "not $n vmks: $(<"$scratch/out")"
		measure save "$n" m save
		[[ $(wc -l <"$scratch/out") == $((n + 3)) ]] || fail "not $n lines: $(<"$scratch/out")"
		grep -v ^vmk "$scratch/out" >"$scratch/lines"
		measure remove "$n" m restore
	done
	all=${waited[restore 256]}
	for what in restore show save remove; do
		grows_linearly "$what"
	done
	((all < 2000)) || fail 'restoring 256 vmks takes two seconds or more'
}

run_tests "$@"
