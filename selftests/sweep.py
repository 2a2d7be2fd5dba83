# SPDX-License-Identifier: GPL-2.0-only
"""What failnth.py makes its tests of: an operation done again and again, each time with
another of its allocations failing."""

import errno
import os
import re
import socket
import struct

from family import (A, CLASS, CMD, DUMP, Netlink, Refused, answer, attr, config, device, fields,
                    index, must, u32)
from rtnl import NEWROUTE

MANY = 1 << 20
RETREATS = 50
PERMANENT, MAIN = 0x80, 254
RTA_DST, RTA_OIF, RTA_PRIORITY, NDA_DST, NDA_LLADDR = 1, 4, 6, 1, 2
REPORT = re.compile("WARNING|BUG|INFO: |DEBUG_LOCKS|refcount_t: |UBSAN|KASAN|"
                    "kmemleak: .*(pool empty|disabled)")
ASKED = re.compile(rf"{os.getpid()}: (no )?memory in (\w+), (\d+) left\n")
NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS)
FAR = {4: "198.18.0.1", 6: "2001:db8:f::1"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PAIR = (("vmk0", 0), ("vmk1", 1))
METRIC = {"vmk0": 20, "vmk1": 30, "vmk2": 10}


class Nth:
    """The count of allocations of this thread until one fails."""

    def __init__(self):
        self.file = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def set(self, nth):
        os.pwrite(self.file, b"%d" % nth, 0)

    def left(self):
        return int(os.pread(self.file, 16, 0))


class Workers:
    """The same of each kernel thread that does what others have scheduled: any of them.
    Such threads come and go."""

    def __init__(self):
        self.threads = []

    def set(self, nth):
        self.threads = []
        for thread in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{thread}/comm", encoding="ascii") as comm:
                    if not comm.read().startswith("kworker/"):
                        continue
                with open(self.file(thread), "w", encoding="ascii") as file:
                    file.write(str(nth))
            except OSError:
                continue
            self.threads.append(thread)

    def left(self):
        left = []
        for thread in self.threads:
            try:
                with open(self.file(thread), encoding="ascii") as file:
                    left.append(int(file.read()))
            except OSError:
                continue
        return min(left, default=MANY)

    @staticmethod
    def file(thread):
        return f"/proc/{thread}/task/{thread}/fail-nth"


def far(family):
    return socket.inet_pton(FAMILY[family], FAR[family])


def far_route(name, family):
    return struct.pack("=8BI", FAMILY[family], len(far(family)) * 8, 0, 0, MAIN, 3, 0, 1, 0) + \
        attr(RTA_DST, far(family)) + attr(RTA_OIF, u32(index(name))) + attr(RTA_PRIORITY, u32(METRIC[name]))


def far_neighbour(name, family):
    return struct.pack("=B3xiHBB", FAMILY[family], index(name), PERMANENT, 0, 1) + \
        attr(NDA_DST, far(family)) + attr(NDA_LLADDR, bytes((2, 0, 0, 0, 0, int(name[-1]))))


def forget_routes(nl, route, vmk):
    """So that the next lookup has to allocate: a change has IPv4 forget what it has found,
    IPv6 does with its route."""
    must(nl.ask(CMD.VMK_SET, device(vmk)), "set")
    for name in METRIC:
        must(route.set(NEWROUTE, far_route(name, 6)), "route")


class Listener(Netlink):
    """Of notifications of a group."""

    def __init__(self, group):
        super().__init__()
        self.join(group)
        self.socket.setblocking(False)

    def told(self):
        """Whether there was one, or the kernel says that one was lost."""
        found = False
        while True:
            try:
                self.socket.recv(1 << 16)
            except BlockingIOError:
                return found
            except OSError as problem:
                if problem.errno != errno.ENOBUFS:
                    raise
            found = True


class Faults:
    """Reports of the kernel while it is in functions of its own that do not bear a
    failure. They are kept off the console, where one fails the run; any other counts.
    And which of the functions through said that an allocation failed (failing.h), ever and
    since last asked, and which had theirs then, how long before another would have failed."""

    def __init__(self, functions, through):
        self.functions, self.through = functions, set(through)
        self.met, self.last, self.passed = set(), set(), {}
        self.log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.log, 0, os.SEEK_END)

    def __enter__(self):
        with open("/proc/sys/kernel/printk", encoding="ascii") as levels:
            self.level = levels.read().split()[0]
        if self.functions:
            self.set_level("4")
        return self

    def __exit__(self, *_):
        self.set_level(self.level)
        os.close(self.log)

    def set_level(self, level):
        with open("/proc/sys/kernel/printk", "w", encoding="ascii") as levels:
            levels.write(level)

    def others(self):
        found, self.last, self.passed = [], set(), {}
        while self.functions or self.through:
            try:
                line = os.read(self.log, 8192).decode(errors="replace").partition(";")[2]
            except BlockingIOError:
                break
            asked = ASKED.match(line)
            if asked and asked[2] in self.through:
                if asked[1]:
                    self.last.add(asked[2])
                else:
                    self.passed[asked[2]] = int(asked[3])
            if self.functions and REPORT.search(line) and \
                    not any(name in line for name in self.functions):
                found.append(line.split("\n")[0])
        self.met |= self.last
        return found


