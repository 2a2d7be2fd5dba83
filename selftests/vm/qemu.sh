# SPDX-License-Identifier: GPL-2.0-only
# How QEMU runs a test kernel; sourced by run.sh.
# shellcheck shell=bash disable=SC2154  # lib.sh and run.sh set them

# QEMU wants commas in option values doubled.
value() { printf '%s' "${1//,/,,}"; }

# An emulated CPU on a busy host is slow: it is called stuck after a minute, not 20 s, and
# a timer that is late at boot is not called broken.
patient='watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 no_timer_check'
# One that is stuck for a minute stays so. At a terminal there is somebody to look into it.
unattended='sysctl.kernel.softlockup_panic=1 sysctl.kernel.panic_on_rcu_stall=1'

# qemu_options FOLDER: into the array qemu, all but the accelerator; the console
# goes to FOLDER/console. 1 GB: the kernel with its file caches takes a quarter of that,
# tests have the rest.
qemu_options() {
	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -nic none
		-m "${MEM:-1024}"
		-kernel "$(value "$kernel_dir/vmlinux")" -initrd "$(value "$1/initramfs")"
		-chardev "file,id=console,path=$(value "$1/console")" -serial chardev:console)
	append="console=ttyS0 loglevel=5 mitigations=off cryptomgr.notests panic=-1 oops=panic $patient"
}

# qemu_machine FOLDER TERMINAL OUT: into the array machine_command, the whole of it;
# TERMINAL, where there is one, is standard input and the guest's /dev/ttyS1.
qemu_machine() {
	add_files "$1"
	qemu_options "$1"
	share_options "$1" "$3"
	[[ -n $2 ]] || append+=" $unattended"
	one_thread=
	if [[ ${ICOUNT:-0} != 0 ]]; then
		count_instructions
	else
		accelerate
	fi
	machine_command=("${qemu[@]}" -append "$append")
	[[ $files != virtiofs ]] ||
		machine_command=("$here/virtiofs.sh" "$1" host=/ "share=$1" ${3:+"out=$3"} -- "${machine_command[@]}")
	[[ -z $2 ]] || machine_command+=(-chardev "stdio,id=terminal,mux=on,signal=off" -serial chardev:terminal)
}

# Sets files: 9p, or what a kernel of the caller's own has instead.
share_options() {
	local share=$1 out=$2 tag
	files=9p
	[[ ! $tree ]] || files=$(<"$kernel_dir/files")
	if [[ $files == virtiofs ]]; then
		qemu+=(-object "memory-backend-memfd,id=memory,size=${MEM:-1024}M,share=on" -machine memory-backend=memory)
		for tag in host share ${out:+out}; do
			qemu+=(-chardev "socket,id=$tag,path=$(value "$share/$tag")"
				-device "vhost-user-fs-pci,chardev=$tag,tag=$tag")
		done
		return
	fi
	qemu+=(-virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
		-virtfs "local,path=$(value "$share"),mount_tag=share,security_model=none")
	[[ -z $out ]] ||
		qemu+=(-virtfs "local,path=$(value "$out"),mount_tag=out,security_model=none,multidevs=remap")
}

# What an emulated CPU has translated it knows by its address: programs start in half
# the time where they always lie at the same one. It copies byte by byte where it has
# told the kernel that this is fast. Memory is not cleared before it is used. And it
# takes a kernel with detectors a minute to read in ACPI's tables which interrupts PCI
# has, where the BIOS knows them, too; any a fifth of a second to try a key derivation that
# nobody uses.
slow_features=-erms,-fsrm
quick='norandmaps init_on_alloc=0 pci=noacpi initcall_blacklist=crypto_kdf108_init'

# One CPU whose clock counts its instructions: the same work, the same time,
# whatever else this machine does. Waiting for the host takes none of it, or far too
# much: the clock then leaps from timer to timer, and no task can be called hung.
count_instructions() {
	one_thread=1
	qemu+=(-accel tcg -icount "shift=0,sleep=off" -smp 1 -seed 1
		-cpu "max,-rdrand,-rdseed,$slow_features" -rtc "base=2026-01-01,clock=vm")
	[[ ! ${MONITOR-} ]] || qemu+=(-monitor "unix:$(value "$MONITOR"),server=on,wait=off")
	append+=" $quick nokaslr tsc=reliable sysctl.kernel.hung_task_timeout_secs=0"
}

