#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fetch.sh            fill the cache for test kernel KERNEL, if it is not filled
# fetch.sh --lock     print the lines of kernels.lock for the newest packages of KERNEL;
#                     --lock-selftests for the source that --selftests unpacks
# fetch.sh --rebuild  fill it anew
# fetch.sh --source   unpack what uml or debug is built from, or the source of KERNEL=6.1 or 7.3, and
#                     print the folder
# fetch.sh --selftests  unpack the net selftests of KERNEL=6.1 or 7.3, or copy those of what uml,
#                     debug or a tree of the caller's own is built from, and print the folder
#
# KERNEL=FOLDER is a kernel tree of the caller's own, see own.sh.
#
# Of KERNEL=6.1-oldest (the oldest that the archive has) and of the cloud flavours, 6.1-cloud
# and so on, it is the headers alone: modules are built for these, they are no test kernels.
#
# KERNEL=uml and KERNEL=debug are built here from the distribution's kernel source
# with config/, see source.sh; again when that changes, or by fetch.sh --rebuild.
#
# Packages come from the distribution's archive, at the address the system's own
# configuration names, and are unpacked into the cache: nothing is installed, and
# the system's package state is neither read nor changed. The versions are those
# of kernels.lock; where the archive no longer has them, the newest of the series.
#
# A filled $cache/kernels/$KERNEL (with a sum of the recipe behind its name where it is built
# here, or of its packages where it is of another architecture) holds what run.sh and build.sh rely on:
#   release     the kernel's version, as uname -r says it
#   headers     what to build modules against (KDIR)
#   toolchain   a compiler to build them with, in usr/bin; only where the host's do not fit
# and of a test kernel
#   vmlinux     its image, not compressed: an emulated CPU unpacks slowly
#   modules     its modules, depmod done
#   initramfs   busybox and the modules needed to reach the host's files, without init;
#               with another architecture (foreign.sh) programs, too
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/vm/lib.sh
. "$here/lib.sh"
# shellcheck source=selftests/vm/source.sh
. "$here/source.sh"
# shellcheck source=selftests/vm/own.sh
. "$here/own.sh"
# shellcheck source=selftests/vm/foreign.sh
. "$here/foreign.sh"

# The newest gcc the kernel was built with needs a newer C library than the
# oldest supported host has: both come along.
toolchain='gcc-14-x86-64-linux-gnu cpp-14-x86-64-linux-gnu libc6 libgcc-s1
	libgmp10 libisl23 libmpc3 libmpfr6 libstdc++6 libelf1t64 libssl3t64 libzstd1 zlib1g'

# Sets for KERNEL: its name in kernels.lock, the suites to look in, a pattern of
# package names, further packages; and what it is built for, where it is built here.
series() {
	series=$kernel arch=
	case $kernel in
	own-*)
		series=own
		suites='bookworm-security bookworm'
		image=busybox-static
		extra= ;;
	6.1-source)
		suites='bookworm-security bookworm'
		image='linux-source-6\.1'
		extra= ;;
	7.3-source)
		suites='trixie-backports trixie trixie-security'
		image='linux-source-7\.3'
		extra= ;;
	6.1-oldest)
		suites=bookworm
		image='linux-headers-6\.1\.0-[0-9]+-amd64'
		extra= ;;
	6.1-cloud)
		suites='bookworm-security bookworm'
		image='linux-headers-6\.1\.0-[0-9]+-cloud-amd64'
		extra= ;;
	6.12-cloud)
		suites='bookworm-security bookworm'
		image='linux-headers-6\.12\.[0-9.]+\+deb12-cloud-amd64'
		extra= ;;
	7.3-cloud)
		suites='trixie-backports trixie trixie-security'
		image='linux-headers-7\.3\.[0-9.]+\+deb13-cloud-amd64'
		extra=$toolchain ;;
	6.1)
		suites='bookworm-security bookworm'
		image='linux-image-6\.1\.0-[0-9]+-amd64'
		extra=busybox-static ;;
	6.12 | 6.12-rt)
		suites='bookworm-security bookworm'
		image="linux-image-6\.12\.[0-9.]+\+deb12${kernel#6.12}-amd64"
		extra=busybox-static ;;
	7.3 | 7.3-rt)
		suites='trixie-backports trixie trixie-security'
		image="linux-image-7\.3\.[0-9.]+\+deb13${kernel#7.3}-amd64"
		extra="busybox-static $toolchain" ;;
	6.12-arm64)
		suites='bookworm-security bookworm'
		image='linux-image-6\.12\.[0-9.]+\+deb12-cloud-arm64'
		extra=busybox-static ;;
	6.1-s390x)
		suites=bookworm
		image='linux-image-6\.1\.0-[0-9]+-s390x'
		extra=busybox-static ;;
	6.1-i386)
		suites=bookworm
		image='linux-image-6\.1\.0-[0-9]+-686-pae'
		extra=busybox-static ;;
	uml | debug)
		series=source
		suites='bookworm-security bookworm'
		image='linux-source-6\.12'
		extra=busybox-static
		arch=x86_64
		[[ $kernel != uml ]] || arch=um ;;
	*) die "no test kernel '$kernel': KERNEL=6.1, 6.12, 6.12-rt, 7.3, 7.3-rt, uml or debug; ARCH=arm64, s390x or i386" ;;
	esac
}

