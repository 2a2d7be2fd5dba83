#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migsel explain: hosts that are only described. Needs neither a module nor root nor a test
# kernel; the samples in explain/ are of the shape that the commands print.
. "$(dirname "$(readlink -f "$0")")/tool_explain_lib.sh"

test_every_format() {
	explains 1 -j explain vmknic.txt tags.txt
	is_said esx-01 pitfall vmk0 same-subnet
	is_said esx-02 good vmk1 vmotion-stack
	explains 0 -j explain vmknic-5.1.txt migration-pattern 'vMotion*'
	is_said vmknic-5.1 good 'vmk1 vmk2' multi-nic
	explains 1 -j explain esxcli.txt
	is_said esx-04 pitfall vmk1 dedicated-subnet
	json '.[0].answers | map(select(.family == "inet6" and .tag == "hot")) | .[0].reason == "same-subnet"'
	json '.[0].answers[-1] | .tag == "cold" and .reason == "provisioning-vmk" and .dev == ["vmk1"]'
	explains 1 -j explain esxcli.json.txt
	is_said esx-05 pitfall vmk0 same-subnet
	explains 1 -j explain govc.json
	is_said esx-06.example.net pitfall vmk0 same-subnet
	is_said esx-07.example.net good vmk1 vmotion-stack
	json '.[1].answers[-1].reason == "provisioning-stack"'
	explains 0 -j explain govc-old.json
	is_said esx-08.example.net good vmk1 dedicated-subnet
	explains 1 -j explain rvtools-4.csv migration-pattern 'vMotion*'
	is_said esx-09.example.net pitfall vmk0 same-subnet
	is_said esx-10.example.net good vmk1 dedicated-subnet
	explains 1 -j explain rvtools-3.csv migration vmk1
	is_said esx-11 pitfall vmk0 same-subnet
	explains 1 -j explain powercli.csv
	is_said esx-12.example.net pitfall vmk0 same-subnet
	explains 1 -j explain ip-address.json ip-route.json ip-link.json migration eth1
	is_said ip-address pitfall eth0 same-subnet
	explains 1 -j explain save.txt ip-address.json
	is_said save pitfall eth0 same-subnet
	# All at once, and each as itself.
	run 2 migsel -j explain "$samples"/*
	json 'length > 10 and (map(.host) | unique | length) == length'
}

# Without prompts between them, and in any order.
test_parts() {
	printf '%s\n' 'Name  IPv4 Address  IPv4 Netmask   Gateway' '----  ------------  -------------  ---------' \
		'vmk1  192.0.2.2     255.255.255.0  0.0.0.0' 'vmk0  192.0.2.1     255.255.255.0  192.0.2.1' \
		'Network      Netmask        Gateway    Interface' '-----------  -------------  ---------  ---------' \
		'203.0.113.0  255.255.255.0  192.0.2.9  vmk0' >"$scratch/parts"
	run 1 migsel -j explain "$scratch/parts" migration vmk1 to 203.0.113.1
	is_said parts pitfall vmk0 same-subnet
	[[ ! -s $scratch/err ]] || fail "complains $err"
	# Each in a file of its own.
	head -n 4 "$scratch/parts" >"$scratch/addresses"
	tail -n 3 "$scratch/parts" >"$scratch/routes"
	run 1 migsel -j explain "$scratch/addresses" "$scratch/routes" migration vmk1 to 203.0.113.1
	is_said addresses pitfall vmk0 same-subnet
	run 1 migsel -j explain "$scratch/addresses" "$scratch/routes" "$scratch/addresses" migration vmk1
	is_said addresses pitfall vmk0 same-subnet
	is_said addresses#2 pitfall vmk0 same-subnet
}

test_words_of_the_host() {
	explains 1 explain vmknic.txt tags.txt
	out_like $'^esx-01: vMotion leaves by vmk0, though vmk1 is enabled: both are in 192.0.2.0/24 \\(row [0-9]+, same-subnet\\)\n'
	out_like $'\n2 hosts: 1 with the pitfall, 1 without it, '
	explains 1 explain esxcli.json.txt
	out_like 'What cures it, the best first:.*1\. a subnet of its own for vmk1.*2\. the vMotion TCP/IP stack.*3\. a second vmk'
	out_like "interface add -i vmk1 -p vMotion -N vmotion -m 9000 && .* -I 192.0.2.115 -N 255.255.255.0"
	out_like 'esxtop'
	# Without stacks there is one cure less.
	explains 1 explain vmknic-5.1.txt migration vmk1
	[[ $out != *TCP/IP* && $out == *' 2. a second vmk for vMotion in the subnet of vmk1, to be made'* ]] || fail "of 5.1 it says $out"
	# Linux has its own.
	explains 1 explain save.txt ip-address.json
	out_like 'migration traffic leaves by eth0, though eth1 is the one for migration'
	out_like 'migsel policy set fallback strict'
	out_like 'ip -s link show dev eth0'
	[[ $out != *esxcli* && $out != *vMotion* ]] || fail "on Linux it says $out"
	# What is not migsel's, and what is another system's.
	explains 1 explain ip-address.json migration eth1
	out_like 'plain Linux has another rule'
	sed 's/eth/vmbr/g' "$samples/ip-address.json" >"$scratch/vmbr"
	run 1 migsel explain "$scratch/vmbr" migration vmbr1
	out_like 'Proxmox VE .* does not apply to a migration of type secure'
	explains 1 -d explain vmknic.txt tags.txt
	out_like 'Note: 2 of its vmks on other stacks, as vxlan, are left out'
	run 0 migsel explain <(printf '%b' "[root@nsx:~] ls\n$head_row$(row vmk10 192.0.2.1 vxlan)")
	out_like '^nsx: the rule does not apply: its vmks are on the stack vxlan'
	# The table that the host itself goes by, where it tells another NIC.
	run 1 migsel explain <(printf '%b' "$pitfall\nVMkernel Routes:\nNetwork Netmask Gateway Interface\n192.0.2.0 255.255.255.0 Local Subnet vmk1\n") migration vmk1
	out_like 'its own table sends 192.0.2.0/24 by vmk1'
}

# What module/rule.c says is what is said: its rows, in its order.
# shellcheck disable=SC2016  # jq's
test_rows() {
	explains 1 -d explain vmknic.txt tags.txt
	out_like 'same-subnet +applied: the only migration vmk shares a subnet with the first vmk'
	explains 1 -j -d explain vmknic.txt tags.txt
	json '.[0].answers[0] | .row as $row | (.rows | length) > $row and
		.rows[$row - 1] == (.rows[] | select(.outcome == "applied")) and
		all(.rows[:$row - 1][]; .outcome == "skipped") and all(.rows[$row:][]; .outcome == "not-reached")'
	# A first vmk that there is not has no route; it is not down.
	run 0 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1 vmotion)")
	out_like 'cold data is refused: the default stack has no vmk \(row [0-9]+, no-route\)'
}

test_what_is_not_told() {
	complains 2 'which vmk carries vMotion is not told: add .*esxcli network ip interface tag get -i vmk0' \
		"[root@a:~] x\n${pitfall}[root@b:~] x\n$pitfall"
	[[ $err == *'(2 hosts)' ]] || fail "of two it complains $err"
	# One of two tells too little: the other one is asked for.
	run 2 migsel explain <(printf '%b' "[root@a:~] x\n${pitfall}[root@a:~] esxcli network ip interface tag get -i vmk0\n Tags: Management\n")
	out_like 'tag get -i vmk1'
	# A stack of its own says it without them.
	run 0 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 vmotion)")
	complains 2 'before these tags, the command line' '   Tags: VMotion\n'
	explains 2 explain ip-address.json
	out_like 'which NIC carries migrations is not told: add what "migsel save" prints'
	explains 2 explain save.txt
	out_like 'no addresses are told: add what "ip -j address" prints'
	complains 2 'no host has a vmk "vmk7"' "$pitfall" migration vmk7
	complains 2 'no host has a vmk on a port group like "vMotion"' "$pitfall" migration-pattern vMotion
	# The words go for those that tell it, too.
	explains 0 explain govc.json migration vmk0
	explains 0 -j explain govc.json migration vmk0 migration vmk1
	is_said esx-06.example.net good 'vmk0 vmk1' multi-nic
}

test_destination() {
	local name
	explains 1 -j explain esxcli.txt to 2001:db8::99
	is_said esx-04 pitfall vmk0 same-subnet
	explains 0 -j explain esxcli.txt to 198.51.100.99
	is_said esx-04 good vmk1 dedicated-subnet
	explains 2 explain esxcli.txt to 203.0.113.1
	out_like 'the routes to 203.0.113.1 are not told: add what "esxcli network ip route ipv4 list" prints'
	cat "$samples/esxcli.txt" - >"$scratch/routed" <<-'END'
		[root@esx-04:~] esxcfg-route -l
		VMkernel Routes:
		Network          Netmask          Gateway          Interface
		203.0.113.0      255.255.255.128  198.51.100.1     vmk1
		default          0.0.0.0          192.0.2.1        vmk0
	END
	run 0 migsel -j explain "$scratch/routed" to 203.0.113.1
	is_said esx-04 good vmk1 dedicated-subnet
	# Cold data goes by the service where that has a route of its own, and by vmk0 where not.
	json '.[0].answers[-1] | .reason == "provisioning-vmk" and .dev == ["vmk1"]'
	run 0 migsel -j explain "$scratch/routed" to 203.0.113.200
	is_said esx-04 refused '' no-route
	json '.[0].answers[-1] | .reason == "cold-first-vmk" and .dev == ["vmk0"]'
	# A default route is not one of its own.
	sed -i '/^203/d; s/^default .*/default  0.0.0.0  198.51.100.1  vmk1/' "$scratch/routed"
	run 0 migsel -j explain "$scratch/routed" to 203.0.113.1
	is_said esx-04 good vmk1 dedicated-subnet
	json '.[0].answers[-1] | .reason == "no-route" and .verdict == "refuse"'
	# Nor is class E for many.
	run 0 migsel -j explain "$scratch/routed" to 240.0.0.1
	is_said esx-04 good vmk1 dedicated-subnet
	for name in 192.0.2.14 192.0.2.255 224.0.0.1 255.255.255.255 2001:db8::14 ff02::1 fe80::1 127.0.0.1 0.0.0.0 ::1; do
		explains 0 -j explain esxcli.txt to "$name"
		is_said esx-04 good '' not-unicast
		json '.[0].answers[0].verdict == "pass"'
	done
	# A host has the addresses of all its stacks.
	run 0 migsel -j explain <(printf '%b' "[root@a:~] x\n$pitfall$(row vmk9 203.0.113.9 vxlan)") migration vmk1 to 203.0.113.9
	is_said a good '' not-unicast
	refused 255 'any valid IP address' migsel explain to nowhere </dev/null
}

