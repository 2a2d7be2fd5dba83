#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh [ FILE [ MANUAL ]]    explore.html: the rule in the browser. One file, which loads
#                                nothing. MANUAL: where the manual is, seen from FILE
#
# module/rule.c, and what the tool reads and says of described hosts, are compiled to
# WebAssembly; the words of the table are those of README.md, as in the report of the demo.
set -euo pipefail
export LC_ALL=C.UTF-8
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
out=${1:-$top/explore.html}
manual=${2:-Documentation/networking/migsel.rst}
"$top/selftests/vm/need.sh" explore
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the page calls.
mapfile -t calls < <(sed -n 's/^.*[ *]\(explore_[a-z_]*\)(.*;$/\1/p' "$here/explore.h")
mapfile -t sources < <("$here/sources.sh")

# Of the host's headers those of the kernel's ABI alone, as the C library for WebAssembly is
# no Linux.
clang --target=wasm32-wasi -mexec-model=reactor -std=gnu11 -D_GNU_SOURCE -Oz -flto \
	-Wall -Wextra -Werror -Wno-unused-parameter \
	-I"$top/userspace/include" -I"$top/userspace/lib" \
	-I"$top/userspace/commands" -I"$top/include/uapi" \
	-idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" \
	-o "$work/rule.wasm" "${sources[@]}" \
	-Wl,--gc-sections,--strip-all,--stack-first,-z,stack-size=262144 "${calls[@]/#/-Wl,--export=}"

# The table of the rule, where README.md has it.
# shellcheck disable=SC2016  # quotes of Markdown
table=$(jq -e -c -n -R '[inputs
	| capture("^\\| (?<row>[0-9]+) \\| (?<condition>.*) \\| (?<egress>.*) \\| `(?<reason>.*)` \\|$")
	| .row |= tonumber | .condition |= gsub("`"; "")] | if length > 0 then . else error("README.md has no table") end' "$top/README.md")

# Modules become one script, in the order in which they need each other.
{
	printf "'use strict';\n"
	printf 'const WASM = "%s";\n' "$(base64 -w 0 "$work/rule.wasm")"
	printf 'const TABLE = %s;\n' "$table"
	for module in rule state cases picture commands dom answer editors paste page; do
		sed -e '/^import /d' -e 's/^export //' -e '/^\/\/ SPDX/d' "$here/$module.js"
	done
} >"$work/script"
sed '/^\/\* SPDX/d' "$here/page.css" >"$work/style"

# digest FILE: as a policy of content has it. What is between the tags counts.
digest() { printf "'sha256-%s'" "$(openssl dgst -sha256 -binary "$1" | base64 -w 0)"; }

while IFS= read -r line; do
	case $line in
	*@POLICY@*)
		printf '%s\n' "${line/@POLICY@/default-src \'none\'; script-src $(digest "$work/script") \'wasm-unsafe-eval\'; style-src $(digest "$work/style"); img-src data:; base-uri \'none\'; form-action \'none\'}" ;;
	@STYLE@) printf '<style>' && cat "$work/style" && printf '</style>\n' ;;
	@SCRIPT@) printf '<script type="module">' && cat "$work/script" && printf '</script>\n' ;;
	*) printf '%s\n' "${line//@MANUAL@/$manual}" ;;
	esac
done <"$here/page.html" >"$work/page"
cat "$work/page" >"$out"
[[ ${1-} ]] || echo "$out"
