# SPDX-License-Identifier: GPL-2.0-only
# Test kernels of other architectures, always emulated; sourced by the scripts here.
#
# Nothing of the host runs there: programs of the architecture are unpacked into
# $kernel_dir/userland and come along in the initramfs, as do the parts of the repository
# that tests read. Module, tool and the tests' programs are cross built. What a command
# prints goes to the host by virtio ports.
# shellcheck shell=bash disable=SC2034,SC2054,SC2154  # lib.sh and its callers set and read them

# What tests start, and what the tool is built with.
userland='base-files bash coreutils dash grep iproute2 iputils-ping jq kmod
	libcsv-dev libjansson-dev libmnl-dev mawk mount netbase nftables procps sed usr-is-merged util-linux'

# Parts of the kernel that tests use: the whole would fill the memory.
foreign_modules='arch crypto drivers/char drivers/net/*.ko* drivers/net/bonding
	drivers/net/ipvlan drivers/net/vxlan drivers/net/wireguard drivers/virtio lib net'

# Sets how it is built for and emulated: the machine's options, its console.
case $foreign in
arm64)
	triplet=aarch64-linux-gnu
	emulator=(qemu-system-aarch64 -M virt -cpu cortex-a72 -serial chardev:console)
	ports=(virtio-serial-pci virtserialport virtconsole)
	console=ttyAMA0 ;;
s390x)
	triplet=s390x-linux-gnu
	emulator=(qemu-system-s390x -M s390-ccw-virtio -cpu max -device sclpconsole,chardev=console)
	ports=(virtio-serial-ccw virtserialport virtconsole)
	console=ttysclp0 ;;
i386)
	triplet=i686-linux-gnu
	emulator=(qemu-system-i386 -cpu "max,-erms,-fsrm" -serial chardev:console)
	ports=(virtio-serial-pci virtserialport virtconsole)
	# What it takes a busy host's emulated clock for may be far off.
	console='ttyS0 tsc=unstable clocksource=hpet' ;;
esac
cross_compiler=${triplet-}-gcc-12

# The names of the packages that the userland is of, with all that they need.
userland_packages() {
	# shellcheck disable=SC2086  # a list
	private_apt apt-get -s --no-install-recommends install $userland | awk '$1 == "Inst" { print $2 }'
}

# unpack_userland DEB: all packages into one tree, whose /bin is /usr/bin
unpack_userland() {
	local dir
	for dir in bin lib sbin; do
		mkdir -p "userland/usr/$dir"
		[[ -L userland/$dir ]] || ln -s "usr/$dir" "userland/$dir"
	done
	dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C userland --exclude='./usr/share/*/*'
}

# What installing the packages would do, and the kernel's modules beside them.
finish_userland() {
	local modules=userland/usr/lib/modules/$1 part
	echo root:x:0:0:root:/tmp:/bin/bash >userland/etc/passwd
	echo root:x:0: >userland/etc/group
	ln -s mawk userland/usr/bin/awk
	mkdir -p userland/{dev,proc,run,sys,tmp,var/tmp} "$modules/kernel"
	for part in $foreign_modules; do
		# shellcheck disable=SC2086  # a pattern
		(cd "root/lib/modules/$1/kernel" && cp -r --parents -t "$OLDPWD/$modules/kernel" $part) 2>/dev/null || :
	done
	mv userland host
	find host -path host/usr/include -prune -o -print | cpio --quiet -o -H newc -R 0:0 >>initramfs
	mv host userland
	rm -rf "$modules"
}

# cross_build FOLDER: tool and tests' programs, from links to their sources
cross_build() {
	local root=$kernel_dir/userland libraries
	libraries=$(dirname "$(find "$root/usr/lib" -name libmnl.so)")
	mkdir -p "$1"
	link_sources "$top" "$1" include module userspace selftests
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES PKG_CONFIG_LIBDIR="$libraries/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
		make -s -C "$1/userspace" CC="$cross_compiler" >&2
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES \
		make -s -C "$1/selftests" CC="$cross_compiler" ./flows ./sink ./flood >&2
}

# carry SHARE MODULES: what the guest needs of the host, into SHARE's initramfs
carry() {
	local share=$1 modules=$2 tree=$1/carried programs=$builds/$kernel/programs release
	local -a files
	release=$(<"$kernel_dir/release")
	mkdir -p "$tree/share" "$tree/host/usr/lib/modules/$release" "$tree/host$top/userspace"
	cp "$share"/{command,environment,guest.sh,places} "$tree/share/"
	(cd "$modules" && cp -r --parents -t "$tree/host/usr/lib/modules/$release" modules.* ./updates)
	(cd "$top" && cp -r --parents -t "$tree/host$top" Documentation include selftests scripts README.md)
	for file in flows sink flood; do
		cp "$programs/selftests/$file" "$tree/host$top/selftests/"
	done
	cp "$programs/userspace/migsel" "$tree/host$top/userspace/"
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >>"$share/initramfs"
	rm -r "$tree"
}

# foreign_machine SHARE TERMINAL: into the array machine_command; where there is a TERMINAL,
# it is the guest's /dev/hvc0
foreign_machine() {
	local name
	machine_command=("${emulator[@]}" -accel tcg,thread=single -smp "${SMP:-2}" -m "${MEM:-1024}"
		-nodefaults -no-user-config -display none -no-reboot -nic none
		-kernel "$(value "$kernel_dir/vmlinux")" -initrd "$(value "$1/initramfs")"
		-chardev "file,id=console,path=$(value "$1/console")" -device "${ports[0]}")
	append="console=$console loglevel=5 mitigations=off cryptomgr.notests panic=-1 oops=panic norandmaps init_on_alloc=0 $patient"
	[[ $2 ]] || append+=" $unattended"
	for name in booted stdout stderr told status; do
		machine_command+=(-chardev "file,id=$name,path=$(value "$1/${name/told/trouble}")"
			-device "${ports[1]},chardev=$name,name=$name")
	done
	[[ -z $2 ]] || machine_command+=(-chardev "stdio,id=terminal,mux=on,signal=off" -device "${ports[2]},chardev=terminal")
	machine_command+=(-append "$append")
}
