# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of migsel explain share.
# shellcheck source=selftests/tool_lib.sh
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

find_file selftests/explain
samples=$REPLY
setup() { :; }

# explains STATUS WORD...: in the folder of the samples
explains() { run "$1" env -C "$samples" migsel "${@:2}"; }

# is_said HOST VERDICT DEV REASON: of the first answer
# shellcheck disable=SC2016  # jq's
is_said() {
	holds --arg host "$1" --arg verdict "$2" --arg dev "$3" --arg reason "$4" \
		'map(select(.host == $host)) | length == 1 and (.[0] | .verdict == $verdict and
			(.answers[0] | (.dev | join(" ")) == $dev and .reason == $reason))' ||
		fail "not $*: $(jq -c --arg host "$1" 'map(select(.host == $host) | {verdict, answers})' <"$scratch/out")"
}

# complains STATUS PATTERN TEXT: about what is given on standard input, in one line
complains() {
	printf '%b' "$3" >"$scratch/in"
	migsel explain "${@:4}" <"$scratch/in" >"$scratch/out" 2>"$scratch/err"
	local got=$?
	out=$(<"$scratch/out") err=$(<"$scratch/err")
	[[ $(wc -l <"$scratch/err") == 1 ]] || fail "of '${3:0:60}' it complains in more or less than a line: $err"
	[[ $got == "$1" ]] || fail "'${3:0:60}' exits $got, not $1: $err"
	err_like "$2"
}

head_row='Interface  Port Group/DVPort/Opaque Network  IP Family IP Address  Netmask  Broadcast  MAC Address  MTU  TSO MSS  Enabled Type  NetStack\n'

# row VMK ADDRESS [ STACK [ MASK [ GROUP [ MTU ]]]]: of esxcfg-vmknic -l
row() {
	printf '%s  %s  IPv4  %s  %s  192.0.2.255  02:00:00:00:00:01 %s  65535  true  STATIC  %s\\n' "$1" "${5-Some group}" "$2" \
		"${4-255.255.255.0}" "${6-1500}" "${3-defaultTcpipStack}"
}

# shellcheck disable=SC2034  # for the tests
pitfall=$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2)

# tags VMK WORDS: as they are pasted
tags() { printf '[root@a:~] esxcli network ip interface tag get -i %s\\n   Tags: %s\\n' "$1" "$2"; }
