#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""baseline.py FIRST SECOND: from the figures of two boots, each JSON an object a line, the
baseline on standard output: the lesser and the greater of each that SECOND has."""

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
    first, second = (read(path) for path in sys.argv[1:])
    was = {key_of(figure): figure["above"] for figure in first if "above" in figure}
    ranges = {}
    for figure in second:
        if "above" in figure and not figure.get("is_base"):
            both = was[key_of(figure)], figure["above"]
            ranges[key_of(figure)] = [round(min(both)), round(max(both))]
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(both)}" for key, both in ranges.items())
    print(f'{{\n "license": "SPDX-License-Identifier: GPL-2.0-only",\n "release": {json.dumps(first[0]["release"])},\n "figures": {{\n{lines}\n }}\n}}')


main()