# They are of two families.
test_families_apart() {
	explains 1 explain esxcli.txt
	out_like 'vMotion over IPv4 leaves by vmk1, .*; vMotion over IPv6 leaves by vmk0, though vmk1 is enabled: both are in 2001:db8::/64'
	out_like 'ipv6 address add -i vmk1'
	# A table has the one with the pitfall.
	explains 1 -csv explain esxcli.txt
	out_like $'\n"esx-04","pitfall","vmk0","same-subnet",'
}

test_pair() {
	explains 2 explain pair vmknic.txt tags.txt
	out_like $'^esx-01 to esx-02 198.51.100.12: vMotion leaves by vmk0, though .*; received on vmk1\nesx-02 to esx-01 192.0.2.111: the routes '
	for trap in seen-at-source-only mtu-mismatch stack-mismatch different-subnets; do
		out_like "  $trap: "
	done
	explains 1 -j explain pair govc.json
	json '(.ways | length == 2) and (.ways[0] | .from == "esx-06.example.net" and .verdict == "pitfall" and .received == "vmk1")
		and (.ways[1].verdict == "good") and (.traps | map(.code) == ["seen-at-source-only", "mtu-mismatch", "stack-mismatch"])'
	run 0 migsel explain pair <(printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)[root@b:~] x\n$head_row$(row vmk0 192.0.2.1)") migration vmk0
	out_like 'same-address: both have the address 192.0.2.1'
	explains 2 explain pair esxcli.txt
	err_like 'a pair has two hosts, but 1 are described'
}

