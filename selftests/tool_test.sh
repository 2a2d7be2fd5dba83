#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: its words, its errors, its JSON and its batches.
#
# Needs root, the module and jq: make vm RUN=selftests/tool_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

test_help() {
	local object
	run 0 migsel help
	out_is "$(sed -n '/^\.SH SYNOPSIS/,/^\.fi/p' "$top/Documentation/man/migsel.8" |
		sed '/^\./d; s/\\-/-/g')"
	for object in vmk tag policy route stats monitor check exec classify explain \
		save restore; do
		run 0 migsel "$object" help
		out_like "^Usage: migsel (\[ -t \] )?$object"
		run 0 migsel help
		out_like $'\n'"  $object +[a-z][^"$'\n'"]+ [a-z]+"
	done
	[[ $out == *'| -h[elp] }'* ]] || fail '-help is not in the help'
	run 0 migsel -V
	out_like '^migsel utility, migsel-[0-9]'
	run 0 migsel --Version
	run 255 migsel
}

test_abbreviations() {
	three_vmks
	run 0 m vmk
	local whole=$out
	run 0 m v sh
	out_is "$whole"
	run 0 m vm lst
	out_is "$whole"
	run 0 m --stat vmk list
	out_like 'hot:  packets 0 bytes 0'
	run 0 m vmk set vmk2 w 3 mig on
	run 0 m -json --pretty vmk show dev vmk2
	json '.[0] | .weight == 3 and .migration'
	run 0 m po s
	out_is 'mode enforce unreachable refuse fallback first-vmk'
}

test_usage_errors() {
	three_vmks
	remember
	refused 255 'Object "vnk" is unknown' m vnk
	refused 255 'Command "frob" is unknown, try "migsel vmk help"' m vmk frob
	refused 255 'Option "-x" is unknown' m -x vmk
	refused 255 'not complete' m vmk add
	refused 255 'not complete' m vmk del
	refused 255 'not complete' m vmk add vmk0 weight
	refused 255 'not complete' m tag set
	refused 255 'not complete' m policy set
	refused 255 'not complete' m route get
	refused 255 'not complete' m route
	refused 255 'not complete' m exec hot
	refused 255 'not complete' m exec hot --
	refused 255 '"warm" is wrong: tag must be hot or cold' m exec warm true
	refused 255 '"shape" is not a keyword' m vmk add vmk0 shape 3
	refused 255 'duplicate "weight": "4"' m vmk add vmk0 weight 3 weight 4
	refused 255 'duplicate "dev": "vmk1"' m vmk add vmk0 dev vmk1
	refused 255 'duplicate "mode"' m policy set mode off mode off
	refused 255 '"sometimes" is wrong' m policy set mode sometimes
	refused 255 '"yes" is wrong: migration must be off or on' \
		m vmk add vmk0 migration yes
	refused 255 '"x" is not a keyword' m stats reset x
	refused 255 '"x" is not a keyword' m monitor x
	refused 255 'color must be' m -color=sometimes vmk
	kept
}

test_late_options() {
	three_vmks
	remember
	refused 255 'options come first, "-n"' migsel vmk -n "$host"
	refused 255 'options come first, "-j"' m vmk show -j
	refused 255 'options come first, "-netns"' migsel vmk add -netns "$host" vmk0
	refused 255 'options come first, "-n"' migsel vmk del -n "$host"
	refused 255 'options come first, "-j"' m vmk set vmk0 weight -j
	refused 255 'options come first, "-d"' m route get -d 192.0.2.21
	refused 255 'options come first, "--json"' m route get 192.0.2.21 --json
	refused 255 'options come first, "-s"' m stats -s
	refused 255 'options come first, "-n"' m exec -n "$host" hot true
	refused 255 'options come first, "-force"' m restore -force
	refused 255 'options come first, "-j"' m monitor -j
	kept
}

test_bad_numbers() {
	local n
	fresh
	remember
	for n in 0 256 -1 +1 '' ' 1' 1x 0x 0xg 4294967297 99999999999999999999; do
		refused 255 "argument \"${n//+/\\+}\" is wrong: weight must be 1 to 255" \
			m vmk add vmk0 weight "$n"
	done
	for n in -1 zz 4294967296 ''; do
		refused 255 "argument \"$n\" is wrong: mask" m tag set mask "$n"
		refused 255 "argument \"$n\" is wrong: position" \
			m vmk add vmk0 position "$n"
		refused 255 "argument \"$n\" is wrong: mark" \
			m route get 192.0.2.21 mark "$n"
	done
	kept
	run 0 m vmk add vmk0 weight 0xff
	run 0 m vmk set vmk0 weight 010
	run 0 m -j vmk
	json '.[0].weight == 10'
}

