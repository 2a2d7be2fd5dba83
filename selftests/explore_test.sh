#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of make explore, in a browser without a screen: explore/page.py has the tests.
# SEED=N asks the same random configurations again. It needs no test kernel.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
selftests/vm/need.sh explore explore-test
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

explore/build.sh "$scratch/explore.html"
gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-Iuserspace/include -Iinclude/uapi -Imodule -Iexplore \
	-o "$scratch/answers" selftests/explore/answers.c module/rule.c
# Debian's own: selenium is installed there.
HOME=$scratch /usr/bin/python3 -B selftests/explore/page.py "$scratch/explore.html" "$scratch/answers"
