#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every allocation fails once: one operation after another, its first allocation
fails, then its second, until none is left to fail. Started in a network namespace
with the devices vmk0 to vmk2, by failnth.sh, with the name of that at their other
ends, and the tests to run, if not all."""

import contextlib
import errno
import os
import socket
import struct
import sys
import time

import ktap
from family import (A, ACK, CLASS, CMD, COLD, CHANGE, DUMP, HOT, MODE, REASON, REPLACE, UNREACHABLE,
                    VERDICT, Netlink, Refused, answer, attr, attrs, config, device, fields, index,
                    must, number_of, policy, tag, u32, vmk)
from netns import CLONE_NEWNET, LIBC, call, enter
from rtnl import (DELADDR, DELLINK, GETADDR, GETLINK, IFA_ADDRESS, IFLA_IFNAME, IFLA_LINK,
                  IFLA_NET_NS_FD, INFO_DATA, NEWADDR, NEWLINK, NEWNEIGH, NEWROUTE, UP, Route, address,
                  by_name, link, of_kind)
from sweep import (FAMILY, FAR, NO_MEMORY, PAIR, Listener, Nth, Sweep, Workers, begin, far,
                   far_neighbour, far_route, forget_routes, state)

FINIT_MODULE, DELETE_MODULE = 313, 176
IPVLAN_MODE = 1
BOTH = (("vmk0", 1), ("vmk1", 1))
# Where the module asks for memory that needs failing.h, for a new namespace, and for the
# first vmk in one.
OWN_INIT = ("migsel_stats_alloc",)
FIRST_VMK = ("migsel_vmk_counters_alloc", "snap_alloc", "migsel_flows_alloc", "migsel_cache_alloc")


@contextlib.contextmanager
def inside(netns):
    """In another namespace, and then back."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(f"/run/netns/{netns}")
    try:
        yield
    finally:
        call(LIBC.setns, here, CLONE_NEWNET)


def use():
    """Packets that need all that there is beside the hook."""
    for family, to in FAR.items():
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for mark in (HOT, COLD):
                with socket.socket(FAMILY[family], kind) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
                    sock.setblocking(False)
                    try:
                        sock.connect((to, 5001))
                        sock.send(b"x")
                    except OSError:
                        pass


def lacks_route(reply, vmks):
    """Whether it says that a hot flow is refused for that, or leaves by a migration vmk."""
    said = answer(reply[0])
    if number_of(said[A.ROUTE_VERDICT]) == VERDICT.REFUSE:
        return number_of(said[A.ROUTE_REASON]) == REASON.NO_ROUTE
    return said.get(A.ROUTE_IFINDEX) in (u32(index(name)) for name, migration in vmks if migration)


