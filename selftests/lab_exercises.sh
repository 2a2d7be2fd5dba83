#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lab_exercises.sh [EXERCISE...]    each exercise of the lab, or those named, played: as it begins
#                     it is not solved, the solution solves it, and what is plausible but wrong
#                     is told so
. "$(dirname "$(readlink -f "$0")")/lib.sh"

lab=$top/lab
export HOME=$scratch

# lab WORD...: what it says, in $out; stdin is no terminal
lab() { out=$("$lab/lab.sh" "$@" 2>"$scratch/err" </dev/null); }

says() { [[ $out == *"$1"* ]] || fail "it says '$out', not '$1'"; }

# What comes with an exercise is there, and short enough for a screen.
is_whole() {
	local file folder=$lab/exercises/$1
	for file in task takeaway hint-1; do
		[[ -s $folder/$file.txt ]] || fail "it has no $file.txt"
	done
	for file in "$folder"/*.txt; do
		[[ $(wc -L <"$file") -le 80 && $(wc -l <"$file") -le 24 ]] || fail "${file##*/} is too large for a screen"
	done
	! grep -E '^    [^#]*[^ #]   +[^ #]' "$folder/task.txt" || fail 'it has a command with words behind it that are no comment'
	[[ ! -e $folder/prediction.txt || $(grep -c '^  [0-9] ' "$folder/prediction.txt") -ge 2 ]] || fail 'it has nothing to choose from'
}

# there FUNCTION: of the exercise
there() (
	run=/tmp/lab says=${1}_says
	# shellcheck source=lab/lib.sh
	. "$lab/lib.sh"
	# shellcheck source=/dev/null
	. "$lab/exercises/$exercise/exercise.sh"
	on() { once_free "$@"; }
	"$1" >"$scratch/did" 2>&1
	echo "${!says-}" >"$scratch/says"
)

# wrong_way FUNCTION: it is done, and lab check says what is wrong with it
wrong_way() {
	lab reset || { fail "no reset: $(<"$scratch/err")"; return; }
	there "$1"
	! lab check || fail "$1 solves it"
	[[ $out == "Not yet: "*$(<"$scratch/says")* ]] || fail "$1: it says '$out', not '$(<"$scratch/says")'; $(tail -n 3 "$scratch/did")"
}

# typed FAILED: what the task shows, or what the file FAILED has, is typed into one shell on esx-a. The file
# has the lines then that failed, or should have. Nothing is edited, and no module built.
typed() {
	# shellcheck disable=SC2016  # for that shell
	lines=$(if [[ -s $1 ]]; then cat "$1"; else sed -n '/\.\.\./d; s/^    //p' "$lab/exercises/$exercise/task.txt"; fi) \
		failed=$1 said=$scratch/typed lab=$lab timeout 120 nsenter --net=/run/netns/esx-a bash -c '
		for place in esx-a esx-b switch; do
			eval "$place() { \"\$lab/enter.sh\" $place \"\$@\"; }"
		done
		nano() { ls "$@"; }
		make() { [[ $1 != load ]] || set -- -n load; command make "$@"; }
		: >"$failed"
		while read -r line; do
			for ((i = 0; i < 50; i++)); do
				eval "$line" >"$said" 2>&1 </dev/null
				status=$?
				grep -qE "server is busy|Connection (refused|reset)" "$said" || break
				sleep 0.2
			done
			[[ $line == *"# fails"* ]] && status=$((!status))
			((status == 0)) || echo "$line" >>"$failed"
		done <<<"$lines"
		kill $(jobs -p)
	' >"$scratch/out" 2>&1
}

# What the task shows works where it is solved, or as it begins.
works_as_written() {
	rm -f "$scratch/failed"
	typed "$scratch/failed"
	[[ -s $scratch/failed ]] || return 0
	lab reset || { fail "no reset: $(<"$scratch/err")"; return; }
	typed "$scratch/failed"
	[[ ! -s $scratch/failed ]] || fail "these lines of the task do not work: $(<"$scratch/failed") $(<"$scratch/typed")"
}

play() {
	local exercise=$1 way expected
	is_whole "$1"
	lab start "$1" || { fail "it does not begin: $(<"$scratch/err")"; return; }
	says "$(head -n 1 "$lab/exercises/$1/task.txt")"
	if [[ -e $lab/exercises/$1/prediction.txt ]]; then
		expected=$(sed -n 's/^expected=//p' "$lab/exercises/$1/exercise.sh")
		[[ $(</tmp/lab/answer) == "$expected" ]] || fail "what is asked is measured as $(</tmp/lab/answer), not $expected"
		! lab check || fail 'it is solved without a prediction'
		grep -q 'lab predict NUMBER' "$scratch/err" || fail "it asks for none: $(<"$scratch/err")"
		lab predict 1 || fail "no prediction: $(<"$scratch/err")"
	fi
	! lab check || fail 'it is solved as it begins'
	says 'Not yet: '
	lab solve || fail "no solution: $(<"$scratch/err")"
	lab check || fail "its solution does not solve it: $out"
	says "Solved."
	[[ ! -e $lab/exercises/$1/prediction.txt ]] || grep -qE '^(Your prediction was right: .+\.|You predicted .+; it was .+\.)$' <<<"$out" ||
		fail "nothing is said of the prediction: $out"
	works_as_written
	if grep -q '^other_way()' "$lab/exercises/$1/exercise.sh"; then
		lab reset
		there other_way
		lab check || fail "the other way does not solve it: $out"
	fi
	for way in 1 2 3; do
		way=wrong_$way
		grep -q "^$way()" "$lab/exercises/$1/exercise.sh" || continue
		wrong_way "$way"
	done
}

