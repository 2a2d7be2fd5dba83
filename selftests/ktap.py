# SPDX-License-Identifier: GPL-2.0-only
"""Results of a program that is a test in itself, as lib.sh gives those of shell scripts."""

import sys

planned = reported = failed = 0


def begin(number):
    """So many results are to come."""
    global planned
    planned = number
    print(f"KTAP version 1\n1..{number}", flush=True)


def note(text):
    print(f"# {text}", flush=True)


def result(name, problems=()):
    """It has failed where there are problems."""
    global reported, failed
    reported += 1
    failed += bool(problems)
    print("not ok" if problems else "ok", reported, name)
    for line in "\n".join(problems).splitlines():
        print(f"# {line}")
    sys.stdout.flush()


def end():
    note(f"Totals: pass:{reported - failed} fail:{failed}")
    sys.exit(failed > 0 or reported != planned)
