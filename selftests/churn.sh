#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Everything changes at once, for CHURN seconds, under tagged and untagged traffic:
# configuration, addresses, links, namespaces, the module itself. On a slow machine it
# goes on until everything was done once, for up to ten minutes more. CHURN_SEED
# repeats what each worker does; how they meet is up to the machine.
#
# Untagged flows lose nothing and see no error, nothing hangs, and at the end traffic
# follows the rule again. That the kernel does not complain and nothing is leaked is
# for the test kernel's harness to see.
#
# A's vmk0 keeps its name, its link and its first addresses, and the untagged flows
# use nothing else. vmk1 and vmk2 are churned; C is where they are moved to.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

three='tcp udp udpu'
seconds=${CHURN:-60}
seed=${CHURN_SEED:-$((SRANDOM % 32768))}
# Where each program takes a second to start, one round of a worker takes many: on a
# busy host a minute.
patience=180
# A piece of each flow every so many ms: the changes need the CPU as well.
pace=$((20 * slow))

# What a tagged flow may end with.
declare -A allowed=(
	[ok]=''
	[EHOSTUNREACH]='the rule refuses it, or nobody answers for the destination'
	[ENETUNREACH]='plain Linux has no route while NICs are down or away'
	[EADDRNOTAVAIL]='nor an address to send from'
	[EINVAL]='the address that a connected socket sends from is gone'
	[ENETDOWN]='the NIC went down under the packet'
	[ETIMEDOUT]='a connection stalls, as on a dead link'
	[ECONNRESET]='the peer has given it up'
)

# What has to be done at least once.
all_kinds="
	vmk-add vmk-del vmk-flush vmk-migration vmk-weight vmk-position vmk-stack vmk-provisioning
	policy-mode policy-unreachable policy-fallback tag stats-reset vmk-show route-get monitor
	addr4-add addr4-del addr6-add addr6-del route
	link-down link-up carrier-down carrier-up rename move-away move-back
	netns-add netns-del module-unload module-load
	$(echo {4,6}-{hot,cold,none}-{tcp,udp,udpu})
"

# Workers ---------------------------------------------------------------------

# Each is a process that goes on until told. An operation that succeeded is a line of
# the file $ops, and what is wrong is one of $wrongs.

made() { echo "$1" >>"$ops"; }
wrong() { echo "$worker: $*" >>"$wrongs"; }
going() { [[ ! -e $scratch/stop ]]; }

# one_of WORD...: into REPLY
one_of() {
	local n=$((RANDOM % $# + 1))
	REPLY=${!n}
}

# shuffled WORD...: into the array order
shuffled() {
	local i n
	order=("$@")
	for ((i = $#; i > 1; i--)); do
		n=$((RANDOM % i))
		set -- "${order[n]}"
		order[n]=${order[i - 1]} order[i - 1]=$1
	done
}

# rest [TIMES]: up to a quarter of a second, or so often
rest() {
	local times=${1-1} ms
	while ((times--)) && going; do
		ms=$((RANDOM % 250 + 1001))
		read -r -t "0.${ms:1}" -u "$never" || :
	done
}

# queue KIND COMMAND...: for the next batch
kinds=() lines=''
queue() {
	kinds+=("$1")
	lines+="${*:2}"$'\n'
}

# batch PROGRAM...: does what is queued, whatever of it fails: what other workers do
# is in its way.
batch() {
	local line n
	while read -r line; do
		[[ ! $line =~ (^Command failed )?-:([0-9]+) ]] || unset "kinds[BASH_REMATCH[2] - 1]"
	done < <("$@" -force -b - 2>&1 >/dev/null <<<"${lines%$'\n'}" || (($? < 128)) || wrong "$* dies")
	for n in "${kinds[@]}"; do
		made "$n"
	done
	kinds=() lines=''
}

# Each round begins with vmks, as the module may have come anew. It may take long, and so
# tries each kind of change, but flush not always, as it leaves no vmk.
configure() {
	local kind nic flag order
	while going; do
		one_of flush add
		shuffled del migration weight position stack provisioning add "$REPLY"
		queue vmk-add 'vmk add vmk0'
		queue vmk-add 'vmk add vmk1 migration on'
		for kind in "${order[@]}"; do
			one_of vmk0 vmk1 vmk2 vmk1 vmk2 mig1 mig2
			nic=$REPLY
			one_of on on off
			flag=$REPLY
			case $kind in
			del) queue vmk-del "vmk del $nic" ;;
			migration) queue vmk-migration "vmk set $nic migration $flag" ;;
			weight) queue vmk-weight "vmk set $nic weight $((RANDOM % 255 + 1))" ;;
			stack)
				one_of default default default vmotion provisioning
				queue vmk-stack "vmk set $nic stack $REPLY"
				;;
			provisioning) queue vmk-provisioning "vmk set $nic provisioning $flag" ;;
			position) queue vmk-position "vmk set $nic position $((RANDOM % 3))" ;;
			flush) queue vmk-flush 'vmk flush' ;;
			add) queue vmk-add "vmk add $nic migration $flag" ;;
			esac
		done
		batch migsel -n "$A"
	done
}

