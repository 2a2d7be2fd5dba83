#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is sent right after an address came or went is not refused for it. In a
namespace with vmk d0 and migration vmk d1, both of which drop what they send. A line
for each fault.

burst.py drip SECONDS: an address of d1 comes and goes again and again. A line with the
milliseconds that went by, and those that a request takes at least to see a change: on a
busy host most take longer than the reading."""

import errno
import select
import socket
import sys
import time

from family import CMD, HOT, Netlink, device, must
from rtnl import DELADDR, NEWADDR, Route, address

ROUNDS = 20
rtnetlink = Route()


def change(kind, name, text, length):
    """Add or remove an address."""
    must(rtnetlink.set(kind, address(name, text, length)), f"{name} {text}")


def sent(name):
    with open("/proc/net/dev", encoding="ascii") as lines:
        for line in lines:
            found, _, counters = line.partition(":")
            if found.strip() == name:
                return int(counters.split()[9])
    raise OSError(errno.ENODEV, name)


def new_socket(family, kind):
    new = socket.socket(family, kind)
    new.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, HOT)
    new.setblocking(False)
    return new


def udp_error(family, to):
    """The error of sending a datagram."""
    with new_socket(family, socket.SOCK_DGRAM) as udp:
        try:
            udp.sendto(b"x", (to, 9))
        except OSError as error:
            return error.errno
    return 0


def tcp_error(family, to):
    """The error of a connection soon after it was asked for."""
    with new_socket(family, socket.SOCK_STREAM) as tcp:
        error = tcp.connect_ex((to, 9))
        if error != errno.EINPROGRESS:
            return error
        poll = select.poll()
        poll.register(tcp, select.POLLOUT)
        poll.poll(100)
        return tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def leaves_by(family, to, name):
    """Until packets leave by a device."""
    end = time.monotonic() + 10
    before = sent(name)
    while sent(name) == before:
        udp_error(family, to)
        if time.monotonic() > end:
            raise OSError(errno.ETIMEDOUT, f"nothing leaves by {name}")


def report(what, errors):
    for error in set(errors):
        print(f"{what}: {errno.errorcode[error]}, {errors.count(error)} of {ROUNDS}")


def drip(seconds):
    """One change at a time, and never two in a burst."""
    family = Netlink()

    def change_one(n):
        change(NEWADDR if n % 2 else DELADDR, "d1", "172.31.0.1", 32)

    def asked():
        start = time.monotonic()
        must(family.ask(CMD.VMK_GET, device("d0")), "vmk")
        return time.monotonic() - start

    took = []
    for n in range(1, 11):
        change_one(n)
        took.append(asked() - asked())
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        n += 1
        change_one(n)
        time.sleep(.012)
    print(int((time.monotonic() - start) * 1000), int(min(took) * 1000))


def main():
    for family, own, shared, to, length in (
            (socket.AF_INET, "198.51.100.1", "198.51.100.30", "198.51.100.9", 24),
            (socket.AF_INET6, "2001:db8:1::1", "2001:db8:1::30", "2001:db8:1::9", 64)):
        for error_of in (udp_error, tcp_error):
            name = f"{error_of.__name__[:3]} IPv{4 if length == 24 else 6}"
            refused, came, went = 0, [], []
            for _ in range(ROUNDS):
                change(NEWADDR, "d1", own, length)
                came.append(error_of(family, to))
                leaves_by(family, to, "d1")
                change(NEWADDR, "d0", shared, length)
                leaves_by(family, to, "d0")
                change(DELADDR, "d0", shared, length)
                went.append(error_of(family, to))
                leaves_by(family, to, "d1")
                change(DELADDR, "d1", own, length)
                refused += 1
            report(f"{name}: after the address of the vmk came", [e for e in came if e])
            report(f"{name}: after a shared subnet went", [e for e in went if e])
            print(f"# {name}: {refused} rounds")


if len(sys.argv) > 1:
    drip(int(sys.argv[2]))
else:
    main()
