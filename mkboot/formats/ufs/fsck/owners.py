# SPDX-License-Identifier: Apache-2.0
"""Which fragments are in use: one byte for each block, a bit for each of its fragments.

Memory is a byte for each block, 1 MiB for 8 GiB of file system; pages that nobody
claims are never touched.
"""

from __future__ import annotations

import numpy as np

from mkboot.formats.ufs.fsck.disk import Disk, Ints
from mkboot.formats.ufs.groups import group_data, group_superblock

#: So many blocks with fragments claimed twice are remembered.
_MOST_TWICE = 20_000
#: So many claimants of a block are told.
_MOST_CLAIMANTS = 8


class Owners:
    """Takes claims.  ``twice`` has, by block, the bits of fragments claimed more than once.

    With ``watched`` (such a ``twice`` of an earlier pass) it notes who claims those:
    ``claimants`` has the inodes by block.
    """

    def __init__(self, disk: Disk, watched: dict[int, int] | None = None) -> None:
        self._frag = disk.sb.frag
        self.taken = np.zeros(-(-disk.sb.size // self._frag), dtype=np.uint8)
        self.twice: dict[int, int] = {}
        self.claimants: dict[int, list[int]] = {}
        self._watched = watched or {}
        self._watched_blocks = np.array(sorted(self._watched), dtype=np.int64)
        self._metadata(disk)
        #: Fragments in use that are no file's.
        self.reserved = int(np.bitwise_count(self.taken).sum())

    def _metadata(self, disk: Disk) -> None:
        sb = disk.sb
        for group in range(disk.groups):
            first = group_superblock(sb, group) if group else 0
            self._mark(first, min(group_data(sb, group), sb.size))
        self._mark(sb.csaddr, disk.summary_end)

    def _mark(self, first: int, after: int) -> None:
        """Claim fragments one by one up to whole blocks, these at once."""
        frag = self._frag
        low, high = -(-first // frag), after // frag
        if low < high:
            self.taken[low:high] = (1 << frag) - 1
        for fragment in {
            *range(first, min(low * frag, after)),
            *range(max(high * frag, first), after),
        }:
            self.taken[fragment // frag] |= 1 << fragment % frag

    def claim_one(self, ino: int, start: int, count: int) -> bool:
        """Claim a run inside one block; whether nobody had any of it."""
        block, mask = start // self._frag, (1 << count) - 1 << start % self._frag
        clash = int(self.taken[block]) & mask
        if clash:
            self._note(block, clash)
        if block in self._watched:
            self._meet(ino, block, mask)
        self.taken[block] |= mask
        return not clash

    def claim(self, inos: Ints, starts: Ints, counts: Ints) -> None:
        """Claim many runs, each inside one block; ``inos`` says who."""
        if not len(starts):
            return
        blocks = starts // self._frag
        masks = ((1 << counts) - 1) << starts % self._frag
        if len(self._watched_blocks):
            for n in np.flatnonzero(np.isin(blocks, self._watched_blocks)).tolist():
                self._meet(int(inos[n]), int(blocks[n]), int(masks[n]))
        order = np.argsort(blocks, kind="stable")
        blocks, masks = blocks[order], masks[order]
        edges = np.flatnonzero(np.concatenate(([True], blocks[1:] != blocks[:-1])))
        together = np.bitwise_or.reduceat(masks, edges)
        found = blocks[edges]
        before = self.taken[found]
        clash = (np.add.reduceat(masks, edges) != together) | (before & together != 0)
        for n in np.flatnonzero(clash).tolist():
            after = int(edges[n + 1]) if n + 1 < len(edges) else len(masks)
            seen = int(before[n])
            for mask in masks[edges[n] : after].tolist():
                if seen & mask:
                    self._note(int(found[n]), seen & mask)
                seen |= mask
        self.taken[found] = before | together.astype(np.uint8)

    def _note(self, block: int, bits: int) -> None:
        if block in self.twice or len(self.twice) < _MOST_TWICE:
            self.twice[block] = self.twice.get(block, 0) | bits

    def _meet(self, ino: int, block: int, mask: int) -> None:
        known = self.claimants.setdefault(block, [])
        if self._watched[block] & mask and ino not in known and len(known) < _MOST_CLAIMANTS:
            known.append(ino)


def bit_runs(bits: int) -> list[tuple[int, int]]:
    """The (first, length) runs of ones in a byte."""
    runs: list[tuple[int, int]] = []
    at = 0
    while bits >> at:
        if bits >> at & 1:
            length = 1
            while bits >> at + length & 1:
                length += 1
            runs.append((at, length))
            at += length
        at += 1
    return runs
