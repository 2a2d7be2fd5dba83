# SPDX-License-Identifier: GPL-2.0-only
"""What failnth.py makes its tests of: an operation done again and again, each time with
another of its allocations failing."""

import ctypes
import errno
import os
import re
import socket
import struct

from netlink import (ACK, DUMP, REQUEST, ROUTE_GET, VMK_ADD, VMK_FLUSH, VMK_GET, VMK_SET, Netlink,
                     Refused, attr, attrs, config, index, must, u32)

MANY = 1 << 20
RETREATS = 50
LIBC = ctypes.CDLL(None, use_errno=True)
NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR = 16, 17, 18, 20, 21, 22
NEWROUTE, NEWNEIGH = 24, 28
CREATE, REPLACE = 0x400, 0x500
MAKE = {NEWLINK: CREATE, NEWADDR: REPLACE, NEWROUTE: REPLACE, NEWNEIGH: REPLACE}
NODAD, PERMANENT = 2, 0x80
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


def call(function, *args):
    if function(*args) < 0:
        raise OSError(ctypes.get_errno(), "")


class Route(Netlink):
    """rtnetlink by the same means."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.room = 1 << 16
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)
        self.sequence = 0

    def send(self, cmd, payload=b"", version=1, flags=ACK, size=None):
        self.sequence += 1
        self.socket.send(struct.pack("=IHHII", 16 + len(payload), cmd, REQUEST | flags,
                                     self.sequence, 0) + payload)

    def set(self, cmd, payload):
        """Bring about what may be so already."""
        return self.ask(cmd, payload, flags=ACK | MAKE.get(cmd, 0))


def link(name, flags=0, change=0):
    return struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(name), flags, change)


def by_name(name):
    return bytes(16) + attr(3, name.encode() + b"\0")


def new_dummy(name):
    return by_name(name) + attr(18, attr(1, b"dummy\0"))


def address(name, text, bits):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    data = socket.inet_pton(family, text)
    return (struct.pack("=BBBBI", family, bits, NODAD, 0, socket.if_nametoindex(name)) +
            attr(2, data) + attr(1, data))


def far(family):
    return socket.inet_pton(FAMILY[family], FAR[family])


def far_route(name, family):
    return struct.pack("=8BI", FAMILY[family], len(far(family)) * 8, 0, 0, 254, 3, 0, 1, 0) + \
        attr(1, far(family)) + attr(4, index(name)) + attr(6, u32(METRIC[name]))


def far_neighbour(name, family):
    return struct.pack("=B3xiHBB", FAMILY[family], socket.if_nametoindex(name), PERMANENT, 0, 1) + \
        attr(1, far(family)) + attr(2, bytes((2, 0, 0, 0, 0, int(name[-1]))))


def forget_routes(nl, route, vmk):
    """So that the next lookup has to allocate: a change has IPv4 forget what it has found,
    IPv6 does with its route."""
    must(nl.ask(VMK_SET, attr(1, index(vmk))), "set")
    for name in METRIC:
        must(route.set(NEWROUTE, far_route(name, 6)), "route")


class Listener(Netlink):
    """Of notifications of a group."""

    def __init__(self, group):
        super().__init__()
        self.socket.setsockopt(270, 1, self.groups[group])
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
    vmks = must(nl.ask(VMK_GET, flags=DUMP), "dump")
    vmks = tuple(tuple(attrs(vmk[4:])[kind] for kind in (1, 2, 3, 4, 5, 6)) for vmk in vmks)
    return vmks, config(nl)[1:], decisions(nl)


def decisions(nl):
    found = []
    for family in (4, 6):
        dst = attr(1 if family == 4 else 2, far(family))
        for tag in (1, 2):
            answer = nl.ask(ROUTE_GET, dst + attr(8, u32(tag)))
            if isinstance(answer, Refused):
                found.append(answer.error)
            else:
                answer = attrs(answer[0][4:])
                found.append((answer.get(5), answer[10], answer[11]))
    return tuple(found)


def begin(nl, *vmks):
    must(nl.ask(VMK_FLUSH), "flush")
    for name, migration in vmks:
        must(nl.ask(VMK_ADD, attr(1, index(name)) + attr(4, u32(migration))), f"add {name}")
