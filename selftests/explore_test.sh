#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of make explore, in a browser without a screen: explore/page.py has the tests. What
# it says is compared with the rule as explore/answers.c asks it, and with the page's own C built
# natively, with detectors. What it prints for the lab is done in a test kernel, by explore/lab.sh.
# SEED=N asks the same random configurations again.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit
selftests/vm/need.sh explore explore-test lab || exit
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

explore/build.sh "$scratch/explore.html" || exit
gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-Iuserspace/include -Iinclude/uapi -Imodule -Iexplore \
	-o "$scratch/answers" selftests/explore/answers.c module/rule.c || exit
mapfile -t sources < <(explore/sources.sh)
gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-Iuserspace/include -Iuserspace/lib -Iuserspace/commands -Iinclude/uapi -Iexplore \
	-o "$scratch/native" selftests/explore/native.c "${sources[@]}" -ffunction-sections -Wl,--gc-sections || exit
status=0
# Debian's own: selenium is installed there.
HOME=$scratch /usr/bin/python3 -B selftests/explore/page.py "$scratch/explore.html" "$scratch/answers" \
	"$scratch/native" "$scratch/commands" || status=1
# A test kernel does not see the host's /tmp.
SHOWN=$(<"$scratch/commands") || exit
export SHOWN
RUN=selftests/explore/lab.sh VM_ENV=SHOWN SMP=1 selftests/vm/run.sh || status=1
exit "$status"
