#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The bash completion: what is offered for the last word of a line.
#
# Needs root: make vm RUN=selftests/tool_completion_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"
# shellcheck source=userspace/completion/migsel.bash
. "$top/userspace/completion/migsel.bash"

# offers LINE WORD...: for its last word, which may be empty, exactly these
offers() {
	local line=$1 want
	shift
	read -ra COMP_WORDS <<<"$line"
	[[ $line != *' ' ]] || COMP_WORDS+=('')
	((COMP_CWORD = ${#COMP_WORDS[@]} - 1))
	_migsel migsel
	want=$(printf "%s\n" "$@" | sort)
	out=$(printf "%s\n" "${COMPREPLY[@]}" | sort -u)
	[[ $out == "$want" ]] || fail "\"$line\": offers ${out//$'\n'/ }, not $*"
}

# What help says is what there is to complete.
test_objects() {
	local objects
	# shellcheck disable=SC2046 # words
	objects=$(migsel help | sed -n '2,$s/^migsel [{ ]*\([a-z]*\)\( | \([a-z]*\) }\)\{0,1\}.*/\1 \3/p' | xargs -n 1 | sort -u)
	[[ $(wc -l <<<"$objects") == 12 ]] || fail "help has $objects"
	# shellcheck disable=SC2086 # words
	offers 'migsel ' $objects help
	objects=$(migsel help | sed -n '/^OPTIONS/,/^$/p' | grep -oE -- '-[a-zA-Z]+(\[[a-z]+\])?' | tr -d '[]')
	# shellcheck disable=SC2086
	offers 'migsel -' $objects -color={always,auto,never}
	offers 'migsel v' vmk
	offers 'migsel s' stats save
	offers 'migsel -j -p re' restore
	offers 'migsel -n some -b' -batch -brief
	offers 'migsel -t' -timestamp
	offers 'migsel -pr' -pretty -prometheus
	offers 'migsel -color=' -color=always -color=auto -color=never
}

test_commands() {
	offers 'migsel vmk ' add set del show flush help
	offers 'migsel tag ' show set help
	offers 'migsel policy s' show set
	offers 'migsel route ' get help
	offers 'migsel stats ' show reset help
	offers 'migsel monitor ' help
	offers 'migsel check ' severity help
	offers 'migsel check severity ' error warning info
	offers 'migsel save ' help
	offers 'migsel exec ' hot cold help
}

test_keywords() {
	offers 'migsel vmk add eth0 ' migration weight position stack provisioning
	offers 'migsel vmk set eth0 stack ' default vmotion provisioning
	offers 'migsel vmk set eth0 stack default provisioning ' on off
	offers 'migsel vmk set dev eth0 weight 3 m' migration
	offers 'migsel vmk add eth0 migration ' on off
	offers 'migsel vmk add eth0 weight ' ''
	offers 'migsel tag set ' mask hot cold
	offers 'migsel tag set mask 0xf ' mask hot cold
	offers 'migsel policy set mode ' enforce observe off
	offers 'migsel policy set unreachable ' refuse pass
	offers 'migsel policy set fallback ' first-vmk strict
	offers 'migsel route get ' ''
	offers 'migsel route get 192.0.2.1 ' from dev tag mark ipproto sport dport
	offers 'migsel route get 192.0.2.1 ipproto icm' icmp icmpv6
	offers 'migsel route get 192.0.2.1 sport ' ''
	offers 'migsel route get 192.0.2.1 tag ' hot cold
}

test_namespaces_and_devices() {
	local other
	offers "migsel -n ${host:0:6}" $(ip netns list | cut -d ' ' -f 1 | grep "^${host:0:6}")
	offers "migsel -n ${host%a}" "$host" "$peer"
	offers "migsel -n $host vmk add vm" vmk0 vmk1 vmk2
	offers "migsel -netns $host vmk set dev vmk" vmk0 vmk1 vmk2
	offers "migsel -n $peer vmk add dev et" eth0 eth1 eth2
	offers "migsel -n $host route get 192.0.2.1 dev vmk" vmk0 vmk1 vmk2
	other=$(ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/')
	# shellcheck disable=SC2086 # words
	offers 'migsel vmk add dev ' $other
	# shellcheck disable=SC2086
	offers 'migsel vmk del ' dev $other
}

test_files_and_programs() {
	touch "$scratch/disk.qcow2" "$scratch/disk.raw"
	offers "migsel classify $scratch/disk" "$scratch/disk.qcow2" "$scratch/disk.raw"
	offers "migsel classify outside allow $scratch/disk.r" "$scratch/disk.raw"
	offers 'migsel classify form' format
	offers 'migsel classify format q' qcow2 qed
	offers 'migsel classify outside ' refuse allow
	offers "migsel explain $scratch/disk.r" "$scratch/disk.raw"
	offers 'migsel explain migr' migration migration-pattern
	offers "migsel explain $scratch/disk.raw as" as-lab
	offers "migsel explain $scratch/disk.raw pa" pair
	offers 'migsel explain to ' ''
	offers "migsel -b $scratch/disk.r" "$scratch/disk.raw"
	offers 'migsel exec hot -- setpri' setpriv
	offers 'migsel exec cold setpri' setpriv
}

test_is_installed() {
	[[ $(complete -p migsel) == 'complete -F _migsel migsel' ]] || fail 'completes nothing'
}

run_tests "$@"