# The mode is mostly enforce, or there would be nothing to see.
govern() {
	local i near far
	near=$(to 4 1)
	far=$(far 6)
	while going; do
		for ((i = 0; i < 3; i++)); do
			case $((RANDOM % 8)) in
			0)
				one_of enforce enforce enforce observe off
				queue policy-mode "policy set mode $REPLY"
				;;
			1)
				one_of refuse pass
				queue policy-unreachable "policy set unreachable $REPLY"
				;;
			7)
				one_of first-vmk strict
				queue policy-fallback "policy set fallback $REPLY"
				;;
			2)
				one_of 'hot 0x10000 cold 0x20000' 'hot 0x30000 cold 0x20000' 'hot 0x20000 cold 0x30000'
				queue tag "tag set $REPLY"
				;;
			3) queue stats-reset 'stats reset' ;;
			4) queue vmk-show 'vmk show' ;;
			*)
				one_of "$near" "$far"
				queue route-get "route get $REPLY tag hot"
				;;
			esac
		done
		queue policy-mode 'policy set mode enforce'
		batch migsel -n "$A"
		rest
	done
}

# Somebody who listens, so that alarms are sent.
listen() {
	local heard
	while going; do
		heard=$(timeout -k 5 $((5 * slow)) migsel -n "$A" -j monitor 2>/dev/null)
		[[ -z $heard ]] || made monitor
	done
}

# Those of vmk1 and vmk2, and on vmk0 one that makes it share vmk1's subnet. What a
# program would say each time is asked once: starting one takes long. A change may, too, as
# it waits for the RTNL: each round makes all kinds of them.
readdress() {
	local change n nic verb family order shared=del four=() six=() routes4=() routes6=()
	for n in 1 2; do
		four[n]=$(address 4 D 1 "$n")/24
		six[n]=$(address 6 D 1 "$n")/64
		routes4[n]=$(far_routes 4 | grep "vmk$n")
		routes6[n]=$(far_routes 6 | grep "vmk$n")
	done
	while going; do
		[[ $shared == add ]] && shared=del || shared=add
		shuffled {add,add,del,route}' '{4,6} shared
		for change in "${order[@]}"; do
			read -r verb family <<<"$change"
			one_of 1 2
			n=$REPLY
			one_of vmk vmk vmk mig
			nic=$REPLY$n
			case $verb$family in
			route4) queue route "${routes4[n]/vmk$n/$nic}" ;;
			route6) queue route "${routes6[n]/vmk$n/$nic}" ;;
			*4) queue "addr4-$verb" "addr $verb ${four[n]} dev $nic" ;;
			*6) queue "addr6-$verb" "addr $verb ${six[n]} dev $nic nodad" ;;
			shared)
				queue "addr4-$shared" "addr $shared 198.51.100.30/24 dev vmk0"
				queue "addr6-$shared" "addr $shared 2001:db8:1::30/64 dev vmk0 nodad"
				;;
			esac
		done
		batch ip -n "$A"
		rest
	done
}

# relink N: all that befalls NIC N, in any order, and again. Each round leaves it up, in
# A, and mostly with its addresses and routes.
relink() {
	local n=$1 name=vmk$1 new order four six route4 route6
	shift
	route4=$(far_routes 4 | grep "vmk$n")
	route6=$(far_routes 6 | grep "vmk$n")
	four=$(address 4 D 1 "$n")/24
	six=$(address 6 D 1 "$n")/64
	while going; do
		if (($# == 0)); then
			shuffled link carrier name netns
			set -- "${order[@]}"
		fi
		case $1 in
		link)
			queue link-down "link set $name down"
			batch ip -n "$A"
			rest
			;;
		carrier)
			queue carrier-down "link set a$n down"
			batch ip -n "$SW"
			rest
			queue carrier-up "link set a$n up"
			batch ip -n "$SW"
			;;
		name)
			new=vmk$n
			[[ $name != "$new" ]] || new=mig$n
			rename
			;;
		netns)
			queue move-away "link set $name netns $C"
			batch ip -n "$A"
			rest
			queue move-back "link set $name netns $A"
			batch ip -n "$C"
			;;
		esac
		shift
		queue link-up "link set $name up"
		queue addr4-add "addr add $four dev $name"
		queue addr6-add "addr add $six dev $name nodad"
		queue route "${route4/vmk$n/$name}"
		queue route "${route6/vmk$n/$name}"
		batch ip -n "$A"
		rest 8
	done
	new=vmk$n
	[[ $name == "$new" ]] || rename
}

