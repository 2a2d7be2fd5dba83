#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tagged traffic beside other features of the kernel, as the documentation has it. Hot
# packets belong to vmk1, which has a subnet of its own.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

# both_ends TEST NIC REASON: for both families, what one process has both ends of
# leaves by that NIC and for that reason
both_ends() {
	local family n
	for family in ${families-4 6}; do
		both_ends_of "$family" "$1" && continue
		fail "$1, IPv$family: $(<"$scratch/said")"
	done
	reasons "$3"
	for n in 0 1 2; do
		tx "vmk$n"
		((REPLY -= sent_by[n]))
		if [[ vmk$n == "$2" ]]; then
			((REPLY >= 100)) || fail "only $REPLY bytes by vmk$n"
		else
			((REPLY < 2000)) || fail "$REPLY bytes by vmk$n"
		fi
	done
}

both_ends_of() {
	local family=$1
	"$here/interplay.py" "$2" "$A" "$B" "${from-$(address "$family" D 1 1)}" "${dest-$(to "$family" 1)}" \
		>"$scratch/said" 2>&1
}

begin() {
	local n
	shape D D 0 1 2
	vmks vmk0 "${@:-vmk1+}"
	# Neighbours are found first.
	for n in 0 1 2; do
		tx "vmk$n"
		sent_by[n]=$REPLY
	done
}
declare -a sent_by

# What is the same wherever it runs.
plain() {
	begin
	both_ends "$1" vmk1 dedicated-subnet
}

sysctl_a() { in_netns "$A" bash -c "echo $2 >/proc/sys/net/$1"; }

syn_cookies() {
	sysctl_a ipv4/tcp_syncookies 2 || fail 'no SYN cookies'
	defer "sysctl_a ipv4/tcp_syncookies 1"
	plain accepted
}

# Nobody's packets: they take the first vmk that will do.
resets() {
	in_netns "$A" nft -f - <<-END || fail 'no chain'
		table inet t {
			chain tag {
				type filter hook output priority -1
				tcp sport 5002 meta mark set $hot
			}
		}
	END
	defer "in_netns $A nft delete table inet t"
	plain reset
	begin vmk1+ vmk2+
	both_ends reset vmk1 multi-nic
}

# rules FAMILY WHAT: a route to far by vmk1 for those only
rules() {
	printf '%s\n' "rule $1 pref 100 $3 table 4712" "route $1 $(far "$2") via $(address "$2" D 2 1) dev vmk1 table 4712" |
		ip -n "$A" "-$2" -b -
}

# by_rule WHAT TEST: only what the rule asks for has a route by vmk1
by_rule() {
	local family
	for family in 4 6; do
		begin
		printf '%s\n' "route del $(far "$family") dev vmk1" "route del $(far "$family") dev vmk2" | ip -n "$A" "-$family" -b - ||
			fail 'no route to remove'
		both_ends_far refused "$family" "$2" no-route
		rules add "$family" "$1" || fail "no rule: $1"
		both_ends_far steered "$family" "$2" dedicated-subnet
		rules del "$family" "$1"
	done
}

both_ends_far() {
	local dest from families=$2
	dest=$(far "$2")
	migsel -n "$A" stats reset
	if [[ $1 == steered ]]; then
		both_ends "$3" vmk1 "$4"
	else
		both_ends_of "$2" "$3" && fail "IPv$2 arrives without the rule"
		reasons "$4"
	fi
}

gateway_of_ipv6() {
	local dest families=4
	begin
	dest=$(far 4)
	printf 'route del %s dev vmk%d\n' "$dest" 1 "$dest" 2 "$dest" 0 | ip -n "$A" -b - || fail 'no routes to remove'
	printf '%s\n' "route add $dest via inet6 $(address 6 D 2 1) dev vmk1" "route add $dest via $(address 4 D 2 0) dev vmk0 metric 5" |
		sed '1s/$/ metric 9/' | ip -n "$A" -b - || fail 'no routes'
	both_ends udp vmk1 dedicated-subnet
	both_ends tcp vmk1 dedicated-subnet
	printf 'route del %s dev vmk%d\n' "$dest" 0 "$dest" 1 | ip -n "$A" -b -
}

