#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the demo, for test kernel KERNEL: that it runs, that its report is whole,
# and that it fails where the rule does not hold. KTAP on standard output; arguments
# choose tests by name.
. "$(dirname "$(readlink -f "$0")")/vm/test_lib.sh"

export OUT=$scratch/report

# The question comes before the answer, also in the heading.
pitfall_is_shown() {
	DEMO=pitfall demo/run.sh >"$scratch/out" 2>"$scratch/err"
	is $? 0 && says 'dev vmk0 .*reason same-subnet' out && says '^PASS$' out &&
		says '^== 3  Same subnet, one migration NIC =* 1 of 1 ==$' out &&
		is "$(grep -m 1 -e 'which NIC does hot' -e ' reason ' "$scratch/out")" \
			'One subnet, one migration NIC: which NIC does hot traffic leave by?' &&
		says '^PASS   3  Same subnet, one migration NIC: the pitfall$' out && says '^1 of 1 scenarios' out &&
		cp "$scratch/out" "$scratch/shown"
}

# report CHECK [ FOLDER ]: see report_test.py
report() { python3 selftests/report_test.py "$1" "${2-$OUT}" 2>"$scratch/err"; }

measured() { [[ -e $OUT/index.html ]] || pitfall_is_shown; }

# The last that is said of a transfer before the next command is what the NICs have counted.
sent_is_as_counted() {
	measured || return
	is "$(awk '/^ *[0-9]+\.[0-9] s  vmk0/ { line = $0 } /^esx-a#/ && line { sub(/.* s  /, "", line); print line; line = "" }' \
		"$scratch/shown")" "$(jq -r 'def mb: . / 100000 | round | "\(. / 10 | floor).\(. % 10) MB";
			.scenarios[0] | .nics as $nics | .transfers[].sent
			| [$nics[] as $nic | "\($nic) \(.[$nic] | mb)"] | join("  ")' "$OUT/result.json")"
}

# The page is written as XML, too, so that a slip in quoting shows.
report_is_whole() { measured && report whole; }
rule_is_told() { measured && report rules; }
long_parts_are_folded() { measured && report folds; }
newcomers_are_answered() { measured && report lessons; }
manual_has_the_pictures() { measured && report manual; }
pictures_are_as_counted() { measured && report pictures; }
charts_are_as_counted() { measured && report charts; }
captures_tell_the_reason() { measured && report captures; }

# changed FILTER: a report of other results, in $scratch/changed
changed() {
	measured || return
	rm -rf "$scratch/changed"
	cp -r "$OUT" "$scratch/changed"
	jq "$1" "$OUT/result.json" >"$scratch/changed/result.json"
	demo/report.sh "$scratch/changed" 2>"$scratch/err"
}

# Time in which nothing is carried takes no place.
idle_time_is_left_out() {
	changed '.scenarios[0].transfers[0].began -= 6000' && report charts "$scratch/changed"
}

# As words of a page, of graphviz and of gnuplot.
# shellcheck disable=SC2016  # for none of them
hostile_words_are_quoted() {
	changed '("\"<b>&amp;\\N\\" + "\u0027`$(id)]]>") as $word | .scenarios[0]
		|= (.title = $word + ": " + $word | .question = $word | .transfers[].label = $word
			| .addresses["esx-b"].vmk0[0] = $word | .routes[0].dst = $word + "/24")' &&
		report whole "$scratch/changed" && report pictures "$scratch/changed"
}

# Counters of which a page was not drawn contradict it, those of which it was do not.
changed_counter_is_drawn() {
	changed '.scenarios[0].transfers[-1] |= (.sent.vmk0 += 9000000 | .received.vmk0 += 9000000)' || return
	report pictures "$scratch/changed" && report charts "$scratch/changed" || return
	cp "$OUT/result.json" "$scratch/changed/"
	! report pictures "$scratch/changed" && says "'vmk0', 'cold'" && ! report charts "$scratch/changed"
}

# Two NICs on a third: each of their flows is captured twice, and commented on once.
physical_nic_is_told_apart() {
	local check
	OUT=$scratch/below DEMO=5 demo/run.sh >"$scratch/out" 2>"$scratch/err" || return
	for check in whole rules lessons pictures charts captures; do
		report "$check" "$scratch/below" || return
	done
}

