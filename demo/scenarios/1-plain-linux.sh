# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'Plain Linux: no rule, the first route wins'
same_subnet vmk1 vmk0
setup 'vmk0 and vmk1 of each host are in one subnet, and vmk1'"'"'s route is first. No
	device is registered as a vmk, so migsel has no hook here: tags mean nothing.'
question 'Two NICs in one subnet, and no rule: does Linux send by the NIC whose address the sender
	is bound to?'

plain_route 192.0.2.21 from 192.0.2.10
reason no-vmk 192.0.2.21 from 192.0.2.11 tag hot
serve 5201 5203 5204 5205
hot 'hot, IPv4' vmk1 vmk1 -c 192.0.2.21 -B 192.0.2.11 -P 4 -n 24M
cold 'cold' vmk1 vmk0 -c 192.0.2.20 -p 5203 -n 12M
hot "bound to vmk0's address" vmk1 vmk1 -c 192.0.2.21 -p 5204 -B 192.0.2.10 -P 4 -n 12M
hot 'bound to the device vmk0' vmk0 vmk1 -c 192.0.2.21 -p 5205 --bind-dev vmk0 -P 4 -n 12M

lesson 'Linux chooses by route, not by the address a sender binds to: of two NICs
	in one subnet the second is reached only by who binds to the device itself.'
