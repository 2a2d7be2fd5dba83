#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: which rules of ip, nftables and iptables "migsel check" takes for a clash with
# the tag, and what it advises.
#
# Needs root, the module, jq, nft and iptables, old and new:
# make vm RUN=selftests/tool_check_rules_test.sh

# shellcheck source=selftests/tool_check_lib.sh
# shellcheck disable=SC2016,SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_check_lib.sh"

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

run_tests "$@"