# translated STATEMENT4 STATEMENT6: the source of what leaves by vmk1
translated() {
	in_netns "$A" nft -f - <<-END || fail 'no chain'
		table inet t {
			chain nat {
				type nat hook postrouting priority 100
				oifname vmk1 meta nfproto ipv4 $1
				oifname vmk1 meta nfproto ipv6 $2
			}
		}
	END
	defer "in_netns $A nft delete table inet t"
	begin
	printf 'addr add %s dev vmk1\n' 198.51.100.77/32 2001:db8:1::77/128 | ip -n "$A" -b - || fail 'no addresses'
	both_ends tcp vmk1 dedicated-subnet
	both_ends udp vmk1 dedicated-subnet
}

# start_queue PRIORITY: what comes to OUTPUT then is held until release
start_queue() {
	local line
	in_netns "$A" nft -f - <<-END || fail 'no queue'
		table inet q {
			chain output {
				type filter hook output priority $1
				meta l4proto { tcp, udp } th dport 5002 queue num 0
			}
			# Kernel 6.1 warns where the last hook is one that packets wait in.
			chain last {
				type filter hook output priority 20
				accept
			}
		}
	END
	defer "in_netns $A nft delete table inet q"
	coproc queue { exec "$here/interplay.py" queue "$A"; }
	# shellcheck disable=SC2154
	queue_pid=$queue_PID
	defer "stop $queue_pid"
	queue_out=${queue[0]} queue_in=${queue[1]}
	read -r -t 60 -u "$queue_out" line
	[[ $line == ready ]] || fail 'nobody reads the queue'
}

# held TEST: begins it, and returns when its first packet waits; the process into $held_pid
held() {
	local line=
	both_ends_of 4 "$1" &
	held_pid=$!
	read -r -t 30 -u "$queue_out" line
	[[ $line == packet ]] || fail 'nothing comes to the queue'
}

release() { echo >&"$queue_in"; }

queued() {
	local priority protocol
	for priority in -1 10; do
		for protocol in udp tcp; do
			begin
			start_queue "$priority"
			held "$protocol"
			release
			wait "$held_pid" || fail "$protocol, priority $priority: $(<"$scratch/said")"
			reasons dedicated-subnet
			undo "$mark_queue"
		done
	done
}

# The kernel drops what waits when a hook is unregistered. TCP sends it again.
queued_off() {
	local priority how
	for priority in -1 10; do
		for how in "migsel -n $A policy set mode off" "migsel -n $A vmk flush" 'rmmod migsel'; do
			begin
			start_queue "$priority"
			held tcp
			# shellcheck disable=SC2086 # words
			$how || fail "no $how"
			release
			wait "$held_pid" || fail "$how, priority $priority: $(<"$scratch/said")"
			modprobe migsel || fail 'the module does not come back'
			undo "$mark_queue"
		done
	done
}

# What A receives for a virtual service is not its own, what it asks for itself is. Hot
# packets to the first server would be refused.
director() {
	local client
	begin
	modprobe -a ip_vs ip_vs_rr 2>/dev/null || { lacks IPVS; return; }
	add_netns client
	ip -n "$A" link add in0 type veth peer name out0 netns "$client" || fail 'no link'
	printf '%s\n' 'link set in0 up' 'addr add 10.99.0.1/24 dev in0' 'addr add 10.99.0.3/24 dev in0' | ip -n "$A" -b -
	printf '%s\n' 'link set out0 up' 'addr add 10.99.0.2/24 dev out0' | ip -n "$client" -b -
	ip -n "$B" route add 10.99.0.0/24 via "$(address 4 D 1 0)" || fail 'no way back'
	defer "ip -n $B route del 10.99.0.0/24"
	sysctl_a ipv4/ip_forward 1
	in_netns "$A" nft -f - <<-END || fail 'no chain'
		table inet t {
			chain tag {
				type filter hook prerouting priority -150
				iifname in0 meta mark set $hot
			}
		}
	END
	defer "in_netns $A nft delete table inet t"
	for_service "$client" 10.99.0.1 0
	reasons
	for_service "$A" 10.99.0.3 1
	reasons dedicated-subnet
}

# for_service CLIENT ADDRESS N: of A, which directs it to B's NIC
for_service() {
	{
		"$here/interplay.py" ipvs "$A" "$B" "$2" "$(to 4 "$3")" &&
			"$here/interplay.py" virtual "$1" "$B" "$2" "$(to 4 "$3")"
	} >"$scratch/said" 2>&1 || fail "$2: $(<"$scratch/said")"
}

