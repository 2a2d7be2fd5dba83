# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'No migration NIC: refused'
same_subnet vmk1 vmk0
setup 'vmk0 and vmk1 of each host are in one subnet, vmk1'"'"'s route is first; migration is
	off on both.'
question 'No NIC is for migration: does hot traffic leave by the first NIC, or not at all?'

plain_route 192.0.2.21 from 192.0.2.11
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1
reason no-migration-vmk 192.0.2.21 from 192.0.2.11 tag hot
serve 5201 5202 5203
hot 'hot, IPv4' refused '' -c 192.0.2.21 -B 192.0.2.11 -P 4 -n 24M
hot 'hot, IPv6' refused '' -c 2001:db8::21 -p 5202 -B 2001:db8::11 -P 4 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'Without a migration NIC a migration is refused and its sender told at once: it
	does not leak onto the management network. Cold copies still go.'
