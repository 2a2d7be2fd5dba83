#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh    a root shell in the test kernel, or with RUN='command' that command
#
# What the environment says:
#   KERNEL=6.1      the test kernel: 6.1, 6.12, 7.3, 6.12-rt, 7.3-rt; with detectors: uml, debug
#   KERNEL=FOLDER   the kernel that is built in this folder, for x86_64 or user mode
#   ARCH=arm64      one of another architecture: arm64, s390x, i386
#   DEMO=3          for demo: these scenarios, by number or name, as DEMO='pitfall 12' or DEMO=migrate,
#                   with their report in demo-report/part
#   HOST=1          for demo and bench: in the running kernel
#   V=1             for demo: with each command of QEMU
#   BENCH=profile   for bench: which functions it is; others are in selftests/bench/run.sh
#   RUN=COMMAND     for bash -c, in the caller's folder; input is /dev/null
#   OUT=FOLDER      a folder of the host the test kernel may write to, at its own path; for a
#                   shell it is the home folder (default: home)
#   RC=FILE         what a shell reads first (default: selftests/vm/shell.sh)
#   LOAD=0          leave the module unloaded
#   BUILD=0         module and tool are built already
#   SMP=2 MEM=1024  CPUs, and memory in MB
#   ICOUNT=1        one CPU with a clock that counts instructions
#   MONITOR=PATH    with ICOUNT=1: a socket there for the monitor of QEMU
#   TIMEOUT=1800    seconds after which a command is taken for hung
#   CHURN=60        seconds of selftests/churn.sh; CHURN_SEED= repeats one
#   CGROUP=1        no cgroup file system of version 2 is mounted
#   JOB_CPU=1       CPU of the host for a test kernel that takes one (see selftests/jobs.sh)
#   VM_ENV='A B'    further variables to pass on, beside those in `passed` of selftests/vm/run.sh
#   MIGSEL_CACHE=   where the test kernels are kept (default: .cache); clones may share it
#
# The host's files are visible at their own paths, read-only; /tmp, /run and
# /var/tmp are the test kernel's own. Files that change on the host while it runs
# may be seen late. One of another architecture has a copy of what tests need instead.
#
# Exit status: the command's. A report of the kernel (report.awk) makes it 1 where
# the command succeeded, a command that hangs 124; 141 where nobody reads its output. With
# any but 0 the kernel's log is kept.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/vm/lib.sh
. "$here/lib.sh"
# shellcheck source=selftests/vm/qemu.sh
. "$here/qemu.sh"
# shellcheck source=selftests/vm/uml.sh
. "$here/uml.sh"
# shellcheck source=selftests/vm/foreign.sh
. "$here/foreign.sh"

passed="KERNEL MIGSEL_CACHE LOAD ICOUNT SMP OUT TERM LANG NO_COLOR DEMO CHURN CHURN_SEED ${VM_ENV-}"

# The environment of guest.sh and of the command.
write_environment() {
	local name rows columns
	export KERNEL=$kernel LOAD=${LOAD:-1} SMP=${SMP:-2}
	for name in $passed; do
		[[ -z ${!name-} ]] || printf 'export %s=%q\n' "$name" "${!name}"
	done
	echo "export PATH=$(printf %q "$top/userspace"):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	echo 'export HOME=/tmp USER=root SHELL=/bin/bash'
	echo "folder=$(printf %q "$PWD")"
	if [[ -z ${RUN-} ]]; then
		read -r rows columns < <(stty size)
		echo "rows=$rows columns=$columns terminal=$terminal_device"
		printf 'rc=%q\n' "${RC:-$here/shell.sh}"
		[[ -z $OUT ]] || printf 'export HOME=%q\n' "$OUT"
	fi
}