# The address of suite or repository $1, as the system's own configuration has it.
archive() {
	local kind=main uri
	[[ $1 != *security ]] || kind=security
	uri=$(
		# shellcheck disable=SC1091
		. /etc/os-release
		# shellcheck disable=SC2016  # apt's own placeholders
		apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
			awk -v kind="$kind" -v name="${VERSION_CODENAME:-stable}" '
			kind == "main" && ($2 == name || $2 ~ /^(old)*stable$/) ||
			kind == "security" && $2 ~ /-security$/ { print $1; exit }'
	)
	[[ -n $uri ]] || die "apt's sources name no Debian archive with $1: add one to /etc/apt/sources.list"
	echo "$uri"
}

# What is built for another architecture, is built here.
architectures=()
[[ ! $foreign ]] ||
	architectures=(-o "APT::Architecture=$foreign" -o "APT::Architectures::=$foreign" -o APT::Architectures::=amd64)

# apt with a state of its own below the cache, looking at the suites of KERNEL only.
private_apt() {
	local command=$1 state=$cache/apt/$series
	shift
	"$command" -q "${architectures[@]}" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
		-o Dir::Cache="$state" -o Dir::Cache::pkgcache=packages.bin \
		-o Dir::Cache::srcpkgcache=sources.bin -o Dir::Etc::sourcelist="$state/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null -o Acquire::Languages=none \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
		-o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)" "$@"
}

update_index() {
	local state=$cache/apt/$series suite uri keys=/usr/share/keyrings/debian-archive-keyring.gpg
	mkdir -p "$state/lists/partial" "$state/archives/partial"
	: >"$state/status"
	for suite in $suites; do
		uri=$(archive "$suite")
		echo "deb [signed-by=$keys arch=${foreign:+$foreign,}amd64] $uri $suite main"
	done >"$state/sources.list"
	say "reading the package index of $suites"
	private_apt apt-get -o APT::Update::Error-Mode=any update >"$state/log" 2>&1 || {
		grep -m 1 '^E:' "$state/log" >&2 || :
		die "cannot read the package index: is the network up?"
	}
}

# field NAME PACKAGE: of the version apt would take.
field() {
	private_apt apt-cache show --no-all-versions "$2" | sed -n "s/^$1: //p"
}

