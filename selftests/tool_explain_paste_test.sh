#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migsel explain: what belongs to which host, and what holds, where much is pasted. Needs
# neither a module nor root nor a test kernel.
. "$(dirname "$(readlink -f "$0")")/tool_explain_lib.sh"

# Names and rows that look like something else.
test_look_alikes() {
	sed '2s/$/\n"esx-12.example.net","vmnic0","","","02:00:00:00:12:09","","",""\n"esx-12.example.net","","","","","","",""/' "$samples/powercli.csv" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	is_said esx-12.example.net pitfall vmk0 same-subnet
	for group in 'vMotion IPv4 10.9.9.9 255.0.0.0' 'x IPv4 10.9.9.9 255.0.0.0 10.9.9.255 02:00:00:00:00:09 1500 1 true STATIC'; do
		run 1 migsel -j explain <(printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 defaultTcpipStack 24 "$group")") migration vmk1
		is_said a pitfall vmk0 same-subnet
	done
	# Lines that a terminal has wrapped.
	complains 2 '^-:3: expected the stack of vmk1' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 '')" migration vmk1
	complains 2 '^-:4: expected a row of esxcfg-vmknic -l, found "vmotion"' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2)          vmotion\n" migration vmk1
	complains 2 '^-:2: expected a row of esxcfg-vmknic -l, found "NetStack"' "${head_row/NetStack/\\n  NetStack}$(row vmk0 192.0.2.1)" migration vmk0
}

test_tags() {
	# shellcheck disable=SC2016  # of the paste
	complains 2 'expected, before these tags, a command line with "-i VMK", found "[$]v"' \
		"$pitfall"'~ # for v in vmk0 vmk1; do esxcli network ip interface tag get -i $v; done\n   Tags: Management\n' migration vmk1
	# Two commands of one prompt.
	complains 2 'before these tags, the command line' "$pitfall"'~ # tag get -i vmk0 && tag get -i vmk1\n   Tags: Management\n\n   Tags: VMotion\n' migration vmk1
	run 1 migsel -j explain <(printf '%b' "$pitfall$(tags vmk0 Management)$(tags vmk1 VMotion)" | sed 's,^\[root@a:~\],/tmp #,')
	json '.[0].verdict == "pitfall"'
	# The last ones go.
	run 0 migsel -j explain <(printf '%b' "[root@a:~] x\n$pitfall$(tags vmk0 Management)$(tags vmk1 VMotion)$(tags vmk1 '')")
	is_said a refused '' no-migration-vmk
}

test_json_is_read_whole() {
	jq -c '[.[0], {x: 1}, .[1]]' <<<'[{"Name": "vmk0", "IPv4Address": "192.0.2.1", "IPv4Netmask": "255.255.255.0"},
		{"Name": "vmk1", "IPv4Address": "192.0.2.2", "IPv4Netmask": "255.255.255.0"}]' >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	json '.[0].verdict == "pitfall"'
	complains 2 '^-:1: expected each key of an object once: ' '{"vnic": [], "vnic": []}\n'
}

# A host that vCenter has lost is one that tells too little, and not one less.
test_lost_host() {
	jq '.hostSystems[1].config = null' "$samples/govc.json" >"$scratch/in"
	run 2 migsel -j explain "$scratch/in"
	is_said esx-06.example.net pitfall vmk0 same-subnet
	json 'map(select(.host == "esx-07.example.net"))[0].verdict == "untold"'
	err_like 'esx-07.example.net: no addresses are told'
	jq 'del(.HostSystems[].Config)' "$samples/govc-old.json" >"$scratch/in"
	run 2 migsel explain "$scratch/in"
	out_like '^esx-08.example.net: no addresses are told'
	jq '.hostSystems[] |= (.config = null | .name = "localhost.localdomain")' "$samples/govc.json" >"$scratch/in"
	run 2 migsel -j explain "$scratch/in"
	json 'map(.host) == ["in", "in#2"]'
}

