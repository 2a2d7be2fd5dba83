# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# What esx-b stores, only its processes see below /mnt; what esx-a stores, all others do.
start() {
	mountpoint -q /mnt || mount -t tmpfs tmpfs /mnt || return
	mkdir -p /mnt/vm1 && rm -f /mnt/vm1/* && make_disks &&
		own_subnet esx-a 11 && own_subnet esx-b 21 && one_subnet esx-a && one_subnet esx-b &&
		ln -sf "$lab/exercises/07-hot-and-cold/migrate.sh" /tmp/migrate && serve_files
}

# A base disk and a snapshot have 2 MB each, the active disk 8 MB.
make_disks() {
	local layer base=()
	head -c 8M /dev/urandom >/mnt/random &&
		for layer in disk:2M disk-1:2M disk-2:8M; do
			qemu-img create -q -f qcow2 "${base[@]}" "/mnt/vm1/${layer%:*}.qcow2" 16M &&
				qemu-io -c "write -q -s /mnt/random 0 ${layer#*:}" "/mnt/vm1/${layer%:*}.qcow2" || return
			base=(-F qcow2 -b "/mnt/vm1/${layer%:*}.qcow2")
		done
}

# By no function, which would keep open what the shell has for its output.
serve_files() {
	rm -f /tmp/storage
	# shellcheck disable=SC2016  # for that shell
	nsenter --net=/run/netns/esx-b unshare -m sh -c '
		mount -t tmpfs tmpfs /mnt && mkdir /mnt/vm1 || exit
		printf "%s\n" "[vm1]" "path = /mnt/vm1" "read only = no" "use chroot = no" "uid = 0" "gid = 0" >/mnt/rsyncd.conf
		rsync --daemon --config /mnt/rsyncd.conf
		echo $$ >/tmp/storage
		exec sleep 1000000
	' </dev/null >/dev/null 2>&1 &
	disown -a
	for ((i = 0; i < 100; i++)); do
		[[ ! -s /tmp/storage || ! $(on esx-b ss -Hltn 'sport = :873') ]] || return 0
		sleep 0.1
	done
	return 1
}

expected=2
answer() {
	case $(migsel classify /mnt/vm1/disk-2.qcow2 | cut -d ' ' -f 1 | sort | uniq -c | xargs) in
	'3 hot') echo 1 ;;
	'2 cold 1 hot') echo 2 ;;
	'3 cold') echo 3 ;;
	esac
}

# carried CLASS NIC: bytes
carried() { on esx-a migsel -j -s vmk show | jq --arg class "$1" --arg nic "$2" '.[] | select(.ifname == $nic).stats[$class].bytes'; }

# runs_on HOST: a virtual machine
runs_on() { ip netns pids "$1" | xargs -r ps -o comm= -p | grep -q '^qemu-system'; }

check() {
	local file size=0 n
	intact esx-a || return
	for file in disk disk-1; do
		cmp -s "/mnt/vm1/$file.qcow2" "/proc/$(</tmp/storage)/root/mnt/vm1/$file.qcow2" ||
			wrong "esx-b does not have $file.qcow2 as esx-a has it" || return
		((size += $(stat -c %s "/mnt/vm1/$file.qcow2")))
	done
	n=$(carried cold vmk0)
	((n >= size)) || wrong "esx-a has sent $((n / 1000)) kB of cold traffic by vmk0, and the cold files have $((size / 1000)) kB" || return
	((n < size + 4000000)) || wrong 'more than the cold files has been sent as cold: lab reset begins again' || return
	runs_on esx-b || wrong 'the virtual machine does not run on esx-b' || return
	n=$(carried hot vmk1)
	((n >= 24000000)) || wrong "esx-a has sent $((n / 1000)) kB of hot traffic by vmk1, and memory and active disk have 24 MB"
}

solve() {
	on esx-a migsel classify /mnt/vm1/disk-2.qcow2
	on esx-a migsel exec cold -- rsync -t /mnt/vm1/disk.qcow2 /mnt/vm1/disk-1.qcow2 rsync://192.0.2.20/vm1/
	on esx-a migsel exec hot -- /tmp/migrate 2001:db8:1::21
	on esx-a migsel -s vmk show
}

wrong_1() {
	on esx-a migsel exec hot -- rsync -t /mnt/vm1/disk.qcow2 /mnt/vm1/disk-1.qcow2 rsync://198.51.100.21/vm1/
	on esx-a migsel exec hot -- /tmp/migrate 198.51.100.21
}
wrong_1_says='esx-a has sent 0 kB of cold traffic by vmk0'
wrong_2() {
	on esx-a migsel exec cold -- rsync -t /mnt/vm1/disk.qcow2 /mnt/vm1/disk-1.qcow2 rsync://192.0.2.20/vm1/
	on esx-a /tmp/migrate 198.51.100.21
}
wrong_2_says='esx-a has sent 0 kB of hot traffic by vmk1'
