#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [-v]    the demo in the test kernel, or with HOST=1 in the running kernel
#
# What the environment says:
#   DEMO=3     only this scenario, by its number, its name, or what that begins with (see
#              scenarios/): DEMO=pitfall, DEMO='3 8', DEMO=migrate for those of QEMU. The
#              report is in demo-report/part then
#   V=1        as -v: each command that builds, migrates and compares a virtual machine
#   HOST=1     load the module into the running kernel, and unload it afterwards;
#              network namespaces of the demo's own hold all that it makes
#   OUT=       the folder for the report (default: demo-report)
#   HOST_FILE=FILE  instead of the scenarios, the host that FILE describes, see
#              migsel-explain.rst; EXPLAIN='migration vmk1' are more words for explain
# and for the test kernel what selftests/vm/run.sh says.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
# shellcheck source=demo/choose.sh
. "$here/choose.sh"

say() { printf 'demo: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

new='' loaded='' clock=''
# shellcheck disable=SC2317  # called by trap
finish() {
	trap '' INT TERM HUP
	end_clock
	[[ ! $loaded ]] || rmmod migsel
	[[ ! $new ]] || rm -rf "$new"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# begin_clock: on a terminal, for how many seconds it has been going on, in a line that the
# next one replaces, until demo.sh has something to say.
begin_clock() {
	[[ $LIVE == 1 && $new && -t 2 ]] || return 0
	local start=$SECONDS
	while read -rt 1 <> <(:) || [[ ! -e $new/began ]]; do
		printf '\e[Kdemo: %d s\r' $((SECONDS - start)) >&2
	done &
	clock=$!
}

end_clock() {
	[[ $clock ]] || return 0
	kill "$clock" 2>/dev/null || :
	wait "$clock" 2>/dev/null || :
	clock=
	printf '\e[K' >&2
}

# make_folder: a new one for the report beside what is in OUT, or on the way there. An
# earlier report stays until this one is whole.
make_folder() {
	local folder earlier=0
	folder=$(realpath -m -- "$OUT")
	[[ ! -e $folder/result.json ]] || earlier=$(jq '.scenarios | length' "$folder/result.json" 2>/dev/null) || earlier=0
	((earlier <= ${#scenarios[@]})) ||
		say "the report in $OUT, of $earlier scenarios, will be replaced by one of ${#scenarios[@]}"
	while [[ ! -e $folder ]]; do
		folder=${folder%/*}
		folder=${folder:-/}
	done
	new=$(mktemp -d "$folder/.demo-report.XXXXXX" 2>/dev/null) ||
		die "cannot write to $folder: name another folder with OUT="
}

# keep_report: draws it, and puts it into OUT.
keep_report() {
	say 'drawing the report'
	begin_clock
	"$here/report.sh" "$new" || die 'the report cannot be drawn'
	end_clock
	if ! mkdir -p "$OUT" || ! rm -f "$OUT"/{index.html,result.json,scenario-*.{pcapng,svg}} ||
		! mv "$new"/{index.html,result.json,scenario-*.{pcapng,svg}} "$OUT/"; then
		die "cannot write the report to $OUT"
	fi
	say "the report: $OUT/index.html, first packets: $OUT/scenario-*.pcapng"
}

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
	loaded=1
}

while (($#)); do
	[[ $1 == -v ]] || die "there is no option '$1', only -v"
	V=1
	shift
done
# Before anything is installed, fetched or booted.
if [[ ! ${HOST_FILE-} ]]; then
	choose_scenarios || die "$REPLY"
	((${#scenarios[@]} == all)) || OUT=${OUT:-demo-report/part}
fi
export V=${V:-0} OUT=${OUT:-demo-report}
"$top/selftests/vm/need.sh" build demo
mkdir -p "$top/.cache/build"
flock "$top/.cache/build/tests.lock" make -s -C "$top/selftests" ticker
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

[[ ${HOST_FILE-} ]] || make_folder
status=0
if [[ ${HOST:-0} != 0 ]]; then
	((EUID == 0)) || die 'HOST=1 loads a kernel module: run it as root, or without HOST=1'
	say 'building the module and the tool'
	make -s -C "$top" tool
	load_module
	OUT=${new:-$OUT} PATH=$top/userspace:$PATH "${program[@]}" || status=$?
else
	say "building the module and the tool, then booting a test kernel, ${KERNEL:-the default one}"
	begin_clock
	OUT=${new:-$OUT} VM_ENV="COLOR LIVE V ${VM_ENV-}" RUN=$(printf '%q ' "${program[@]}") \
		"$top/selftests/vm/run.sh" || status=$?
	end_clock
fi
if [[ $new && -e $new/result.json ]]; then
	keep_report
elif [[ $new && -e $OUT/index.html ]]; then
	say "there is no new report: $OUT is of an earlier run"
fi
exit "$status"
