#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh    feed what reads descriptions of hosts with whatever reaches new code in it
#
# Coverage-guided, by clang's libFuzzer with its detectors of bad memory accesses, leaks and
# undefined behaviour. It begins with the samples of the tests and the corpus here. An input
# that fails is kept in .cache/fuzz/, and is fed again by naming it as an argument.
#   SECONDS_OF_IT=600  how long (default: a minute)
#   MERGE=1            add to corpus/ what reaches code that nothing there does
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
selftests/vm/need.sh build fuzz

folder=$PWD/.cache/fuzz
mkdir -p "$folder/found"
# All but the part that begins a program.
mapfile -t sources < <(find userspace/lib userspace/commands -name '*.c' | sort)
flags='-std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined'
# shellcheck disable=SC2046,SC2086  # words
clang $flags -DVERSION='"fuzz"' -Iuserspace/include -Iuserspace/lib -Iuserspace/commands -Iinclude/uapi \
	$(pkg-config --cflags libmnl jansson) -o "$folder/describe" selftests/fuzz/describe.c module/rule.c "${sources[@]}" \
	$(pkg-config --libs libmnl jansson) -lcsv
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=1} UBSAN_OPTIONS=print_stacktrace=1
cd "$folder"
# What the tool complains is thrown away with standard error: libFuzzer reports by a copy.
options=(-close_fd_mask=2 -timeout=10 -rss_limit_mb=2048 -max_len=8192)
if (($#)); then
	./describe "${options[@]}" "$@"
elif [[ ${MERGE-} ]]; then
	./describe "${options[@]}" -merge=1 "$OLDPWD/selftests/fuzz/corpus" "$OLDPWD/selftests/explain" found
else
	./describe "${options[@]}" -max_total_time="${SECONDS_OF_IT:-60}" -print_final_stats=1 \
		found "$OLDPWD/selftests/fuzz/corpus" "$OLDPWD/selftests/explain"
fi
