# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

# A firewall that marks streams, and another part of it that finds them by that.
start() {
	one_subnet esx-a && on esx-a migsel vmk add vmk2 migration on && on esx-a nft -f - <<-END
		table inet shaper {
			counter marked { }
			chain tagging {
				type filter hook output priority mangle;
				tcp dport 5201 meta mark set 0x20000
			}
			chain shape {
				type filter hook postrouting priority mangle;
				meta mark & 0x20000 == 0x20000 counter name marked
			}
		}
	END
}

marked() { on esx-a nft -j list counter inet shaper marked 2>/dev/null | jq '[.nftables[] | .counter?.bytes // empty][0] // 0'; }

# lost NICS: why, if these are what plain Linux sends by
lost() { [[ $1 != vmk1 ]] || echo ', as plain traffic does: it has no tag any more'; }

check() {
	local class to nics before
	intact esx-a || return
	for class in hot cold; do
		for to in 192.0.2.21 2001:db8::21; do
			before=$(marked)
			nics=$(carrier esx-a "$class" "$to" -P 4 -n 8M)
			[[ $nics ]] || wrong "a $class stream to $to does not get through" || return
			if [[ $class == cold ]]; then
				[[ $nics == vmk0 ]] || wrong "cold traffic to $to leaves by $nics, not by vmk0" || return
			else
				[[ " $nics " == *' vmk1 '* && " $nics " == *' vmk2 '* && " $nics " != *' vmk0 '* ]] ||
					wrong "hot traffic to $to leaves by $nics, not by vmk1 and vmk2$(lost "$nics")" || return
			fi
			(($(marked) - ${before:-0} > 5000000)) || wrong "the shaper does not find a $class stream to $to any more" || return
		done
	done
}

solve() {
	on esx-a migsel check
	on esx-a nft list ruleset
	on esx-a nft flush chain inet shaper tagging
	on esx-a nft add rule inet shaper tagging tcp dport 5201 meta mark set meta mark or 0x20000
	on esx-a migsel tag set mask 0x3000000 hot 0x1000000 cold 0x2000000
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 10M -P 4
	on esx-a migsel -s vmk show
}

wrong_1() { on esx-a nft delete table inet shaper; }
wrong_1_says='the shaper does not find a hot stream'
# Other bits, and the firewall overwrites them.
wrong_2() { on esx-a migsel tag set mask 0x3000000 hot 0x1000000 cold 0x2000000; }
wrong_2_says='hot traffic to 192.0.2.21 leaves by vmk1, not by vmk1 and vmk2, as plain'