test_many_hosts() {
	local began
	{
		echo '"Host","Port Group","Device","IP Address","Subnet mask","MTU"'
		seq 10000 | awk '{ printf "h%d,Management,vmk0,10.%d.%d.1,255.255.255.0,1500\nh%d,vMotion,vmk1,%d.%d.%d.2,24,9000\n",
			$1, $1 / 256, $1 % 256, $1, 10 + $1 % 2, $1 / 256, $1 % 256 }'
	} >"$scratch/many.csv"
	began=${EPOCHREALTIME/./}
	run 1 migsel explain "$scratch/many.csv" migration vmk1
	((${EPOCHREALTIME/./} - began < 2000000)) || fail "10000 hosts take $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
	[[ $(wc -l <"$scratch/out") == 10001 && $out == *$'\n''10000 hosts: 5000 with the pitfall, 5000 without it,'* ]] ||
		fail "of 10000 it says $(tail -n 1 "$scratch/out")"
	run 1 migsel -j explain "$scratch/many.csv" migration vmk1
	json 'length == 10000 and (map(select(.verdict == "pitfall")) | length == 5000)'
	run 1 migsel -csv explain "$scratch/many.csv" migration vmk1
	[[ $(wc -l <"$scratch/out") == 10001 ]] || fail "of 10000 its table has $(wc -l <"$scratch/out") lines"
	[[ $(sed -n 3p "$scratch/out") == '"h2","pitfall","vmk0","same-subnet",'*'"4"'$'\r' ]] || fail "says $(sed -n 3p "$scratch/out")"
	# One host that begins anew ten thousand times, as names do that are numbered.
	yes "$(printf '%b' "$head_row$(row vmk0 192.0.2.1)")" | head -n 40000 >"$scratch/anew.txt"
	began=${EPOCHREALTIME/./}
	migsel explain "$scratch/anew.txt" migration vmk0 >"$scratch/out" 2>&1
	((${EPOCHREALTIME/./} - began < 3000000)) || fail "20000 tables take $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
}

# Names that are those of numbered hosts.
test_crafted_numbers() {
	local began
	{
		seq 40000 80000 | sed 's/.*/{"dnsConfig":{"hostName":"a#&"},"vnic":[]}/'
		yes '{"dnsConfig":{"hostName":"a"},"vnic":[{"device":"vmk0"}]}' | head -n 40000
	} >"$scratch/numbers"
	began=${EPOCHREALTIME/./}
	timeout 20 migsel explain "$scratch/numbers" migration vmk0 >"$scratch/out" 2>&1
	((${EPOCHREALTIME/./} - began < 5000000)) || fail "80000 hosts take $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
}

# A host of many virtual machines: its bridge and a NIC have addresses, their ports have not.
test_many_ports() {
	jq -c '. as $all | .[1:] + [range(3000) as $i | $all[3] | .ifname = "tap\($i)" |
		.addr_info = [{family: "inet6", local: "fe80::1", prefixlen: 64, scope: "link"}]]' \
		<"$samples/ip-address.json" >"$scratch/ports"
	run 1 migsel -j explain "$scratch/ports" migration eth1
	is_said ports pitfall eth0 same-subnet
	# Without end it ends.
	jq -c '.[1] as $one | [range(3000) as $i | $one | .ifname = "eth\($i)"]' <"$samples/ip-address.json" >"$scratch/nics"
	run 2 migsel -j explain "$scratch/nics" migration eth1
	[[ $err == *'nics:1: nics has more than 1024 NICs'* ]] || fail "complains $err"
	run 2 migsel explain <(jq -c '.[:300]' "$scratch/nics") migration eth1
	err_like 'has more than 256 vmks'
}

