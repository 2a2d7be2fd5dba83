# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'Own subnet, one migration NIC: as intended'
own_subnet
setup 'vmk1 is in a subnet of its own. Stray host routes point to the other host'"'"'s vmk1
	by vmk0: plain Linux would follow them, so what is seen is the rule.'
question 'One migration NIC, in a subnet of its own: which NIC does hot traffic leave by, and
	which does cold?'

on esx-a ip route add 198.51.100.21/32 dev vmk0
on esx-a ip route add 2001:db8:1::21/128 dev vmk0
plain_route 198.51.100.21
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
reason dedicated-subnet 198.51.100.21 tag hot
serve 5201 5202 5203
hot 'hot, IPv4' vmk1 vmk1 -c 198.51.100.21 -P 4 -n 24M
hot 'hot, IPv6' vmk1 vmk1 -c 2001:db8:1::21 -p 5202 -P 4 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'A migration NIC in a subnet of its own carries the hot traffic, and nothing
	but that; cold traffic leaves by the first NIC.'
