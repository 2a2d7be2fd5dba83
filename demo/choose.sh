# SPDX-License-Identifier: GPL-2.0-only
# Which scenarios DEMO asks for; sourced, not run.
# shellcheck shell=bash

# choose_scenarios: their files into `scenarios`, how many there are into `all`, and into
# `left_out` the numbers of those that KERNEL is too slow for; else why not is in REPLY.
choose_scenarios() {
	local asked=${DEMO-} folder file number name word known=''
	local -a words
	local -A unknown=()
	folder=$(dirname "${BASH_SOURCE[0]}")/scenarios
	read -rd '' -a words <<<"${asked//,/ }" || :
	for word in "${words[@]}"; do
		unknown[$word]=1
	done
	scenarios=() all=0 left_out=
	for file in "$folder"/[0-9]-*.sh "$folder"/[0-9][0-9]-*.sh; do
		((++all))
		name=${file##*/}
		number=${name%%-*} name=${name#*-} name=${name%.sh}
		known+="${known:+, }$number $name"
		is_asked_for || continue
		if [[ ${KERNEL-} == @(uml|debug) && $name == migrate-* ]]; then
			left_out+=" $number"
		else
			scenarios+=("$file")
		fi
	done
	for word in "${!unknown[@]}"; do
		printf -v REPLY "there is no scenario '%.40s', only %s, and migrate for those of QEMU" \
			"${word//[![:print:]]/?}" "$known"
		return 1
	done
	REPLY="no scenario is left: KERNEL=${KERNEL-} is too slow for QEMU in it"
	((${#scenarios[@]}))
}

# By its number, by its name, or by what that begins with, up to a dash: migrate is several.
is_asked_for() {
	((${#words[@]})) || return 0
	local word status=1
	for word in "${words[@]}"; do
		[[ $word == "$number" || $name- == "$word"-* ]] || continue
		unset "unknown[$word]"
		status=0
	done
	return "$status"
}
