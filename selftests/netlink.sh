#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the generic netlink family makes of messages that the tool does not send.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

need python3 setpriv
add_netns A
ip -n "$A" -b - <<-END || ktap_exit_fail_msg 'no devices'
	link add vmk0 type veth peer name vmk1
	link add vmk2 type veth peer name vmk3
END
in_netns "$A" "$here/netlink.py"
