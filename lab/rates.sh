#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# rates.sh    kilobytes that each NIC of this host sends and receives in a second, until ended

exec {never}<> <(:)
declare -A before=()
last=${EPOCHREALTIME/./}
while :; do
	read -rt 1 -u "$never" || :
	now=${EPOCHREALTIME/./}
	printf -v table '%(%T)T         kB/s out   kB/s in\n' -1
	while read -ra words; do
		[[ ${words[0]} == *: && ${words[0]} != lo: ]] || continue
		line=${words[0]%:}
		for i in 9 1; do
			key=$line$i
			rate[i]=$(((words[i] - ${before[$key]:-${words[i]}}) * 1000 / (now - last)))
			before[$key]=${words[i]}
		done
		printf -v table '%s%-15s %9d %9d\n' "$table" "$line" "${rate[9]}" "${rate[1]}"
	done < <(sort /proc/net/dev)
	last=$now
	printf '\e[H\e[J%s' "$table"
done