# The same, however it is encoded or written.
test_encodings() {
	local way want
	explains 1 -j explain esxcli.txt
	want=$(jq -c 'map(del(.file, .line))' <"$scratch/out")
	for way in 'iconv -t UTF-16' 'iconv -t UTF-16LE' 'iconv -t UTF-16BE' 'sed s/$/\r/' 'tr \n \r' 'sed 1s/^/\xef\xbb\xbf/' 'expand' 'sed s/^/\t/'; do
		# shellcheck disable=SC2086  # words
		$way <"$samples/esxcli.txt" >"$scratch/encoded"
		run 1 migsel -j explain "$scratch/encoded"
		migsel -j explain <"$scratch/encoded" >"$scratch/out"
		[[ $(jq -c 'map(del(.file, .line))' <"$scratch/out") == "$want" ]] || fail "by $way it is $(<"$scratch/out")"
	done
	sed 's/Cluster, old/Cluster/' "$samples/rvtools-4.csv" >"$scratch/plain"
	tr -d '"' <"$scratch/plain" >"$scratch/unquoted"
	for way in 'iconv -t UTF-16' 'sed s/$/\r/' 'tr , \t' 'tr , ;' cat 'sed 1s/^/sep=,\n/'; do
		# shellcheck disable=SC2086  # words
		if [[ $way == cat ]]; then cp "$scratch/unquoted" "$scratch/encoded"; else $way <"$scratch/plain" >"$scratch/encoded"; fi
		migsel -j explain migration vmk1 <"$scratch/encoded" >"$scratch/out"
		is_said esx-09.example.net pitfall vmk0 same-subnet
		is_said esx-10.example.net good vmk1 dedicated-subnet
	done
	# A mask as it may be written, and numbers of other countries.
	for way in 255.255.255.0 24 /24 0xffffff00; do
		run 1 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1 defaultTcpipStack "$way")$(row vmk1 192.0.2.2)") migration vmk1
	done
	for way in 9000 9.000 9,000 "9'000" 9000,00; do
		run 1 migsel explain pair <(printf '%b' "Host;Device;IP Address;Subnet mask;MTU\na;vmk0;192.0.2.1;24;$way\na;vmk1;192.0.2.3;24;9000\nb;vmk0;192.0.2.2;24;1500\nb;vmk1;192.0.2.4;24;9000\n") migration vmk1
		out_like 'MTU 9000 and arrive|mtu-mismatch: .* with MTU 9000'
	done
}

# What cannot be read is named, with its line and what was expected there.
test_bad_input() {
	local bad status
	complains 2 '^-:1: expected a description, found nothing$' ''
	complains 2 '^-:1: expected a description, found nothing$' ' \r\n\n'
	complains 2 '^-:1: expected what esxcfg-vmknic -l' 'hello\nworld\n'
	complains 2 '^-:2: expected text, found a NUL byte$' 'a\n\0b\n'
	complains 2 '^-:1: expected UTF-8 or whole UTF-16$' '\xff\xfea\0b'
	complains 2 '^-:4: expected JSON that goes on to its end: ' '[\n{"ifname": "eth0",\n"addr_info": [\n'
	complains 2 '^-:1: this is a spreadsheet' 'PK\003\004xyz'
	complains 2 '^-:1: this is compressed' '\x1f\x8bxyz'
	complains 2 '^-:1: this is XML' '<?xml version="1.0"?>\n'
	complains 2 '^-:1: this is what ip prints for people: give that of "ip -j address"' '1: lo: <LOOPBACK> mtu 65536\n'
	complains 2 '^-:1: this is what ip prints for people' '1: lo    inet 127.0.0.1/8 scope host lo\n'
	complains 2 '^-:1: this is what ip prints for people' 'lo   UNKNOWN   127.0.0.1/8\neth0   UP   192.0.2.1/24\n'
	complains 2 '^-:2: this is what ip prints for people' 'root@kvm1:~# ip a\n1: lo: <LOOPBACK> mtu 65536\n'
	out_is 'kvm1: not all that describes it could be read'
	printf '%b' '[root@esx-01:~] cat other.xml\n<other>\n[root@esx-01:~] esxcfg-vmknic -l\n' "$head_row$(row vmk0 192.0.2.1)" >"$scratch/in"
	run 0 migsel explain "$scratch/in" migration vmk0
	complains 2 '^-:1: this is of Windows' '\r\nWindows IP Configuration\r\n'
	complains 2 '^-:3: expected what esxcfg-vmknic -l prints of vmk1: an address' "$head_row$(row vmk0 192.0.2.1)vmk1  vMotion  IPv4  192.0.2.2  255.255." migration vmk0
	complains 2 '^-:2: expected what esxcfg-vmknic' "$head_row$(row vmk0 192.0.2.1 x 255.0.255.0)"
	complains 2 '^-:2: .*expected an address and a netmask, found "192.0.2.1" and "33"$' 'Host,Device,IP Address,Subnet mask\na,vmk0,192.0.2.1,33\n' migration vmk0
	# Of what is half read nothing is said.
	out_is 'a: not all that describes it could be read'
	for bad in 224.0.0.1 127.0.0.1 255.255.255.255; do
		complains 2 "^-:3: vmk1: expected an address that one NIC has, found ${bad//./\\.}/24$" "$head_row$(row vmk0 192.0.2.1)$(row vmk1 "$bad")" migration vmk1
	done
	# In JSON, hosts are in one line.
	run 2 migsel explain <(jq -c '(.. | objects | select(.device? == "vmk1")).spec.ip.subnetMask = "bad"' "$samples/govc.json")
	[[ $(grep -c ':1: esx-0[67].example.net: vmk1: expected an address and its netmask' "$scratch/err") == 2 ]] ||
		fail "it says $(<"$scratch/err")"
	complains 2 '^-:1: eth0: expected an address that one NIC has, found ff02::1/64$' \
		'[{"ifname": "eth0", "flags": ["UP"], "addr_info": [{"local": "ff02::1", "prefixlen": 64}]}]'
	complains 2 '^-:1: expected a column "Subnet mask"$' 'Host,Device,IP Address\na,vmk0,192.0.2.1\n' migration vmk0
	complains 2 '^-:3: expected the end of what is between quotation marks$' 'Host,Device,IP Address,Subnet mask\n"a,vmk0,192.0.2.1,24\nb,vmk0,192.0.2.1,24' migration vmk0
	complains 2 '^-:2: vmk0: expected an MTU, found "1.5"$' 'Host,Device,IP Address,Subnet mask,MTU\na,vmk0,192.0.2.1,24,1.5\n' migration vmk0
	refused 2 "^$scratch/none:1: expected a file: No such file or directory$" migsel explain "$scratch/none"
	refused 2 "^$scratch:1: expected a file: Is a directory$" migsel explain "$scratch"
	truncate -s 100M "$scratch/large"
	refused 2 'large:1: expected a description of 64 MiB at most' migsel explain "$scratch/large"
	# The others are answered all the same.
	run 2 env -C "$samples" migsel -j explain "$scratch/none" govc.json
	is_said esx-06.example.net pitfall vmk0 same-subnet
	# Every way to cut a description off ends in an answer or a complaint, by itself.
	for bad in vmknic.txt esxcli.json.txt govc-old.json rvtools-4.csv ip-address.json; do
		for ((i = 1; i < 1200; i += 97)); do
			head -c "$i" "$samples/$bad" | timeout 10 migsel explain >"$scratch/out" 2>"$scratch/err"
			status=${PIPESTATUS[1]}
			[[ $status == [012] ]] || fail "$bad cut off at $i: $status $(<"$scratch/err")"
			[[ -s $scratch/err || -s $scratch/out ]] || fail "$bad cut off at $i: says nothing"
		done
	done
	# No flood of complaints about one file.
	{ echo 'Host,Device,IP Address,Subnet mask'; yes 'a,vmk0,x,y' | head -n 1000; } | migsel explain >"$scratch/out" 2>"$scratch/err"
	[[ $(wc -l <"$scratch/err") -le 12 ]] || fail "complains in $(wc -l <"$scratch/err") lines"
}

