#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: which rules of ip, nftables and iptables "migsel check" takes for a clash with
# the tag, and what it advises.
#
# Needs root, the module, jq, nft and iptables, old and new:
# make vm RUN=selftests/tool_check_rules_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2016,SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

# A host without anything to find: one vmk, which carries all.
sound() {
	in_host nft flush ruleset
	in_host ip rule flush && in_host ip rule add priority 32766 lookup main
	in_host ip -6 rule flush && in_host ip -6 rule add priority 32766 lookup main
	sound_sysctls
	three_vmks
	m vmk set vmk2 migration on
}

# Of the rules that were added: MESSAGE PATTERN of a conflict, "clean", or "tag" where
# they set the tag as is wanted. Then all are taken away again.
is() {
	local what=$1
	shift
	case $what in
	clean)
		run 0 m -j check
		[[ $out == '[]' ]] || fail "of $*: $out"
		;;
	tag)
		run 0 m -j check
		json 'length > 0 and all(.code == "tag-set" and .severity == "ok" and (has("fix") | not))'
		;;
	*)
		run 1 m -j check
		holds --arg like "$what" 'any(.code == "tag-conflict" and (.message | test($like))) and
			all(.code == "tag-conflict")' ||
			fail "of $*: not \"$what\": $out"
		;;
	esac
	in_host nft flush ruleset
}

rules() { in_host nft -f - || fail 'nft refuses its rules'; }

# nft_is PATTERN RULE...: in an output chain
nft_is() {
	local what=$1
	shift
	{
		printf '%s\n' 'table inet t {' 'set hot { type mark; flags interval; elements = { 0x10000-0x1ffff, 5 }; }' \
			'set low { type mark; elements = { 1, 2 }; }' 'map v { type mark : verdict; elements = { 0x20000 : drop }; }' \
			'map w { type mark : verdict; elements = { 7 : drop }; }' \
			'chain o { type filter hook output priority filter;'
		printf '%s\n' "$@" '}' '}'
	} | in_host nft -f - || fail "nft refuses $*"
	is "$what" "$@"
}

# The mark of a packet decides: what is dropped with a tag and not without is found, and
# nothing is found where all three are treated alike.
agrees() {
	local mark got='' n
	{
		printf '%s\n' 'table inet t {' 'set hot { type mark; elements = { 0x10000, 5 }; }' \
			'map v { type mark : verdict; elements = { 0x20000 : drop }; }' \
			'chain o { type filter hook output priority filter;'
		printf '%s\n' "$1" '}' '}'
	} | in_host nft -f - || fail "nft refuses $1"
	for mark in 0 65536 131072; do
		in_host ping -q -c 1 -W 0.3 -m "$mark" 192.0.2.21 >/dev/null 2>&1
		got+=$?
	done
	m -j check >"$scratch/out"
	n=$(jq 'map(select(.code == "tag-conflict")) | length' "$scratch/out")
	case $got in
	000 | 111 | 222) ((n == 0)) || fail "$1 treats all alike, yet: $(<"$scratch/out")" ;;
	*) ((n == 1)) || fail "$1 gives $got, yet: $(<"$scratch/out")" ;;
	esac
	in_host nft flush ruleset
}

test_kernel_agrees() {
	local rule
	sound
	m vmk flush
	for rule in 'meta mark @hot drop' 'meta mark vmap @v' 'meta mark . meta l4proto { 0x10000 . icmp } drop' \
		'meta mark != 0 drop' 'meta mark > 0xffff drop' 'meta mark 0x10000-0x10fff drop' \
		'meta mark & 0x30000 == 0x20000 drop' 'meta mark != { 0x10000, 1 } drop' 'meta mark >= 0x40000 drop' \
		'meta mark 0x10001 drop' 'meta mark != 7 drop' 'meta mark & 0xffff == 0 drop' \
		'meta mark . meta l4proto { 0x10000 . tcp } drop' 'meta mark vmap { 3 : drop }' \
		'meta mark ^ 0x10000 == 0 drop' 'socket mark 0x10000 drop'; do
		# TCP is not what is sent here, so the kernel cannot say
		[[ $rule == *tcp* ]] || agrees "$rule"
	done
}