# A program of the plain route is not asked, that of the route by the vmk is.
programs() {
	local n dest families
	mkdir "$scratch/bpf"
	mount -t bpf bpf "$scratch/bpf" || fail 'no file system for programs'
	defer "umount $scratch/bpf"
	"$here/interplay.py" pin "$scratch/bpf" || { fail 'no programs'; return; }
	for families in 4 6; do
		begin
		dest=$(far "$families")
		for n in 0 1 2; do ip -n "$A" "-$families" route del "$dest" dev "vmk$n"; done
		by_program add drop 0 5 || { lacks 'programs for routes'; return; }
		by_program add pass 1 9
		both_ends tcp vmk1 dedicated-subnet
		both_ends udp vmk1 dedicated-subnet
		by_program replace drop 1 9
		both_ends_of "$families" udp && fail 'the program of the route by vmk1 is not asked'
		for n in 0 1; do ip -n "$A" "-$families" route del "$dest" dev "vmk$n"; done
	done
}

# by_program add|replace PROGRAM N METRIC
by_program() {
	ip -n "$A" "-$families" route "$1" "$dest" encap bpf out pinned "$scratch/bpf/$2" \
		via "$(address "$families" D 2 "$3")" dev "vmk$3" metric "$4"
}

# A subflow that is refused does not end the connection.
subflows() {
	begin
	dest=$(to 4 1)
	in_netns "$A" bash -c 'echo 1 >/proc/sys/net/mptcp/enabled' || fail 'no MPTCP'
	ip -n "$A" mptcp limits set subflows 2 add_addr_accepted 2
	ip -n "$B" mptcp limits set subflows 2 add_addr_accepted 2
	# It can be reached by vmk2 only.
	ip -n "$B" mptcp endpoint add "$(to 4 2)" dev vmk2 signal || fail 'no endpoint'
	defer "ip -n $B mptcp endpoint flush"
	both_ends_of 4 mptcp || fail "$(<"$scratch/said")"
	read_stats
	((packets[dedicated-subnet])) || fail 'the first subflow is not counted'
	((packets[no-route])) || fail 'no second subflow was refused'
	unset dest
}

# With nf_hooks_lwtunnel the outer packet of segment routing comes to the hook, too.
segments() {
	local hooks n dest families=6
	dest=$(far 6)
	for hooks in 0 1; do
		begin
		# Once on there is no way back.
		((hooks == 0)) || sysctl_a netfilter/nf_hooks_lwtunnel 1 || fail 'no hooks'
		for n in 0 1 2; do ip -n "$A" -6 route del "$dest" dev "vmk$n"; done
		printf '%s\n' "route add $dest encap seg6 mode encap segs $(address 6 D 2 1) dev vmk1 metric 9" \
			"route add $dest via $(address 6 D 2 0) dev vmk0 metric 5" | ip -n "$A" -6 -b - || { fail 'no segment routing'; return; }
		# shellcheck disable=SC2016 # for another bash
		in_netns "$B" bash -c 'for f in /proc/sys/net/ipv6/conf/{all,vmk1}/seg6_enabled; do echo 1 >$f; done'
		both_ends tcp vmk1 dedicated-subnet
		both_ends udp vmk1 dedicated-subnet
		for n in 0 1; do ip -n "$A" -6 route del "$dest" dev "vmk$n"; done
	done
}

mark_queue=0
tests=(
	'IP options|plain options'
	'UDP GSO|plain udp_gso'
	'MSG_ZEROCOPY|plain zerocopy'
	'TCP MD5 signatures|plain md5'
	'TCP_REPAIR|plain repair'
	'a tagged listener|plain accepted'
	'SYN cookies|syn_cookies'
	'resets|resets'
	'TIME-WAIT|plain time_wait'
	'policy rule by user|by_rule "uidrange 1234-1234" owned'
	'policy rule by protocol|by_rule "ipproto udp" udp'
	'policy rule by port|by_rule "ipproto tcp dport 5002" tcp'
	'IPv4 by a gateway of IPv6|gateway_of_ipv6'
	'masquerading|translated masquerade masquerade'
	'source NAT|translated "snat ip to 198.51.100.77" "snat ip6 to 2001:db8:1::77"'
	'waiting in a queue|queued'
	'waiting in a queue while the hook goes|queued_off'
	'MPTCP, a subflow is refused|subflows'
	'segment routing|segments'
	'programs of routes|programs'
	'IPVS|director'
)
need python3
ktap_print_header
ktap_set_plan ${#tests[@]}
make_hosts
for test in "${tests[@]}"; do
	mark_queue=${#deferred[@]}
	eval "run_test '${test%%|*}' ${test#*|}"
done
ktap_finished