# From name to new, up. Not all kernels rename a device that is up.
rename() {
	queue link-down "link set $name down"
	queue rename "link set $name name $new"
	queue link-up "link set $new up"
	batch ip -n "$A"
	name=$new
}

# A host of its own on the switch, with vmks and traffic, which is ended before or
# after the namespace has lost its name.
live_and_die() {
	local i=0 D n order flows words
	while going; do
		D=D-$$-$((i++))
		ip netns add "$D" || wrong "no namespace $D"
		one_of S D
		for n in 0 1; do
			queue netns-nic "link add vmk$n netns $D type veth peer name d$n"
			queue netns-nic "link set d$n master bridge0 up"
		done
		batch ip -n "$SW"
		for n in 0 1; do
			queue netns-nic "link set vmk$n up"
			queue netns-nic "addr add $(address 4 "$REPLY" 3 "$n")/24 dev vmk$n"
			queue netns-nic "addr add $(address 6 "$REPLY" 3 "$n")/64 dev vmk$n nodad"
		done
		batch ip -n "$D"
		queue netns-vmk 'vmk add vmk0'
		queue netns-vmk 'vmk add vmk1 migration on'
		batch migsel -n "$D"
		read -ra words < <(both hot "$((RANDOM % 2))" "$three" ,port=5002,n=2,burst)
		"$work/flows" -n "$D" -l -i "$pace" -t 2000 "${words[@]}" >/dev/null 2>&1 &
		flows=$!
		made netns-add
		rest 4
		one_of 'kill ip' 'ip kill'
		for order in $REPLY; do
			case $order in
			kill)
				kill -KILL "$flows"
				wait "$flows" 2>/dev/null
				;;
			ip) ip netns del "$D" || wrong "$D stays" ;;
			esac
		done
		wait_for "$patience" no_link d0 || wrong "the devices of $D stay"
		made netns-del
	done
}

no_link() { ! ip -n "$SW" link show "$1" >/dev/null 2>&1; }

# What is being configured holds the module for a moment.
reload() {
	while going; do
		rest $((40 * slow))
		! rmmod migsel 2>/dev/null || made module-unload
		rest
		if modprobe migsel; then made module-load; else wrong 'the module does not load'; fi
	done
}

# flow_ends: of each flow, how it ended
flow_ends() {
	local id kind problem
	for id in "${!result[@]}"; do
		kind=${id%.*}
		[[ -v allowed[${result[$id]}] ]] || wrong "$kind: ${result[$id]}"
		[[ ${result[$id]} == ok ]] || kind="${kind#?-} ${result[$id]}"
		made "$kind"
	done
	for problem in "${problems[@]}"; do
		wrong "$problem"
	done
	problems=()
}

# tagged CLASS: flows that live through changes for up to a second or two
tagged() {
	local to flows=()
	for to in 0 1 2 far; do
		flows+=("$(both "$1" "$to" "$three" ,port=5002,burst)")
	done
	while going; do
		# shellcheck disable=SC2086  # words
		start_flows -l -i "$pace" -t 2000 ${flows[RANDOM % 4]}
		rest $((RANDOM % 12))
		stop_flows
		flow_ends
	done
}

# Flows that are opened while everything changes.
untagged() {
	local flows
	flows=$(both none 0 "$three")
	allowed=([ok]='')
	while going; do
		# shellcheck disable=SC2086  # words
		start_flows -t 30000 $flows
		end_flows
		flow_ends
	done
}

# The test --------------------------------------------------------------------

declare -A pids=() fds=() count=() since=()

