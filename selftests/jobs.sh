# SPDX-License-Identifier: GPL-2.0-only
# Commands that run at a time, JOBS= of them, by default one for each CPU; sourced by what
# runs many, which defines
#   ended NAME STATUS FILE    called for each as it ends, with what it printed in FILE
# and calls jobs_end as it exits. JOB_CPU tells each on which CPU it may stay, if it needs
# but one. What runs is named on standard error, every ten seconds on a terminal.
#
# Scripts that were begun after jobs_share find the pipe of its places in JOB_PLACES: they
# have those in common, and JOBS is but the most that one of them takes. A place is lost if
# the shell that has it is killed by SIGKILL.
# shellcheck shell=bash

declare -A running=() output=()
jobs_folder='' jobs_ticker='' jobs_shared=''

jobs_tell() {
	local every=60
	[[ ! -t 2 ]] || every=10
	while kill -0 $$ 2>/dev/null && ! read -rt "$every" <>"$jobs_folder/never"; do
		echo "${0##*/}: after $SECONDS s: $(<"$jobs_folder/running")" >&2
	done
}

# The CPUs of this process, into the array jobs_cpus.
jobs_find_cpus() {
	local list range
	jobs_cpus=()
	list=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
	for range in ${list//,/ }; do
		mapfile -t -O ${#jobs_cpus[@]} jobs_cpus < <(seq "${range%-*}" "${range#*-}")
	done
}

# JOBS places, spread over the CPUs: a pipe holds for each that is free its CPU.
jobs_make_places() {
	local place first=$RANDOM
	JOB_PLACES=$jobs_folder/places
	mkfifo "$JOB_PLACES"
	exec {jobs_places}<>"$JOB_PLACES"
	jobs_find_cpus
	for ((place = 0; place < JOBS; place++)); do
		echo "${jobs_cpus[(first + place) % ${#jobs_cpus[@]}]}" >&"$jobs_places"
	done
}

# Each command and what it started is a group, to end together.
jobs_start() {
	[[ ${JOBS:=$(nproc)} =~ ^[1-9][0-9]*$ ]] ||
		{ echo "${0##*/}: JOBS='$JOBS' is no number of jobs: 1 or more" >&2; exit 1; }
	jobs_folder=$(mktemp -d)
	mkfifo "$jobs_folder/never"
	: >"$jobs_folder/running"
	if [[ ${JOB_PLACES-} ]]; then
		exec {jobs_places}<>"$JOB_PLACES"
	else
		jobs_make_places
	fi
	jobs_tell &
	jobs_ticker=$!
	disown
	set -m
}

# Instead of running in the places, the commands share them: each runs jobs of its own.
jobs_share() {
	jobs_start
	jobs_shared=1
	export JOB_PLACES
}

# In a place, whose CPU is $JOB_CPU, which is free again after that.
jobs_run() {
	# shellcheck disable=SC2064  # as they are now
	[[ $jobs_shared ]] || trap "echo $JOB_CPU >&$jobs_places" EXIT
	"$@"
}

# jobs_begin NAME COMMAND...: as soon as there is a place for it
jobs_begin() {
	local file JOB_CPU=
	[[ $jobs_ticker ]] || jobs_start
	if [[ ! $jobs_shared ]]; then
		((${#running[@]} < JOBS)) || jobs_reap
		flock "$jobs_places"
		read -ru "$jobs_places" JOB_CPU
		flock -u "$jobs_places"
	fi
	file=$(mktemp -p "$jobs_folder")
	JOB_CPU=$JOB_CPU jobs_run "${@:2}" >"$file" 2>&1 </dev/null &
	running[$!]=$1 output[$!]=$file
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
	unset "running[$jobs_pid]"
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