test_nft() {
	sound
	nft_is 'reads bits' 'meta mark @hot drop'
	nft_is 'reads bits' 'meta mark vmap @v'
	nft_is 'reads bits' 'meta mark . meta l4proto { 0x10000 . tcp, 0x10000 . udp } drop'
	nft_is 'reads bits' 'meta mark != 0 drop'
	nft_is 'reads bits' 'meta mark > 0xffff drop'
	nft_is clean 'meta mark @low drop' 'meta mark vmap @w' 'meta mark != 0xca6c accept' 'meta mark and 0xff == 1 accept'
	nft_is clean 'meta mark 0x10000 counter' 'ct mark set meta mark' 'ip daddr 192.0.2.21 accept comment "meta mark set 0x1 -j MARK"'
	nft_is 'overwrites the tag' 'meta mark set 0x1'
	nft_is 'may overwrite' 'meta mark set ct mark'
	nft_is 'overwrites the tag' 'meta mark set meta mark or 0x10000'
	nft_is clean 'meta mark set meta mark or 0x4000'
	nft_is 'overwrites the tag' 'meta mark set ip daddr map { 192.0.2.21 : 0x1 }'
	nft_is tag 'meta mark set ip daddr map { 192.0.2.21 : 0x10000, 192.0.2.22 : 0x20000 }'

	# not of packets that are sent from here
	rules <<-'END'
		table inet t {
			chain never { meta mark set 0x1; }
			chain pre { type filter hook prerouting priority 0; meta mark set 0x10000; meta mark and 0x20000 != 0 accept; }
			chain forward { type filter hook forward priority 0; meta mark 0x10000 drop; }
		}
	END
	is clean 'forwarded packets'
	# in the chains that are jumped to
	rules <<-'END'
		table inet t {
			chain c { meta mark set 0x1; }
			chain o { type filter hook output priority 0; tcp dport 22 jump c; }
		}
	END
	is 'inet t c handle [0-9]+ overwrites' 'a jump'
	rules <<-'END'
		table ip t {
			chain r { type route hook output priority filter + 2; meta mark set meta mark or 0x100; }
		}
	END
	is 'undoes the steering' 'a later route chain'
	rules <<-'END'
		table ip t {
			chain r { type filter hook output priority filter + 2; meta mark set 0x10000; }
		}
	END
	is 'too late' 'a tag that is late'
	rules <<-'END'
		table ip t {
			chain r { type nat hook postrouting priority srcnat; meta mark 0x10000 masquerade; }
		}
	END
	is 'reads bits' 'masquerading by mark'
}

# Only the program that made a table with an owner can change it.
test_owner() {
	local fd
	sound
	exec {fd}> >(in_host nft -i >/dev/null 2>&1)
	echo 'add table ip own { flags owner; chain o { type filter hook output priority 0; meta mark 0x10000 drop; }; }' >&"$fd"
	soon in_host nft list chain ip own o
	run 1 m -j check
	json '.[0] | (.advice | test("flags owner")) and (.fix | test("migsel tag set"))'
	exec {fd}>&-
	soon has_no_table
}

has_no_table() { [[ $(in_host nft list tables) != *own* ]]; }