test_bad_addresses() {
	local a
	three_vmks
	for a in x 192.0.2 192.0.2.256 192.0.2.1/24 2001:db8::g ::1%lo ''; do
		refused 255 "any valid IP address is expected rather than \"$a\"" \
			m route get 192.0.2.21 from "$a"
	done
	refused 255 'IP address is expected rather than "x"' m route get x
	refused 255 '"2001:db8::10" is wrong' \
		m route get 192.0.2.21 from 2001:db8::10
	refused 255 '"1" is wrong: a mark cannot be given beside a tag' \
		m route get 192.0.2.21 tag hot mark 1
}

test_bad_ports() {
	local n
	three_vmks
	for n in 0 256 -1 '' 6x; do
		refused 255 "argument \"$n\" is wrong: ipproto must be" m route get 192.0.2.21 ipproto "$n"
	done
	refused 255 '"tpc" is wrong: ipproto must be a number or one of tcp, ' m route get 192.0.2.21 ipproto tpc
	for n in 0 65536 -1 '' http; do
		refused 255 "argument \"$n\" is wrong: sport must be 1 to 65535" \
			m route get 192.0.2.21 ipproto tcp sport "$n"
		refused 255 "argument \"$n\" is wrong: dport must be 1 to 65535" \
			m route get 192.0.2.21 ipproto tcp dport "$n"
	done
	refused 255 'duplicate "dport": "2"' m route get 192.0.2.21 ipproto udp dport 1 dport 2
	refused 255 'not complete' m route get 192.0.2.21 ipproto
	refused 1 'a port needs a protocol .*sport' m route get 192.0.2.21 sport 1
	refused 1 'a port needs a protocol .*dport' m route get 2001:db8::21 dport 1
	refused 1 'the protocol has no ports .*dport' m route get 192.0.2.21 ipproto icmp dport 1
	refused 1 "not one of the destination's family .*ipproto" m route get 192.0.2.21 ipproto icmpv6
	refused 1 "not one of the destination's family .*ipproto" m route get 2001:db8::21 ipproto icmp
}

test_bad_devices() {
	three_vmks
	remember
	refused 1 'Cannot find device "nosuch"' m vmk add nosuch
	refused 1 'Cannot find device "eth0"' m vmk add eth0
	refused 1 'already a vmk.*vmk1' m vmk add vmk1
	refused 1 'loopback' m vmk add lo
	refused 1 'Cannot find device "nosuch"' m route get 192.0.2.21 dev nosuch
	kept
	m vmk del vmk2
	remember
	refused 1 'not a vmk.*vmk2' m vmk set vmk2 weight 2
	refused 1 'not a vmk.*vmk2' m vmk del vmk2
	refused 1 'not a vmk.*vmk2' m vmk show vmk2
	run 0 m vmk flush vmk2
	kept
	run 1 migsel -n nosuch vmk
	err_like 'network namespace "nosuch"'
	run 1 migsel -n "$scratch" vmk
	err_like "network namespace \"$scratch\""
}

# Wherever a device is named, also by a name that is longer than any first name.
test_other_names() {
	local name long=a-name-that-is-longer-than-fifteen short=enp1s0f0
	fresh
	for name in "$short" "$long" "x-$(printf '%0125d' 0)"; do
		ip -n "$host" link property add dev vmk1 altname "$name" || fail 'no altname'
		run 0 m vmk add "$name" migration on
		run 0 m vmk set dev "$name" weight 3
		run 0 m vmk show "$name"
		out_like '^0: vmk1 .* weight 3'
		run 0 m route get 192.0.2.21 tag cold dev "$name"
		out_like 'reason bound-device$'
		run 0 m vmk del "$name"
		run 0 m vmk flush "$name"
		echo "vmk add $name" | m restore || fail "no restore of $name"
		echo "vmk del $name" | m -b - || fail "no batch with $name"
		ip -n "$host" link property del dev vmk1 altname "$name"
		refused 1 "Cannot find device \"$name\"" m vmk add "$name"
	done
	refused 1 'Cannot find device' m vmk add "$(printf '%0200d' 0)"
	refused 1 'Cannot find device ""' m vmk add ''
	# Its first fifteen letters are another device's name.
	ip -n "$host" link add name "${long:0:15}" type dummy
	refused 1 "Cannot find device \"$long\"" m vmk add "$long"
	ip -n "$host" link del "${long:0:15}"
}

