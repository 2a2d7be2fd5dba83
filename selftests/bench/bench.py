#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""bench.py [PART]...: measures, in the test kernel, and prints one JSON object for each
figure."""

import json
import os
import platform
import sys

import places
from places import FAR, Failed, Place, run

PACKETS = os.environ["PACKETS"]
# Of the table: what is sent, how, and to how many.
UDP = {"connected": ("connected", 1), "connected-64": ("connected", 64), "unconnected": ("unconnected", 1),
       "unconnected-64": ("unconnected", 64)}
TCP = {"stream": ("stream", 1), "stream-1": ("stream", 1), "connection": ("connection", 1)}


def say(**figure):
    print(json.dumps(figure), flush=True)


def measure(place, row, family, kind, count, *options):
    """Sends, and sees that the packets have left where they should."""
    words = [PACKETS, "-n", place.netns, "-c", str(count), *row.sender(family), *options]
    if place.veth:
        words += ["-p", place.peer]
    figures = run(*words, kind, FAR[family]).split()
    least, middle, most = (float(word) for word in figures[:3])
    sent = dict(zip(figures[3::2], (int(word) for word in figures[4::2])))
    right = sum(sent.get(f"vmk{vmk}", 0) for vmk in row.by)
    wrong = sum(count for name, count in sent.items() if name.startswith("vmk")) - right
    # Some are neighbour discovery's.
    if wrong * 10 > right:
        raise Failed(f"{row.name}, IPv{family}, {kind}: packets left by {sent}")
    return {"least": least, "middle": middle, "most": most}


def measure_row(row):
    for veth in (False, True):
        place = Place(row.shape, veth=veth)
        try:
            if row.setup:
                row.setup(place)
            for name, (kind, count) in (TCP if veth else UDP).items():
                if name == "stream-1":
                    place.ip(*(f"link set vmk{vmk} gso_max_segs 1" for vmk in range(place.vmks)))
                for family in (4, 6):
                    say(part="table", row=row.name, label=row.label, base=row.base, family=family, workload=name,
                        **measure(place, row, family, kind, count))
        except Failed as failed:
            say(part="error", row=row.name, message=str(failed))
        finally:
            if row.undo:
                row.undo(place)
            place.remove()


def table():
    if os.path.exists("/sys/module/migsel"):
        run("rmmod", "migsel")
    for row in places.PEERS:
        measure_row(row)
    run("modprobe", "migsel")
    for row in places.MIGSEL:
        measure_row(row)


PARTS = {"table": table}

say(part="kernel", release=platform.release())
for part in sys.argv[1:] or PARTS:
    PARTS[part]()
