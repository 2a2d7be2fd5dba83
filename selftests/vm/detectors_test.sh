#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Proves the detectors of test kernel KERNEL (uml or debug; no other has them): each
# fault that planted/ can commit must make the run fail, and say what it was. KTAP on
# standard output; arguments choose faults by name.
. "$(dirname "$(readlink -f "$0")")/test_lib.sh"

export LOAD=0

# The fault, and what the run must say of it (a pattern).
faults='
warning             WARNING: .*planted
overflow            BUG: KASAN: slab-out-of-bounds in .*\[planted\]
use-after-free      BUG: KASAN: slab-use-after-free in .*\[planted\]
leak                kmemleak: unreferenced object
lock-inversion      possible circular locking dependency detected
atomic-sleep        BUG: sleeping function called from invalid context
rcu-without-lock    WARNING: suspicious RCU usage
device-reference    ref_tracker: planted0@.* has 1/1 users
route-reference     kmemleak: .* dst_alloc
namespace-reference leaked namespace: a network namespace is left
'

# A device with a route.
planted0='ip link add planted0 type dummy && ip addr add 192.0.2.1/24 dev planted0 &&
	ip link set planted0 up'

# What commits it, for the test kernel's shell.
command_of() {
	local load="insmod $module fault=$1"
	case $1 in
	device-reference)
		# The kernel says so every 10 s, of each device that does not go.
		echo "ip link add planted0 type dummy && $load || exit
			ip link del planted0 &
			while read -r line; do
				[[ \$line != *'waiting for planted0'* ]] || break
			done </dev/kmsg" ;;
	route-reference) echo "$planted0 && $load && ip link del planted0" ;;
	namespace-reference) echo "ip netns add planted && ip netns exec planted $load && ip netns del planted" ;;
	*) echo "$load" ;;
	esac
}

# The control: without a fault, the same machinery finds nothing.
quiet() {
	local load="insmod $module fault=none"
	RUN="$planted0 && $load && ip link del planted0 &&
		ip netns add a && ip -n a link add d0 type dummy && ip netns del a" selftests/vm/run.sh \
		>"$scratch/out" 2>"$scratch/err"
}

detected() {
	local pattern
	pattern=$(awk -v name="$1" '$1 == name { sub(/^[^ ]+ +/, ""); print }' <<<"$faults")
	[[ -n $pattern ]] || { echo "# no fault '$1'"; return 1; }
	if RUN=$(command_of "$1") TIMEOUT=600 selftests/vm/run.sh >"$scratch/out" 2>"$scratch/err"; then
		echo '# the run succeeded'
		return 1
	fi
	grep -q -e "$pattern" "$scratch/err" || { echo "# the run does not say '$pattern'"; return 1; }
}

[[ ${KERNEL-} == @(uml|debug) ]] ||
	ktap_skip_all "test kernel '${KERNEL-}' has no detectors: KERNEL=uml or debug"
(($#)) || mapfile -t names < <(awk 'NF { print $1 }' <<<"$faults")
(($# == 0)) || names=("$@")
module=$(selftests/vm/build.sh selftests/vm/planted) || ktap_exit_fail_msg 'planted/ does not build'
ktap_print_header
ktap_set_plan $((1 + ${#names[@]}))
ktap_test_result quiet shown quiet
for name in "${names[@]}"; do
	ktap_test_result "$name" shown detected "$name"
done
ktap_finished
