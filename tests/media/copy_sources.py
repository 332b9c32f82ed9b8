# SPDX-License-Identifier: Apache-2.0
"""Sources that are hard to copy: every sector distinct, some bad, some moody, sizes wrong."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from pathlib import Path

from mkboot.formats.label import SliceEntry, disc_label, write_label
from mkboot.formats.mapfile import Status, read_map
from mkboot.media.copy.copying import Copied, Copying
from mkboot.media.copy.place import open_place

SECTOR = 512
CYLINDER = 640 * SECTOR


def distinct(size: int, seed: str = "disc") -> bytes:
    """Bytes of which no two sectors are alike, and none is like zeros."""
    parts = []
    for number in range(-(-size // SECTOR)):
        digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
        parts.append((struct.pack(">Q", number) + digest).ljust(SECTOR, digest[:1]))
    return b"".join(parts)[:size]


def sun_disc(iso_blocks: int = 300, slices: int = 2, cylinders: int = 1) -> bytes:
    """A disc whose label names slices behind the end that its ISO descriptor names."""
    start = -(-iso_blocks * 2048 // CYLINDER)
    entries = [SliceEntry(0, 0, start * 640, 4, 0x10)]
    entries += [
        SliceEntry(n + 1, start + n * cylinders, cylinders * 640, 2, 0x10) for n in range(slices)
    ]
    data = bytearray(distinct((start + slices * cylinders) * CYLINDER))
    data[:SECTOR] = write_label(disc_label(entries, b"made by a test"))
    descriptor = bytearray(2048)
    descriptor[:7] = b"\x01CD001\x01"
    descriptor[80:88] = struct.pack("<I", iso_blocks) + struct.pack(">I", iso_blocks)
    descriptor[128:132] = struct.pack("<H", 2048) + struct.pack(">H", 2048)
    data[32768:34816] = descriptor
    return bytes(data)


class FakeDrive:
    """A drive with faults.

    ``bad`` are blocks that never read, ``weak`` blocks that read after so many failures,
    ``moody`` blocks that read differently each time.  ``says`` is the size it claims, ``most``
    the longest read it answers in one piece.
    """

    def __init__(
        self,
        data: bytes,
        *,
        bad: frozenset[int] = frozenset(),
        weak: dict[int, int] | None = None,
        moody: frozenset[int] = frozenset(),
        says: int | None = None,
        block: int = 2048,
        most: int = 1 << 30,
        is_drive: bool = True,
        toc: int | None = None,
        step: int = 1 << 16,
    ) -> None:
        self.name = "the drive"
        self.data = data
        self.bad, self.weak, self.moody = bad, dict(weak or {}), moody
        self.size = len(data) if says is None else says
        self.block, self.step, self.most = block, step, most
        self.is_drive, self.toc = is_drive, toc
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        self.reads.append((offset, length))
        if offset >= len(self.data):
            return b""
        end = min(offset + min(length, self.most), len(self.data))
        good = offset
        for block in range(offset // self.block, -(-end // self.block)):
            if not self._reads(block):
                break
            good = min(end, (block + 1) * self.block)
        if good <= offset:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        data = bytearray(self.data[offset:good])
        for block in self.moody:
            at = block * self.block - offset
            if 0 <= at < len(data):
                data[at] = len(self.reads) & 0xFF
        return bytes(data)

    def _reads(self, block: int) -> bool:
        if block in self.bad:
            return False
        if self.weak.get(block, 0):
            self.weak[block] -= 1
            return False
        return True

    def close(self) -> None:
        pass


def run(drive: FakeDrive, dest: Path, *, retries: int = 1, agree: bool = False) -> Copied:
    """A copy in this process, with the final name where it is whole."""
    with open_place(dest, None, force=False) as place:
        copying = Copying(drive, place)
        copying.check_same_disc()
        done = copying.run(lambda *_: None, retries=retries, agree=agree, comments=())
        if done.whole:
            os.ftruncate(place.fd, done.size)
            place.finish()
    return done


def judge_map(path: Path, copy: bytes, data: bytes, unreadable: frozenset[int], block: int) -> None:
    """The map tells the truth, sector by sector: what is good is there and right, what is not
    good could not be read.  ``unreadable`` are the blocks that never read.
    """
    found = read_map(path.read_bytes())
    for extent in found.extents:
        for at in range(extent.offset, extent.end, SECTOR):
            stop = min(at + SECTOR, extent.end)
            if extent.status is Status.GOOD:
                assert copy[at:stop] == data[at:stop], f"{at} is called good"
            if at // block in unreadable:
                assert extent.status is not Status.GOOD, f"{at} cannot have been read"