# What a fuzzer has found to be different from all else.
test_corpus() {
	local words
	find_file selftests/fuzz/corpus
	for words in '' pair as-lab '-- to 192.0.2.99'; do
		while read -r -d '' file; do
			# shellcheck disable=SC2086  # words
			timeout 10 migsel explain ${words#-- } migration vmk1 "$file" >"$scratch/out" 2>"$scratch/err"
			[[ $? == [012] ]] || fail "$words $file: $(head -n 1 "$scratch/err")"
		done < <(find "$REPLY" -type f -print0)
	done
}

# link NAME: of ip -j address
link() { jq -nc --arg name "$1" '[{ifname: $name, addr_info: [{family: "inet", local: "192.0.2.1", prefixlen: 24, scope: "global"}]}]'; }

# Whoever names things decides neither what a terminal or a shell does, nor a spreadsheet.
test_hostile_names() {
	# shellcheck disable=SC2016  # for nobody
	local name='$(reboot);`reboot` "'\''\x1b[2J\xe2\x80\xae' table
	table="[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 defaultTcpipStack 255.255.255.0 "${name//\\/\\\\}")$(tags vmk1 VMotion)"
	printf '%b' "$table" | sed 's/\\x1b/\x1b/; s/\\xe2\\x80\\xae/\xe2\x80\xae/' >"$scratch/hostile"
	run 1 migsel explain "$scratch/hostile" migration vmk1
	! grep -q $'\x1b\|\xe2\x80\xae' "$scratch/out" || fail "a terminal obeys $out"
	migsel -j explain "$scratch/hostile" migration vmk1 | jq -r '.[0].cures[1].command' >"$scratch/command"
	# As a shell reads it, it is one word.
	cat >"$scratch/esxcli" <<-'END'
		#!/bin/bash
		printf '%s\n' "$@"
	END
	chmod +x "$scratch/esxcli"
	PATH=$scratch:$PATH sh "$scratch/command" >"$scratch/words"
	# shellcheck disable=SC2016  # for nobody
	grep -A 1 -x -- -p "$scratch/words" | grep -qF '$(reboot);`reboot` "'"'" || fail "the shell reads $(<"$scratch/words")"
	# A lab has no devices with names that the kernel does not take.
	for name in vmk0/x all lo . vmk0123456789abcd vmk%d; do
		link "$name" >"$scratch/hostile"
		refused 2 'a device cannot be called' migsel explain as-lab "$scratch/hostile" migration "$name"
	done
	# Words of ip are names, too.
	link up >"$scratch/hostile"
	run 0 migsel explain as-lab "$scratch/hostile" migration up
	out_like 'link set dev up up'
	printf 'Host,Device,IP Address,Subnet mask,Port Group\n"=cmd|calc!A1","vmk0",192.0.2.1,24\n"a\nb: vMotion","vmk0",192.0.2.1,24,"x\x1b[2J"\n' >"$scratch/hostile"
	run 0 migsel -csv explain "$scratch/hostile" migration vmk0
	out_like $'\n"\'=cmd[|]calc!A1",'
	run 0 migsel explain "$scratch/hostile" migration vmk0
	! grep -q $'\x1b' "$scratch/out" || fail "a terminal obeys $out"
	[[ $(wc -l <"$scratch/out") == 3 ]] || fail "a name forges a line: $out"
	# shellcheck disable=SC2016  # for nobody
	link '$(reboot)' >"$scratch/hostile"
	# shellcheck disable=SC2016  # for nobody
	run 0 migsel explain as-lab "$scratch/hostile" migration '$(reboot)'
	# shellcheck disable=SC2016  # for nobody
	! grep -v '^#' "$scratch/out" | grep -F '$(reboot)' | grep -qvF "'\$(reboot)'" || fail "not quoted: $out"
}

test_without_privileges() {
	local nobody='setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --inh-caps=-all'
	[[ $EUID == 0 ]] || nobody=
	# shellcheck disable=SC2086  # words
	$nobody "$(command -v migsel)" explain <"$samples/govc.json" >"$scratch/out" 2>"$scratch/err"
	[[ $? == 1 ]] || fail "as nobody: $(<"$scratch/err")"
}

test_lab_is_a_script() {
	explains 1 explain as-lab esxcli.json.txt
	sh -n "$scratch/out" || fail "no script: $out"
	out_like 'address add 192.0.2.115/24 dev vmk1'
	out_like 'vmk add dev vmk1 migration on'
	# What is told first is the source address where there are several.
	run 1 migsel explain as-lab <(printf '%b' "$pitfall$(row vmk1 198.51.100.7)$(row vmk1 192.0.2.99)") migration vmk1
	out_like 'add 192.0.2.2/24 dev vmk1.*add 198.51.100.7/24 dev vmk1.*add 192.0.2.99/24 dev vmk1'
	run 0 migsel explain as-lab "$samples/peer.json" migration vmk1
	out_like 'host address add 198.51.100.1 peer 198.51.100.9/32 dev vmk1'
	out_like 'peer address add 2001:db8:7::9 peer 2001:db8::1/128 dev switch nodad'
	explains 2 explain as-lab vmknic.txt tags.txt
	err_like 'a lab has one host, but 2 are described'
	explains 2 explain as-lab vmknic-5.1.txt
	err_like 'which vmk carries vMotion is not told'
}

# row6 VMK ADDRESS: of esxcfg-vmknic -l
row6() { printf '%s  Some group  IPv6  %s  64  02:00:00:00:00:01 9000  65535  true  STATIC, PREFERRED  defaultTcpipStack\\n' "$1" "$2"; }

# command N: the Nth cure of what was printed with -j, empty if it has none
command_of() { jq -r ".[0].cures[$(($1 - 1))].command // empty" <"$scratch/out"; }

# typed VMK ADDRESS TYPE: of esxcfg-vmknic -l
typed() { row "$1" "$2" | sed "s/STATIC/$3/"; }

# An address of DHCP is asked for anew: it is not one's own.
test_cure_of_leased() {
	local in
	in="[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(typed vmk1 192.0.2.2 DHCP)$(tags vmk0 Management)$(tags vmk1 VMotion)"
	run 1 migsel -j explain <(printf '%b' "$in")
	[[ $(command_of 2) == *' ipv4 set -i vmk1 -t dhcp' ]] || fail "the command is $(command_of 2)"
	jq '(.. | objects | select(.device? == "vmk1") | .spec.ip.dhcp) = true |
		(.. | objects | select(.portgroup? == "") | .portgroup) = "vMotion"' <"$samples/govc.json" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ $(command_of 2) == *' -t dhcp' ]] || fail "the command is $(command_of 2)"
	sed '/^\[{"AddressType/,$s/"STATIC"/"DHCP"/' "$samples/esxcli.json.txt" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ $(command_of 2) == *' -t dhcp' ]] || fail "the command is $(command_of 2)"
	printf '%b' "[root@a:~] x\n$head_row$(row6 vmk0 2001:db8::1)$(row6 vmk1 2001:db8::2 | sed s/STATIC/AUTO/)$(tags vmk0 Management)$(tags vmk1 VMotion)" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ -z $(command_of 1)$(command_of 2) ]] || fail "the commands are $(command_of 1) and $(command_of 2)"
	json '.[0].cures[1].advice | contains("the network gives vmk1 its IPv6 address")'
}

