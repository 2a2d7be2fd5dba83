# SPDX-License-Identifier: GPL-2.0-only
# Commands that run at a time, JOBS= of them, by default one for each CPU; sourced by what
# runs many, which defines
#   ended NAME STATUS FILE    called for each as it ends, with what it printed in FILE
# and calls jobs_end as it exits. JOB_CPU tells each on which CPU it may stay, if it needs
# but one. What runs is named on standard error, every ten seconds on a terminal.
# shellcheck shell=bash

declare -A running=() output=() job_cpu=()
jobs_folder='' jobs_ticker=''

jobs_tell() {
	local every=60
	[[ ! -t 2 ]] || every=10
	while kill -0 $$ 2>/dev/null && ! read -rt "$every" <>"$jobs_folder/never"; do
		echo "${0##*/}: after $SECONDS s: $(<"$jobs_folder/running")" >&2
	done
}

# Each command and what it started is a group, to end together.
jobs_start() {
	[[ ${JOBS:=$(nproc)} =~ ^[1-9][0-9]*$ ]] ||
		{ echo "${0##*/}: JOBS='$JOBS' is no number of jobs: 1 or more" >&2; exit 1; }
	jobs_folder=$(mktemp -d)
	mkfifo "$jobs_folder/never"
	: >"$jobs_folder/running"
	jobs_tell &
	jobs_ticker=$!
	disown
	set -m
}

# The CPU with the fewest of them, any of several, into REPLY.
jobs_cpu() {
	local list range cpu count=()
	list=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
	for range in ${list//,/ }; do
		for ((cpu = ${range%-*}; cpu <= ${range#*-}; cpu++)); do
			count[cpu]=0
		done
	done
	for cpu in "${job_cpu[@]}"; do
		((++count[cpu]))
	done
	REPLY=
	for cpu in "${!count[@]}"; do
		[[ $REPLY ]] && ((count[cpu] + RANDOM % 2 > count[REPLY])) || REPLY=$cpu
	done
}

# jobs_begin NAME COMMAND...: as soon as there is a place for it
jobs_begin() {
	local file
	[[ $jobs_ticker ]] || jobs_start
	((${#running[@]} < JOBS)) || jobs_reap
	file=$(mktemp -p "$jobs_folder")
	jobs_cpu
	JOB_CPU=$REPLY "${@:2}" >"$file" 2>&1 </dev/null &
	running[$!]=$1 output[$!]=$file job_cpu[$!]=$REPLY
	echo "${running[*]}" >"$jobs_folder/running"
}

# Waits for one of them. bash may have forgotten, but for its status, one that a signal ended.
jobs_reap() {
	local jobs_pid='' jobs_status=0
	wait -n -p jobs_pid || jobs_status=$?
	if [[ ! ${jobs_pid-} ]]; then
		for jobs_pid in "${!running[@]}"; do
			break
		done
		jobs_status=0
		wait "$jobs_pid" || jobs_status=$?
	fi
	set -- "${running[$jobs_pid]}" "$jobs_status" "${output[$jobs_pid]}"
	unset "running[$jobs_pid]" "job_cpu[$jobs_pid]"
	echo "${running[*]}" >"$jobs_folder/running"
	ended "$@"
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
