#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh    the hosts esx-a and esx-b, with three NICs each in one subnet, on a switch;
#             or the host that was described, and a peer
#
# The route of vmk1 is first: plain Linux sends by it, and the rule never sends all by it.
# shellcheck disable=SC2034  # for topology.sh
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=demo/topology.sh
. "$here/../demo/topology.sh"

if [[ -e $HOME/described.sh ]]; then
	sh "$HOME/described.sh"
	"$here/enter.sh" peer iperf3 -s -D
	exit
fi
netns=([esx-a]=esx-a [esx-b]=esx-b)
switch=switch
make_hosts
same_subnet vmk1 vmk0 vmk2
for host in esx-a esx-b; do
	ip -n "$host" link set lo up
done
# What the demo counts by.
in_netns esx-b nft delete table inet demo
in_netns esx-b iperf3 -s -D
disown -a
