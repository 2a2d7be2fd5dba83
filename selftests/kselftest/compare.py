#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""compare.py FOLDER MODE...: what the tests said in each mode, beside what they said in the
first. Ends with 1 if anything turned."""

import os
import re
import sys

GOOD = {"OK", "PASS", "ok", "passed"}
LINES = (
    re.compile(r"^(?P<what>.*?)\s*\[\s*(?P<how>OK|PASS|FAIL|SKIP|XFAIL|NOT OK)\s*\]"),
    re.compile(r"^\s*(?P<how>ok|not ok) \d+ -? ?(?P<what>.*)"),
    re.compile(r"^(?P<how>PASS|FAIL|SKIP|ok|OK)\b:? *(?P<what>.*)"),
    re.compile(r"^(?P<what>.*?)\s*(?P<how>passed|failed)$"),
)
STATUS = {0: "ok", 4: "skip", 124: "late", 137: "late"}


def read(path):
    """The status, and each line that says how something went; numbers differ each time."""
    status, said = None, {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return "lost", said
    for line in lines:
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if line.startswith("status "):
            status = int(line[7:])
            continue
        for form in LINES:
            match = form.match(line)
            if match:
                what = re.sub(r"0x[0-9a-f]+|\d+([.:]\d+)*|ns\S*-\w{6,}", "N", match["what"]).strip()
                said.setdefault(what, []).append("ok" if match["how"] in GOOD else match["how"])
                break
    return "lost" if status is None else STATUS.get(status, "fail"), said


def cell(result):
    status, said = result
    how = [one for each in said.values() for one in each]
    return f"{status} {how.count('ok')}/{len(how)}" if how else status


def main():
    folder, modes = sys.argv[1], sys.argv[2:]
    tests = sorted({test for mode in modes if os.path.isdir(f"{folder}/{mode}")
                    for test in os.listdir(f"{folder}/{mode}")})
    turned = []
    print(f"{'good lines of all':36}" + "".join(f"{mode:>14}" for mode in modes))
    for test in tests:
        results = [read(f"{folder}/{mode}/{test}") for mode in modes]
        print(f"{test.replace('_', '/', 1):36}" + "".join(f"{cell(result):>14}" for result in results))
        for mode, (status, said) in list(zip(modes, results))[1:]:
            if status != results[0][0]:
                turned.append(f"{mode} {test}: {results[0][0]} -> {status}")
            for what in {**results[0][1], **said}:
                old, new = results[0][1].get(what, ["none"]), said.get(what, ["none"])
                if old != new:
                    turned.append(f"{mode} {test}: {what}: {' '.join(old)} -> {' '.join(new)}")
    good = sum(read(f"{folder}/{modes[0]}/{test}")[0] == "ok" for test in tests)
    print(f"{len(tests)} tests, {good} of them good in mode {modes[0]}; {len(turned)} turned")
    print("\n".join(turned))
    sys.exit(bool(turned))


main()
