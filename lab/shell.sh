# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a shell on a host of the lab reads.

lab=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# The tasks of exercises name it.
export lab
# shellcheck source=selftests/vm/shell.sh
. "$lab/../selftests/vm/shell.sh"
# shellcheck disable=SC2154  # from enter.sh and start.sh
PS1="$LAB_PLACE# "
# What was tried last and failed is no fault of the lab.
trap 'exit 0' EXIT

# go PLACE [COMMAND...]: this shell goes there, or the command is run there
go() {
	[[ -e /run/netns/$1 || -e /run/netns/migsel-lab-$1 ]] || { echo "$1 is not there: lab start builds it"; return 1; }
	(($# == 1)) || { "$lab/enter.sh" "$@"; return; }
	history -a
	exec "$lab/enter.sh" "$1"
}

for place in $LAB_PLACES; do
	eval "$place() { go $place \"\$@\"; }"
	complete -F _command "$place"
done
welcome() { "$lab/welcome.sh"; }

# lab [COMMAND...]: the exercises. Once hosts were built anew, the first of them is entered.
lab() {
	local status
	"$lab/lab.sh" "$@"
	status=$?
	[[ ! -e /run/netns/$LAB_PLACE || /run/netns/$LAB_PLACE -ef /proc/self/ns/net ]] || go "${LAB_PLACES%% *}"
	return "$status"
}

complete_lab() {
	local words='start predict check hint solve reset export report'
	((COMP_CWORD == 1)) || words=
	[[ ${COMP_WORDS[1]} != start || $COMP_CWORD != 2 ]] || words=$(cd "$lab/exercises" && echo *)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -F complete_lab lab
