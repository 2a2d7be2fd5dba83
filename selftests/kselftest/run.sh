#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [TEST...]    the kernel's own net selftests, those in `list` or those named, in
#                     test kernel KERNEL (6.1, 7.3, uml, debug, or KERNEL=FOLDER: the tests
#                     of its own source), in each of these modes, JOBS= of them at a time:
#
#   without       the module is not loaded
#   with          it is, and nothing is configured
#   untagged      every device but loopback is a vmk in every namespace that a test makes,
#                 as soon as it has an address
#   cold-observe  likewise; the test and all that it starts is tagged cold, mode observe
#   cold          tagged cold, enforced, with `unreachable pass`
#   hot           tagged hot, likewise, and every vmk carries migration traffic
#
# and what turned against the first of them; what the file `expected` has is told apart.
# MODES= names some, OUT= the folder for what the tests print (default: kselftest-report),
# LIMIT= the seconds that one may take.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
cd "$top"
# shellcheck source=selftests/vm/lib.sh
. selftests/vm/lib.sh
# shellcheck source=selftests/jobs.sh
. selftests/jobs.sh

# Programs that the tests call, as far as the compiler takes them.
programs='net/nettest net/msg_zerocopy net/reuseport_addr_any net/udpgso net/ip_defrag
	net/ipv6_flowlabel net/ipv6_flowlabel_mgr net/cmsg_sender net/psock_snd net/bind_bhash
	net/tcp_fastopen_backup_key net/ioam6_parser net/mptcp/mptcp_connect
	net/mptcp/pm_nl_ctl net/mptcp/mptcp_sockopt net/mptcp/mptcp_inq netfilter/nf-queue
	netfilter/connect_close net/netfilter/nf_queue net/netfilter/connect_close
	netfilter/sctp_collision net/netfilter/sctp_collision'

# Compiled one by one: an old C library may lack what one of them needs.
compile() {
	local program log
	log=$(mktemp)
	for program in $programs; do
		[[ $TESTS/$program.c -nt $TESTS/$program ]] || continue
		env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES make -s -C "$TESTS/${program%/*}" \
			"$TESTS/$program" >"$log" 2>&1 ||
			say "without ${program}: $(grep -m 1 -E 'error|\*\*\*' "$log")"
	done
	rm -f "$log"
}

# Where this kernel has them: those of netfilter have moved.
find_tests() {
	local test name
	for name; do
		test=$name
		[[ -e $TESTS/$test ]] || test=net/$test
		if [[ -x $TESTS/$test ]]; then echo "$test"; else say "this kernel has no $name"; fi
	done
}

selftests/vm/need.sh build kselftest
TESTS=$(selftests/vm/fetch.sh --selftests)/tools/testing/selftests
lock "$cache/selftests.lock" 'compiling selftests'
compile
exec {lock_fd}>&-
(($#)) || mapfile -t tests < <(sed -n 's/^\(net[^ ]*\).*/\1/p' "$here/list")
(($# == 0)) || tests=("$@")
mapfile -t tests < <(find_tests "${tests[@]}")
((${#tests[@]})) || die 'no tests'

build_all
export BUILD=0 SMP=${SMP:-1} OUT=${OUT:-kselftest-report} TESTS VM_ENV="TESTS LIMIT ${VM_ENV-}" TIMEOUT=${TIMEOUT:-20000}
read -ra modes <<<"${MODES:-without with untagged cold-observe cold hot}"

run_mode() {
	local load=1
	[[ $1 != without ]] || load=0
	LOAD=$load RUN="$(printf '%q ' "$here/guest.sh" "$1" "${tests[@]}")" selftests/vm/run.sh
}

# ended MODE STATUS FILE
ended() {
	cat "$3"
	(($2 == 0)) || say "mode $1 did not end well"
}

run_modes() {
	local mode
	for mode in "${modes[@]}"; do
		jobs_begin "$mode" run_mode "$mode"
	done
	jobs_wait
}

trap jobs_end EXIT
(cd "$OUT" 2>/dev/null && rm -rf "${modes[@]}") || :
run_modes
# Many of them give something a second or so. On a busy host that does not do: what turned
# is tried once more, in one mode at a time.
mapfile -t tests < <("$here/compare.py" --turned "$OUT" "${modes[@]}")
if ((${#tests[@]})); then
	say "once more, as something turned: ${tests[*]}"
	JOBS=1
	run_modes
fi
"$here/compare.py" "$OUT" "${modes[@]}"
