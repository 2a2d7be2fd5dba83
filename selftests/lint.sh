#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lint.sh [CHECK...]    every static check of the sources, or those named
#
# A check that says anything, or fails, is `not ok`. Its rules come with the checker or
# from the kernel source that the test kernels with detectors are built from, checkpatch from the
# newest one, for which patches are made. KTAP on
# standard output; the last line is `N passed, N failed, N skipped`.
set -euo pipefail
top=$(readlink -f "$(dirname "$(readlink -f "$0")")/..")
cd "$top"
# shellcheck source=selftests/vm/lib.sh
. selftests/vm/lib.sh
# shellcheck source=selftests/jobs.sh
. selftests/jobs.sh
unset MAKEFLAGS MFLAGS MAKEOVERRIDES KERNEL KDIR W C
export LC_ALL=C.UTF-8

# The long ones first.
checks=(W1-sparse-6.12 W1-sparse-6.1 W1-7.3 W1-no-ipv6 W1-6.1-oldest W1-6.1-cloud
	W1-6.12-cloud W1-7.3-cloud coccinelle clang analyzer shellcheck
	checkpatch kernel-doc generated arrows tool_arrows named codespell yamllint license version)

# What checkpatch finds and what cannot be written in another way.
accepted=(
	# Fields of an event are a block of code to some macros, a list to others.
	'^module/trace[.]h:[0-9]+: CHECK:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE):'
	# A list that others expand, each in a way of its own.
	'^module/reasons[.]h:[0-9]+: (ERROR:COMPLEX_MACRO|CHECK:MACRO_ARG_REUSE):'
	'^module/trace[.]h:[0-9]+: WARNING:(MACRO_ARG_UNUSED|TRAILING_SEMICOLON):'
	# One source for several kernels; and KERNEL_VERSION() is no constant on the left. What a
	# newer kernel has is put in terms of an older one, once for each use.
	'^module/compat/.*: (WARNING:(LINUX_VERSION_CODE|CONSTANT_COMPARISON)|ERROR:COMPLEX_MACRO|CHECK:MACRO_ARG_REUSE):'
	# The one place that defines the macro; user space has no __printf().
	'^userspace/lib/error[.]h:[0-9]+: WARNING:PREFER_DEFINED_ATTRIBUTE_MACRO:'
	# The name is cmocka's.
	'^(selftests/unit|lab/exercises)/.*: CHECK:CAMELCASE: Avoid CamelCase: <CMUnitTest>$'
	# A text is not split.
	'^userspace/.*: CHECK:LONG_LINE_STRING:'
	# The names are libFuzzer's; and it may change the array.
	'^selftests/fuzz/.*: CHECK:CAMELCASE: Avoid CamelCase: <LLVMFuzzer'
	'^selftests/fuzz/describe[.]c:[0-9]+: WARNING:STATIC_CONST_CHAR_ARRAY:'
)

# without PATTERN...: standard input without the lines that match
without() {
	local IFS='|'
	awk -v pattern="$*" '$0 !~ pattern'
}

built() { KERNEL=$1 selftests/vm/build.sh >/dev/null; }

checkpatch() {
	cd "$work" # it leaves a file, and ends with 1 for what is accepted, too
	ln -s "$top" top
	printf 'top/%s\n' "${c_files[@]}" |
		xargs perl "$newest/scripts/checkpatch.pl" --root="$newest" --strict --terse \
			--show-types --no-summary -f | sed 's#^top/##' | without "${accepted[@]}" || :
}

# Standard error repeats the commands: of interest only with a failure, which is reported.
coccinelle() {
	cd "$work" # so does it
	srctree=$source KBUILD_EXTMOD=$top/module LINUXINCLUDE="-I$source/include" MODE=report J=1 \
		DEBUG_FILE=$work/coccinelle.log bash "$source/scripts/coccicheck" |
		without '^$' '^Please check for false positives' '^When using "patch" mode'
}

# Nothing is linked with the kernel, so every symbol of it is undefined.
clang_build() {
	KDIR=$1 LLVM=1 KBUILD_MODPOST_WARN=1 W=1 selftests/vm/build.sh 2>&1 >/dev/null |
		without '^WARNING: modpost: ".*" .*migsel.ko] undefined!' \
			'^WARNING: modpost: suppressed .* unresolved symbol'
}

# A copy: the flags are those of its Makefile, and there is nothing built yet.
analyzer() {
	mkdir "$work/analyzer"
	cp -r include module userspace selftests "$work/analyzer/"
	cd "$work/analyzer"
	make -s -C userspace clean
	scan-build -o "$work/analyzer" --status-bugs sh -c 'make -s -C userspace && make -s -C selftests -B' \
		>"$work/analyzer.log" 2>&1 || cat "$work/analyzer.log"
}