test_ip_rules() {
	local rule
	sound
	# wg-quick, and what Tailscale adds
	in_host ip -b - <<-'END'
		rule add not fwmark 51820 table 51820
		rule add table main suppress_prefixlength 0
		rule add pref 5210 fwmark 0x80000/0xff0000 lookup main
		rule add pref 5230 fwmark 0x80000/0xff0000 lookup default
		rule add pref 5250 fwmark 0x80000/0xff0000 unreachable
		rule add iif vmk1 fwmark 0x10000/0x30000 lookup 100
		rule add fwmark 0x40000/0x40000 lookup 100
		rule add fwmark 0x30000/0x30000 lookup 100
	END
	run 0 m -j check
	out_is '[]'
	for rule in 'fwmark 0x10000/0x10000' 'fwmark 0x20000' 'fwmark 0/0x30000' 'not fwmark 0x10000' \
		'not fwmark 0/0xff0000' 'iif lo fwmark 0x10000' 'fwmark 0x30000/0x10000'; do
		# shellcheck disable=SC2086 # words
		in_host ip rule add $rule lookup 100
		run 1 m -j check
		json 'length == 1 and .[0].code == "tag-conflict" and (.[0].fix | test("^ip netns exec [^ ]+ migsel tag set mask 0x[0-9a-f]+ hot 0x[0-9a-f]+ cold 0x[0-9a-f]+$"))'
		sh -c "$(jq -r '.[0].fix' "$scratch/out")" || fail 'the fix fails'
		run 0 m -j check
		out_is '[]'
		m tag set mask 0x30000 hot 0x10000 cold 0x20000
		# shellcheck disable=SC2086 # words
		in_host ip rule del $rule lookup 100 || fail "$rule is gone"
	done
	in_host ip -6 rule add fwmark 0x20000 table 100
	run 1 m -j check
	json 'length == 1 and (.[0].message | test("cold traffic"))'
	# The bits that are proposed are nobody's.
	in_host ip rule add pref 1 fwmark 0x30000000/0x30000000 lookup 100
	in_host nft add table inet t
	in_host nft 'add chain inet t p { type filter hook prerouting priority 0; meta mark & 0x8000000 != 0 accept; }'
	in_host nft add rule inet t p 'meta mark & 0x8000000 != 0 accept'
	run 1 m -j check
	json 'map(.fix) | unique | length == 1 and (.[0] | test("mask 0x(3000000|6000000) "))'
	in_host ip rule del pref 1
}

# The rules of the documentation set the tag, for all kinds of engines.
test_documented() {
	sound
	sed -n '/^    table inet migsel/,/^    }/p' "$top/Documentation/networking/migsel-engines.rst" >"$scratch/rules"
	in_host nft -f "$scratch/rules" || fail 'the documented rules cannot be loaded'
	is tag 'the documented rules'
	# Then another tag is nothing for a script.
	in_host nft -f "$scratch/rules"
	in_host ip rule add fwmark 0x10000/0x30000 lookup 100
	run 1 m -j check
	json 'map(select(.code == "tag-conflict")) | length == 1 and (.[0] | (has("fix") | not) and
		(.advice | test("migsel tag set .* together with the rules")))'
	in_host ip rule del fwmark 0x10000/0x30000
	in_host nft flush ruleset
}

# iptables_is PATTERN RULE...: of old iptables and new, IPv4 and IPv6
iptables_is() {
	local what=$1 tool
	shift
	for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
		in_host "$tool" -t mangle -A OUTPUT "$@" || fail "$tool refuses $*"
		is "$what" "$tool" "$@"
		[[ $tool != *legacy ]] || in_host "$tool" -t mangle -F
	done
}

test_iptables() {
	sound
	iptables_is 'reads bits' -m mark ! --mark 0x0 -j DROP
	iptables_is 'overwrites' -p udp -j MARK --set-mark 2
	iptables_is tag -p tcp --dport 49152 -j MARK --set-xmark 0x10000/0x30000
	iptables_is 'reads bits' -m connmark --mark 0x1 -m mark --mark 0x10000/0x30000 -j ACCEPT
	iptables_is clean -m connmark --mark 0x10000 -m comment --comment '-m mark --mark 0x10000 -j MARK --set-xmark 0x1/0xffffffff' -j ACCEPT
	in_host iptables-nft -t mangle -A OUTPUT -j HMARK --hmark-tuple src --hmark-mod 10 --hmark-offset 0x10000 --hmark-rnd 1
	is 'overwrites' 'HMARK'
	in_host iptables-nft -t mangle -A OUTPUT -j CONNMARK --restore-mark
	is 'may overwrite' 'CONNMARK'
	in_host iptables-nft -t mangle -A PREROUTING -j MARK --set-mark 0x10000
	is clean 'PREROUTING'
}

# What the advice has for an example.
exception() {
	jq -r '.[0] | select(has("fix") | not).advice' "$scratch/out" | sed -n 's/.*for example by `\([^`]*\)`.*/\1/p'
}

