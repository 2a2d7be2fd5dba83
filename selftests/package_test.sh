#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the Debian packages: lintian accepts them, and they install, follow a
# kernel upgrade, work and go away, in a copy of this system that nothing is left of.
# Needs root. KTAP on standard output.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
cd "$top" || exit
[[ ${1-} == --inside ]] || { . selftests/vm/lib.sh && cache=$(cache_dir); }

kernels='6.1 6.12'
release() { cat "$cache/kernels/$1/release"; }

# has_module RELEASE: installed for it, and built for it.
has_module() {
	local file=$root/lib/modules/$1/updates/dkms/migsel.ko
	[[ -e $file ]] || { echo "# no migsel.ko for $1"; return 1; }
	[[ $(modinfo -F vermagic "$file") == "$1 "* ]] || { echo "# $file is for another kernel"; return 1; }
}

# Long ones are compressed.
has_documents() {
	local name
	for name in README.md migsel.rst migsel-engines.rst migsel-explain.rst performance.rst examples/pitfall.txt tutorial.rst teaching.rst wrong-network.rst comparison.rst glossary.rst; do
		compgen -G "$root/usr/share/doc/migsel/$name*" >/dev/null || { echo "# no $name"; return 1; }
	done
	for name in index explore family functions networking/migsel; do
		[[ -s $root/usr/share/doc/migsel-doc/html/$name.html ]] || { echo "# no $name.html"; return 1; }
	done
}

# The timers, off; and what they start, which names a program that is there.
has_metrics() {
	local unit
	for unit in migsel-metrics migsel-metrics@; do
		[[ -e $root/lib/systemd/system/$unit.timer ]] || { echo "# no $unit.timer"; return 1; }
		grep -q '^ExecStart=/usr/libexec/migsel/metrics ' "$root/lib/systemd/system/$unit.service" || return
	done
	! find "$root/etc/systemd" -name 'migsel*' | grep . || return
	mkdir "$root/textfile"
	chroot "$root" /usr/libexec/migsel/metrics /textfile &&
		grep -qx 'migsel_module_loaded{netns=""} 0' "$root/textfile/migsel.prom"
}

# add_kernel RELEASE HEADERS: as its package does it.
add_kernel() {
	mkdir -p "$root/lib/modules/$1"
	ln -sfn "$2" "$root/lib/modules/$1/build"
	touch "$root/lib/modules/$1"/modules.{order,builtin,builtin.modinfo}
}

# builds_for KERNEL STATUS: of DKMS, 77 where it is passed over
builds_for() {
	local status=0
	chroot "$root" dkms build "migsel/$version" -k "$1" || status=$?
	((status == $2)) || { echo "# for $1 it ends with $status, not $2"; return 1; }
}

# Kernels that are too old, or lack what is asked for; the same one otherwise is built for.
passes_over() {
	local headers=$cache/kernels/6.1/headers name
	for name in 5.10.0-1-old 6.1.0-1-bare 6.1.0-2-whole 10.0.0-1-new; do
		mkdir "$root/headers-$name"
		cp -rs "$headers/." "$root/headers-$name/"
		rm "$root/headers-$name/.config"
		cp "$headers/.config" "$root/headers-$name/"
		add_kernel "$name" "/headers-$name"
	done
	sed -i 's/^CONFIG_NETFILTER=y/# &/' "$root/headers-6.1.0-1-bare/.config"
	for name in 5.10.0-1-old 6.1.0-1-bare; do
		builds_for "$name" 77 || return
	done
	for name in 6.1.0-2-whole 10.0.0-1-new; do
		builds_for "$name" 0 || return
	done
}

