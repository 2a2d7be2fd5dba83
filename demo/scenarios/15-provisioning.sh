# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A NIC for provisioning: cold data has one, too'
three_subnets
setup 'Each NIC is in a subnet of its own. Stray host routes point to the other host'"'"'s vmk2 by
	vmk0: plain Linux would follow them, so what is seen is the rule.'
question 'One NIC is for provisioning: when does cold traffic leave by it, and when by the first
	NIC?'

on esx-a ip route add 203.0.113.22/32 dev vmk0
on esx-a ip route add 2001:db8:2::22/128 dev vmk0
plain_route 203.0.113.22
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
on esx-a migsel vmk add vmk2 provisioning on
reason dedicated-subnet 198.51.100.21 tag hot
reason provisioning-vmk 203.0.113.22 tag cold
serve 5201 5202 5203 5204 5205 5206
hot 'hot' vmk1 vmk1 -c 198.51.100.21 -P 4 -n 24M
cold 'cold, IPv4' vmk2 vmk2 -c 203.0.113.22 -p 5202 -n 12M
cold 'cold, IPv6' vmk2 vmk2 -c 2001:db8:2::22 -p 5203 -n 12M
reason cold-first-vmk 192.0.2.20 tag cold
cold 'cold, no route by vmk2' vmk0 vmk0 -c 192.0.2.20 -p 5204 -n 12M
on esx-a ip address add 203.0.113.10/24 dev vmk0
reason cold-same-subnet 203.0.113.22 tag cold
cold 'cold, shared subnet' vmk0 vmk2 -c 203.0.113.22 -p 5205 -n 12M
on esx-a migsel vmk set vmk2 provisioning off stack provisioning
reason provisioning-stack 203.0.113.22 tag cold
cold 'cold, own stack' vmk2 vmk2 -c 203.0.113.22 -p 5206 -n 12M

lesson 'The provisioning NIC carries cold data where it has a route of its own to the other
	host, and gives way to vmk0 elsewhere. In the subnet of vmk0 it would get nothing; on the
	provisioning stack the subnet is no matter.'
