#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the generic netlink family makes of messages that the tool does not send.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

tools=(python3 setpriv)

begin_tests "$("$here/netlink.py" count)"
build
add_netns A
ip -n "$A" -b - <<-END || bail 'no devices'
	link add vmk0 type veth peer name vmk1
	link add vmk2 type veth peer name vmk3
END
while IFS=$'\t' read -r name problem; do
	[[ -z $problem ]] || fail "$problem"
	end_test "$name"
done < <(nsenter --net="/run/netns/$A" "$here/netlink.py" 2>&1)
end_tests
