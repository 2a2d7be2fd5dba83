#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: exec on a host that has mounted cgroups of version 1 only, where "ip vrf exec"
# works, too.
#
# Needs root and the module: CGROUP=1 make vm RUN=selftests/tool_cgroup1_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

own_mark() {
	ip netns exec "$host" "$@" bash -c '
		exec 3>/dev/udp/192.0.2.21/9
		ss -Hune state all "( dport = :9 )"' 2>/dev/null | grep -o 'fwmark:[^ ]*'
}

test_exec() {
	three_vmks
	! grep -q ' cgroup2 ' /proc/self/mountinfo || fail 'version 2 is mounted'
	! grep -q ^0:: /proc/self/cgroup || fail 'the kernel has version 2 in sight'
	mount -t tmpfs tmpfs /sys/fs/cgroup
	mkdir /sys/fs/cgroup/pids
	mount -t cgroup -o pids pids /sys/fs/cgroup/pids || fail 'no cgroup of version 1'
	mkdir /sys/fs/cgroup/pids/limited
	[[ $(own_mark migsel exec hot --) == fwmark:0x10000 ]] || fail "not hot: $(own_mark migsel exec hot)"
	[[ $(own_mark migsel exec cold) == fwmark:0x20000 ]] || fail 'not cold'
	# With a class of traffic of version 1 as well, which once put version 2 out of force.
	mkdir /sys/fs/cgroup/net
	mount -t cgroup -o net_cls,net_prio net /sys/fs/cgroup/net || fail 'no classes of traffic'
	mkdir /sys/fs/cgroup/net/classed
	echo 0x10001 >/sys/fs/cgroup/net/classed/net_cls.classid
	out=$(echo "$BASHPID" >/sys/fs/cgroup/net/classed/cgroup.procs && own_mark migsel exec hot)
	out_is fwmark:0x10000
	# What limits the caller there limits the command.
	# shellcheck disable=SC2016 # that shell expands it
	out=$(sh -c 'echo $$ >/sys/fs/cgroup/pids/limited/cgroup.procs &&
		exec migsel -n "$0" exec hot cat /proc/self/cgroup' "$host")
	out_like '[0-9]+:pids:/limited'
	out_like '0::/migsel-hot-'
	ip -n "$host" link add tool-vrf type vrf table 100
	ip -n "$host" link set tool-vrf up
	run 0 ip netns exec "$host" ip vrf exec tool-vrf true
	ip -n "$host" link del tool-vrf
}

run_tests "$@"