# The packages PACKAGE... and what they need of the kernel's own. Programs that build
# modules run here.
with_kernel_parts() {
	local package part
	for package in "$@"; do
		echo "$package"
		while read -r part; do
			[[ $part != *linux-kbuild-* || ! $foreign ]] || part=${part// /}:amd64
			with_kernel_parts "$part"
		done < <(field Depends "$package" | tr ',|' '\n' |
			grep -oE '^ *linux-(binary|modules|headers|kbuild|base-[0-9])[^ ]*')
	done
}

# Lines of kernels.lock for the newest packages of the series.
newest() {
	local name
	update_index
	name=$(private_apt apt-cache pkgnames | grep -xE "$image" | sort -V |
		if [[ $kernel == *-oldest ]]; then head -n 1; else tail -n 1; fi) ||
		die "the archive has no kernel $kernel any more"
	# shellcheck disable=SC2046,SC2086  # lists
	private_apt apt-cache show --no-all-versions $(
		with_kernel_parts "$name" "${name/image/headers}" $extra
		[[ ! $foreign ]] || userland_packages
	) | awk -v series="$series" -F ': ' '
		{ value[$1] = $2 }
		$0 == "" && ("Filename" in value) {
			printf "%-4s %-8s %-34s %-33s %9s %s %s\n", series,
				value["Filename"] ~ /^pool\/updates\// ? "security" : "main", value["Package"],
				value["Version"], value["Size"], value["SHA256"], value["Filename"]
			delete value
		}' | sort -b -k 3,3 -u
}

pinned() {
	awk -v series="$series" '$1 == series' "$here/kernels.lock"
}

# download FOLDER: the packages that standard input, in the form of kernels.lock, names.
download() {
	local repository package version size sum path
	local -a want=()
	local -A uri=()
	while read -r _ repository package version size sum path; do
		[[ $foreign && $package != linux-* ]] ||
			say "downloading $package $version ($(((size + 999999) / 1000000)) MB)"
		[[ ${uri[$repository]-} ]] || uri[$repository]=$(archive "$repository")
		want+=("${uri[$repository]%/}/$path" "$1/$package.deb" "SHA256:$sum")
	done
	((${#want[@]})) || return
	/usr/lib/apt/apt-helper -q -o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)" \
		download-file "${want[@]}" >"$1/log" 2>&1
}

# Packages of the kernel and busybox go into root, the newer compiler into toolchain, and
# what runs on another architecture into userland.
unpack() {
	local deb release vmlinuz
	cd "$work"
	mkdir root
	for deb in debs/*.deb; do
		[[ $foreign && $deb != */linux-* ]] || say "unpacking $(basename "$deb" .deb)"
		case ${deb##*/} in
		linux-* | busybox-static.deb) dpkg-deb -x "$deb" root ;;
		*) if [[ $foreign ]]; then unpack_userland "$deb"; else dpkg-deb -x "$deb" toolchain; fi ;;
		esac
	done
	[[ -e root/lib/modules ]] || ln -sfn usr/lib root/lib
	if [[ $image == linux-headers-* ]]; then
		ln -s root/usr/src/linux-headers-*-amd64 headers
		release_of headers >release
		settle "$kernel_dir"
		return
	fi
	release=$(basename "$(echo root/lib/modules/*)")
	echo "$release" >release
	vmlinuz=$(find root -name 'vmlinuz*' -type f | head -n 1)
	if [[ $foreign ]]; then cp "$vmlinuz" vmlinux; else bare_image "$vmlinuz" >vmlinux; fi
	ln -s "root/lib/modules/$release" modules
	ln -s "root/usr/src/linux-headers-$release" headers
	say "indexing the modules of $release"
	depmod -b root "$release"
	if [[ $foreign ]]; then
		make_initramfs "$release" virtio_pci virtio_console
		finish_userland "$release"
	else
		make_initramfs "$release" virtio_pci 9pnet_virtio 9p overlay
	fi
	settle "$kernel_dir"
}

# The kernel inside a bzImage: the boot protocol's header says where it begins.
bare_image() {
	local sectors offset length magic unpack
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
	offset=$(((sectors + 1) * 512 + offset))
	magic=$(od -An -tx1 -j $offset -N 4 "$1")
	case $magic in
	' fd 37 7a 58') unpack='xz -dc --single-stream' ;;
	' 28 b5 2f fd') unpack='zstd -dcq' ;;
	*) die "do not know how $1 is compressed" ;;
	esac
	# The last four bytes are the unpacked size.
	head -c $((offset + length - 4)) "$1" | tail -c +$((offset + 1)) | $unpack
}

# Debian's headers and the newer compiler name absolute paths: make them name this place.
settle() {
	local place=$1 file library=usr/lib/x86_64-linux-gnu
	sed -i -E "s#([ =])[^ ]*/usr/src/#\1$place/root/usr/src/#" root/usr/src/linux-headers-*/Makefile
	if [[ -d toolchain ]]; then
		say "fitting the compiler and kbuild of $kernel to this host"
		find toolchain/usr/lib root/usr/lib/linux-kbuild-* toolchain/usr/bin toolchain/usr/libexec -type f |
			while read -r file; do
				[[ $(head -c 4 "$file" | tr -d '\0') == $'\177ELF' ]] || continue
				patchelf --print-interpreter "$file" >/dev/null 2>&1 || continue
				patchelf --set-interpreter "$place/toolchain/usr/lib64/ld-linux-x86-64.so.2" \
					--force-rpath --set-rpath "$place/toolchain/$library" "$file"
			done
	fi
	echo "$place" >place
}

