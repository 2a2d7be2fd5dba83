# SPDX-License-Identifier: GPL-2.0-only
# KERNEL=FOLDER: a kernel tree of the caller's own, in which a kernel is built; sourced by
# fetch.sh. Nothing is written there.
# shellcheck shell=bash disable=SC2154  # lib.sh and fetch.sh set them

# What its kernel must have. A module will do where built in is asked for by what a stock
# kernel has so.
own_fragments=("$top/selftests/config" "$here/config/guest.config")
[[ $kind == uml ]] || own_fragments+=("$here/config/qemu.config")

refuse() { die "KERNEL=$tree: $1"; }

# has OPTION: built in, or as a module
has() { grep -q "^CONFIG_$1=[ym]" "$tree/.config"; }

# What the fragments name and the tree does not have. Of the ways to the host's files one
# will do; in user mode there are no kprobes; a distribution's 6.1 has no HSR; later kernels
# have SYSCTL for PROC_SYSCTL.
lacks() {
	local spare='CONFIG_(MIGSEL|HSR)'
	[[ $kind != uml ]] || spare+='|CONFIG_KPROBE_EVENTS'
	! has SYSCTL || spare+='|CONFIG_PROC_SYSCTL'
	! has VIRTIO_FS || spare+='|CONFIG_(NET_9P|NET_9P_VIRTIO|9P_FS)'
	awk -F = -v spare="^($spare)\$" '
		NR == FNR { have[$1] = $2; next }
		/^CONFIG_/ && $1 !~ spare && have[$1] !~ ($2 == "m" ? "[ym]" : $2) { print $1 }
	' "$tree/.config" "${own_fragments[@]}"
}

# check_tree: sets tree_image, tree_modules and release; says in one line what is wrong.
check_tree() {
	local lost
	[[ -e $tree/.config || -e $tree/Makefile ]] || refuse 'no kernel tree'
	[[ -e $tree/.config ]] || refuse 'not configured: make defconfig there, and merge selftests/config'
	if has UML && has 64BIT; then
		tree_image=$tree/linux
		[[ -e $tree_image ]] || tree_image=$tree/vmlinux
	elif has X86_64 && ! has UML; then
		tree_image=$tree/arch/x86/boot/bzImage
	else
		refuse "configured for another machine: ARCH=x86_64 or ARCH=um with 64 bits"
	fi
	lost=$(lacks)
	[[ -z $lost ]] || refuse "lacks ${lost//$'\n'/ }; to merge there: scripts/kconfig/merge_config.sh .config ${own_fragments[*]}"
	[[ -e $tree_image ]] || refuse "no ${tree_image#"$tree/"}: build the kernel there"
	release=$(release_of "$tree")
	[[ -e $tree/modules.order && -e $tree/Module.symvers ]] || refuse 'no modules.order: make modules there'
	find_modules
}

# As modules.order has it: with another ending, or a folder before it, up to 6.1.
built_modules() {
	awk -v tree="$tree/" '{ sub(/^kernel\//, ""); sub(/\.o$/, ".ko"); print tree $0 }' "$tree/modules.order"
}

# Sets tree_modules: the tree, or the folder they were installed to from there.
find_modules() {
	local first
	first=$(built_modules | sed -n 1p)
	for tree_modules in "$tree" {"$tree",}/lib/modules/"$release"; do
		if [[ $tree_modules == "$tree" ]]; then
			[[ $first && ! -e $first ]] || return 0
		else
			[[ ! -e $tree_modules/modules.order ]] || return 0
		fi
	done
	refuse "its modules are neither there nor in /lib/modules/$release: make modules there"
}

# Changes with what is built there.
own_stamp() {
	stat -L -c '%n %i %Y' "$tree"/{.config,Module.symvers,modules.order,include/generated/utsrelease.h} \
		"$tree_image" "$here/own.sh" "${own_fragments[@]}"
}

# Links to the modules.
link_modules() {
	local to=$1 from=$tree name
	if [[ $tree_modules == "$tree" ]]; then
		mkdir "$to/kernel"
		while read -r name; do
			ln -s "$name" "$to/kernel/"
		done < <(built_modules)
	else
		from=$tree_modules
		ln -s "$from/kernel" "$to/kernel"
	fi
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
}

# fill_own: what fetch.sh promises, as links into the tree.
fill_own() {
	local files=9p image=$tree_image
	local -a reach=()
	rm -rf "$work"
	mkdir -p "$work"
	cd "$work" || return
	local to=root/lib/modules/$release
	mkdir -p "$to" root/bin debs
	say "looking at the kernel in $tree"
	link_modules "$to"
	obtain debs >/dev/null
	dpkg-deb -x debs/busybox-static.deb debs/root
	cp debs/root/bin/busybox root/bin/ 2>/dev/null || cp debs/root/usr/bin/busybox root/bin/
	rm -r debs
	# QEMU begins where a note says, with CONFIG_PVH, and need not unpack. The vmlinux of
	# Debian's headers has none: it is but types.
	if [[ $kind == vm && -e $tree/vmlinux ]] && readelf -nW "$tree/vmlinux" 2>/dev/null | grep Xen >/dev/null; then
		image=$tree/vmlinux
	fi
	ln -s "$image" vmlinux
	ln -s "$tree" headers
	ln -s "$to" modules
	echo "$release" >release
	depmod -b root "$release"
	if [[ $kind == vm ]]; then
		if ! { has 9P_FS && has NET_9P_VIRTIO; }; then
			files=virtiofs
			[[ -x /usr/lib/qemu/virtiofsd ]] || "$here/need.sh" virtiofs
		fi
		reach=(virtio_pci "$files")
		[[ $files == virtiofs ]] || reach+=(9pnet_virtio)
	fi
	echo "$files" >files
	make_initramfs "$release" "${reach[@]}" overlay
	own_stamp >stamp
	echo "$kernel_dir" >place
}

own_filled() {
	[[ -e $kernel_dir/stamp && $(<"$kernel_dir/stamp") == "$(own_stamp)" ]]
}

# Sets source: a build with O= names its sources.
source_of_tree() {
	source=$tree
	[[ ! -e $tree/source ]] || source=$(cd "$tree/source" && pwd -P)
	[[ -e $source/tools/testing/selftests/net ]] || refuse 'there are no sources with it, so no selftests'
}
