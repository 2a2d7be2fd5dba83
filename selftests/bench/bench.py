#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""bench.py [PART]...: measures, in the test kernel, and prints one JSON object for each
figure."""

import itertools
import json
import os
import platform
import subprocess
import sys
import time

import places
from places import FAR, Failed, Place, run

PACKETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packets")
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


def handshake(path, case):
    """The host looks for the first file, and makes the other."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(case, file)
    os.rename(f"{path}.new", f"{path}.ready")
    while case and not os.path.exists(f"{path}.go"):
        time.sleep(0.05)


def profile_case(number, place, row, family, kind, count, packets):
    path = f"{os.environ['OUT']}/{number}"
    text = ""
    if os.path.exists("/sys/module/migsel"):
        with open("/sys/module/migsel/sections/.text", encoding="ascii") as file:
            text = file.read().strip()
    run("cp", "/proc/kallsyms", os.environ["OUT"])
    words = [PACKETS, "-n", place.netns, "-c", str(count), "-w", str(packets), *row.sender(family)]
    if place.veth:
        words += ["-p", place.peer]
    with subprocess.Popen([*words, kind, FAR[family]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as sender:
        sender.stdout.readline()
        handshake(path, {"row": row.name, "family": family, "kind": kind, "count": count, "text": text,
                         "packets": packets, "steps": True})
        sender.stdin.write("go\n")
        sender.stdin.flush()
        sender.stdout.readline()
        os.rename(f"{path}.go", f"{path}.done")
        while os.path.exists(f"{path}.done"):
            time.sleep(0.05)
        sender.communicate("go\n")


def profile():
    cases = [("connected", 1), ("unconnected", 1), ("unconnected", 64)]
    number = itertools.count(1)
    rows = [row for row in places.PEERS if row.name in ("no-hook", "empty-hook")]
    rows += [row for row in places.MIGSEL if row.name in ("untagged", "dedicated", "multi-nic", "bound", "observe", "same-subnet-alarm")]
    if os.path.exists("/sys/module/migsel"):
        run("rmmod", "migsel")
    for row in rows:
        if row in places.MIGSEL and not os.path.exists("/sys/module/migsel"):
            run("modprobe", "migsel")
        place = Place(row.shape)
        if row.setup:
            row.setup(place)
        for kind, count in cases:
            for family in (4, 6):
                profile_case(next(number), place, row, family, kind, count, 16 if count == 1 else 64)
        if row.undo:
            row.undo(place)
        place.remove()
    place = Place(vmks=256)
    profile_case(next(number), place, places.PEERS[0], 4, "first", 64, 1)
    place.migsel("vmk add vmk0", *(f"vmk add vmk{vmk} migration on" for vmk in range(1, 256)))
    multi = next(row for row in places.MIGSEL if row.name == "multi-nic")
    profile_case(next(number), place, multi, 4, "first", 64, 1)
    handshake(f"{os.environ['OUT']}/{next(number)}", {})


PARTS = {"table": table, "profile": profile}

say(part="kernel", release=platform.release())
for part in sys.argv[1:] or ['table']:
    PARTS[part]()
