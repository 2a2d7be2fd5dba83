# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A virtual machine migrates, one NIC in the same subnet: the pitfall'
same_subnet vmk1 vmk0
setup 'The same virtual machine with five snapshots, but vmk0 and vmk1 are in one subnet.
	The route of vmk1 is first: plain Linux would send everything by vmk1.'
question 'One subnet, one migration NIC: which NIC does the running machine leave by, and is
	anybody told?'

on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
reason same-subnet 192.0.2.21 tag hot
virtual_machine 5
classify
copy_cold 192.0.2.20 vmk0 vmk0
migrate 192.0.2.21 vmk0 vmk0 vmk1

lesson 'The pitfall with a real migration: memory and active disk leave by the first NIC
	like the copies. It works, nobody is told, and the migration NIC sends nothing.'