test_bad_positions() {
	three_vmks
	m vmk del vmk2
	remember
	refused 1 'position 3' m vmk add vmk2 position 3
	refused 1 'position 2' m vmk set vmk1 position 2
	kept
	run 0 m vmk add vmk2 position 0
	run 0 m vmk set vmk2 position 2
	run 0 m -j vmk
	json 'map(.ifname) == ["vmk0", "vmk1", "vmk2"]'
	json 'map(.position) == [0, 1, 2]'
}

test_bad_tags() {
	fresh
	remember
	refused 1 'must differ.*0x20000' m tag set hot 0x20000
	refused 1 'outside the mask.*0x40000' m tag set hot 0x40000
	refused 1 'outside the mask.*0xf0' m tag set mask 0xf0
	refused 1 'mask 0x0' m tag set mask 0
	refused 1 'zero.*0x0' m tag set cold 0
	kept
	run 0 m tag set mask 0xf0 hot 0x10 cold 32
	run 0 m -j tag
	json '. == [{mask: "0xf0", hot: "0x10", cold: "0x20"}]'
}

test_unprivileged() {
	local nobody=(nsenter --net="/run/netns/$host" setpriv --reuid 65534
		--regid 65534 --clear-groups "$(command -v migsel)")
	three_vmks
	remember
	refused 1 'not permitted' "${nobody[@]}" vmk add vmk2
	refused 1 'not permitted' "${nobody[@]}" vmk set vmk1 weight 2
	refused 1 'not permitted' "${nobody[@]}" vmk del vmk1
	refused 1 'not permitted' "${nobody[@]}" vmk flush
	refused 1 'not permitted' "${nobody[@]}" tag set mask 0xf0000
	refused 1 'not permitted' "${nobody[@]}" policy set mode off
	refused 1 'not permitted' "${nobody[@]}" stats reset
	refused 1 '"alarm".*not permitted' "${nobody[@]}" monitor
	refused 1 '.' "${nobody[@]}" exec hot true
	kept
	run 0 "${nobody[@]}" vmk show
	run 0 "${nobody[@]}" stats show
	run 0 "${nobody[@]}" route get 192.0.2.21 tag hot
}

test_json() {
	local number='type == "number"'
	fresh
	run 0 m -j vmk show
	out_is '[]'
	three_vmks
	run 0 m -j vmk show
	json 'length == 3 and all(keys == ["ifindex", "ifname", "migration",
		"position", "provisioning", "stack", "usable", "weight"])'
	json ".[1] | (.ifname == \"vmk1\") and (.ifindex | $number) and
		.migration == true and .weight == 1 and .usable == true"
	run 0 m -j -s vmk show dev vmk0
	json ".[0].stats | (.hot.packets | $number) and (.hot.bytes | $number)
		and (.cold.packets | $number) and (.cold.bytes | $number)"
	run 0 m -j tag show
	json '. == [{mask: "0x30000", hot: "0x10000", cold: "0x20000"}]'
	run 0 m -j policy
	json '. == [{mode: "enforce", unreachable: "refuse", fallback: "first-vmk"}]'
	run 0 m -j stats
	json "all((.packets | $number) and (.bytes | $number))"
	json "map(.reason) == (\"${all_reasons[*]}\" | split(\" \"))"
	run 0 m -j route get 192.0.2.21 tag hot
	json '. == [{dst: "192.0.2.21", tag: "hot", verdict: "steer",
		dev: "vmk0", src: "192.0.2.10", reason: "same-subnet"}]'
	run 0 m -j route get 2001:db8::21 mark 1
	json '.[0] | .tag == "none" and .verdict == "pass" and
		.reason == "untagged" and .dev == "vmk0"'
	m vmk set vmk1 migration off
	run 0 m -j route get 192.0.2.21 tag hot
	json '.[0] | .verdict == "refuse" and has("dev") == false and
		.reason == "no-migration-vmk"'
	run 0 m -j -p vmk
	[[ $(wc -l <"$scratch/out") -gt 10 ]] || fail "not pretty: $out"
}

