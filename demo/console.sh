# SPDX-License-Identifier: GPL-2.0-only
# What scenarios are written in: commands that are run as they are shown, and
# transfers between snapshots of the counters; sourced, not run.
# shellcheck shell=bash
# shellcheck disable=SC2154  # topology.sh and demo.sh set the rest

servers=() sampler='' counted=
# What takes away the line that changes in place, on a terminal.
clear=
((!LIVE)) || clear=$'\r\e[K'
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
	printf '%s' "$clear"
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

# step TEXT: what is being done, where its commands are not shown.
step() { ((V)) || printf '%s  %s\n' "$clear" "$*"; }

show_text() {
	local line='' word words
	printf '%s' "$clear"
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

# title 'SITUATION: ANSWER': the answer is for the end, when it has been measured.
title() {
	local left="== ${measured##*/}  ${1%%: *} " right=" $current of ${#scenarios[@]} ==" rule
	printf -v rule '%*s' $((79 - ${#left} - ${#right})) ''
	echo
	echo "$left${rule// /=}$right"
	record title text "$1"
}

# setup TEXT: how the hosts are wired; from now on what they send is captured.
setup() {
	show_text "$*"
	record setup text "$*"
	begin_capture
}

# question TEXT: what the scenario answers.
question() {
	echo
	show_text "$*"
	echo
	record question text "$*"
}

# lesson TEXT: what to learn from it.
lesson() { record lesson text "$*"; }

# on HOST COMMAND...: run there as shown; what it says is shown and in $output.
on() {
	show_command "$1#" "${@:2}"
	unseen_on "$@"
	[[ -z $output ]] || printf '%s\n' "$output"
}

# unseen_on HOST COMMAND...: the same, for the report only
unseen_on() {
	local host=$1 status=0
	shift
	output=$(on_host "$host" "$@" 2>&1) || status=$?
	record command host "$host" command "$*" output "$output"
	((status == 0)) || die "scenario ${measured##*/}: '$*' on $host ended with $status: $output"
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

# reason REASON ARG...: what the kernel's decision code says, and is to say. The same
# again with the rows of the rule that it has tested.
reason() {
	local expected=$1
	shift
	in_netns esx-a migsel -j -d route get "$@" >"$measured/explained" &
	on esx-a migsel route get "$@"
	wait $!
	record reason expected "$expected" text "$output" explained "$(<"$measured/explained")"
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

# start_server PORT COMMAND...: on esx-b
start_server() {
	local enter
	enter esx-b
	show_command 'esx-b#' "${@:2}" '&'
	"${enter[@]}" "${@:2}" >/dev/null 2>&1 &
	servers[$1]=$!
	record command host esx-b command "${*:2} &" output ''
}

# All of them are ready, and nothing has been sent yet.
await_servers() {
	local port
	for port in "${!servers[@]}"; do
		until is_listening "${servers[port]}" "$port" esx-b; do
			kill -0 "${servers[port]}" 2>/dev/null || die "nothing can listen on port $port"
			read -rt 0.02 -u "$never" || :
		done
	done
	await_capture
	snapshot
}

# serve PORT...: a destination for one transfer on each.
serve() {
	local port
	for port; do
		start_server "$port" iperf3 -s -1 -p "$port"
	done
	await_servers
}

end_servers() {
	((${#servers[@]})) || return 0
	end_processes "${servers[@]}"
	servers=()
}

# read_counters HOST: of its NICs, as JSON, into REPLY
read_counters() {
	local nic line=
	local -a count
	while read -ra count; do
		nic=${count[0]%:}
		[[ " $nics " != *" $nic "* ]] || line+="${line:+,}\"$nic\":{\"rx\":${count[1]},\"tx\":${count[9]}}"
	done <"/proc/${process[$1]}/net/dev"
	REPLY="{$line}"
}

# sent_since COUNTERS STARTED: into `line` how long ago that was, and what esx-a has sent: by how
# much its counters in REPLY are more.
sent_since() {
	local nic sent pattern
	local -i tenths=$(((${EPOCHREALTIME/./} - $2) / 100000))
	printf -v line '%3d.%d s' $((tenths / 10)) $((tenths % 10))
	for nic in $nics; do
		pattern="\"$nic\":\{\"rx\":[0-9]+,\"tx\":([0-9]+)"
		[[ $REPLY =~ $pattern ]]
		sent=${BASH_REMATCH[1]}
		[[ $1 =~ $pattern ]]
		tenths=$(((sent - BASH_REMATCH[1] + 50000) / 100000))
		printf -v line '%s  %s %d.%d MB' "$line" "$nic" $((tenths / 10)) $((tenths % 10))
	done
}

# The counters of both hosts' NICs, of esx-a in `counted`, too, and of the reasons on the source.
snapshot() {
	local host
	in_netns esx-a migsel -j stats show >>"$measured/reasons" &
	for host in esx-b esx-a; do
		read_counters "$host"
		echo "$REPLY" >>"$measured/$host"
	done
	counted=$REPLY
	wait $!
}

# The same five times a second since the scenario `began`, and what esx-a has sent since STARTED:
# on a terminal in one line that goes again, otherwise as a line every two seconds.
sample() {
	local now line last=$1
	while :; do
		now=${EPOCHREALTIME/./}
		read_counters esx-b
		line="{\"milliseconds\":$(((now - began) / 1000)),\"b\":$REPLY"
		read_counters esx-a
		echo "$line,\"a\":$REPLY}" >>"$measured/samples"
		if [[ $clear ]]; then
			sent_since "$counted" "$1"
			printf '%s%s' "$clear" "$line"
		elif ((now - last >= 2000000)); then
			last=$now
			sent_since "$counted" "$1"
			echo "$line"
		fi
		read -rt 0.2 -u "$never" || :
	done
}

end_sampler() {
	[[ $sampler ]] || return 0
	end_processes "$sampler"
	sampler=
	printf '%s' "$clear"
}

# measure CLASS LABEL LEAVES ARRIVES COMMAND...: from esx-a to esx-b. The command, a
# function, leaves in `report` what it has sent, and in `why` why not. LEAVES and
# ARRIVES name the NICs by which it is to go: each word carries all of it, a word
# of several NICs (vmk1+vmk2) in even parts. LEAVES may be "refused" instead.
measure() {
	local class=$1 label=$2 leaves=$3 arrives=$4 started ended report='{}' why='' command='' line before=$counted
	shift 4
	started=${EPOCHREALTIME/./}
	sample "$started" &
	sampler=$!
	"$@"
	ended=${EPOCHREALTIME/./}
	end_sampler
	if [[ $why ]]; then
		show_text "$why"
		report={}
	fi
	printf '%s\n' "$report" >>"$measured/transfers"
	snapshot
	sent_since "$before" "$started"
	echo "$line"
	record transfer class "$class" label "$label" leaves "$leaves" arrives "$arrives" \
		command "$command" error "$why" \
		began $(((started - began) / 1000)) ended $(((ended - began) / 1000))
}

# send COMMAND...: on esx-a; what it says is in `report`
send() {
	local enter status=0
	enter esx-a
	command=$*
	show_command 'esx-a#' "$@"
	report=$("${fast}timeout" 300 "${enter[@]}" "$@" 2>"$measured/stderr") || status=$?
	# With -J iperf3 ends well whatever has happened.
	if [[ $report =~ \"error\":[[:space:]]*\"([^\"]*)\" ]]; then
		why=${BASH_REMATCH[1]}
	elif ((status)); then
		why="ended with $status: $(<"$measured/stderr")"
	fi
	record command host esx-a command "$*" output "$why"
}

hot() { measure hot "$1" "$2" "$3" send migsel exec hot -- iperf3 -J "${@:4}"; }
cold() { measure cold "$1" "$2" "$3" send migsel exec cold -- iperf3 -J "${@:4}"; }

# What the kernel counted by reason on the source, what the destination saw.
stats_and_connections() {
	local line
	{
		ip -n "${netns[esx-a]}" -j -batch - <<<$'address show\nroute show'
		ip -n "${netns[esx-b]}" -j address show
	} >"$measured/links" &
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
