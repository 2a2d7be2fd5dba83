#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: what "migsel check" says of rules as users have reported them, of programs that
# mark packets.
#
# Needs root, the module, jq, nft and iptables, old and new:
# make vm RUN=selftests/tool_check_reports_test.sh

# shellcheck source=selftests/tool_check_lib.sh
# shellcheck disable=SC2016,SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_check_lib.sh"

# ip_rules_are WHAT RULE...: as is(), of these rules of ip
ip_rules_are() {
	local what=$1
	shift
	printf 'rule add %s\n' "$@" | in_host ip -b - || fail "ip refuses $*"
	is "$what" "$@"
	in_host ip rule flush
	in_host ip rule add priority 32766 lookup main
}

# restored_is PATTERN: as is(), of what iptables-restore reads
restored_is() {
	in_host iptables-restore || fail 'iptables refuses its rules'
	is "$1" "$1"
}

# What other programs have, as their users have reported it.
test_others() {
	local tool table rule
	sound
	# Mullvad: a whole mark and a route chain, before migsel and after it
	rules <<-'END'
		table inet excluded {
			chain outgoing { type route hook output priority 0; policy accept; ip daddr 100.64.0.0/10 ct mark set 0xf41 meta mark set 0x6d6f6c65; }
			chain dns { type filter hook output priority -10; ip daddr 100.100.100.100 udp dport 53 ct mark set 0xf41 meta mark set 0x6d6f6c65; }
		}
	END
	is 'overwrites' Mullvad
	rules <<-'END'
		table inet excluded { chain outgoing { type route hook output priority 100; meta mark 0x80000 meta mark set 0x6d6f6c65; }; }
	END
	is clean 'Mullvad, of packets with a mark'
	# OpenWrt's fw4, and a transparent proxy: a whole mark for some destinations
	rules <<-'END'
		table inet fw4 { chain mangle_output { type filter hook output priority mangle; ip daddr 198.51.100.0/24 counter meta mark set 0x1; }; }
	END
	is 'overwrites' fw4
	rules <<-'END'
		table inet proxy {
			chain private { ip daddr { 10.0.0.0/8, 192.168.0.0/16 } accept; return; }
			chain out { type route hook output priority mangle; meta skuid 65534 accept; socket transparent 1 accept; jump private; meta mark set 0x233; }
			chain pre { type filter hook prerouting priority mangle; meta l4proto { tcp, udp } mark 0x233 accept; }
		}
	END
	is 'proxy out handle [0-9]+ overwrites' 'a transparent proxy'
	# two uplinks, told apart by connection marks
	rules <<-'END'
		table inet uplinks {
			map by_wan { type ifname : mark; elements = { "wan1" : 0x20, "wan2" : 0x30 }; }
			chain pre { type filter hook prerouting priority mangle; ct mark set iifname map @by_wan; meta mark set ct mark; }
			chain out { type route hook output priority mangle; ct mark and 0xbf != 0 meta mark set ct mark and 0xbf; }
		}
	END
	is 'overwrites' 'connection marks'
	# kube-proxy by nftables, and by iptables; Cilium; mwan3; Talos
	rules <<-'END'
		table ip kube-proxy {
			chain masquerading { mark and 0x4000 == 0 return; meta mark set mark xor 0x4000; masquerade fully-random; }
			chain nat-output { type nat hook output priority -100; jump services; }
			chain services { ip daddr . meta l4proto . th dport vmap { 10.96.0.1 . tcp . 443 : goto mark-for-masquerade }; }
			chain mark-for-masquerade { mark set mark or 0x4000; }
			chain post { type nat hook postrouting priority srcnat; jump masquerading; }
		}
	END
	is clean 'kube-proxy, nftables'
	for tool in iptables iptables-legacy; do
		in_host "$tool-restore" <<-'END' || fail "$tool refuses its rules"
			*mangle
			:CILIUM_PRE_mangle - [0:0]
			:mwan3_hook - [0:0]
			:mwan3_rules - [0:0]
			-A PREROUTING -j CILIUM_PRE_mangle
			-A CILIUM_PRE_mangle ! -o lo -m socket --transparent -m comment --comment "cilium: any->pod redirect proxied traffic" -m mark ! --mark 0xe00/0xf00 -j MARK --set-xmark 0x200/0xffffffff
			-A OUTPUT -j mwan3_hook
			-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
			-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
			-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default -j MARK --set-xmark 0x3f00/0x3f00
			-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
			COMMIT
			*nat
			:KUBE-MARK-MASQ - [0:0]
			:KUBE-POSTROUTING - [0:0]
			-A OUTPUT -p tcp --dport 8443 -j KUBE-MARK-MASQ
			-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
			-A POSTROUTING -j KUBE-POSTROUTING
			-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
			-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
			-A KUBE-POSTROUTING -j MASQUERADE --random-fully
			COMMIT
			*raw
			:CILIUM_OUTPUT_raw - [0:0]
			-A OUTPUT -j CILIUM_OUTPUT_raw
			-A CILIUM_OUTPUT_raw -o lxc+ -m mark --mark 0xa00/0xfffffeff -j CT --notrack
			COMMIT
		END
		is clean "$tool: kube-proxy, Cilium, mwan3"
		for table in mangle nat raw; do
			in_host "$tool" -t "$table" -F
			in_host "$tool" -t "$table" -X
		done
	done
	# kube-router and Calico use the very bits, and there are others
	in_host iptables-restore <<-'END'
		*filter
		:KUBE-ROUTER-OUTPUT - [0:0]
		-A OUTPUT -j KUBE-ROUTER-OUTPUT
		-A KUBE-ROUTER-OUTPUT -m comment --comment "rule to explicitly ACCEPT traffic" -m mark --mark 0x20000/0x20000 -j ACCEPT
		-A KUBE-ROUTER-OUTPUT -j MARK --set-xmark 0x0/0x30000
		COMMIT
		*raw
		:cali-OUTPUT - [0:0]
		-A OUTPUT -j cali-OUTPUT
		-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000
		COMMIT
	END
	run 1 m -j check
	json 'map(select(.code == "tag-conflict")) | length == 3 and (map(.fix) | unique | length == 1)'
	sh -c "$(jq -r '.[0].fix' "$scratch/out")" || fail 'the fix fails'
	is clean 'kube-router and Calico, with another tag'
	m tag set mask 0x30000 hot 0x10000 cold 0x20000
	in_host iptables-restore <<-'END'
		*mangle
		-A OUTPUT -m connmark --mark 123 -j CONNMARK --restore-mark
		COMMIT
	END
	is 'may overwrite' 'connection marks of a proxy'
	# marks of KubeSpan, as it was, and of NetBird have a tag among their bits
	for rule in 'fwmark 0x51820' 'not fwmark 0x1bd00'; do
		# shellcheck disable=SC2086 # words
		in_host ip rule add pref 32500 $rule lookup 180
		is 'that migsel takes for hot ones' "$rule"
		in_host ip rule del pref 32500
	done
	# OpenWrt's pbr has a wider field, with hot and cold as its first two marks
	rules <<-'END'
		table inet fw4 { chain pbr_output { type route hook output priority mangle; ip daddr 198.51.100.0/24 meta mark set meta mark and 0xff00ffff or 0x10000; }; }
	END
	is 'overwrites' pbr
	in_host ip rule add pref 32500 fwmark 0x20000/0xff0000 lookup 180
	is 'routes cold traffic' 'a rule of pbr'
	in_host ip rule del pref 32500
	# a proxy, strongSwan, and a tunnel of clash
	in_host ip rule add pref 99 fwmark 0x9 lookup 101
	in_host ip rule add pref 220 not fwmark 0x37 lookup 220
	in_host ip rule add pref 9500 not dport 53 lookup main suppress_prefixlength 0
	in_host ip rule add pref 9510 not iif lo lookup 2022
	is clean 'ip rules of others'
	# VMs on a bridge that is filtered by mark
	rules <<-'END'
		table bridge filter { chain output { type filter hook output priority 0; meta mark 0x10000 drop; }; }
	END
	is 'reads bits' 'a bridge'
	in_host ip rule flush
	in_host ip rule add priority 32766 lookup main
}

