#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool, in a kernel that takes only signed modules: what it says of the module that it
# does not find. What modprobe says there is the proof.
#
# Needs root, a kernel with MODULE_SIG and SECURITY_LOCKDOWN_LSM that may be changed for
# good, jq and openssl: make vm RUN=selftests/tool_refused_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2016,SC2317 # jq's variables; the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

enforced=/sys/module/module/parameters/sig_enforce
module=$(modinfo -n migsel)

# install_module FILE: in the place of the one that is there, for this test
install_module() {
	mount --bind "$1" "$module" || fail 'it cannot be replaced'
	defer "umount $module"
}

# sign NAME FILE: a module, with a new key of that name
sign() {
	local length
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$scratch/key" -out "$scratch/certificate" 2>/dev/null || fail 'no key'
	openssl cms -sign -binary -noattr -nocerts -md sha256 -outform DER -in "$module" \
		-signer "$scratch/certificate" -inkey "$scratch/key" -out "$scratch/signature" || fail 'no signature'
	# as the kernel has it: a PKCS #7 message, and in the end its length
	printf -v length '%08x' "$(stat -c %s "$scratch/signature")"
	{
		cat "$module" "$scratch/signature"
		printf '\0\0\2\0\0\0\0\0'
		printf %b "\\x${length:0:2}\\x${length:2:2}\\x${length:4:2}\\x${length:6:2}"
		echo '~Module signature appended~'
	} >"$2"
}

# is_refused WHY STATUS PATTERN: by modprobe in these words; by migsel in its own
is_refused() {
	run 1 modprobe migsel
	[[ $err == *"$1"* ]] || fail "modprobe: $err"
	refused 1 "^Error: this kernel refuses the migsel module: .*$2.*SECURE BOOT" m vmk show
	refused 1 'refuses the migsel module' m stats
	run 7 m -j check severity error
	holds --arg like "$2" 'map(select(.code == "module-refused")) | length == 1 and
		(.[0] | .severity == "error" and (.message | test($like)) and has("advice") and (has("fix") | not))' ||
		fail "check: $out"
	run 1 m check
	[[ $out != *module-missing* && ! -e /sys/module/migsel ]] || fail "check: $out"
}

# One that is not loaded, as far as can be told.
is_missing() {
	refused 1 'the migsel module is not loaded: run "modprobe migsel"' m vmk show
	run 6 m -j check severity error
	json 'map(.code) | index("module-missing") and (index("module-refused") | not)'
}

test_enforced() {
	run 0 m vmk show
	rmmod migsel
	# The family's name would load it now.
	run 0 m vmk show
	rmmod migsel
	echo 1 >"$enforced"
	is_refused 'Key was rejected by service' 'it takes only signed ones, and the one that is installed is not'
}

test_key_not_enrolled() {
	sign 'A key of nobody' "$scratch/signed.ko"
	install_module "$scratch/signed.ko"
	is_refused 'Key was rejected by service' 'the key "A key of nobody" of the one that is installed is not enrolled'
	# who is not shown the keys cannot tell
	run 6 nsenter --net="/run/netns/$host" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$(command -v migsel)" check severity error
}

# A key of that name is there: modprobe will tell more.
test_key_of_that_name() {
	local known
	known=$(modinfo -F signer veth)
	[[ $known ]] || fail 'the modules of this kernel are not signed'
	sign "$known" "$scratch/signed.ko"
	install_module "$scratch/signed.ko"
	is_missing
}

test_not_installed() {
	mkdir "$scratch/empty"
	mount --bind "$scratch/empty" "/lib/modules/$(uname -r)"
	defer "umount /lib/modules/$(uname -r)"
	is_missing
}

# As distributions have it where Secure Boot is on: by lockdown alone. What was switched on
# before cannot be switched off; migsel does not see it.
test_locked_down() {
	echo N >"$scratch/no"
	mount --bind "$scratch/no" "$enforced"
	defer "umount $enforced"
	is_missing
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	is_missing
	echo integrity >/sys/kernel/security/lockdown
	[[ $(</sys/kernel/security/lockdown) == *'[integrity]'* ]] || fail 'not locked down'
	is_refused 'Key was rejected by service' 'is installed is not'
}

[[ -w $enforced ]] || ktap_skip_all 'this kernel knows no signatures of modules'
need jq openssl
run_tests "$@"
