#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# need.sh GROUP...    have what these groups need of the host: build (the tool),
#                     kbuild (modules for a test kernel), source (a test kernel itself),
#                     vm, uml (vm in user mode), arm64, s390x, i386 (vm and kbuild for these),
#                     shell (what a user of vm has), lab, demo, check, docs, bench, fuzz, lint, package,
#                     series (patches for a kernel tree), explore (the page), explore-test (a browser to try it with)
#
# As root on a Debian system it installs what is missing, and says so in one line;
# elsewhere it prints the one line to run, and fails.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# Groups, a program or a file (a pattern), the package it is in.
table='
	build,kbuild,source gcc                        gcc
	build,kbuild,source,series make                make
	build        pkg-config                        pkg-config
	build        /usr/include/libmnl/libmnl.h      libmnl-dev
	build        /usr/include/jansson.h            libjansson-dev
	build        /usr/include/csv.h                libcsv-dev
	kbuild       gcc-12                            gcc-12
	kbuild       /usr/lib/*/libelf.so.1            libelf1
	kbuild,vm,uml,source depmod                    kmod
	source       flex                              flex
	source       bison                             bison
	source       bc                                bc
	source       /usr/include/gelf.h               libelf-dev
	source       /usr/include/openssl/ssl.h        libssl-dev
	vm,lab,demo,check qemu-system-x86_64           qemu-system-x86
	vm,uml,source cpio                             cpio
	vm,source    xz                                xz-utils
	vm,source    zstd                              zstd
	vm,uml       awk                               mawk
	vm,uml       flock                             util-linux
	shell        /usr/share/bash-completion/bash_completion bash-completion
	shell        less                              less
	shell        man                               man-db
	lab          ip                                iproute2
	lab          iperf3                            iperf3
	lab          jq                                jq
	lab          /usr/include/cmocka.h             libcmocka-dev
	lab          nano                              nano
	lab          nft                               nftables
	lab          tcpdump                           tcpdump
	lab          tmux                              tmux
	lab          tshark                            tshark
	virtiofs     /usr/libexec/virtiofsd            virtiofsd
	vm           patchelf                          patchelf
	arm64,s390x,i386 cpio                          cpio
	arm64,s390x,i386 pkg-config                    pkg-config
	arm64        qemu-system-aarch64               qemu-system-arm
	arm64        aarch64-linux-gnu-gcc-12          gcc-12-aarch64-linux-gnu
	arm64        /usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross
	s390x        qemu-system-s390x                 qemu-system-misc
	s390x        s390x-linux-gnu-gcc-12            gcc-12-s390x-linux-gnu
	s390x        /usr/s390x-linux-gnu/lib/libc.a   libc6-dev-s390x-cross
	i386         qemu-system-i386                  qemu-system-x86
	i386         i686-linux-gnu-gcc-12             gcc-12-i686-linux-gnu
	i386         /usr/i686-linux-gnu/lib/libc.a    libc6-dev-i386-cross
	demo,check   ip                                iproute2
	demo,check   nft                               nftables
	lab,demo,check ping                            iputils-ping
	demo,check   iperf3                            iperf3
	demo,check   jq                                jq
	demo,check   neato                             graphviz
	demo,check   gnuplot                           gnuplot-nox
	demo,check   dumpcap                           wireshark-common
	demo,check   tshark                            tshark
	check        iptables                          iptables
	check        wg                                wireguard-tools
	check        teamnl                            libteam-utils
	lab,demo,check qemu-img                        qemu-utils
	lab,check    qemu-io                           qemu-utils
	check        losetup                           mount
	lab,demo,check rsync                           rsync
	check        cc                                gcc
	check        pgrep                             procps
	check        openssl                           openssl
	check        libvirtd                          libvirt-daemon
	check        virsh                             libvirt-clients
	check        /usr/include/cmocka.h             libcmocka-dev
	check        genl                              iproute2
	check        promtool                          prometheus
	check        strace                            strace
	check        systemd-analyze                   systemd
	check,lint,series python3                      python3
	check,lint,series /usr/lib/python3*/*/yaml/*.py python3-yaml
	check,lint,series /usr/lib/python3*/*/jsonschema/*.py python3-jsonschema
	docs         perl                              perl
	docs         sphinx-build                      python3-sphinx
	docs         /usr/lib/python3*/*/yaml/*.py     python3-yaml
	bench        gnuplot                           gnuplot-nox
	bench        ip                                iproute2
	bench        iptables                          iptables
	bench        nft                               nftables
	bench        python3                           python3
	kselftest    gcc                               gcc
	kselftest    arping                            iputils-arping
	kselftest    conntrack                         conntrack
	kselftest    ethtool                           ethtool
	kselftest    ip                                iproute2
	kselftest    iperf3                            iperf3
	kselftest    iptables                          iptables
	kselftest    ipvsadm                           ipvsadm
	kselftest    jq                                jq
	kselftest    mausezahn                         netsniff-ng
	kselftest    nc                                netcat-openbsd
	kselftest    nft                               nftables
	kselftest    ping                              iputils-ping
	kselftest    python3                           python3
	kselftest    socat                             socat
	kselftest    tcpdump                           tcpdump
	kselftest    tracepath                         iputils-tracepath
	kselftest    traceroute                        traceroute
	kselftest    /usr/include/libmnl/libmnl.h      libmnl-dev
	lint         clang                             clang
	lint         scan-build                        clang-tools
	lint         codespell                         codespell
	lint,series  git                               git
	lint         ld.lld                            lld
	lint         llvm-ar                           llvm
	lint         ocamlopt                          ocaml
	lint         perl                              perl
	lint         shellcheck                        shellcheck
	lint         sparse                            sparse
	lint         spatch                            coccinelle
	lint         yamllint                          yamllint
	explore      clang                             clang
	explore      wasm-ld                           lld
	explore      /usr/lib/wasm32-wasi/libc.a       wasi-libc
	explore      /usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a libclang-rt-dev-wasm32
	explore      gcc                               gcc
	explore      /usr/include/linux/types.h        linux-libc-dev
	explore      jq                                jq
	explore      openssl                           openssl
	explore-test chromedriver                      chromium-driver
	explore-test /usr/lib/python3/dist-packages/selenium/__init__.py python3-selenium
	fuzz         clang                             clang
	fuzz         /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a libclang-rt-dev
	package      dkms                              dkms
	package      dh_dkms                           dh-dkms
	package      dh                                debhelper
	package      dpkg-buildpackage                 dpkg-dev
	package      fakeroot                          fakeroot
	package      lintian                           lintian
'

have() {
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# Asked again with the package index read anew, when the one at hand is too old.
install() {
	local log status=1
	local -a apt=(apt-get -y -q -o DPkg::Lock::Timeout=600)
	log=$(mktemp)
	DEBIAN_FRONTEND=noninteractive "${apt[@]}" --no-install-recommends install "$@" >"$log" 2>&1 && status=0
	if ((status)) && "${apt[@]}" update >"$log" 2>&1; then
		DEBIAN_FRONTEND=noninteractive "${apt[@]}" --no-install-recommends install "$@" >"$log" 2>&1 && status=0
	fi
	((status == 0)) || grep -m 3 '^E:' "$log" >&2 || :
	rm -f "$log"
	return "$status"
}

missing=()
for group in "$@"; do
	[[ $table =~ [[:space:],]"$group"[[:space:],] ]] || { echo "need: no group '$group'" >&2; exit 1; }
	while read -r groups thing package; do
		[[ ,$groups, == *,$group,* ]] || continue
		have "$thing" || [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
	done <<<"$table"
done
((${#missing[@]})) || exit 0

line="apt-get install --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
	echo "need: install what Debian has in: ${missing[*]}" >&2
	exit 1
elif ((EUID)); then
	echo "need: missing programs, as root run: $line" >&2
	exit 1
fi
echo "need: installing ${missing[*]}" >&2
install "${missing[@]}" || {
	echo "need: could not install; with the network up and the disk not full, run: $line" >&2
	exit 1
}
