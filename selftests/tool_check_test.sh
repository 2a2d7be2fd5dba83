#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: each trap of "migsel check" planted, found, and mended by the command
# that was printed.
#
# Needs root, the module, jq, nft and iptables:
# make vm RUN=selftests/tool_check_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2016,SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

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
	sound_sysctls
	three_vmks
}

# S: all of them in one.
same() {
	addresses 2 2 2
	sound_sysctls
	three_vmks
}

finds_nothing() {
	run 0 m -j check
	out_is '[]'
}

has_code() {
	holds --arg code "$1" --arg dev "$2" 'any(.code == $code and .dev == $dev)'
}

# Every finding has these keys, and something that helps.
keys='all((keys - ["advice", "fix"]) == ["code", "dev", "message", "severity"] and
	(has("fix") or has("advice")))'

# fix_of CODE DEV: the command that is said to mend it; fails where it is not found, or
# anything is with other keys
fix_of() {
	[[ -s $scratch/out ]] && jq -er --arg code "$1" --arg dev "$2" "select($keys)"'
		| map(select(.code == $code and .dev == $dev))[0].fix' "$scratch/out"
}

# trap CODE DEV: it is found, mended by what was printed, and found no more.
trap_is() {
	local code=$1 dev=$2 fix
	run 1 m -j check
	if ! fix=$(fix_of "$code" "$dev"); then
		fail "no $code of \"$dev\" as it is to be: $out"
		return
	fi
	sh -c "$fix" >"$scratch/fixed" 2>&1 || fail "$fix: $(<"$scratch/fixed")"
	# Carrier comes a moment after a link is set up.
	soon mended "$code" "$dev" || fail "$fix does not mend: $(<"$scratch/out")"
}

mended() {
	m -j check >"$scratch/out"
	holds . && ! has_code "$1" "$2"
}

# advised CODE DEV PATTERN: it is found, with advice like that, and no command
advised() {
	run 1 m -j check
	holds --arg code "$1" --arg dev "$2" --arg like "$3" "$keys"' and
		(map(select(.code == $code and .dev == $dev)) |
		length == 1 and (.[0] | (has("fix") | not) and (.advice | test($like))))' ||
		fail "no $1 of \"$2\" with advice like \"$3\": $out"
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
	[[ ! -e /sys/module/migsel ]] || fail 'check has loaded the module'
	trap_is module-missing ''
	[[ -e /sys/module/migsel ]] || fail 'the module is not loaded'
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

	# One finding for a subnet, with commands of plain Linux that can be pasted.
	rmmod migsel 2>/dev/null
	in_host ip -6 address flush scope global
	advised same-subnet vmk1 'SO_BINDTODEVICE.*rule add from 192.0.2.11 lookup'
	json 'map(select(.code == "same-subnet")) | length == 1 and
		(.[0].message | test("vmk0, vmk1 and vmk2 are in 192.0.2.0/24"))'
	sh -ec "$(jq -r '.[] | select(.code == "same-subnet").advice' "$scratch/out" |
		sed -n 's/.*no connection is lost: `\([^`]*\)`.*/\1/p')" || fail 'what is advised fails'
	run 0 in_host ip -4 route get 192.0.2.21 from 192.0.2.11
	out_like ' dev vmk1 '
	in_host ip -4 rule del from 192.0.2.11
	modprobe migsel
}

test_many_nics() {
	rmmod migsel
	run 1 nsenter --net="/run/netns/$peer" bash -c '
		for ((i = 1; i <= 60; i++)); do
			echo "link add d$i type veth peer name e$i"
			echo "addr add 198.51.100.$i/24 dev d$i"
		done | ip -b -
		migsel -j check'
	json 'map(select(.code == "same-subnet")) | length == 1 and
		(.[0].message | test("d1, d2, .*, d59 and d60 are in 198.51.100.0/24"))'
	((${#out} < 60000)) || fail "says ${#out} bytes"
	for ((i = 1; i <= 60; i++)); do
		echo "link del d$i"
	done | ip -n "$peer" -b -
	modprobe migsel
}

test_same_subnet() {
	same
	trap_is same-subnet vmk1
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0] | .reason == "multi-nic" and .dev == "vmk1"'
	# A NIC that is no vmk is left alone.
	m vmk del vmk2
	trap_is same-subnet vmk1
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0] | .reason == "multi-nic" and .dev == "vmk1"'
	# What was just advised is not to be undone.
	advised shared-parent vmk1-2 'needed'
	in_host ip link del vmk1-2
	# Where no macvlan can be, none is proposed.
	in_host ip link add link vmk2 name iv type ipvlan mode l2
	in_host ip address add 192.0.2.77/24 dev iv
	in_host ip link set iv up
	m vmk del vmk1
	in_host ip address flush dev vmk1
	m vmk add iv migration on
	advised same-subnet iv 'subnet of its own'
	in_host ip link del iv
}

# The rule's own notion: 169.254/16 counts, host prefixes do not.
test_link_local() {
	sound
	in_host ip address add 169.254.1.1/16 dev vmk0
	in_host ip address add 169.254.1.2/16 dev vmk1
	run 1 m -j check
	json 'map([.code, .dev]) == [["same-subnet", "vmk1"]]'
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0].reason == "same-subnet"'
	sound
	in_host ip address add 10.0.0.1/32 dev vmk0
	in_host ip address add 10.0.0.1/32 dev vmk1
	finds_nothing
	in_host ip address flush dev vmk2
	in_host ip address add 169.254.1.3/16 dev vmk2
	trap_is no-address vmk2
}