test_lengths_untold() {
	run 1 migsel -j explain <(sed 's/fe80::ff:fe00:901/2001:db8::9/' "$samples/rvtools-4.csv") migration vmk1
	is_said esx-09.example.net pitfall vmk0 same-subnet
	json 'map(select(.host == "esx-09.example.net"))[0].notes | any(contains("without their prefix lengths"))'
}

# The addresses of a NIC that are told again, as after a cure, are those of now.
test_told_again() {
	local at='[root@esx-01:~] esxcfg-vmknic -l\n' after
	after=$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.2)
	printf '%b' "$at$pitfall$at$after" >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration vmk1
	is_said esx-01 good vmk1 dedicated-subnet
	printf '%b' "$at$after$at$pitfall" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	is_said esx-01 pitfall vmk0 same-subnet
	printf '%b' "$at$pitfall" '~ # esxcli network ip interface ipv4 get\nName  IPv4 Address  IPv4 Netmask\n----  ------------  -------------\n' \
		'vmk0  192.0.2.1     255.255.255.0\nvmk1  198.51.100.2  255.255.255.0\n' >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration vmk1
	is_said esx-01 good vmk1 dedicated-subnet
	# the address is gone
	printf '%b' "$at$pitfall$at$head_row$(row vmk1 N/A '' N/A)" >"$scratch/in"
	run 2 migsel -j explain "$scratch/in" migration vmk1
	# two tables of a file each
	printf '%b' "$at$pitfall" >"$scratch/one"
	printf '%b' "$at$after" >"$scratch/two"
	run 0 migsel -j explain "$scratch/one" "$scratch/two" migration vmk1
	is_said esx-01 good vmk1 dedicated-subnet
}

# What is told again without it, is gone.
test_left_out() {
	local at='[root@esx-01:~] esxcfg-vmknic -l\n' less get list prompt='[root@esx-01:~] esxcli network ip'
	less=$head_row$(row vmk0 192.0.2.1)
	printf '%b' "$at$pitfall$at$less" >"$scratch/in"
	refused 2 'no host has a vmk "vmk1"' migsel explain "$scratch/in" migration vmk1
	run 0 migsel -j explain "$scratch/in" migration vmk0
	is_said esx-01 good vmk0 single-nic
	# It comes back by a table of its stack.
	get='Name  IPv4 Address  IPv4 Netmask\n----  ------------  -------------\n'
	list() { printf '%s\n' "$prompt interface list $1" "${@:2}" ''; }
	printf '%b' "$(list '' vmk0 ' Name: vmk0' ' Netstack Instance: defaultTcpipStack' '' vmk1 ' Name: vmk1' ' Netstack Instance: defaultTcpipStack')\n" \
		"$prompt interface ipv4 get\n${get}vmk0  192.0.2.1     255.255.255.0\nvmk1  192.0.2.2     255.255.255.0\n" \
		"$(list '' vmk0 ' Name: vmk0' ' Netstack Instance: defaultTcpipStack')\n" >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration vmk0
	is_said esx-01 good vmk0 single-nic
	refused 2 'no host has a vmk "vmk1"' migsel explain "$scratch/in" migration vmk1
	printf '%b' "$(list '-N vmotion' vmk1 ' Name: vmk1' ' Netstack Instance: vmotion')\n" >>"$scratch/in"
	run 0 migsel -j explain "$scratch/in"
	is_said esx-01 good vmk1 vmotion-stack
	# A table of one NIC leaves out none.
	printf '%b' "$at$pitfall$prompt interface ipv4 get\n${get}vmk0  192.0.2.1     255.255.255.0\nvmk1  192.0.2.2     255.255.255.0\n" \
		"$prompt interface ipv4 get -i vmk1\n${get}vmk1  192.0.2.2     255.255.255.0\n" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	is_said esx-01 pitfall vmk0 same-subnet
	# IPv6 that is switched off.
	printf '%b' "$at${pitfall}vmk1 Some group IPv6 2001:db8::1 64 02:00:00:00:00:01 1500 65535 true STATIC defaultTcpipStack\n$at$pitfall" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	json '.[0].answers | map(.family) == ["inet", "inet"]'
	# Sheets of two days.
	printf 'Host,Device,IP Address,Subnet mask\na,vmk0,192.0.2.1,24\na,vmk1,192.0.2.2,24\nb,vmk0,192.0.2.3,24\n' >"$scratch/one"
	printf 'Host,Device,IP Address,Subnet mask\na,vmk0,192.0.2.1,24\na,vmk2,192.0.2.9,24\n' >"$scratch/two"
	run 0 migsel -j explain "$scratch/one" "$scratch/two" migration vmk2 migration vmk0
	is_said a good 'vmk0 vmk2' multi-nic
	is_said b good vmk0 single-nic
}

