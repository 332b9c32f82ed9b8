# SPDX-License-Identifier: Apache-2.0
"""Every inode in a stream, in one pass over its headers; nothing is joined to a tree yet."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mkboot.errors import InputError
from mkboot.formats.acl import ACL_FREE, ACL_HEADER, parse_acl
from mkboot.formats.inode import IFATTRDIR, IFMT, IFSHAD, ByteOrder, mode_of, size_of
from mkboot.formats.ufsdump.directories import Entries, parse_entries
from mkboot.formats.ufsdump.header import Header
from mkboot.formats.ufsdump.stream import Runs, Stream
from mkboot.formats.ufsdump.structs import (
    ADDRESSES,
    DR_HASMETA,
    DR_REDUMP,
    ROOT_INODE,
    TS_ADDR,
    TS_BITS,
    TS_CLRI,
    TS_END,
    TS_INODE,
)
from mkboot.tree.content import EMPTY, Content
from mkboot.tree.node import TYPE_BITS, AclEntry, NodeType
from mkboot.tree.source import ByteSource

IFDIR, IFREG, IFLNK = (
    TYPE_BITS[kind] for kind in (NodeType.DIRECTORY, NodeType.FILE, NodeType.SYMLINK)
)
#: A symbolic link longer than this is refused (MAXPATHLEN is 1024), and a map, in bytes.
LINK_MAX, MAP_MAX = 1 << 13, 1 << 26
#: ACL data longer than this is refused: 1024 entries in each list are allowed.
SHADOW_MAX = 1 << 16

Acls = tuple[tuple[AclEntry, ...], tuple[AclEntry, ...]]


class InodeMap:
    """A set of inode numbers as the stream holds it: a bit for each, from inode 1."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    def __contains__(self, ino: object) -> bool:
        if not isinstance(ino, int) or not 0 < ino <= 8 * len(self._data):
            return False
        return bool(self._data[(ino - 1) >> 3] >> ((ino - 1) & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        bits = np.unpackbits(np.frombuffer(self._data, dtype=np.uint8), bitorder="little")
        return (int(n) + 1 for n in np.flatnonzero(bits))

    @property
    def size(self) -> int:
        """How many inodes the map speaks of."""
        return 8 * len(self._data)

    def bits(self, size: int) -> npt.NDArray[np.bool_]:
        """The map as truth values, from inode 1 to inode ``size`` (a multiple of 8)."""
        data = np.frombuffer(self._data.ljust(size // 8, b"\0"), dtype=np.uint8)
        return np.unpackbits(data, bitorder="little").astype(np.bool_)

    def __len__(self) -> int:
        return int(np.bitwise_count(np.frombuffer(self._data, dtype=np.uint8)).sum())


@dataclass(slots=True)
class Item:
    """One inode of the stream, found at ``record``."""

    record: int
    dinode: bytes
    content: Content = EMPTY
    target: bytes = b""
    acls: Acls = ((), ())
    entries: Entries | Sequence[tuple[bytes, int]] = ()


@dataclass(slots=True)
class Scan:
    """All inodes by number, the two maps, and the number of records up to the last header."""

    items: dict[int, Item]
    in_use: InodeMap
    dumped: InodeMap
    records: int


def type_of(dinode: bytes, byte_order: ByteOrder) -> int:
    """The type bits of an inode's mode."""
    return mode_of(dinode, byte_order) & IFMT


def scan(stream: Stream, source: ByteSource) -> Scan:
    """Read all headers.  Raises ``InputError`` with the record for all that is amiss."""
    maps: dict[int, InodeMap] = {}
    items: dict[int, Item] = {}
    stream.next = 1  # no data follows the header of a first volume, whatever it counts
    last = 0
    while (header := stream.peek()) is not None:
        place = stream.at(stream.next)
        if header.type == TS_END:
            return Scan(
                items,
                maps.get(TS_CLRI, InodeMap()),
                maps.get(TS_BITS, InodeMap()),
                _skip_ends(stream),
            )
        if header.type in (TS_CLRI, TS_BITS):
            if header.type in maps:
                raise InputError(f"a second {header.type_name} map", place=place)
            maps[header.type] = _read_map(stream, source, header)
        elif header.type == TS_INODE:
            last = header.ino
            if last in items and not header.flags & DR_REDUMP:
                raise InputError(f"inode {last} comes a second time", place=place)
            items[last] = _read_inode(stream, source, header)
        else:
            raise InputError(f"{header.type_name} (inode {header.ino}) out of place", place=place)
    raise stream.cut_off(f"behind inode {last}, without an end record")


def _skip_ends(stream: Stream) -> int:
    """Step over all end records; the number of records of the stream.

    What follows them (a tape file's padding) is not looked at.
    """
    while stream.next < stream.records:
        try:
            header = stream.peek()
        except InputError:
            break
        if header is None or header.type != TS_END:
            break
        stream.next += 1
    return stream.next


def _gather(stream: Stream, header: Header, shadow: bool = False) -> Runs:
    """The data of ``header`` and of the TS_ADDR headers that carry it on."""
    runs = Runs()
    current: Header | None = header
    while current is not None:
        runs.add(*stream.take(current))
        current = stream.peek()
        if current is None or current.type != TS_ADDR or _is_shadow(current, stream) != shadow:
            break
        if current.ino != header.ino:
            raise InputError(
                f"goes on with inode {current.ino} inside inode {header.ino}",
                place=stream.at(stream.next),
            )
    return runs


def _is_shadow(header: Header, stream: Stream) -> bool:
    return mode_of(header.dinode, stream.byte_order) & IFMT == IFSHAD


def _read_map(stream: Stream, source: ByteSource, header: Header) -> InodeMap:
    # Maps are bytes on both kinds of machine; the dinode in their headers means nothing.
    place = stream.at(stream.next)
    runs = Runs()
    current: Header | None = header
    while current is not None:
        runs.add(*stream.take(current))
        full = current.announced == ADDRESSES
        current = stream.peek()
        if not full or current is None or current.type != TS_ADDR:
            break
    if runs.covered > MAP_MAX:
        raise InputError(f"a map of {runs.covered} bytes", place=place)
    return InodeMap(runs.content(source, runs.covered).read(0, runs.covered))


def _read_inode(stream: Stream, source: ByteSource, header: Header) -> Item:
    place = (*stream.at(stream.next), f"inode {header.ino}")
    order = stream.byte_order
    if header.ino < ROOT_INODE:
        raise InputError("no such inode number", place=place)
    item = Item(stream.next, header.dinode)
    mode = mode_of(header.dinode, order) & IFMT
    runs = _gather(stream, header)
    if mode in (IFDIR, IFATTRDIR, IFREG, IFLNK):
        size = size_of(header.dinode, order)
        if size > runs.covered:
            if stream.next >= stream.records:
                raise stream.cut_off(f"inside inode {header.ino}")
            raise InputError(
                f"has {size} bytes, but the stream only {runs.covered} of them", place=place
            )
        _take_content(item, mode, runs.content(source, size), order, place)
    if header.flags & DR_HASMETA:
        item.acls = parse_acl(used_part(header.shadow, order), order, place)
    _take_shadow(item, stream, source, header)
    return item


def _take_content(
    item: Item, mode: int, content: Content, order: ByteOrder, place: tuple[str, ...]
) -> None:
    if mode == IFREG:
        item.content = content
    elif mode == IFLNK:
        if content.size > LINK_MAX:
            raise InputError(f"a symbolic link of {content.size} bytes", place=place)
        item.target = content.read(0, content.size)
        if b"\0" in item.target:
            raise InputError("a symbolic link with a NUL byte in it", place=place)
    else:
        item.entries = Entries(parse_entries(content, order, place))


def _take_shadow(item: Item, stream: Stream, source: ByteSource, owner: Header) -> None:
    """The long ACL record behind a file's data, if there is one.

    Behind an empty file ufsdump marks it TS_INODE, else TS_ADDR.
    """
    header = stream.peek()
    if header is None or header.type not in (TS_ADDR, TS_INODE) or header.ino != owner.ino:
        return
    if not _is_shadow(header, stream):
        return
    place = (*stream.at(stream.next), f"ACL of inode {owner.ino}")
    size = size_of(header.dinode, stream.byte_order)
    runs = _gather(stream, header, shadow=True)
    if size > min(runs.covered, SHADOW_MAX):
        raise InputError(f"has {size} bytes", place=place)
    data = runs.content(source, size).read(0, size)
    item.acls = parse_acl(data, stream.byte_order, place)


def used_part(data: bytes, order: ByteOrder) -> bytes:
    """ACL data up to its end: the header has room for 196 bytes and does not say how many count.

    The end is a free record, or one that says it has no entry or does not fit.
    """
    words = struct.Struct(">II" if order == "big" else "<II")
    at = 0
    while at + ACL_HEADER <= len(data):
        kind, length = words.unpack_from(data, at)
        if kind == ACL_FREE or length <= ACL_HEADER or at + length > len(data):
            break
        at += (length + 3) & ~3
    return data[:at]
