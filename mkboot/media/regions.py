# SPDX-License-Identifier: Apache-2.0
"""The composer: an image is a list of regions, and every byte of it has exactly one owner.

What is claimed twice, or by nobody, is a bug that ``compose`` refuses before it writes;
a region cannot write outside itself.  Offsets and lengths are in bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import BugError, InputError
from mkboot.tree.content import CHUNK
from mkboot.tree.source import ByteSink, ByteSource, FileSink

Fill = Callable[[ByteSink], None]
Advance = Callable[[int], None]

_ZEROS = bytes(CHUNK)


def padding(sink: ByteSink) -> None:
    """A region that stays zero."""
    del sink


@dataclass(frozen=True, slots=True)
class Region:
    """``length`` bytes from ``offset``; ``owner`` says whose they are, ``fill`` writes them.

    ``fill`` gets a sink of exactly that length, which reads as zeros.
    """

    owner: str
    offset: int
    length: int
    fill: Fill = padding

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.length


def check_regions(regions: Sequence[Region]) -> int:
    """The size of the image that ``regions`` make up, in bytes.

    Raises ``BugError`` where two overlap, where bytes belong to none, and where one is
    empty or begins before the image.
    """
    at = 0
    before = "the beginning"
    for region in sorted(regions, key=lambda r: (r.offset, r.end)):
        if region.length <= 0 or region.offset < 0:
            raise BugError(f"{region.owner} claims {region.length} bytes at {region.offset}")
        if region.offset < at:
            raise BugError(f"{region.owner} claims byte {region.offset}, which belongs to {before}")
        if region.offset > at:
            raise BugError(
                f"bytes {at} to {region.offset} belong to nobody, between {before} "
                f"and {region.owner}"
            )
        at, before = region.end, region.owner
    return at


def compose(out: Path, regions: Sequence[Region], *, begun: bool = False) -> int:
    """Write all regions into the file ``out``, in the order given; its size is returned.

    ``out`` is emptied first, unless it is ``begun`` by a writer that needs a file of its
    own.  ``BugError`` as in ``check_regions``, before anything is written; running out of
    space is a ``StoppedError``.
    """
    size = check_regions(regions)
    how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (0 if begun else os.O_TRUNC)
    fd = os.open(out, how, 0o666)
    try:
        os.ftruncate(fd, size)
        for region in regions:
            region.fill(FileSink(fd, region.offset, region.length))
        if os.fstat(fd).st_size != size:
            raise BugError(f"the image should have {size} bytes, not {os.fstat(fd).st_size}")
    finally:
        os.close(fd)
    return size


def put_bytes(data: bytes) -> Fill:
    """A fill that writes ``data`` at the beginning of its region."""

    def fill(sink: ByteSink) -> None:
        sink.pwrite(0, data)

    return fill


def copy_source(source: ByteSource, advance: Advance = lambda _count: None) -> Fill:
    """A fill that copies a whole source, in order; runs of zeros stay unwritten.

    A source that turns out shorter than it said is an ``InputError``.
    """

    def fill(sink: ByteSink) -> None:
        offset = 0
        while offset < source.size:
            want = min(CHUNK, source.size - offset)
            data = source.pread(offset, want)
            if len(data) != want:
                raise InputError(f"ends at byte {offset + len(data)} of {source.size}")
            if data != _ZEROS[:want]:
                sink.pwrite(offset, data)
            offset += want
            advance(want)

    return fill
