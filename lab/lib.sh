# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What an exercise is written with; sourced, not run. $lab is the folder of the lab, $run what is
# kept of the exercise until the lab ends.
# shellcheck disable=SC2154  # these two

# on PLACE COMMAND...
on() { nsenter --net="/run/netns/$1" "${@:2}"; }

# wrong TEXT...: says so, for a check that returns then
wrong() {
	printf '%s\n' "$*"
	return 1
}

# once_free PLACE COMMAND...: again while an iperf3 that it sends to has another stream, or is
# between two: then it has closed its port
once_free() {
	local i status said=$run/said.$BASHPID
	for ((i = 0; i < 50; i++)); do
		nsenter --net="/run/netns/$1" "${@:2}" >"$said" 2>"$said.err"
		status=$?
		((status)) || break
		grep -qE 'server is busy|Connection (refused|reset)' "$said" "$said.err" || break
		sleep 0.2
	done
	cat "$said"
	cat "$said.err" >&2
	rm "$said" "$said.err"
	return "$status"
}

# stream FROM CLASS TO [OPTION...]: what a migration sends, from a host to an address, with options
# for iperf3; the class is hot, cold, plain, or the name of a VRF
stream() {
	local -a by=()
	case $2 in
	plain) ;;
	hot | cold) by=(migsel exec "$2" --) ;;
	*) by=(ip vrf exec "$2") ;;
	esac
	once_free "$1" "${by[@]}" timeout 30 iperf3 -c "$3" -n 2M "${@:4}" >/dev/null 2>&1
}

# addresses_are_asked_for HOST NIC: until no answer is waited for any more (IPv6)
addresses_are_asked_for() {
	for ((i = 0; i < 50; i++)); do
		[[ ! $(on "$1" ip -6 address show dev "$2" tentative) ]] && return
		sleep 0.1
	done
	return 1
}

links() { on "$1" ip -j -s link show; }

# carrier FROM CLASS TO [OPTION...]: the NIC by which such a stream leaves just now, or all of them,
# one below the other; nothing if it is refused
carrier() {
	local before
	before=$(links "$1")
	stream "$@" || return
	links "$1" | jq -r --argjson before "$before" '
		def sent: .stats64.tx.bytes;
		[.[] | .ifname as $nic | select(sent - ($before | map(select(.ifname == $nic) | sent) | add // 0) > 500000).ifname] | join(" ")'
}

# sent NIC: bytes that it has sent on esx-a since the exercise began
sent() {
	links esx-a | jq --arg nic "$1" --slurpfile before "$run/links" '
		def sent: map(select(.ifname == $nic) | .stats64.tx.bytes) | add // 0;
		sent - ($before[0] | sent)'
}

# vmks HOST FILTER: what jq makes of the vmks of a host
vmks() { on "$1" migsel -j vmk show | jq -r "$2"; }

# reason HOST CLASS TO: of the rule; no-route if Linux has none there
reason() { on "$1" migsel -j route get "$3" tag "$2" 2>/dev/null | jq -er '.[0].reason' || echo no-route; }

# intact HOST: the rule is enforced there, and vmk0 is the first vmk
intact() {
	[[ $(on "$1" migsel -j policy show | jq -r '.[0].mode') == enforce ]] ||
		wrong "the rule is not enforced on $1 any more: migsel policy set mode enforce" || return
	[[ $(vmks "$1" '.[0].ifname') == vmk0 ]] || wrong "vmk0 is not the first vmk of $1"
}

# addresses HOST NIC: of both families, with their prefixes
addresses() { on "$1" ip -j address show dev "$2" | jq -r '.[].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"'; }

# one_subnet: vmk0 and vmk1 as the hosts are built, vmk1 for vMotion: the pitfall
one_subnet() { on "$1" migsel vmk add vmk0 && on "$1" migsel vmk add vmk1 migration on; }

# own_subnet HOST NUMBER: vmk1 gets addresses of its own subnets
own_subnet() {
	on "$1" ip address del "192.0.2.$2/24" dev vmk1 &&
		on "$1" ip address add "198.51.100.$2/24" dev vmk1 &&
		on "$1" ip address del "2001:db8::$2/64" dev vmk1 &&
		on "$1" ip address add "2001:db8:1::$2/64" dev vmk1 nodad
}
