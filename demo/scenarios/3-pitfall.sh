# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'Same subnet, one migration NIC: the pitfall'
same_subnet vmk1 vmk0
setup 'vmk0 and vmk1 of each host are in one subnet, and vmk1'"'"'s route is first: plain
	Linux would send everything by vmk1, so what is seen is the rule.'
question 'One subnet, one migration NIC: which NIC does hot traffic leave by?'

plain_route 192.0.2.21 from 192.0.2.11
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
reason same-subnet 192.0.2.21 from 192.0.2.11 tag hot
serve 5201 5202 5203
hot 'hot, IPv4' vmk0 vmk1 -c 192.0.2.21 -B 192.0.2.11 -P 4 -n 24M
hot 'hot, IPv6' vmk0 vmk1 -c 2001:db8::21 -p 5202 -B 2001:db8::11 -P 4 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'In the subnet of the first NIC a migration NIC gets nothing to send: hot traffic
	leaves by vmk0, with the address of vmk1 and the MAC of vmk0, while the
	destination still receives on its vmk1 and looks healthy.'
