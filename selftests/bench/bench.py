#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""bench.py PART...: measures, in the test kernel, and prints one JSON object for each figure.
The parts are table, scale, config, cpus and profile; guard measures a little of table and scale, and
compares it with the baseline of this kernel, in KTAP."""

import contextlib
import itertools
import json
import os
import platform
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import ktap  # noqa: E402  # pylint: disable=wrong-import-position
import places  # noqa: E402  # pylint: disable=wrong-import-position
from places import COLD, FAR, HOT, UNROUTED, Failed, Place, Row, bare, key_of, own_address, run  # noqa: E402  # pylint: disable=wrong-import-position

PACKETS = os.path.join(HERE, "packets")

# Columns of the table: what is sent, and by how many sockets or to how many addresses.
UDP = {"connected": ("connected", 1), "connected-64": ("connected", 64), "unconnected": ("unconnected", 1),
       "unconnected-64": ("unconnected", 64)}
TCP = {"stream": ("stream", 1), "stream-1": ("stream", 1), "connection": ("connection", 1)}

figures = []


def say(**figure):
    figures.append(figure)
    if QUIET:
        return
    print(json.dumps(figure), flush=True)


def packets(place, kind, family, count, sender, by, to=FAR):
    """Sends, and sees that the packets have left where they should."""
    words = [PACKETS, "-n", place.netns, "-c", str(count), *sender]
    if place.veth:
        words += ["-p", place.peer]
    return taken_by(run(*words, kind, to[family]), kind, family, by)


def taken_by(answer, kind, family, by):
    """What the sender says, if the packets have left where they should."""
    answer = answer.split()
    least, middle, most = (float(word) for word in answer[:3])
    sent = dict(zip(answer[3::2], (int(word) for word in answer[4::2])))
    right = sum(sent.get(f"vmk{vmk}", 0) for vmk in by)
    wrong = sum(count for name, count in sent.items() if name.startswith("vmk")) - right
    # Some are neighbour discovery's.
    if wrong * 10 > right:
        raise Failed(f"IPv{family}, {kind}: packets left by {sent}")
    return {"least": least, "middle": middle, "most": most}


def above(kind, taken, base):
    """How much more than without a hook. What TCP does now and then, it does in some batches
    only: of these the middle one counts. A first packet is to be cheap whichever it is."""
    if kind == "first":
        return taken["most"] - base["middle"]
    which = "middle" if kind in ("stream", "connection") else "least"
    return taken[which] - base[which]


# Table -----------------------------------------------------------------------

plain = {}


def measure_row(row, columns, veth):
    place = Place(row.shape, veth=veth)
    try:
        if row.setup:
            row.setup(place)
        for name, (kind, count) in columns.items():
            if name == "stream-1":
                place.ip(*(f"link set vmk{vmk} gso_max_segs 1" for vmk in range(place.vmks)))
            for family in (4, 6):
                taken = packets(place, kind, family, count, row.sender(family), row.by)
                plain[row.name, name, family] = taken
                base = plain[row.base, name, family]
                say(part="table", row=row.name, label=row.label, family=family, workload=name, **taken,
                    above=above(kind, taken, base), ratio=(base["middle"] + above(kind, taken, base)) / base["middle"],
                    is_base=row.base == row.name)
    except Failed as failed:
        say(part="error", row=row.name, message=str(failed))
    finally:
        if row.undo:
            row.undo(place)
        place.remove()


def load(wanted):
    """MODULE is where it is if not among the kernel's own."""
    if os.path.exists("/sys/module/migsel") == wanted:
        return
    if not wanted:
        run("rmmod", "migsel")
    elif os.environ.get("MODULE"):
        run("insmod", os.environ["MODULE"])
    else:
        run("modprobe", "migsel")


def table():
    load(False)
    for row in places.PEERS:
        measure_row(row, UDP, False)
        measure_row(row, TCP, True)
    load(True)
    for row in places.MIGSEL:
        measure_row(row, UDP, False)
        measure_row(row, TCP, True)


# Scale -----------------------------------------------------------------------

EQUAL = "10.250.0.1"