# The routes of a stack that are told again are instead of those of before.
test_routes_told_again() {
	local at='[root@esx-01:~] esxcfg-route -l\nVMkernel Routes:\nNetwork Netmask Gateway Interface\n' host table
	local near='192.0.2.0 255.255.255.0 Local Subnet vmk0\n198.51.100.0 255.255.255.0 Local Subnet vmk1\n'
	local far='203.0.113.0 255.255.255.0 198.51.100.9 vmk1\n'
	host="[root@esx-01:~] esxcfg-vmknic -l\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.1)"
	printf '%b' "$host$at$near$far" >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration vmk1 to 203.0.113.1
	is_said esx-01 good vmk1 dedicated-subnet
	printf '%b' "$at$near" >>"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration vmk1 to 203.0.113.1
	is_said esx-01 refused '' no-route
	# In a file of their own, and in another form.
	printf '%b' "$host$at$near$far" >"$scratch/one"
	printf '%b' '[root@esx-01:~] esxcli network ip route ipv4 list\nNetwork       Netmask        Gateway  Interface\n------------  -------------  -------  ---------\n192.0.2.0     255.255.255.0  0.0.0.0  vmk0\n' >"$scratch/two"
	run 0 migsel -j explain "$scratch/one" "$scratch/two" migration vmk1 to 203.0.113.1
	is_said esx-01 refused '' no-route
	# Those of another stack, and of another family, are others.
	table='Network       Netmask        Gateway       Interface\n------------  -------------  ------------  ---------\n'
	host="[root@esx-01:~] esxcfg-vmknic -l\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.1 vmotion)"
	printf '%b' "[root@esx-01:~] esxcli network ip route ipv4 list -N vmotion\n${table}203.0.113.0   255.255.255.0  198.51.100.9  vmk1\n" \
		"$at"'192.0.2.0 255.255.255.0 Local Subnet vmk0\n' \
		'[root@esx-01:~] esxcli network ip route ipv6 list\nNetwork  Prefix Length  Gateway  Interface\n-------  -------------  -------  ---------\nfe80::   64             ::       vmk1\n' "$host" >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" to 203.0.113.1
	is_said esx-01 good vmk1 vmotion-stack
}

