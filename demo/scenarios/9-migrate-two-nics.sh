# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A virtual machine migrates, two migration NICs: the cure'
same_subnet vmk1 vmk0 vmk2
setup 'The same virtual machine with five snapshots. All three NICs are in one subnet,
	the route of vmk1 is first; vmk1 and vmk2 carry migration traffic. QEMU sends memory by
	four streams (multifd) and one that controls them.'
question 'One subnet, two migration NICs: which NIC does the disk leave by, and which does memory?'

on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
on esx-a migsel vmk add vmk2 migration on
reason multi-nic 192.0.2.21 tag hot
virtual_machine 5
classify
copy_cold 192.0.2.20 vmk0 vmk0
migrate 192.0.2.21 vmk1 vmk1+vmk2 vmk1

lesson 'The streams of memory are divided between both migration NICs, and the mirror of
	the active disk is one stream on one of them: none leaves by vmk0.'
