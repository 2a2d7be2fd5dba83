# SPDX-License-Identifier: GPL-2.0-only
# What scenarios with a virtual machine of QEMU are written in; sourced, not run.
# shellcheck shell=bash
# shellcheck disable=SC2154  # demo.sh, topology.sh, console.sh and qmp.sh set the rest

# announce HOST WORD...: what is about to be done there, for who wants to see it all
announce() {
	((!V)) || show_command "$1#" "${@:2}"
	record command host "$1" command "${*:2}" output ''
}

# must COMMAND...: it has to succeed, for the scenario to go on
must() { "$@" || die "scenario ${measured##*/}: $*: $REPLY"; }

# check WHAT EXPECTED SEEN
check() { record check text "$1" expected "$2" seen "$3"; }

# virtual_machine SNAPSHOTS: running on esx-a, what QEMU sends being hot
virtual_machine() {
	local folder
	step "esx-a: QEMU starts a virtual machine with $1 snapshots"
	must make_storage esx-a esx-b
	must make_vm "$1" migsel exec hot --
	folder=/proc/${storage[esx-a]}/root/mnt/vm1
	"${fast}head" -c 64k /dev/urandom >"$folder/vm1.nvram"
	"${fast}head" -c 2m /dev/urandom >"$folder/vm1.log"
}

# classify: the files of the virtual machine; the cold ones into `cold_files`
classify() {
	local class file
	image "$active"
	hot_file=$REPLY
	cold_files=()
	on esx-a migsel classify "$hot_file"
	while read -r class _ file; do
		[[ $class != cold ]] || cold_files+=("$file")
	done <<<"$output"
	record classified text "$output" sizes "$(on_host esx-a "${fast}stat" -c '%s %n' "$hot_file" "${cold_files[@]}")"
}

# copy_cold ADDRESS LEAVES ARRIVES: what is cold, by rsync
copy_cold() {
	printf '%s\n' '[vm1]' 'path = /mnt/vm1' 'read only = no' 'use chroot = no' 'uid = 0' 'gid = 0' \
		>"/proc/${storage[esx-b]}/root/mnt/rsyncd.conf"
	start_server 873 rsync --daemon --no-detach --config /mnt/rsyncd.conf
	await_servers
	measure cold 'cold files' "$2" "$3" copy \
		migsel exec cold -- rsync -t -W --stats "${cold_files[@]}" "rsync://$1/vm1/"
	end_servers
}

copy() {
	send "$@"
	[[ $report =~ Total\ bytes\ sent:\ ([0-9,]+) ]] || return 0
	report="{\"port\":873,\"streams\":1,\"bytes\":${BASH_REMATCH[1]//,/}}"
}

# migrate ADDRESS LEAVES_DISK LEAVES_MEMORY ARRIVES: and then it runs on esx-b
migrate() {
	local before
	step 'esx-b: QEMU waits for it'
	must receive_vm "$1"
	measure hot 'active disk' "$2" "$4" mirror "$1"
	must guest_writes 10 256k
	measure hot 'memory' "$3" "$4" move_memory "$1"
	if [[ -z $migrated ]]; then
		check 'the migration' completed failed
		return
	fi
	step 'esx-b: it goes on running, and what both hosts have of it is compared'
	must tell esx-b nbd-server-stop
	must count_of esx-a
	before=$REPLY
	must save_memory
	must tell esx-b cont
	must counts esx-b
	((REPLY > before)) && before=yes || before="no: from $before to $REPLY"
	check 'the virtual machine counts on' yes "$before"
	must vm_status esx-b
	check 'its state on esx-b' running "$REPLY"
	compare
}

mirror() {
	step "esx-a: QEMU connects to $1, for the active disk"
	command='blockdev-mirror, in QEMU'
	mirror_disk "$1" || { why=$REPLY; return; }
	report="{\"port\":$disk_port,\"streams\":1,\"bytes\":$REPLY}"
}

move_memory() {
	step "esx-a: QEMU connects to $1, for memory"
	# shellcheck disable=SC2034  # command and why: for measure
	command='migrate, in QEMU' migrated=
	# shellcheck disable=SC2034
	if ! start_migration "$1" || ! hand_over; then
		why=$REPLY
		return
	fi
	migrated=1
	field transferred
	report="{\"port\":$memory_port,\"streams\":5,\"bytes\":$REPLY}"
}

# refused_migrate ADDRESS: and it goes on running on esx-a
refused_migrate() {
	step 'esx-b: QEMU waits for it'
	must receive_vm "$1"
	measure hot 'active disk' refused '' mirror "$1"
	measure hot 'memory' refused '' move_memory "$1"
	if counts esx-a; then
		check 'the virtual machine counts on' yes yes
	else
		check 'the virtual machine counts on' yes "no: $REPLY"
	fi
	must vm_status esx-a
	check 'its state on esx-a' running "$REPLY"
}

save_memory() {
	local host
	for host in esx-a esx-b; do
		tell "$host" pmemsave val=0 size=33554432 filename=/mnt/memory || return
	done
}

# Memory, the disk as the guest sees it, and each file that was copied: what both
# hosts have of them. QEMU has ended by then.
compare() {
	local host file sum
	local -a convert=(qemu-img convert -O raw "$hot_file" /mnt/disk)
	local -a sums=(sha256sum /mnt/memory /mnt/disk "${cold_files[@]}")
	local -A on_a=()
	end_vm esx-a
	end_vm esx-b
	for host in esx-a esx-b; do
		((!V)) || show_command "$host#" "${convert[@]}"
		unseen_on "$host" "${convert[@]}"
		((!V)) || show_command "$host#" "${sums[@]}"
		unseen_on "$host" "${sums[@]}"
		while read -r sum file; do
			if [[ $host == esx-a ]]; then
				on_a[$file]=$sum
			else
				check "sha256 of ${file#/mnt/}" "${on_a[$file]-}" "$sum"
			fi
		done <<<"$output"
	done
	check 'files compared by sha256' $((${#cold_files[@]} + 2)) "${#on_a[@]}"
}