def requests(sweep):
    """requests to the family"""
    nl, route = sweep.nl, Route()
    hot4, hot6 = fields("route", dst4=far(4), class_=CLASS.HOT), fields("route", dst6=far(6), class_=CLASS.HOT)
    details = fields("route", details=b"")
    enforce, observe, off = MODE.ENFORCE, MODE.OBSERVE, MODE.OFF
    listener, _alarms = Listener("config"), Listener("alarm")

    # The name, vmks before, mode before, whether it changes something, the request.
    for name, vmks, mode, changes, cmd, payload, flags in (
            ("vmk add, the first", (), enforce, True, CMD.VMK_ADD, device("vmk0"), ACK),
            ("vmk add", PAIR[:1], enforce, True, CMD.VMK_ADD, device("vmk1", migration=1, position=0), ACK),
            ("vmk set", PAIR, enforce, True, CMD.VMK_SET,
             device("vmk1", position=0, migration=0, weight=9), ACK),
            ("vmk del", PAIR, enforce, True, CMD.VMK_DEL, device("vmk0"), ACK),
            ("vmk flush", PAIR, enforce, True, CMD.VMK_FLUSH, b"", ACK),
            ("vmk flush, one device", PAIR, enforce, True, CMD.VMK_FLUSH, device("vmk0"), ACK),
            ("vmk get", PAIR, enforce, False, CMD.VMK_GET, device("vmk1"), ACK),
            ("vmk dump", PAIR, enforce, False, CMD.VMK_GET, b"", DUMP),
            ("tag set", PAIR, enforce, True, CMD.TAG_SET, fields("tag", hot=0x30000), ACK),
            ("tag get", PAIR, enforce, False, CMD.TAG_GET, b"", ACK),
            ("policy set mode observe", PAIR, enforce, True, CMD.POLICY_SET, fields("policy", mode=observe), ACK),
            ("policy set mode off", PAIR, enforce, True, CMD.POLICY_SET, fields("policy", mode=off), ACK),
            ("policy set mode enforce", PAIR, off, True, CMD.POLICY_SET, fields("policy", mode=enforce), ACK),
            ("policy get", PAIR, enforce, False, CMD.POLICY_GET, b"", ACK),
            ("route get", PAIR, enforce, False, CMD.ROUTE_GET, hot4 + details, ACK),
            ("route get, several", BOTH, enforce, False, CMD.ROUTE_GET, hot4 + details, ACK),
            ("route get, from an address", BOTH, enforce, False, CMD.ROUTE_GET, hot4 +
             fields("route", src4=socket.inet_aton("198.51.100.1")), ACK),
            ("route get, by a device", PAIR, enforce, False, CMD.ROUTE_GET, hot4 +
             fields("route", ifindex=index("vmk1")), ACK),
            ("route get, IPv6", PAIR, enforce, False, CMD.ROUTE_GET, hot6 + details, ACK),
            ("route get, IPv6, several", BOTH, enforce, False, CMD.ROUTE_GET, hot6 + details, ACK),
            ("config set, replace", PAIR, enforce, True, CMD.CONFIG_SET, REPLACE + tag(hot=0x30000) +
             policy(mode=observe) + vmk("vmk2", weight=3) + vmk("vmk1", migration=1), ACK),
            ("config set, the first", (), enforce, True, CMD.CONFIG_SET, vmk("vmk0") + vmk("vmk1"), ACK),
            ("config set", PAIR, enforce, True, CMD.CONFIG_SET,
             vmk("vmk2", position=0) + vmk("vmk1", CHANGE.DEL), ACK),
            ("config get", PAIR, enforce, False, CMD.CONFIG_GET, b"", ACK),
            ("stats get", PAIR, enforce, False, CMD.STATS_GET, b"", DUMP),
            ("stats reset", PAIR, enforce, False, CMD.STATS_RESET, b"", ACK),
    ):
        def reset(vmks=vmks, mode=mode):
            begin(nl, *vmks)
            must(nl.ask(CMD.TAG_SET, fields("tag", hot=HOT)), "tag")
            must(nl.ask(CMD.POLICY_SET, fields("policy", mode=mode)), "policy")
            listener.told()

        def prepare(vmks=vmks, cmd=cmd):
            if cmd == CMD.ROUTE_GET:
                forget_routes(nl, route, vmks[0][0])
            return Netlink()

        reset()
        before = state(nl)
        usual = must(nl.ask(cmd, payload, flags=flags), name)
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

        def check(mine, error, failed, usual=usual, before=before, after=after,
                  changes=changes, reset=reset, cmd=cmd, vmks=vmks,
                  blind=payload.startswith(hot6)):
            mine.socket.close()
            # IPv6 does not tell whether there is no route or no memory for it.
            if not (blind and failed and getattr(error, "error", None) == errno.ENETUNREACH):
                sweep.expect_memory(error, failed)
            heard, now = listener.told(), state(nl)
            # Told by the kernel that it is lost, an answer may have been to either.
            lost = isinstance(error, OSError)
            if now != after and not (error and now == before):
                sweep.fail(f"{sweep.what}: {error} leaves neither the old nor the new state")
            elif isinstance(error, Refused) and now != before:
                sweep.fail(f"{sweep.what}: {error}, and yet it is done")
            if error is None and not changes and cmd not in (CMD.STATS_GET, CMD.STATS_RESET) and \
                    mine.answer != usual and \
                    not (blind and failed and lacks_route(mine.answer, vmks)):
                sweep.fail(f"{sweep.what}: another answer, {mine.answer}")
            if changes and now == after and not heard:
                sweep.fail(f"{sweep.what}: listeners are not told{' (lost)' if lost else ''}")
            if changes and now != before:
                use()
                reset()

        sweep.points(name, prepare, operate, check,
                     through=FIRST_VMK if name.endswith("the first") else ())


