# SPDX-License-Identifier: GPL-2.0-only
"""Links and addresses, for tests that change them too often, or too exactly, for ip."""

import socket
import struct

from family import ACK, Socket, attr, index

NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR, NEWROUTE, NEWNEIGH = 16, 17, 18, 20, 21, 22, 24, 28
CREATE, REPLACE = 0x400, 0x500
MAKE = {NEWLINK: CREATE, NEWADDR: REPLACE, NEWROUTE: REPLACE, NEWNEIGH: REPLACE}
UP, NODAD = 1, 2
IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_NET_NS_FD, INFO_KIND, INFO_DATA = 3, 5, 18, 28, 1, 2
IFA_ADDRESS, IFA_LOCAL = 1, 2


class Route(Socket):
    """Of rtnetlink."""

    def __init__(self):
        super().__init__(socket.NETLINK_ROUTE)

    def send(self, kind, payload, flags=ACK):
        self.put(kind, payload, flags)

    def set(self, kind, payload):
        """Bring about what may be so already."""
        return self.ask(kind, payload, flags=ACK | MAKE.get(kind, 0))


def link(name, flags=0, change=0):
    return struct.pack("=BxHiII", 0, 0, index(name), flags, change)


def by_name(name):
    return bytes(16) + attr(IFLA_IFNAME, name.encode() + b"\0")


def of_kind(name, kind, *more):
    """A device to be made."""
    return by_name(name) + attr(IFLA_LINKINFO, attr(INFO_KIND, kind.encode() + b"\0") + b"".join(more))


def address(name, text, bits):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    data = socket.inet_pton(family, text)
    return (struct.pack("=BBBBI", family, bits, NODAD, 0, index(name)) +
            attr(IFA_LOCAL, data) + attr(IFA_ADDRESS, data))
