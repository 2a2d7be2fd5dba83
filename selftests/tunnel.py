#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tunnel.py NETNS NETNS NAME: a TUN device of that name in both namespaces, and
this program between them. Says "ready" when they are there."""

import fcntl
import os
import select
import struct
import sys

from netns import enter

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def device(netns, name):
    """The file of a new device."""
    enter(f"/run/netns/{netns}")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF,
                struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def main():
    """Hand on what either device sends."""
    ends = [device(netns, sys.argv[3]) for netns in sys.argv[1:3]]
    other = dict(zip(ends, reversed(ends)))
    print("ready", flush=True)
    while True:
        for end in select.select(ends, [], [])[0]:
            try:
                os.write(other[end], os.read(end, 65536))
            except OSError:
                pass


main()
