# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'Two migration vmks on one physical NIC: a cure, too'
one_physical_nic
setup 'As before, but vmk1 and vmk2 of each host are macvlans on one physical NIC, vmnic1:
	what they send and receive is counted on it once more.'
question 'Two migration vmks, but one wire: is hot traffic kept off vmk0, and is it faster?'

plain_route 192.0.2.21
on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
on esx-a migsel vmk add vmk2 migration on
reason multi-nic 192.0.2.21 tag hot
serve 5201 5202 5203
hot 'hot, IPv4' 'vmk1+vmk2 vmnic1' 'vmk1 vmnic1' -c 192.0.2.21 -P 8 -n 24M
hot 'hot, IPv6' 'vmk1+vmk2 vmnic1' 'vmk1 vmnic1' -c 2001:db8::21 -p 5202 -P 8 -n 12M
cold 'cold' vmk0 vmk0 -c 192.0.2.20 -p 5203 -n 12M

lesson 'Two migration vmks on one physical NIC use the migration network exclusively, as
	they should; nothing is gained in bandwidth, it all goes by one wire.'
