# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A virtual machine migrates, own subnet: as intended'
own_subnet
setup 'vmk1 is in a subnet of its own. QEMU runs a virtual machine on esx-a with five
	snapshots, and is started as hot: what it sends by itself is the active disk and
	memory. The rest of its folder is copied before, as cold.'
question 'One migration NIC, in a subnet of its own: which part of the machine leaves by which
	NIC?'

on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
reason dedicated-subnet 198.51.100.21 tag hot
virtual_machine 5
classify
copy_cold 192.0.2.20 vmk0 vmk0
migrate 198.51.100.21 vmk1 vmk1 vmk1

lesson 'Memory and active disk go by the migration NIC, base disk and older snapshots by
	the first NIC; memory and the whole chain of disks are the same on both hosts.'
