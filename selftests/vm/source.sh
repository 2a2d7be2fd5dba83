# SPDX-License-Identifier: GPL-2.0-only
# Test kernels with detectors, built from the distribution's kernel source; sourced
# by fetch.sh.
#
# The source is unpacked once, to $cache/sources/VERSION, and stays: modules for
# these kernels are built against it. What a build that was interrupted had compiled
# is still there for the next one, which begins where that one ended.
# shellcheck shell=bash disable=SC2154,SC2094  # lib.sh and fetch.sh set them

# name_source LINES: sets source, the folder, from lines of kernels.lock.
name_source() {
	source=$cache/sources/$(awk '$3 ~ /^linux-source-/ { print $4 }' <<<"$1")
}

# Sets source: that of kernels.lock, or the newest, unpacked; busybox beside it, if it is to be built.
have_source() {
	local part=$cache/sources/part lines debs
	debs=$part/debs
	name_source "$(pinned)"
	[[ ! -e $source.packages ]] || return 0
	need_space 2500
	rm -rf "$part"
	mkdir -p "$debs"
	lines=$(obtain "$debs")
	name_source "$lines"
	if [[ ! -e $source.packages ]]; then
		say "unpacking the source of ${source##*/}: half a minute"
		rm -rf "$source"
		mkdir "$part/linux"
		dpkg-deb --fsys-tarfile "$debs"/linux-source-*.deb | tar -xO --wildcards '*.tar.xz' |
			tar -xJ -C "$part/linux" --strip-components=1
		mv -T "$part/linux" "$source"
		if [[ $arch ]]; then
			dpkg-deb -x "$debs/busybox-static.deb" "$part/busybox"
			cp "$part/busybox/bin/busybox" "$source.busybox" 2>/dev/null ||
				cp "$part/busybox/usr/bin/busybox" "$source.busybox"
		fi
		awk '{ print $3, $4, $6 }' <<<"$lines" >"$source.packages"
	fi
	rm -rf "$part"
}

# The kernel's build must not see what the caller's make was told.
make_kernel() {
	local name
	for name in "${included[@]}"; do
		set -- "$@" "CFLAGS_$name.o=-include $here/config/$kernel-$name.h"
	done
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u KERNEL -u KDIR \
		make -C "$source" O="$work/build" ARCH="$arch" "$@"
}

# The least there is, and what config/ adds to it: all of it, or it is an error.
configure() {
	local lost
	make_kernel -s tinyconfig
	grep -h '^CONFIG_' "${fragments[@]}" >>"$work/build/.config"
	make_kernel -s olddefconfig 2>&1 | { grep -v 'override: reassigning' || :; } >&2
	lost=$(awk -F = '
		NR == FNR { if (/^CONFIG_/) have[$1] = $2; next }
		/^CONFIG_/ && (($1 in have) ? have[$1] : "n") != $2
		' "$work/build/.config" "${fragments[@]}")
	[[ -z $lost ]] || die "the kernel's configuration does not take ${lost//$'\n'/ }"
}

compile() {
	local start=$SECONDS
	say "building test kernel $kernel: 10 minutes on two idle CPUs"
	make_kernel -j"$(nproc)" vmlinux modules 2>&1 | tee "$work/log" | awk -v kernel="$kernel" '
		/^  (CC|AS) / && ++files % 200 == 0 {
			print "vm: building " kernel ": " files " files compiled"
			fflush()
		}' >&2 || {
		grep -E -m 5 'error:|\*\*\*|No space' "$work/log" >&2 || tail -n 5 "$work/log" >&2
		die "test kernel $kernel does not build"
	}
	say "built test kernel $kernel in $((SECONDS - start)) s"
}

# What stays is what modules are built against.
lay_out() {
	local release tree
	release=$(<build/include/config/kernel.release)
	tree=root/lib/modules/$release
	echo "$release" >release
	mv build/vmlinux vmlinux
	rm -f build/linux
	make_kernel -s modules_install INSTALL_MOD_PATH="$work/root" DEPMOD=true
	rm -f "$tree/build"
	mkdir -p "$tree/kernel" root/bin
	cp "$source.busybox" root/bin/busybox
	cp "$source.packages" packages
	echo "${source##*/}" >source
	ln -s "$tree" modules
	ln -s build headers
	depmod -b root "$release"
	make_initramfs "$release"
	find build -path build/scripts -prune -o -path build/tools -prune -o \
		-type f \( -name '*.[oa]' -o -name '*.ko' -o -name '.*.cmd' -o -name '.tmp_vmlinux*' \) -exec rm -f {} +
	settle_built "$kernel_dir"
}

# For modules: where the source is, and for which kind of machine.
settle_built() {
	printf 'export ARCH := %s\ninclude %s/Makefile\n' "$arch" "$cache/sources/$(<source)" >build/Makefile
	echo "$1" >place
}

unpack_source() {
	"$here/need.sh" source
	mkdir -p "$cache/sources"
	lock "$cache/sources.lock" 'unpacking the kernel source'
	have_source
	exec {lock_fd}>&-
}

# The net selftests of a kernel, and what they are compiled with: its headers.
selftests_parts=(Makefile Kbuild Kconfig scripts include arch/x86 usr tools/testing/selftests tools/include tools/scripts)

make_headers() {
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u KERNEL -u KDIR make -s -C "$1" ARCH=x86 headers >&2
}

# Those of a stock kernel.
unpack_selftests() {
	local part=$cache/selftests/part lines part_of
	local -a parts=()
	"$here/need.sh" source
	mkdir -p "$cache/selftests"
	lock "$cache/selftests.lock" 'unpacking the selftests of a kernel'
	source=$cache/selftests/$(pinned | awk '{ print $4 }')
	if [[ ! -e $source/usr/include/linux ]]; then
		rm -rf "$part"
		mkdir -p "$part/debs" "$part/linux"
		lines=$(obtain "$part/debs")
		source=$cache/selftests/$(awk '{ print $4 }' <<<"$lines")
		say "unpacking the selftests of ${source##*/}: half a minute"
		for part_of in "${selftests_parts[@]}"; do
			parts+=("linux-source-*/$part_of")
		done
		dpkg-deb --fsys-tarfile "$part"/debs/linux-source-*.deb | tar -xO --wildcards '*.tar.xz' |
			tar -xJ -C "$part/linux" --strip-components=1 --wildcards --no-wildcards-match-slash "${parts[@]}"
		make_headers "$part/linux"
		rm -rf "$source"
		mv -T "$part/linux" "$source"
		rm -rf "$part"
	fi
	exec {lock_fd}>&-
}

# Those in the folder $source, which is not written to; again what has changed since.
copy_selftests() {
	local to=$cache/selftests/$kernel
	mkdir -p "$to"
	lock "$cache/selftests.lock" 'unpacking the selftests of a kernel'
	(cd "$source" && cp -au --parents "${selftests_parts[@]}" "$to")
	make_headers "$to"
	exec {lock_fd}>&-
	source=$to
}

build_kernel() {
	need_space 4000
	unpack_source
	mkdir -p "$work/build"
	configure
	compile
	(cd "$work" && lay_out)
	find "$cache/kernels" -maxdepth 1 -name "$kernel-*" -mtime +30 -exec rm -rf {} +
}
