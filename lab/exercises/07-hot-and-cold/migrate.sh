#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migrate.sh ADDRESS    runs the virtual machine of /mnt/vm1 on esx-a and migrates it to esx-b,
#                       which is told to expect it on that address
#
# QEMU sends its active disk and its memory by itself, with the tag that it was started with.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
scratch=/tmp
# shellcheck disable=SC2034  # for qmp.sh
declare -A netns=([esx-a]=esx-a [esx-b]=esx-b)
fast=
announce() { :; }
# shellcheck source=selftests/qmp.sh
. "$here/../../../selftests/qmp.sh"
active=2
storage[esx-b]=$(</tmp/storage)

# What esx-b stores is to stay, unlike both machines.
die() {
	echo "migrate: $*" >&2
	storage=()
	end_vms
	exit 1
}
must() { "$@" || die "${REPLY:-$1}"; }

(($# == 1)) || die 'to which address of esx-b?'
for file in disk disk-1; do
	on_host esx-b test -s "/mnt/vm1/$file.qcow2" || die "esx-b does not have $file.qcow2, which the active disk is based on"
done
on_host esx-b rm -f /mnt/vm1/disk-2.qcow2
machine "$active"
random memory 16m
must start_vm esx-a "${machine[@]}" -device "loader,file=$REPLY,addr=0x1000000,force-raw=on"
echo 'migrate: it runs on esx-a'
must receive_vm "$1"
must mirror_disk "$1"
echo 'migrate: esx-b has its active disk'
must start_migration "$1"
must hand_over
must qmp esx-b nbd-server-stop
must qmp esx-b cont
# QEMU there answers before it has read all that came.
counts esx-b || die "it does not run on esx-b: $REPLY"
end_vm esx-a
echo 'migrate: esx-b has its memory, and it runs there'
