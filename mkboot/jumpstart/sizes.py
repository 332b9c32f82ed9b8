# SPDX-License-Identifier: Apache-2.0
"""Cylinders and MB: what a disk has, how a size is rounded, what is known as a range only.

MB are 1,048,576 bytes, as in all of JumpStart (Solaris 8 Advanced Installation Guide,
``disksize``).  A label begins slices at cylinders, so a size in MB is rounded up to whole
ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.model.hostfile import HostDisk

SECTOR = 512
MB = 1 << 20
#: Cylinders that format(1M) and the installer keep as alternates.
ALTERNATES = 2
#: What 16 bits of a label count.
CYLINDERS_MAX = 65_535
#: Swap of a profile that does not say how much: memory up to, swap (MB).  Source: "How the
#: Size of swap Is Determined" of the Solaris 8, 9 and 10 installation guides, whose rows
#: share their ends.
_SWAP = ((64, 32), (128, 64), (512, 128), (1 << 30, 256))
#: No more than this share of its disk, unless there is room left.
_SWAP_SHARE = 20


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number of which only bounds are known; both ends belong to it."""

    low: int
    high: int

    @property
    def known(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high

    def __str__(self) -> str:
        return f"{self.low}" if self.known else f"{self.low}-{self.high}"


def exactly(number: int) -> Range:
    """A number that is known."""
    return Range(number, number)


@dataclass(frozen=True, slots=True)
class DiskShape:
    """A disk as its label counts it: ``cylinder`` sectors each, ``cylinders`` for data.

    The first ``reserved`` ones are taken (x86: the boot slice, alternates); ``counted`` is
    False where the disk has more than a label can say.
    """

    name: str
    cylinder: int
    cylinders: int
    reserved: int = 0
    counted: bool = True

    def for_mb(self, mb: int) -> int:
        """The fewest whole cylinders that hold so many MB."""
        return -(-mb * MB // (self.cylinder * SECTOR))

    def for_sectors(self, sectors: int) -> int:
        """The fewest whole cylinders that hold so many sectors."""
        return -(-sectors // self.cylinder)

    def mb(self, cylinders: int) -> int:
        """So many cylinders in whole MB, the rest dropped."""
        return cylinders * self.cylinder * SECTOR // MB


def sparc_shape(disk: HostDisk) -> DiskShape:
    """The label that Solaris gives a disk of that geometry: the whole disk, less alternates."""
    cylinder = disk.heads * disk.sectors
    have = disk.bytes // SECTOR // cylinder
    physical = min(have, CYLINDERS_MAX)
    return DiskShape(disk.name, cylinder, physical - ALTERNATES, counted=have <= CYLINDERS_MAX)


def disk_mb(disk: HostDisk) -> int:
    """What the rules call the disk's size: whole MB."""
    return disk.bytes // MB


def default_swap(memory_mb: int, disk: DiskShape) -> Range:
    """Swap in MB where a profile has none.

    Between two rows of the manuals' table it is either's; the share of the disk counts
    only where no room is left over, so it is the lower end.
    """
    rows = [swap for row, swap in zip(_bounds(), (s for _, s in _SWAP), strict=True)
            if row[0] <= memory_mb <= row[1]]  # fmt: skip
    rows = rows or [_SWAP[0][1]]
    share = disk.mb(disk.cylinders) * _SWAP_SHARE // 100
    return Range(min(rows[0], share), rows[-1])


def _bounds() -> Sequence[tuple[int, int]]:
    ends = [end for end, _ in _SWAP]
    return list(zip([16, *ends[:-1]], ends, strict=True))
