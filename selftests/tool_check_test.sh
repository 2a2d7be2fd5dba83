#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: each trap of "migsel check" planted, found, and mended by the command
# that was printed.
#
# Needs root, the module, jq, nft and iptables:
# make vm RUN=selftests/tool_check_test.sh
# Arguments: the names of the tests to run, without test_.

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

in_host() {
	nsenter --net="/run/netns/$host" "$@"
}

# Few processes: they are what takes the time.
settings() {
	# shellcheck disable=SC2016 # that shell expands it
	in_host bash -c 'cd /proc/sys/net/ipv4/conf
		for dev in vmk0 vmk1 vmk2; do
			echo 1 >"$dev/arp_ignore"
			echo 2 >"$dev/arp_announce"
			echo 0 >"$dev/rp_filter"
		done
		echo 0 >all/rp_filter'
}

# addresses SUBNET SUBNET SUBNET: the last number of each vmk's
addresses() {
	local i
	for i in 0 1 2; do
		shift $((i > 0))
		cat <<-END
			address flush dev vmk$i
			address add 192.0.$1.1$i/24 dev vmk$i
			address add 2001:db8:$1::1$i/64 dev vmk$i nodad
			link set dev vmk$i up mtu 1500
		END
	done | ip -n "$host" -batch -
}

# D: each vmk in a subnet of its own, migration by vmk1, nothing to find.
sound() {
	addresses 2 3 4
	settings
	three_vmks
}

# S: all of them in one.
same() {
	addresses 2 2 2
	settings
	three_vmks
}

finds_nothing() {
	run 0 m -j check
	out_is '[]'
}

has_code() {
	jq -e --arg code "$1" --arg dev "$2" \
		'any(.code == $code and .dev == $dev)' <"$tmp/out" >/dev/null
}

# fix_of CODE DEV: the command that is said to mend it; fails where it is not found, or
# anything is with other keys
fix_of() {
	jq -er --arg code "$1" --arg dev "$2" '
		select(all(keys == ["code", "dev", "fix", "message", "severity"]))
		| map(select(.code == $code and .dev == $dev))[0].fix' "$tmp/out"
}

# trap CODE DEV: it is found, mended by what was printed, and found no more.
trap_is() {
	local code=$1 dev=$2 fix
	run 1 m -j check
	fix=$(fix_of "$code" "$dev") || bad "no $code of \"$dev\" as it is to be: $out"
	sh -c "$fix" >"$tmp/fixed" 2>&1 || bad "$fix: $(<"$tmp/fixed")"
	# Carrier comes a moment after a link is set up.
	for _ in {1..25}; do
		m -j check >"$tmp/out"
		has_code "$code" "$dev" || return 0
		sleep 0.2
	done
	bad "$fix does not mend: $(<"$tmp/out")"
}

test_sound() {
	sound
	finds_nothing
	m vmk set vmk2 migration on
	finds_nothing
	same
	m vmk set vmk2 migration on
	finds_nothing
	m vmk set vmk1 migration off
	m vmk set vmk0 migration on
	finds_nothing
}

# To look does not load the module.
test_module_missing() {
	sound
	finds_nothing
	rmmod migsel
	run 1 m -j check
	json 'map([.code, .dev]) == [["module-missing", ""]]'
	[[ ! -e /sys/module/migsel ]] || bad 'check has loaded the module'
	trap_is module-missing ''
	[[ -e /sys/module/migsel ]] || bad 'the module is not loaded'
	m vmk flush

	# What can be seen without it.
	same
	in_host ip link set dev vmk2 down
	in_host ip link set dev vmk1 mtu 9000
	in_host sysctl -qw net/ipv4/conf/vmk0/arp_ignore=0
	rmmod migsel
	run 1 m -j check
	json '[["module-missing", ""], ["same-subnet", "vmk1"], ["link-down", "vmk2"],
		["mtu-mismatch", "vmk1"], ["arp-flux", "vmk0"]] - map([.code, .dev]) == []'
	trap_is link-down vmk2
	trap_is mtu-mismatch vmk1
	trap_is arp-flux vmk0
	trap_is same-subnet vmk1
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0] | .reason == "multi-nic" and .dev == "vmk1"'
	in_host ip link del vmk1-2
}

test_same_subnet() {
	same
	trap_is same-subnet vmk1
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0] | .reason == "multi-nic" and .dev == "vmk1"'
	m vmk del vmk2
	trap_is same-subnet vmk1
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0] | .reason == "multi-nic" and .dev == "vmk1"'
	in_host ip link del vmk1-2
}

test_overlapping_subnets() {
	sound
	in_host ip address add 192.0.18.1/19 dev vmk0
	in_host ip address del 192.0.3.11/24 dev vmk1
	in_host ip address add 192.0.17.1/24 dev vmk1
	trap_is overlapping-subnets vmk1
	sound
	in_host ip address add 2001:db8:2::99/40 dev vmk2 nodad
	trap_is overlapping-subnets vmk0
}

