# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
title 'A virtual machine is to migrate, no migration NIC: refused'
same_subnet vmk1 vmk0
setup 'vmk0 and vmk1 are in one subnet, migration is off on both. The virtual machine
	with five snapshots is to migrate all the same.'
question 'No NIC is for migration: what is QEMU told, and what becomes of the machine?'

on esx-a migsel vmk add vmk0
on esx-a migsel vmk add vmk1
reason no-migration-vmk 192.0.2.21 tag hot
virtual_machine 5
classify
copy_cold 192.0.2.20 vmk0 vmk0
refused_migrate 192.0.2.21

lesson 'QEMU is told at once that there is no route, says so, and the virtual machine
	goes on running where it is. Cold files are copied all the same.'
