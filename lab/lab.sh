#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lab.sh                 the exercises, and which of them are solved
# lab.sh start EXERCISE  begins one, by its number or name
# lab.sh predict NUMBER  the answer to what it asks before anything is counted
# lab.sh check           what is still wrong, or that it is solved
# lab.sh hint            the next hint
# lab.sh solve           shows the solution, and does it
# lab.sh reset           how the exercise begins, again
# lab.sh export NAME     writes what NAME has solved, for who collects it
# lab.sh report FILE...  a table of a class as CSV, of files so written; on any machine
#
# An exercise is a folder of exercises/: task.txt, prediction.txt if it asks, hint-1.txt and so on,
# takeaway.txt, and exercise.sh with start(), check(), solve(), wrong_1() and so on up to wrong_3(), of
# which check() has to say $wrong_1_says, and other_way(), if there is one that solves it. What is asked is measured by answer(), while
# the exercise begins; it has to be $expected. check() looks at what the kernel counts and how it is configured.
set -uo pipefail
lab=$(dirname "$(readlink -f "$0")")
export lab
# Until the lab ends, and for longer.
run=/tmp/lab kept=${HOME-}/.lab
# shellcheck source=lab/lib.sh
. "$lab/lib.sh"

die() {
	printf 'lab: %s\n' "$*" >&2
	exit 2
}

key() { echo "${1#*-}"; }
# whole_words TEXT: which a terminal would break anywhere
whole_words() { if [[ -t 1 ]]; then fold -sw 80 <<<"$1"; else echo "$1"; fi; }
text() { [[ ! -e $lab/exercises/$exercise/$1.txt ]] || cat "$lab/exercises/$exercise/$1.txt"; }

# get FILE: a number that was put there for this exercise; of what is there otherwise, nothing
get() {
	local number='' file
	file=$kept/$(key "$exercise")/$1
	[[ -f $file ]] && read -rn 12 number <"$file"
	[[ $number =~ ^(0|[1-9][0-9]*)$ ]] && echo "$number"
}
put() {
	{ mkdir -p "$kept/$(key "$exercise")" && echo "$2" >"$kept/$(key "$exercise")/$1"; } 2>/dev/null ||
		die "cannot write to $kept: what is solved will not be remembered"
}

# find_exercise NAME: by its number, as it is or with zeroes before, or its name, into $exercise
find_exercise() {
	local name=${1,,}
	for exercise in "$lab"/exercises/*; do
		exercise=${exercise##*/}
		[[ $exercise == "$name" || $(key "$exercise") == "$name" || $exercise == "$name"-* || $exercise == "0$name"-* ]] && return
	done
	die "there is no exercise '${1:0:40}': lab shows those that there are"
}

in_lab() { [[ ${LAB_PLACES-} == *esx-a* ]] || die 'exercises are for make lab, and there without HOST'; }

# What was begun last in this lab.
current() {
	in_lab
	exercise=
	{ read -r exercise <"$run/exercise"; } 2>/dev/null
	[[ $exercise ]] || die "no exercise has been begun: lab start 1"
	# shellcheck source=/dev/null
	. "$lab/exercises/$exercise/exercise.sh"
}

list() {
	local state title number
	for exercise in "$lab"/exercises/*; do
		read -r title <"$exercise/task.txt"
		exercise=${exercise##*/} state=' '
		number=${exercise%%-*}
		[[ ! $(get solved) ]] || state='x'
		[[ $(get shown) != 1 ]] || state='-'
		printf '  [%s] %-4s %s\n' "$state" "${number#0}" "$title"
	done
	printf '  %s\n' 'x solved, - the solution was shown first' \
		'lab start 1 begins one; lab check, hint, solve and reset go on with it'
}

# All is built anew, and nothing is traced; of the processes there, those stay that this one is below.
rebuild() {
	local place pid above=" $$ " tracing=/sys/kernel/tracing
	echo nop >$tracing/current_tracer
	echo 0 >$tracing/events/migsel/enable
	echo >$tracing/set_ftrace_filter
	echo >$tracing/trace
	built_module || return
	pid=$$
	while ((pid > 1)); do
		pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
		above+="$pid "
	done
	for place in esx-a esx-b switch; do
		[[ -e /run/netns/$place ]] || continue
		for pid in $(ip netns pids "$place"); do
			[[ $above == *" $pid "* ]] || kill -KILL "$pid" 2>/dev/null
		done
		ip netns del "$place"
	done
	"$lab/build.sh" || return
	[[ ! ${TMUX-} ]] || respawn_panes || :
}

# built_module: the one that was built before the lab, in place of a learner's own, or of none
built_module() {
	local rule=$lab/../module/rule.c
	[[ ! -d /sys/module/migsel ]] || ! mountpoint -q "$rule" || rmmod migsel || return
	[[ -d /sys/module/migsel ]] || modprobe migsel || return
	! mountpoint -q "$rule" || umount "$rule"
}

# What is watched beside the shell is watched on the new hosts.
respawn_panes() {
	local pane
	for pane in $(tmux -L lab list-panes -s -t lab -f '#{pane_dead}' -F '#{pane_id}'); do
		tmux -L lab respawn-pane -t "$pane"
	done
}

# What the prediction is compared with is measured, too.
measure() {
	[[ -e $lab/exercises/$exercise/prediction.txt ]] || return 0
	answer >"$run/answer"
	on esx-a migsel stats reset
	[[ $(option "$(<"$run/answer")") ]] || { echo 'what is asked could not be measured' && return 1; }
}

