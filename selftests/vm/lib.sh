# SPDX-License-Identifier: GPL-2.0-only
# What every script of the test-kernel harness shares; sourced, not run.
# shellcheck shell=bash

# shellcheck disable=SC2034  # read by the scripts that source this one
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

PATH=$PATH:/usr/sbin:/sbin

say() { printf 'vm: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# The distribution's own kernel series is the default one.
default_kernel() {
	local VERSION_CODENAME=
	# shellcheck disable=SC1091
	[[ ! -r /etc/os-release ]] || . /etc/os-release
	case $VERSION_CODENAME in
	trixie) echo 6.12 ;;
	*) echo 6.1 ;;
	esac
}

# What is downloaded for the test kernels; clones may share it.
cache_dir() {
	local dir=${MIGSEL_CACHE:-$top/.cache}
	mkdir -p "$dir/kernels" 2>/dev/null ||
		die "cannot write to $dir: name another folder with MIGSEL_CACHE="
	(cd "$dir" && pwd -P)
}

# lock FILE WHAT: hold FILE until this process ends, telling when it must wait.
lock() {
	exec {lock_fd}>"$1"
	flock -n "$lock_fd" && return
	say "waiting for another run that is $2"
	flock "$lock_fd"
}

# release_of FOLDER: what the kernel that FOLDER is prepared for calls itself. Flavours of
# one version share what `make kernelrelease` says there.
release_of() {
	local file=$1/include/generated/utsrelease.h release=
	[[ ! -r $file ]] || release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"$/\1/p' "$file")
	[[ $release ]] ||
		die "${tree:+KERNEL=}$1 is not ready to build modules with: headers, or a kernel tree after make modules_prepare"
	echo "$release"
}

# The module for the test kernel and the tool, where their sources are. BUILD=0: they are
# built already.
build_all() {
	[[ ${BUILD:-1} != 0 ]] || return 0
	mkdir -p "$builds"
	[[ ${LOAD:-1} == 0 && ! -e $top/module/Kbuild ]] ||
		KDIR='' KERNEL=${tree:-$kernel} "$top/selftests/vm/build.sh" >/dev/null || return
	[[ ! $foreign ]] || return 0
	[[ ! -e $top/userspace/Makefile ]] ||
		env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES \
			flock "$builds/tool.lock" make -s -C "$top" tool >&2
}

# ARCH=: a test kernel of another architecture, by the name that it has here. Beside KDIR it
# is kbuild's, a tree of the caller's own knows it.
foreign_kernel() {
	case $ARCH in
	arm64) echo "${KERNEL:-6.12}" ;;
	s390x | i386) echo "${KERNEL:-6.1}" ;;
	*) die "no test kernel with ARCH=$ARCH: arm64, s390x or i386" ;;
	esac
}

if [[ ${ARCH:-x86_64} != x86_64 && -z ${KDIR-} && ${KERNEL-} != */* ]]; then
	KERNEL=$(foreign_kernel)
	KERNEL=${KERNEL%-"$ARCH"}-$ARCH
	export KERNEL
	unset ARCH
fi
# KERNEL=FOLDER is a kernel tree of the caller's own, see own.sh: what is kept for it goes by
# a name, the processes that this one starts go by the folder.
kernel=${KERNEL:-$(default_kernel)} tree=
if [[ $kernel == */* ]]; then
	[[ -d $kernel ]] || die "KERNEL=$kernel: there is no such folder"
	tree=$(cd "$kernel" && pwd -P)
	export KERNEL=$tree
	kernel=own-$(basename "$tree" | tr -c 'A-Za-z0-9\n' -)-$(sha256sum <<<"$tree" | cut -c 1-6)
fi
# The machine that it runs on: QEMU's, one of another architecture, or the host in user mode.
foreign=
[[ $kernel != *-@(arm64|s390x|i386) ]] || foreign=${kernel##*-}
kind=${foreign:-vm}
[[ $kernel != uml ]] || kind=uml
[[ ! $tree ]] || ! grep -qs '^CONFIG_UML=y' "$tree/.config" || kind=uml
cache=$(cache_dir)
export MIGSEL_CACHE=$cache
# What a kernel with detectors is built from, see source.sh. With another recipe it is another
# kernel, in a folder of its own: checkouts that share the cache may differ.
fragments=("$top/selftests/vm/config/common.config" "$top/selftests/vm/config/$kernel.config")
# What is included before each of its files of that name.
included=()
[[ $kernel != uml ]] || included=(mem registers stacktrace)
recipe() {
	local name
	{
		awk '$1 == "source"' "$top/selftests/vm/kernels.lock"
		grep -h '^CONFIG_' "${fragments[@]}"
		for name in "${included[@]}"; do
			cat "$top/selftests/vm/config/$kernel-$name.h"
		done
	} | sha256sum | cut -c 1-16
}
kernel_dir=$cache/kernels/$kernel
[[ $kernel != @(uml|debug) ]] || kernel_dir+=-$(recipe)
# With other packages the programs that come along are others, too.
[[ ! $foreign ]] || kernel_dir+=-$(awk -v kernel="$kernel" '$1 == kernel' "$top/selftests/vm/kernels.lock" | sha256sum | cut -c 1-16)
builds=$top/.cache/build