test_text() {
	three_vmks
	run 0 m vmk show vmk1
	out_like '^1: vmk1 ifindex [0-9]+ migration on weight 1 usable$'
	run 0 m -br vmk show dev vmk1
	out_like '^vmk1 +USABLE +migration on +weight 1$'
	run 0 m route get 192.0.2.21 tag hot
	out_is '192.0.2.21 tag hot dev vmk0 src 192.0.2.10 reason same-subnet'
	run 0 m route get to 192.0.2.21 from 192.0.2.11
	out_is '192.0.2.21 tag hot dev vmk0 src 192.0.2.11 reason same-subnet'
	m vmk set vmk1 migration off
	run 0 m route get 192.0.2.21 tag hot
	out_is '192.0.2.21 tag hot verdict refuse reason no-migration-vmk'
	run 0 m -c vmk
	out_like $'\e\[36mvmk0\e\[0m'
	run 0 m -c=auto vmk
	[[ $out != *$'\e'* ]] || fail "coloured, but not on a terminal"
	run 0 m -c -j vmk
	[[ $out != *$'\e'* ]] || fail "coloured JSON"
}

# What a stack says of its vmks, and the one vmk with the provisioning service.
test_stacks() {
	three_vmks
	remember
	refused 1 'always carries migration traffic .migration off' m vmk set vmk1 stack vmotion migration off
	refused 1 'carries no migration traffic' m vmk set vmk1 stack provisioning migration on
	refused 1 'has to be of stack default' m vmk set vmk1 stack vmotion provisioning on
	refused 1 'has to be of stack default' m vmk set vmk1 stack provisioning provisioning on
	refused 255 'stack must be default or vmotion or provisioning' m vmk set vmk1 stack vMotion
	refused 255 'provisioning must be off or on' m vmk set vmk1 provisioning maybe
	kept

	m vmk set vmk2 stack vmotion
	run 0 m vmk show vmk2
	out_like '^2: vmk2 ifindex [0-9]+ migration on weight 1 stack vmotion usable$'
	m vmk set vmk0 provisioning on
	remember
	refused 1 'always carries migration traffic .migration off' m vmk set vmk2 migration off
	refused 1 'has to be of stack default' m vmk set vmk2 provisioning on
	refused 1 'another vmk has provisioning on' m vmk set vmk1 provisioning on
	refused 1 'has to be of stack default .stack vmotion' m vmk set vmk0 stack vmotion
	kept
	run 0 m -br vmk show
	out_like '^vmk0 .* weight 1 provisioning on'
	out_like $'\nvmk2 .* weight 1 stack vmotion$'
	run 0 m -j vmk show
	json 'map([.ifname, .stack, .provisioning, .migration]) == [["vmk0", "default", true, false],
		["vmk1", "default", false, true], ["vmk2", "vmotion", false, true]]'
	run 0 m save
	out_like $'\nvmk add dev vmk0 migration off weight 1 provisioning on\n'
	out_like $'\nvmk add dev vmk1 migration on weight 1\n'
	out_like $'\nvmk add dev vmk2 migration on weight 1 stack vmotion$'
	m save >"$scratch/batch"
	m vmk flush
	m restore <"$scratch/batch"
	[[ $(m save) == "$(<"$scratch/batch")" ]] || fail "restored: $(m save)"

	# The flag is what the stack has made of it.
	m vmk set vmk2 stack default
	run 0 m vmk show vmk2
	out_like ' migration on weight 1 usable$'
	m vmk set vmk2 stack provisioning
	m vmk set vmk1 migration off stack provisioning
	m vmk set vmk0 provisioning off stack provisioning
	run 0 m -j vmk show
	json 'all(.stack == "provisioning" and .migration == false and .provisioning == false)'
}