def subscription(sweep):
    """subscription to notifications"""
    begin(sweep.nl, *PAIR)
    before = state(sweep.nl)
    for group in ("config", "alarm"):
        def operate(mine, group=group):
            mine.join(group)

        def check(mine, error, failed):
            mine.socket.close()
            sweep.expect_memory(error, failed)
            sweep.expect_state(before)

        sweep.points(f"monitor {group}", Netlink, operate, check)


def events(sweep):
    """events of devices and addresses"""
    nl, route, listener = sweep.nl, Route(), Listener("config")
    peer = os.open(f"/run/netns/{sweep.peer}", os.O_RDONLY)
    with inside(sweep.peer):
        there = Route()

    def has(text):
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        found = must(route.ask(GETADDR, struct.pack("=B3xi", family, 0), flags=DUMP), "addresses")
        return any(attrs(body[8:])[IFA_ADDRESS] == socket.inet_pton(family, text) for body in found)

    def is_up(name):
        return struct.unpack_from("=I", must(route.ask(GETLINK, link(name)), "link")[0], 8)[0] & UP

    def exists(name, where=route):
        return not isinstance(where.ask(GETLINK, by_name(name)), Refused)

    def delete(name, where=route):
        where.ask(DELLINK, by_name(name))

    def up1():
        route.set(NEWLINK, link("vmk1", UP, UP))
        route.set(NEWADDR, address("vmk1", "2001:db8:1::1", 64))
        for family in FAR:
            route.set(NEWROUTE, far_route("vmk1", family))
            route.set(NEWNEIGH, far_neighbour("vmk1", family))

    def anew():
        for name in (dummy, "renamed9"):
            delete(name)
        delete(dummy, there)
        must(route.set(NEWLINK, of_kind(dummy, "dummy")), "dummy")

    add4, add6 = address("vmk0", "198.51.100.30", 24), address("vmk0", "2001:db8:1::30", 64)
    dummy = "dummy9"
    # The name, the request, what brings the state before, whether it is done, the vmks.
    cases = (
        ("address add, IPv4", NEWADDR, lambda: add4, lambda: route.set(DELADDR, add4),
         lambda: has("198.51.100.30"), PAIR),
        ("address add, IPv6", NEWADDR, lambda: add6, lambda: route.set(DELADDR, add6),
         lambda: has("2001:db8:1::30"), PAIR),
        ("address del, IPv4", DELADDR, lambda: add4, lambda: route.set(NEWADDR, add4),
         lambda: not has("198.51.100.30"), PAIR),
        ("address del, IPv6", DELADDR, lambda: add6, lambda: route.set(NEWADDR, add6),
         lambda: not has("2001:db8:1::30"), PAIR),
        ("device down", NEWLINK, lambda: link("vmk1", 0, UP), up1, lambda: not is_up("vmk1"), PAIR),
        ("device up", NEWLINK, lambda: link("vmk1", UP, UP),
         lambda: route.set(NEWLINK, link("vmk1", 0, UP)), lambda: is_up("vmk1"), PAIR),
        ("device rename", NEWLINK, lambda: link(dummy) + attr(IFLA_IFNAME, b"renamed9\0"), anew,
         lambda: exists("renamed9"), PAIR + ((dummy, 1),)),
        ("device move", NEWLINK, lambda: link(dummy) + attr(IFLA_NET_NS_FD, u32(peer)), anew,
         lambda: not exists(dummy), PAIR + ((dummy, 1),)),
        ("device delete", DELLINK, lambda: link(dummy), anew, lambda: not exists(dummy),
         PAIR + ((dummy, 1),)),
    )
    for name, cmd, payload, back, done, vmks in cases:
        own = vmks != PAIR

        def reset(back=back, vmks=vmks):
            back()
            begin(nl, *vmks)
            listener.told()

        def shape(own=own):
            """Without the index of a device that is made again and again."""
            vmks, rest, decided = state(nl)
            return (tuple(vmk[1:] if own else vmk for vmk in vmks), rest, () if own else decided)

        def becomes(right):
            """Whether the state does, within seconds."""
            end = time.monotonic() + 5
            while not (is_right := right(shape())) and time.monotonic() < end:
                time.sleep(0.01)
            return is_right

        reset()
        before = shape()
        must(route.ask(cmd, payload()), name)
        if not done():
            sweep.fail(f"{name}: the test does not see it done")
        if not becomes(lambda now: now != before):
            sweep.fail(f"{name}: changes nothing")
        time.sleep(0.3)  # where it takes more than one step
        after = shape()
        reset()
        if not becomes(lambda now: now == before):
            sweep.fail(f"{name}: the test does not get back to where it was")

        def prepare(payload=payload):
            return payload()

        def operate(given, cmd=cmd):
            reply = route.ask(cmd, given)
            return reply if isinstance(reply, Refused) else None

        def check(given, error, failed, done=done, before=before, after=after, reset=reset,
                  loses=name in ("device move", "device delete")):
            is_done = done()
            sweep.expect_memory(error, failed)
            if error is None and not is_done:
                sweep.fail(f"{sweep.what}: succeeds, and is not done")
            want = after if is_done else before
            if not becomes(lambda now: now == want):
                sweep.fail(f"{sweep.what}: {error}: the state is not that of "
                           f"{'after' if is_done else 'before'}")
            if is_done and loses and not listener.told():
                sweep.fail(f"{sweep.what}: listeners are not told of the vmk that is gone")
            if is_done or error:
                reset()

        sweep.points(name, prepare, operate, check,
                     bad=("__dev_change_net_namespace",) if name == "device move" else ())
    for extra in (add4, add6):
        route.set(DELADDR, extra)
    up1()
    anew()
    delete(dummy)


