#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh    the demo in the test kernel, or with HOST=1 in the running kernel
#
# What the environment says:
#   DEMO=3     only this scenario (its number, see scenarios/), DEMO=migrate all those
#              in which QEMU migrates a virtual machine
#   HOST=1     load the module into the running kernel, and unload it afterwards;
#              network namespaces of the demo's own hold all that it makes
#   OUT=       the folder for the report (default: demo-report)
#   HOST_FILE=FILE  instead of the scenarios, the host that FILE describes, see
#              migsel-explain.rst; EXPLAIN='migration vmk1' are more words for explain
# and for the test kernel what selftests/vm/run.sh says.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")

say() { printf 'demo: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

load_module() {
	local headers module why release
	local -a depends
	release=$(uname -r)
	headers=/lib/modules/$release/build
	[[ ! -d /sys/module/migsel ]] || { say 'the module is loaded already: using that'; return; }
	[[ -e /proc/modules ]] || die 'this kernel takes no modules: run it without HOST=1, in a test kernel'
	[[ -d $headers ]] ||
		die "no $headers to build the module with: install linux-headers-$release, or run it without HOST=1"
	module=$(KDIR=$headers KERNEL='' "$top/selftests/vm/build.sh")
	IFS=, read -ra depends < <(modinfo -F depends "$module")
	((${#depends[@]} == 0)) || modprobe -a "${depends[@]}" || die "cannot load ${depends[*]}"
	why=$(insmod "$module" 2>&1) ||
		die "this kernel takes no module (${why#insmod: ERROR: }): run it without HOST=1, in a test kernel"
	trap 'rmmod migsel' EXIT
}

"$top/selftests/vm/need.sh" build demo
mkdir -p "$top/.cache/build"
flock "$top/.cache/build/tests.lock" make -s -C "$top/selftests" ticker
export OUT=${OUT:-demo-report}
COLOR=0 LIVE=0
if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
	LIVE=1
	[[ -n ${NO_COLOR-} ]] || COLOR=1
fi
export COLOR LIVE

# What is said of a description, on any Linux; the rest is for where the module is.
program=("$here/demo.sh")
if [[ ${HOST_FILE-} ]]; then
	make -s -C "$top" tool
	mkdir -p "$OUT"
	folder=$(readlink -f "$OUT")
	program=("$here/host.sh" "$folder")
	read -ra words <<<"${EXPLAIN-}"
	for form in text json lab; do
		options=() more=()
		case $form in
		text) file=explain.txt ;;
		json) file=explain.json options=(-j) ;;
		lab) file=lab.sh more=(as-lab) ;;
		esac
		"$top/userspace/migsel" "${options[@]}" explain "${more[@]}" "${words[@]}" -- "$HOST_FILE" >"$folder/$file" ||
			(($? == 1)) || { [[ $form != text ]] || cat "$folder/$file" >&2; die "$HOST_FILE does not do for a lab"; }
	done
fi

status=0
if [[ ${HOST:-0} != 0 ]]; then
	((EUID == 0)) || die 'HOST=1 loads a kernel module: run it as root, or without HOST=1'
	make -s -C "$top" tool
	load_module
	PATH=$top/userspace:$PATH "${program[@]}" || status=$?
else
	say "starting a test kernel, ${KERNEL:-the default one}"
	VM_ENV="COLOR LIVE ${VM_ENV-}" RUN=$(printf '%q ' "${program[@]}") "$top/selftests/vm/run.sh" || status=$?
fi
if [[ -e $OUT/result.json && ! ${HOST_FILE-} ]]; then
	"$here/report.sh" "$OUT"
	say "the report: $OUT/index.html, first packets: $OUT/scenario-*.pcapng"
fi
exit "$status"