class Sweep:
    def __init__(self, nl, nth, peer):
        self.nl, self.nth, self.peer = nl, nth, peer
        self.problems, self.counts, self.inside = [], [], ()

    def fail(self, problem):
        if len(self.problems) < 5:
            self.problems.append(problem)

    def points(self, name, prepare, operate, check, bad=(), through=(), around=MANY):
        """Do it with each allocation failing in turn. operate() returns an error or
        None; check(error, failed) sees what became of it, failed is false when
        nothing failed: then it is the last time. bad names functions of the kernel that
        warn of a failure, through those that have to meet one: so many allocations around
        these are enough."""
        with Faults(bad, through) as faults:
            self.count(around, faults, name, prepare, operate, check)
            for function in faults.through - faults.met:
                self.fail(f"{name}: no allocation of {function} failed")

    def count(self, around, faults, name, *steps):
        n = 1
        if around < MANY:
            _, passed = self.once(MANY, faults, name, *steps)
            n = max(1, MANY - max(passed.values(), default=MANY) - around)
        done, last, retreats, left = set(), n, 0, 0
        while not left and n <= last + around:
            left, passed = self.once(n, faults, name, *steps)
            if not left:
                done.add(n)
            if faults.met != faults.through or self.inside:
                last = n
            # The kernel fills its pools when it likes: the count can leap over one that it
            # has to meet.
            leaps = [before for function, before in passed.items() if function not in faults.met]
            if max(leaps, default=0) and retreats < RETREATS:
                retreats += 1
                n, left = max(1, n - max(leaps)), 0
            else:
                n += 1
        if not done:
            self.fail(f"{name}: there is nothing that can be made to fail")
        self.counts.append((name, len(done)))

    def once(self, n, faults, name, prepare, operate, check):
        """Returns how many allocations were left until one would have failed, and at
        those of which functions how many."""
        given = prepare()
        reports = faults.others()
        self.nth.set(n)
        try:
            error = operate(given)
        except OSError as problem:
            error = problem
        finally:
            left = self.nth.left()
            self.nth.set(0)
        self.what, reports = f"{name}, allocation {n}", reports + faults.others()
        self.inside, passed = faults.last, faults.passed
        check(given, error, left == 0)
        for report in reports + faults.others():
            self.fail(f"{self.what}: the kernel reports {report}")
        return left, passed

    def expect_memory(self, error, failed):
        """An error is that there is no memory, and there is none without failure."""
        number = getattr(error, "error", None) or getattr(error, "errno", None)
        if error is not None and (number not in NO_MEMORY or not failed):
            self.fail(f"{self.what}: {error}")

    def expect_state(self, before):
        if state(self.nl) != before:
            self.fail(f"{self.what}: the configuration has changed")


def state(nl):
    """The configuration, what is decided, and of what use each vmk is."""
    vmks, *rest = config(nl)
    usable = [answer(body)[A.VMK_USABLE] for body in must(nl.ask(CMD.VMK_GET, flags=DUMP), "dump")]
    return tuple((*vmk, use) for vmk, use in zip(vmks, usable)), tuple(rest), decisions(nl)


def decisions(nl):
    found = []
    for family in (4, 6):
        for tag in (CLASS.HOT, CLASS.COLD):
            reply = nl.ask(CMD.ROUTE_GET, fields("route", **{f"dst{family}": far(family)}, class_=tag))
            if isinstance(reply, Refused):
                found.append(reply.error)
            else:
                said = answer(reply[0])
                found.append((said.get(A.ROUTE_IFINDEX), said[A.ROUTE_VERDICT], said[A.ROUTE_REASON]))
    return tuple(found)


def begin(nl, *vmks):
    must(nl.ask(CMD.VMK_FLUSH), "flush")
    for name, migration in vmks:
        must(nl.ask(CMD.VMK_ADD, device(name, migration=migration)), f"add {name}")