# What init mounts. What lies below a folder that gets covered is kept in sight.
write_places() {
	local dir
	printf 'modules=%q out=%q cgroup=%q\nset --' "$1" "$OUT" "${CGROUP-}"
	for dir in "$top" "$cache" "$PWD" "${tree:-$top}"; do
		[[ $dir/ != @(/tmp|/run|/var/tmp)/* ]] || printf ' %q' "$dir"
	done
	echo
}

shopt -s extglob
if [[ -z ${RUN-} && ! (-t 0 && -t 1) ]]; then
	die "a shell needs a terminal: for one command, RUN='command'"
fi
terminal_device=/dev/ttyS1
[[ $kind != uml ]] || terminal_device=/dev/tty1
if [[ $foreign ]]; then
	terminal_device=/dev/hvc0
	[[ ! ${OUT-} && ${ICOUNT:-0} == 0 ]] || die "there is no OUT= and no ICOUNT= with ARCH=$foreign"
	[[ $PWD/ == "$top"/* ]] || die "with ARCH=$foreign a command can be run in the repository only"
fi
"$here/need.sh" "$kind"
[[ ${RUN-} ]] || "$here/need.sh" shell
"$here/fetch.sh"
modules=$kernel_dir/modules
[[ -e $modules ]] || die "KERNEL=$kernel is no test kernel: modules can be built for it, that is all"
if build_all; then
	if [[ -e $top/module/Kbuild ]]; then
		modules=$builds/$kernel/modules
		touch "$modules/../../.." # still in use
	fi
elif [[ ${LOAD:-1} == 0 ]]; then
	say 'going on without what does not build, as LOAD=0'
else
	exit 1
fi

cd -P .
[[ ${RUN-} || $foreign ]] || OUT=${OUT:-$top/home}
OUT=${OUT:+$(mkdir -p "$OUT" && cd "$OUT" && pwd -P)}
share=$(mktemp -d -t migsel-vm.XXXXXX)
pids=()
# shellcheck disable=SC2317  # called by trap
finish() {
	trap '' INT TERM HUP
	((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || :
	wait
	[[ -z ${modes-} ]] || stty "$modes" <&"$terminal"
	rm -rf "$share"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cp "$here/guest.sh" "$share/"
make_initramfs "$share"
write_environment >"$share/environment"
if [[ $foreign ]]; then
	write_places "/usr/lib/modules/$(<"$kernel_dir/release")"
else
	write_places "$(readlink -f "$modules")"
fi >"$share/places"
printf '%s' "${RUN-}" >"$share/command"
touch "$share/stdout" "$share/stderr" "$share/machine"

terminal=
[[ -n ${RUN-} ]] || exec {terminal}<&0
if [[ $kind == uml ]]; then
	uml_machine "$share" "$terminal"
	log=$share/console
elif [[ $foreign ]]; then
	carry "$share" "$(readlink -f "$modules")"
	foreign_machine "$share" "$terminal"
	log=$share/machine
else
	qemu_machine "$share" "$terminal" "$OUT"
	log=$share/machine
fi

# On a busy host an emulated clock is now and then calibrated for ever. Nothing of the
# caller's has run by then, so that boot does not count.
patience=120
[[ $kernel != debug && ! $foreign ]] || patience=600
booted() {
	local end=$((SECONDS + patience))
	until [[ -s $share/booted ]]; do
		kill -0 "$machine" 2>/dev/null && ((SECONDS < end)) || return
		sleep 0.1
	done
}

# A machine outlives neither its time nor this script, however that ends.
# One in user mode would take SIGTERM for a fault of its own.
limited=(setpriv --pdeathsig TERM timeout --foreground -k 5)
# Where it takes one CPU of the host at a time it is faster if it stays there.
if [[ ${JOB_CPU-} && ($kind == uml || ${SMP:-2} == 1 || $one_thread) ]]; then
	limited=(taskset -c "$JOB_CPU" "${limited[@]}")
fi
[[ $kind != uml ]] || limited+=(-s KILL)
tied=(setpriv --pdeathsig KILL)
if [[ -n ${RUN-} ]]; then
	for try in first last; do
		"${limited[@]}" "${TIMEOUT:-1800}" "${tied[@]}" "${machine_command[@]}" \
			</dev/null >"$log" 2>&1 &
		machine=$!
		pids=("$machine")
		[[ $try == last ]] || booted && break
		say 'the test kernel did not boot, booting it once more'
		awk -f "$here/report.awk" "$share/console" >&2
		kill "$machine" 2>/dev/null || :
		wait "$machine" || :
	done
	"${tied[@]}" tail -q -s 0.1 --pid="$machine" -c +1 -f "$share/stdout" &
	pids+=($!)
	"${tied[@]}" tail -q -s 0.1 --pid="$machine" -c +1 -f "$share/stderr" >&2 &
	pids+=($!)
elif [[ $kind == uml ]]; then
	say "to end a hung test kernel: kill this script, $$"
	modes=$(stty -g)
	"${limited[@]}" "${TIMEOUT:-0}" "${tied[@]}" "${machine_command[@]}" \
		</dev/null >"$log" 2>&1 &
	machine=$!
	pids=("$machine")
else
	say 'to end a hung test kernel: Ctrl-A x'
	"${limited[@]}" "${TIMEOUT:-0}" "${tied[@]}" "${machine_command[@]}" \
		<&"$terminal" 2>"$share/machine" &
	machine=$!
	pids=("$machine")
fi
# What relays the output ends well with the machine, or else because nobody reads it.
ended=0 first=
wait -n -p first "${pids[@]}" || ended=$?
if [[ ${first-} != "$machine" ]]; then
	[[ -z ${first-} ]] || ((ended == 0)) || exit 141
	ended=0
	wait "$machine" || ended=$?
fi
wait
pids=()

status=$(cat "$share/status" 2>/dev/null || :)
trouble=$(cat "$share/trouble" 2>/dev/null || :)
report=$(awk -f "$here/report.awk" "$share/console")
[[ -z $trouble ]] || say "$trouble"
if [[ -z $status ]]; then
	status=1
	cat "$share/machine" >&2
	if ((ended == 124 || ended == 137)); then
		status=124
		say "the test kernel was ended after ${TIMEOUT:-1800} s (TIMEOUT=)"
	else
		say 'the test kernel died before the command ended'
		[[ -n $report ]] || report=$(tail -n 20 "$share/console")
	fi
fi
if [[ -n $report ]]; then
	say 'the kernel reports:'
	printf '%s\n' "$report" >&2
fi
if [[ -n $report$trouble || -n ${RUN-} && $status != 0 ]]; then
	mkdir -p "$cache/log"
	find "$cache/log" -ignore_readdir_race -type f -mtime +7 -delete
	log=$cache/log/$kernel.$(date +%Y%m%d-%H%M%S).$$
	cp "$share/console" "$log"
	say "the whole kernel log: $log"
	((status)) || status=1
fi
exit "$status"
