#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""compare.py [--turned] FOLDER MODE...: what the tests said in each mode, beside what they said in the
first. What turned is set against the file `expected`. Ends with 1 if anything else turned, or
a test ended well in the first mode without a case that can be seen: it may have done nothing,
unless `list` has that its status is all. Where no device became a vmk the module had nothing
to decide: that is told, too. With --turned only the names of the tests are printed in which
something turned that was not expected."""

import fnmatch
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
    status, said, vmks = None, {}, 0
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return "lost", said, vmks
    for line in lines:
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if line.startswith("status "):
            status = int(line[7:])
            continue
        if line.startswith("vmks: "):
            vmks = int((line.split() + [0])[1])
            continue
        for form in LINES:
            match = form.match(line)
            if match:
                what = re.sub(r"0x[0-9a-f]+|\d+([.:]\d+)*|ns\S*-\w{6,}", "N", match["what"]).strip()
                said.setdefault(what, []).append("ok" if match["how"] in GOOD else match["how"])
                break
    return "lost" if status is None else STATUS.get(status, "fail"), said, vmks


def cell(result):
    status, said, _ = result
    how = [one for each in said.values() for one in each]
    return f"{status} {how.count('ok')}/{len(how)}" if how else status


def rows(name):
    """The lines of a file beside this one, without its comments."""
    with open(f"{os.path.dirname(os.path.abspath(__file__))}/{name}", encoding="utf-8") as file:
        return [line.rstrip() for line in file if line.strip() and line[0] != "#"]


def compare(test, mode, first, other):
    """Yields the case that turned, or none for the test as a whole, and how."""
    if other[0] != first[0]:
        yield mode, test, "", f"{first[0]} -> {other[0]}"
    cut = {"late", "lost"} & {first[0], other[0]}
    for what in {**first[1], **other[1]}:
        old, new = first[1].get(what, []), other[1].get(what, [])
        if cut:  # what one of them did not come to says nothing
            old, new = old[:len(new)], new[:len(old)]
        old, new = old or ["none"], new or ["none"]
        if old != new:
            yield mode, test, what, f"{' '.join(old)} -> {' '.join(new)}"


def sort_out(turned):
    """What turned and was expected, as lines by reason; the others, as test and line."""
    expected = [[field.strip() for field in row.split("|")] for row in rows("expected")]
    by_reason, others = {}, []
    for mode, test, what, how in turned:
        line = f"{mode} {test}{': ' if what else ''}{what}: {how}"
        for modes, tests, cases, reason in expected:
            # With a case that turns bad the test does.
            if mode in modes.split() and fnmatch.fnmatchcase(test, tests) and \
                    (fnmatch.fnmatchcase(what, cases) or (what, how) == ("", "ok -> fail")):
                by_reason.setdefault(reason, []).append(line)
                break
        else:
            others.append((test, line))
    return by_reason, others


def main():
    names = sys.argv[1] == "--turned"
    folder, *modes = sys.argv[1 + names:]
    tests = sorted({os.path.relpath(f"{place}/{name}", f"{folder}/{mode}") for mode in modes
                    for place, _, names in os.walk(f"{folder}/{mode}") for name in names})
    mute = tuple(row.split()[0] for row in rows("list") if row.endswith(" status"))
    turned, idle, bare, firsts = [], [], [], []
    table = [f"{'good lines of all':36}" + "".join(f"{mode:>14}" for mode in modes)]
    for test in tests:
        first, *others = (read(f"{folder}/{mode}/{test}") for mode in modes)
        table.append(f"{test:36}" + "".join(f"{cell(result):>14}" for result in [first, *others]))
        firsts.append(first[0])
        if first[0] == "ok" and not first[1] and not test.endswith(mute):
            idle.append(test)
        if first[0] != "skip" and not any(result[2] for result in others):
            bare.append(test)
        for mode, result in zip(modes[1:], others):
            turned += compare(test, mode, first, result)
    expected, others = sort_out(turned)
    if names:
        print("".join(f"{test}\n" for test in sorted({test for test, _ in others})), end="")
        return
    print(*table, sep="\n")
    for reason, lines in expected.items():
        print(f"expected: {reason}", *lines, sep="\n  ")
    print("".join(f"turned: {line}\n" for _, line in others), end="")
    print("".join(f"ran no case: {test}\n" for test in idle), end="")
    print("".join(f"had no vmk: {test}\n" for test in bare), end="")
    print(f"{len(tests)} tests, {firsts.count('ok')} of them good and {firsts.count('skip')} "
          f"skipped in mode {modes[0]}; {len(turned)} turned, {len(turned) - len(others)} "
          "of these expected")
    sys.exit(bool(others or idle))


main()