SCALED = {
    "untagged": Row("untagged", "untagged"),
    "cold": Row("cold", "cold", mark=COLD),
    "multi-nic": Row("multi-nic", "multi-nic", mark=HOT),
    "bound": Row("bound", "multi-nic, bound", mark=HOT, bound=True),
    "unrouted": Row("unrouted", "no route by any vmk", mark=HOT),
}


def scaled(what, size, place, cases, setup, bound_to, families=(4, 6)):
    """The cases in a place, before and after what makes it migsel's."""
    load(True)

    def send(row, kind, count, family, mark):
        words = ["-m", hex(mark)] if mark else []
        if row.bound:
            words += ["-s", bound_to(family)]
        return packets(place, kind, family, count, words, range(place.vmks),
                       UNROUTED if row.name == "unrouted" else FAR)

    cases = [(SCALED[name], kind, count, family) for name, kind, count in cases for family in families]
    bases = [send(row, kind, count, family, 0) for row, kind, count, family in cases]
    setup(place)
    for (row, kind, count, family), base in zip(cases, bases):
        taken = send(row, kind, count, family, row.mark)
        say(part="scale", what=what, size=size, row=row.name, label=row.label, family=family,
            workload=kind if count == 1 or kind == "first" else f"{kind}-{count}", **taken,
            above=above(kind, taken, base))
    place.remove()


def last_address(place, addresses=1):
    return lambda family: bare(own_address(family, place.shape, place.vmks - 1, addresses - 1))


def all_migrate(place):
    place.migsel(*(f"vmk add vmk{vmk} migration on weight {vmk % 255 + 1}" for vmk in range(place.vmks)))


STEADY = [("multi-nic", "connected", 1), ("multi-nic", "unconnected", 64), ("bound", "connected", 1),
          ("bound", "unconnected", 64)]
BY_VMKS = [("untagged", "connected", 1), ("cold", "unconnected", 64), *STEADY, ("bound", "raw", 64),
           ("multi-nic", "first", 192), ("unrouted", "first", 192)]
SIZES = [(2, 1), (16, 1), (64, 1), (256, 1), (2, 64), (64, 64)]


def by_vmks(sizes):
    for count, addresses in sizes:
        place = Place(vmks=count, addresses=addresses)
        scaled("vmks", f"{count} vmks, {addresses} address{'es' * (addresses > 1)} each", place, BY_VMKS,
               all_migrate, last_address(place, addresses))


def by_equal_addresses():
    """The sender is bound to an address of the last vmk that the first one has a thousand
    times, for other peers."""
    place = Place()
    place.ip(*(f"addr add {EQUAL} peer 172.16.{i // 250}.{i % 250} dev vmk0" for i in range(1000)),
             f"addr add {EQUAL}/24 dev vmk2")
    scaled("equal", "1000 equal addresses", place, [("bound", "connected", 1), ("bound", "unconnected", 64)],
           all_migrate, lambda family: EQUAL, families=(4,))


def more_namespaces(number):
    names = [f"bench-{os.getpid()}-more-{i}" for i in range(number)]
    run("ip", "-b", "-", text="\n".join(f"netns add {name}\nlink add vmk0 netns {name} type dummy" for name in names))
    for name in names:
        run("migsel", "-n", name, "vmk", "add", "vmk0", "migration", "on")
    return names


def more_rules(place):
    for family in (4, 6):
        run("ip", "-n", place.netns, f"-{family}", "-b", "-",
            text="\n".join(f"rule add fwmark 0x7 table {number}" for number in range(200, 220)))


def scale():
    by_vmks(SIZES)
    by_equal_addresses()
    for count in (1, 4000, 10000):
        place = Place()
        scaled("flows", f"{count} flow{'s' * (count > 1)}", place,
               [("multi-nic", "connected", count), ("multi-nic", "unconnected", count)], all_migrate,
               last_address(place))
    place = Place()
    names = more_namespaces(64)
    scaled("namespaces", "65 namespaces", place, STEADY, all_migrate, last_address(place))
    run("ip", "-b", "-", text="\n".join(f"netns del {name}" for name in names))
    place = Place()
    more_rules(place)
    scaled("rules", "20 ip rules", place, STEADY, all_migrate, last_address(place))


# Configuration ---------------------------------------------------------------

def busy():
    """What all tasks but this have run, in nanoseconds."""
    total = 0
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != os.getpid():
            try:
                with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except (OSError, IndexError):
                pass
    return total