# Nothing takes an address away.
test_overlapping_subnets() {
	sound
	in_host ip address add 192.0.18.1/19 dev vmk0
	in_host ip address del 192.0.3.11/24 dev vmk1
	in_host ip address add 192.0.17.1/24 dev vmk1
	advised overlapping-subnets vmk1 'ip address add 192.0.17.1/19 dev vmk1'
	json 'map(select(.fix // "" | test("address"))) == []'
	sound
	in_host ip address add 2001:db8:2::99/40 dev vmk2 nodad
	advised overlapping-subnets vmk0 'no connection is lost'
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
	# Neither a tunnel nor a bridge of containers is a NIC.
	m vmk flush
	m vmk add vmk0 migration on
	in_host ip address flush dev vmk1
	in_host ip address flush dev vmk2
	in_host ip link add docker0 type bridge
	in_host ip address add 172.17.0.1/16 dev docker0
	in_host ip link add tun0 type dummy
	in_host ip address add 10.9.0.1/24 dev tun0
	advised single-nic vmk0 'no other NIC'
	in_host ip link del docker0
	in_host ip link del tun0
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

	# A migration vmk is not given up for a cable.
	same
	m vmk set vmk2 migration on
	ip -n "$peer" link set dev eth2 down
	advised link-down vmk2 'cable'
	ip -n "$peer" link set dev eth2 up
	m vmk set vmk2 migration off
	m vmk set vmk1 migration off
}

# what ports, bonds and VLANs are on
stack() {
	in_host ip -b - <<-'END'
		link add eno1 type veth peer name sw1
		link add eno2 type veth peer name sw2
		link set sw1 up
		link set sw2 up
		link add vmbr0 type bridge
		link add vmbr1 type bridge
	END
}

unstack() {
	local dev
	m vmk flush
	for dev in eno1.50 bond0.70 vmbr0 vmbr1 bond0 eno1 eno2 tap0; do
		in_host ip link del "$dev" 2>/dev/null
	done
}

# bridge_vmks DEV DEV: vmks, up, each with an address
bridge_vmks() {
	local dev n=50
	m vmk flush
	for dev; do
		in_host ip address replace "198.51.$n.1/24" dev "$dev"
		in_host ip link set dev "$dev" up
		in_host sysctl -qw "net/ipv4/conf/$dev/arp_ignore=1" "net/ipv4/conf/$dev/arp_announce=2" "net/ipv4/conf/$dev/rp_filter=0"
		m vmk add "$dev" migration "$( ((n == 50)) && echo off || echo on)"
		((n++))
	done
}

has_carrier() { [[ $(in_host ip link show dev "$1") == *[,\<]LOWER_UP* ]]; }

found_only() {
	run 1 m -j check
	json "map([.code, .dev]) == $1"
}

test_stacks() {
	sound
	stack
	in_host ip -b - <<-'END'
		link add link eno1 name eno1.50 type vlan id 50
		link set eno1 master vmbr0 up
		link set eno1.50 master vmbr1 up
	END
	bridge_vmks vmbr0 vmbr1
	soon has_carrier vmbr1
	found_only '[["shared-parent", "vmbr1"]]'
	json '.[0].message | test("one NIC, eno1:")'

	# the port that is down, and not the vmk, is what has to change
	in_host ip link set eno1 down
	run 1 m -j check
	json 'map(select(.code == "link-down")) | length == 2 and all(.fix | test("ip link set dev eno1 up"))'
	trap_is link-down vmbr0
	[[ -e /dev/net/tun ]] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
	in_host ip tuntap add tap0 mode tap
	in_host ip link set tap0 master vmbr0 up
	in_host ip link set sw1 down
	run 1 m -j check
	json 'any(.code == "link-down" and .dev == "vmbr0" and (has("fix") | not))'
	in_host ip link set sw1 up

	# a bridge beside its own port
	bridge_vmks vmbr0 eno1
	found_only '[["shared-parent", "eno1"]]'
	unstack

	stack
	in_host ip -b - <<-'END'
		link add bond0 type bond
		link set eno1 master bond0
		link set eno2 master bond0
		link add link bond0 name bond0.70 type vlan id 70
		link set bond0 master vmbr0 up
	END
	bridge_vmks vmbr0 bond0.70
	soon has_carrier bond0.70
	soon has_carrier vmbr0
	found_only '[["shared-parent", "bond0.70"]]'
	json '.[0].message | test("one NIC, bond0:")'
	unstack
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
	# less than IPv6 can do with is no advice
	in_host ip address flush dev vmk2 scope global
	in_host ip address add 192.0.2.12/24 dev vmk2
	in_host ip link set dev vmk2 mtu 1000
	advised mtu-mismatch vmk1 'Raise the MTU of vmk2'
	in_host ip link set dev vmk2 mtu 1500
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
	in_host sysctl -qw net/ipv4/conf/vmk1/arp_ignore=0 net/ipv4/conf/vmk1/arp_filter=1
	finds_nothing
	in_host sysctl -qw net/ipv4/conf/vmk1/arp_filter=0
	has_flux() { m -j check >"$scratch/out"; has_code arp-flux vmk1; }
	has_flux || fail "no arp-flux: $(<"$scratch/out")"
}