test_no_migration_vmk() {
	sound
	m vmk set vmk1 migration off
	trap_is no-migration-vmk ''
	same
	m vmk set vmk1 migration off
	trap_is no-migration-vmk ''
	m vmk flush
	trap_is no-migration-vmk ''
}

test_single_nic() {
	sound
	m vmk set vmk1 migration off
	m vmk set vmk0 migration on
	trap_is single-nic vmk0
	same
	m vmk set vmk1 migration off
	m vmk set vmk0 migration on
	trap_is single-nic vmk0
	m vmk flush
	m vmk add vmk0 migration on
	trap_is single-nic vmk0
}

test_link_down() {
	sound
	in_host ip link set dev vmk1 down
	trap_is link-down vmk1
	sound
	ip -n "$peer" link set dev eth2 down
	trap_is link-down vmk2
	ip -n "$peer" link set dev eth2 up
	sound
	in_host ip link add par type dummy
	in_host ip link add link par name mac type macvlan
	in_host ip address add 198.51.100.1/24 dev mac
	in_host ip link set dev mac up
	m vmk add mac
	in_host ip link set dev par down
	trap_is link-down mac
	in_host ip link del dev par
}

test_no_address() {
	sound
	in_host ip address flush dev vmk2
	trap_is no-address vmk2
}

test_mtu_mismatch() {
	same
	m vmk set vmk2 migration on
	in_host ip link set dev vmk1 mtu 9000
	trap_is mtu-mismatch vmk1
	sound
	in_host ip link set dev vmk1 mtu 9000
	finds_nothing
}

test_shared_parent() {
	sound
	in_host ip link add link vmk0 name mac type macvlan mode bridge
	in_host ip address add 198.51.100.1/24 dev mac
	in_host ip link set dev mac up
	in_host sysctl -qw net/ipv4/conf/mac/arp_ignore=1 \
		net/ipv4/conf/mac/arp_announce=2 net/ipv4/conf/mac/rp_filter=0
	m vmk add mac migration on
	trap_is shared-parent mac
	in_host ip link del dev mac
}

test_arp_flux() {
	sound
	in_host sysctl -qw net/ipv4/conf/vmk1/arp_ignore=0
	trap_is arp-flux vmk1
	in_host sysctl -qw net/ipv4/conf/vmk2/arp_announce=0
	trap_is arp-flux vmk2
	finds_nothing
}

test_rp_filter_strict() {
	sound
	in_host sysctl -qw net/ipv4/conf/vmk1/rp_filter=1
	trap_is rp-filter-strict vmk1
	in_host sysctl -qw net/ipv4/conf/all/rp_filter=1
	trap_is rp-filter-strict vmk0
	in_host sysctl -qw net/ipv4/conf/all/rp_filter=0
}

# As many are found as were planted, and all that was printed mends them.
tag_conflicts_are() {
	run 1 m -j check
	json "map(select(.code == \"tag-conflict\")) | length == $1"
	jq -r '.[].fix' "$tmp/out" | sh -e >"$tmp/fixed" 2>&1 ||
		bad "$(<"$tmp/fixed")"
	finds_nothing
}

test_tag_conflict() {
	sound
	in_host ip rule add fwmark 0x10000/0x10000 table 100
	in_host ip -6 rule add fwmark 0x20000 table 100
	in_host ip rule add fwmark 0/0x30000 table 100
	in_host ip rule add fwmark 0x40000/0x40000 table 100
	tag_conflicts_are 3

	# The rules at the end of each chain do not touch the bits.
	in_host nft -f - <<-'END'
		table inet t {
			chain out {
				type filter hook output priority 0;
				meta mark set 0x1
				meta mark set ct mark
				meta mark set meta mark or 0x10000
				meta mark set meta mark and 0xffff or 0x30000
				meta mark 0x10000 drop
				meta mark set meta mark or 0x4000
				meta mark and 0xff == 0x1 accept
				meta mark vmap { 0x10000 : drop, 0x20000 : accept }
				meta mark vmap { 0x1 : drop }
			}
			chain pre {
				type filter hook prerouting priority 0;
				meta mark and 0x20000 != 0 accept
				meta mark set 0x10000
				meta mark set 0x1
				meta mark set ct mark
			}
			chain other {
				meta mark set 0x10000
				meta mark set meta mark xor 0x8000
			}
		}
	END
	tag_conflicts_are 9
	in_host nft delete table inet t

	in_host iptables -t mangle -A OUTPUT -p udp -j MARK \
		--set-xmark 0x10000/0x10000
	in_host iptables -t mangle -A OUTPUT -j MARK --set-xmark 0x4000/0x4000
	in_host ip6tables -t mangle -A OUTPUT -m mark --mark 0x20000/0x20000 \
		-j ACCEPT
	tag_conflicts_are 2
	in_host iptables -t mangle -F
}

test_unprivileged() {
	sound
	run 2 nsenter --net="/run/netns/$host" setpriv --reuid 65534 \
		--regid 65534 --clear-groups "$(command -v migsel)" check
	[[ $err == *'could not look at'* ]] || bad "complains \"$err\""
}

run_tests "$@"