# start WORKER ARGUMENT...
start() {
	local fd
	worker=$1${2-}
	ops=$scratch/$worker.ops
	: >"$ops"
	(
		RANDOM=$((seed + ${#pids[@]}))
		"$@"
	) 2>"$scratch/$worker.err" &
	pids[$worker]=$!
	defer "kill -KILL $! 2>/dev/null"
	exec {fd}<"$ops"
	fds[$worker]=$fd
	since[$worker]=$SECONDS
}

# tally: what workers have done since the last time
tally() {
	local worker kind
	for worker in "${!pids[@]}"; do
		while read -r -u "${fds[$worker]}" kind; do
			count[$kind]=$((${count[$kind]-0} + 1))
			since[$worker]=$SECONDS
		done
	done
}

# ended: all workers have; those that have not, into REPLY
ended() {
	local worker
	REPLY=
	for worker in "${!pids[@]}"; do
		! alive "${pids[$worker]}" || REPLY+=" $worker"
	done
	[[ -z $REPLY ]]
}

# Where each program is in the kernel, and whose child it is.
whereabouts() {
	local proc stat stack
	for proc in /proc/[0-9]*; do
		{ read -r stat <"$proc/stat" && mapfile -t -n 8 stack <"$proc/stack"; } 2>/dev/null || continue
		[[ ${stack[*]} != *kthread* ]] || continue
		ktap_print_msg "${stat:0:60}"
		((${#stack[@]} == 0)) || printf '#   %s\n' "${stack[@]#* }"
	done
}

# missing: what was not done yet, into REPLY
missing() {
	local kind
	REPLY=
	for kind in $all_kinds; do
		((${count[$kind]-0})) || REPLY+=" $kind"
	done
	[[ $REPLY ]]
}

churn() {
	local worker line begin=$SECONDS shown=$SECONDS
	while ((SECONDS - begin < seconds)) || { missing && ((SECONDS - begin < seconds + 600)); }; do
		((${#problems[@]} == 0)) || break
		tally
		for worker in "${!pids[@]}"; do
			((SECONDS - since[$worker] <= patience * slow)) || fail "$worker has done nothing for $((patience * slow)) s"
			alive "${pids[$worker]}" || fail "$worker has ended"
		done
		if ((SECONDS - shown >= 10)); then
			shown=$SECONDS
			missing || :
			ktap_print_msg "$((SECONDS - begin)) s, $(wc -w <<<"$REPLY") kinds of change not made yet:${REPLY:0:60}"
		fi
		read -r -t 1 -u "$never" || :
	done
	: >"$scratch/stop"
	wait_for $((2 * patience)) ended || { fail "these workers do not end:$REPLY"; whereabouts; }
	tally
	for worker in "${!pids[@]}"; do
		while read -r line; do
			fail "$worker says: $line"
		done <"$scratch/$worker.err"
	done
}

# What workers have found.
judged() {
	local line
	while read -r line; do
		fail "$line"
	done < <(sort "$wrongs" | uniq -c)
}

every_kind() {
	local kind line=
	! missing || fail "nothing was done of:$REPLY"
	while read -r kind; do
		line+="$kind, "
	done < <(for kind in "${!count[@]}"; do echo "$kind ${count[$kind]}"; done | sort)
	fold -s -w 90 <<<"${line%, }" | sed 's/^/# /'
}

# Those that were there all the time. Each byte was counted by the peer.
unharmed() {
	local id
	stop_flows
	results '*' ok
	for id in "${!errors[@]}"; do
		((${errors[$id]} == 0)) || fail "$id: ${errors[$id]} errors"
		((${sent[$id]} > 0)) || fail "$id: nothing was sent"
	done
	nothing_longer '*' 10000
}

own_subnets() {
	migsel -n "$A" tag set hot "$hot" cold "$cold" || fail 'no tag'
	shape D D 2 1 0
	vmks vmk0 vmk1+
	traffic $(both hot far "$three") $(both cold far "$three")
	results '*' ok
	leaves_by '*-hot-*' vmk1
	leaves_by '*-cold-*' vmk0
	reasons dedicated-subnet cold-first-vmk
}

several() {
	shape S S 0 1 2
	vmks vmk0 vmk1+ vmk2+
	traffic $(both hot 1 "$three" ,n=4) $(both cold 0 "$three")
	results '*' ok
	leaves_by '*-cold-*' vmk0
	leaves_split '*-hot-*' '0 12 12'
	reasons multi-nic cold-first-vmk
}

need modprobe rmmod timeout fold sort uniq
ktap_print_header
ktap_set_plan 6
ktap_print_msg "CHURN=$seconds CHURN_SEED=$seed, $(nproc) CPUs"
make_hosts
add_netns C
exec {other}< <(exec nsenter --net="/run/netns/$B" "$work/sink" 5002)
defer "stop $!"
read -r -t 60 -u "$other" || ktap_exit_fail_msg 'no second sink'
shape D D 2 1 0
wrongs=$scratch/wrongs
: >"$wrongs"
start_flows -l -i "$pace" -t 30000 $(both none 0 "$three" ,n=2)
for worker in govern listen readdress live_and_die reload untagged; do
	start "$worker"
done
start configure 1
start configure 2
start relink 1
start relink 2
start tagged hot
start tagged cold
run_test 'every worker makes progress and ends' churn
run_test 'untagged flows lose nothing' unharmed
run_test 'tagged flows fail only as they may' judged
run_test 'everything was done' every_kind
run_test 'traffic follows the rule again: own subnets' own_subnets
run_test 'traffic follows the rule again: several migration vmks' several
ktap_finished
