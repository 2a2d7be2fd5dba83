# SPDX-License-Identifier: GPL-2.0-only
# What scenarios are written in: commands that are run as they are shown, and
# transfers between snapshots of the counters; sourced, not run.
# shellcheck shell=bash
# shellcheck disable=SC2154  # topology.sh and demo.sh set the rest

servers=()
exec {never}<> <(:)

# json TEXT: as a JSON string, in REPLY.
json() {
	REPLY=${1//\\/\\\\}
	REPLY=${REPLY//\"/\\\"}
	REPLY=${REPLY//$'\n'/\\n}
	REPLY=${REPLY//$'\t'/\\t}
	REPLY=\"${REPLY//[[:cntrl:]]/}\"
}

# record KIND [ KEY VALUE ]...: a line of what has been said, run and measured.
record() {
	local line
	json "$1"
	line="{\"kind\":$REPLY"
	shift
	while (($#)); do
		json "$1"
		line+=",$REPLY"
		json "$2"
		line+=":$REPLY"
		shift 2
	done
	echo "$line}" >>"$measured/record"
}

# Lines of less than 80 columns; a command goes on after a backslash.
show_command() {
	local line=$1 word
	shift
	for word; do
		if ((${#line} + ${#word} > 76)); then
			echo "$line \\"
			line="    $word"
		else
			line+=" $word"
		fi
	done
	echo "$line"
}

show_text() {
	local line='' word words
	read -rd '' -a words <<<"$*" || :
	for word in "${words[@]}"; do
		if ((${#line} + ${#word} > 78)); then
			echo "$line"
			line=
		fi
		line+=${line:+ }$word
	done
	echo "$line"
}

title() {
	local rule
	printf -v rule '%*s' $((73 - ${#1})) ''
	echo
	echo "== ${measured##*/}  $1 ${rule// /=}"
	record title text "$1"
}

setup() {
	show_text "$*"
	echo
	record setup text "$*"
}

# lesson TEXT: what to learn from it.
lesson() { record lesson text "$*"; }

# on HOST COMMAND...: run there as shown; what it says is shown and in $output.
on() {
	local host=$1 status=0
	shift
	show_command "$host#" "$@"
	output=$(in_netns "$host" "$@" 2>&1) || status=$?
	[[ -z $output ]] || printf '%s\n' "$output"
	record command host "$host" command "$*" output "$output"
	((status == 0)) || die "scenario ${measured##*/}: '$*' on $host ended with $status"
}

# plain_route ARG...: what plain Linux does with that destination.
plain_route() {
	local host=esx-a
	show_command "$host#" ip route get "$@"
	output=$(ip -n "${netns[$host]}" route get "$@")
	output=${output%%$'\n'*}
	printf '%s\n' "$output"
	record command host "$host" command "ip route get $*" output "$output"
	record plain text "$output"
}

# reason REASON ARG...: what the kernel's decision code says, and is to say.
reason() {
	local expected=$1
	shift
	on esx-a migsel route get "$@"
	record reason expected "$expected" text "$output"
}

# is_listening PID PORT HOST
is_listening() {
	local address state hex
	printf -v hex '%04X' "$2"
	[[ /proc/$1/ns/net -ef /run/netns/${netns[$3]} ]] || return
	while read -r _ address _ state _; do
		[[ $address != *:$hex || $state != 0A ]] || return 0
	done <"/proc/$1/net/tcp6"
	return 1
}

# serve PORT...: a destination for one transfer on each.
serve() {
	local port i
	for port; do
		show_command 'esx-b#' iperf3 -s -1 -p "$port" '&'
		"${fast}nsenter" --net="/run/netns/${netns[esx-b]}" iperf3 -s -1 -p "$port" >/dev/null 2>&1 &
		servers+=($!)
		record command host esx-b command "iperf3 -s -1 -p $port &" output ''
	done
	i=0
	for port; do
		until is_listening "${servers[i]}" "$port" esx-b; do
			kill -0 "${servers[i]}" 2>/dev/null || die "iperf3 cannot listen on port $port"
			read -rt 0.02 -u "$never" || :
		done
		((++i))
	done
	snapshot
}

end_servers() {
	((${#servers[@]})) || return 0
	end_processes "${servers[@]}"
	servers=()
}

# The counters of both hosts' NICs.
snapshot() {
	local host nic line
	local -a count
	for host in esx-a esx-b; do
		line=
		while read -ra count; do
			nic=${count[0]}
			[[ " $nics " != *" ${nic%:} "* ]] ||
				line+="${line:+,}\"${nic%:}\":{\"rx\":${count[1]},\"tx\":${count[9]}}"
		done <"/proc/${process[$host]}/net/dev"
		echo "{$line}" >>"$measured/$host"
	done
}

# transfer CLASS LABEL LEAVES ARRIVES COMMAND...: from esx-a to esx-b. LEAVES and
# ARRIVES name the NICs by which it is to go: each word carries all of it, a word
# of several NICs (vmk1+vmk2) in even parts. LEAVES may be "refused" instead.
transfer() {
	local class=$1 label=$2 leaves=$3 arrives=$4 began took status=0 report why=
	shift 4
	show_command 'esx-a#' "$@"
	began=${EPOCHREALTIME/./}
	report=$("${fast}timeout" 60 "${fast}nsenter" --net="/run/netns/${netns[esx-a]}" "$@" 2>"$measured/stderr") || status=$?
	took=$((${EPOCHREALTIME/./} - began))
	# With -J iperf3 ends well whatever has happened.
	if [[ $report =~ \"error\":[[:space:]]*\"([^\"]*)\" ]]; then
		why=${BASH_REMATCH[1]}
	elif ((status)); then
		why="ended with $status: $(<"$measured/stderr")"
	fi
	if [[ $why ]]; then
		show_text "$why"
		report={}
	fi
	printf '%s\n' "$report" >>"$measured/transfers"
	snapshot
	record command host esx-a command "$*" output "$why"
	record transfer class "$class" label "$label" leaves "$leaves" arrives "$arrives" \
		command "$*" error "$why" milliseconds $((took / 1000))
}

hot() { transfer hot "$1" "$2" "$3" migsel exec hot -- iperf3 -J "${@:4}"; }
cold() { transfer cold "$1" "$2" "$3" migsel exec cold -- iperf3 -J "${@:4}"; }

# What the kernel counted by reason on the source, what the destination saw.
stats_and_connections() {
	local line
	ip -n "${netns[esx-a]}" -j link show >"$measured/links" &
	local links=$!
	in_netns esx-b nft -j list table inet demo >"$measured/flows" &
	show_command 'esx-a#' migsel stats show
	output=$(in_netns esx-a migsel stats show)
	while read -r line; do
		[[ $line =~ \ 0\ +0$ ]] || printf '%s\n' "$line"
	done <<<"$output"
	record stats text "$output" nics "$nics"
	wait "$links" && wait $!
}
