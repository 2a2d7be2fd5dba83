#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh MODE TEST...    the tests, one after the other, in a test kernel; called by
#                          run.sh, which says what the modes are
#
# $TESTS is the folder they lie in, $OUT takes of each what it prints, and its exit status as
# the last line. The tests get an environment of their own: some take what they are to do
# from variables, TESTS among them.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
mode=$1
shift

# vmks OBSERVE PASS MIGRATION
vmks() {
	exec {watcher}< <(exec "$here/vmks.py" "$@")
	watcher_pid=$!
	read -ru "$watcher" answer || :
	[[ $answer == ready ]] || { echo "no vmks" >&2; exit 1; }
}

# Some leave namespaces behind, and what is in them.
clean() {
	ip -all netns delete 2>/dev/null
	ip -o link show type veth | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | xargs -rn 1 ip link delete 2>/dev/null
	nft flush ruleset 2>/dev/null
}

tagged=() watch=()
case $mode in
without | with) ;;
untagged) watch=(0 1 0) ;;
cold-observe) watch=(1 0 0) tagged=(migsel exec cold --) ;;
cold) watch=(0 1 0) tagged=(migsel exec cold --) ;;
hot) watch=(0 1 1) tagged=(migsel exec hot --) ;;
esac
for test; do
	log=$OUT/$mode/$test
	mkdir -p "${log%/*}"
	((${#watch[@]} == 0)) || vmks "${watch[@]}"
	start=$SECONDS
	(cd "$TESTS/${test%/*}" && exec env -i PATH="$PATH" HOME="$HOME" TERM=dumb \
		timeout -k 10 "${LIMIT:-900}" "${tagged[@]}" "./${test##*/}") >"$log" 2>&1 </dev/null
	status=$?
	((${#watch[@]} == 0)) || {
		clean
		kill "$watcher_pid"
		read -ru "$watcher" answer
		exec {watcher}<&-
		echo "vmks: $answer" >>"$log"
	}
	clean
	echo "status $status" >>"$log"
	echo "$mode $test: $status, $((SECONDS - start)) s${answer:+, $answer}"
done