shell() {
	local file
	for file in "${files[@]}"; do
		if [[ $file == *.sh ]] || grep -qE '^#!.*\b(ba|da)?sh$|^# shellcheck shell=' "$file"; then
			echo "$file"
		fi
	done | xargs shellcheck -x -f gcc
}

generated() {
	mkdir "$work/generated"
	cp -r Documentation include module scripts "$work/generated/"
	"$work/generated/scripts/generate.sh" "$source"
	diff -ru include "$work/generated/include"
	diff -ru module "$work/generated/module"
}

# The version is where it has to be for make and for Debian, too.
version() {
	local version
	version=$(sed -n '0,/^## /s/^## //p' CHANGELOG.md)
	grep -qx "VERSION ?= $version" userspace/Makefile || echo "userspace/Makefile: not version $version, as CHANGELOG.md says"
	[[ $(head -n 1 debian/changelog) == "migsel ($version) "* ]] || echo "debian/changelog: not version $version, as CHANGELOG.md says"
}

# A function that a comment names, as f(), has to be defined or called somewhere: a comment
# outlives what it is about. Two are only talked of.
named() {
	# shellcheck disable=SC2016  # perl's
	perl -0777 -ne '
		while (m{/\*.*?\*/}gs) { my $comment = $&; push @names, "$ARGV: $1" while $comment =~ /\b(\w+)\(\)/g }
		s{/\*.*?\*/}{}gs;
		$code .= $_;
		END { for (@names) { /(\w+)$/; print "$_() is no function\n" unless $code =~ /\b$1\s*\(/ } }' \
		"${c_files[@]}" | without ': (execve|vmalloc)\(\) '
}

# COPYING is the text of the license; README.md says it for the reader; Debian's files
# whose form takes no comment have theirs in debian/copyright; descriptions of hosts are as
# programs print them; what the lab shows is for a screen.
license() {
	local file
	for file in "${files[@]}"; do
		[[ $file == @(COPYING|README.md|debian/changelog|debian/copyright|debian/source/format|Documentation/examples/*|lab/exercises/*.txt|selftests/explain/*|selftests/fuzz/corpus/*) ]] ||
			head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
			echo "$file: no SPDX-License-Identifier in the first three lines"
	done
}

# Advice: a file that is generated, or a specification, is as long as what it is about.
advise_on_length() {
	printf '%s\n' "${texts[@]}" | grep -vE '_gen\.[ch]$|^include/uapi/|/specs/' | xargs wc -l |
		awk '$2 != "total" && $1 > 600 { print "# " $2 " has " $1 " lines: files of more than 600 are hard to find the way in" }'
}

# Of the tool.
tool_arrows() { mkdir -p "$builds" && flock "$builds/tool.lock" make -s -C userspace arrows; }

# check NAME: says what it finds
check() {
	case $1 in
	W1-sparse-*) W=1 C=2 built "${1##*-}" ;;
	W1-no-ipv6) KDIR=$no_ipv6_tree W=1 selftests/vm/build.sh >/dev/null ;;
	W1-*) W=1 built "${1#W1-}" ;;
	clang) clang_build "$clang_tree" ;;
	shellcheck) shell ;;
	arrows) selftests/arrows.sh "$(dirname "$(KERNEL=6.1 selftests/vm/build.sh)")" ;;
	kernel-doc) "$source/scripts/kernel-doc" -none -Wall -Werror "${kernel_files[@]}" ;;
	# A word of nftables and ip.
	codespell) codespell -L iif "${texts[@]}" ;;
	yamllint) yamllint -s -f parsable -c "$source/Documentation/devicetree/bindings/.yamllint" \
		Documentation/netlink/specs/*.yaml ;;
	*) "$1" ;;
	esac
}

# What the module uses of the kernel.
options=$(printf '%s=y ' 64BIT MODULES SMP DEBUG_KERNEL PROVE_LOCKING FTRACE ENABLE_DEFAULT_TRACERS \
	NET INET EXPERT NAMESPACES NET_NS NETFILTER NETFILTER_ADVANCED XFRM_USER \
	IP_ADVANCED_ROUTER IP_MULTIPLE_TABLES NET_L3_MASTER_DEV)
options_ipv6='IPV6=y IPV6_MULTIPLE_TABLES=y'

# prepare_tree FOLDER OPTIONS COMPILER ARGUMENT...: the source, ready for modules that are
# built by make ARGUMENT...
prepare_tree() {
	local tree=$1 made_from
	local -a tree_make=(make -s -C "$source" O="$tree" ARCH=x86_64 "${@:4}")
	made_from="$("$3" --version | head -n 1) $source $2 $(declare -f prepare_tree without_ipv6 | sha256sum)"
	lock "$tree.lock" "preparing the kernel source for $3"
	if [[ ! -e $tree/made-from || $(<"$tree/made-from") != "$made_from" ]]; then
		echo "lint: preparing the kernel source for $3: half a minute" >&2
		rm -rf "$tree"
		mkdir "$tree"
		"${tree_make[@]}" tinyconfig
		# shellcheck disable=SC2086  # words
		printf 'CONFIG_%s\n' $2 >>"$tree/.config"
		"${tree_make[@]}" olddefconfig 2>&1 | { grep -v 'override: reassigning' || :; } >&2
		"${tree_make[@]}" -j"$(nproc)" modules_prepare >&2
		touch "$tree/Module.symvers"
		[[ $2 != *IPV6=n* ]] || without_ipv6
		echo "$made_from" >"$tree/made-from"
	fi
	exec {lock_fd}>&-
}

# What the kernel exports where it has no IPv6: what is left in that folder, and what the
# others have. Anything else a module cannot be linked with.
without_ipv6() {
	"${tree_make[@]}" net/ipv6/ drivers/char/random.o >&2
	{
		nm "$tree"/net/ipv6/*.o "$tree/drivers/char/random.o" | sed -n 's/.* __export_symbol_//p'
		(
			cd "$source"
			find arch/x86 drivers/base fs kernel lib mm net security \
				-path net/ipv6 -prune -o -name '*.[chS]' \
				-exec grep -hoE '\b(EXPORT[A-Z_]*|define_netdev_printk_level)\(\w+' {} + | sed 's/.*(//'
		)
	} | sort -u | awk '{ printf "0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n", $1 }' >"$tree/Module.symvers"
}

# What the checks named need of the cache.
prepare() {
	local name
	selftests/vm/need.sh build kbuild source lint
	source=$(KERNEL=debug selftests/vm/fetch.sh --source)
	clang_tree=$cache/clang no_ipv6_tree=$cache/no-ipv6
	for name; do
		case $name in
		W1-no-ipv6) prepare_tree "$no_ipv6_tree" "$options IPV6=n" gcc ;;
		arrows) KERNEL=6.1 selftests/vm/fetch.sh ;;
		checkpatch) newest=$(KERNEL=7.3 selftests/vm/fetch.sh --source) ;;
		W1-sparse-*) KERNEL=${name##*-} selftests/vm/fetch.sh ;;
		W1-*) KERNEL=${name#W1-} selftests/vm/fetch.sh ;;
		clang) prepare_tree "$clang_tree" "$options $options_ipv6" clang LLVM=1 ;;
		esac
	done
}

# Every file that is not ignored; with or without a repository around them.
list_files() {
	git init -q --bare "$work/git"
	mapfile -t files < <(git --git-dir="$work/git" --work-tree="$top" ls-files -o --exclude-standard)
	mapfile -t c_files < <(printf '%s\n' "${files[@]}" | grep '\.[ch]$')
	mapfile -t kernel_files < <(printf '%s\n' "${c_files[@]}" | grep -E '^(module|include)/')
	mapfile -t texts < <(printf '%s\n' "${files[@]}" | grep -vE '^COPYING$|^selftests/fuzz/corpus/')
}

passed=0 failed=0

# ended CHECK STATUS FILE: what it printed is in FILE. That it waited for who builds the same
# is no finding.
ended() {
	sed -i '/^vm: waiting for another run /d' "$3"
	sed -E "s#$top/(.cache/build/[^/]*/)?##g; s/^/# /" "$3"
	if (($2 == 0)) && [[ ! -s $3 ]]; then
		echo "ok $((++passed + failed)) $1"
	else
		(($2 == 0)) || echo "# $1 ended with $2"
		echo "not ok $((passed + ++failed)) $1"
	fi
}

(($# > 0)) || set -- "${checks[@]}"
for name; do
	[[ " ${checks[*]} " == *" $name "* ]] ||
		{ echo "lint: no check '$name', there are: ${checks[*]}" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'jobs_end; rm -rf "$work"' EXIT
prepare "$@"
list_files
echo 'KTAP version 1'
echo "1..$#"
for name; do
	jobs_begin "$name" check "$name"
done
jobs_wait
advise_on_length
echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
