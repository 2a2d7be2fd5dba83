#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The patches of scripts/series.sh: that they apply to the newest kernel source that there is
# here, are built there, and run there.
#
# The tree that they are applied to is kept in the cache, with what was built there: links to the
# source, which Git does not write through.
. "$(dirname "$(readlink -f "$0")")/vm/test_lib.sh"

export GIT_AUTHOR_NAME='A. Sender' GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
source=$(KERNEL=7.3 selftests/vm/fetch.sh --source) || ktap_exit_fail_msg 'no source'
# shellcheck source=selftests/vm/lib.sh
tree=$(. selftests/vm/lib.sh && echo "$cache/series/${source##*/}")
mkdir -p "$(dirname "$tree")"
exec {held}>"$tree.lock"
flock "$held"

in_tree() { (cd "$tree" && GIT_CEILING_DIRECTORIES=$(dirname "$tree") "$@"); }

# restore: the files that standard input names, as the source has them
restore() {
	local file
	while read -r file; do
		rm -f "$tree/$file" && { [[ ! -e $source/$file ]] || ln "$source/$file" "$tree/$file"; } || return
	done
}

they_apply() {
	scripts/series.sh "$source" "$scratch/series" >"$scratch/out" 2>"$scratch/err" || return
	is "$(wc -l <"$scratch/out")" 10 || return
	if [[ -e $tree/files ]]; then
		restore <"$tree/files" || return
	else
		rm -rf "$tree" && cp -al "$source" "$tree" || return
	fi
	cat "$scratch"/series/000[1-9]-*.patch >"$scratch/patches"
	sed -n 's/^+++ b\///p' "$scratch/patches" | sort -u >"$tree/files"
	in_tree git apply "$scratch/patches" 2>"$scratch/err" && is "$(grep -c migsel "$source/net/Kconfig")" 0
}

# Nothing is left out, nothing is for older kernels, and each file has a maintainer.
they_are_all_of_it() {
	is "$(cd "$tree/net/migsel" && ls -- *.[ch])" "$(cd module && ls -- *.[ch])" &&
		is "$(grep -rlE 'compat|VERSION_CODE' "$tree/net/migsel" | wc -l)" 0 &&
		is "$(grep -c 'TEST_PROGS_' "$tree/tools/testing/selftests/net/migsel/Makefile")" 0 || return
	sed -n 's/^+F:\t//p' "$scratch"/series/0009-*.patch >"$scratch/entry"
	# In what is left something is added.
	is "$(grep -v -f "$scratch/entry" "$tree/files" | xargs)" \
		'Documentation/networking/index.rst MAINTAINERS net/Kconfig net/Makefile tools/testing/selftests/Makefile'
}

# As its own generator makes it, but for what series.sh says.
specification_fits() {
	local spec=Documentation/netlink/specs/migsel.yaml
	in_tree python3 -B tools/net/ynl/pyynl/ynl_gen_c.py --mode uapi --header --spec $spec -o "$scratch/uapi" &&
		in_tree python3 -B tools/net/ynl/pyynl/ynl_gen_c.py --mode kernel --source --spec $spec -o "$scratch/netlink_gen.c" || return
	is "$(diff "$scratch/uapi" "$tree/include/uapi/linux/migsel.h"; diff "$scratch/netlink_gen.c" "$tree/net/migsel/netlink_gen.c" | grep '^[<>]' | xargs)" \
		'< [MIGSEL_NLGRP_ALARM] = { alarm, }, > [MIGSEL_NLGRP_ALARM] = { alarm, GENL_MCAST_CAP_NET_ADMIN, },'
}

# Of C the first line of each file, as lint has looked at it. It is accepted that files are added
# before MAINTAINERS has them, and that lines of scripts are as long as what they compare.
checkpatch_finds_nothing() {
	local patch
	for patch in "$scratch"/series/000[1-9]-*.patch; do
		awk '
			/^diff --git/ { c = /[.][ch]$/; n = 0 }
			c && /^@@/ { print "@@ -0,0 +1 @@"; n = 1; next }
			!(c && n && n++ > 1)' "$patch" >"$scratch/patch"
		in_tree perl scripts/checkpatch.pl --strict --terse --show-types --no-summary "$scratch/patch" |
			sed "s/^[^:]*/${patch##*/}/"
	done >"$scratch/err" 2>&1
	is "$(grep -vE ': WARNING:(FILE_PATH_CHANGES|LONG_LINE(_STRING|_COMMENT)?|REPEATED_WORD):' "$scratch/err")" ''
}

# kbuild ARGUMENT...
kbuild() { in_tree make -s O=build ARCH=x86 -j"$(nproc)" "$@" >"$scratch/out" 2>"$scratch/err"; }

# configure OPTION...: the least there is, and these
configure() {
	kbuild tinyconfig && printf 'CONFIG_%s\n' 64BIT=y SMP=y MODULES=y NET=y INET=y IPV6=y NETFILTER=y DEBUG_KERNEL=y FAULT_INJECTION=y KUNIT=m "$@" \
		>>"$tree/build/.config" && kbuild olddefconfig
}

they_are_built() {
	configure && is "$(grep -c '^CONFIG_MIGSEL' "$tree/build/.config")" 0 &&
		configure MIGSEL=m MIGSEL_KUNIT_TEST=m && kbuild W=1 net/migsel/ || return
	[[ -e $tree/build/net/migsel/migsel.o && -e $tree/build/net/migsel/tests/migsel_kunit.o && ! -s $scratch/err ]] &&
		configure MIGSEL=y && kbuild net/migsel/ &&
		is "$(nm "$tree/build/net/migsel/built-in.a" | grep -c 'D migsel_nl_family')" 1 && [[ ! -s $scratch/err ]]
}

# As kselftest does, where they are and installed.
selftests_run() {
	local tests=$tree/tools/testing/selftests
	make -s -C "$tests" TARGETS=net/migsel FORCE_TARGETS=1 KSFT_INSTALL_PATH="$scratch/installed" \
		install >"$scratch/out" 2>"$scratch/err" || return
	is "$(grep -c . "$scratch/installed/kselftest-list.txt")" "$(make -s -C selftests list | wc -w)" || return
	cd "$scratch" || return
	BUILD=1 LOAD=1 vm "
		make -s -C '$tests' TARGETS=net/migsel TEST_PROGS=netlink.sh run_tests
		cd installed && ./run_kselftest.sh -t net/migsel:netlink.sh -t net/migsel:refuse.sh
	"
	is "$(grep -o '^\(not \)\?ok.*' "$scratch/out" | xargs)" "ok 1 selftests: net/migsel: netlink.sh \
ok 1 selftests: net/migsel: netlink.sh ok 2 selftests: net/migsel: refuse.sh"
}

# refused PATTERN COMMAND...: in one line, and nothing is written
refused() {
	! "${@:2}" >"$scratch/out" 2>"$scratch/err" &&
		is "$(wc -l <"$scratch/err") $(find "$scratch" -name none)" '1 ' && says "^series: .*$1"
}

what_does_not_fit_is_refused() {
	refused 'is no kernel tree: it has no MAINTAINERS' scripts/series.sh "$scratch" "$scratch/none" &&
		refused 'has net/migsel already' scripts/series.sh "$tree" "$scratch/none" &&
		refused 'who signs' env -u GIT_COMMITTER_EMAIL GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
			GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.useConfigOnly GIT_CONFIG_VALUE_0=true \
			scripts/series.sh "$source" "$scratch/none"
}

run_tests they_apply they_are_all_of_it specification_fits checkpatch_finds_nothing they_are_built selftests_run \
	what_does_not_fit_is_refused