# The copy: what is written goes to a tmpfs that ends with this mount namespace.
inside() {
	cache=$2 work=$3 root=$3/root
	local old new version
	old=$(release 6.1) new=$(release 6.12)
	mkdir "$root" "$work/tmpfs"
	mount -t tmpfs tmpfs "$work/tmpfs" && mkdir "$work/tmpfs"/{upper,work} &&
		mount -t overlay -o "lowerdir=/,upperdir=$work/tmpfs/upper,workdir=$work/tmpfs/work" \
			overlay "$root" || return
	for dir in "$top" "$cache"; do
		mkdir -p "$root$dir"
		mount --bind "$dir" "$root$dir" || return
	done
	mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" || return
	# What is on this system already is not what is tested.
	rm -rf "$root"/lib/modules/* "$root/usr/local/sbin/migsel"

	add_kernel "$old" "$cache/kernels/6.1/headers"
	chroot "$root" dpkg -i "$top"/deb/migsel_*.deb "$top"/deb/migsel-d{kms,oc}_*.deb >"$work/installs" 2>&1 &&
		chroot "$root" /usr/sbin/migsel help >"$work/help" && has_module "$old" && has_documents
	result installs

	version=$(dpkg-parsechangelog -l "$top/debian/changelog" -S Version)
	has_metrics >"$work/has_what_the_timer_needs" 2>&1
	result has_what_the_timer_needs

	add_kernel "$new" "$cache/kernels/6.12/headers"
	chroot "$root" /etc/kernel/postinst.d/dkms "$new" >"$work/follows_a_kernel_upgrade" 2>&1
	has_module "$new" && has_module "$old"
	result follows_a_kernel_upgrade

	passes_over >"$work/passes_over_what_it_is_not_for" 2>&1
	result passes_over_what_it_is_not_for

	cp "$root/usr/sbin/migsel" "$work/"
	cp "$root/lib/modules/$old/updates/dkms/migsel.ko" "$work/6.1.ko"
	cp "$root/lib/modules/$new/updates/dkms/migsel.ko" "$work/6.12.ko"
	chroot "$root" dpkg -P migsel migsel-dkms migsel-doc >"$work/goes_without_a_trace" 2>&1 && ! left_over
	result goes_without_a_trace

	by_make >"$work/by_make" 2>&1
	result by_make
}

# left_over: what names this program, outside of where it is built
left_over() {
	find "$root/etc" "$root/usr" "$root/lib" "$root/var/lib/dkms" -path "$root$top" -prune -o \
		-iname '*migsel*' -print | sed 's/^/# left: /' | grep .
}

# make dkms in place of make install, and of itself; then it goes.
by_make() {
	local kdir=/lib/modules/$old/build
	chroot "$root" make -s -C "$top" install KDIR="$kdir" &&
		chroot "$root" make -s -C "$top" dkms KDIR="$kdir" && has_module "$old" &&
		[[ $(chroot "$root" modinfo -k "$old" -n migsel) == */updates/dkms/migsel.ko ]] &&
		chroot "$root" make -s -C "$top" dkms KDIR="$kdir" && has_module "$old" &&
		chroot "$root" /usr/local/sbin/migsel help &&
		chroot "$root" /etc/kernel/postinst.d/dkms "$new" && has_module "$new" &&
		chroot "$root" make -s -C "$top" uninstall KDIR="$kdir" && ! left_over || return
	# Where it is not built, nothing is left, either.
	! chroot "$root" "$top/scripts/dkms.sh" && ! chroot "$root" env KDIR=/headers-6.1.0-1-bare "$top/scripts/dkms.sh" && ! left_over
}

# result NAME: of the command before.
result() {
	echo "$? $1" >>"$work/results"
}

lintian_accepts() {
	scripts/deb.sh >"$work/log" 2>&1 || return
	lintian --allow-root --fail-on error,warning deb/*.changes | sed 's/^/# /'
	((PIPESTATUS[0] == 0))
}

# What was installed, in the kernel that it was built for.
works_on() {
	KERNEL=$1 BUILD=1 LOAD=0 RUN="
		ip link add d0 type dummy && ip addr add 192.0.2.1/24 dev d0 && ip link set d0 up &&
		modprobe -a nf_defrag_ipv4 nf_defrag_ipv6 2>/dev/null; insmod $work/$1.ko &&
		$work/migsel vmk add d0 && $work/migsel route get 192.0.2.9 tag cold && rmmod migsel
	" selftests/vm/run.sh >"$work/out" 2>&1 && grep -q 'dev d0 .*cold-first-vmk' "$work/out" && return
	sed 's/^/# /' "$work/out"
	return 1
}

if [[ ${1-} == --inside ]]; then
	inside "$@"
	exit
fi

# inside_went_well NAME
inside_went_well() {
	grep -qx "0 $1" "$work/results" && return
	sed 's/^/# /' "$work/$1"
	return 1
}

ktap_print_header
((EUID == 0)) || ktap_exit_fail_msg 'it installs packages in a copy of this system: run it as root'
mkdir -p .cache
work=$(mktemp -d "$top/.cache/package-test.XXXXXX")
defer "rm -rf $work"
selftests/vm/need.sh package docs vm kbuild || exit
for kernel in $kernels; do
	KERNEL=$kernel selftests/vm/fetch.sh || exit
done
ktap_set_plan 9
ktap_test_result lintian_accepts lintian_accepts
unshare -m --propagation private "$0" --inside "$cache" "$work"
for name in installs has_what_the_timer_needs follows_a_kernel_upgrade passes_over_what_it_is_not_for \
	goes_without_a_trace by_make; do
	ktap_test_result "$name" inside_went_well "$name"
done
for kernel in $kernels; do
	ktap_test_result "works_on_$kernel" works_on "$kernel"
done
ktap_finished