bad_words() {
	local words
	rm -rf /tmp/lab
	for words in check hint solve reset 'start 99' 'start' 'start 1 2' 'dance' 'predict 1' 'check now' 'export' 'export =1'; do
		# shellcheck disable=SC2086  # words
		! lab $words || fail "lab $words is taken"
		[[ -z $out && $(wc -l <"$scratch/err") == 1 && $(<"$scratch/err") == 'lab: '* ]] || fail "lab $words: $out $(<"$scratch/err")"
	done
}

# Where no host can be built, it is said, and nothing has begun.
no_hosts() {
	local kernel_has=/proc/sys/user/max_net_namespaces
	local -i before
	before=$(<"$kernel_has")
	echo 0 >"$kernel_has"
	! lab start 1 || fail 'it begins'
	[[ $(<"$scratch/err") == *'lab: the hosts could not be built'* ]] || fail "it says $(<"$scratch/err")"
	echo "$before" >"$kernel_has"
	! lab check || fail 'it can be solved'
	lab start 1 || fail "it does not begin: $(<"$scratch/err")"
	! LAB_PLACES='' lab check || fail 'an exercise is looked for outside of the lab'
}

# What is kept is a number for each, or nothing.
progress() {
	local name
	rm -rf "$HOME/.lab"
	lab
	says '[ ] 2 '
	[[ $(wc -L <<<"$out") -le 80 && $(wc -l <<<"$out") -lt 24 ]] || fail 'the list is too large for a screen'
	mkdir -p "$HOME/.lab/pitfall" "$HOME/.lab/stack"
	echo 1700000000 >"$HOME/.lab/pitfall/solved"
	printf '%s\n' "\$(reboot)" >"$HOME/.lab/stack/solved"
	lab
	says '[x] 2 '
	says '[ ] 13 '
	echo 1 >"$HOME/.lab/pitfall/shown"
	lab
	says '[-] 2 '
	lab export 'A. Learner' || fail "no export: $(<"$scratch/err")"
	lab report "$HOME/lab-A. Learner.json" || fail 'no report'
	says '"A. Learner",'
	says ',"shown"'
	for name in '=1+1' ' =1+1' '@SUM(A1)' $'a\nb'; do
		jq -n --arg name "$name" '{ name: $name, exercises: [] }' >"$scratch/named.json"
		lab report "$scratch/named.json"
		[[ $(wc -l <<<"$out") == 2 && $(tail -n 1 <<<"$out") =~ ^\"(\'[\ =@]|a\ b) ]] || fail "'$name' becomes $out"
	done
	for name in '[]' '{ "name": 1, "exercises": [] }' '{}' '' "$(printf '{ "name": "%d", "exercises": [] }\n' 1 2)"; do
		echo "$name" >"$scratch/hostile.json"
		! lab report "$scratch/hostile.json" || fail "it takes $name"
		grep -q 'expected what lab export' "$scratch/err" || fail "of $name it says $(<"$scratch/err")"
		[[ $(wc -l <<<"$out") == 1 ]] || fail "of $name it makes $out"
	done
	jq -n '{ name: "x", exercises: [{ exercise: "pitfall", solved: false }] }' >"$scratch/named.json"
	lab report "$scratch/named.json"
	[[ $out != *yes* ]] || fail "solved is false, and it says $out"
	rm -f "$HOME/.lab/pitfall"/* && mkfifo "$HOME/.lab/pitfall/solved"
	echo 08 >"$HOME/.lab/stack/hints"
	lab
	says '[ ] 2 '
	lab start 13
	lab hint
	says 'A vmk has'
	lab hint
	says 'A vmk has'
	says 'There are no more hints.'
	lab predict 1
	lab start 13
	! lab check || fail 'it is solved'
	grep -q 'what do you predict' "$scratch/err" || fail "a prediction of before counts: $(<"$scratch/err")"
	lab hint
	says 'A vmk has'
}

exercises=("$@")
(($#)) || mapfile -t exercises < <(cd "$lab/exercises" && printf '%s\n' *)
export LAB_PLACES='esx-a esx-b switch'
ktap_print_header
ktap_set_plan $((${#exercises[@]} + 3))
for exercise in "${exercises[@]}"; do
	run_test "$exercise" play "$exercise"
done
run_test 'bad words' bad_words
run_test 'no hosts' no_hosts
run_test 'progress that is kept, and a table of a class' progress
ktap_finished
