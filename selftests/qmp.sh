# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154  # netns, fast, scratch: from who sources this
#
# A virtual machine on esx-a and its migration to esx-b; sourced by the demo and by
# migrate.sh. It is a QEMU that is told what to do in QMP. Both hosts see the folder
# `scratch`; what is below /mnt each has for itself.
#
# Who sources this has: netns[HOST], names of network namespaces; fast, where fast
# programs are; announce HOST WORD..., which shows what is about to be done.

disk_port=5301 memory_port=5302
declare -A storage=() vm=() to_vm=() from_vm=()

exec {silence}<> <(:)
short_nap() { read -rt 0.1 -u "$silence" || :; }

# make_storage HOST...: a file system of its own for each, on /mnt
make_storage() {
	local host fd
	for host; do
		# shellcheck disable=SC2016  # for that process
		exec {fd}< <(exec "${fast}unshare" -m "${fast}sh" -c '
			"$1" -t tmpfs tmpfs /mnt && mkdir /mnt/vm1 && echo ready && exec "$0" 100000
		' "${fast}sleep" "${fast}mount")
		storage[$host]=$!
		read -rt 60 -u "$fd" || return
		exec {fd}<&-
	done
}

# enter HOST: into `enter` what is put in front of a command, for it to be in the
# host's network, with its storage where it has one
enter() {
	enter=("${fast}nsenter" --net="/run/netns/${netns[$1]}")
	[[ -z ${storage[$1]-} ]] || enter+=(--mount="/proc/${storage[$1]}/ns/mnt")
}

# on_host HOST COMMAND...
on_host() {
	local enter
	enter "$1"
	"${enter[@]}" "${@:2}"
}

# QMP -------------------------------------------------------------------------

# start_vm HOST COMMAND...: a QEMU with QMP on its standard input and output
start_vm() {
	local host=$1 fifo=$scratch/$1.qmp enter to from
	shift
	announce "$host" "$@" '&'
	enter "$host"
	rm -f "$fifo"
	mkfifo "$fifo"
	exec {to}<>"$fifo"
	exec {from}< <(exec "${enter[@]}" "$@" <"$fifo" 2>"$scratch/$host.stderr")
	vm[$host]=$! to_vm[$host]=$to from_vm[$host]=$from
	qmp "$host" qmp_capabilities
}

# qmp HOST COMMAND [KEY=VALUE]...: into REPLY what it returns, or why it fails. A
# VALUE is a number, a boolean, JSON in brackets, or else text.
qmp() {
	local host=$1 command=$2 word value arguments=
	shift 2
	for word; do
		value=${word#*=}
		[[ $value =~ ^([0-9]+|true|false|\{.*|\[.*)$ ]] || value="\"${value//\"/\\\"}\""
		arguments+="${arguments:+,}\"${word%%=*}\":$value"
	done
	printf '{"execute":"%s","arguments":{%s}}\n' "$command" "$arguments" >&"${to_vm[$host]}"
	while read -rt 60 -u "${from_vm[$host]}"; do
		REPLY=${REPLY%$'\r'}
		case $REPLY in
		'{"return": '*)
			REPLY=${REPLY#*: }
			REPLY=${REPLY%\}}
			return ;;
		'{"error": '*)
			REPLY=${REPLY##*'"desc": "'}
			REPLY=${REPLY%'"}}'}
			return 1 ;;
		esac
	done
	REPLY="QEMU on $host does not answer: $(<"$scratch/$host.stderr")"
	return 1
}

# tell HOST COMMAND [KEY=VALUE]...: the same, for all to see
tell() {
	announce "$1 QEMU" "${@:2}"
	qmp "$@"
}

# monitor HOST COMMAND: in the language that QEMU has for people
monitor() { qmp "$1" human-monitor-command command-line="$2"; }

# field NAME: of what QMP has returned, into REPLY
field() { [[ $REPLY =~ \"$1\":\ \"?([^\",\}]*) ]] && REPLY=${BASH_REMATCH[1]}; }

# vm_status HOST; count_of HOST: how far its firmware has counted
vm_status() { qmp "$1" query-status && field status; }
count_of() {
	monitor "$1" 'xp /1dw 0x600' && [[ $REPLY =~ :\ *([0-9]+) ]] && REPLY=${BASH_REMATCH[1]}
}

# counts HOST: the virtual machine there is running; where to, is in REPLY
counts() {
	local before tries
	count_of "$1" || return
	before=$REPLY
	for ((tries = 0; tries < 100; tries++)); do
		short_nap
		count_of "$1" || return
		((REPLY == before)) || return 0
	done
	return 1
}

end_vm() {
	local to=${to_vm[$1]} from=${from_vm[$1]}
	qmp "$1" quit || kill "${vm[$1]}" 2>/dev/null || :
	wait "${vm[$1]}" 2>/dev/null || :
	exec {to}>&- {from}<&-
	unset "vm[$1]"
}

# Whatever is left of both hosts.
end_vms() {
	((${#vm[@]} + ${#storage[@]})) || return 0
	kill -KILL "${vm[@]}" "${storage[@]}" 2>/dev/null || :
	wait "${vm[@]}" "${storage[@]}" 2>/dev/null || :
	vm=() storage=()
}

# The virtual machine ---------------------------------------------------------

# 32 MB of memory, half of it random, and firmware that counts, see ticker.S; a disk of
# 16 MB. What that is based on and each snapshot have 2 MB, of which the next one
# overwrites a part; the active image has 8 MB.

layer() { (($1)) && REPLY=disk-$1 || REPLY=disk; }
image() { layer "$1" && REPLY=/mnt/vm1/$REPLY.qcow2; }

# machine LAYER: a QEMU with that image, into `machine`
machine() {
	layer "$1"
	machine=(qemu-system-x86_64 -machine q35 -accel tcg -cpu 'qemu64,-apic' -m 32
		-nodefaults -display none -qmp stdio -bios "$firmware"
		-blockdev "driver=qcow2,node-name=$REPLY,file.driver=file,file.filename=/mnt/vm1/$REPLY.qcow2"
		-device "virtio-blk-pci,id=disk,drive=$REPLY")
}

firmware=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/ticker

# random NAME SIZE: a file, made once
random() {
	REPLY=$scratch/$1
	[[ -e $REPLY ]] || "${fast}head" -c "$2" /dev/urandom >"$REPLY"
}

# guest_writes LAYER SIZE: random data to the disk of esx-a
guest_writes() {
	random "layer-$1-$2" "$2"
	monitor esx-a "qemu-io -d /machine/peripheral/disk/virtio-backend \"write -q -s $REPLY $((3 * $1 / 2))M $2\""
}

# make_vm SNAPSHOTS [WORD]...: a running one on esx-a, QEMU started with these words in
# front. `active` is the number of its active image, those before it are cold.
make_vm() {
	local n before machine
	active=$1
	shift
	announce esx-a qemu-img create -q -f qcow2 /mnt/vm1/disk.qcow2 16M
	on_host esx-a qemu-img create -q -f qcow2 /mnt/vm1/disk.qcow2 16M || return
	machine 0
	random ram 16m
	start_vm esx-a "$@" "${machine[@]}" \
		-device "loader,file=$REPLY,addr=0x1000000,force-raw=on" || return
	for ((n = 0; n < active; n++)); do
		guest_writes "$n" 2m || return
		layer "$n"
		before=$REPLY
		layer $((n + 1))
		tell esx-a blockdev-snapshot-sync node-name="$before" \
			snapshot-file="/mnt/vm1/$REPLY.qcow2" snapshot-node-name="$REPLY" || return
	done
	guest_writes "$active" 8m
}

# Its migration ---------------------------------------------------------------

# memory_uri ADDRESS
memory_uri() { [[ $1 == *:* ]] && echo "tcp:[$1]:$memory_port" || echo "tcp:$1:$memory_port"; }

# receive_vm ADDRESS: a QEMU on esx-b that waits for it, with an empty active image
# on top of what has been copied, and offers that for writing. It will not run at once.
receive_vm() {
	local machine
	local -a create=(qemu-img create -q -f qcow2)
	if ((active)); then
		image $((active - 1))
		create+=(-F qcow2 -b "$REPLY")
	fi
	image "$active"
	create+=("$REPLY" 16M)
	announce esx-b "${create[@]}"
	on_host esx-b "${create[@]}" || return
	machine "$active"
	start_vm esx-b "${machine[@]}" -S -incoming defer &&
		tell esx-b nbd-server-start "addr={\"type\":\"inet\",\"data\":{\"host\":\"$1\",\"port\":\"$disk_port\"}}" &&
		layer "$active" &&
		tell esx-b block-export-add type=nbd id=export name=disk node-name="$REPLY" writable=true &&
		tell esx-b migrate-set-capabilities 'capabilities=[{"capability":"multifd","state":true}]' &&
		tell esx-b migrate-set-parameters multifd-channels=4 &&
		tell esx-b migrate-incoming uri="$(memory_uri "$1")"
}

# mirror_disk ADDRESS: until both active images are the same, and all that is written
# goes to both; into REPLY how much that was.
mirror_disk() {
	tell esx-a blockdev-add driver=nbd node-name=mirror export=disk \
		"server={\"type\":\"inet\",\"host\":\"$1\",\"port\":\"$disk_port\"}" &&
		layer "$active" &&
		tell esx-a blockdev-mirror job-id=mirror device="$REPLY" target=mirror sync=top || return
	wait_for_job && field offset
}

wait_for_job() {
	while qmp esx-a query-block-jobs; do
		[[ $REPLY != '[]' ]] || { REPLY='the mirror has ended'; return 1; }
		[[ $REPLY != *'"status": "ready"'* ]] || return 0
		short_nap
	done
	return 1
}

# start_migration ADDRESS: of the memory. It stops before it hands over, for the
# mirror to end in between.
start_migration() {
	tell esx-a migrate-set-capabilities \
		'capabilities=[{"capability":"multifd","state":true},{"capability":"pause-before-switchover","state":true}]' &&
		tell esx-a migrate-set-parameters multifd-channels=4 &&
		tell esx-a migrate uri="$(memory_uri "$1")"
}

# migration_is STATUS: waits until it is; else why not is in REPLY
migration_is() {
	local state tries
	for ((tries = 0; tries < 600; tries++)); do
		qmp esx-a query-migrate || return
		state=$REPLY
		field status || :
		[[ $REPLY != "$1" ]] || { REPLY=$state; return 0; }
		if [[ $REPLY == @(failed|cancelled|completed) ]]; then
			REPLY=$state
			field error-desc || REPLY="the migration has $state"
			return 1
		fi
		short_nap
	done
	REPLY="the migration is $REPLY, and not $1"
	return 1
}

# hand_over: the end of the mirror and of the migration. Both machines stand still.
hand_over() {
	migration_is pre-switchover &&
		tell esx-a block-job-cancel device=mirror || return
	while qmp esx-a query-block-jobs && [[ $REPLY != '[]' ]]; do
		short_nap
	done
	tell esx-a blockdev-del node-name=mirror &&
		tell esx-a migrate-continue state=pre-switchover &&
		migration_is completed
}
