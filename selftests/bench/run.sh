#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh    what a packet costs with the module, and with what else there is: counted in the
#           test kernel
#
# What the environment says:
#   BENCH=profile   instead, which functions take it
#   OUT=            the folder for the report (default: bench-report)
# and what selftests/vm/run.sh says.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
# shellcheck source=selftests/vm/lib.sh
. "$top/selftests/vm/lib.sh"

say() { printf 'bench: %s\n' "$*" >&2; }

"$top/selftests/vm/need.sh" build bench
mkdir -p "$builds"
flock "$builds/tests.lock" make -s -C "$top/selftests" bench/packets
EMPTY_HOOK=$(KDIR='' "$top/selftests/vm/build.sh" selftests/bench/empty_hook)
export EMPTY_HOOK ICOUNT=1 VM_ENV="EMPTY_HOOK ${VM_ENV-}"
report=${OUT:-bench-report}
mkdir -p "$report"

# measure PART...: lines of figures
measure() {
	say "starting a test kernel, $kernel"
	RUN="$(printf %q "$here/bench.py") $*" "$top/selftests/vm/run.sh"
}

profile() {
	local host
	OUT=$(mktemp -d -p /var/tmp bench.XXXXXX)
	export OUT MONITOR=$OUT/monitor
	# shellcheck disable=SC2317  # called by trap
	finish() {
		kill "$host" 2>/dev/null || :
		rm -rf "$OUT"
	}
	trap finish EXIT
	build_all
	"$here/profile.py" "$OUT" "$builds/$kernel/module/migsel.ko" "$here/packets" "$MONITOR" &
	host=$!
	BUILD=0 measure profile
	wait "$host"
}

case ${BENCH-} in
'') measure table | "$here/report.py" "$report" ;;
profile) profile ;;
*) die "BENCH=$BENCH: it is profile, or nothing" ;;
esac