# Two CPUs, for what only shows on more than one. QEMU before 8.1 may translate an
# instruction that another CPU is just patching, keep that, and run into it for ever. It
# cannot where emulated CPUs take turns, which takes less, too. They do not with
# KERNEL=debug, which hardly patches any, having no CONFIG_JUMP_LABEL (tracepoints still
# do): it is there to find what happens where two run at once.
accelerate() {
	if [[ $(accelerator) == kvm ]]; then
		qemu+=(-accel kvm -cpu host)
	else
		[[ $kernel == debug ]] || one_thread=1
		qemu+=(-accel "tcg${one_thread:+,thread=single}" -cpu "max,$slow_features")
		append+=" $quick"
	fi
	qemu+=(-smp "${SMP:-2}")
}

# kvm or tcg. A device node proves nothing: a kernel that boots under it does.
# The answer holds until this machine boots again.
accelerator() {
	local known=$cache/accelerator boot answer=tcg try
	boot=$(</proc/sys/kernel/random/boot_id)
	if [[ $(cut -d' ' -f1 "$known" 2>/dev/null) == "$boot" ]]; then
		cut -d' ' -f2 "$known"
		return
	fi
	if [[ -r /dev/kvm && -w /dev/kvm ]]; then
		say 'trying KVM'
		try=$(mktemp -d)
		make_initramfs "$try"
		qemu_options "$try"
		timeout 10 "${qemu[@]}" -accel kvm -cpu host \
			-append "$append testkernel.probe" </dev/null >"$try/qemu" 2>&1 &
		wait $! 2>/dev/null || :
		! grep -q 'Power down' "$try/console" 2>/dev/null || answer=kvm
		rm -rf "$try"
	fi
	echo "$boot $answer" >"$known.$$"
	mv "$known.$$" "$known"
	echo "$answer"
}

# The kernel's part from the cache and the first process from here.
make_initramfs() {
	cp "$kernel_dir/initramfs" "$1/initramfs"
	(cd "$here" && echo init | cpio --quiet -o -H newc -R 0:0) >>"$1/initramfs"
}

# What tests start by the thousand. To look a file of the host up takes a message to it,
# to open one several, and a program opens a dozen: from memory it starts several times
# as fast.
often='awk bash cat cmp cp cut date dmesg echo env expr grep head ip jq kill ln ls mkdir
	mkfifo modprobe mount mv nft nproc nsenter ping printf readlink rm rmmod sed seq
	setsid sleep sort ss sysctl tail tc tee timeout touch tr true umount uname unshare wc'

# add_files FOLDER: those programs into the initramfs in FOLDER; packed once, until one of
# them or a library is another
add_files() {
	local programs packed
	# shellcheck disable=SC2086  # a list
	mapfile -t programs < <(type -P $often)
	packed=$cache/programs.$({
		cat "$here/qemu.sh"
		stat -L -c '%n %i %Z' /etc/ld.so.cache "${programs[@]}"
	} | sha256sum | cut -c 1-16)
	touch -c "$packed" # still in use
	if [[ ! -e $packed ]]; then
		find "$cache" -ignore_readdir_race -maxdepth 1 -name 'programs.*' -mmin +120 -delete
		pack_files "$1" "${programs[@]}" >"$packed.$$"
		mv "$packed.$$" "$packed"
	fi
	cat "$packed" >>"$1/initramfs"
}

# pack_files FOLDER PROGRAM...: with their libraries and what these are found by
pack_files() {
	local folder=$1 files top
	shift
	mapfile -t files < <(
		printf '%s\n' /etc/ld.so.cache "$@"
		ldd "$@" | grep -o '/[^ :]*\.so[^ :]*' | sort -u
	)
	mapfile -t files < <({ in_folder "${files[@]}" && realpath "${files[@]}"; } | sort -u)
	mkdir "$folder/files"
	cp -d --parents -t "$folder/files" "${files[@]}"
	for top in /bin /lib /lib64 /sbin; do
		[[ ! -L $top ]] || cp -d -t "$folder/files" "$top"
	done
	(cd "$folder" && find files | cpio --quiet -o -H newc -R 0:0)
	rm -r "$folder/files"
}

# in_folder PATH...: each by the folder it really is in; a link stays one
in_folder() {
	local path
	local -A folder=()
	for path; do
		[[ -v folder[${path%/*}] ]] || folder[${path%/*}]=$(readlink -f "${path%/*}")
		echo "${folder[${path%/*}]}/${path##*/}"
	done
}