# The vmk that a row would prefer is a candidate, though the row gives way.
test_preferred() {
	three_vmks
	ip -n "$host" address del 192.0.2.12/24 dev vmk2
	ip -n "$host" address add 203.0.113.12/24 dev vmk2
	m vmk set vmk2 provisioning on
	run 0 m -d route get 203.0.113.1 tag cold
	out_like '^203.0.113.1 tag cold dev vmk2 src 203.0.113.12 reason provisioning-vmk'
	out_like $'\n +candidate vmk2 usable routed placed 0 weight 1 chosen: preferred to the first vmk$'
	run 0 m -d route get 192.0.2.21 tag cold
	out_like '^192.0.2.21 tag cold dev vmk0 .*reason cold-first-vmk'
	out_like $'\n +7 provisioning-vmk +skipped: not cold, or no provisioning vmk '
	out_like $'\n +candidate vmk0 usable routed placed 0 weight 1 chosen: the only candidate\n'
	out_like $'\n +candidate vmk2 usable unrouted placed 0 weight 1 not-chosen: no route .* or a default route only$'
	ip -n "$host" route add default via 203.0.113.1 dev vmk2
	run 0 m -j -d route get 198.51.100.1 tag cold
	json '.[0] | .reason == "no-route" and
		(.candidates | map([.ifname, .routed, .preferred])) == [["vmk0", false, false], ["vmk2", false, true]]'
	m vmk set vmk2 provisioning off
	m vmk set vmk0 provisioning on
	run 0 m -j -d route get 198.51.100.1 tag cold
	json '.[0].facts | .provisioning_vmk and .first_vmk and
		([.cold_same_subnet, .vmotion_stack, .provisioning_stack] | any | not)'
	ip -n "$host" route del default dev vmk2
	ip -n "$host" address del 203.0.113.12/24 dev vmk2
	ip -n "$host" address add 192.0.2.12/24 dev vmk2
}

# Policy rules that ask for protocol and ports: in the plain lookup, and in that by a vmk.
test_route_ports() {
	local family dst src
	three_vmks
	for family in 4 6; do
		[[ $family == 4 ]] && dst=198.51.100.1 src=192.0.2 || dst=2001:db8:9::1 src=2001:db8::
		printf '%s\n' "route add $dst dev vmk0 table 4712" "route add $dst dev vmk1 table 4713" \
			"rule add pref 100 ipproto tcp dport 4000-4010 table 4712" \
			"rule add pref 101 ipproto udp sport 77 table 4713" \
			"rule add pref 102 ipproto sctp table 4712" | ip -n "$host" "-$family" -b -
		refused 1 'no route to the destination' m route get "$dst" tag cold
		refused 1 'no route to the destination' m route get "$dst" tag cold ipproto tcp dport 4011
		refused 1 'no route to the destination' m route get "$dst" tag cold ipproto udp dport 4000
		run 0 m route get "$dst" tag cold ipproto tcp dport 4000
		out_like "^$dst tag cold dev vmk0 src $src.* reason cold-first-vmk$"
		run 0 m route get "$dst" tag cold ipproto 6 dport 4010 sport 1
		out_like "^$dst tag cold dev vmk0 "
		run 0 m route get "$dst" tag cold ipproto sctp
		out_like "^$dst tag cold dev vmk0 "
		run 0 m route get "$dst" tag cold ipproto udp sport 77
		out_like "^$dst tag cold verdict refuse .*reason no-route$"
		ip -n "$host" "-$family" route add "$dst" dev vmk1
		run 0 m route get "$dst" tag cold
		out_like "^$dst tag cold verdict refuse .*reason no-route$"
		run 0 m -d route get "$dst" tag cold ipproto tcp dport 4005
		out_like "^$dst tag cold dev vmk0 "
		out_like $'\n +route '"$dst"'.* table 4712'
		ip -n "$host" "-$family" route del "$dst" dev vmk1
		printf '%s\n' "rule del pref 100" "rule del pref 101" "rule del pref 102" \
			"route flush table 4712" "route flush table 4713" | ip -n "$host" "-$family" -b -
	done
}

