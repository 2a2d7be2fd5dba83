#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libvirt as the engine: two daemons, each on a host of its own, migrate a virtual
# machine. What it sends is tagged as the documentation has it, and only so leaves by the
# NIC that the rule names: plain Linux would take vmk1.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"
. "$here/qmp.sh"

announce() { :; }
fast=''
declare -A daemon=()

# start_daemon HOST [WORD]...: libvirtd there, started with these words in front. What it
# keeps, and /etc/passwd with the user that it looks for, are the host's own.
start_daemon() {
	local host=$1 enter fd
	shift
	enter "$host"
	# shellcheck disable=SC2016  # for that process
	exec {fd}< <(exec "${enter[@]}" unshare -m -u bash -c '
		for dir in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /run; do
			[[ -d $dir ]] || dir=${dir%/*} # libvirtd makes them when it first runs
			mount -t tmpfs tmpfs $dir || exit
		done
		{ cat /etc/passwd; echo "libvirt-qemu:x:64055:64055::/:/bin/false"; } >/run/passwd
		{ cat /etc/group; echo "kvm:x:64056:"; echo "libvirt-qemu:x:64055:"; } >/run/group
		mount --bind /run/passwd /etc/passwd
		mount --bind /run/group /etc/group
		printf "%s\n" "listen_tls = 0" "listen_tcp = 1" "auth_tcp = \"none\"" \
			"auth_unix_rw = \"none\"" "host_uuid = \"$1\"" >/etc/libvirt/libvirtd.conf
		printf "%s\n" "user = \"root\"" "group = \"root\"" "dynamic_ownership = 0" \
			"remember_owner = 0" "security_driver = \"none\"" "namespaces = []" \
			"stdio_handler = \"file\"" "migrate_tls_x509_cert_dir = \"/etc/libvirt/pki\"" >/etc/libvirt/qemu.conf
		cp -r "$2" /etc/libvirt/pki
		hostname "$0"
		echo ready
		shift 2
		exec "$@"
	' "$host" "$(</proc/sys/kernel/random/uuid)" "$scratch/pki" "$@" libvirtd --listen 2>"$scratch/$host.libvirtd")
	daemon[$host]=$!
	read -rt 60 -u "$fd" || { fail "no daemon: $(<"$scratch/$host.libvirtd")"; return 1; }
	exec {fd}<&-
	wait_for 120 virsh_on "$host" list || fail "libvirtd does not answer: $(<"$scratch/$host.libvirtd")"
}

# virsh_on HOST WORD...
virsh_on() {
	local host=$1
	shift
	nsenter --net="/run/netns/${netns[$host]}" --mount="/proc/${daemon[$host]}/ns/mnt" \
		virsh -q -c qemu:///system "$@" >"$scratch/virsh" 2>&1
}

must() { virsh_on "$@" || { fail "virsh ${*:2}: $(<"$scratch/virsh")"; return 1; }; }

domain() {
	cat <<-END
		<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
			<name>vm1</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
			<os>
				<type arch='x86_64' machine='q35'>hvm</type>
				<loader readonly='yes' type='rom'>$firmware</loader>
			</os>
			<features><apic/></features>
			<devices>
				<emulator>/usr/bin/qemu-system-x86_64</emulator>
				<disk type='file'>
					<driver name='qemu' type='qcow2'/>
					<source file='/mnt/vm1/disk-1.qcow2'/>
					<target dev='vda' bus='virtio'/>
				</disk>
				<controller type='usb' model='none'/>
				<memballoon model='none'/>
			</devices>
			<qemu:commandline>
				<qemu:arg value='-device'/>
				<qemu:arg value='loader,file=/mnt/ram,addr=0x1000000,force-raw=on'/>
			</qemu:commandline>
		</domain>
	END
}

# make_domain: running on esx-a; its base image on both, its active one written
make_domain() {
	local host folder
	random base 2m
	qemu-img convert -O qcow2 "$REPLY" "$scratch/base.qcow2" || fail 'no image'
	for host in esx-a esx-b; do
		folder=/proc/${daemon[$host]}/root/mnt
		# What esx-b loads at first, is not what is to arrive there.
		"${fast}head" -c 16m /dev/urandom >"$folder/ram"
		cp "$scratch/base.qcow2" "$folder/vm1/disk.qcow2"
		on_host "$host" qemu-img create -q -f qcow2 -F qcow2 -b disk.qcow2 /mnt/vm1/disk-1.qcow2 16M || fail 'no image'
	done
	random active 8m
	on_host esx-a qemu-io -c "write -q -s $REPLY 1m 8m" /mnt/vm1/disk-1.qcow2 || fail 'nothing written'
	domain >"$scratch/domain.xml"
	must esx-a create "$scratch/domain.xml"
}

# make_keys: certificates for both hosts, as server and as client, in $scratch/pki
make_keys() {
	local pki=$scratch/pki name
	mkdir "$pki" 2>/dev/null || return 0 # of the test before
	local -a request=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
	{
		"${request[@]}" -subj /CN=ca -keyout "$pki/ca-key.pem" -out "$pki/ca-cert.pem" &&
			"${request[@]}" -CA "$pki/ca-cert.pem" -CAkey "$pki/ca-key.pem" -subj /CN=esx \
				-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:192.0.2.21 \
				-keyout "$pki/server-key.pem" -out "$pki/server-cert.pem"
	} 2>"$scratch/openssl" || fail "no certificate: $(<"$scratch/openssl")"
	for name in key cert; do
		cp "$pki/server-$name.pem" "$pki/client-$name.pem"
	done
}

# start_hosts WORD...: two hosts; the daemon of esx-a started with these words in front
start_hosts() {
	declare -gA netns=([esx-a]=$A [esx-b]=$B)
	shape S S 1 2 0
	vmks vmk0 vmk1+
	defer end_vms
	make_storage esx-a esx-b || fail 'no storage'
	defer end_daemons
	make_keys
	start_daemon esx-a "$@" && start_daemon esx-b && make_domain
}

end_daemons() {
	local host
	for host in esx-a esx-b; do
		[[ ${daemon[$host]-} ]] || continue
		virsh_on "$host" destroy vm1
		stop "${daemon[$host]}"
	done
	daemon=()
}

# has_sent BYTES: at least so many have left by vmk0, all as hot
has_sent() {
	tx vmk0
	((REPLY - sent_before >= $1)) || fail "$((REPLY - sent_before)) bytes by vmk0, not $1"
	read_stats
	((${bytes[same-subnet]-0} >= $1)) || fail "${bytes[same-subnet]-0} bytes are counted as same-subnet, not $1"
}

# The virtual machine runs on esx-b, with the random memory of esx-a.
arrived() {
	must esx-b domstate vm1
	[[ $(<"$scratch/virsh") == running* ]] || fail "it is $(<"$scratch/virsh")"
	must esx-b qemu-monitor-command vm1 --hmp 'pmemsave 0x1000000 0x1000000 "/mnt/memory"'
	cmp "/proc/${daemon[esx-a]}/root/mnt/ram" "/proc/${daemon[esx-b]}/root/mnt/memory" || fail 'memory differs'
}

# Its memory by four streams, its active disk by a mirror: QEMU connects for all that.
parallel() {
	local host sent_before
	start_hosts || return
	tag_by_port
	tx vmk0
	sent_before=$REPLY
	must esx-a migrate --live --p2p --parallel --parallel-connections 4 --copy-storage-inc vm1 \
		qemu+tcp://192.0.2.20/system tcp://192.0.2.21 || return
	has_sent $(((16 + 8) << 20))
	arrived
	must esx-b destroy vm1
	for host in esx-a esx-b; do
		on_host "$host" qemu-img convert -O raw /mnt/vm1/disk-1.qcow2 /mnt/disk || fail 'no disk'
	done
	cmp "/proc/${daemon[esx-a]}/root/mnt/disk" "/proc/${daemon[esx-b]}/root/mnt/disk" || fail 'disk differs'
}

# The disk is there already: what is left to migrate is memory.
copy_disk() {
	cp "/proc/${daemon[esx-a]}/root/mnt/vm1/disk-1.qcow2" "/proc/${daemon[esx-b]}/root/mnt/vm1/"
}

# sends HOT UNTAGGED WORD...: so many MiB of it travel at least if migrate is told these
# words, and of what is 0 less than one; it is on esx-a again afterwards
sends() {
	local hot=$1 untagged=$2 sent_before plain_before
	shift 2
	migsel -n "$A" stats reset || fail 'no reset'
	tx vmk1
	plain_before=$REPLY
	tx vmk0
	sent_before=$REPLY
	must esx-a migrate --live --unsafe vm1 --p2p "$@" || return
	has_sent $((hot << 20))
	((hot || ${bytes[same-subnet]-0} < 1 << 20)) || fail "$*: ${bytes[same-subnet]} bytes are hot"
	tx vmk1
	((REPLY - plain_before >= untagged << 20)) || fail "$*: $((REPLY - plain_before)) bytes by vmk1"
	((untagged || REPLY - plain_before < 1 << 20)) || fail "$*: $((REPLY - plain_before)) bytes are untagged"
	arrived
	must esx-b destroy vm1
	must esx-a create "$scratch/domain.xml"
}

there=(qemu+tcp://192.0.2.20/system)

# The daemon connects, and with --tunnelled to the other daemon.
by_the_daemon() {
	start_hosts migsel exec hot -- || return
	copy_disk
	sends 16 0 "${there[@]}" tcp://192.0.2.21 &&
		sends 16 0 --tls "${there[@]}" tcp://192.0.2.21 &&
		sends 16 0 --tunnelled qemu+tcp://192.0.2.21/system &&
		sends 16 0 --migrateuri tcp://192.0.2.21:5900 "${there[@]}" &&
		sends 16 0 --postcopy "${there[@]}" tcp://192.0.2.21 &&
		sends 0 16 --parallel "${there[@]}" tcp://192.0.2.21
}


by_port() {
	start_hosts || return
	copy_disk
	tag_by_port
	sends 16 0 "${there[@]}" tcp://192.0.2.21 &&
		sends 16 0 --tls "${there[@]}" tcp://192.0.2.21 &&
		sends 16 0 --postcopy "${there[@]}" tcp://192.0.2.21 &&
		sends 0 16 --tunnelled qemu+tcp://192.0.2.21/system &&
		sends 0 16 --migrateuri tcp://192.0.2.21:5900 "${there[@]}" &&
		sends 16 8 --copy-storage-inc --disks-port 5901 "${there[@]}" tcp://192.0.2.21 || return
	# The ports that are named there. The daemon does not give one for disks back.
	sed 's/49152-49215/&, 5900, 5902, 16509/; 1i delete table inet migsel' "$scratch/rules" >"$scratch/more"
	in_netns "$A" nft -f "$scratch/more" || fail 'no more ports'
	sends 16 0 --tunnelled qemu+tcp://192.0.2.21/system &&
		sends 16 0 --migrateuri tcp://192.0.2.21:5900 "${there[@]}" &&
		sends 24 0 --copy-storage-inc --disks-port 5902 "${there[@]}" tcp://192.0.2.21
}

need libvirtd virsh qemu-system-x86_64 qemu-img openssl cmp
ktap_print_header
ktap_set_plan 3
make_hosts
run_test 'several streams and a disk, tagged by port' parallel
run_test 'one stream, tagged by port' by_port
run_test 'one stream, tagged as the daemon is' by_the_daemon
ktap_finished
