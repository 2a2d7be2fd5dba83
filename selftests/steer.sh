#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How packets are moved: the socket's own route, packets that are not the socket's,
# other hooks, tunnels, IPsec, and changes under live flows.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

tracing=/sys/kernel/tracing
three='tcp udp udpu'

# nft_a CHAIN TEXT: in a table t of A, until the end of the test
nft_a() {
	in_netns "$A" nft -f - <<-END || fail "no chain $1"
		table inet t {
			chain $1 {
				$2
			}
		}
	END
	defer "in_netns $A nft delete table inet t 2>/dev/null"
}

# selected: how many decisions were not answered from a cached one, into REPLY
selected() {
	REPLY=$(grep -c 'migsel_select: class=hot' "$tracing/trace")
	echo >"$tracing/trace"
}

# once_per_invalidation N SENT: N flows were decided on once, whatever they sent
once_per_invalidation() {
	selected
	((REPLY >= $1 && REPLY <= 2 * $1)) || fail "$2: $REPLY decisions for $1 flows"
}

# Two flows of each kind, ten or more packets between what happens.
cached() {
	echo >"$tracing/trace"
	echo 1 >"$tracing/events/migsel/migsel_select/enable" || fail 'no tracepoint'
	defer "echo 0 >$tracing/events/migsel/migsel_select/enable"
	start_flows -l $(both hot 1 'tcp udp' ,n=2)
	once_per_invalidation 8 'opened'
	more_by 20 "$1" 500000
	selected
	((REPLY <= 4)) || fail "going on: $REPLY decisions"
	ip -n "$A" route add 198.18.9.0/24 dev vmk0
	ip -n "$A" route add 2001:db8:9::/64 dev vmk0
	defer "ip -n $A route del 198.18.9.0/24; ip -n $A route del 2001:db8:9::/64"
	more_by 20 "$1" 500000
	selected
	((REPLY <= 16)) || fail "two changed routes: $REPLY decisions for 8 flows"
	more_by 20 "$1" 500000
	selected
	((REPLY <= 4)) || fail "going on again: $REPLY decisions"
	stop_flows
	results '*' ok
}

cached_single() {
	shape S S 1 2 0
	vmks vmk0 vmk1+
	cached vmk0
}

cached_multi() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	cached vmk1
}

# The other destination is behind another MAC: who borrows its route, goes astray.
not_poisoned() {
	local n received
	shape S S 1 2 0
	vmks vmk0 vmk1+
	printf 'route add %s via %s dev vmk0\n' "$(far 4)" "$(to 4 2)" "$(far 6)" "$(to 6 2)" | ip -n "$A" -b - || fail 'no routes'
	defer "printf 'route del %s\n' $(far 4) $(far 6) | ip -n $A -b -"
	for n in 1 2; do
		nic_bytes "$b_pid" "vmk$n" rx
		received[n]=$REPLY
	done
	traffic $(specs 4 hot "$(to 4 1)" udp ,also="$(far 4)"; specs 6 hot "$(to 6 1)" udp ,also="$(far 6)")
	results '*' ok
	for n in 1 2; do
		nic_bytes "$b_pid" "vmk$n" rx
		((received[n] = REPLY - received[n]))
		((received[n] > 60000 && received[n] < 90000)) || fail "vmk$n has received ${received[n]} bytes"
	done
	for n in "${!seen[@]}"; do
		[[ $n != *' a'[12] ]] || fail "$n has sent ${seen[$n]} bytes"
	done
	reasons same-subnet
}

# marked PRIORITY TYPE: what is not tagged by its socket, but in OUTPUT
marked() {
	shape S S 1 2 0
	vmks vmk0 vmk1+
	nft_a tagger "type $2 hook output priority $1
		th dport 5001 meta mark set meta mark | 0x10000"
	traffic $(both none 1 "$three" ,n=2)
	results '*' ok
	leaves_by '*' "$3"
}

marked_early() {
	marked -150 filter vmk0
	reasons same-subnet
}

marked_by_route_chain() {
	marked -150 route vmk0
	reasons same-subnet
}

marked_at_filter() {
	marked 0 filter vmk0
	reasons same-subnet
}

marked_late() {
	marked 10 filter vmk1
	reasons
}

# A flow goes where it is marked for now, one socket for all.
unmarked_again() {
	shape S S 1 2 0
	vmks vmk0 vmk1+
	nft_a tagger 'type filter hook output priority 0
		th dport 5001 meta mark set 0x10000'
	start_flows -l $(both none 1 "$three")
	more_by 5 vmk0 200000
	in_netns "$A" nft flush chain inet t tagger
	meter_anew
	more_by 5 vmk1 200000
	stop_flows
	meter_read
	sent=()
	results '*' ok
	leaves_by '*' vmk1
}

