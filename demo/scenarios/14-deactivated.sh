# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A vMotion stack beside migration NICs: they are idle'
same_subnet vmk1 vmk0 vmk2
setup 'All three NICs of each host are in one subnet, vmk1'"'"'s route is first. vmk1 carries
	migration traffic on the default stack, until vmk2 comes on the vMotion stack.'
question 'vmk0 and vmk1 are for migration, vmk2 is on the vMotion stack: which NIC does hot
	traffic leave by?'

plain_route 192.0.2.22
on esx-a migsel vmk add vmk0 migration on
on esx-a migsel vmk add vmk1 migration on
reason multi-nic 192.0.2.22 tag hot
on esx-a migsel vmk add vmk2 stack vmotion
reason vmotion-stack 192.0.2.22 from 192.0.2.11 tag hot
reason cold-first-vmk 192.0.2.20 tag cold
serve 5201 5202 5203
hot 'hot, bound to vmk1' vmk2 vmk2 -c 192.0.2.22 -B 192.0.2.11 -P 4 -n 24M
hot 'hot, IPv6' vmk2 vmk2 -c 2001:db8::22 -p 5202 -P 4 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'Once there is a NIC on the vMotion stack, those of the default stack carry no hot
	traffic, enabled or not: two of them are idle here, and "migsel check" says so.'