# Networks of containers and of clouds, and phones: more of what users have reported.
test_clouds() {
	local folder=/sys/fs/cgroup/migsel-test
	sound
	# Android: the number of a network, with flags in bits 16 to 19
	ip_rules_are 'about packets that migsel takes for hot' 'pref 13000 fwmark 0x10063/0x1ffff iif lo lookup 97'
	ip_rules_are 'about packets that migsel takes for hot' 'pref 13000 fwmark 0xd0001/0xdffff iif lo lookup 1010'
	ip_rules_are 'routes hot traffic' 'pref 15000 fwmark 0x0/0x10000 lookup 99'
	ip_rules_are clean 'pref 10000 fwmark 0xc0000/0xd0000 lookup 99' 'pref 19000 fwmark 0x64/0x1ffff lookup 1007' \
		'pref 22000 fwmark 0x0/0xffff lookup 1007'
	# OVN-Kubernetes, with all bits of the tag, and the first VPC of AWS
	ip_rules_are clean 'pref 30 fwmark 0x1745ec lookup 7' 'pref 4999 fwmark 0x3f0 lookup main' \
		'pref 1024 fwmark 0x80/0x80 lookup main'
	# AWS: a whole mark, as it was, of what comes in; and bit by bit, of what is sent, too
	rules <<-'END'
		table ip aws-cni {
			chain nat-prerouting { type nat hook prerouting priority dstnat + 10; iifname "eni*" meta mark set ct mark & 0x80; }
			chain output {
				type route hook output priority mangle
				ct mark & 0x80 == 0x80 meta mark set meta mark | 0x80
				ct mark & 0x80 == 0 meta mark set meta mark & 0xffffff7f
			}
		}
	END
	is clean 'AWS VPC CNI'
	nft_is 'overwrites the tag' 'meta mark set ct mark & 0x80'
	# the ingress of Docker's swarm balances by whole marks
	restored_is 'overwrites' <<-'END'
		*mangle
		-A PREROUTING -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x10d/0xffffffff
		-A OUTPUT -d 198.51.100.5/32 -j MARK --set-xmark 0x10d/0xffffffff
		COMMIT
	END
	# a router of OpenStack, where marks are of what is forwarded; openNDS; Antrea; netavark
	restored_is clean <<-'END'
		*mangle
		:neutron-scope - [0:0]
		-A PREROUTING -j neutron-scope
		-A PREROUTING -m connmark ! --mark 0x0/0xffff0000 -j CONNMARK --restore-mark --nfmask 0xffff0000 --ctmask 0xffff0000
		-A PREROUTING -s 192.0.2.104/32 -j MARK --set-xmark 0x30000/0x30000
		-A neutron-scope -i qr-1 -j MARK --set-xmark 0x4000000/0xffff0000
		-A POSTROUTING -o qg-1 -m connmark --mark 0x0/0xffff0000 -j CONNMARK --save-mark --nfmask 0xffff0000 --ctmask 0xffff0000
		-A OUTPUT -o antrea-gw0 -j MARK --set-xmark 0x80000000/0x80000000
		COMMIT
		*filter
		-A FORWARD -o qr-1 -m mark ! --mark 0x4000000/0xffff0000 -j DROP
		COMMIT
		*nat
		:NETAVARK-SETMARK - [0:0]
		-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-SETMARK
		-A NETAVARK-SETMARK -j MARK --set-xmark 0x2000/0x2000
		-A POSTROUTING -m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source 192.0.2.10
		COMMIT
	END
	# policies of a pod's further networks take the very bits, and end in a DROP
	in_host iptables-restore <<-'END'
		*filter
		:MULTI-0-EGRESS - [0:0]
		-A OUTPUT -o net1 -j MULTI-0-EGRESS
		-A MULTI-0-EGRESS -j MARK --set-xmark 0x0/0x30000
		-A MULTI-0-EGRESS -p tcp -j MARK --set-xmark 0x10000/0x10000
		-A MULTI-0-EGRESS -m mark --mark 0x30000/0x30000 -j RETURN
		-A MULTI-0-EGRESS -j DROP
		COMMIT
	END
	run 1 m -j check
	sh -c "$(jq -r '.[0].fix' "$scratch/out")" || fail 'the fix fails'
	is clean 'policies of networks, with another tag'
	m tag set mask 0x30000 hot 0x10000 cold 0x20000
	# zapret marks what it has sent itself, in bits of its own
	rules <<-'END'
		table inet zapret {
			chain post { type filter hook postrouting priority srcnat + 1; meta mark & 0x40000000 == 0 tcp dport 443 ct original packets 1-6 counter; }
			chain predefrag { type filter hook output priority -401; meta mark & 0x40000000 != 0 jump nfqws; }
			chain nfqws { meta mark & 0x20000000 != 0 notrack; ip frag-off & 0x1fff != 0 notrack; }
		}
	END
	is clean zapret
	# cgtproxy: what is marked is told by a map of control groups
	mkdir "$folder"
	rules <<-'END'
		table inet cgtproxy {
			map groups { type cgroupsv2 : verdict; elements = { "migsel-test" : goto proxied }; }
			chain proxied { meta l4proto { tcp, udp } meta mark set 4000; }
			chain output { type route hook output priority mangle; socket cgroupv2 level 1 vmap @groups; }
		}
	END
	is 'cgtproxy proxied handle [0-9]+ overwrites' cgtproxy
	rmdir "$folder"
	# an element for all others says what they get
	nft_is clean 'meta mark & 0xff vmap { 1 : drop, * : continue }' 'meta mark vmap { 1 : drop, * : continue }'
	nft_is 'reads bits' 'meta mark vmap { 0x10000 : continue, * : drop }'
}

run_tests "$@"