dnat() {
	shape S S 1 2 0
	vmks vmk0 vmk1+
	nft_a nat "type nat hook output priority -100
		ip daddr 192.0.2.99 dnat ip to $(to 4 1)
		ip6 daddr 2001:db8::99 dnat ip6 to $(to 6 1)"
	traffic $(specs 4 hot 192.0.2.99 "$three" ,n=2; specs 6 hot 2001:db8::99 "$three" ,n=2)
	results '*' ok
	leaves_by '*' vmk0
	reasons same-subnet
}

# The socket's own route must not be that of where the packet went.
dnat_ends() {
	shape D D 0 1 2
	vmks vmk0 vmk1+
	nft_a nat "type nat hook output priority -100
		ip daddr 198.51.100.99 dnat ip to $(far 4)
		ip6 daddr 2001:db8:1::99 dnat ip6 to $(far 6)"
	traffic $(specs 4 hot 198.51.100.99 "$three" ,n=2; specs 6 hot 2001:db8:1::99 "$three" ,n=2)
	results '*' ok
	leaves_by '*' vmk1
	reasons dedicated-subnet
}

# drops in OUTPUT, before and after, are drops
filtered() {
	shape S S 1 2 0
	vmks vmk0 vmk1+
	nft_a early "type filter hook output priority 0
		udp dport 5001 ip daddr $(to 4 1) drop"
	nft_a late "type filter hook postrouting priority 0
		udp dport 5001 ip6 daddr $(to 6 1) drop"
	traffic $(both hot 1 udp) $(both hot 1 tcp)
	results '*-tcp.*' ok
	leaves_by '*-tcp.*' vmk0
	leaves_not '*-udp.*' vmk0 vmk1 vmk2
}

# encapsulated PROTOCOL: bytes of it by each NIC of A, into REPLY
encapsulated() {
	local key count=(0 0 0)
	for key in "${!seen[@]}"; do
		[[ $key != ?' '$1' '*' a'? ]] || ((count[${key: -1}] += ${seen[$key]}))
	done
	REPLY=${count[*]}
}

# tunnel KIND: from A's vmk1 to B's
tunnel() {
	# shellcheck disable=SC2086  # words
	ip -n "$A" link add tun0 type $1 local "$(address 4 S 1 1)" remote "$(address 4 S 2 1)" || fail "no $1"
	# shellcheck disable=SC2086
	ip -n "$B" link add tun0 type $1 local "$(address 4 S 2 1)" remote "$(address 4 S 1 1)" || fail "no $1"
	defer "ip -n $A link del tun0; ip -n $B link del tun0"
	printf '%s\n' 'addr add 10.1.1.1/24 dev tun0' 'link set tun0 up' | ip -n "$A" -b - || fail "no $1"
	printf '%s\n' 'addr add 10.1.1.2/24 dev tun0' 'link set tun0 up' | ip -n "$B" -b - || fail "no $1"
}

# The outer packet is tagged by itself, and goes as such.
outer_tag() {
	shape S S 1 2 0
	tunnel "$1"
	vmks vmk0 vmk1+
	nft_a tagger "type filter hook output priority 0
		$3 meta mark set 0x10000"
	traffic $(specs 4 none 10.1.1.2 "$three")
	results '*' ok
	encapsulated "$2"
	[[ $REPLY == [1-9]*' 0 0' ]] || fail "$1: $REPLY bytes by vmk0, vmk1, vmk2, not by vmk0"
	reasons same-subnet
}

# The inner packet was decided on: its tag does not move the outer one.
tunnel_is_vmk() {
	shape S S 1 2 0
	tunnel "$1"
	vmks vmk0 tun0+
	traffic $(specs 4 hot 10.1.1.2 "$three")
	results '*' ok
	encapsulated "$2"
	[[ $REPLY == '0 '[1-9]*' 0' ]] || fail "$1: $REPLY bytes by vmk0, vmk1, vmk2, not by vmk1"
	reasons dedicated-subnet
}

