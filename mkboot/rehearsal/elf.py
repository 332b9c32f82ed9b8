# SPDX-License-Identifier: Apache-2.0
"""As much of ELF as it takes to carry a shell into another root: which loader it names.

Layouts: the System V ABI, "ELF Header" and "Program Header".
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from mkboot.errors import InputError

MAGIC = b"\x7fELF"
_INTERP = 3
_PHDRS_MAX = 4096


class Loader(NamedTuple):
    """Where in the file the loader's path stands, the room it has, and the path."""

    offset: int
    room: int
    path: bytes


def loader_of(data: bytes) -> Loader | None:
    """The loader that a program names; None for a static one.

    Raises ``InputError`` for what is no ELF program of this machine.
    """
    if data[:4] != MAGIC or len(data) < 64:
        raise InputError("is no program")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    place, counts = ("Q", 54) if wide else ("I", 42)
    try:
        (table,) = struct.unpack_from(order + place, data, 32 if wide else 28)
        size, count = struct.unpack_from(order + "HH", data, counts)
        for number in range(min(count, _PHDRS_MAX)):
            at = table + number * size
            (kind,) = struct.unpack_from(order + "I", data, at)
            if kind != _INTERP:
                continue
            (offset,) = struct.unpack_from(order + place, data, at + (8 if wide else 4))
            (room,) = struct.unpack_from(order + place, data, at + (32 if wide else 16))
            return Loader(offset, room, data[offset : offset + room].rstrip(b"\0"))
    except struct.error as e:
        raise InputError("is a broken program") from e
    return None


def with_loader(data: bytes, path: bytes) -> bytes:
    """The program with another loader, whose path must not be longer than the old one's."""
    found = loader_of(data)
    if found is None:
        return data
    if len(path) >= found.room:
        raise InputError("leaves no room for another loader's path")
    end = found.offset + found.room
    return data[: found.offset] + path.ljust(found.room, b"\0") + data[end:]