# "ip -4" tells nothing of IPv6, "dev" nothing of others, and a list with lo tells all.
test_told_again_on_linux() {
	local at='root@pve-1:~# ip -j address' eth1 bare
	# shellcheck disable=SC2016  # a file's
	printf '%s\n' "$at" "$(<"$samples/ip-address.json")" >"$scratch/before"
	eth1=$(jq -c '[.[2]]' "$samples/ip-address.json") bare=$(jq -c 'map(.addr_info = [])' "$samples/ip-address.json")
	{ cat "$scratch/before"; printf '%s\n' "$at show dev eth1" "${eth1/192.0.2.123/198.51.100.1}"; } >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration eth1
	is_said pve-1 good eth1 dedicated-subnet
	{ cat "$scratch/before"; printf '%s\n' "$at show dev eth1" "$(jq -c '.[].addr_info = []' <<<"$eth1")"; } >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration eth1 migration eth0
	is_said pve-1 good eth0 single-nic
	{ cat "$scratch/before"; printf '%s\n' "$at" "$bare"; } >"$scratch/in"
	run 2 migsel explain "$scratch/in" migration eth1
	out_like 'no addresses are told'
	{ cat "$scratch/before"; printf '%s\n' "$at" "$(jq -c 'del(.[2])' "$samples/ip-address.json")"; } >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration eth0
	is_said pve-1 good eth0 single-nic
	{ cat "$scratch/before"; printf '%s\n' 'root@pve-1:~# ip -6 -j address' '[{"ifname":"lo","flags":["LOOPBACK"],"addr_info":[{"local":"::1","prefixlen":128}]}]'; } >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration eth1
	is_said pve-1 pitfall eth0 same-subnet
	# What is saved again, too.
	printf '%s\n' 'root@pve-1:~# migsel save' "$(<"$samples/save.txt")" 'root@pve-1:~# migsel save' 'vmk flush' 'vmk add dev eth1 migration on' >"$scratch/in"
	run 0 migsel -j explain "$scratch/before" "$scratch/in"
	is_said pve-1 good eth1 single-nic
}

# A row that ends with the text, before its last column, may have been cut in a number.
test_cut_off() {
	complains 2 '^-:3: expected a row of 5 fields, found 4: it is cut off$' 'Host,Device,IP Address,Subnet mask,MTU\na,vmk0,192.0.2.1,255.255.255.0,1500\na,vmk1,192.0.2.130,25' migration vmk1
	complains 2 '^-:4: expected a row of 4 columns, found 3: it is cut off$' \
		'Name  IPv4 Address  IPv4 Netmask   Gateway\n----  ------------  -------------  -------\nvmk0  192.0.2.1     255.255.255.0  0.0.0.0\nvmk1  192.0.2.130   25' migration vmk1
	complains 2 '^-:5: expected an interface at the end' "${head_row}$(row vmk0 192.0.2.1)VMkernel Routes:\nNetwork Netmask Gateway Interface\ndefault 0.0.0.0 192.0.2.1" migration vmk0
	complains 2 '^-:3: expected the stack of vmk1 at the end' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 defaultTcp | sed 's/.n$//')" migration vmk1
	complains 2 '^-:2: expected "Tags: Management, VMot" to go on' "$(tags vmk1 'Management, VMot' | sed 's/.n$//')"
	complains 2 '^-:2: expected "Tags: VMotion," to go on' "$(tags vmk1 VMotion, | sed 's/.n$//')"
	complains 2 '^-:3: expected "Netstack Instance: vmo" to go on' '[root@a:~] esxcli network ip interface list\n   Name: vmk1\n   Netstack Instance: vmo'
	# What is whole needs no end.
	run 1 migsel explain <(printf '%b' "[root@a:~] x\n$pitfall$(tags vmk0 Management)$(tags vmk1 VMotion)" | head -c -1)
	run 0 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 vmotion)" | head -c -1)
	complains 2 '^-:2: expected what migsel save prints, found "o" behind "migration"$' 'vmk flush\nvmk add dev eth1 migration o'
	complains 2 '^-:1: expected what migsel save prints, found "" behind "fallback"$' 'policy set fallback'
	complains 2 '^-:1: expected what migsel save prints: a quotation is not closed$' 'vmk add dev "eth1'
	complains 2 '^-:1: expected the name of a vmk$' 'vmk add dev'
}