# No packet of a flow with a policy goes out as it is.
ipsec() {
	local family key a b
	shape S S 1 2 0
	vmks vmk0 vmk1+
	for family in 4 6; do
		a=$(address "$family" S 1 1) b=$(to "$family" 1)
		for key in "$A out in" "$B in out"; do
			# shellcheck disable=SC2086  # words
			set -- $key
			ip -n "$1" -b - <<-END || fail 'no IPsec'
				xfrm state add src $a dst $b proto esp spi 0x10$family reqid 1 mode transport auth hmac(sha1) 0x0123456789012345678901234567890123456789 enc cbc(aes) 0x01234567890123456789012345678901
				xfrm state add src $b dst $a proto esp spi 0x20$family reqid 1 mode transport auth hmac(sha1) 0x0123456789012345678901234567890123456789 enc cbc(aes) 0x01234567890123456789012345678901
				xfrm policy add src $a dst $b dir $2 tmpl src $a dst $b proto esp reqid 1 mode transport
				xfrm policy add src $b dst $a dir $3 tmpl src $b dst $a proto esp reqid 1 mode transport
			END
			defer "ip -n $1 xfrm policy flush; ip -n $1 xfrm state flush"
		done
	done
	traffic $(both hot 1 "$three" ,n=2,from=%1)
	results '*' ok
	leaves_not '*' vmk0 vmk1 vmk2
	encapsulated 50
	[[ $REPLY == [1-9]*' 0 0' ]] || fail "ESP: $REPLY bytes by vmk0, vmk1, vmk2, not by vmk0"
	reasons same-subnet
}

# What IPsec has made of a packet of TCP is signed, though it looks like a SYN: the IP
# id of the inner packet is where its flags would be, the source is a large MSS.
ipsec_untouched() {
	local host a b keys='auth hmac(sha1) 0x0123456789012345678901234567890123456789 enc ecb(cipher_null) ""'
	shape S S 1 2 0
	vmks vmk0 vmk1+
	a=$(address 4 S 1 1) b=$(to 4 1)
	for host in "$A out in 1 2" "$B in out 2 1"; do
		# shellcheck disable=SC2086  # words
		set -- $host
		ip -n "$1" -b - <<-END || fail 'no IPsec'
			addr add 2.4.200.$4/32 dev vmk0
			route add 2.4.200.$5 dev vmk0 src 2.4.200.$4
			xfrm state add src $a dst $b proto esp spi 0x11 reqid 1 mode tunnel $keys
			xfrm state add src $b dst $a proto esp spi 0x12 reqid 1 mode tunnel $keys
			xfrm policy add src 2.4.200.1 dst 2.4.200.2 dir $2 tmpl src $a dst $b proto esp reqid 1 mode tunnel
			xfrm policy add src 2.4.200.2 dst 2.4.200.1 dir $3 tmpl src $b dst $a proto esp reqid 1 mode tunnel
		END
		defer "ip -n $1 xfrm policy flush; ip -n $1 xfrm state flush; ip -n $1 addr del 2.4.200.$4/32 dev vmk0"
	done
	traffic "tcp,tcp,2.4.200.2,mark=$hot,n=64"
	results '*' ok
	encapsulated 50
	[[ $REPLY == [1-9]*' 0 0' ]] || fail "ESP: $REPLY bytes by vmk0, vmk1, vmk2, not by vmk0"
	[[ $(ip -n "$B" -s xfrm state get src "$a" dst "$b" proto esp spi 0x11) =~ failed\ ([0-9]+) ]] || fail 'no count of failures'
	((!BASH_REMATCH[1])) || fail "${BASH_REMATCH[1]} packets were changed on their way"
}

modes() {
	local step nic
	shape S S 1 2 0
	vmks mode off vmk0 vmk1+
	start_flows -l $(both hot 1 "$three")
	for step in vmk1:off vmk0:enforce vmk1:observe vmk0:enforce vmk1:off vmk0:enforce; do
		nic=${step%:*}
		migsel -n "$A" policy set mode "${step#*:}" || fail "no mode ${step#*:}"
		meter_anew
		more_by 5 "$nic" 100000
		wait_for 5 all_by "$nic" || fail "${step#*:}: not all by $nic"
		leaves_by '*' "$nic"
	done
	stop_flows
	results '*' ok
	says_route 'vmk0 same-subnet' "$(to 4 1)" tag hot
}

all_by() {
	local id
	sent=()
	meter_read
	for id in "${!result[@]}"; do
		nics_of "$id"
		[[ $REPLY == *"${1#vmk}"* ]] || return 1
	done
}

observed() {
	shape S S 1 2 0
	vmks mode observe vmk0 vmk1+
	traffic $(both hot 1 "$three") $(both cold 1 "$three")
	leaves_by '*' vmk1
	reasons same-subnet cold-first-vmk
	vmks mode observe vmk0 vmk1
	traffic $(both hot 1 "$three")
	results '*' ok
	leaves_by '*' vmk1
	reasons no-migration-vmk
	vmks mode off vmk0 vmk1+
	traffic $(both hot 1 "$three")
	leaves_by '*' vmk1
	reasons
	says_route 'vmk0 same-subnet' "$(to 4 1)" tag hot
}

