#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kernels.sh [TEST...]    make check for the test kernels that KERNELS names, one after
#                         another, a line for each; KERNELS=all is for all there are
#
# What a kernel's tests print goes to a file of the cache, and is shown where one failed.
# The last line is `N passed, N failed, N skipped`, of all of them.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=selftests/vm/lib.sh
. selftests/vm/lib.sh

all='6.1 6.12 7.3 6.12-rt 7.3-rt uml debug 6.12-arm64 6.1-s390x 6.1-i386'
# shellcheck disable=SC2153  # from the caller
kernels=$KERNELS
[[ $kernels != all ]] || kernels=$all
unset KERNELS ARCH

passed=0 failed=0 skipped=0
mkdir -p "$cache/log"
for kernel in $kernels; do
	log=$cache/log/check-$kernel.log start=$SECONDS
	# All runs where the default one is not named.
	[[ $kernel != "$(default_kernel)" ]] || kernel=
	KERNEL=$kernel selftests/check.sh "$@" >"$log" 2>&1 || :
	sum=$(tail -n 1 "$log")
	[[ $sum =~ ^[0-9]+\ passed,\ [0-9]+\ failed,\ [0-9]+\ skipped$ ]] || sum='0 passed, 1 failed, 0 skipped'
	read -r good _ bad _ skips _ <<<"$sum"
	((bad == 0)) || cat "$log"
	echo "== ${kernel:-$(default_kernel)}: $sum, $((SECONDS - start)) s"
	((passed += good, failed += bad, skipped += skips)) || :
done
echo "$passed passed, $failed failed, $skipped skipped"
((passed > 0 && failed == 0))