begin() {
	in_lab
	# shellcheck source=/dev/null
	. "$lab/exercises/$exercise/exercise.sh"
	mkdir -p "$run"
	find "$run" -mindepth 1 ! -name predicted -delete
	printf 'lab: building the hosts anew\n' >&2
	{ rebuild && start && measure; } >"$run/log" 2>&1 || die "the hosts could not be built: $(tail -n 1 "$run/log"). lab reset or lab start tries again"
	links esx-a >"$run/links"
	echo "$exercise" >"$run/exercise"
}

# ask: until it is answered; lab predict is for who has no terminal, or wants to think first
ask() {
	local number=
	text prediction | grep . || return 0
	while [[ -t 0 ]] && read -erp 'Your prediction, a number: ' number; do
		(predict "$number") && return
	done
	echo 'lab predict NUMBER tells your prediction.'
}

predict() {
	[[ $1 =~ ^[0-9]$ && $(option "$1") ]] ||
		die "'${1:0:40}' is none of the numbers: $(text prediction | sed -n 's/^ *\([0-9]\) .*/\1/p' | paste -sd ' ')"
	echo "$1" >"$run/predicted"
	echo 'Now measure it. lab check says whether you are done.'
}

# option NUMBER: what it stands for
option() { [[ $1 == [0-9] ]] && text prediction | sed -n "s/^ *$1  *//p"; }

# Between two streams iperf3 has closed its port.
is_received() {
	local i
	for ((i = 0; i < 50; i++)); do
		[[ $(on esx-b ss -Hltn 'sport = :5201') ]] && return
		sleep 0.1
	done
	return 1
}

judge() {
	local said answer
	if [[ -e $run/answer && ! -e $run/predicted ]]; then
		ask
		[[ -e $run/predicted ]] || die 'what do you predict? lab predict NUMBER comes before lab check'
	fi
	is_received || die 'no iperf3 listens on esx-b any more: lab reset'
	echo 'lab: looking at counters and configuration' >&2
	if ! said=$(check); then
		whole_words "Not yet: ${said:-something is wrong}"
		return 1
	fi
	echo 'Solved.'
	if [[ -e $run/answer ]]; then
		answer=$(<"$run/answer")
		if [[ $(<"$run/predicted") == "$answer" ]]; then
			echo "Your prediction was right: $(option "$answer")."
		else
			whole_words "You predicted $(option "$(<"$run/predicted")"); it was $(option "$answer")."
		fi
	fi
	echo
	text takeaway
	[[ $(get solved) ]] || put solved "$(date +%s)"
}

hint() {
	local number=1
	while [[ -e $run/hint-$number ]]; do
		((++number))
	done
	if text "hint-$number" | grep .; then
		touch "$run/hint-$number"
		((number <= $(get hints || echo 0))) || put hints "$number"
		return
	fi
	cat "$lab/exercises/$exercise"/hint-*.txt
	echo 'There are no more hints. lab solve shows the solution.'
}

show_solution() {
	declare -f solve | sed '1,2d; $d; s/^    //; s/^on /  /; s/;$//'
	[[ $(get solved) ]] || put shown 1
	on() { once_free "$@"; }
	solve >"$run/log" 2>&1 || die "it does not work: $(tail -n 1 "$run/log")"
	echo
	echo 'That is done now, on top of what was there. lab check says why it is right;'
	echo 'if it does not: lab reset, then lab solve.'
}

# What a teacher collects: lab/report.sh makes a table of it.
export_result() {
	local out
	[[ $# == 1 && $1 != [=+@.-]* && $1 != *[[:cntrl:]/]* && ${#1} -ge 1 && ${#1} -le 60 ]] ||
		die "lab export NAME: at most 60 characters, no '/', and none of '=+@.-' in front"
	out=$HOME/lab-$1.json
	for exercise in "$lab"/exercises/*; do
		exercise=${exercise##*/}
		printf '%s,%s,%s,%s\n' "$(key "$exercise")" "$(get solved)" "$(get shown)" "$(get hints)"
	done | jq -nR --arg name "$1" '
		def number: tonumber? // 0;
		{ name: $name, exercises: [inputs / "," | { exercise: .[0], solved: (if .[1] == "" then null else .[1] | number | todate end),
		shown: (.[2] == "1"), hints: .[3] | number }] }' >"$out" || die "cannot write $out"
	echo "written: $out"
}

command=${1-}
shift
[[ $command == @(start|predict|export|report) ]] || (($# == 0)) || die "'${1:0:40}' is too much: lab ${command:0:40} takes no more words"
case $command in
'') list ;;
start)
	(($# == 1)) || die 'which one? lab shows them: lab start 1'
	find_exercise "$1"
	rm -f "$run/predicted"
	begin
	echo
	text task
	echo
	ask
	;;
predict)
	current
	(($# == 1)) || die 'lab predict takes a number'
	[[ -e $run/answer ]] || die 'nothing is asked in this exercise'
	predict "$1"
	;;
check) current && judge ;;
hint) current && hint ;;
solve) current && show_solution ;;
reset) current && begin && echo 'It is as it was.' ;;
export) export_result "$@" ;;
report) "$lab/report.sh" "$@" ;;
*) die "'${command:0:40}' is none of start, predict, check, hint, solve, reset, export, report" ;;
esac
