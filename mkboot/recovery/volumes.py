# SPDX-License-Identifier: Apache-2.0
"""Which segment goes onto which volume: pure arithmetic, in bytes.

A volume is filled by whole segments, in order; only the first volume is smaller, by what
the install environment and the UFS slices take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.model.job import SEGMENT_UNIT

BLOCK = 2048
#: Directory records, path tables and the small files of a volume, besides segments.
OVERHEAD = 512 * 1024
SEGMENT_DEFAULT = 32 << 20


@dataclass(frozen=True, slots=True)
class StreamSize:
    """One dump stream: ``size`` in bytes, cut every ``segment`` bytes.

    ``stored`` are the bytes that its segments take where they are compressed.
    """

    slice: str
    mount: bytes
    level: int
    size: int
    segment: int
    stored: tuple[int, ...] = ()

    def pieces(self) -> list[int]:
        """The sizes of its segments."""
        whole, rest = divmod(self.size, self.segment)
        return [self.segment] * whole + ([rest] if rest else [])


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment's place: ``index`` counts from 0 within its stream, ``offset`` and ``size``
    are bytes of the stream, ``stored`` those that it takes on the disc.
    """

    slice: str
    level: int
    index: int
    offset: int
    size: int
    volume: int
    stored: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bytes for segments on the first volume and on each further one."""

    first: int
    other: int


def segment_size(media_bytes: int) -> int:
    """32 MiB, or an eighth of a small medium, in units of 64 KiB."""
    eighth = max(media_bytes // 8 // SEGMENT_UNIT, 1) * SEGMENT_UNIT
    return min(SEGMENT_DEFAULT, eighth)


def pad(size: int) -> int:
    """Bytes of a file on an ISO 9660 image: whole blocks."""
    return -(-size // BLOCK) * BLOCK


def place_segments(streams: Sequence[StreamSize], room: Capacity) -> tuple[Placed, ...]:
    """Fill the volumes in the order of the streams.

    Raises ``InputError`` when a segment is larger than a whole volume.  Volume 1 may stay
    empty of segments where the first does not fit it.
    """
    placed: list[Placed] = []
    volume, left = 1, room.first
    for stream in streams:
        offset = 0
        pieces = stream.pieces()
        for index, (size, stored) in enumerate(zip(pieces, stream.stored or pieces, strict=True)):
            while pad(stored) > left:
                if volume > 1 and left == room.other:
                    raise InputError(
                        f"a segment of {stored} bytes does not fit a volume of {room.other} bytes",
                        hint="larger media, or a smaller segment in job.toml",
                    )
                volume, left = volume + 1, room.other
            left -= pad(stored)
            placed.append(Placed(stream.slice, stream.level, index, offset, size, volume, stored))
            offset += size
    return tuple(placed)


def last_volume(placed: Sequence[Placed]) -> int:
    """How many volumes the placing needs; at least the first."""
    return max((p.volume for p in placed), default=1)