# What is saved is a policy, too.
test_saved_policy() {
	local mode
	for mode in observe off; do
		run 0 migsel explain <(sed "s/mode enforce/mode $mode/" "$samples/save.txt") "$samples/ip-address.json"
		out_like 'the rule does not apply: by its policy migsel steers nothing'
	done
	printf '%s\n' 'vmk flush' 'policy set mode enforce unreachable pass' 'vmk add dev eth0 weight 3' 'vmk add dev "et#h 1" weight 4' >"$scratch/in"
	run 0 migsel explain "$scratch/in" "$samples/ip-address.json"
	out_like 'unreachable pass, what is refused leaves by the plain route'
	sed -i 's/"et#h 1"/"et#h1"/' "$scratch/in"
	run 0 migsel explain as-lab "$scratch/in" "$samples/ip-address.json"
	out_like "vmk add dev 'et#h1' .* weight 4"
	out_like 'policy set unreachable pass'
}

# Sheets behind each other are one, and a vmk is in it once.
test_sheets() {
	printf 'Host,Device,IP Address,Subnet mask\na,vmk0,192.0.2.1,24\nSubnet mask,Host,Device,IP Address\n24,b,vmk0,192.0.2.2\n24,b,vmk0,192.0.2.2\n' >"$scratch/in"
	run 0 migsel -j explain "$scratch/in" migration vmk0
	json 'map(.host) == ["a", "b"] and all(.[]; .verdict == "good")'
	complains 2 '^-:3: expected vmk0 of a once, found another one$' 'Host,Device,IP Address,Subnet mask\na,vmk0,192.0.2.1,24\na,vmk0,198.51.100.1,24\n' migration vmk0
}

# A host whose prompt has no name of its own is asked once for each of its stacks.
test_stacks_of_one_host() {
	local prompt='[root@localhost:~] esxcli network ip' get='Name  IPv4 Address  IPv4 Netmask\n----  ------------  -------------\n'
	local list='vmk0\n   Name: vmk0\n   Netstack Instance: defaultTcpipStack\n\nvmk1\n   Name: vmk1\n   Netstack Instance: vmotion\n\n'
	local option
	for option in '-N vmotion' '--netstack=vmotion'; do
		printf '%b' "$prompt interface list\n$list" "$prompt interface ipv4 get\n$get"'vmk0  192.0.2.1     255.255.255.0\n' \
			"$prompt interface ipv4 get $option\n$get"'vmk1  192.0.2.2     255.255.255.0\n' >"$scratch/in"
		run 0 migsel -j explain "$scratch/in"
		json 'length == 1'
		is_said in good vmk1 vmotion-stack
	done
	# Without it, or with the first stack, it is another host.
	printf '%b' "$prompt interface ipv4 get -N defaultTcpipStack\n$get"'vmk0  192.0.2.1     255.255.255.0\nvmk1  192.0.2.2     255.255.255.0\n' \
		"$prompt interface ipv4 get -N defaultTcpipStack\n$get"'vmk0  192.0.2.1     255.255.255.0\nvmk1  198.51.100.2  255.255.255.0\n' >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	json 'length == 2'
	printf '%b' "# a\n$pitfall# a\n$pitfall" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	json 'length == 2'
}

test_first_prompt() {
	printf '%b' "$pitfall"'[root@esx-01:~] esxcli network ip interface tag get -i vmk1\n   Tags: VMotion\n' \
		'[root@esx-01:~] esxcli network ip interface tag get -i vmk0\n   Tags: Management\n' >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	json 'length == 1'
	is_said esx-01 pitfall vmk0 same-subnet
	# What tells of vmks is of another host.
	printf '%b' "$pitfall" "[root@esx-02:~] esxcfg-vmknic -l\n$pitfall" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	json 'map(.host) == ["in", "esx-02"]'
	# Nor is that another one which comes after a prompt without a name.
	printf '%b' "[root@localhost:~] esxcfg-vmknic -l\n$pitfall" '[root@esx-02:~] vmware -v\nVMware ESXi 7.0.3 build-1\n' \
		"[root@esx-02:~] esxcfg-vmknic -l\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.2)" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	json 'map(.verdict) == ["pitfall", "good"]'
}

