# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'Same subnet, a vMotion stack: the pitfall disappears'
same_subnet vmk0 vmk1
setup 'vmk0 and vmk1 of each host are in one subnet, vmk0'"'"'s route is first: plain Linux
	would send everything by vmk0, and so would the rule, were vmk1 not on the vMotion stack.'
question 'One subnet, one migration NIC, on a TCP/IP stack of its own: which NIC does hot traffic
	leave by?'

plain_route 192.0.2.21
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
reason same-subnet 192.0.2.21 tag hot
on esx-a migsel vmk set vmk1 stack vmotion
reason vmotion-stack 192.0.2.21 tag hot
serve 5201 5202 5203
hot 'hot, IPv4' vmk1 vmk1 -c 192.0.2.21 -P 4 -n 24M
hot 'hot, IPv6' vmk1 vmk1 -c 2001:db8::21 -p 5202 -P 4 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'Nothing has changed but the TCP/IP stack of vmk1. On a stack of its own it has no
	first NIC beside it, so the subnet is no matter (ESXi 6.0 and later).'
