# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154  # what the tests read, what lib.sh sets
#
# What the tests of the tool share: a host, its peer, and what is expected. Sourced, not run.
#
#	+--- $host ---+         +-- $peer --+
#	|        vmk0 +---------+ eth0 .21  |    192.0.2.0/24
#	|        vmk1 +---------+ eth1      |    2001:db8::/64
#	|        vmk2 +---------+ eth2      |    vmk0 .10 to vmk2 .12
#	+-------------+         +-----------+
#
# Tests are the functions test_*, in the order of the file; arguments name some, without test_.

. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

host=tool-$$-a
peer=tool-$$-b
before='' out='' err=''

setup() {
	local i
	ip netns add "$host" && ip netns add "$peer" &&
		ip -n "$host" link set lo up || return
	for i in 0 1 2; do
		ip -n "$host" link add "vmk$i" type veth peer name "eth$i" \
			netns "$peer"
		ip -n "$host" address add "192.0.2.1$i/24" dev "vmk$i"
		ip -n "$host" address add "2001:db8::1$i/64" dev "vmk$i" nodad
		ip -n "$host" link set "vmk$i" up
		ip -n "$peer" link set "eth$i" up
	done
	ip -n "$peer" address add 192.0.2.21/24 dev eth0
	ip -n "$peer" address add 2001:db8::21/64 dev eth0 nodad
}

# run STATUS COMMAND...: leaves what it says in $out and $err
run() {
	local want=$1 got
	shift
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	got=$?
	out=$(<"$scratch/out") err=$(<"$scratch/err")
	[[ $got == "$want" ]] ||
		fail "$* exits $got, not $want: $out $err"
}

m() { migsel -n "$host" "$@"; }

in_host() { in_netns "$host" "$@"; }

# What "migsel check" finds nothing wrong with.
# shellcheck disable=SC2016  # for another bash
sound_sysctls() {
	in_host bash -c 'cd /proc/sys/net/ipv4/conf
		for dev in vmk0 vmk1 vmk2; do
			echo 1 >"$dev/arp_ignore"
			echo 2 >"$dev/arp_announce"
			echo 0 >"$dev/rp_filter"
		done
		echo 0 >all/rp_filter'
}

out_is() {
	[[ $out == "$1" ]] || fail "says \"$out\", not \"$1\""
}

out_like() {
	[[ $out =~ $1 ]] || fail "says \"$out\", not like \"$1\""
}

# The one line of an error.
err_like() {
	[[ $err =~ $1 ]] || fail "complains \"$err\", not like \"$1\""
	[[ $(wc -l <"$scratch/err") == 1 ]] || fail "complains in other than one line"
}

# holds ARGUMENT...: of jq, about what was said. Before 1.7 it takes no input for what was
# wanted.
holds() { [[ -s $scratch/out ]] && jq -e "$@" <"$scratch/out" >/dev/null; }

json() { holds "$1" || fail "not $1: $out"; }

remember() {
	before=$(m save)
}

# The configuration is as it was when remembered.
kept() {
	[[ $(m save) == "$before" ]] || fail "the configuration has changed"
}

# refused STATUS PATTERN COMMAND...
refused() {
	local want=$1 pattern=$2
	shift 2
	run "$want" "$@"
	err_like "$pattern"
}

soon() { wait_for 10 "$@" >/dev/null 2>&1 || { fail "in vain: $*"; return 1; }; }

fresh() {
	m -b - <<-'END'
		vmk flush
		tag set mask 0x30000 hot 0x10000 cold 0x20000
		policy set mode enforce unreachable refuse fallback first-vmk
		stats reset
	END
}

three_vmks() {
	fresh
	m -b - <<-'END'
		vmk add vmk0
		vmk add vmk1 migration on
		vmk add vmk2
	END
}

run_tests() {
	local -a tests
	local name
	mapfile -t tests < <(sed -n 's/^test_\([a-z_]*\)().*/\1/p' "$0")
	(($# == 0)) || tests=("$@")
	need jq
	ktap_print_header
	ktap_set_plan ${#tests[@]}
	defer "ip netns del $host 2>/dev/null; ip netns del $peer 2>/dev/null"
	setup || ktap_exit_fail_msg 'cannot make the namespaces'
	for name in "${tests[@]}"; do
		run_test "$name" "test_$name"
	done
	ktap_finished
}