# nft_exception RULE MARK: it leaves no other tag; what is advised instead is clean
nft_exception() {
	local rule=$1 mark=$2 how
	printf '%s\n' 'table inet t {' 'chain o { type filter hook output priority filter;' "$rule" '}' '}' | rules
	run 1 m -j check
	how=$(exception)
	[[ $how ]] || { fail "no advice for $rule: $out"; return; }
	how=${how//MARK/$mark}
	[[ $how != *' set '* ]] && how=${rule/meta mark/"$how"}
	in_host nft flush ruleset
	nft_is clean "$how"
}

iptables_exception() {
	local tool=$1 how
	shift
	in_host "$tool" -t mangle -A OUTPUT "$@" || fail "$tool refuses $*"
	run 1 m -j check
	how=$(exception)
	[[ $how ]] || { fail "no advice for $*: $out"; return; }
	in_host "$tool" -t mangle -F OUTPUT
	# shellcheck disable=SC2046,SC2086 # words
	case $* in
	*--mark*) in_host "$tool" -t mangle -A OUTPUT -m mark ! ${how/MARK/0} -j DROP ;;
	*--set-mark*) in_host "$tool" -t mangle -A OUTPUT -j MARK ${how/MARK/2} ;;
	*) in_host "$tool" -t mangle -A OUTPUT -j CONNMARK $how ;;
	esac || fail "$tool refuses $how"
	is clean "$tool" "$how"
	in_host "$tool" -t mangle -F OUTPUT
}

# Where no tag is free, whoever made the rule is told what would except the tag.
test_exceptions() {
	local tool
	sound
	nft_exception 'meta mark set 0x2' 0x2
	nft_exception 'meta mark set ct mark' ''
	nft_exception 'meta mark != 0 drop' ''
	for tool in iptables ip6tables-legacy; do
		iptables_exception "$tool" -j MARK --set-mark 2
		iptables_exception "$tool" -j CONNMARK --restore-mark
		iptables_exception "$tool" -m mark ! --mark 0 -j DROP
	done
	in_host ip rule add not fwmark 0/0xffffffff lookup 100
	run 1 m -j check
	json 'any(.advice | test("fwmark MARK/0xfffcffff"))'
}

# What cannot be read is said, and that there was no look is the status.
test_unread() {
	sound
	in_host iptables-legacy -t mangle -A OUTPUT -j MARK --set-mark 2
	mkdir "$scratch/bin"
	ln -s "$(command -v nft)" "$(command -v migsel)" "$scratch/bin/"
	run 2 env PATH="$scratch/bin" migsel -n "$host" -j check
	[[ $err == *'could not look at the tables of iptables-legacy'* ]] || fail "complains \"$err\""
	in_host iptables-legacy -t mangle -F
	in_host iptables-legacy -t mangle -X
	# a name that makes nft end: the other tables are read
	rules <<-'END'
		table inet t { chain o { type filter hook output priority 0; meta mark 0x10000 drop; }; }
		table inet u { chain o { type filter hook output priority 0; }; }
	END
	in_host nft add rule inet u o "oifname \"x$(printf '\351')\" drop"
	if ! in_host nft -j list ruleset >/dev/null 2>&1; then
		run 1 m -j check
		json 'length == 1'
		[[ $err == *'could not look at the nftables table inet u'* ]] || fail "complains \"$err\""
	fi
	in_host nft flush ruleset
}

# Text of others is never run, whatever it is and how long.
test_hostile_comments() {
	local comment long
	long=$(printf 'y%.0s' {1..250})
	sound
	for comment in "x \`touch $scratch/pwned\`" "\$(touch $scratch/pwned)" "don't" "a; touch $scratch/pwned" $'caf\351' '" -j MARK' "$long"; do
		in_host iptables -t mangle -A OUTPUT -m comment --comment "$comment" -m comment --comment "$long" \
			-m comment --comment "$long" -m comment --comment "$long" -m mark --mark 0x10000 -j DROP
		run 1 m -j check
		json 'length == 1 and (.[0].message | length < 500)'
		(cd "$scratch" && sh -ec "$(jq -r '.[].fix' out)") || fail "$(jq -r '.[].fix' "$scratch/out") fails"
		[[ ! -e $scratch/pwned ]] || fail "$comment was run"
		[[ $(in_host iptables-save) == *'--mark 0x10000 -j DROP'* ]] || fail 'a rule is gone'
		run 0 m -j check
		in_host iptables -t mangle -F OUTPUT
		m tag set mask 0x30000 hot 0x10000 cold 0x20000
	done
	in_host nft flush ruleset
}