test_route_details() {
	fresh
	m policy set fallback strict
	run 0 m -j -d route get 192.0.2.21 tag hot
	json '.[0].facts | .strict and .vmks == 0'
	three_vmks
	run 0 m -d route get 192.0.2.21 tag hot
	out_like $'\n +13 same-subnet +applied: '
	out_like $'\n +14 dedicated-subnet +not-reached'
	out_like $'\n +route 192.0.2.0/24 table main\n'
	out_like $'\n +candidate vmk0 usable routed placed 0 weight 1 chosen: the only candidate$'
	run 0 m -j -d route get 192.0.2.21 tag hot
	json ".[0].rows | map(.row) == [range(1; $((n_rows + 1)))]"
	json '.[0].rows | map(select(.outcome == "applied").reason) ==
		["same-subnet"]'
	json '.[0].rows | all(.outcome != "skipped" or (.why | length > 0))'
	json '.[0].candidates | map(.ifname) == ["vmk0"]'
	m vmk set vmk2 migration on weight 3
	run 0 m -j -d route get 2001:db8::21 tag hot
	json '.[0].candidates | map([.ifname, .weight]) ==
		[["vmk1", 1], ["vmk2", 3]]'
	json '.[0].candidates | all(.usable and .routed and .placed == 0)'
	json '.[0].candidates | map([.chosen, .why]) == [[true, "fewest flows for its weight"],
		[false, "another has fewer flows for its weight, or as many and comes first"]]'
	json '.[0] | .prefix == "2001:db8::/64" and .table == 254'
	ip -n "$host" link set vmk1 down
	run 0 m -d route get 192.0.2.21
	out_like $'\n +candidate vmk1 unusable unrouted placed 0 weight 1 not-chosen: down'
	ip -n "$host" address del 192.0.2.12/24 dev vmk2
	ip -n "$host" address add 192.0.2.12/32 dev vmk2
	run 0 m -d route get 192.0.2.21
	out_like ' reason no-route'
	out_like $'\n +candidate vmk2 usable unrouted placed 0 weight 3 not-chosen: no route'
	[[ $out != *$'\n'' +route '* ]] || fail "a refused packet has a route: $out"
	ip -n "$host" address del 192.0.2.12/32 dev vmk2
	ip -n "$host" address add 192.0.2.12/24 dev vmk2
	ip -n "$host" link set vmk1 up
	ip -n "$host" address replace 2001:db8::11/64 dev vmk1 nodad
	ip -n "$host" route add 198.51.100.0/24 via 192.0.2.21 dev vmk0
	run 0 m -d route get 198.51.100.1 tag cold
	out_like $'\n +route 198.51.100.0/24 gateway 192.0.2.21 table main\n'
	ip -n "$host" route del 198.51.100.0/24
	ip -n "$host" route add 198.51.100.0/24 via 192.0.2.21 dev vmk0 table 4711
	ip -n "$host" rule add to 198.51.100.0/24 table 4711
	run 0 m -d route get 198.51.100.1 tag cold
	out_like $'\n +route 198.51.100.0/24 gateway 192.0.2.21 table 4711\n'
	# shellcheck disable=SC2016 # that shell expands it
	run 0 unshare -m sh -c 'mount -t tmpfs tmpfs /etc/iproute2 && mkdir /etc/iproute2/rt_tables.d &&
		printf "%s\n" "# 4711 wrong" "4711 migration # mine" >/etc/iproute2/rt_tables.d/x.conf &&
		migsel -n $0 -d route get 198.51.100.1 tag cold' "$host"
	out_like $'\n +route 198.51.100.0/24 gateway 192.0.2.21 table migration\n'
	ip -n "$host" rule del to 198.51.100.0/24 table 4711
	ip -n "$host" route flush table 4711
}

test_batch() {
	fresh
	cat >"$scratch/batch" <<-'END'
		# a comment
		vmk add "vmk0" # another

		vmk add 'vmk1' \
			weight 7
		vmk set dev vmk1 migration on
	END
	run 0 m -b "$scratch/batch"
	run 0 m -j vmk
	json 'map([.ifname, .weight, .migration]) ==
		[["vmk0", 1, false], ["vmk1", 7, true]]'

	printf '%s\n' 'vmk set vmk0 weight 2' '' 'vmk add vmk1' \
		'vmk set vmk0 weight 3' >"$scratch/batch"
	run 1 m -b "$scratch/batch"
	err_like "$scratch/batch:3: .*already a vmk"
	run 0 m -j vmk
	json '.[0].weight == 2'
	run 1 m -force -b "$scratch/batch"
	err_like "$scratch/batch:3: "
	run 0 m -j vmk
	json '.[0].weight == 3'
	run 1 m -b "$scratch/nosuch"
	err_like "\"$scratch/nosuch\""
	run 0 m -b - # standard input is empty for run()
	echo 'vmk add "vmk2' >"$scratch/batch"
	run 1 m -b "$scratch/batch"
	err_like ':1: a quotation is not closed'
	run 0 m -j -b <(echo tag; echo policy)
	[[ $(jq -s length <"$scratch/out") == 2 ]] || fail "not two arrays: $out"
}

