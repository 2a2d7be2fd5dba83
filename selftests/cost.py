#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""cost.py 4|6 DESTINATION SOURCE [UNROUTED]: what a hot packet costs above an untagged
one, in nanoseconds of a clock that counts instructions, one line for each kind of packet.
No vmk has a route to UNROUTED."""

import socket
import sys
import time

HOT = 0x10000
BATCH, BATCHES, FLOWS, UNEVEN = 32, 9, 48, 600

family = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
to, source = (sys.argv[2], 9), (sys.argv[3], 0)


def new_socket(kind, protocol, mark, bound):
    new = socket.socket(family, kind, protocol)
    new.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    if bound:
        new.bind(source)
    return new


def steady(kind, protocol, mark, bound=False):
    """One packet of many: the least of some batches."""
    data = bytes(40)
    with new_socket(kind, protocol, mark, bound) as sock:
        address = to if kind == socket.SOCK_DGRAM else (to[0], 0)
        send, clock, best = sock.sendto, time.perf_counter_ns, None
        for _ in range(BATCHES):
            start = clock()
            for _ in range(BATCH):
                send(data, address)
            now = (clock() - start) // BATCH
            best = now if best is None else min(best, now)
    return best


def firsts(mark, address, number=FLOWS):
    """The first packet of each of many connected sockets."""
    data, clock, took = bytes(40), time.perf_counter_ns, []
    sockets = [new_socket(socket.SOCK_DGRAM, 0, mark, False) for _ in range(number)]
    for sock in sockets:
        sock.connect(address)
        start = clock()
        try:
            sock.send(data)
        except OSError:
            pass
        took.append(clock() - start)
        sock.close()
    return sorted(took)


plain = steady(socket.SOCK_DGRAM, 0, 0, True)
print("bound", steady(socket.SOCK_DGRAM, 0, HOT, True) - plain)
print("cold", steady(socket.SOCK_DGRAM, 0, 2 * HOT, True) - plain)
plain = steady(socket.SOCK_RAW, socket.IPPROTO_TCP, 0, True)
print("flowless", steady(socket.SOCK_RAW, socket.IPPROTO_TCP, HOT, True) - plain)
# All but a few, for which the kernel takes new pages.
print("first", firsts(HOT, to)[-4] - firsts(0, to)[FLOWS // 2])
if len(sys.argv) > 4:
    # Each vmk gets another number of flows for its weight.
    firsts(HOT, to, UNEVEN)
    nowhere = (sys.argv[4], 9)
    print("unrouted", firsts(HOT, nowhere)[FLOWS // 2] - firsts(0, nowhere)[FLOWS // 2])
