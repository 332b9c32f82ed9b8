# SPDX-License-Identifier: Apache-2.0
"""The file system under examination, read by fragments, which never fails.

What lies behind the end of the source reads as zeros: that it is missing is one fault, and
told once.  All numbers come from a superblock that ``superblock.find_fault`` passed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mkboot.errors import InputError
from mkboot.formats.inode import DINODE, dinode_dtype
from mkboot.formats.ufs.groups import group_inodes
from mkboot.formats.ufs.structs import ByteOrder, Superblock
from mkboot.tree.source import ByteSource

Ints = npt.NDArray[np.int64]
#: More inodes than any disk of Solaris' time has; some bytes are held for each.
_MOST_INODES = 1 << 27


class Disk:
    """``groups`` are those of which at least the beginning is there; ``inodes`` theirs.
    ``superblock_at`` is the byte where the superblock lies that is used.
    """

    def __init__(self, source: ByteSource, sb: Superblock, order: ByteOrder, at: int) -> None:
        self.source = source
        self.superblock_at = at
        self.sb = sb
        self.order: ByteOrder = order
        there = min(sb.size, source.size // sb.fsize)
        self.groups = min(sb.ncg, max(1, -(-there // sb.fpg)))
        self.inodes = self.groups * sb.ipg
        if self.inodes > _MOST_INODES:
            raise InputError(f"{self.inodes} inodes are too many to be checked")
        self.summary_end = sb.csaddr + -(-sb.cssize // sb.fsize)
        self.word = np.dtype(">i4" if order == "big" else "<i4")
        self._dinode = dinode_dtype(order)

    def read(self, fragment: int, length: int) -> bytes:
        """``length`` bytes from a fragment; zeros for what is not there."""
        data = self.source.pread(fragment * self.sb.fsize, length) if fragment >= 0 else b""
        return data if len(data) == length else data.ljust(length, b"\0")

    def words(self, fragment: int) -> Ints:
        """The numbers in the block at a fragment, as in an indirect block."""
        return np.frombuffer(self.read(fragment, self.sb.bsize), self.word).astype(np.int64)

    def table(self, group: int) -> npt.NDArray[np.void]:
        """The inodes of a group."""
        data = self.read(group_inodes(self.sb, group), self.sb.ipg * DINODE)
        return np.frombuffer(data, self._dinode)

    def dinode(self, ino: int) -> bytes:
        """The 128 bytes of an inode that is in range."""
        sb = self.sb
        group, index = divmod(ino, sb.ipg)
        return self._at(group_inodes(sb, group) * sb.fsize + index * DINODE)

    def _at(self, offset: int) -> bytes:
        return self.source.pread(offset, DINODE).ljust(DINODE, b"\0")

    def wrong(self, starts: Ints, counts: Ints) -> npt.NDArray[np.int8]:
        """For runs of fragments: 0 good, or why no file may have it (``WHY``)."""
        sb = self.sb
        group = starts // sb.fpg
        inside = starts - group * sb.fpg
        stagger = sb.cgoffset * (group & ~sb.cgmask)
        first = np.where(group > 0, stagger + sb.sblkno, 0)
        metadata = (first - counts < inside) & (inside < stagger + sb.dblkno)
        metadata |= (sb.csaddr - counts < starts) & (starts < self.summary_end)
        why = np.zeros(len(starts), dtype=np.int8)
        why[starts % sb.frag + counts > sb.frag] = 3
        why[metadata] = 2
        why[(starts <= 0) | (starts > sb.size - counts)] = 1
        return why


#: Codes and words for what ``Disk.wrong`` says.
WHY = (
    ("", ""),
    ("block-range", "is out of range"),
    ("block-metadata", "lies in metadata"),
    ("block-unaligned", "crosses a block's boundary"),
)
