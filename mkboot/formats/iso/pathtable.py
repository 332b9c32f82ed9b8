# SPDX-License-Identifier: Apache-2.0
"""Path tables of ISO 9660: read, changed, and written in both byte orders (ECMA-119 9.4)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.errors import InputError


@dataclass(frozen=True, slots=True)
class PathRow:
    """A directory: its identifier, the sector where it lies, the sector of its parent."""

    identifier: bytes
    extent: int
    parent: int


def read_path_table(data: bytes) -> tuple[PathRow, ...]:
    """The rows of a table of type L.  Raises ``InputError`` where it contradicts itself."""
    rows: list[PathRow] = []
    extents: list[int] = []
    at = 0
    while at < len(data):
        if at + 8 > len(data) or data[at] == 0:
            raise InputError("the path table ends within a row")
        length = data[at]
        extent, parent = struct.unpack_from("<IH", data, at + 2)
        extents.append(extent)
        if not 1 <= parent <= len(extents):
            raise InputError(f"row {len(extents)} of the path table has parent {parent}")
        rows.append(PathRow(data[at + 8 : at + 8 + length], extent, extents[parent - 1]))
        at += 8 + length + length % 2
    if not rows or len(set(extents)) != len(extents):
        raise InputError("the path table is empty, or names a directory twice")
    return tuple(rows)


def write_path_table(rows: Sequence[PathRow]) -> tuple[bytes, bytes]:
    """Tables of type L and M; the first row is the root, the others come in any order."""
    root = rows[0].extent
    below: dict[int, list[PathRow]] = {}
    for row in rows[1:]:
        below.setdefault(row.parent, []).append(row)
    little, big = bytearray(), bytearray()
    level = [rows[0]]
    found: dict[int, int] = {}
    while level:
        for row in level:
            found[row.extent] = len(found) + 1
            parent = 1 if row.extent == root else found[row.parent]
            head, name = bytes((len(row.identifier), 0)), row.identifier
            pad = b"\0" * (len(name) % 2)
            little += head + struct.pack("<IH", row.extent, parent) + name + pad
            big += head + struct.pack(">IH", row.extent, parent) + name + pad
        level = [
            child
            for row in level
            for child in sorted(below.get(row.extent, ()), key=lambda r: r.identifier)
        ]
    if len(found) != len(rows):
        raise InputError("the path table has directories that the root does not lead to")
    return bytes(little), bytes(big)
