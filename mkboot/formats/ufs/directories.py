# SPDX-License-Identifier: Apache-2.0
"""Making directories: records packed into chunks of 512 bytes.

Source: illumos sys/fs/ufs_fsdir.h, in own words.  A record never leaves its chunk and
the last one of each chunk reaches to its end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Literal

from mkboot.formats.ufs.structs import DIRECTORY_CHUNK, ENTRY_HEADER

#: Bytes that ``.`` and ``..`` take at the start.
_DOTS = 24
_HEADER = {"big": struct.Struct(">IHH"), "little": struct.Struct("<IHH")}


def record_size(name: bytes) -> int:
    """Bytes of a record: header, name and at least one NUL, rounded up to 4."""
    return ENTRY_HEADER + (len(name) + 4 & ~3)


def directory_size(names: Iterable[bytes]) -> int:
    """Bytes of a directory with these names (``.`` and ``..`` come on top), whole chunks."""
    chunks, used = 1, _DOTS
    for name in names:
        size = ENTRY_HEADER + (len(name) + 4 & ~3)
        used += size
        if used > DIRECTORY_CHUNK:
            chunks += 1
            used = size
    return chunks * DIRECTORY_CHUNK


def empty_chunk(byte_order: Literal["big", "little"]) -> bytes:
    """A chunk with no name in it."""
    return _HEADER[byte_order].pack(0, DIRECTORY_CHUNK, 0).ljust(DIRECTORY_CHUNK, b"\0")


def make_directory(
    ino: int,
    parent: int,
    entries: Iterable[tuple[bytes, int]],
    byte_order: Literal["big", "little"],
) -> bytes:
    """The bytes of directory ``ino``, whose ``..`` is ``parent``: entries in this order."""
    header = _HEADER[byte_order]
    out = bytearray()
    used, last = 0, 0
    for name, number in ((b".", ino), (b"..", parent), *entries):
        size = record_size(name)
        if used + size > DIRECTORY_CHUNK:
            _stretch(out, last, used, header)
            used = 0
        last = len(out)
        out += header.pack(number, size, len(name))
        out += name.ljust(size - ENTRY_HEADER, b"\0")
        used += size
    _stretch(out, last, used, header)
    return bytes(out)


def _stretch(out: bytearray, last: int, used: int, header: struct.Struct) -> None:
    """Let the record at ``last`` reach to the end of its chunk."""
    rest = DIRECTORY_CHUNK - used
    number, size, length = header.unpack_from(out, last)
    header.pack_into(out, last, number, size + rest, length)
    out += bytes(rest)
