# SPDX-License-Identifier: Apache-2.0
"""Directory records as ``amend`` makes and changes them (ECMA-119 9.1; RRIP 1.09)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from mkboot.formats.iso import entries
from mkboot.formats.iso.dates import write_short
from mkboot.formats.iso.records import Record
from mkboot.formats.iso.structs import FLAG_DIRECTORY, RECORD_HEAD, RR_BITS, SECTOR
from mkboot.tree.node import TYPE_BITS, Node, NodeType

_RECORD_MAX = 254


class CannotAmend(Exception):  # noqa: N818 - no mistake: a new volume can have it
    """Something that only a new volume can have."""


def fields_of(use: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Signature and bytes of each entry in a system use area."""
    at = 0
    while at + 4 <= len(use) and use[at + 2] >= 4:
        yield use[at : at + 2], use[at : at + use[at + 2]]
        at += use[at + 2]


def name_of(record: Record) -> bytes:
    """The Rock Ridge name, which must stand in the record itself."""
    name = b""
    for kind, entry in fields_of(record.system_use):
        if kind in (b"CL", b"PL"):
            raise CannotAmend
        if kind == b"NM":
            if entry[4]:
                raise CannotAmend
            name += entry[5:]
    if not name:
        raise CannotAmend
    return name


def is_out_of_sight(record: Record) -> bool:
    """Whether a directory is marked as a relocated one, or as what holds those."""
    return any(kind == b"RE" for kind, _ in fields_of(record.system_use))


def parts_of(identifier: bytes) -> tuple[bytes, bytes]:
    """Name and extension of an identifier, as two in one directory may not share them."""
    stem, _, extension = identifier.partition(b";")[0].partition(b".")
    return stem, extension


def packed(records: Iterable[bytearray]) -> bytearray:
    """The records of a directory; none crosses a sector."""
    made = bytearray()
    for data in records:
        left = SECTOR - len(made) % SECTOR
        if len(data) > left:
            made += bytes(left)
        made += data
    return made + bytes(-len(made) % SECTOR)


def make_record(identifier: bytes, node: Node, links: int, name: bytes) -> bytearray:
    """A directory record with its system use area, its place still to be said."""
    px = b"PX\x24\x01" + b"".join(
        entries.both(n) for n in (TYPE_BITS[node.type] | node.mode, links, node.uid, node.gid)
    )
    use = [px, entries.times(node), *entries.name(name)]
    if node.type is NodeType.SYMLINK:
        use += entries.target(node.target)
    bits = sum(RR_BITS[kind] for kind in {entry[:2].decode() for entry in use})
    area = b"RR\x05\x01" + bytes((bits,)) + b"".join(use)
    head = RECORD_HEAD + len(identifier) + (len(identifier) + 1) % 2
    length = head + len(area) + len(area) % 2
    if length > _RECORD_MAX:
        raise CannotAmend
    made = bytearray(length)
    made[0] = length
    made[18:25] = write_short(node.mtime)
    made[25] = FLAG_DIRECTORY if node.is_directory else 0
    made[28:32] = struct.pack("<H", 1) + struct.pack(">H", 1)
    made[32] = len(identifier)
    made[RECORD_HEAD : RECORD_HEAD + len(identifier)] = identifier
    made[head : head + len(area)] = area
    return made


def set_place(record: bytearray, extent: int, size: int) -> None:
    """Let a record say where its data lie (sector), and how many bytes they are."""
    record[2:10], record[10:18] = entries.both(extent), entries.both(size)


def set_links(record: bytearray, links: int) -> None:
    """The number of links in the PX entry."""
    at = _find(record, b"PX")
    if at is None:
        raise CannotAmend
    record[at + 12 : at + 20] = entries.both(links)


def continuation_of(record: bytearray) -> tuple[int, int, int] | None:
    """Sector, offset and length of the area in which a record goes on."""
    at = _find(record, b"CE")
    if at is None:
        return None
    sector, offset, length = struct.unpack_from("<I4xI4xI", record, at + 4)
    return sector, offset, length


def set_continuation(record: bytearray, sector: int) -> None:
    """The area lies at the beginning of ``sector`` now."""
    at = _find(record, b"CE")
    if at is None:
        raise CannotAmend
    record[at + 4 : at + 12], record[at + 12 : at + 20] = entries.both(sector), entries.both(0)


def _find(record: bytearray, signature: bytes) -> int | None:
    """Where an entry of the system use area begins."""
    at: int = RECORD_HEAD + record[32] + 1 - record[32] % 2
    while at + 4 <= len(record) and record[at + 2] >= 4:
        if record[at : at + 2] == signature:
            return at
        at += record[at + 2]
    return None
