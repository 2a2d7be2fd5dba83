# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Bash completion for migsel(8). What there is to complete, its help says.

# The names of the devices of the namespace that -n gave, or of this one.
_migsel_devices() {
	local netns=$1
	ip ${netns:+-n "$netns"} -o link show 2>/dev/null |
		sed 's/^[0-9]*: \([^:@]*\).*/\1/'
}

# What may stand behind an object, first. Its help is on standard input.
_migsel_verbs() {
	sed -nE "s/^.*migsel $1 (\{ )?([a-z |]+).*/\2/p" | tr -d '|'
	echo help
}

# The keywords of an object: each has a value.
_migsel_keywords() {
	grep -oE '[[|] [a-z]+ [A-Z0-9{]' | cut -d ' ' -f 2
}

# The values of a keyword, if they have names.
_migsel_values() {
	sed -nE "s/.*[[|] $1 \{ ([^}]*) \}.*/\1/p" | tr -d '|'
}

_migsel() {
	local migsel=${1:-migsel} cur prev netns='' object='' verb='' first=0 i words help
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
				-netns -batch -force -timestamp -csv -prometheus -color -color=always
				-color=auto -color=never -Version -help'
			[[ $cur == -* ]] ||
				words=$("$migsel" help 2>/dev/null | sed -nE 's/^migsel ([a-z]+).*/\1/p
					s/^migsel \{ ([a-z]+) \| ([a-z]+) \}$/\1 \2/p' | uniq)' help'
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

	help=$("$migsel" "$object" help 2>/dev/null)
	case $object:$verb:$prev in
	classify:*:format) words='raw qcow2 vmdk vdi vhdx vpc qed' ;;
	classify:*:outside) words=$(_migsel_values outside <<<"$help") ;;
	explain:*:to | explain:*:migration | explain:*:migration-pattern) return ;;
	explain:*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"
			[[ -z $cur ]] || compgen -W 'to migration migration-pattern pair as-lab' -- "$cur")
		return
		;;
	classify:*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"
			[[ -z $cur ]] || compgen -W "$(_migsel_keywords <<<"$help")" -- "$cur")
		return
		;;
	check::*) words="$(_migsel_keywords <<<"$help") help" ;;
	check:*:severity) words=$(_migsel_values severity <<<"$help") ;;
	*::*) words=$(_migsel_verbs "$object" <<<"$help") ;;
	route:get:ipproto) words='tcp udp udplite sctp dccp icmp icmpv6 esp ah gre' ;;
	*:dev) words=$(_migsel_devices "$netns") ;;
	route:get:get) return ;;
	vmk:*:"$verb") words="dev $(_migsel_devices "$netns")" ;;
	vmk:add:* | vmk:set:* | tag:set:* | policy:set:* | route:get:*)
		words=$(_migsel_keywords <<<"$help")
		[[ $prev == "$verb" || $'\n'$words$'\n' != *$'\n'"$prev"$'\n'* ]] ||
			words=$(_migsel_values "$prev" <<<"$help")
		;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _migsel migsel
