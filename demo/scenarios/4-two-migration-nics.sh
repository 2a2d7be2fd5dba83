# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'Same subnet, two migration NICs: the cure'
same_subnet vmk1 vmk0 vmk2
setup 'All three NICs of each host are in one subnet, vmk1'"'"'s route is first; vmk1 and vmk2
	carry migration traffic.'
question 'One subnet, two migration NICs: which NIC does hot traffic leave by?'

plain_route 192.0.2.21
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
on esx-a migsel vmk add vmk2 migration on
reason multi-nic-bound 192.0.2.21 from 192.0.2.12 tag hot
reason multi-nic 192.0.2.21 tag hot
serve 5201 5202 5203
hot 'hot, IPv4' vmk1+vmk2 vmk1 -c 192.0.2.21 -P 8 -n 24M
hot 'hot, IPv6' vmk1+vmk2 vmk1 -c 2001:db8::21 -p 5202 -P 8 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'With two migration NICs each stream is placed on one of them, in turn: 8 streams
	are 4 and 4, and none leaves by vmk0 though all share its subnet.'
