#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""baseline.py FILE...: from the figures of some boots, each JSON an object a line, the
baseline on standard output: the least and the greatest of each."""

import json
import sys

from places import key_of


def read(path):
    with open(path, encoding="utf-8") as lines:
        figures = [json.loads(line) for line in lines]
    for figure in figures:
        if figure["part"] == "error":
            sys.exit(f"{figure['row']}: {figure['message']}")
    return figures


def main():
    boots = [read(path) for path in sys.argv[1:]]
    seen = {}
    for figure in [figure for boot in boots for figure in boot]:
        if "above" in figure and not figure.get("is_base"):
            seen.setdefault(key_of(figure), []).append(figure["above"])
    ranges = {key: [round(min(values)), round(max(values))] for key, values in seen.items()}
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(both)}" for key, both in ranges.items())
    print(f'{{\n "license": "SPDX-License-Identifier: GPL-2.0-only",\n "release": {json.dumps(boots[0][0]["release"])},\n "figures": {{\n{lines}\n }}\n}}')


main()
