# SPDX-License-Identifier: Apache-2.0
"""Raw sectors of a CD: 2352 bytes with synchronisation, address and error correction.

Sources: ECMA-130 clause 14 (sync pattern, header, modes 1 and 2); the other lengths are
those that burning programs write: 2448 with subchannels, 2336 without sync and header.
"""

from __future__ import annotations

from typing import NamedTuple

from mkboot.formats.label import SECTOR, looks_like_label
from mkboot.tree.source import ByteSource

_SYNC = b"\0" + b"\xff" * 10 + b"\0"
_DESCRIPTOR = b"CD001\1\0"
_LENGTHS = (2352, 2448, 2368, 2336, 2340)
_PLAIN = 2048
_HEADER = {1: 16, 2: 24}
_LOOK = 1 << 20


class Raw(NamedTuple):
    """Raw sectors: length of one, mode (0 unknown), and what was seen in them."""

    length: int
    mode: int
    start: int
    inside: str

    def sentence(self, size: int) -> str:
        """What is wrong, with what it would be."""
        count = (size - self.start) // self.length
        mode = f" of mode {self.mode}" if self.mode else ""
        text = f"{count} raw sectors{mode} of {self.length} bytes each instead of {_PLAIN}"
        inside = f"; inside is {self.inside}" if self.inside else ""
        return f"{text}: the disc itself has {count * _PLAIN} bytes{inside}"

    def remedy(self) -> str:
        """What makes a plain image of it."""
        if self.length == 2352:
            return "bchunk makes a plain image of a .bin and its .cue, ccd2iso of a CloneCD .img"
        return "iat or ccd2iso makes a plain image of it; or read the disc again with mkboot copy"


def find_raw(source: ByteSource) -> Raw | None:
    """Raw sectors, by their sync patterns, else by the distance of the ISO's descriptors."""
    return _by_sync(source) or _by_descriptors(source)


def _by_sync(source: ByteSource) -> Raw | None:
    head = source.pread(0, 16)
    if not head.startswith(_SYNC):
        return None
    for length in _LENGTHS:
        if source.pread(length, len(_SYNC)) == _SYNC or source.size == length:
            mode = head[15] if head[15] in _HEADER else 0
            return Raw(length, mode, 0, _inside(source, length, _HEADER.get(mode, 16)))
    return None


def _inside(source: ByteSource, length: int, header: int) -> str:
    label = looks_like_label(source.pread(header, SECTOR))
    iso = source.pread(16 * length + header + 1, 5) == _DESCRIPTOR[:5]
    return " and ".join(
        what for there, what in ((label, "a Sun label"), (iso, "an ISO 9660")) if there
    )


def _by_descriptors(source: ByteSource) -> Raw | None:
    """Two descriptors of an ISO that are not 2048 bytes apart.  Source: ECMA-119 8.1."""
    head = source.pread(0, _LOOK)
    first = head.find(b"\1" + _DESCRIPTOR)
    if first < 0:
        return None
    for length in _LENGTHS:
        if head[first + length + 1 : first + length + 6] == _DESCRIPTOR[:5]:
            start = max(first - 16 * length, 0)
            return Raw(length, 0, start - start % length, "an ISO 9660")
    return None
