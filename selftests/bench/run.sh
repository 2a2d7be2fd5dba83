#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh    what a packet costs with the module, and with what else there is: instructions,
#           counted in the test kernel; with KVM after that nanoseconds, too
#
# What the environment says:
#   BENCH=profile   instead, which functions they are in
#   BENCH=baseline  instead, write what selftests/cost.sh compares with, of this kernel
#   BENCH=publish   also write the figures of the documentation
#   BENCH=times     nanoseconds only, whatever the test kernel runs on
#   BENCH=cpus      instead, how many more packets two CPUs send than one
#   HOST=1          nanoseconds, in the running kernel: it has to take modules
#   OUT=            the folder for the report (default: bench-report)
# and what selftests/vm/run.sh says.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
# shellcheck source=selftests/vm/lib.sh
. "$top/selftests/vm/lib.sh"
# shellcheck source=selftests/vm/qemu.sh
. "$top/selftests/vm/qemu.sh"

say() { printf 'bench: %s\n' "$*" >&2; }

# measure ICOUNT PART...: lines of figures
measure() {
	local command
	command="$(printf %q "$here/bench.py") ${*:2}"
	say "starting a test kernel, $kernel: ${*:2}"
	OUT=$out ICOUNT=$1 RUN=$command VM_ENV="EMPTY_HOOK ${VM_ENV-}" "$top/selftests/vm/run.sh"
}

# The running kernel's packets are those of its users, too: nothing of migsel's may be in use.
measure_host() {
	local -a depends
	((EUID == 0)) || die 'HOST=1 loads kernel modules: run it as root'
	[[ ! -e /sys/module/migsel ]] || die 'HOST=1 loads and unloads the module: unload it before'
	[[ -e /proc/modules ]] || die 'this kernel takes no modules: run it without HOST=1, in a test kernel'
	make -s -C "$top" tool
	MODULE=$(KERNEL='' "$top/selftests/vm/build.sh")
	export MODULE
	IFS=, read -ra depends < <(modinfo -F depends "$MODULE")
	((${#depends[@]} == 0)) || modprobe -a "${depends[@]}"
	PATH=$top/userspace:$PATH ICOUNT=0 "$here/bench.py" table
}

profile() {
	local host
	out=$work MONITOR=$work/monitor
	export MONITOR
	build_all
	"$here/profile.py" "$out" "$builds/$kernel/module/migsel.ko" "$here/packets" "$MONITOR" &
	host=$!
	BUILD=0 measure 1 profile >&2
	wait "$host"
}

report=${OUT:-bench-report} out=
work=$(mktemp -d -p /var/tmp bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
"$top/selftests/vm/need.sh" build bench
mkdir -p "$builds" "$report"
flock "$builds/tests.lock" make -s -C "$top/selftests" bench/packets
if [[ ${HOST:-0} != 0 ]]; then
	KDIR=${KDIR:-/lib/modules/$(uname -r)/build}
else
	KDIR=
fi
export KDIR
EMPTY_HOOK=$("$top/selftests/vm/build.sh" selftests/bench/empty_hook)
export EMPTY_HOOK

if [[ ${HOST:-0} != 0 ]]; then
	measure_host | "$here/report.py" "$report/times"
	exit
fi
series=$(grep -oE '^[0-9]+\.[0-9]+' "$kernel_dir/release")
document=$top/Documentation/networking/performance-$series
case ${BENCH-} in
'' | publish)
	measure 1 table scale config | "$here/report.py" "$report/bench" ;;&
publish)
	license='SPDX-License-Identifier: GPL-2.0-only'
	{ echo "$license" && cat "$report/bench.txt"; } >"$document.txt"
	sed "1a <!-- $license -->" "$report/bench.svg" >"$document.svg"
	say "written: $document.txt and .svg" ;;
baseline)
	for boot in 1 2 3 4; do
		measure 1 guarded >"$work/boot-$boot"
	done
	"$here/baseline.py" "$work"/boot-* >"$work/baseline"
	cp "$work/baseline" "$here/baseline-$series.json"
	say "written: $here/baseline-$series.json" ;;
profile) profile ;;
cpus)
	[[ $kernel == debug || $(accelerator) == kvm ]] ||
		die 'BENCH=cpus: the emulated CPUs of this kernel take turns, those of KERNEL=debug do not'
	measure 0 cpus | "$here/report.py" "$report/cpus" ;;
'' | times)
	if [[ ${BENCH-} || $(accelerator) == kvm ]]; then
		measure 0 table | "$here/report.py" "$report/times"
	fi ;;
*) die "BENCH=$BENCH: it is profile, baseline, publish, times or cpus" ;;
esac
