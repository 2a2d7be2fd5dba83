# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of "migsel check" share that give it rules of ip, nftables and iptables;
# sourced, not run.

# shellcheck disable=SC2016 # jq names its variables so, too
# shellcheck source=selftests/tool_lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/tool_lib.sh"

# A host without anything to find: one vmk, which carries all.
sound() {
	in_host nft flush ruleset
	in_host ip rule flush && in_host ip rule add priority 32766 lookup main
	in_host ip -6 rule flush && in_host ip -6 rule add priority 32766 lookup main
	sound_sysctls
	three_vmks
	m vmk set vmk2 migration on
}

# Of the rules that were added: MESSAGE PATTERN of a conflict, "clean", or "tag" where
# they set the tag as is wanted. Then all are taken away again.
is() {
	local what=$1
	shift
	case $what in
	clean)
		run 0 m -j check
		[[ $out == '[]' ]] || fail "of $*: $out"
		;;
	tag)
		run 0 m -j check
		json 'length > 0 and all(.code == "tag-set" and .severity == "ok" and (has("fix") | not))'
		;;
	*)
		run 1 m -j check
		holds --arg like "$what" 'any(.code == "tag-conflict" and (.message | test($like))) and
			all(.code == "tag-conflict")' ||
			fail "of $*: not \"$what\": $out"
		;;
	esac
	in_host nft flush ruleset
}

rules() { in_host nft -f - || fail 'nft refuses its rules'; }

# nft_is PATTERN RULE...: in an output chain
nft_is() {
	local what=$1
	shift
	{
		printf '%s\n' 'table inet t {' 'set hot { type mark; flags interval; elements = { 0x10000-0x1ffff, 5 }; }' \
			'set low { type mark; elements = { 1, 2 }; }' 'map v { type mark : verdict; elements = { 0x20000 : drop }; }' \
			'map w { type mark : verdict; elements = { 7 : drop }; }' \
			'chain o { type filter hook output priority filter;'
		printf '%s\n' "$@" '}' '}'
	} | in_host nft -f - || fail "nft refuses $*"
	is "$what" "$@"
}
