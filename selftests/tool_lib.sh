# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of the tool share: a host, its peer, and what is expected.
#
#	+--- $host ---+         +-- $peer --+
#	|        vmk0 +---------+ eth0 .21  |    192.0.2.0/24
#	|        vmk1 +---------+ eth1      |    2001:db8::/64
#	|        vmk2 +---------+ eth2      |    vmk0 .10 to vmk2 .12
#	+-------------+         +-----------+

set -u
# shellcheck disable=SC2034  # the tests use it
top=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
. "$top/selftests/uapi.sh"
host=tool-$$-a
peer=tool-$$-b
tmp=$(mktemp -d)
pids=()
failed=0 before='' out='' err=''

finish() {
	((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null
	wait
	ip netns del "$host" 2>/dev/null
	ip netns del "$peer" 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT

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

bad() {
	echo "# $*"
	failed=1
}

# run STATUS COMMAND...: leaves what it says in $out and $err
run() {
	local want=$1 got
	shift
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	out=$(<"$tmp/out") err=$(<"$tmp/err")
	[[ $got == "$want" ]] ||
		bad "$* exits $got, not $want: $out $err"
}

m() {
	migsel -n "$host" "$@"
}

out_is() {
	[[ $out == "$1" ]] || bad "says \"$out\", not \"$1\""
}

out_like() {
	[[ $out =~ $1 ]] || bad "says \"$out\", not like \"$1\""
}

# The one line of an error.
err_like() {
	[[ $err =~ $1 ]] || bad "complains \"$err\", not like \"$1\""
	[[ $(wc -l <"$tmp/err") == 1 ]] || bad "complains in other than one line"
}

# holds ARGUMENT...: of jq, about what was said. Before 1.7 it takes no input for what was
# wanted.
holds() { [[ -s $tmp/out ]] && jq -e "$@" <"$tmp/out" >/dev/null; }

json() { holds "$1" || bad "not $1: $out"; }

remember() {
	before=$(m save)
}

# The configuration is as it was when remembered.
kept() {
	[[ $(m save) == "$before" ]] || bad "the configuration has changed"
}

# refused STATUS PATTERN COMMAND...
refused() {
	local want=$1 pattern=$2
	shift 2
	run "$want" "$@"
	err_like "$pattern"
}

# Waits until a command succeeds.
soon() {
	local i
	for ((i = 0; i < 200; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	bad "in vain: $*"
	return 1
}

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

# Runs the functions test_*, or those named, in the order of the file.
run_tests() {
	local tests n=0 status=0 name
	mapfile -t tests < <(sed -n 's/^test_\([a-z_]*\)().*/\1/p' "$0")
	(($# == 0)) || tests=("$@")
	echo "KTAP version 1"
	echo "1..${#tests[@]}"
	if ! setup; then
		echo "Bail out! cannot make the namespaces"
		exit 1
	fi
	for name in "${tests[@]}"; do
		failed=0 SECONDS=0
		"test_$name"
		((failed == 0)) || status=1
		((n++))
		((failed)) && printf 'not '
		echo "ok $n - $name # $SECONDS s"
	done
	exit "$status"
}
