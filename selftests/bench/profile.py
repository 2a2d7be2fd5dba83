#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""profile.py FOLDER MODULE PACKETS: the host's part of a profile. QEMU logs each
instruction that the test kernel executes between two places in the program PACKETS; here
they are counted by function, and those of MODULE by inlined function, too. FOLDER is the
one that bench.py asks in, by a file for each case."""

import collections
import json
import mmap
import os
import re
import socket
import subprocess
import sys
import time

EXECUTED = re.compile(rb"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", re.MULTILINE)


class Monitor:
    """The console of QEMU itself."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answer()

    def answer(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            got = self.socket.recv(65536)
            if not got:
                raise EOFError
            text += got
        return text.decode()

    def do(self, command):
        self.socket.sendall(command.encode() + b"\n")
        return self.answer()

    def one_by_one(self, word):
        """QEMU 8.1 has another name for it."""
        if "unknown command" in self.do(f"one-insn-per-tb {word}"):
            self.do(f"singlestep {word}")


class Symbols:
    """Functions of a running kernel by address."""

    def __init__(self, path):
        names = {}
        with open(path, encoding="ascii") as lines:
            for line in lines:
                address, kind, name, *module = line.split()
                if kind in "tTwW":
                    names[int(address, 16)] = name + (" [migsel]" if module == ["[migsel]"] else "")
        self.addresses, self.names = zip(*sorted(names.items()))

    def name(self, address):
        import bisect
        at = bisect.bisect(self.addresses, address) - 1
        return self.names[at] if address > 0xffff800000000000 and at >= 0 else "(user)"


def place_in(program, name):
    for line in subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split()
        if words[-1] == name:
            return int(words[0], 16)
    raise KeyError(name)


def executed(log, begin, end):
    """How often each address, between begin and end."""
    counts = collections.Counter()
    with open(log, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        first = text.find(b"/%016x/" % begin)
        last = text.find(b"/%016x/" % end, first)
        for found in EXECUTED.finditer(text[first:last]):
            counts[int(found[1], 16)] += 1
    return counts


def wait_for(path, machine=None):
    while not os.path.exists(path):
        if os.getppid() == 1:
            sys.exit(1)
        time.sleep(0.02)


def inlined(module, text, counts):
    """Counts by the innermost function of the source, for addresses in the module's code."""
    offsets = {address: address - text for address in counts}
    lines = subprocess.run(["addr2line", "-e", module, "-j", ".text", "-f", "-i", "-a"],
                           input="\n".join(f"{offset:#x}" for offset in offsets.values()),
                           capture_output=True, text=True, check=True).stdout.splitlines()
    by, wanted = collections.Counter(), {offset: address for address, offset in offsets.items()}
    chains, at = {}, None
    for line in lines:
        if line.startswith("0x"):
            at = wanted[int(line, 16)]
            chains[at] = []
        else:
            chains[at].append(line)
    for address, chain in chains.items():
        names = chain[0::2]
        place = chain[1].split("/")[-1].split(" ")[0]
        by[names[0], names[-1] if len(names) > 1 else "", place.split(":")[0]] += counts[address]
    return by


def main():
    folder, module, packets, monitor_path = sys.argv[1:]
    begin, end = place_in(packets, "profile_begin"), place_in(packets, "profile_end")
    wait_for(monitor_path)
    monitor = Monitor(monitor_path)
    number, base = 0, {}
    while True:
        number += 1
        ask = f"{folder}/{number}"
        wait_for(f"{ask}.ready")
        with open(f"{ask}.ready", encoding="utf-8") as file:
            case = json.load(file)
        if not case:
            break
        log = f"{folder}/{number}.log"
        monitor.do(f"logfile {log}")
        if True:
            monitor.one_by_one("on")
        monitor.do("log exec,nochain")
        os.rename(f"{ask}.ready", f"{ask}.go")
        wait_for(f"{ask}.done")
        monitor.do("log none")
        monitor.one_by_one("off")
        counts = executed(log, begin, end)
        os.unlink(log)
        symbols = Symbols(f"{folder}/kallsyms")
        by = collections.Counter()
        for address, count in counts.items():
            by[symbols.name(address)] += count
        n = case["packets"]
        os.unlink(f"{ask}.done")
        key = (case["family"], case["kind"], case["count"])
        if case["row"] == "no-hook":
            base[key] = by
        plain = base.get(key, {})
        print(f"== {case['row']}, IPv{case['family']}, {case['kind']} {case['count']}: "
              f"{sum(by.values()) / n:.0f} instructions each of {n}"
              + (f", {(sum(by.values()) - sum(plain.values())) / n:.0f} above no hook" if plain else ""))
        print("   each  above no hook")
        names = set(by) | set(plain)
        shown = sorted(names, key=lambda name: -abs(by[name] - plain.get(name, 0)))
        for name in shown:
            more = by[name] - plain.get(name, 0)
            if plain and abs(more) < n or not plain and by[name] < n:
                continue
            print(f"{by[name] / n:7.0f} {more / n:+7.0f}  {name}")
        ours = {address: count for address, count in counts.items() if symbols.name(address).endswith("[migsel]")}
        if ours:
            print("   of which in migsel, by function of the source (and the one it is inlined into)")
            for (name, into, file), count in inlined(module, int(case["text"], 16), ours).most_common():
                if count >= n:
                    print(f"{count / n:7.0f}  {name}  {file}" + (f"  (in {into})" if into else ""))
        print(flush=True)


main()
