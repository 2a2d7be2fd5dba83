# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Bash completion for migsel(8).

# The names of the devices of the namespace that -n gave, or of this one.
_migsel_devices() {
	local netns=$1
	ip ${netns:+-n "$netns"} -o link show 2>/dev/null |
		sed 's/^[0-9]*: \([^:@]*\).*/\1/'
}

_migsel() {
	local cur prev netns='' object='' verb='' first=0 i words
	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}

	# Where the object is, after the options and their values.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-n | -netns | --netns)
			netns=${COMP_WORDS[++i]-}
			;;
		-b | -batch | --batch)
			((i++))
			;;
		-*) ;;
		*)
			if [[ -z $object ]]; then
				object=${COMP_WORDS[i]}
				first=$i
			elif [[ -z $verb ]]; then
				verb=${COMP_WORDS[i]}
			fi
			;;
		esac
	done

	if [[ -z $object ]]; then
		case $prev in
		-n | -netns | --netns)
			words=$(ip netns list 2>/dev/null | cut -d ' ' -f 1)
			;;
		-b | -batch | --batch)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
			;;
		*)
			words='-json -pretty -statistics -details -brief
				-netns -batch -force -timestamp -color -color=always
				-color=auto -color=never -Version -help'
			[[ $cur == -* ]] ||
				words='vmk tag policy route stats monitor check
					exec classify save restore help'
			;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
	fi

	# What is to be run has its own completion.
	if [[ $object == exec && -n $verb ]]; then
		((i = first + 2))
		[[ ${COMP_WORDS[i]} != -- || $COMP_CWORD -eq $i ]] || ((i++))
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		fi
		return
	fi

	case $object:$verb:$prev in
	classify:*:format) words='raw qcow2 vmdk vdi vhdx vpc qed' ;;
	classify:*:outside) words='refuse allow' ;;
	classify:*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"
			[[ -z $cur ]] || compgen -W 'format outside' -- "$cur")
		return
		;;
	vmk::*) words='add set del show flush help' ;;
	tag::* | policy::*) words='show set help' ;;
	route::*) words='get help' ;;
	stats::*) words='show reset help' ;;
	exec::*) words='hot cold help' ;;
	monitor:* | check:* | save:* | restore:*) words=help ;;
	vmk:*:migration) words='on off' ;;
	policy:set:mode) words='enforce observe off' ;;
	policy:set:unreachable) words='refuse pass' ;;
	policy:set:fallback) words='first-vmk strict' ;;
	route:get:tag) words='hot cold' ;;
	route:get:ipproto) words='tcp udp udplite sctp dccp icmp icmpv6 esp ah gre' ;;
	*:dev) words=$(_migsel_devices "$netns") ;;
	*:weight | *:position | *:mask | *:hot | *:cold | *:from | *:mark | *:sport | *:dport | \
		route:get:get)
		return
		;;
	vmk:*:"$verb") words="dev $(_migsel_devices "$netns")" ;;
	vmk:add:* | vmk:set:*) words='migration weight position' ;;
	tag:set:*) words='mask hot cold' ;;
	policy:set:*) words='mode unreachable fallback' ;;
	route:get:*) words='from dev tag mark ipproto sport dport' ;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _migsel migsel