# As wide as they are with two NICs and with three, they are in one scale beside each other.
pictures_are_comparable() {
	measured && { [[ -e $scratch/below/index.html ]] || physical_nic_is_told_apart; } || return
	mkdir "$scratch/both"
	cp "$OUT"/*.pcapng "$scratch"/below/*.pcapng "$scratch/both/"
	jq -s '.[0].scenarios += .[1].scenarios | .[0]' "$OUT/result.json" "$scratch/below/result.json" \
		>"$scratch/both/result.json"
	demo/report.sh "$scratch/both" && grep -q 'id="compared"' "$scratch/both/index.html" &&
		report pictures "$scratch/both"
}

# A host that was only described; one that does not say enough is asked about.
described_host_is_shown() {
	HOST_FILE=Documentation/examples/pitfall.txt OUT=$scratch/described demo/run.sh >"$scratch/out" 2>"$scratch/err"
	is $? 0 && says '^esx-07: vMotion leaves by vmk0, though' out && says '^  vmk0  *####.* [1-9][0-9.]* MB$' out || return
	HOST_FILE=Documentation/examples/fleet.csv OUT=$scratch/described demo/run.sh >"$scratch/out" 2>"$scratch/err"
	is $? 1 && says 'fleet.csv does not do for a lab'
}

# A file of the older format holds no comments.
missing_comment_is_seen() {
	changed . && report captures "$scratch/changed" || return
	editcap -F pcap "$OUT/scenario-3.pcapng" "$scratch/changed/scenario-3.pcapng"
	! report captures "$scratch/changed" && says "flow 0: comment ''"
}

# unenforced SCENARIO: whatever is asked of migsel, the rule is not enforced.
unenforced() {
	local -x OUT=$scratch/unenforced
	# shellcheck disable=SC2016
	DEMO=$1 vm '
		real=$(type -P migsel)
		mkdir /tmp/bin
		printf "#!/bin/sh\n%s policy set mode observe\nexec %s \"\$@\"\n" "$real" "$real" >/tmp/bin/migsel
		chmod +x /tmp/bin/migsel
		PATH=/tmp/bin:$PATH demo/demo.sh
	'
	demo/report.sh "$OUT" || return
	is "$status" 1 && ! grep 'the kernel reports' "$scratch/err" && says '^FAIL$' out && says "^FAIL *$1  " out &&
		grep -q 'class="fail"' "$OUT/index.html"
}

rule_not_enforced_fails() {
	unenforced 3 &&
		says 'scenario 3: hot, IPv4: esx-a sent .* by vmk1 where it is to be none' &&
		says 'scenario 3: cold: esx-a sent .* by vmk1 where it is to be none'
}

# It migrates well, only by the wrong NICs.
migration_not_steered_fails() {
	unenforced 8 && ! grep -e 'QEMU#' -e sha256sum "$scratch/out" &&
		says '^its state on esx-b  *running$' out &&
		says 'scenario 8: cold files: esx-a sent .* by vmk1 where it is to be none' &&
		says 'scenario 8: active disk: esx-a sent .* by vmk1 where it is to be none' &&
		says 'scenario 8: memory: esx-a sent .* by vmk1 where it is to be none'
}

# chosen DEMO [KERNEL]: the scenarios of it, there
chosen() (
	. demo/choose.sh
	DEMO=$1 KERNEL=${2-} choose_scenarios && echo "${scenarios[@]##*/}" || echo "$REPLY"
)

scenarios_are_chosen() {
	is "$(chosen '')" "$(find demo/scenarios -name '*.sh' -printf '%f\n' | sort -V | xargs)" &&
		is "$(chosen pitfall)" 3-pitfall.sh && is "$(chosen ' 12,3 pitfall,')" '3-pitfall.sh 12-strict.sh' &&
		is "$(chosen migrate-two)" '9-migrate-two-nics.sh' &&
		is "$(chosen migrate | wc -w)" 5 && is "$(chosen '1 migrate' uml)" 1-plain-linux.sh
}

# Before anything is booted, in one line each.
refusals_are_told() {
	local wrong
	for wrong in 99 own- '3 pit' $'\e[2J' "$(printf '%0999d' 3)"; do
		! DEMO=$wrong demo/run.sh >"$scratch/out" 2>"$scratch/err" &&
			says "^demo: there is no scenario '[^ ]*', only 1 plain-linux, 2 own-subnet, 3 pitfall, .*, and migrate" &&
			is "$(wc -lc <"$scratch/err" | awk '{ print $1, ($2 < 500) }')" '1 1' && ! grep $'\e' "$scratch/err" || return
	done
	! KERNEL=uml DEMO=migrate demo/run.sh 2>"$scratch/err" &&
		says '^demo: no scenario is left: KERNEL=uml is too slow' &&
		! OUT=/proc/report demo/run.sh 2>"$scratch/err" && says '^demo: cannot write to /proc: name another folder' &&
		! demo/run.sh -x 2>"$scratch/err" && says "^demo: there is no option '-x'" &&
		! demo/demo.sh 2>"$scratch/err" && says '^demo: the module is not loaded\|run it as root$'
}

# One of more scenarios is not replaced without a word, and not before there is another.
earlier_report_stays() {
	local -x OUT=$scratch/earlier
	mkdir "$OUT"
	echo '{"scenarios":[{},{}]}' | tee "$OUT/result.json" >"$OUT/index.html"
	! DEMO=3 KERNEL=/nowhere demo/run.sh 2>"$scratch/err" &&
		says 'earlier, of 2 scenarios, will be replaced by one of 1$' &&
		says 'no new report: .*/earlier is of an earlier run$' && is "$(find "$OUT" -mindepth 1 | wc -l)" 2
}

# As by Ctrl-C.
interrupted_run_leaves_nothing() {
	local pid
	env --default-signal=INT setsid env DEMO=3 OUT="$scratch/none/report" demo/run.sh >"$scratch/out" 2>"$scratch/err" &
	pid=$!
	wait_for 60 grep -q booting "$scratch/err" && compgen -G "$scratch/.demo-report.*" >/dev/null || return
	kill -INT -- -"$pid"
	! wait "$pid" && wait_for 10 session_is_over "$pid" && [[ ! -e $scratch/none ]] &&
		! compgen -G "$scratch/.demo-report.*" && ! grep report: "$scratch/err"
}

session_is_over() { ! pgrep -s "$1"; }

# With every kernel; what is the page's alone and a real migration, where it is fast.
tests=(pitfall_is_shown sent_is_as_counted captures_tell_the_reason rule_not_enforced_fails refusals_are_told
	scenarios_are_chosen earlier_report_stays interrupted_run_leaves_nothing)
[[ ${KERNEL-} == @(uml|debug) ]] || tests+=(report_is_whole rule_is_told long_parts_are_folded
	newcomers_are_answered manual_has_the_pictures pictures_are_as_counted
	charts_are_as_counted changed_counter_is_drawn missing_comment_is_seen
	idle_time_is_left_out hostile_words_are_quoted physical_nic_is_told_apart pictures_are_comparable described_host_is_shown migration_not_steered_fails)
(($# == 0)) || tests=("$@")
run_tests "${tests[@]}"