class Wire:
    """What arrives at the other ends, where nothing is made to fail."""

    def __init__(self, peer):
        self.sockets = {}
        with inside(peer):
            for n in range(3):
                tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
                tap.bind((f"peer{n}", 3))
                tap.setblocking(False)
                self.sockets[f"vmk{n}"] = tap

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
    nl, route, wire = sweep.nl, Route(), Wire(sweep.peer)

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
            # Who has the provisioning service, what unreachable is, and where a packet may leave
            # that the policy passes. To IPv6 a route that it had no memory for is none, and then
            # the row behind applies.
            for what, mark, vmks, service, right, unreachable, passed in (
                    ("hot", HOT, PAIR, None, {"vmk1"}, UNREACHABLE.REFUSE, set()),
                    ("hot, unreachable pass", HOT, PAIR, None, {"vmk1"}, UNREACHABLE.PASS, {"vmk2"}),
                    ("cold", COLD, PAIR, None, {"vmk0"}, UNREACHABLE.REFUSE, set()),
                    ("cold, by the service", COLD, PAIR, "vmk1", {"vmk1"}, UNREACHABLE.REFUSE,
                     {"vmk0"} if family == 6 else set()),
                    ("hot, several", HOT, BOTH, None, {"vmk0", "vmk1"}, UNREACHABLE.REFUSE, set())):
                begin(nl, *vmks)
                if service:
                    must(nl.ask(CMD.VMK_SET, device(service, provisioning=1)), "service")
                must(nl.ask(CMD.POLICY_SET, fields("policy", unreachable=unreachable)), "policy")

                def prepare(family=family, proto=proto, mark=mark, vmks=vmks):
                    forget_routes(nl, route, vmks[0][0])
                    wire.seen()
                    sock = socket.socket(FAMILY[family], socket.SOCK_STREAM if proto == "tcp" else
                                         socket.SOCK_DGRAM)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
                    sock.setblocking(False)
                    return sock

                def operate(sock, family=family, proto=proto):
                    return send(sock, family, proto)

                def check(sock, error, failed, family=family, proto=proto, right=right,
                          service=service, passed=passed, prepare=prepare):
                    number = getattr(error, "errno", None)
                    if error and (not failed or number not in NO_MEMORY +
                                  (errno.EHOSTUNREACH, errno.ENETUNREACH)):
                        sweep.fail(f"{sweep.what}: {error}")
                    seen = wire.seen()
                    if not seen <= right | (passed if failed else set()) or \
                            (not failed and not seen):
                        sweep.fail(f"{sweep.what}: leaves by {seen}, {error}")
                    # TCP sends again what it had no memory for. Where it is not known whether the
                    # service has a route, the packet is lost as on the network.
                    if proto != "tcp" and not service and not seen and not error:
                        sweep.fail(f"{sweep.what}: lost, and its sender is not told")
                    # The next one finds nothing left of the failure.
                    if proto == "tcp":
                        sock.close()
                        sock = prepare()
                    error = send(sock, family, proto)
                    seen = wire.seen()
                    if error or not seen or not seen <= right:
                        sweep.fail(f"{sweep.what}: then leaves by {seen}, {error}")
                    sock.close()

                sweep.points(f"IPv{family} {proto}, {what}", prepare, operate, check)
    must(nl.ask(CMD.POLICY_SET, fields("policy", unreachable=UNREACHABLE.REFUSE)), "policy")


