#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dkms.sh           gives the sources of the module to DKMS, which builds it for the running
#                   kernel, or that of KDIR=, and from then on for each that is installed
# dkms.sh --remove  takes all of that away
#
# With DESTDIR= the sources go there, or are taken away there, and DKMS is not asked.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
if [[ -z ${DESTDIR-} ]]; then
	# shellcheck source=selftests/vm/lib.sh
	. selftests/vm/lib.sh
fi

version=$(sed -n 's/^VERSION ?= //p' userspace/Makefile)
module=migsel/$version
folder=/usr/src/migsel-$version

die() {
	printf 'dkms: %s\n' "$*" >&2
	exit 2
}

is_packaged() { [[ -z ${DESTDIR-} ]] && dpkg -S "$folder" >/dev/null 2>&1; }

remove() {
	if [[ -z ${DESTDIR-} && $(dkms status "$module" 2>/dev/null) ]]; then
		dkms remove "$module" --all >&2
	fi
	rm -rf "${DESTDIR-}$folder"
}

put_sources() {
	mkdir -p "${DESTDIR-}$folder"
	cp -r Kbuild include module "${DESTDIR-}$folder/"
	sed "s/#MODULE_VERSION#/$version/" debian/migsel-dkms.dkms >"${DESTDIR-}$folder/dkms.conf"
}

build() {
	local log=/var/lib/dkms/$module/build/make.log
	dkms install "$module" -k "$release" --kernelsourcedir "$kdir" >&2 && return
	[[ ! -e $log ]] || tail -n 20 "$log" >&2
	remove
	die "the module is not built for $release, and not with DKMS now"
}

if [[ ${1-} == --remove ]]; then
	is_packaged || remove
	exit
fi
if [[ -z ${DESTDIR-} ]]; then
	((EUID == 0)) || die 'run it as root'
	! is_packaged || die 'the package migsel-dkms has done it: remove that package first'
	command -v dkms >/dev/null || die 'there is no dkms: install the package dkms'
	kdir=${KDIR:-/lib/modules/$(uname -r)/build}
	[[ -e $kdir ]] || die "no headers for the running kernel: install linux-headers-$(uname -r), or name them with KDIR="
	release=$(release_of "$kdir")
	# What does not build replaces nothing.
	KERNEL='' KDIR=$kdir selftests/vm/build.sh >/dev/null
	# DKMS does not take the place of what make install has put there.
	rm -f "/lib/modules/$release/updates/migsel.ko"
	remove
fi
put_sources
[[ -n ${DESTDIR-} ]] || build
