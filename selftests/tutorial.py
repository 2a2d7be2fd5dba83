# SPDX-License-Identifier: GPL-2.0-only
"""The commands of tutorial.rst, on the hosts of the lab, which docs.sh builds.

usage: tutorial.py [NEW]

Each has to say what the page has it say; with NEW, a page with what they do say is
written there. Figures that differ from run to run count as the same: what iperf3 has measured,
those of three digits and more that are no part of an address, and numbers of devices. A line "..."
in the page is any lines.
"""

import doctest
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PAGE = TOP + "/Documentation/tutorial.rst"
INDENT = "   "
PROMPT = INDENT + "esx-a# "
LINES = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# As in a shell of the lab.
SHELL = """
export lab=$0
lab() { "$0/lab.sh" "$@"; }
esx-b() { "$0/enter.sh" esx-b "$@"; }
switch() { "$0/enter.sh" switch "$@"; }
cd && eval "$1"
"""


def say(command):
    """What it says in a shell on esx-a, which `lab start` builds anew."""
    enter = ["nsenter", "--net=/run/netns/esx-a", "bash", "-c", SHELL, TOP + "/lab", command]
    return subprocess.run(enter, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout


def normalise(text):
    text = re.sub(r"[\d.]+ +(sec|.?Bytes|.?bits/sec +\d+)", "N", text)
    text = re.sub(r"(@if|ifindex )\d+", r"\1N", text)
    return re.sub(r"(?<![\d.:/])\d{3,}(?![\d.:/])", "N", text)


def steps(lines):
    """Each command of the page with the lines that follow it, up to a line that is not indented."""
    command, expected = None, []
    for number, line in enumerate(lines + [""]):
        if line.startswith(PROMPT) or (line and not line.startswith(INDENT)) or number == len(lines):
            if command:
                yield start, command, expected
            command, expected, start = None, [], number + 1
            if line.startswith(PROMPT):
                command = line[len(PROMPT):]
        elif command:
            expected.append(line[len(INDENT):])


def main():
    with open(PAGE, encoding="utf-8") as page:
        lines = page.read().splitlines()
    checker = doctest.OutputChecker()
    failed, count, new, written = 0, 0, [], 0
    for start, command, expected in steps(lines):
        count += 1
        while expected and not expected[-1]:
            expected.pop()
        want = "\n".join(expected)
        got = say(command)
        new += lines[written:start]
        written = start + len(expected)
        new += lines[start:written] if "..." in expected else \
            [(INDENT + line).rstrip() for line in got.rstrip().splitlines()]
        # doctest's own word for an empty line is not needed where space is normalised.
        if not checker.check_output(normalise(want) + "\n", normalise(got) + "\n", LINES):
            failed += 1
            print(f"line {start}: {command}: says\n{got}\nnot\n{want}")
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as page:
            page.write("\n".join(new + lines[written:]) + "\n")
        return 0
    if count < 20:
        print(f"the tutorial has {count} commands")
    return failed > 0 or count < 20


if __name__ == "__main__":
    sys.exit(main())
