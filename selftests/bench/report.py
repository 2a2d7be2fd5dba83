#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py FOLDER: from bench.py's lines on standard input, the tables on standard output."""

import json
import sys

COLUMNS = {"connected": "UDP connected", "connected-64": "64 sockets", "unconnected": "UDP unconnected", "unconnected-64": "64 destinations",
           "stream": "TCP 64 kB", "stream-1": "without GSO", "connection": "open + close"}


def table(figures, family):
    rows, cells = {}, {}
    for figure in figures:
        if figure["part"] == "table" and figure["family"] == family:
            rows[figure["row"]] = figure["label"], figure["base"]
            cells[figure["row"], figure["workload"]] = figure["least"]
    yield f"IPv{family}, instructions above no hook" 
    yield f"{'':26}" + "".join(f"{label:>17}" for label in COLUMNS.values())
    for row, (label, base_row) in rows.items():
        line = f"{label:26}"
        for column in COLUMNS:
            cost, base = cells.get((row, column)), cells.get((base_row, column))
            if cost is None or base is None:
                text = "-"
            elif row == base_row:
                text = f"({cost:.0f})      "
            else:
                text = f"{cost - base:.0f} {cost / base:.3f}"
            line += f"{text:>17}"
        yield line.rstrip()
    yield ""


def main():
    folder, figures = sys.argv[1], []
    for line in sys.stdin:
        figure = json.loads(line)
        figures.append(figure)
        if figure["part"] == "error":
            print(f"bench: {figure['row']}: {figure['message']}", file=sys.stderr)
        elif sys.stderr.isatty() and "row" in figure:
            print(f"\rbench: {figure['row']}, IPv{figure['family']}, {figure['workload']}\x1b[K", end="\r", file=sys.stderr)
    text = "\n".join(line for family in (4, 6) for line in table(figures, family))
    with open(f"{folder}/bench.json", "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=1)
    with open(f"{folder}/bench.txt", "w", encoding="utf-8") as file:
        print(text, file=file)
    print(text)
    sys.exit(any(figure["part"] == "error" for figure in figures))


main()
