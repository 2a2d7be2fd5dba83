# SPDX-License-Identifier: GPL-2.0-only
# Two hosts on one switch, each a network namespace; sourced, not run.
# shellcheck shell=bash
#
#   host    vmk0                       vmk1                       vmk2
#   esx-a   192.0.2.10  2001:db8::10   192.0.2.11  2001:db8::11   192.0.2.12 …
#   esx-b   192.0.2.20  2001:db8::20   192.0.2.21  2001:db8::21   192.0.2.22 …
#
# In a subnet of its own vmk1 is 198.51.100.11 (.21) and 2001:db8:1::11 (::21), and vmk2
# 203.0.113.12 (.22) and 2001:db8:2::12 (::22).

# The test kernel has a static busybox, whose programs start ten times as fast as
# others under emulation.
fast=''
[[ ! -x /run/vm/bin/nsenter ]] || fast=/run/vm/bin/

# in_netns HOST COMMAND...
in_netns() { "${fast}nsenter" --net="/run/netns/${netns[$1]}" "${@:2}"; }

# The part of a name that other users of network namespaces do not have.
unique=migsel-demo-$$
switch=$unique-switch
declare -A process=() netns=([esx-a]=$unique-esx-a [esx-b]=$unique-esx-b) place=([esx-a]=1 [esx-b]=2)

make_hosts() {
	local name batch=
	for name in "$switch" "${netns[@]}"; do
		batch+="netns add $name"$'\n'
	done
	ip -batch - <<<"$batch"
	start_host esx-a
	start_host esx-b
	watch_connections &
	ip -n "$switch" -batch - <<-END
		link add switch type bridge mcast_snooping 0
		link set switch up
	END
	wait $!
}

remove_hosts() {
	local name batch=
	((${#process[@]} == 0)) || end_processes "${process[@]}"
	process=()
	for name in "${netns[@]}" "$switch"; do
		[[ ! -e /run/netns/$name ]] || batch+="netns del $name"$'\n'
	done
	[[ -z $batch ]] || ip -batch - <<<"$batch"
}

# start_host HOST: a process that stays in it, by way of which /proc shows its
# counters. Any NIC of Linux answers for any address of the host, and none takes what
# the routes would not send back by it, unless told otherwise.
start_host() {
	# shellcheck disable=SC2016  # for that process
	"${fast}nsenter" --net="/run/netns/${netns[$1]}" "${fast}sh" -c '
		cd /proc/sys/net/ipv4/conf
		for conf in all default; do
			echo 1 >$conf/arp_ignore
			echo 2 >$conf/arp_announce
			echo 0 >$conf/rp_filter
		done
		exec "$0" 100000
	' "${fast}sleep" &
	process[$1]=$!
}

end_processes() {
	kill "$@" 2>/dev/null || :
	wait "$@" 2>/dev/null || :
}

# plug NIC...: these NICs of both hosts, each with its port on the switch.
plug() {
	local host nic port batch=
	for host in esx-a esx-b; do
		for nic; do
			port=${host#esx-}-$nic
			batch+="link add $port type veth peer name $nic netns ${netns[$host]}"$'\n'
			batch+="link set $port master switch up"$'\n'
		done
	done
	ip -n "$switch" -batch - <<<"$batch"
}

# set_up LINE...: what NICs both hosts get. "address NIC NETWORK4 NETWORK6" gives one
# its addresses and takes it up: so its routes come last; else a line is as for ip.
set_up() {
	local host line nic network4 network6 batch
	for host in esx-a esx-b; do
		batch=
		for line; do
			if [[ $line != address\ * ]]; then
				batch+=$line$'\n'
				continue
			fi
			read -r _ nic network4 network6 <<<"$line"
			batch+="address add $network4.${place[$host]}${nic#vmk}/24 dev $nic"$'\n'
			batch+="address add $network6::${place[$host]}${nic#vmk}/64 dev $nic nodad"$'\n'
			batch+="link set $nic up"$'\n'
		done
		ip -n "${netns[$host]}" -batch - <<<"$batch"
	done
}

# Each of these sets `nics`, of which counters are to be shown.

# same_subnet NIC...: all in one subnet, in the order in which their routes are to be.
same_subnet() {
	plug "$@"
	set -- "${@/#/address }"
	set_up "${@/%/ 192.0.2 2001:db8}"
	nics='vmk0 vmk1'
	[[ $* != *vmk2* ]] || nics+=' vmk2'
}

# own_subnet: vmk0 in one subnet, vmk1 in another, on the same switch.
own_subnet() {
	plug vmk0 vmk1
	set_up 'address vmk0 192.0.2 2001:db8' 'address vmk1 198.51.100 2001:db8:1'
	nics='vmk0 vmk1'
}

# three_subnets: each NIC in one of its own, on the same switch.
three_subnets() {
	plug vmk0 vmk1 vmk2
	set_up 'address vmk0 192.0.2 2001:db8' 'address vmk1 198.51.100 2001:db8:1' \
		'address vmk2 203.0.113 2001:db8:2'
	nics='vmk0 vmk1 vmk2'
}

# one_physical_nic: same subnet; vmk1 and vmk2 are macvlans on the NIC vmnic1.
one_physical_nic() {
	plug vmk0 vmnic1
	set_up 'link set vmnic1 up' \
		'link add link vmnic1 name vmk1 type macvlan mode bridge' \
		'link add link vmnic1 name vmk2 type macvlan mode bridge' \
		'address vmk1 192.0.2 2001:db8' 'address vmk2 192.0.2 2001:db8' 'address vmk0 192.0.2 2001:db8'
	# shellcheck disable=SC2034  # for console.sh
	nics='vmk0 vmk1 vmk2 vmnic1'
}

# What esx-b sees of each connection: from which MAC, which address, on which NIC.
watch_connections() {
	in_netns esx-b nft -f - <<-END
		table inet demo {
			set ipv4 {
				type ifname . ether_addr . ipv4_addr . inet_service . inet_service
				flags dynamic; counter; size 1024
			}
			set ipv6 {
				type ifname . ether_addr . ipv6_addr . inet_service . inet_service
				flags dynamic; counter; size 1024
			}
			chain prerouting {
				type filter hook prerouting priority raw
				meta nfproto ipv4 add @ipv4 { iifname . ether saddr . ip saddr . tcp sport . tcp dport counter }
				meta nfproto ipv6 add @ipv6 { iifname . ether saddr . ip6 saddr . tcp sport . tcp dport counter }
			}
		}
	END
}