# Whoever has an address for something else keeps it.
test_cure_where_shared() {
	local way group services
	for way in 'VMotion,VSAN Other' 'VMotion,Management Other' 'VMotion iSCSI-A'; do
		read -r services group <<<"$way"
		printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 defaultTcpipStack 255.255.255.0 "$group")$(tags vmk0 Management)$(tags vmk1 "${services/,/, }")" >"$scratch/in"
		run 1 migsel -j explain "$scratch/in"
		[[ $(command_of 1) == *'interface add -i VMK '*'tag add -i VMK -t VMotion && esxcli network ip interface tag remove -i vmk1 -t VMotion' &&
			$(command_of 1) != *'set -i vmk1'* ]] || fail "with $way the command is $(command_of 1)"
		[[ -z $(command_of 2) ]] || fail "with $way the command is $(command_of 2)"
	done
	# What it carries is not told: it is not made anew.
	printf '%b' "$pitfall" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	[[ -z $(command_of 2) ]] || fail "the command is $(command_of 2)"
	json '.[0].cures | (.[0].advice | contains("tag get -i vmk1")) and (.[1].advice | contains("tag get -i vmk1"))'
}

# What VMware does not document is said to be so.
test_inferred() {
	local stack
	run 1 migsel explain <(printf '%b' "$pitfall") migration vmk1
	out_like 'Note: VMware documents that one of the vmks in a subnet .*, and not that it is the first'
	run 1 migsel explain <(printf '%b' "[root@a:~] x\n$pitfall$(tags vmk0 Management)$(tags vmk1 'VMotion, vSphereProvisioning')")
	out_like 'Note: that cold data leaves by the first vmk of a subnet .* is inferred'
	run 0 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1 vmotion)")
	out_like 'Note: that cold data has no route .* is inferred'
	for stack in vmotion vSphereProvisioning; do
		run 0 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.1 "$stack")$(row vmk2 198.51.100.2 "$stack")") migration vmk0
		out_like 'Note: that .*several vmks of the .* stack .* is inferred'
		run 0 migsel explain <(printf '%b' "$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.1 "$stack")") migration vmk0
		[[ $out != *inferred* ]] || fail "one vmk on the stack $stack, and it says $out"
	done
	explains 1 explain save.txt ip-address.json
	[[ $out != *VMware* ]] || fail "on Linux it says $out"
}