# make_initramfs RELEASE MODULE...: busybox and, in the order they go in, the modules
# that reach the host's files.
make_initramfs() {
	local tree=initramfs.d release=$1 module
	shift
	mkdir -p $tree/{bin,dev,host,lower,modules,proc,run}
	cp root/bin/busybox $tree/bin/ 2>/dev/null || cp root/usr/bin/busybox $tree/bin/
	: >$tree/modules/order
	(($# == 0)) || modprobe -d root -S "$release" --show-depends -a "$@" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r module; do
			case $module in
			*.xz) xz -dc "$module" >"$tree/modules/$(basename "$module" .xz)" ;;
			*.ko) cp "$module" $tree/modules/ ;;
			*) die "do not know how $module is compressed" ;;
			esac
			[[ $module == */overlay.* ]] || basename "$module" .xz >>$tree/modules/order
		done
	(cd $tree && find . | cpio --quiet -o -H newc -R 0:0) >initramfs
	rm -rf $tree
}

# obtain FOLDER: the pinned packages, or the newest; prints their lines of kernels.lock.
obtain() {
	local lines
	mkdir -p "$1"
	lines=$(pinned)
	if ! download "$1" <<<"$lines"; then
		say "the archive does not give what kernels.lock names, looking for the newest of $kernel"
		lines=$(newest)
		rm -rf "$1"
		mkdir "$1"
		download "$1" <<<"$lines" || {
			grep -m 1 '^E:' "$1/log" >&2 || :
			die "cannot download test kernel $kernel: is the network up?"
		}
	fi
	echo "$lines"
}

# need_space MB
need_space() {
	local free
	free=$(df --output=avail -m "$cache" | tail -n 1)
	((free > $1)) || die "$cache has ${free// /} MB free, test kernel $kernel needs $1: make room or set MIGSEL_CACHE="
}

fill() {
	local debs=$work/debs lines
	need_space 1000
	rm -rf "$work"
	lines=$(obtain "$debs")
	awk '{ print $3, $4, $6 }' <<<"$lines" >"$work/packages"
	(unpack)
	rm -rf "$debs"
}

filled() { [[ -e $kernel_dir/place ]]; }

case ${1-} in
--*selftests)
	[[ $tree || $kernel == @(6.1|7.3|uml|debug) ]] ||
		die "the selftests of KERNEL=$kernel are not known here: 6.1, 7.3, uml, debug or a kernel tree of your own" ;;
--source)
	[[ $kernel == @(6.1|7.3|uml|debug) ]] ||
		die "test kernel $kernel comes without its source: KERNEL=6.1, 7.3, uml or debug" ;;
esac
[[ ${1-} != @(--*selftests|--source) || $tree || $kernel != [67].* ]] || kernel=$kernel-source
series
case ${1-} in
--selftests)
	if [[ $tree ]]; then
		source_of_tree
		copy_selftests
	elif [[ $arch ]]; then
		unpack_source
		copy_selftests
	else
		unpack_selftests
	fi
	echo "$source"
	exit ;;
--lock-selftests)
	newest
	exit ;;
--lock)
	newest
	exit ;;
--source)
	unpack_source
	echo "$source"
	exit ;;
--rebuild) again=1 ;;
*) again= ;;
esac
if [[ $tree ]]; then
	check_tree
	[[ $again ]] || ! own_filled || exit 0
	lock "$kernel_dir.lock" "looking at the kernel in $tree"
	work=$kernel_dir.part
	[[ ! $again ]] && own_filled && exit 0
	(fill_own)
	rm -rf "$kernel_dir"
	mv "$work" "$kernel_dir"
	exit 0
fi
if [[ -z $again ]] && filled && [[ $(<"$kernel_dir/place") == "$kernel_dir" ]]; then
	exit 0
fi
lock "$kernel_dir.lock" "filling the cache for $kernel"
work=$kernel_dir.part
if [[ -n $again ]]; then
	rm -rf "$work"
elif filled; then
	[[ $(<"$kernel_dir/place") == "$kernel_dir" ]] ||
		(cd "$kernel_dir" && "settle${arch:+_built}" "$kernel_dir")
	exit 0
fi
if [[ -n $arch ]]; then
	build_kernel
else
	fill
fi
rm -rf "$kernel_dir"
mv "$work" "$kernel_dir"
