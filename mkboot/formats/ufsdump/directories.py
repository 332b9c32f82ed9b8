# SPDX-License-Identifier: Apache-2.0
"""What is in a directory, as it lies in the stream: Sun's entries in chunks of 512 bytes."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.structs import DIRECTORY_CHUNK, ENTRY_FORMAT, ENTRY_HEAD
from mkboot.tree.content import Content

_ENTRY = {"big": struct.Struct(">" + ENTRY_FORMAT), "little": struct.Struct("<" + ENTRY_FORMAT)}
#: How much of a directory is looked at at once; a multiple of a chunk.
_STEP = 1 << 16


class Entries:
    """Names and inode numbers, in a third of the memory that a list of pairs takes."""

    __slots__ = ("_inos", "_names")

    def __init__(self, pairs: Sequence[tuple[bytes, int]]) -> None:
        self._names = [name for name, _ in pairs]
        self._inos = array("I", (ino for _, ino in pairs))

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        return zip(self._names, self._inos, strict=True)

    def __len__(self) -> int:
        return len(self._names)


def parse_entries(
    content: Content, byte_order: ByteOrder, place: tuple[str, ...]
) -> list[tuple[bytes, int]]:
    """Names and inode numbers in the order they lie, ``.`` and ``..`` too.

    Raises ``InputError`` for a size that is no whole number of chunks, and for entries
    that are too short, cross a chunk, or whose name does not fit them.
    """
    if content.size % DIRECTORY_CHUNK:
        raise InputError(f"a directory of {content.size} bytes", place=place)
    found: list[tuple[bytes, int]] = []
    for number, data in enumerate(content.chunks(_STEP)):
        for start in range(0, len(data), DIRECTORY_CHUNK):
            try:
                found += _chunk(data, start, _ENTRY[byte_order])
            except InputError as e:
                raise e.inside(*place, f"byte {number * _STEP + start}") from None
    return found


def _chunk(data: bytes, at: int, head: struct.Struct) -> Iterator[tuple[bytes, int]]:
    end = at + DIRECTORY_CHUNK
    while at < end:
        if end - at < ENTRY_HEAD:
            raise InputError("half a directory entry")
        ino, length, named = head.unpack_from(data, at)
        if length < ENTRY_HEAD or length % 4 or at + length > end:
            raise InputError(f"a directory entry of {length} bytes")
        if ino:
            name = data[at + ENTRY_HEAD : at + ENTRY_HEAD + named]
            if named > length - ENTRY_HEAD or b"\0" in name or not name:
                raise InputError(f"a directory entry whose name has {named} bytes")
            yield name, ino
        at += length


def rescue_entries(
    content: Content, byte_order: ByteOrder
) -> tuple[list[tuple[bytes, int]], list[str]]:
    """The entries of all chunks that are whole, and what is wrong with each of the others."""
    found: list[tuple[bytes, int]] = []
    wrong: list[str] = []
    for number, data in enumerate(content.chunks(_STEP)):
        for start in range(0, len(data), DIRECTORY_CHUNK):
            try:
                chunk = data[start : start + DIRECTORY_CHUNK].ljust(DIRECTORY_CHUNK, b"\0")
                found += list(_chunk(chunk, 0, _ENTRY[byte_order]))
            except InputError as e:
                wrong.append(f"byte {number * _STEP + start}: {e.message}")
    return found, wrong


def pack_entries(
    entries: Iterable[tuple[bytes, int]], at_least: int = 0, byte_order: ByteOrder = "big"
) -> bytes:
    """Directory content for ``entries`` (with ``.`` and ``..``), in their order.

    Filled up with empty chunks to ``at_least`` bytes (a multiple of 512).
    """
    pack = _ENTRY[byte_order].pack
    out = bytearray()
    last = room = 0  # where the last entry begins, and what is left of its chunk
    for name, ino in entries:
        length = ENTRY_HEAD + (len(name) // 4 + 1) * 4
        if length > room:
            _stretch(out, last, room, byte_order)
            room = DIRECTORY_CHUNK
        last = len(out)
        out += pack(ino, length, len(name))
        out += name.ljust(length - ENTRY_HEAD, b"\0")
        room -= length
    _stretch(out, last, room, byte_order)
    while len(out) < at_least:
        out += pack(0, DIRECTORY_CHUNK, 0).ljust(DIRECTORY_CHUNK, b"\0")
    return bytes(out)


def _stretch(out: bytearray, last: int, room: int, byte_order: ByteOrder) -> None:
    """Let the entry at ``last`` reach the end of its chunk."""
    if room:
        length = int.from_bytes(out[last + 4 : last + 6], byte_order)
        out[last + 4 : last + 6] = (length + room).to_bytes(2, byte_order)
        out += bytes(room)
