# SPDX-License-Identifier: Apache-2.0
"""The fragments of a UFS: which may hold data, and reading them.

Source: illumos sys/fs/ufs_fs.h, in own words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mkboot.errors import InputError
from mkboot.formats.ufs.structs import ByteOrder, Superblock
from mkboot.tree.source import ByteSource, read_exact

#: How many indirect blocks are kept, decoded: some 80 KiB each.
_KEPT = 64


class IndirectBlock(NamedTuple):
    """The numbers in an indirect block.

    ``edges`` are the indices at which a run of neighbours on disk (or a hole) begins, and
    at last the count of numbers; ``wrong`` those of numbers that may not hold data.
    """

    numbers: list[int]
    edges: list[int]
    wrong: list[int]


class BlockStore:
    """A source read by fragment numbers, every one of which is checked first.

    ``path_of`` tells the path of an inode number for error messages, once there is a tree.
    """

    def __init__(
        self, source: ByteSource, sb: Superblock, order: ByteOrder, place: tuple[str, ...]
    ) -> None:
        self.source = source
        self.sb = sb
        self.order: ByteOrder = order
        self.place = place
        self.path_of: Callable[[int], str | None] = lambda _ino: None
        self._dtype = np.dtype(">i4" if order == "big" else "<i4")
        self._summary_end = sb.csaddr + -(-sb.cssize // sb.fsize)
        self.indirect = lru_cache(maxsize=_KEPT)(self._read_indirect)

    def place_of(self, ino: int) -> tuple[str, ...]:
        """Where an inode stands in an error message."""
        path = self.path_of(ino)
        return (*self.place, f"inode {ino}" if path is None else f"inode {ino} '{path}'")

    def check(self, fragment: int, count: int) -> None:
        """Raise ``InputError`` unless ``count`` fragments there may hold a file's data."""
        sb = self.sb
        if not 0 < fragment <= sb.size - count:
            raise InputError(f"block number {fragment} is out of range (0 to {sb.size})")
        if fragment % sb.frag + count > sb.frag:
            raise InputError(f"{count} fragments from {fragment} cross a block's boundary")
        group, inside = divmod(fragment, sb.fpg)
        stagger = sb.cgoffset * (group & ~sb.cgmask)
        first = stagger + sb.sblkno if group else 0
        if first - count < inside < stagger + sb.dblkno:
            raise InputError(f"block number {fragment} lies in metadata of group {group}")
        if sb.csaddr - count < fragment < self._summary_end:
            raise InputError(f"block number {fragment} lies in the summary of the groups")

    def wrong(self, blocks: npt.NDArray[np.int64]) -> list[int]:
        """The same for many whole blocks: the indices of those that may not; holes may."""
        sb = self.sb
        inside = blocks % sb.fpg
        group = blocks // sb.fpg
        stagger = sb.cgoffset * (group & ~sb.cgmask)
        first = np.where(group > 0, stagger + sb.sblkno, 0)
        bad = (
            (blocks < 0)
            | (blocks > sb.size - sb.frag)
            | (blocks % sb.frag != 0)
            | ((first - sb.frag < inside) & (inside < stagger + sb.dblkno))
            | ((sb.csaddr - sb.frag < blocks) & (blocks < self._summary_end))
        ) & (blocks != 0)
        found: list[int] = np.flatnonzero(bad).tolist()
        return found

    def read(self, fragment: int, length: int) -> bytes:
        """``length`` bytes from a checked fragment; ``InputError`` past the source's end."""
        return read_exact(self.source, fragment * self.sb.fsize, length, ())

    def _read_indirect(self, fragment: int) -> IndirectBlock:
        self.check(fragment, self.sb.frag)
        data = self.read(fragment, self.sb.bsize)
        numbers = np.frombuffer(data, self._dtype).astype(np.int64)
        follows = np.where(numbers[:-1] == 0, 0, numbers[:-1] + self.sb.frag)
        breaks = np.flatnonzero(numbers[1:] != follows) + 1
        edges = [0, *breaks.tolist(), len(numbers)]
        return IndirectBlock(numbers.tolist(), edges, self.wrong(numbers))