test_link_local_only() {
	run 0 migsel explain <(printf '%b' "$head_row$(row6 vmk0 2001:db8::1)$(row6 vmk1 fe80::2)") migration vmk1
	out_like 'vMotion is refused: vmk1 has none but link-local addresses'
}

# A vmk is made anew by a command only if it becomes what it was.
test_cure_by_stack() {
	local group
	printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 defaultTcpipStack 255.255.255.0 vMotion 9000)$(row6 vmk1 2001:db8::2)$(tags vmk0 Management)$(tags vmk1 VMotion)" >"$scratch/in"
	sed -i 's/Some group  IPv6/vMotion  IPv6/' "$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ $(command_of 2) == *'remove -i vmk1 && esxcli network ip interface add -i vmk1 -p vMotion -N vmotion -m 9000 && '*'-I 192.0.2.2 -N 255.255.255.0 && '*'ipv6 address add -i vmk1 -I 2001:db8::2/64' ]] ||
		fail "the command is $(command_of 2)"
	# Of IPv6 alone.
	printf '%b' "[root@a:~] x\n$head_row$(row6 vmk0 2001:db8::1)$(row6 vmk1 2001:db8::2)$(tags vmk0 Management)$(tags vmk1 VMotion)" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ $(command_of 2) == *'ipv6 address add -i vmk1 -I 2001:db8::2/64' && $(command_of 2) != *ADDRESS* ]] || fail "the command is $(command_of 2)"
	# Not another service, nor a port of a distributed switch, nor a group of unknown kind.
	printf '%b' "[root@a:~] x\n$pitfall$(tags vmk0 Management)$(tags vmk1 'VMotion, VSAN')" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ -z $(command_of 2) ]] || fail "the command is $(command_of 2)"
	json '.[0].cures[1].advice | contains("vmk1 carries VSAN, too")'
	for group in 24 50a1b2c3-0000-4000-8000-000000000001; do
		printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2 defaultTcpipStack 24 "$group")$(tags vmk0 Management)$(tags vmk1 VMotion)" >"$scratch/in"
		run 1 migsel -j explain "$scratch/in"
		[[ -z $(command_of 2) ]] || fail "the command is $(command_of 2)"
		# shellcheck disable=SC2016  # jq's
		holds --arg group "$group" '.[0].cures[1].advice | contains($group)' || fail "does not name $group: $out"
	done
	run 1 migsel -j explain "$samples/powercli.csv"
	[[ -z $(command_of 2) ]] || fail "of PowerCLI the command is $(command_of 2)"
	jq '(.. | objects | select(.device? == "vmk1")) |= (.portgroup = "" | .spec.distributedVirtualPort = {portKey: "24"})' <"$samples/govc.json" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ -z $(command_of 2) ]] || fail "of a distributed port the command is $(command_of 2)"
}

# What else a vmk carries is told by all columns, and where routes lead by it, it is not made anew.
test_cure_of_what_is_told() {
	local standard csv routes
	standard="[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 192.0.2.2)"
	for csv in VMotionEnabled VMotionEnabled,ManagementTrafficEnabled; do
		printf '%s\n' "VMHost,Name,IP,SubnetMask,$csv" a,vmk0,192.0.2.1,24,False,True a,vmk1,192.0.2.2,24,True,False >"$scratch/csv"
		printf '%b' "$standard" >"$scratch/in"
		run 1 migsel -j explain "$scratch/csv" "$scratch/in"
		[[ -z $(command_of 2) ]] || fail "with $csv the command is $(command_of 2)"
		json '.[0].cures[0].advice | contains("first see that nothing else uses it")'
	done
	printf '%s\n' VMHost,Name,IP,SubnetMask,VMotionEnabled,ManagementTrafficEnabled,VsanTrafficEnabled,FaultToleranceLoggingEnabled \
		a,vmk0,192.0.2.1,24,False,True,False,False a,vmk1,192.0.2.2,24,True,False,False,False >"$scratch/csv"
	run 1 migsel -j explain "$scratch/csv" "$scratch/in"
	[[ $(command_of 2) == *'remove -i vmk1'* ]] || fail "with all columns the command is $(command_of 2)"
	for routes in 'default 0.0.0.0 192.0.2.254 vmk1' '203.0.113.0 255.255.255.0 192.0.2.9 vmk1'; do
		printf '%b' "$standard$(tags vmk0 Management)$(tags vmk1 VMotion)VMkernel Routes:\nNetwork Netmask Gateway Interface\n$routes\n" >"$scratch/in"
		run 1 migsel -j explain "$scratch/in"
		[[ -z $(command_of 2) ]] || fail "with the route $routes the command is $(command_of 2)"
		json '.[0].cures[1].advice | contains("routes of this host lead by vmk1")'
	done
}

