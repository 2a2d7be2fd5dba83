#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU migrates a virtual machine, with its active disk, and in the middle of it a NIC,
# a vmk or the module goes: the virtual machine and its data are whole afterwards,
# on one host or the other.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"
. "$here/qmp.sh"

announce() { :; }
fast=''

# works COMMAND...: or it is said why not
works() { "$@" || { fail "$*: $REPLY"; false; }; }

# What a host has there, for all to see.
seen_by() { echo "/proc/${storage[$1]}/root/mnt"; }

# The virtual machine, on esx-a, with one snapshot, and its mirrored disk.
make_pair() {
	declare -gA netns=([esx-a]=$A [esx-b]=$B)
	defer end_vms
	works make_storage esx-a esx-b &&
		works make_vm 1 migsel exec hot -- &&
		cp "$(seen_by esx-a)/vm1/disk.qcow2" "$(seen_by esx-b)/vm1/" &&
		works receive_vm "$1" &&
		works mirror_disk "$1" || return
	disk_bytes=$REPLY
	((disk_bytes >= 8388608)) || fail "only $disk_bytes bytes were mirrored"
}

# begin_slowly ADDRESS: most of the memory is still to come when this returns
begin_slowly() {
	works qmp esx-a migrate-set-parameters max-bandwidth=3000000 &&
		works start_migration "$1" || return
	wait_for 20 moved 3000000 || fail "the memory does not move: $REPLY"
	works guest_writes 10 256k
}

# moved BYTES: of the memory
moved() {
	qmp esx-a query-migrate && field transferred && ((REPLY >= $1))
}

# The rest of it at full speed; then both have the same, and esx-b goes on with it.
ends_well() {
	local host image file
	works qmp esx-a migrate-set-parameters max-bandwidth=100000000
	works hand_over && works qmp esx-b nbd-server-stop || return
	for host in esx-a esx-b; do
		works qmp "$host" pmemsave val=0 size=33554432 filename=/mnt/memory
	done
	works qmp esx-b cont
	works counts esx-b
	image "$active"
	image=$REPLY
	for host in esx-a esx-b; do
		end_vm "$host"
		on_host "$host" qemu-img convert -O raw "$image" /mnt/disk || fail "no disk on $host"
	done
	for file in memory disk; do
		cmp "$(seen_by esx-a)/$file" "$(seen_by esx-b)/$file" || fail "$file differs"
	done
}

# esx-a has it still: it runs, its random memory is as it was, its disk as written.
source_is_whole() {
	local image
	works counts esx-a
	works vm_status esx-a
	[[ $REPLY == running ]] || fail "it is $REPLY on esx-a"
	works qmp esx-a pmemsave val=16777216 size=16777216 filename=/mnt/memory
	cmp "$scratch/ram" "$(seen_by esx-a)/memory" || fail 'its memory differs'
	image "$active"
	image=$REPLY
	end_vm esx-a
	on_host esx-a qemu-img convert -O raw "$image" /mnt/disk || fail 'no disk'
	# What was written first, before half of it was written over; active; last.
	cmp -n 1048576 "$scratch/layer-0-2m" "$(seen_by esx-a)/disk" || fail 'its disk differs'
	cmp -i 0:1048576 -n 8388608 "$scratch/layer-1-8m" "$(seen_by esx-a)/disk" || fail 'its disk differs'
	cmp -i 0:15728640 -n 262144 "$scratch/layer-10-256k" "$(seen_by esx-a)/disk" || fail 'its disk differs'
}

carrier() { ip -n "$SW" link set "$1" "$2"; }

# The NIC that the mirror is on, and half of the streams.
carrier_lost_of_two() {
	local before
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	make_pair 192.0.2.21 || return
	begin_slowly 192.0.2.21
	tx vmk0
	before=$REPLY
	defer 'carrier a1 up'
	carrier a1 down
	more_by 5 vmk2 1000000
	ends_well
	tx vmk0
	((REPLY - before < 50000)) || fail "$((REPLY - before)) bytes by vmk0"
	reasons multi-nic
}

one_nic() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	make_pair 198.51.100.21 && begin_slowly 198.51.100.21 || return
	defer 'carrier a1 up'
	carrier a1 down
	stalls
}

# Neither an end nor progress within two seconds.
stalls() {
	local end=$((SECONDS + 3)) before
	works qmp esx-a query-migrate
	field transferred
	tx vmk1
	before=$REPLY
	while ((SECONDS < end)); do
		nap
	done
	tx vmk1
	((REPLY == before)) || fail "$((REPLY - before)) bytes by a NIC without carrier"
	works qmp esx-a query-migrate
	field status
	[[ $REPLY == active ]] || fail "the migration is $REPLY"
	counts esx-a || fail 'it does not run'
}

# migrate_cancel alone would wait for streams that stall.
carrier_lost_of_one() {
	one_nic || return
	works qmp esx-a yank \
		'instances=[{"type":"migration"},{"type":"block-node","node-name":"mirror"}]'
	wait_for 20 has_failed || fail "it is $REPLY"
	source_is_whole
}

has_failed() {
	qmp esx-a query-migrate && field status && [[ $REPLY == failed ]]
}

carrier_comes_back() {
	one_nic || return
	carrier a1 up
	ends_well
	reasons dedicated-subnet link-down
}

# The other migration NIC is the only one then, in the subnet of vmk0.
vmk_removed() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	make_pair 192.0.2.21 || return
	begin_slowly 192.0.2.21
	migsel -n "$A" vmk del vmk1 || fail 'no vmk del'
	more_by 5 vmk0 1000000
	ends_well
	reasons multi-nic same-subnet
}

module_unloaded() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	make_pair 192.0.2.21 || return
	begin_slowly 192.0.2.21
	timeout 20 rmmod migsel || fail 'the module does not go'
	defer 'modprobe migsel'
	more_by 5 vmk0 1000000
	ends_well
}

need qemu-system-x86_64 qemu-img modprobe rmmod cmp
ktap_print_header
ktap_set_plan 5
make_hosts
run_test 'one of two migration NICs loses carrier' carrier_lost_of_two
run_test 'the only one does, and the migration is given up' carrier_lost_of_one
run_test 'the only one does, and gets it back' carrier_comes_back
run_test 'a vmk is removed' vmk_removed
run_test 'the module is unloaded' module_unloaded
ktap_finished