def cost_of(*command, text="", until=lambda: True):
    """Of a command, and of kernel threads meanwhile; to the microsecond."""
    def children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return int((usage.ru_utime + usage.ru_stime) * 1e9)

    start = busy() + children()
    run(*command, text=text)
    while not until():
        time.sleep(0.01)
    return busy() + children() - start


def configuration(count, with_vmks=True):
    lines = "".join(f"vmk add vmk{vmk} migration on\n" for vmk in range(count))
    place = Place(vmks=count)
    tool = ["migsel", "-n", place.netns]
    costs = {}
    if with_vmks:
        costs["restore"] = min(cost_of(*tool, "restore", text=lines) for _ in range(3))
        costs["show"] = min(cost_of(*tool, "vmk", "show") for _ in range(3))
    gone = f"gone{os.getpid()}"
    run("ip", "link", "add", gone, "type", "veth", "peer", "name", gone, "netns", place.netns)
    costs["removal"] = cost_of("ip", "netns", "del", place.netns,
                               until=lambda: not os.path.exists(f"/sys/class/net/{gone}"))
    for what, cost in costs.items():
        say(part="config", what=what if with_vmks else "removal, no vmks", size=count, instructions=cost)


def config():
    load(True)
    for count in (16, 64, 256):
        configuration(count, False)
        configuration(count)


# CPUs ------------------------------------------------------------------------

TWO_CPUS = ["untagged", "dedicated", "multi-nic", "bound", "same-subnet-alarm", "observe"]
LASTING = 30  # batches, so that both send at the same time


def on_cpus(place, row, kind, count, family, numbers):
    """What a packet takes, by the middle batch, while one sender on each CPU sends."""
    words = [PACKETS, "-n", place.netns, "-c", str(count), "-b", str(LASTING), *row.sender(family), kind, FAR[family]]
    with contextlib.ExitStack() as stack:
        senders = [stack.enter_context(subprocess.Popen(["taskset", "-c", str(cpu), *words], stdout=subprocess.PIPE,
                                                        text=True)) for cpu in numbers]
        answers = [sender.communicate()[0] for sender in senders]
    if any(sender.returncode for sender in senders):
        raise Failed(f"{row.name}: a sender has failed")
    return sum(taken_by(answer, kind, family, row.by)["middle"] for answer in answers) / len(answers)


def cpus():
    """How many times as many packets two CPUs send as one does."""
    load(True)
    rows = {row.name: row for row in places.PEERS + places.MIGSEL}
    for row in (rows[name] for name in ("no-hook", *TWO_CPUS)):
        place = Place(row.shape)
        if row.setup:
            row.setup(place)
        for name in ("connected", "unconnected"):
            kind, count = UDP[name]
            for family in (4, 6):
                one, both = (on_cpus(place, row, kind, count, family, wanted) for wanted in ([0], [0, 1]))
                say(part="cpus", row=row.name, label=row.label, family=family, workload=name, one=one, both=both,
                    times=2 * one / both)
        place.remove()


# Guard -----------------------------------------------------------------------

GUARDED = {"connected": UDP["connected"], "unconnected": UDP["unconnected"], "unconnected-64": UDP["unconnected-64"]}


# Whose verdicts are remembered, of connected senders, too.
CACHED = ("same-subnet-alarm", "multi-nic", "bound-device", "observe", "observe-multi")


def bounds(figure, low, high):
    """3 % or 8 instructions from what some boots have shown: the sender without a hook differs by some
    from place to place. Where a hash has a part it may be more: which addresses share a set of a cache,
    or come first in a chain of the FIB."""
    part = 0.03
    if figure["workload"].endswith("-64") or figure["workload"] == "first" or figure["row"] == "bound":
        part = 0.4
    elif figure["workload"] == "unconnected" and figure["family"] == 6:
        part = 0.2
    elif figure["workload"] == "unconnected" or figure["row"] in CACHED:
        part = 0.1
    return low - max(8, part * low), high + max(8, part * high)


def guarded():
    """A little of table and scale."""
    load(True)
    bases = {row.base for row in places.MIGSEL}
    for row in [row for row in places.PEERS if row.name in bases] + places.MIGSEL:
        measure_row(row, GUARDED, False)
    by_vmks([(2, 1), (256, 1)])
    by_equal_addresses()