# The new address comes before the shared one goes. On Linux that may be the reader's own.
test_cure_by_subnet() {
	printf '%b' "[root@a:~] x\n$head_row$(row6 vmk0 2001:db8::1)$(row6 vmk1 2001:db8::2)$(row6 vmk1 fe80::2)$(row6 vmk1 2001:db8:1::2)" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration vmk1
	[[ $(command_of 1) == 'esxcli network ip interface ipv6 address add -i vmk1 -I ADDRESS/LENGTH && esxcli network ip interface ipv6 address remove -i vmk1 -I 2001:db8::2/64' ]] ||
		fail "the command is $(command_of 1)"
	explains 1 -j explain ip-address.json migration eth1
	[[ $(command_of 1) == 'ip address add ADDRESS/LENGTH dev eth1' ]] || fail "on Linux the command is $(command_of 1)"
	holds '.[0].cures[0].advice | test("take 192.0.2.[0-9]*/24 away by another NIC or the console")' || fail "the shared address stays: $out"
}

# Nothing is enabled where another service is, or might be.
test_spare() {
	local way got service address group
	for way in 'VSAN 198.51.100.2 Other' 'None 192.0.2.2 Other' 'None 198.51.100.2 iSCSI-A'; do
		read -r service address group <<<"$way"
		printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 "$address" defaultTcpipStack 255.255.255.0 "$group")$(tags vmk0 Management)$(tags vmk1 "${service/None/}")" >"$scratch/in"
		run 0 migsel -j explain "$scratch/in"
		[[ $(command_of 1) == *'-i VMK -t VMotion' ]] || fail "with $way the command is $(command_of 1)"
	done
	printf '%b' "[root@a:~] x\n$head_row$(row vmk0 192.0.2.1)$(row vmk1 198.51.100.2)$(tags vmk0 Management)$(tags vmk1 '')" >"$scratch/in"
	run 0 migsel -j explain "$scratch/in"
	[[ $(command_of 1) == *'-i vmk1 -t VMotion' ]] || fail "the command is $(command_of 1)"
	# A second one stands beside the first.
	printf '%b' "[root@a:~] x\n$pitfall$(row vmk2 198.51.100.2)$(row vmk3 192.0.2.3)$(tags vmk0 Management)$(tags vmk1 VMotion)$(tags vmk2 '')$(tags vmk3 '')" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ $(command_of 3) == *'-i vmk3 -t VMotion' ]] || fail "the command is $(command_of 3)"
	# Nor as a second one.
	printf '%b' "[root@a:~] x\n$pitfall$(row vmk2 198.51.100.2)$(tags vmk0 Management)$(tags vmk1 VMotion)$(tags vmk2 VSAN)" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in"
	[[ $(command_of 3) == *'-i VMK -t VMotion' ]] || fail "the command is $(command_of 3)"
	# Nor what is down, or is for something else.
	jq '.[2:] += [.[1] | .ifname = "docker0" | .addr_info = [.addr_info[0] | .local = "172.17.0.1"]]' "$samples/ip-address.json" >"$scratch/in"
	run 1 migsel -j explain "$scratch/in" migration eth1
	[[ $(command_of 3) == *' NIC '* ]] || fail "with docker0 the command is $(command_of 3)"
	# On Linux, too, what carries cold data is not spare.
	for way in on off; do
		{ cat "$samples/save.txt"; echo "vmk add dev eth2 provisioning $way"; } >"$scratch/save"
		run 1 migsel -j explain "$scratch/save" "$samples/ip-address.json"
		[[ $(command_of 3) == *' eth2 '* ]] && got=off || got=on
		[[ $got == "$way" ]] || fail "with provisioning $way on eth2 the command is $(command_of 3)"
	done
}

test_words_that_do_not_go_together() {
	refused 255 'either "pair" or "as-lab"' migsel explain pair as-lab "$samples/govc.json"
	refused 255 '"to" does not go with "pair"' migsel explain pair to 192.0.2.1 "$samples/govc.json"
	refused 255 '"to" does not go with "as-lab"' migsel explain as-lab to 192.0.2.1 "$samples/govc.json"
	refused 255 '[-]csv does not go with "pair"' migsel -csv explain pair "$samples/govc.json"
	refused 255 '[-]j does not go with "as-lab"' migsel -j explain as-lab "$samples/govc.json"
	refused 255 'either -json or -prometheus or -csv' migsel -j -csv explain "$samples/govc.json"
	refused 255 'no table of "vmk", only of explain' migsel -csv vmk
}

test_many_routes() {
	local start
	{
		printf '%b' '[root@esx-01:~] esxcfg-vmknic -l\n' "$head_row"
		awk 'BEGIN { for (i = 0; i < 1000; i++) printf "vmk%d group IPv4 10.%d.%d.1 255.255.255.0 10.0.0.255 02:00:00:00:00:01 1500 65535 true STATIC %s\n",
			i, i / 250, i % 250, i < 900 ? "vxlan" : "vmotion" }'
		printf '\nVMkernel Routes:\nNetwork Netmask Gateway Interface\n'
		awk 'BEGIN { for (i = 0; i < 60000; i++) printf "11.%d.%d.0 255.255.255.0 10.0.0.9 vmk%d\n", i / 250, i % 250, i % 900 }'
	} >"$scratch/in"
	start=${EPOCHREALTIME/./}
	run 2 migsel -j explain "$scratch/in" to 99.9.9.9
	((${EPOCHREALTIME/./} - start < 10000000 * slow)) || fail 'it takes more than ten seconds'
}

run_tests "$@"
