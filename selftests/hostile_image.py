#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A qcow2 image that is small and keeps whoever checks it busy.

FILE L1-ENTRIES { endless | damaged }: all entries of its first table lead to one second
table, and all of that to one cluster, which in a damaged one lies behind the end.
"""

import struct
import sys

CLUSTER = 65536
ENTRIES = CLUSTER // 8
COPIED = 1 << 63


def cluster(*entries):
    """Numbers of 64 bits."""
    return struct.pack(f'>{len(entries)}Q', *entries).ljust(CLUSTER, b'\0')


def image(entries, data):
    """A header, the tables of reference counts of 64 bits, the second table, data, the first."""
    first = cluster() * 5
    table = struct.pack('>Q', COPIED | 3 * CLUSTER) * entries
    table += bytes(-len(table) % CLUSTER)
    header = struct.pack('>4sIQIIQIIQQIIQQQQII', b'QFI\xfb', 3, 0, 0, 16, entries * ENTRIES * CLUSTER,
                         0, entries, len(first), CLUSTER, 1, 0, 0, 0, 0, 0, 6, 104)
    counts = cluster(*[1] * (5 + len(table) // CLUSTER))
    return (header.ljust(CLUSTER, b'\0') + cluster(2 * CLUSTER) + counts +
            cluster(*[COPIED | data] * ENTRIES) + bytes(CLUSTER) + table)


with open(sys.argv[1], 'wb') as file:
    file.write(image(int(sys.argv[2]), 4 * CLUSTER if sys.argv[3] == 'endless' else 0x7fff0000))
