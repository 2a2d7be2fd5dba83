#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of make docs: the pages are made, have in them what is generated, and a mistake in one
# is an error. It needs no test kernel, only the source of one. KTAP on standard output.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/vm/lib.sh"

html=$scratch/html

builds() {
	"$top/scripts/docs.sh" "$html" >"$scratch/log" 2>&1 || fail "$(tail -n 5 "$scratch/log")"
}

# page FILE WORD...: is there, and says the words
page() {
	local word
	[[ -s $html/$1 ]] || { fail "no $1"; return 1; }
	for word in "${@:2}"; do
		grep -qF -- "$word" "$html/$1" || { fail "$1 does not say $word"; return 1; }
	done
}

every_page() {
	local file
	while read -r file; do
		page "${file%.rst}.html" || return
	done < <(cd "$top/Documentation" && find . -name '*.rst')
}

# Each operation of the family, and each function whose comment a header or a source has.
generated_pages() {
	local -a operations functions
	mapfile -t operations < <(sed -n '/^operations:/,/^[^ ]*groups:/s/^      name: //p' \
		"$top/Documentation/netlink/specs/migsel.yaml")
	((${#operations[@]} >= 10)) || { fail "the specification has ${#operations[@]} operations"; return 1; }
	page family.html "${operations[@]/#/operation-}" || return
	mapfile -t functions < <(sed -n 's/^ \* \(migsel_rule_[a-z_]*\) - .*/\1/p' "$top/module/rule.c" "$top/module/rule.h")
	((${#functions[@]} >= 3)) || { fail "the rule has ${#functions[@]} functions with a comment"; return 1; }
	page functions.html "${functions[@]/#/c.functions.}"
}

# What it leads to is there.
the_rule_runs() {
	local link
	grep -q 'href="explore.html"' "$html/index.html" || fail 'the first page does not lead there'
	page explore.html wasm-unsafe-eval
	while read -r link; do
		page "$link" || return
	done < <(grep -o 'href="[^"#:]*"' "$html/explore.html" | cut -d'"' -f2)
}

# A copy of what is read, for mistakes to be made in.
copy() {
	copy=$scratch/copy
	rm -rf "$copy"
	mkdir -p "$copy/selftests"
	cp -r "$top/Documentation" "$top/module" "$top/scripts" "$copy/"
	cp -r "$top/selftests/vm" "$copy/selftests/"
}

# refused MESSAGE...: the copy, with these, and without a page being written
refused() {
	local message
	! "$copy/scripts/docs.sh" "$scratch/other" >"$scratch/log" 2>&1 || fail 'it is no error'
	for message; do
		grep -qF -- "$message" "$scratch/log" || fail "no '$message': $(tail -n 3 "$scratch/log")"
	done
	[[ ! -e $scratch/other ]] || fail 'there are pages'
}

references() {
	copy
	# shellcheck disable=SC2016  # for Sphinx
	printf '\nSee :doc:`nowhere`, and :c:func:`migsel_nothing`.\n' >>"$copy/Documentation/networking/migsel-engines.rst"
	printf '=====\nAlone\n=====\n' >"$copy/Documentation/alone.rst"
	refused "unknown document: 'nowhere'" 'c:func reference target not found: migsel_nothing' \
		"alone.rst: WARNING: document isn't included in any toctree"
}

# Of a function's comment its first parameter is taken out.
comments() {
	copy
	sed -i '0,/^ \* @/{/^ \* @/d}' "$copy/module/rule.c"
	refused 'not described in'
}

MIGSEL_CACHE=$(cache_dir)
export MIGSEL_CACHE
"$here/vm/need.sh" docs || exit
ktap_print_header
ktap_set_plan 6
run_test 'make docs succeeds' builds
run_test 'every page is there' every_page
run_test 'operations and functions are described' generated_pages
run_test 'the page where the rule runs' the_rule_runs
run_test 'a reference that leads nowhere is an error' references
run_test 'a comment that leaves out a parameter is an error' comments
ktap_finished
