# SPDX-License-Identifier: Apache-2.0
"""Record headers: read and checked one at a time, written from a template."""

from __future__ import annotations

import functools
import struct
from typing import NamedTuple

import numpy as np

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.structs import (
    ADDRESSES,
    CHECKSUM,
    HEADER_FORMAT,
    MAGIC,
    MAGIC_LARGE,
    MAGIC_OLD,
    RECORD,
    SHADOW_AT,
    SHADOW_ROOM,
    TS_BITS,
    TS_CLRI,
    TYPE_NAMES,
)

_HEADERS = {"big": struct.Struct(">" + HEADER_FORMAT), "little": struct.Struct("<" + HEADER_FORMAT)}
_MARKS = {"big": ">", "little": "<"}
_WORDS = {"big": ">u4", "little": "<u4"}


class Header(NamedTuple):
    """A header's fields, in the order they lie, without its sum.

    ``announced`` (c_count) is how many bytes of ``addr`` count; ``shadow`` is the area of
    level and names as it stands: with DR_HASMETA it holds an ACL.
    """

    type: int
    date: int
    base_date: int
    volume: int
    tapea: int
    ino: int
    magic: int
    dinode: bytes
    announced: int
    addr: bytes
    label: bytes
    level: int
    filesystem: bytes
    device: bytes
    host: bytes
    flags: int
    first_record: int
    record_size: int
    shadow: bytes

    @property
    def present(self) -> bytes:
        """A byte for each data record announced, 0 for one that is a hole and not there.

        Maps have no holes: some writers leave their ``addr`` as it was.
        """
        if self.type in (TS_CLRI, TS_BITS):
            return b"\1" * self.announced
        return self.addr[: self.announced]

    @property
    def type_name(self) -> str:
        """The type as dumprestore.h calls it."""
        return TYPE_NAMES.get(self.type, f"type {self.type}")


def header_sum(data: bytes | bytearray | memoryview, byte_order: ByteOrder) -> int:
    """The sum of the words of a header, or of a part of one, modulo 2^32."""
    return int(np.frombuffer(data, dtype=_WORDS[byte_order]).sum(dtype=np.uint64)) & 0xFFFFFFFF


def magic_order(data: bytes) -> ByteOrder | None:
    """The byte order of a header by its magic, or None where it has none."""
    if len(data) < RECORD:
        return None
    for order in ("big", "little"):
        if int.from_bytes(data[24:28], order) in (MAGIC_OLD, MAGIC, MAGIC_LARGE):
            return "big" if order == "big" else "little"
    return None


def parse_header(data: bytes, byte_order: ByteOrder, place: tuple[str, ...]) -> Header:
    """The header in one record.  Raises ``InputError`` for a wrong magic, sum or type."""
    if len(data) != RECORD:
        raise InputError(f"ends within a header, after {len(data)} bytes of it", place=place)
    magic = int.from_bytes(data[24:28], byte_order)
    if magic == MAGIC_OLD:
        raise InputError("a dump in the format of before 4.2BSD (magic 60011)", place=place)
    if magic not in (MAGIC, MAGIC_LARGE):
        raise InputError(f"no header where one should be (magic {magic})", place=place)
    if header_sum(data, byte_order) != CHECKSUM:
        raise InputError("the header's checksum is wrong", place=place)
    fields = _HEADERS[byte_order].unpack(data)
    shadow = data[SHADOW_AT : SHADOW_AT + SHADOW_ROOM]
    header = Header._make((*fields[:7], *fields[8:-1], shadow))
    if header.type not in TYPE_NAMES:
        raise InputError(f"a header of unknown type {header.type}", place=place)
    if magic == MAGIC_LARGE and header.record_size not in (0, RECORD):
        raise InputError(
            f"a multi-terabyte dump with records of {header.record_size} bytes: not supported",
            place=place,
        )
    return header


class HeaderWriter:
    """Makes headers that differ in few fields; counts nothing itself.

    The sum is kept up by parts, for there is a header for every file.
    """

    def __init__(
        self,
        *,
        date: int,
        base_date: int,
        level: int,
        names: tuple[bytes, bytes, bytes, bytes],
        byte_order: ByteOrder = "big",
    ) -> None:
        """``names`` are label (16 bytes), file system, device and host (64 each), NUL-padded."""
        self._order = byte_order
        mark = _MARKS[byte_order]
        self._head = struct.Struct(mark + "7iI")
        self._words = struct.Struct(mark + "32I")
        self._tail_format = struct.Struct(mark + "3i124s")
        self._dates = date, base_date
        self._label = names[0].ljust(_LABEL, b"\0")
        self._names = struct.pack(mark + "i64s64s64s", level, *names[1:])
        self._plain = self._tail(0, b"")

    def make(
        self,
        kind: int,
        tapea: int,
        ino: int,
        count: int,
        *,
        dinode: bytes = bytes(128),
        addr: bytes = b"",
        flags: int = 0,
        shadow: bytes = b"",
    ) -> bytes:
        """One header.

        ``shadow`` (at most 196 bytes) takes the place of level and names where it is given.
        """
        addresses, address_sum = _addresses(addr, self._order)
        tail, tail_sum = self._tail(flags, shadow) if flags or shadow else self._plain
        date, base_date = self._dates
        total = kind + date + base_date + 1 + tapea + ino + MAGIC + count
        total += sum(self._words.unpack(dinode)) + address_sum + tail_sum
        missing = (CHECKSUM - total) & 0xFFFFFFFF
        head = self._head.pack(kind, date, base_date, 1, tapea, ino, MAGIC, missing)
        return b"".join((head, dinode, count.to_bytes(4, self._order), addresses, tail))

    def _tail(self, flags: int, shadow: bytes) -> tuple[bytes, int]:
        """All from the label on, and its sum."""
        area = shadow.ljust(SHADOW_ROOM, b"\0") if shadow else self._names
        tail = self._label + area + self._tail_format.pack(flags, 1, RECORD, b"")
        return tail, header_sum(tail, self._order)


_LABEL = 16


@functools.lru_cache(maxsize=1024)
def _addresses(addr: bytes, byte_order: ByteOrder) -> tuple[bytes, int]:
    whole = addr.ljust(ADDRESSES, b"\0")
    return whole, header_sum(whole, byte_order)
