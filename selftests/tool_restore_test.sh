#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: random configurations saved and restored, and random command lines that
# a batch and a restore have to understand alike. SEED=N repeats a run.
#
# Needs root and the module: make vm RUN=selftests/tool_restore_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

n_devices=12
seed=${SEED:-$RANDOM}
RANDOM=$seed

setup() {
	local i
	ip netns add "$host" || return
	for ((i = 0; i < n_devices; i++)); do
		echo "link add dev$i type dummy"
	done | ip -n "$host" -b -
}

# any WORD...: one of them, into REPLY
any() { REPLY=${*:RANDOM % $# + 1:1}; }

chance() { ((RANDOM % 100 < $1)); }

# Two values that differ within a mask, into mask, hot and cold.
random_tag() {
	mask=0 hot=0 cold=0
	until ((hot && cold && hot != cold)); do
		((mask = (RANDOM << 17 ^ RANDOM << 8 ^ RANDOM) & 0xffffffff))
		((hot = (RANDOM << 17 ^ RANDOM << 3) & mask))
		((cold = (RANDOM << 16 ^ RANDOM) & mask))
	done
}

# random_stack: into migration and stack, as save prints them; one vmk may have the service
random_stack() {
	any on off
	migration=$REPLY
	any '' '' ' stack vmotion' ' stack provisioning'
	stack=$REPLY
	[[ $stack != *vmotion ]] || migration=on
	[[ $stack != *provisioning ]] || migration=off
	[[ $stack || $provided ]] || ! chance 30 || provided=1 stack=' provisioning on'
}

# A whole configuration, as save has to print it.
random_save() {
	local mask hot cold left mode unreachable fallback i migration stack provided=
	random_tag
	any enforce observe off
	mode=$REPLY
	any refuse pass
	unreachable=$REPLY
	any first-vmk strict
	fallback=$REPLY
	echo 'vmk flush'
	printf 'tag set mask 0x%x hot 0x%x cold 0x%x\n' "$mask" "$hot" "$cold"
	echo "policy set mode $mode unreachable $unreachable fallback $fallback"
	left=" $(printf 'dev%d ' {0..11})"
	for ((i = RANDOM % (n_devices + 1); i > 0; i--)); do
		# shellcheck disable=SC2086 # words
		any $left
		left=${left/ $REPLY / }
		echo -n "vmk add dev $REPLY "
		random_stack
		echo "migration $migration weight $((RANDOM % 255 + 1))$stack"
	done
}

# A line that may or may not be right, depending on those before it.
random_line() {
	local mask hot cold dev verb n
	any add add add set set del flush tag policy
	verb=$REPLY
	# Mostly what makes sense: a line that is wrong is the last one.
	any dev{0..11}
	[[ $verb == add ]] || ((!${#added[@]})) || chance 15 || any "${!added[@]}"
	dev=$REPLY
	! chance 2 || dev=nosuch
	case $verb in
	add | set)
		echo -n "vmk $verb "
		! chance 50 || echo -n 'dev '
		echo -n "$dev"
		! chance 50 || { any on off; echo -n " migration $REPLY"; }
		! chance 40 || echo -n " weight $((RANDOM % 255 + 1))"
		! chance 20 || { any default default vmotion provisioning; echo -n " stack $REPLY"; }
		! chance 10 || { any on off off; echo -n " provisioning $REPLY"; }
		n=${#added[@]}
		[[ $verb == set ]] || ((n++))
		# One keyword twice is another kind of mistake: restore sees it before it asks the kernel.
		if chance 3; then
			echo -n ' position 99'
		elif chance 50; then
			echo -n " position $((n ? RANDOM % n : 0))"
		fi
		echo
		added[$dev]=1 ;;
	del)
		echo "vmk del $dev"
		unset "added[$dev]" ;;
	flush)
		if chance 20; then
			echo vmk flush
			added=()
		else
			echo "vmk flush $dev"
			unset "added[$dev]"
		fi ;;
	tag)
		random_tag
		if chance 90; then
			echo "tag set hot $hot mask $mask cold $cold"
		else
			echo "tag set hot $hot"
		fi ;;
	policy)
		any mode\ {enforce,observe,off} unreachable\ {refuse,pass} fallback\ {first-vmk,strict}
		echo "policy set $REPLY" ;;
	esac
}

test_identity() {
	local i
	ktap_print_msg "SEED=$seed"
	for ((i = 0; i < 50 && !${#problems[@]}; i++)); do
		random_save >"$scratch/want"
		m restore <"$scratch/want" || fail "no restore of: $(<"$scratch/want")"
		m save >"$scratch/got"
		cmp -s "$scratch/want" "$scratch/got" || fail "$(diff "$scratch/want" "$scratch/got")"
	done
}

# What a batch of lines makes of an empty configuration, restore makes of any; where
# the batch ends with an error, so does restore, at that line, and changes nothing.
test_batch_and_restore() {
	local i n lines status place right=0 wrong=0
	local -A added
	for ((i = 0; i < 30 && !${#problems[@]}; i++)); do
		((n = RANDOM % 8 + 1))
		added=()
		for ((lines = 0; lines < n; lines++)); do
			random_line
		done >"$scratch/lines"
		fresh
		m -b "$scratch/lines" >"$scratch/out" 2>"$scratch/batch"
		status=$?
		m save >"$scratch/want"
		random_save >"$scratch/before"
		m restore <"$scratch/before" || fail 'no restore'
		m restore <"$scratch/lines" 2>"$scratch/restore"
		if ((status)); then
			((wrong++))
			place=$(grep -o ':[0-9]*: ' "$scratch/batch")
			grep -q -- "-$place" "$scratch/restore" ||
				fail "batch: $(<"$scratch/batch"), restore: $(<"$scratch/restore"): $(<"$scratch/lines")"
			cp "$scratch/before" "$scratch/want"
		else
			((right++))
			[[ ! -s $scratch/restore ]] || fail "restore: $(<"$scratch/restore"): $(<"$scratch/lines")"
		fi
		m save >"$scratch/got"
		cmp -s "$scratch/want" "$scratch/got" || fail "$(<"$scratch/lines"): $(diff "$scratch/want" "$scratch/got")"
	done
	((right > 1 && wrong > 1)) || fail "$right right and $wrong wrong"
}

# Killed at whatever system call, it leaves the old configuration or the new one.
test_killed() {
	local call old=0 new=0 begun=0
	local -A calls
	random_save >"$scratch/before"
	until random_save >"$scratch/after" && ! cmp -s "$scratch/before" "$scratch/after"; do :; done
	m restore <"$scratch/before"
	strace -qq -o "$scratch/trace" migsel -n "$host" restore <"$scratch/after" ||
		{ fail 'it cannot be traced'; return; }
	while IFS='(' read -r call _; do
		calls[$call]=$((${calls[$call]-0} + 1))
		# Before that, it is in another namespace.
		[[ $call != setns ]] || begun=1
		((begun)) || continue
		m restore <"$scratch/before"
		{ strace -qq -o /dev/null -e "inject=$call:signal=KILL:when=${calls[$call]}" \
			migsel -n "$host" restore <"$scratch/after"; } >"$scratch/out" 2>&1
		(($? == 137)) || fail "not killed in $call ${calls[$call]}"
		m save >"$scratch/got"
		if cmp -s "$scratch/before" "$scratch/got"; then
			((old++))
		elif cmp -s "$scratch/after" "$scratch/got"; then
			((new++))
		else
			fail "killed in $call ${calls[$call]}, neither old nor new: $(<"$scratch/got")"
		fi
	done < <(grep -o '^[a-z0-9_]*(' "$scratch/trace")
	ktap_print_msg "killed at $((old + new)) system calls: $old times the old configuration, $new the new one"
	((old && new)) || fail 'it was never killed in between'
}

run_tests "$@"
