#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh    the lab: two hosts and a switch in a test kernel, and a shell on each
#
# What the environment says:
#   LAB=tmux     beside the shell: alarms, kilobytes a second by each NIC, new connections
#   HOST=FILE    instead, the host that FILE describes, and a peer, see migsel-explain.rst;
#                EXPLAIN='migration vmk1' are more words for explain
#   OUT=FOLDER   what can be written to and stays (default: home)
# and for the test kernel what selftests/vm/run.sh says.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
export OUT=${OUT:-$top/home}

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# describe WORD...: what explain says of the host, with the words; 1 is that it has the pitfall
describe() {
	local -a words
	read -ra words <<<"${EXPLAIN-}"
	"$top/userspace/migsel" explain "$@" "${words[@]}" -- "$HOST" || (($? == 1)) || die "$HOST does not do for a lab"
}

[[ ${LAB-} == @(|tmux) ]] || die "LAB=$LAB: there is only LAB=tmux"
"$top/selftests/vm/need.sh" build lab
rm -f "$OUT"/described.{sh,txt}
if [[ ${HOST-} ]]; then
	say "reading $HOST"
	make -s -C "$top" tool
	mkdir -p "$OUT"
	describe as-lab >"$OUT/described.sh"
	describe >"$OUT/described.txt"
fi
# The virtual machines have it to run.
mkdir -p "$top/.cache/build"
flock "$top/.cache/build/tests.lock" make -s -C "$top/selftests" ticker
say "starting a test kernel, ${KERNEL:-the default one}: some ten seconds"
unset RUN
# Emulated CPUs slow each other down.
SMP=${SMP:-1} RC=$here/start.sh VM_ENV="LAB ${VM_ENV-}" exec "$top/selftests/vm/run.sh"
