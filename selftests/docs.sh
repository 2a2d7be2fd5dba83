#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What README.md and the documentation say: their commands run, their tables are
# complete, their figures are those of the code.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

readme=$top/README.md
rst=$top/Documentation/networking/migsel.rst
man=$top/Documentation/man/migsel.8

# The reasons, as the netlink specification has them.
reasons=$(awk '/^    name: / { on = $2 == "reason" } on && /^        name: / { print $2 }' \
	"$top/Documentation/netlink/specs/migsel.yaml")

readme_commands() {
	local netns command
	add_netns netns
	ip -n "$netns" -b - <<-END || fail 'no devices'
		link add eth0 type dummy
		link add eth1 type dummy
		addr add 192.0.2.11/24 dev eth0
		addr add 192.0.2.12/24 dev eth1
		link set eth0 up
		link set eth1 up
	END
	mapfile -t commands < <(sed -n 's/^userspace\/migsel /migsel /p' "$readme")
	((${#commands[@]} >= 3)) || fail "README.md has ${#commands[@]} commands"
	for command in "${commands[@]}"; do
		# shellcheck disable=SC2086  # words as they stand there
		in_netns "$netns" $command >"$scratch/out" 2>&1 || fail "$command: $(<"$scratch/out")"
	done
	grep -q ' tag hot dev eth0 .* reason same-subnet$' "$scratch/out" || fail "route get: $(<"$scratch/out")"
}

# The demo's excerpt: its commands are the scenario's, its answer is the kernel's.
readme_excerpt() {
	local line
	while read -r line; do
		[[ $line != migsel\ vmk* ]] || grep -qF "on esx-a $line" "$here"/../demo/scenarios/3-*.sh ||
			fail "scenario 3 does not run: $line"
	done < <(sed -n 's/^esx-a# //p' "$readme")
	grep -q '^192.0.2.21 tag hot dev vmk0 src 192.0.2.11 reason same-subnet$' "$readme" ||
		fail 'the excerpt has no answer'
}

every_reason() {
	local reason file
	# shellcheck disable=SC2016  # quotes of Markdown
	[[ $(xargs <<<"$reasons") == "${all_reasons[*]}" ]] || fail "reasons: $reasons"
	for reason in $reasons; do
		for file in "$readme" "$rst"; do
			grep -qF "\`$reason\`" "$file" || fail "$file does not say $reason"
		done
		[[ $(sed -n '/^.SH REASONS/,/^.SH FILES/p' "$man" | grep -c "^\.B ${reason//-/\\\\-}\$") == 1 ]] ||
			fail "migsel(8) does not list $reason"
	done
}

figures() {
	local vmks flows addresses file
	vmks=$(defined MIGSEL_MAX_VMKS "$uapi")
	addresses=$(defined MIGSEL_MAX_ADDRESSES "$uapi")
	grep -q "^\* $addresses addresses of each family on a vmk" "$rst" || fail "$rst does not say $addresses addresses"
	flows=$(($(defined MIGSEL_FLOW_SETS "$top/module/place.h") * $(defined MIGSEL_FLOW_WAYS "$top/module/place.h")))
	for file in "$readme" "$rst"; do
		grep -q "^\(\* \)\?$vmks vmks and $flows remembered flows in a namespace" "$file" ||
			fail "$file does not say $vmks vmks and $flows flows"
	done
}

make_targets() {
	local target
	# shellcheck disable=SC2016  # quotes of Markdown
	for target in $(grep -o '`make [a-z]*`' "$readme" | tr -d '`' | cut -d ' ' -f 2 | sort -u); do
		grep -q "^$target:.*##" "$top/Makefile" || fail "there is no make $target"
	done
}

# SYNOPSIS is what help says, to the letter.
man_page() {
	diff <(migsel help) \
		<(sed -n '/^.SH SYNOPSIS/,/^.fi/p' "$man" | sed '1,2d;$d;s/\\-/-/g') >"$scratch/diff" ||
		fail "SYNOPSIS is not help: $(<"$scratch/diff")"
}

# What its examples show works, one after the other.
man_examples() {
	local a b line n=0
	add_netns a
	add_netns b
	ip -n "$a" -b - <<-END || fail 'no devices'
		link add vmk0 type veth peer name eth0 netns $b
		link add vmk1 type dummy
		addr add 192.0.2.11/24 dev vmk0
		addr add 198.51.100.11/24 dev vmk1
		link set vmk0 up
		link set vmk1 up
		route add 192.0.2.0/24 dev vmk1 metric 9
	END
	printf '%s\n' 'addr add 192.0.2.21/24 dev eth0' 'link set eth0 up' | ip -n "$b" -b - || fail 'no peer'
	while read -r line; do
		((++n))
		(cd "$scratch" && in_netns "$a" sh -c "$line") >"$scratch/out" 2>&1 || fail "$line: $(<"$scratch/out")"
	done < <(sed -n '/^.SH EXAMPLES/,/^.SH SEE/p' "$man" | sed -n 's/\\-/-/g;/^migsel /p')
	((n >= 7)) || fail "migsel(8) has $n commands"
	migsel -n "$a" vmk show >"$scratch/out"
	grep -q '^1: vmk1 .*migration on' "$scratch/out" || fail "no configuration: $(<"$scratch/out")"
}

# The examples of migsel-explain.rst and of the page for administrators, with what they say.
explained_examples() {
	local command n=0
	awk '/^  \$ migsel / { on = 1 } /^[^ ]/ { on = 0 } on' "$top/Documentation/networking/migsel-explain.rst" \
		"$top/Documentation/wrong-network.rst" | sed 's/^  //; /^$/d' >"$scratch/shown"
	while read -r command; do
		((++n))
		printf '$ %s\n' "$command"
		(cd "$top/Documentation/examples" && sh -c "$command")
	done < <(sed -n 's/^\$ //p' "$scratch/shown") >"$scratch/said" 2>&1
	((n >= 5)) || fail "the pages have $n commands"
	diff "$scratch/shown" "$scratch/said" >"$scratch/diff" || fail "not what is said: $(<"$scratch/diff")"
	grep -qxF "$(sed -n 2p "$scratch/said")" "$readme" || fail "README.md does not say: $(sed -n 2p "$scratch/said")"
	for command in "$top"/Documentation/examples/*; do
		grep -q "explain.* ${command##*/}" "$scratch/shown" || fail "no example explains ${command##*/}"
	done
}

# On hosts as those of the lab.
tutorial() {
	local -x HOME=$scratch LAB_PLACES='esx-a esx-b switch'
	"$top/lab/build.sh" >"$scratch/out" 2>&1 || fail "no hosts: $(tail -n 1 "$scratch/out")"
	python3 -B "$here/tutorial.py" >"$scratch/out" 2>&1 || fail "$(<"$scratch/out")"
}

need nft
ktap_print_header
ktap_set_plan 9
run_test 'the commands of README.md' readme_commands
run_test "the demo's excerpt in README.md" readme_excerpt
run_test 'every reason is in README.md, migsel.rst and migsel(8)' every_reason
run_test 'the limits in README.md and migsel.rst' figures
run_test 'the make targets in README.md' make_targets
run_test 'the SYNOPSIS of migsel(8) is its help' man_page
run_test 'the examples of migsel(8)' man_examples
run_test 'the examples of migsel explain' explained_examples
run_test 'the tutorial' tutorial
ktap_finished
