#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every allocation fails once: one operation after another, its first allocation
fails, then its second, until none is left to fail. Started in a network namespace
with the devices vmk0 to vmk2, by failnth.sh, with the name of that at their other
ends. A line for each test: its name, and after a tab what is wrong."""

import ctypes
import errno
import os
import re
import socket
import struct
import sys
import time

from netlink import (ACK, DUMP, POLICY_GET, POLICY_SET, ROUTE_GET, STATS_GET, STATS_RESET,
                     TAG_GET, TAG_SET, VMK_ADD, VMK_DEL, VMK_FLUSH, VMK_GET, VMK_SET, REQUEST,
                     Netlink, Refused, attr, attrs, config, index, must, u32)

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
FINIT_MODULE, DELETE_MODULE = 313, 176
NEWLINK, DELLINK, NEWADDR, DELADDR = 16, 17, 20, 21
UP, NODAD = 1, 2
HOT, COLD = 0x10000, 0x20000
MANY = 1 << 20
REPORT = re.compile("WARNING|BUG|INFO: |DEBUG_LOCKS|refcount_t: |UBSAN|KASAN")
NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS)
FAR = {4: "198.18.0.1", 6: "2001:db8:f::1"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class Nth:
    """The count of allocations of this thread until one fails."""

    def __init__(self):
        self.file = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def set(self, nth):
        os.pwrite(self.file, b"%d" % nth, 0)

    def left(self):
        return int(os.pread(self.file, 16, 0))


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


def link(name, flags=0, change=0):
    return struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(name), flags, change)


def address(name, text, bits):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    data = socket.inet_pton(family, text)
    return (struct.pack("=BBBBI", family, bits, NODAD, 0, socket.if_nametoindex(name)) +
            attr(2, data) + attr(1, data))


class Faults:
    """Reports of the kernel while it is in functions of its own that do not bear a
    failure. They are kept off the console, where one fails the run; any other counts."""

    def __init__(self, functions):
        self.functions = functions
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
        found = []
        while self.functions:
            try:
                line = os.read(self.log, 8192).decode(errors="replace").partition(";")[2]
            except BlockingIOError:
                break
            if REPORT.search(line) and not any(name in line for name in self.functions):
                found.append(line.split("\n")[0])
        return found


class Sweep:
    def __init__(self, nl, nth, peer):
        self.nl, self.nth, self.peer = nl, nth, peer
        self.problems, self.counts = [], []

    def fail(self, problem):
        if len(self.problems) < 5:
            self.problems.append(problem)

    def points(self, name, prepare, operate, check, first=1, bad=()):
        """Do it with each allocation failing in turn. operate() returns an error or
        None; check(error, failed) sees what became of it, failed is false when
        nothing failed: then it is the last time. bad names functions of the kernel
        that warn of a failure."""
        with Faults(bad) as faults:
            self.count(name, prepare, operate, check, first, faults)

    def count(self, name, prepare, operate, check, first, faults):
        n = first
        while True:
            given = prepare()
            self.nth.set(n)
            try:
                error = operate(given)
            except OSError as problem:
                error = problem
            finally:
                left = self.nth.left()
                self.nth.set(0)
            self.what = f"{name}, allocation {n}"
            check(given, error, left == 0)
            for report in faults.others():
                self.fail(f"{self.what}: the kernel reports {report}")
            if left:
                break
            n += 1
        if n == first:
            self.fail(f"{name}: there is nothing that can be made to fail")
        self.counts.append((name, n - first))

    def expect_memory(self, error, failed):
        """An error is that there is no memory, and there is none without failure."""
        number = getattr(error, "error", None) or getattr(error, "errno", None)
        if error is not None and (number not in NO_MEMORY or not failed):
            self.fail(f"{self.what}: {error}")


def state(nl):
    """The configuration, what is decided, and of what use each vmk is."""
    vmks = must(nl.ask(VMK_GET, flags=DUMP), "dump")
    vmks = tuple(tuple(attrs(vmk[4:])[kind] for kind in (1, 2, 3, 4, 5, 6)) for vmk in vmks)
    return vmks, config(nl)[1:], decisions(nl)


def decisions(nl):
    found = []
    for family in (4, 6):
        dst = attr(1 if family == 4 else 2, socket.inet_pton(FAMILY[family], FAR[family]))
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


PAIR = (("vmk0", 0), ("vmk1", 1))


def use():
    """Packets that need all that there is beside the hook."""
    for family, far in FAR.items():
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for mark in (HOT, COLD):
                with socket.socket(FAMILY[family], kind) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, 36, mark)
                    sock.setblocking(False)
                    try:
                        sock.connect((far, 5001))
                        sock.send(b"x")
                    except OSError:
                        pass


def requests(sweep):
    """requests to the family"""
    nl = sweep.nl
    dev0, dev1 = attr(1, index("vmk0")), attr(1, index("vmk1"))
    far = attr(1, socket.inet_pton(socket.AF_INET, FAR[4]))
    listener = Netlink()
    listener.socket.setsockopt(270, 1, listener.groups["config"])
    listener.socket.setblocking(False)
    alarms = Netlink()
    alarms.socket.setsockopt(270, 1, alarms.groups["alarm"])

    def told():
        """Whether listeners were told of a change, or that they missed one."""
        found = False
        while True:
            try:
                listener.socket.recv(1 << 16)
            except BlockingIOError:
                return found
            except OSError as problem:
                if problem.errno != errno.ENOBUFS:
                    raise
            found = True

    # The name, vmks before, mode before, whether it changes something, the request.
    for name, vmks, mode, changes, cmd, payload, flags in (
            ("vmk add, the first", (), 0, True, VMK_ADD, dev0, ACK),
            ("vmk add", PAIR[:1], 0, True, VMK_ADD, dev1 + attr(4, u32(1)) + attr(3, u32(0)), ACK),
            ("vmk set", PAIR, 0, True, VMK_SET, dev1 + attr(3, u32(0)) + attr(4, u32(0)) +
             attr(5, u32(9)), ACK),
            ("vmk del", PAIR, 0, True, VMK_DEL, dev0, ACK),
            ("vmk flush", PAIR, 0, True, VMK_FLUSH, b"", ACK),
            ("vmk get", PAIR, 0, False, VMK_GET, dev1, ACK),
            ("vmk dump", PAIR, 0, False, VMK_GET, b"", DUMP),
            ("tag set", PAIR, 0, True, TAG_SET, attr(2, u32(0x30000)), ACK),
            ("tag get", PAIR, 0, False, TAG_GET, b"", ACK),
            ("policy set mode observe", PAIR, 0, True, POLICY_SET, attr(1, u32(1)), ACK),
            ("policy set mode off", PAIR, 0, True, POLICY_SET, attr(1, u32(2)), ACK),
            ("policy set mode enforce", PAIR, 2, True, POLICY_SET, attr(1, u32(0)), ACK),
            ("policy get", PAIR, 0, False, POLICY_GET, b"", ACK),
            ("route get", PAIR, 0, False, ROUTE_GET, far + attr(8, u32(1)) + attr(9, b""), ACK),
            ("stats get", PAIR, 0, False, STATS_GET, b"", DUMP),
            ("stats reset", PAIR, 0, False, STATS_RESET, b"", ACK),
    ):
        def reset(vmks=vmks, mode=mode):
            begin(nl, *vmks)
            must(nl.ask(TAG_SET, attr(2, u32(HOT))), "tag")
            must(nl.ask(POLICY_SET, attr(1, u32(mode))), "policy")
            told()

        reset()
        before = state(nl)
        answer = must(nl.ask(cmd, payload, flags=flags), name)
        after = state(nl)
        reset()
        if (before == after) == changes or (changes and state(nl) != before):
            sweep.fail(f"{name}: the test does not see what it changes")

        def operate(mine, cmd=cmd, payload=payload, flags=flags):
            reply = mine.ask(cmd, payload, flags=flags)
            if isinstance(reply, Refused):
                return reply
            mine.answer = reply
            return None

        def check(mine, error, failed, answer=answer, before=before, after=after,
                  changes=changes, reset=reset, cmd=cmd):
            mine.socket.close()
            sweep.expect_memory(error, failed)
            heard, now = told(), state(nl)
            # Told by the kernel that it is lost, an answer may have been to either.
            lost = isinstance(error, OSError)
            if now != after and not (error and now == before):
                sweep.fail(f"{sweep.what}: {error} leaves neither the old nor the new state")
            elif isinstance(error, Refused) and now != before:
                sweep.fail(f"{sweep.what}: {error}, and yet it is done")
            if error is None and not changes and cmd not in (STATS_GET, STATS_RESET) and \
                    mine.answer != answer:
                sweep.fail(f"{sweep.what}: another answer, {mine.answer}")
            if changes and now == after and not heard:
                sweep.fail(f"{sweep.what}: listeners are not told{' (lost)' if lost else ''}")
            if changes and now != before:
                use()
                reset()

        sweep.points(name, Netlink, operate, check)


def subscription(sweep):
    """subscription to notifications"""
    begin(sweep.nl, *PAIR)
    for group in ("config", "alarm"):
        def operate(mine, group=group):
            mine.socket.setsockopt(270, 1, mine.groups[group])

        def check(mine, error, failed):
            mine.socket.close()
            sweep.expect_memory(error, failed)

        sweep.points(f"monitor {group}", Netlink, operate, check)


def events(sweep):
    """events of devices and addresses"""
    nl, route = sweep.nl, Route()
    peer = os.open(f"/run/netns/{sweep.peer}", os.O_RDONLY)

    def ask(cmd, payload, flags=ACK):
        return must(route.ask(cmd, payload, flags=flags), f"rtnetlink {cmd}")

    def ip(*commands):
        with os.popen("ip -force -b - 2>/dev/null", "w") as pipe:
            pipe.write("\n".join(commands) + "\n")

    add4, add6 = address("vmk0", "198.51.100.30", 24), address("vmk0", "2001:db8:1::30", 64)
    dummy = "dummy9"
    new = ("link add dummy9 type dummy",)
    gone = ("link del dummy9",)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)

    def has(text):
        with os.popen("ip -o addr show dev vmk0") as pipe:
            return f" {text}/" in pipe.read()

    def is_up(name):
        with os.popen(f"ip -o link show dev {name}") as pipe:
            return ",UP" in pipe.read()

    def exists(name):
        return name in (entry[1] for entry in socket.if_nameindex())

    up1 = ("link set vmk1 up", "addr replace 2001:db8:1::1/64 dev vmk1 nodad",
           *(f"route replace {far} dev vmk1 metric 30" for far in FAR.values()),
           *(f"neigh replace {far} lladdr 02:00:00:00:00:01 dev vmk1 nud permanent"
             for far in FAR.values()))
    # The name, the request, what brings the state before, whether it is done, the vmks.
    cases = (
        ("address add, IPv4", NEWADDR, lambda: add4, ("addr flush dev vmk0 to 198.51.100.30",),
         lambda: has("198.51.100.30"), PAIR),
        ("address add, IPv6", NEWADDR, lambda: add6, ("addr flush dev vmk0 to 2001:db8:1::30",),
         lambda: has("2001:db8:1::30"), PAIR),
        ("address del, IPv4", DELADDR, lambda: add4, ("addr replace 198.51.100.30/24 dev vmk0",),
         lambda: not has("198.51.100.30"), PAIR),
        ("address del, IPv6", DELADDR, lambda: add6,
         ("addr replace 2001:db8:1::30/64 dev vmk0 nodad",),
         lambda: not has("2001:db8:1::30"), PAIR),
        ("device down", NEWLINK, lambda: link("vmk1", 0, UP), up1, lambda: not is_up("vmk1"), PAIR),
        ("device up", NEWLINK, lambda: link("vmk1", UP, UP), ("link set vmk1 down",),
         lambda: is_up("vmk1"), PAIR),
        ("device rename", NEWLINK, lambda: link(dummy) + attr(3, b"renamed9\0"), new,
         lambda: exists("renamed9"), PAIR + ((dummy, 1),)),
        ("device move", NEWLINK, lambda: link(dummy) + attr(28, u32(peer)), new,
         lambda: not exists(dummy), PAIR + ((dummy, 1),)),
        ("device delete", DELLINK, lambda: link(dummy), new, lambda: not exists(dummy),
         PAIR + ((dummy, 1),)),
    )
    for name, cmd, payload, commands, done, vmks in cases:
        own = vmks != PAIR

        def reset(own=own, commands=commands, vmks=vmks):
            if own:
                for old in (dummy, "renamed9"):
                    if exists(old):
                        ip(f"link del {old}")
                call(LIBC.setns, peer, CLONE_NEWNET)
                try:
                    if exists(dummy):
                        ip(*gone)
                finally:
                    call(LIBC.setns, here, CLONE_NEWNET)
            ip(*commands)
            begin(nl, *vmks)

        def shape(own=own):
            """Without the index of a device that is made again and again."""
            vmks, rest, decided = state(nl)
            return (tuple(vmk[1:] if own else vmk for vmk in vmks), rest, () if own else decided)

        def follows(want):
            end = time.monotonic() + 5
            while (now := shape()) != want and time.monotonic() < end:
                time.sleep(0.01)
            return now == want

        reset()
        before = shape()
        ask(cmd, payload())
        time.sleep(0.3)
        after = shape()
        if not done():
            sweep.fail(f"{name}: the test does not see it done")
        reset()
        if not follows(before) or before == after:
            sweep.fail(f"{name}: the test does not get back to where it was")

        def prepare(payload=payload):
            return payload()

        def operate(given, cmd=cmd):
            reply = route.ask(cmd, given)
            return reply if isinstance(reply, Refused) else None

        def check(given, error, failed, done=done, before=before, after=after, reset=reset):
            is_done = done()
            if error is None and not is_done:
                sweep.fail(f"{sweep.what}: succeeds, and is not done")
            if not follows(after if is_done else before):
                sweep.fail(f"{sweep.what}: {error}: the state is not that of "
                           f"{'after' if is_done else 'before'}")
            if is_done or error:
                reset()

        sweep.points(name, prepare, operate, check,
                     bad=("__dev_change_net_namespace",) if name == "device move" else ())
    ip("addr flush dev vmk0 to 198.51.100.30", "addr flush dev vmk0 to 2001:db8:1::30", *up1,
       *new, *gone)


class Wire:
    """What arrives at the other ends, where nothing is made to fail."""

    def __init__(self, peer):
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        call(LIBC.setns, os.open(f"/run/netns/{peer}", os.O_RDONLY), CLONE_NEWNET)
        try:
            self.sockets = {}
            for n in range(3):
                tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
                tap.bind((f"peer{n}", 3))
                tap.setblocking(False)
                self.sockets[f"vmk{n}"] = tap
        finally:
            call(LIBC.setns, here, CLONE_NEWNET)

    def seen(self):
        """The devices by which packets to the far address came since last asked."""
        found = set()
        for name, tap in self.sockets.items():
            while True:
                try:
                    packet = tap.recv(256)
                except BlockingIOError:
                    break
                if socket.inet_pton(socket.AF_INET, FAR[4]) == packet[16:20] or \
                        socket.inet_pton(socket.AF_INET6, FAR[6]) == packet[24:40]:
                    found.add(name)
        return found


def packets(sweep):
    """first packets"""
    nl, wire = sweep.nl, Wire(sweep.peer)
    both = (("vmk0", 1), ("vmk1", 1))

    def send(sock, family, proto):
        if proto == "tcp":
            code = sock.connect_ex((FAR[family], 5001))
            return OSError(code, os.strerror(code)) if code != errno.EINPROGRESS else None
        if proto == "udp":
            sock.connect((FAR[family], 5001))
            sock.send(b"x")
        else:
            sock.sendto(b"x", (FAR[family], 5001))
        return None

    for family in (4, 6):
        for proto in ("tcp", "udp", "udp, not connected"):
            for tag, mark, vmks, right in (("hot", HOT, PAIR, {"vmk1"}),
                                           ("cold", COLD, PAIR, {"vmk0"}),
                                           ("hot, several", HOT, both, {"vmk0", "vmk1"})):
                begin(nl, *vmks)

                def prepare(family=family, proto=proto, mark=mark, vmks=vmks):
                    # A change, so that no route is at hand.
                    must(nl.ask(VMK_SET, attr(1, index(vmks[0][0]))), "set")
                    wire.seen()
                    sock = socket.socket(FAMILY[family], socket.SOCK_STREAM if proto == "tcp" else
                                         socket.SOCK_DGRAM)
                    sock.setsockopt(socket.SOL_SOCKET, 36, mark)
                    sock.setblocking(False)
                    return sock

                def operate(sock, family=family, proto=proto):
                    return send(sock, family, proto)

                def check(sock, error, failed, family=family, proto=proto, right=right,
                          prepare=prepare):
                    number = getattr(error, "errno", None)
                    if error and (not failed or number not in NO_MEMORY +
                                  (errno.EHOSTUNREACH, errno.ENETUNREACH)):
                        sweep.fail(f"{sweep.what}: {error}")
                    seen = wire.seen()
                    if not seen <= right or (not failed and not seen):
                        sweep.fail(f"{sweep.what}: leaves by {seen}, {error}")
                    # The next one finds nothing left of the failure.
                    if proto == "tcp":
                        sock.close()
                        sock = prepare()
                    error = send(sock, family, proto)
                    seen = wire.seen()
                    if error or not seen or not seen <= right:
                        sweep.fail(f"{sweep.what}: then leaves by {seen}, {error}")
                    sock.close()

                sweep.points(f"IPv{family} {proto}, {tag}", prepare, operate, check)


def namespaces(sweep):
    """new network namespaces"""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)

    def check(_, error, failed):
        sweep.expect_memory(error, failed)
        if error is None:
            mine = Netlink()
            if config(mine)[0]:
                sweep.fail(f"{sweep.what}: a new one has vmks")
            mine.socket.close()
            call(LIBC.setns, here, CLONE_NEWNET)

    # migsel comes near the end, after which there are only devices. The first ones
    # take more than those that follow.
    for _ in range(3):
        sweep.nth.set(MANY)
        call(LIBC.unshare, CLONE_NEWNET)
        count = MANY - sweep.nth.left()
        sweep.nth.set(0)
        call(LIBC.setns, here, CLONE_NEWNET)
    sweep.points("network namespace", lambda: None,
                 lambda _: call(LIBC.unshare, CLONE_NEWNET), check, max(1, count - 200))


def loading(sweep):
    """load of the module"""
    with os.popen("modinfo -n migsel") as pipe:
        module = os.open(pipe.read().strip(), os.O_RDONLY)

    def check(_, error, failed):
        sweep.expect_memory(error, failed)
        if error is None:
            begin(Netlink(), *PAIR)
            call(LIBC.syscall, DELETE_MODULE, b"migsel", 0)

    call(LIBC.syscall, DELETE_MODULE, b"migsel", 0)
    sweep.points("module", lambda: None,
                 lambda _: call(LIBC.syscall, FINIT_MODULE, module, b"", 0), check,
                 bad=("event_define_fields", "event_file_put", "release_ei"))
    call(LIBC.syscall, FINIT_MODULE, module, b"", 0)


TESTS = (requests, subscription, events, packets, namespaces, loading)


def main():
    if sys.argv[1:] == ["count"]:
        print(len(TESTS))
        return
    for test in TESTS:
        if len(sys.argv) > 2 and test.__name__ not in sys.argv[2:]:
            continue
        start = time.monotonic()
        sweep = Sweep(Netlink(), Nth(), sys.argv[1])
        try:
            test(sweep)
        except (AssertionError, OSError) as problem:
            sweep.fail(f"{getattr(sweep, 'what', '')}: {problem!r}")
        for name, count in sweep.counts:
            print(f"# {name}: {count} injection points", flush=True)
        print(f"# {test.__doc__}: {time.monotonic() - start:.1f} s")
        print(test.__doc__, "; ".join(sweep.problems), sep="\t", flush=True)


main()
