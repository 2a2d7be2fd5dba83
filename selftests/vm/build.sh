#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh                build the module for KDIR, or for test kernel KERNEL, and print where it is
# build.sh FOLDER         the same for the modules of another folder with a Kbuild
# build.sh --install      build, and copy the module below DESTDIR, for KDIR
# build.sh --uninstall    remove that copy
#
# KDIR is by default the running kernel's build folder; where there is none, or
# KERNEL is given, it is the test kernel's. W= and C= reach kbuild. With W= all is
# built, in a folder of its own, so that nothing there is to warn of is passed over.
# GCOV=1 has the module count which of its lines run, where the kernel can. With detectors
# each of its allocations can fail (failing.h), and KCOV sees it where the kernel has that.
#
# The objects live below .cache/build, in a folder of symbolic links to the sources
# for each kernel: builds for several kernels do not get in each other's way and
# the sources stay clean. The module's build for a test kernel ends with a folder
# `modules` that holds that kernel's modules and migsel, for run.sh to mount.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/vm/lib.sh
. "$here/lib.sh"
# shellcheck source=selftests/vm/foreign.sh
. "$here/foreign.sh"

# Sets kdir, release, name of the build's folder, path to find the compiler, and machine,
# further arguments.
choose_kernel() {
	path=$PATH machine=()
	if [[ -n $KDIR ]]; then
		"$here/need.sh" build
		kdir=$(readlink -m "$KDIR")
		release=$(release_of "$kdir")
		name=$release
	else
		"$here/need.sh" kbuild ${foreign:+"$foreign"}
		"$here/fetch.sh"
		kdir=$kernel_dir/headers
		release=$(<"$kernel_dir/release")
		name=$kernel
		[[ ! $tree ]] || machine_of_tree
		[[ ! $foreign ]] || machine+=(CROSS_COMPILE="$triplet-")
		[[ ! -d $kernel_dir/toolchain ]] || path=$kernel_dir/toolchain/usr/bin:$path
	fi
}

# What the tree's own make was told, and does not remember.
machine_of_tree() {
	[[ $kind != uml ]] || machine+=(ARCH=um)
	! grep -q '^CONFIG_CC_IS_CLANG=y' "$tree/.config" || machine+=(LLVM=1)
}

# link_sources FROM TO: links for new files, none for those that are gone.
link_sources() {
	local from=$1 to=$2 file
	shift 2
	while read -r file; do
		[[ $to/$file -ef $from/$file ]] && continue
		mkdir -p "$to/$(dirname "$file")"
		ln -sfn "$from/$file" "$to/$file"
	done < <(cd "$from" && find "$@" -type f \( -name '*.[chS]' -o -name 'Kbuild*' -o -name 'Makefile*' \))
	find "$to" -xtype l -delete
}

# kbuild FOLDER [VARIABLE=...]: the kernel's build must not see what the caller's make was
# told.
kbuild() {
	# shellcheck disable=SC2016  # for make
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u KERNEL -u KDIR PATH="$path" \
		make -s -C "$kdir" M="$1" -j"$(nproc)" "${machine[@]}" CONFIG_MIGSEL=m CONFIG_DEBUG_INFO_BTF_MODULES= \
		PAHOLE_VERSION='$(CONFIG_PAHOLE_VERSION)' ${W:+W="$W"} ${C:+C="$C"} ${GCOV:+GCOV_PROFILE=y} "${@:2}" modules >&2
}

# The test kernel's modules with the one just built, indexed together: a folder of
# its own for each build, as test kernels that run still read the previous one.
make_modules() {
	local root tree
	root=$1/trees/$(sha256sum <"$2" | cut -c 1-16)
	tree=$root/lib/modules/$release
	if [[ ! -e $root/done ]]; then
		find "$1/trees" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} + 2>/dev/null || :
		rm -rf "$root"
		mkdir -p "$tree/updates"
		ln -s "$kernel_dir/modules/kernel" "$tree/kernel"
		cp "$kernel_dir"/modules/modules.{order,builtin,builtin.modinfo} "$tree/"
		cp "$2" "$tree/updates/"
		depmod -b "$root" "$release"
		touch "$root/done"
	fi
	ln -sfn "$tree" "$1/modules"
}

build_folder() {
	local build=$builds/$name/other/$1
	mkdir -p "$build"
	lock "$build/lock" "building $1 for $name"
	link_sources "$(readlink -f "$1")" "$build" .
	kbuild "$build"
	printf '%s\n' "$build"/*.ko
}

build_module() {
	local build=$builds/$name${W:+-W$W} detectors=()
	[[ -e $top/module/Kbuild ]] ||
		die "there is no module/ to build (LOAD=0 runs the test kernel without it)"
	mkdir -p "$build"
	lock "$build/lock" "building for $name"
	link_sources "$top" "$build" Kbuild module include
	[[ -z ${W-} ]] || find "$build" -name '*.o' -delete
	[[ $name != @(uml|debug) ]] ||
		detectors=(KCFLAGS="${KCFLAGS-} -include $here/failing.h" KCOV_INSTRUMENT=y)
	kbuild "$build" "${detectors[@]}"
	module=$build/module/migsel.ko
	[[ $name != "$kernel" || -n ${W-} || ! -e $kernel_dir/modules ]] || make_modules "$build" "$module"
	[[ ! $foreign || -n ${W-} ]] || cross_build "$build/programs"
}

KDIR=${KDIR-}
if [[ -z $KDIR && -z ${KERNEL-} && -d /lib/modules/$(uname -r)/build ]]; then
	KDIR=/lib/modules/$(uname -r)/build
fi
if [[ ${1-} == --install && -z $KDIR ]]; then
	die "no headers for the running kernel: install linux-headers-$(uname -r), or name them with KDIR= (the tool alone: make -C userspace install)"
fi
if [[ ${1-} == --uninstall && -z $KDIR ]]; then
	release=$(uname -r)
else
	choose_kernel
fi
case ${1-} in
--install)
	build_module
	install -D -m 644 "$module" "${DESTDIR-}/lib/modules/$release/updates/migsel.ko"
	[[ -n ${DESTDIR-} ]] || depmod "$release"
	;;
--uninstall)
	rm -f "${DESTDIR-}/lib/modules/$release/updates/migsel.ko"
	[[ -n ${DESTDIR-} ]] || depmod "$release"
	;;
'')
	build_module
	echo "$module"
	;;
*) build_folder "$1" ;;
esac