test_rp_filter_strict() {
	sound
	in_host sysctl -qw net/ipv4/conf/vmk1/rp_filter=1
	trap_is rp-filter-strict vmk1
	in_host sysctl -qw net/ipv4/conf/all/rp_filter=1
	trap_is rp-filter-strict vmk0
	in_host sysctl -qw net/ipv4/conf/all/rp_filter=0
}

# A shell that has only commands which write down their words; what else it may have
# done is seen in the folder that it runs in.
recorded() {
	rm -rf "${scratch:?}/bin" "$scratch/empty" "$scratch/words"
	mkdir "$scratch/bin" "$scratch/empty"
	local name
	for name in ip migsel sysctl modprobe sh; do
		printf '#!/bin/sh\nprintf "%%s\\n" %s "$@" >>"%s"\n' "$name" "$scratch/words" >"$scratch/bin/$name"
	done
	chmod +x "$scratch/bin"/*
	(cd "$scratch/empty" && HOME=$scratch/empty PATH=$scratch/bin /bin/sh -ec "$1") >"$scratch/fixed" 2>&1 ||
		fail "fails: $1: $(<"$scratch/fixed")"
	[[ ! -s $scratch/fixed && -z $(ls -A "$scratch/empty") ]] || fail "does more: $1: $(<"$scratch/fixed")"
}

# What names hold is never run: by every kind of finding that has a command.
test_hostile_names() {
	local name fixes n
	for name in 'a;touch${IFS}x' '$(touch${IFS}x)' '`touch${IFS}x`' "don't" 'x&touch${IFS}x' '-n' '*' '>x' $'caf\xe9' $'\xe2\x80\xaeevil'; do
		name=${name:0:15}
		same
		in_host ip link set vmk1 down
		in_host ip link set vmk1 name "$name" || { fail "no device \"$name\""; continue; }
		in_host ip -b - <<-END
			link set dev $name up mtu 9000
			link set vmk2 down
		END
		in_host bash -c 'cd /proc/sys/net/ipv4/conf; echo 0 >"$1/arp_ignore"; echo 1 >"$1/rp_filter"' - "$name"
		run 1 m -j check
		json "$keys"' and ["same-subnet", "mtu-mismatch", "arp-flux"] - map(.code) == []'
		n=0
		while IFS= read -r -d '' fixes; do
			recorded "$fixes"
			[[ $fixes != *vmk2* || $fixes == *vmk2\ up ]] || continue
			((n++))
			grep -qFx -e "$name" -e vmk2 -e "net/ipv4/conf/$name/arp_ignore=1" -e "net/ipv4/conf/$name/rp_filter=2" \
				-e "/proc/sys/net/ipv4/conf/$name/arp_ignore" -e "/proc/sys/net/ipv4/conf/$name/rp_filter" "$scratch/words" || fail "\"$name\" is no word of $fixes"
		done < <(jq -j '.[] | select(has("fix")) | .fix + "\u0000"' "$scratch/out")
		((n >= 4)) || fail "$n commands for \"$name\": $out"
		# and it works, where the name is a word as any other
		fixes=$(jq -r '.[] | select(.code == "mtu-mismatch").fix' "$scratch/out")
		sh -c "$fixes" || fail "$fixes fails"
		in_host ip link set dev "$name" down
		in_host ip link set dev "$name" name vmk1
	done
	ip netns add "$host;touch x"
	run 1 migsel -n "$host;touch x" -j check
	recorded "$(jq -r '.[] | select(.code == "no-migration-vmk") | .fix // "true"' "$scratch/out")"
	ip netns del "$host;touch x"
	sound
}

test_unprivileged() {
	sound
	run 2 nsenter --net="/run/netns/$host" setpriv --reuid 65534 \
		--regid 65534 --clear-groups "$(command -v migsel)" check
	[[ $err == *'could not look at'* ]] || fail "complains \"$err\""
}

run_tests "$@"
