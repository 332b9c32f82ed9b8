# SPDX-License-Identifier: Apache-2.0
"""Directory records, read fast: by hand what ``structs.DirectoryRecord`` declares."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.formats.iso.structs import FLAG_DIRECTORY, FLAG_MULTI_EXTENT, RECORD_HEAD, SECTOR

_HEAD = struct.Struct("<BBI4xI4x7sBBB4xB")
#: Extent and size once more, in the other byte order.
_AGAIN = struct.Struct(">6xI4xI")


class Record(NamedTuple):
    """One directory record.  ``offset`` is where it lies in its directory, in bytes.

    ``extent`` is the sector where the data begin (past the extended attributes), ``size``
    in bytes, ``date`` the seven bytes, ``system_use`` what lies behind the identifier.
    """

    offset: int
    extent: int
    size: int
    date: bytes
    flags: int
    name: bytes
    system_use: bytes

    @property
    def is_directory(self) -> bool:
        """Whether it leads to another directory."""
        return self.flags & FLAG_DIRECTORY != 0

    @property
    def goes_on(self) -> bool:
        """Whether the next record has another extent of the same file."""
        return self.flags & FLAG_MULTI_EXTENT != 0


def read_record(data: bytes, offset: int) -> Record:
    """The record at ``offset``; raises ``InputError`` where it contradicts itself."""
    end = offset + data[offset]
    if end - offset <= RECORD_HEAD or end > len(data):
        raise InputError(f"a length of {data[offset]} bytes")
    _, attributes, extent, size, date, flags, unit, gap, length = _HEAD.unpack_from(data, offset)
    if _AGAIN.unpack_from(data, offset) != (extent, size):
        raise InputError("the two byte orders disagree about where the data lie")
    if unit or gap:
        raise InputError("interleaved files are not supported")
    start = offset + RECORD_HEAD
    if length == 0 or start + length > end:
        raise InputError(f"a name of {length} bytes in a record of {end - offset}")
    use = data[start + length + 1 - length % 2 : end]
    return Record(offset, extent + attributes, size, date, flags, data[start : start + length], use)


def read_records(data: bytes) -> Iterator[Record]:
    """The records of a directory, given whole; none crosses a sector, zeros fill them up.

    An ``InputError`` says ``record at N``, in bytes from the beginning of the directory.
    """
    offset = 0
    size = len(data)
    while offset < size:
        length = data[offset]
        left = SECTOR - offset % SECTOR
        if length == 0:
            offset += left
            continue
        try:
            if length > left:
                raise InputError("crosses the end of its sector")
            yield read_record(data, offset)
        except InputError as e:
            raise e.inside(f"record at {offset}") from e
        offset += length
