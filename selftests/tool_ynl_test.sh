#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The netlink family driven by clients that know nothing of migsel: the YNL command
# line of the kernel's source reads the specification and does every operation, every
# dump, and hears every notification; genl of iproute2 shows the policy.
#
# Needs root, the module, jq, genl, python3-yaml and python3-jsonschema, and in YNL the
# folder tools/net/ynl of a kernel source, 6.12 or later:
# VM_ENV=YNL YNL=FOLDER make vm RUN=selftests/tool_ynl_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

spec=$top/Documentation/netlink/specs/migsel.yaml
YNL=${YNL-}

# The specification without its notifications, or those alone.
operations() {
	python3 - "$spec" "$1" <<-'END'
		import sys, yaml
		for op in yaml.safe_load(open(sys.argv[1]))["operations"]["list"]:
		    if ("do" in op or "dump" in op) == (sys.argv[2] == "asked"):
		        print(op["name"])
	END
}

used=()

# ynl ARGUMENT...: in the host's namespace; what is done is noted. Unless asked to, it does
# not hold the specification against the schema, which takes half its time. Where the CPU
# wants 64-bit numbers aligned there are paddings, which YNL before 6.13 takes for unknown.
ynl() {
	local i
	for ((i = 1; i < $#; i++)); do
		[[ ${!i} != --@(do|dump|multi) ]] || used+=("${@:i+1:1}")
	done
	nsenter --net="/run/netns/$host" python3 "$YNL/cli.py" --spec "$spec" \
		--no-schema --process-unknown --output-json "$@"
}

test_operations() {
	local i0 i1
	fresh
	read -r i0 < <(ip netns exec "$host" cat /sys/class/net/vmk0/ifindex)
	read -r i1 < <(ip netns exec "$host" cat /sys/class/net/vmk1/ifindex)
	run 0 ynl --multi vmk-add "{\"ifindex\": $i0}" \
		--multi vmk-add "{\"ifindex\": $i1, \"migration\": 1, \"weight\": 7, \"position\": 1}" \
		--multi vmk-set "{\"ifindex\": $i1, \"weight\": 9}" \
		--multi vmk-get "{\"ifindex\": $i1}" \
		--multi tag-set '{"mask": 65280, "hot": 256, "cold": 512}' \
		--multi tag-get '{}' \
		--multi policy-set '{"mode": "observe", "unreachable": "pass", "fallback": "strict"}' \
		--multi policy-get '{}' \
		--multi route-get '{"dst4": 3221225993, "class": "hot", "details": true}' \
		--multi route-get '{"dst6": "20010db8000000000000000000000021", "mark": 512}' \
		--multi stats-reset '{}' \
		--multi config-set "{\"policy\": [{\"unreachable\": \"pass\"}], \"vmk\": [{\"ifname\": \"vmk1\", \"position\": 0, \"stack\": \"vmotion\"},
			{\"ifname\": \"vmk0\", \"provisioning\": 1}]}" \
		--multi config-get '{}' \
		--multi config-set "{\"vmk\": [{\"ifindex\": $i1, \"position\": 1, \"change\": \"set\"}]}"
	json '.[3] | .ifname == "vmk1" and .weight == 9 and .migration == 1 and .position == 1
		and .usable == 1 and (.hot.packets | type == "number")'
	json ".[5] == {mask: 65280, hot: 256, cold: 512}"
	json '.[7] == {mode: "observe", unreachable: "pass", fallback: "strict"}'
	json '.[8] | .reason == "strict" and .verdict == "steer" and .class == "hot" and
		.ifname == "vmk1" and (.row | length) == '"$n_rows"' and .row[11].outcome == "applied" and
		.candidate[0].chosen == 1 and .table == 254 and .["prefix-len"] == 24'
	json '.[9] | .reason == "cold-first-vmk" and .class == "cold"'
	json '.[12] | .vmk == [{ifname: "vmk1", ifindex: '"$i1"', position: 0, migration: 1, weight: 9,
			stack: "vmotion", provisioning: 0},
		{ifname: "vmk0", ifindex: '"$i0"', position: 1, migration: 0, weight: 1,
			stack: "default", provisioning: 1}] and
		.tag == [{mask: 65280, hot: 256, cold: 512}]'
	run 0 m save
	out_like 'tag set mask 0xff00 hot 0x100 cold 0x200'
	out_like 'mode observe unreachable pass fallback strict'
	out_like 'vmk add dev vmk1 migration on weight 9'

	run 0 ynl --dump vmk-get
	json 'map(.ifname) == ["vmk0", "vmk1"]'
	run 0 ynl --dump stats-get
	json "map(.reason) == (\"${all_reasons[*]}\" | split(\" \"))"
	run 0 ynl --multi vmk-del "{\"ifindex\": $i0}" --multi vmk-flush '{}'
	run 0 m -j vmk
	out_is '[]'
	diff <(operations asked | sort) <(printf '%s\n' "${used[@]}" | sort -u) >"$scratch/diff" ||
		fail "not every operation was done: $(<"$scratch/diff")"
}

test_refusal() {
	fresh
	run 1 ynl --do vmk-add --json '{"ifindex": 4711}'
	[[ $out$err == *'no such device in this network namespace'* ]] || fail "says $out$err"
	[[ $out$err == *bad-attr*ifindex* ]] || fail "blames nothing: $out$err"
}

# cli.py, whose --sleep begins by saying so and lasts until there is a line to read.
patient='import os, runpy, sys, time
del sys.argv[0]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
time.sleep = lambda _: (print("subscribed", file=sys.stderr, flush=True), sys.stdin.readline())
runpy.run_path(sys.argv[0], run_name="__main__")'

# subscribe GROUP: a client in the background, that tells what it has heard once told to
subscribe() {
	local fd
	mkfifo "$scratch/$1.end"
	exec {fd}<>"$scratch/$1.end"
	nsenter --net="/run/netns/$host" python3 -c "$patient" "$YNL/cli.py" --spec "$spec" --no-schema \
		--process-unknown --output-json --subscribe "$1" --sleep 1 <&"$fd" >"$scratch/$1" 2>"$scratch/$1.err" &
	subscribers+=($!)
	defer "stop $!"
	ends+=("$fd")
	soon grep -q subscribed "$scratch/$1.err" || fail "$(<"$scratch/$1.err")"
}

# Who hears of the second flow was told of the first, as is everybody else.
two_alarms() {
	ip netns exec "$host" migsel exec hot -- bash -c 'echo >/dev/udp/192.0.2.21/9'
	[[ $(grep -c '"event":"alarm"' "$scratch/heard") -ge 2 ]]
}

test_notifications() {
	local heard fd ends=() subscribers=()
	three_vmks
	m vmk del vmk2
	subscribe config
	subscribe alarm
	m -b - <<-'END'
		vmk add vmk2 weight 5
		vmk set vmk2 weight 6
		vmk del vmk2
		tag set hot 0x30000
		tag set hot 0x10000
		policy set mode enforce
	END
	m save | sed 's/ weight .*/ weight 7/' | m restore
	m save | sed 's/ weight .*/ weight 1/' | m restore
	migsel -n "$host" -j monitor >"$scratch/heard" &
	defer "stop $!"
	soon two_alarms
	for fd in "${ends[@]}"; do
		echo >&"$fd"
	done
	wait "${subscribers[@]}"

	run 0 jq -c . "$scratch/config"
	json 'any(.name == "vmk-add-ntf" and .msg.weight == 5 and .msg.ifname == "vmk2")'
	json 'any(.name == "vmk-set-ntf" and .msg.weight == 6)'
	json 'any(.name == "vmk-del-ntf" and (.msg | keys) == ["ifindex", "ifname"])'
	json 'any(.name == "tag-ntf" and .msg.hot == 196608)'
	json 'any(.name == "config-ntf" and (.msg.vmk | map(.weight)) == [7, 7])'
	json 'any(.name == "policy-ntf" and .msg.mode == "enforce")'
	heard=$(jq -r '.[].name' "$scratch/out")
	run 0 jq -c . "$scratch/alarm"
	json '.[0].msg | .reason == "same-subnet" and .dst4 == "192.0.2.21" and
		.ifname == "vmk1" and .["dev-ifname"] == "vmk0"'
	heard+=$'\n'$(jq -r '.[].name' "$scratch/out")
	diff <(operations notified | sort) <(sort -u <<<"$heard") >"$scratch/diff" ||
		fail "not every notification was heard: $(<"$scratch/diff")"
}

# By attribute, as the kernel checks it.
test_genl_policy() {
	run 0 genl ctrl policy name migsel
	# vmk-add: a weight of 1 to 255, a migration of 0 or 1
	out_like 'op 1 policies:.*do='
	out_like 'type=U32 range:\[1,255\]'
	out_like 'type=U32 range:\[0,1\]'
}

[[ -e $YNL/cli.py ]] || { echo "Bail out! no YNL command line in '$YNL': say where it is with YNL="; exit 1; }
run_tests "$@"
