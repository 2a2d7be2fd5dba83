# SPDX-License-Identifier: GPL-2.0-only
# Commands that run JOBS= at a time, by default one for each CPU; sourced by check.sh and
# lint.sh, which define
#   ended NAME STATUS FILE    called for each as it ends, with what it printed in FILE
# Those that run are named on standard error every ten seconds.
# shellcheck shell=bash

declare -A running=() output=()
jobs_folder='' jobs_ticker=''

jobs_tell() {
	while ! read -rt 10 <>"$jobs_folder/never"; do
		echo "${0##*/}: after $SECONDS s: $(<"$jobs_folder/running")" >&2
	done
}

# Each command and what it started is a group, to end together.
jobs_start() {
	jobs_folder=$(mktemp -d)
	mkfifo "$jobs_folder/never"
	: >"$jobs_folder/running"
	jobs_tell &
	jobs_ticker=$!
	disown
	set -m
}

# jobs_begin NAME COMMAND...: as soon as there is a place for it
jobs_begin() {
	local file
	[[ $jobs_ticker ]] || jobs_start
	((${#running[@]} < ${JOBS:-$(nproc)})) || jobs_reap
	file=$(mktemp -p "$jobs_folder")
	"${@:2}" >"$file" 2>&1 </dev/null &
	running[$!]=$1 output[$!]=$file
	echo "${running[*]}" >"$jobs_folder/running"
}

# Waits for one of them.
jobs_reap() {
	local pid status=0 name
	wait -n -p pid || status=$?
	name=${running[$pid]}
	unset "running[$pid]"
	echo "${running[*]}" >"$jobs_folder/running"
	ended "$name" "$status" "${output[$pid]}"
}

# Waits for all of them.
jobs_wait() {
	while ((${#running[@]})); do
		jobs_reap
	done
}

# Ends what still runs; for an EXIT trap.
jobs_end() {
	local pid
	[[ $jobs_ticker ]] || return 0
	exec 2>/dev/null # bash tells of what was ended
	kill "$jobs_ticker" || :
	for pid in "${!running[@]}"; do
		kill -- "-$pid" || :
	done
	wait
	rm -rf "$jobs_folder"
}
