#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""profile.py FOLDER MODULE PACKETS MONITOR: the host's part of a profile. QEMU logs each
instruction that the test kernel executes between two places in the program PACKETS; here
they are counted by function, and those of MODULE by inlined function, too. bench.py asks by
a file in FOLDER for each case."""

import bisect
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
        """A block of translated code for each instruction. QEMU 8.1 has another name for it."""
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
                    names[int(address, 16)] = " ".join([name, *module])
        self.addresses, self.names = zip(*sorted(names.items()))

    def name(self, address):
        at = bisect.bisect(self.addresses, address) - 1
        return self.names[at] if at >= 0 and address >= 1 << 63 else "(the sender itself)"


def address_of(program, name):
    for line in subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.endswith(f" {name}"):
            return int(line.split()[0], 16)
    raise KeyError(name)


def executed(log, begin, end):
    """How often each address, between begin and end."""
    with open(log, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        first = text.find(b"/%016x/" % begin)
        last = text.find(b"/%016x/" % end, first)
        return collections.Counter(int(found[1], 16) for found in EXECUTED.finditer(text[first:last]))


def wait_for(path):
    while not os.path.exists(path):
        if os.getppid() == 1:
            sys.exit(1)
        time.sleep(0.02)


def inlined(module, text, counts):
    """Counts by innermost function of the source, of addresses in the module's code."""
    lines = subprocess.run(["addr2line", "-e", module, "-j", ".text", "-f", "-i", "-a"],
                           input="\n".join(hex(address - text) for address in counts),
                           capture_output=True, text=True, check=True).stdout.splitlines()
    chains = {}
    for line in lines:
        if line.startswith("0x"):
            chain = chains[text + int(line, 16)] = []
        else:
            chain.append(line)
    by = collections.Counter()
    for address, chain in chains.items():
        # Functions and their places take turns, the innermost first.
        file = os.path.basename(chain[1]).split(":")[0]
        into = f", in {chain[-2]}" if len(chain) > 2 else ""
        by[f"{chain[0]}  {file}{into}"] += counts[address]
    return by


def show(by, plain, sent):
    """By function, what differs most first."""
    print("   each  above no hook")
    for name in sorted({*by, *plain}, key=lambda name: -abs(by[name] - plain[name])):
        if abs(by[name] - plain[name]) >= sent:
            print(f"{by[name] / sent:7.0f} {(by[name] - plain[name]) / sent:+7.0f}  {name}")


def main():
    folder, module, packets, monitor = sys.argv[1:]
    begin, end = (address_of(packets, f"profile_{name}") for name in ("begin", "end"))
    log = f"{folder}/log"
    wait_for(monitor)
    monitor = Monitor(monitor)
    plain, number = {}, 0
    while True:
        number += 1
        wait_for(f"{folder}/{number}.ready")
        with open(f"{folder}/{number}.ready", encoding="utf-8") as file:
            case = json.load(file)
        if not case:
            return
        monitor.do(f"logfile {log}")
        monitor.one_by_one("on")
        monitor.do("log exec,nochain")
        os.rename(f"{folder}/{number}.ready", f"{folder}/{number}.go")
        wait_for(f"{folder}/{number}.done")
        monitor.do("log none")
        monitor.one_by_one("off")
        counts = executed(log, begin, end)
        os.unlink(log)

        symbols = Symbols(f"{folder}/kallsyms")
        by = collections.Counter()
        for address, count in counts.items():
            by[symbols.name(address)] += count
        base = plain.setdefault((case["base"], case["family"], case["kind"], case["count"]), by)
        sent = case["packets"]
        print(f"== {case['row']}, IPv{case['family']}, {case['kind']} {case['count']}: {by.total() / sent:.0f} "
              f"instructions, {(by.total() - base.total()) / sent:.0f} above no hook")
        show(by, base, sent)
        ours = {address: count for address, count in counts.items() if symbols.name(address).endswith("[migsel]")}
        if ours:
            print("   of these in the module, by function of the source")
            for name, count in inlined(module, int(case["text"], 16), ours).most_common():
                if count >= sent:
                    print(f"{count / sent:7.0f}          {name}")
        print(flush=True)
        os.unlink(f"{folder}/{number}.done")


main()
