#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py NAME: from bench.py's lines on standard input, the tables on standard output, and
NAME.json, NAME.txt and NAME.svg."""

import json
import subprocess
import sys

COLUMNS = {"connected": "UDP connected", "connected-64": "64 sockets", "unconnected": "UDP unconnected",
           "unconnected-64": "64 addresses", "stream": "TCP, 64 kB", "stream-1": "without GSO",
           "connection": "open, close"}
PLOTTED = ("connected", "unconnected-64")


def cell(figure):
    if figure is None:
        return "-"
    if figure["is_base"]:
        return f"({figure['middle']:.0f})"
    return f"{figure['above']:+.0f} {figure['ratio']:.3f}"


def table(figures, unit):
    rows = {figure["row"]: figure["label"] for figure in figures if figure["part"] == "table"}
    if not rows:
        return
    cells = {(figure["family"], figure["row"], figure["workload"]): figure for figure in figures
             if figure["part"] == "table"}
    for family in (4, 6):
        yield f"IPv{family}: {unit} above the same sender without a hook, and the ratio to it; (that sender's own)"
        yield " " * 24 + "".join(f"{label:>16}" for label in COLUMNS.values())
        for row, label in rows.items():
            yield f"{label:24}" + "".join(f"{cell(cells.get((family, row, column))):>16}" for column in COLUMNS)
        yield ""


def scale(figures):
    scaled = [figure for figure in figures if figure["part"] == "scale"]
    if not scaled:
        return
    rows = list(dict.fromkeys((figure["label"], figure["workload"].split("-")[0]) for figure in scaled))
    sizes = list(dict.fromkeys(figure["size"] for figure in scaled))
    cells = {(figure["size"], figure["label"], figure["workload"].split("-")[0], figure["family"]): figure["above"]
             for figure in scaled}
    yield "By size, above the same without a hook: IPv4, IPv6"
    for size in sizes:
        yield size
        for label, workload in rows:
            both = [cells.get((size, label, workload, family)) for family in (4, 6)]
            if both != [None, None]:
                yield f"    {label:20} {workload:12}" + "".join(
                    f"{'-' if cost is None else format(cost, '+.0f'):>12}" for cost in both)
    yield ""


def config(figures):
    costs = {}
    for figure in figures:
        if figure["part"] == "config":
            costs.setdefault(figure["what"], {})[figure["size"]] = figure["instructions"]
    if costs:
        sizes = sorted({size for by_size in costs.values() for size in by_size})
        yield "Configuration, in thousands" + "".join(f"{size:8} vmks" for size in sizes)
        for what, by_size in costs.items():
            yield f"{what:27}" + "".join(f"{by_size.get(size, 0) / 1000:13.0f}" for size in sizes)


def cpus(figures):
    rows = {}
    for figure in figures:
        if figure["part"] == "cpus":
            rows.setdefault(figure["label"], {})[figure["workload"], figure["family"]] = figure["times"]
    if rows:
        yield "How many times as many packets as one CPU two CPUs send"
        columns = next(iter(rows.values())).keys()
        yield " " * 24 + "".join(f"{f'{workload}, IPv{family}':>20}" for workload, family in columns)
        for label, times in rows.items():
            yield f"{label:24}" + "".join(f"{times[column]:20.2f}" for column in columns)
        yield ""


def plot(figures, unit, path):
    """IPv4 and UDP: one packet, by row."""
    cells = {(figure["row"], figure["workload"]): figure for figure in figures
             if figure["part"] == "table" and figure["family"] == 4}
    rows = [row for row, workload in cells if workload == PLOTTED[0] and not cells[row, workload]["is_base"]]
    data = "\n".join(f'"{cells[row, PLOTTED[0]]["label"]}" '
                     + " ".join(f"{max(cells[row, column]['above'], 0):.0f}" if (row, column) in cells else "0"
                                for column in PLOTTED) for row in rows)
    script = f"""set terminal svg size 900,420 noenhanced font "sans,12" background "white"
set output "{path}"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set xtics rotate by -40 scale 0
set ytics scale 0
set grid ytics lc "#dddddd"
set border 1
set key outside top center horizontal
set rmargin 14
set title "UDP, IPv4: {unit} above no hook"
$data << END
{data}
END
plot $data using 2:xtic(1) title "connected" lc "#1f77b4", $data using 3 title "unconnected, 64 addresses" lc "#ff7f0e"
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    name, figures, seen = sys.argv[1], [], None
    for line in sys.stdin:
        figure = json.loads(line)
        figures.append(figure)
        now = figure.get("row"), figure.get("size")
        if figure["part"] == "error":
            print(f"bench: {figure['row']}: {figure['message']}", file=sys.stderr)
        elif now != seen:
            print("bench:", *(word for word in (figure["part"], *now) if word is not None), file=sys.stderr)
        seen = now
    kernel = figures[0]
    text = "\n".join([f"Linux {kernel['release']}, {kernel['unit']}", "", *table(figures, kernel["unit"]),
                      *scale(figures), *config(figures), *cpus(figures)])
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=1)
    with open(f"{name}.txt", "w", encoding="utf-8") as file:
        print(text, file=file)
    if any(figure["part"] == "table" for figure in figures):
        plot(figures, kernel["unit"], f"{name}.svg")
    print(text)
    sys.exit(any(figure["part"] == "error" for figure in figures))


main()