# advised_filter PATTERN: the one finding, with advice like that and no command
advised_filter() {
	run 1 m -j check
	holds --arg like "$1" 'length == 1 and (.[0] | .code == "rp-filter-strict" and
		(has("fix") | not) and (.advice | test($like)))' || fail "not like $1: $out"
	in_host nft flush ruleset
}

test_reverse_path() {
	local tool
	sound
	# as firewalld has it
	rules <<-'END'
		table inet firewalld {
			chain filter_PREROUTING {
				type filter hook prerouting priority filter + 10; policy accept;
				icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
				meta nfproto ipv6 fib saddr . mark . iif oif missing drop
			}
		}
	END
	run 1 m -j check
	json '.[0].message | test("of IPv6:")'
	advised_filter 'IPv6_rpfilter=loose'
	in_host nft 'add table ip t; add chain ip t p { type filter hook prerouting priority raw; }; add rule ip t p fib saddr . iif oif 0 drop'
	advised_filter 'fib saddr . mark oif missing'
	in_host ip6tables-nft -t raw -A PREROUTING -m rpfilter --validmark --invert -j DROP
	advised_filter 'rpfilter --loose'
	# NixOS lets through what has a way back, and drops the rest
	rules <<-'END'
		table inet t { chain rpfilter { type filter hook prerouting priority mangle + 10; policy drop; udp dport 67 accept; fib saddr . mark . iif oif exists accept; }; }
	END
	advised_filter 'fib saddr . mark oif missing'
	in_host ip6tables-nft -t mangle -N rpfilter
	in_host ip6tables-nft -t mangle -A PREROUTING -j rpfilter
	in_host ip6tables-nft -t mangle -A rpfilter -m rpfilter --validmark -j RETURN
	in_host ip6tables-nft -t mangle -A rpfilter -j DROP
	advised_filter 'rpfilter --loose'
	# loose ones, those of other devices, of what is forwarded and of multicast
	rules <<-'END'
		table inet t {
			chain pre {
				type filter hook prerouting priority raw
				fib saddr . mark oif missing drop
				iifname wan0 fib saddr . iif oif missing drop
				fib saddr . mark . iif oif missing meta pkttype multicast drop
				fib saddr . mark . iif oif exists accept
			}
			chain forwarded {
				type filter hook prerouting priority 0
				fib saddr . mark . iif oif exists accept
			}
		}
	END
	in_host ip6tables-nft -t raw -A PREROUTING -m rpfilter --loose --validmark --invert -j DROP
	in_host iptables -t raw -A PREROUTING -i wan+ -m rpfilter --invert -j DROP
	in_host iptables -t raw -A PREROUTING -m comment --comment ' -m rpfilter --invert' -j DROP
	in_host iptables -t raw -A PREROUTING -i wan0 -m rpfilter --invert -m comment --comment vmk0 -j DROP
	is clean 'loose filters'
	# a comment hides none
	for tool in iptables iptables-legacy; do
		in_host "$tool" -t raw -A PREROUTING -m rpfilter --invert -m comment --comment 'it is no --loose one' -j DROP
		advised_filter 'rpfilter --loose'
		in_host "$tool" -t raw -F
		in_host "$tool" -t mangle -A PREROUTING -m rpfilter -m comment --comment 'or --invert' -j ACCEPT
		in_host "$tool" -t mangle -A PREROUTING -j DROP
		advised_filter 'rpfilter --loose'
		in_host "$tool" -t mangle -F
	done
}

# Four times as many chains take four times as long, not sixteen times.
test_many_filters() {
	local start n took=()
	sound
	for n in 500 2000; do
		{
			echo 'table inet t {'
			for ((i = 0; i < n; i++)); do
				echo "chain c$i { fib saddr . iif oif exists accept; drop; }"
			done
			echo '}'
		} | rules
		start=${EPOCHREALTIME/./}
		run 1 m -j check
		took+=($((${EPOCHREALTIME/./} - start)))
		json "length == $n and all(.code == \"rp-filter-strict\")"
		in_host nft flush ruleset
	done
	((took[1] < 20 * took[0])) || fail "it takes ${took[*]} us"
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
