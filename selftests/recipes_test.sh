#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The recipes of CONTRIBUTING.md: each has a patch in recipes/ that follows it, which is
# applied to a copy of the checkout, built and tried. What a change touches beside tests,
# documentation and what is generated is counted: the recipe says how many files that is.
. "$(dirname "$(readlink -f "$0")")/vm/test_lib.sh"

recipes=$here/recipes

# follow RECIPE FILES: makes the copy, and what is generated there, into $copy
follow() {
	local touched
	copy=$scratch/$1
	mkdir "$copy" && tar -c --exclude=./.cache --exclude=./demo-report . | tar -x -C "$copy" &&
		patch -d "$copy" -sp1 <"$recipes/$1.patch" >"$scratch/err" 2>&1 || return
	touched=$(sed -n 's/^+++ b\///p' "$recipes/$1.patch" | grep -vcE '^(Documentation/(man|networking)|selftests)/')
	is "$touched files" "$2 files" || return
	KERNEL=uml selftests/vm/fetch.sh --source >"$scratch/source" 2>"$scratch/err" &&
		"$copy/scripts/generate.sh" "$(<"$scratch/source")" >"$scratch/err" 2>&1
}

# in_copy COMMAND: in the test kernel, with the module of the copy
in_copy() {
	(cd "$copy" && BUILD=1 RUN=$1 selftests/vm/run.sh) >"$scratch/out" 2>"$scratch/err"
}

a_row() {
	follow row 4 && make -s -C "$copy/selftests/unit" check >"$scratch/err" 2>&1 || return
	in_copy 'ip link add d0 up type dummy; ip addr add 192.0.2.1/24 dev d0
		migsel vmk add d0 migration on; migsel route get 192.0.2.9; migsel -d route get 192.0.2.9' &&
		says ' dev d0 .* reason lone-vmk$' out && says 'lone-vmk .*applied: the only vmk has migration on' out
}

an_attribute() {
	follow attribute 5 || return
	in_copy 'ip link add d0 type dummy; migsel vmk add d0 comment "for vMotion, rack 7"
		migsel save >/tmp/saved; migsel vmk flush; migsel restore </tmp/saved; migsel -j vmk show
		migsel save | cmp - /tmp/saved && echo same' &&
		says '"comment":"for vMotion, rack 7"' out && says '^same$' out
}

a_kernel() {
	local module
	follow kernel 0 || return
	module=$(KDIR='' KERNEL=6.1-rt "$copy/selftests/vm/build.sh" 2>"$scratch/err") &&
		is "$(modinfo -F vermagic "$module" | grep -c -- '-rt-')" 1
}

a_test() {
	follow test 0 && in_copy selftests/example.sh && says '^ok 1 ' out
}

run_tests a_row an_attribute a_kernel a_test
