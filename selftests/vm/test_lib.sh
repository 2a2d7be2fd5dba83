# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # what the tests read, what lib.sh sets
#
# What tests share that start test kernels; sourced, not run. A test is a function that
# succeeds; it runs in a shell of its own, in the top folder. What it leaves in $scratch/err is
# shown where it fails.

# What a test kernel would hide is no place for files of the host's.
TMPDIR=/var/tmp . "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"
cd "$top" || exit
unset RUN OUT HOST DEMO ICOUNT TIMEOUT VM_ENV MAKEFLAGS JOB_PLACES

# vm COMMAND: its output in $scratch/out and $scratch/err, its status in $status.
vm() {
	RUN=$1 "$here/vm/run.sh" >"$scratch/out" 2>"$scratch/err"
	status=$?
}

is() {
	[[ $1 == "$2" ]] || { echo "# expected '$2', got '$1'"; return 1; }
}

# says PATTERN [FILE]
says() {
	grep -q -e "$1" "$scratch/${2-err}" || { echo "# $scratch/${2-err} lacks '$1'"; return 1; }
}

shown() {
	: >"$scratch/out"
	: >"$scratch/err"
	("$@") && return
	sed 's/^/# /' "$scratch/err" | head -n 30
	return 1
}

# run_tests NAME...
run_tests() {
	local name
	ktap_print_header
	ktap_set_plan $#
	for name; do
		ktap_test_result "$name" shown "$name"
	done
	ktap_finished
}