# A loop names a variable, and is understood if it prints what is in it.
# shellcheck disable=SC2016  # for a shell of ESXi
test_loops() {
	local loop='[root@esx-01:~] for v in vmk0 vmk1; do echo $v; esxcli network ip interface tag get -i "$v"; done\n'
	printf '%b' "[root@esx-01:~] esxcfg-vmknic -l\n$pitfall$loop" 'vmk0\n   Tags: Management\nvmk1\n   Tags: VMotion\n' >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	is_said esx-01 pitfall vmk0 same-subnet
	printf '%b' "[root@esx-01:~] esxcfg-vmknic -l\n$pitfall${loop/echo \$v; /}" '   Tags: Management\n   Tags: VMotion\n' >"$scratch/in"
	run 2 migsel explain "$scratch/in"
	err_like 'in:6: expected, before these tags, a command line with "-i VMK"'
}

# said_of_part JQ WORD...: of what could be read in part only
said_of_part() {
	run 2 migsel -j explain "$scratch/in" "${@:2}"
	json "$1"
}

# A row that cannot be read may be the one that makes the difference: its host is not answered for.
test_rows_that_cannot_be_read() {
	local row csv='VMHost,Name,IP,SubnetMask,VMotionEnabled'
	for row in 'vmk0  x  IPv4  192.0.2.1  255.255.255.0\n' "$(row vmk0 192.0.2.1 '' 24 x 9k)" "$(row vmk0 192.0.2.1 '' 255.0.255.0)"; do
		printf '%b' "[root@a:~] x\n$head_row$row$(row vmk1 192.0.2.2)" >"$scratch/in"
		said_of_part 'map(.verdict) == ["untold"]' migration vmk1
	done
	printf '%b' "$pitfall" '[root@in:~] esxcfg-route -l\nVMkernel Routes:\nNetwork Netmask Gateway Interface\n192.0.2.0 bad 192.0.2.1 vmk1\n' >"$scratch/in"
	said_of_part 'all(.verdict == "untold")' migration vmk1
	# Whose row it is, is not known, nor how many it has swallowed.
	printf '%s\n' "$csv" a,vmk0,192.0.2.1,24,False a,vmk1,192.0.2.2,24,True 'b,vm"k0,192.0.2.3,24,False' \
		b,vmk1,192.0.2.4,24,True c,vmk0,192.0.2.5,24,True >"$scratch/in"
	said_of_part 'map(.verdict) == ["untold", "untold", "untold"]'
	for row in VMK0 vmk0x eth0; do
		printf '%s\n' "$csv" "a,$row,192.0.2.1,24,False" a,vmk1,192.0.2.2,24,True >"$scratch/in"
		said_of_part 'map(.verdict) == ["untold"]'
		err_like "in:2: expected vmk0 or the like, found \"$row\"$"
	done
	jq '(.. | objects | select(.device? == "vmk0")).device = "VMK0"' "$samples/govc.json" >"$scratch/in"
	said_of_part '.[0].verdict == "untold"'
	echo '[{"Name":"VMK0","IPv4Address":"192.0.2.1","IPv4Netmask":"255.255.255.0"},{"Name":"vmk1","IPv4Address":"192.0.2.2","IPv4Netmask":"255.255.255.0"}]' >"$scratch/in"
	said_of_part 'map(.verdict) == ["untold"]' migration vmk1
	printf '%s\n' "$csv" a,vmk0,192.0.2.1,24,False a,vmk1,192.0.2.2,24,VERDADERO >"$scratch/in"
	said_of_part 'map(.verdict) == ["untold"]'
	err_like 'in:3: vmk1: expected True or False, found "VERDADERO"$'
	complains 2 '^-:1: expected rows below the headings$' "$csv\n"
}

# What is small in a file may be large in memory.
test_much_of_json() {
	awk 'BEGIN { printf "["; for (i = 0; i < 8200000; i++) printf "[],"; printf "\"%34600000s\",1]", "" }' >"$scratch/in"
	run 2 migsel explain "$scratch/in"
	err_like 'in:1: expected JSON of less than 4000000 values$'
}

run_tests "$@"