def modes(sweep):
    """modes that end a vmk"""
    nl, route = sweep.nl, Route()
    must(route.set(NEWLINK, of_kind("dummy8", "dummy")), "dummy")
    parent = attr(IFLA_LINK, u32(index("dummy8")))

    def mode(number):
        """of an ipvlan: 0 is l2, 1 is l3"""
        return of_kind("ipvlan8", "ipvlan", attr(INFO_DATA, attr(IPVLAN_MODE, struct.pack("=H", number)))) + parent

    def reset():
        must(route.set(NEWLINK, mode(0)), "ipvlan")
        must(route.set(NEWLINK, link("ipvlan8", UP, UP)), "ipvlan")
        begin(nl, ("vmk0", 0), ("ipvlan8", 1))

    def is_gone():
        return len(config(nl)[0]) == 1

    reset()
    if is_gone():
        sweep.fail("an ipvlan in mode l2 is no vmk")
    sweep.nth = Workers()

    def operate(_):
        must(route.set(NEWLINK, mode(1)), "mode")
        end = time.monotonic() + 10
        while not is_gone() and time.monotonic() < end:
            time.sleep(0.01)
        return None if is_gone() else OSError(0, "it stays a vmk")

    def check(_, error, __):
        if error:
            sweep.fail(f"{sweep.what}: {error}")
        reset()

    sweep.points("mode of an ipvlan", lambda: None, operate, check)
    begin(nl, *PAIR)
    for name in ("ipvlan8", "dummy8"):
        route.ask(DELLINK, by_name(name))


def alarms(sweep):
    """alarms"""
    listener = Listener("alarm")
    begin(sweep.nl, PAIR[0])
    sweep.nth = Workers()

    def operate(_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, HOT)
            try:
                sock.sendto(b"x", (FAR[4], 5001))
            except OSError:
                pass
        end = time.monotonic() + 5
        while not (told := listener.told()) and time.monotonic() < end:
            time.sleep(0.01)
        return None if told else OSError(0, "nobody is told")

    def check(_, error, __):
        if error:
            sweep.fail(f"{sweep.what}: {error}")

    sweep.points("alarm", listener.told, operate, check)
    # A message, its data, and what is sent of it to the listener.
    if sweep.counts[-1][1] < 3:
        sweep.fail("alarm: not all of its allocations failed")


def namespaces(sweep):
    """new network namespaces"""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    before = state(sweep.nl)

    def check(_, error, failed):
        # Others do not all say that it was memory.
        if sweep.inside or not failed:
            sweep.expect_memory(error, failed)
        if sweep.inside and error is None:
            sweep.fail(f"{sweep.what}: there is a namespace without memory for its counters")
        sweep.expect_state(before)
        if error is None:
            mine = Netlink()
            if config(mine)[0]:
                sweep.fail(f"{sweep.what}: a new one has vmks")
            mine.socket.close()
            call(LIBC.setns, here, CLONE_NEWNET)

    # It takes thousands of allocations; until the first of the module's, it has no part in it.
    sweep.points("network namespace", lambda: None,
                 lambda _: call(LIBC.unshare, CLONE_NEWNET), check, through=OWN_INIT, around=20)
    call(LIBC.unshare, CLONE_NEWNET)
    check(None, None, False)


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


TESTS = (requests, subscription, events, packets, modes, alarms, namespaces, loading)


def main():
    chosen = [test for test in TESTS if not sys.argv[2:] or test.__name__ in sys.argv[2:]]
    ktap.begin(len(chosen))
    for test in chosen:
        start = time.monotonic()
        sweep = Sweep(Netlink(), Nth(), sys.argv[1])
        try:
            test(sweep)
        except (AssertionError, OSError) as problem:
            sweep.fail(f"{getattr(sweep, 'what', '')}: {problem!r}")
        for name, count in sweep.counts:
            ktap.note(f"{name}: {count} injection points")
        ktap.note(f"{test.__doc__}: {time.monotonic() - start:.1f} s")
        ktap.result(test.__doc__, sweep.problems)
    ktap.end()


main()