def guard():
    """One test for each row: no figure is out of bounds."""
    series = ".".join(platform.release().split(".")[:2])
    path = os.path.join(HERE, f"baseline-{series}.json")
    try:
        with open(path, encoding="utf-8") as file:
            baseline = json.load(file)
    except FileNotFoundError:
        ktap.begin(1)
        ktap.result("there is a baseline", [f"no {path}: KERNEL={series} BENCH=baseline make bench"])
        ktap.end()
    rows = {}
    guarded()
    for figure in figures:
        if figure["part"] == "error":
            rows.setdefault(figure["row"], []).append(figure["message"])
        elif "above" in figure and not figure.get("is_base"):
            key, now = key_of(figure), figure["above"]
            low, high = baseline["figures"].get(key, (None, None))
            problems = rows.setdefault(figure["row"], [])
            ktap.note(f"{key}: {now:.0f}, was {low} to {high}")
            if low is None:
                problems.append(f"{key}: {now:.0f}, and the baseline has none")
                continue
            least, most = bounds(figure, low, high)
            if not least <= now <= most:
                problems.append(f"{key}: {now:.0f} instructions, the baseline has {low} to {high}")
    ktap.begin(len(rows))
    for name, problems in rows.items():
        ktap.result(f"what {name} costs is what it did", problems)
    if any(rows.values()):
        ktap.note(f"the baseline is of {baseline['release']}, this is {platform.release()}; "
                  f"if it is to be so: KERNEL={series} BENCH=baseline make bench")
    ktap.end()


# Profile ---------------------------------------------------------------------

def handshake(path, case):
    """The host looks for the first file, and makes the other."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(case, file)
    os.rename(f"{path}.new", f"{path}.ready")
    while case and not os.path.exists(f"{path}.go"):
        time.sleep(0.05)


def profile_case(number, place, row, family, kind, count, sent):
    path = f"{os.environ['OUT']}/{number}"
    text = ""
    if os.path.exists("/sys/module/migsel"):
        with open("/sys/module/migsel/sections/.text", encoding="ascii") as file:
            text = file.read().strip()
    run("cp", "/proc/kallsyms", os.environ["OUT"])
    words = [PACKETS, "-n", place.netns, "-c", str(count), "-w", str(sent), *row.sender(family)]
    with subprocess.Popen([*words, kind, FAR[family]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as sender:
        sender.stdout.readline()
        handshake(path, {"row": row.name, "base": row.base, "family": family, "kind": kind, "count": count, "text": text,
                         "packets": sent})
        sender.stdin.write("go\n")
        sender.stdin.flush()
        sender.stdout.readline()
        os.rename(f"{path}.go", f"{path}.done")
        while os.path.exists(f"{path}.done"):
            time.sleep(0.05)
        sender.communicate("go\n")


def profile():
    number = itertools.count(1)
    rows = {row.name: row for row in places.PEERS + places.MIGSEL}
    load(True)
    for name in ("no-hook", "no-hook-bound", "untagged", "dedicated", "multi-nic", "bound", "observe", "same-subnet-alarm"):
        row = rows[name]
        place = Place(row.shape)
        if row.setup:
            row.setup(place)
        for kind, count in UDP.values():
            for family in (4, 6):
                if (kind, count) != ("connected", 64):
                    profile_case(next(number), place, row, family, kind, count, 16 if count == 1 else 64)
        place.remove()
    place = Place(vmks=256)
    profile_case(next(number), place, rows["no-hook"], 4, "first", 64, 1)
    all_migrate(place)
    profile_case(next(number), place, rows["multi-nic"], 4, "first", 64, 1)
    place.remove()
    handshake(f"{os.environ['OUT']}/{next(number)}", {})


PARTS = {"table": table, "scale": scale, "config": config, "cpus": cpus, "guard": guard, "guarded": guarded, "profile": profile}
QUIET = "guard" in sys.argv[1:]
say(part="kernel", release=platform.release(),
    unit="instructions" if os.environ.get("ICOUNT", "0") != "0" else "nanoseconds")
for part in sys.argv[1:]:
    PARTS[part]()