# lines TEXT: what a batch of them makes of nothing, or its error; restore agrees
lines() {
	fresh
	printf %b "$1" >"$scratch/batch"
	m -b "$scratch/batch" 2>&1 && m save | sed -n 's/^vmk add dev //p' >"$scratch/vmks"
	out=$(fresh && m restore <"$scratch/batch" 2>&1 && m save | sed -n 's/^vmk add dev //p')
	[[ $out == "$(<"$scratch/vmks")" ]] || fail "restore makes \"$out\" of it, not \"$(<"$scratch/vmks")\""
}

# wrong TEXT PATTERN: named, with its line, by batch and by restore
wrong() {
	local at
	printf %b "$1" >"$scratch/batch"
	for at in "-b $scratch/batch" restore; do
		three_vmks
		remember
		# shellcheck disable=SC2086 # words
		m $at <"$scratch/batch" >"$scratch/out" 2>"$scratch/err"
		[[ $? == @(1|255) ]] || fail "$at takes \"$1\""
		err=$(<"$scratch/err")
		err_like "$2"
	done
	kept
}

test_lines() {
	# What a file has from an editor of another system.
	lines '# vmk0 is management \\\nvmk add vmk1\nvmk add vmk0\n'
	[[ $out == vmk1*vmk0* ]] || fail "a comment takes the next line: $out"
	lines 'vmk add vmk1 # first \\\nvmk add vmk0\n'
	[[ $out == vmk1*vmk0* ]] || fail "a comment behind a line takes the next: $out"
	lines 'vmk add vmk1 \\\n# nothing more \\\nvmk add vmk0\n'
	[[ $out == vmk1*vmk0* ]] || fail "a comment as a continuation takes the next: $out"
	lines "vmk add 'vmk1' \\\\\n weight 7 # it's \\\\\nvmk add vmk0\n"
	[[ $out == vmk1*7*vmk0* ]] || fail "a quote in a comment counts: $out"
	lines 'vmk add vmk1 \\\r\n\tweight 7\r\n\r\nvmk add vmk0\r\n'
	[[ $out == vmk1*7*vmk0* ]] || fail "line ends of DOS: $out"
	lines '\xef\xbb\xbf# by an editor\r\nvmk add vmk1'
	[[ $out == vmk1* ]] || fail "byte-order mark: $out"
	lines '\xef\xbb\xbfvmk add vmk1'
	[[ $out == vmk1* ]] || fail "byte-order mark before a word: $out"

	wrong 'vmk flush\nvmk add \0vmk0\n' ':2: there is a NUL byte'
	wrong 'vmk flush\n# \0 vmk0\n' ':2: there is a NUL byte'
	wrong 'vmk flush # old\rvmk add vmk0\r' ':1: there is a carriage return'
	wrong '\xff\xfev\0m\0k\0' ':1: the text is UTF-16'
	wrong '\xfe\xff\0v\0m\0k' ':1: the text is UTF-16'
	wrong 'v\0m\0k\0' ':1: there is a NUL byte'
	wrong '# none\nvmk set vmk0 weight 3 \\\n' ':2: the last line ends with a backslash'
	wrong 'vmk set vmk0 "\\\nweight 3\n' ':2: a quotation is not closed'
	wrong 'vmk\xc2\xa0flush\n' ':1: '
}

test_restore_of_nothing() {
	local text
	three_vmks
	remember
	for text in '' '\n' '# all gone\n' '\xef\xbb\xbf\r\n' '  \t\n\n'; do
		printf %b "$text" >"$scratch/batch"
		refused 1 'there is no line to restore: "vmk flush" is one for no vmks' restore_file
		kept
	done
	echo 'vmk flush' >"$scratch/batch"
	run 0 restore_file
	run 0 m -j vmk
	out_is '[]'
}

restore_file() { m restore <"$scratch/batch"; }

run_tests "$@"