# SO_MARK under a live flow: hot by vmk1 and vmk2, then cold.
remarked() {
	shape S S 2 1 0
	vmks vmk0 vmk1+ vmk2+
	start_flows -l $(both hot 1 "$three" ",remark=$cold")
	more_by 5 vmk1 100000
	kill -USR1 "$flows_pid"
	more_by 5 vmk0 100000
	meter_anew
	more_by 5 vmk0 200000
	stop_flows
	meter_read
	sent=()
	results '*' ok
	leaves_by '*' vmk0
	reasons multi-nic cold-first-vmk
}

# migsel exec does it for programs that know nothing of tags.
exec_tags() {
	local flows=$work
	shape S S 1 2 0
	vmks vmk0 vmk1+
	meter_anew
	printf '#!/bin/sh\nexec migsel exec hot -- %s/flows "$@"\n' "$flows" >"$scratch/flows"
	chmod +x "$scratch/flows"
	work=$scratch
	start_flows $(both none 1 "$three")
	work=$flows
	end_flows
	meter_read
	results '*' ok
	leaves_by '*' vmk0
	reasons same-subnet
}

# What a tagged listener's connections send back goes by the rule, too.
replies() {
	local answers
	shape S S 1 2 0
	vmks vmk0 vmk1+
	from_b
	vmks vmk0 vmk1+
	exec {answers}< <(exec nsenter --net="/run/netns/$B" "$work/sink" 5002 "$hot")
	defer "stop $!"
	read -r -t 10 -u "$answers"
	from_a
	traffic $(both hot 1 tcp ,port=5002)
	results '*' ok
	from_b
	reasons same-subnet
	migsel -n "$B" vmk flush
	from_a
}

# The rules in the documentation, as they stand there: ports at the ends of the
# ranges, and one beside each.
ports_of_engines() {
	local number ready
	local -a flows=()
	shape S S 1 2 0
	vmks vmk0 vmk1 vmk2+
	tag_by_port
	for number in 49151 49152 49215 49216 59999 60000 60050 60051 873; do
		exec {ready}< <(exec nsenter --net="/run/netns/$B" "$work/sink" "$number")
		defer "stop $!"
		read -r -t 10 -u "$ready"
		flows+=("4-$number-tcp,tcp,$(to 4 1),port=$number" "6-$number-tcp,tcp,$(to 6 1),port=$number")
	done
	traffic "${flows[@]}"
	results '*' ok
	for number in 49152 49215 60000 60050 873; do
		leaves_by "?-$number-tcp.*" vmk0
	done
	for number in 49151 49216 59999 60051; do
		leaves_by "?-$number-tcp.*" vmk1
	done
	reasons same-subnet cold-first-vmk
}

need nft
ktap_print_header
ktap_set_plan 23
make_hosts
run_test 'one decision for a flow and change: one NIC' cached_single
run_test 'one decision for a flow and change: two NICs' cached_multi
run_test 'sendto() elsewhere does not move a connected socket' not_poisoned
run_test 'mark set in OUTPUT before the filter priority' marked_early
run_test 'mark set by a route chain' marked_by_route_chain
run_test 'mark set at the filter priority' marked_at_filter
run_test 'mark set later does not count' marked_late
run_test 'mark is no longer set' unmarked_again
run_test 'mark set by the documented rules for ports' ports_of_engines
run_test 'DNAT in OUTPUT' dnat
run_test 'DNAT to another network' dnat_ends
run_test 'filters before and after' filtered
run_test 'outer packet of a tunnel by its own tag' outer_tag ipip 4 'ip protocol 4'
run_test 'tunnel ipip as a vmk' tunnel_is_vmk ipip 4
run_test 'tunnel gre as a vmk' tunnel_is_vmk gre 47
run_test 'tunnel vxlan as a vmk' tunnel_is_vmk 'vxlan id 1 dstport 4789' 17
run_test 'IPsec transport' ipsec
run_test 'what IPsec has made of TCP is not changed' ipsec_untouched
run_test 'mode changes under live flows' modes
run_test 'observe and off steer and refuse nothing' observed
run_test 'SO_MARK under live flows' remarked
run_test 'migsel exec' exec_tags
run_test 'replies of a tagged listener' replies
ktap_finished
