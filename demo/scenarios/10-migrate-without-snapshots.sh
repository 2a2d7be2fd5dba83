# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A virtual machine without snapshots migrates: its disk is hot'
own_subnet
setup 'vmk1 is in a subnet of its own. The virtual machine has no snapshots: its disk is
	active, and only the other files of its folder are cold.'
question 'Without snapshots, what of the machine still leaves by the first NIC?'

on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1 migration on
reason dedicated-subnet 198.51.100.21 tag hot
virtual_machine 0
classify
copy_cold 192.0.2.20 vmk0 vmk0
migrate 198.51.100.21 vmk1 vmk1 vmk1

lesson 'Without snapshots the whole disk is hot. The more of a disk is in snapshots, the
	more of a migration goes by the first NIC.'
