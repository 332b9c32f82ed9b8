# SPDX-License-Identifier: Apache-2.0
"""Record headers: read and checked one at a time, written from a template."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.structs import (
    CHECKSUM,
    HEADER_FORMAT,
    MAGIC,
    MAGIC_LARGE,
    MAGIC_OLD,
    RECORD,
    SHADOW_AT,
    SHADOW_ROOM,
    TYPE_NAMES,
)

_HEADERS = {"big": struct.Struct(">" + HEADER_FORMAT), "little": struct.Struct("<" + HEADER_FORMAT)}
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
    def type_name(self) -> str:
        """The type as dumprestore.h calls it."""
        return TYPE_NAMES.get(self.type, f"type {self.type}")


def header_sum(data: bytes | bytearray | memoryview, byte_order: ByteOrder) -> int:
    """The sum of the 256 words of a header, modulo 2^32."""
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
    """Makes headers, big-endian, that differ in few fields; counts nothing itself."""

    def __init__(
        self, *, date: int, base_date: int, level: int, names: tuple[bytes, bytes, bytes, bytes]
    ) -> None:
        """``names`` are label (16 bytes), file system, device and host (64 each), NUL-padded."""
        self._record = bytearray(RECORD)
        self._words = np.frombuffer(self._record, dtype=">u4")
        label, filesystem, device, host = names
        _HEADERS["big"].pack_into(
            self._record, 0,
            0, date, base_date, 1, 0, 0, MAGIC, 0, b"", 0, b"",
            label, level, filesystem, device, host, 0, 1, RECORD, b"",
        )  # fmt: skip
        self._common = bytes(self._record[SHADOW_AT : SHADOW_AT + SHADOW_ROOM])

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
    ) -> bytearray:
        """One header; the buffer is used again for the next.

        ``shadow`` (at most 196 bytes) takes the place of level and names where it is given.
        """
        record = self._record
        _VARYING.pack_into(record, 0, kind)
        _COUNTERS.pack_into(record, 16, tapea, ino, MAGIC, 0, dinode, count, addr)
        _WORD.pack_into(record, 888, flags)
        record[SHADOW_AT : SHADOW_AT + SHADOW_ROOM] = (
            shadow.ljust(SHADOW_ROOM, b"\0") if shadow else self._common
        )
        total = int(self._words.sum(dtype=np.uint64))
        _UNSIGNED.pack_into(record, 28, (CHECKSUM - total) & 0xFFFFFFFF)
        return record


_VARYING = struct.Struct(">i")
_COUNTERS = struct.Struct(">4i128si512s")
_WORD = struct.Struct(">i")
_UNSIGNED = struct.Struct(">I")
