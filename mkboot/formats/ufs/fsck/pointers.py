# SPDX-License-Identifier: Apache-2.0
"""The block numbers of one file, through its indirect blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mkboot.formats.inode import DIRECT, IFALLOCATE, INDIRECT
from mkboot.formats.ufs.fsck.disk import WHY, Disk, Ints

Tell = Callable[[str, str], None]
#: Claims a run and says whether it was free.
ClaimOne = Callable[[int, int], bool]
Claim = Callable[[Ints, Ints], None]


@dataclass(slots=True)
class Walk:
    """One walk over a file's pointers.

    ``claim_one`` takes indirect blocks, ``claim`` runs of data (starts, counts); both only
    numbers that a file may have.  ``wrong`` hears of faults, as code and message.  Below an
    indirect block that somebody has already it does not go, so that all walks together are
    bounded by the file system's size; then ``whole`` is false.
    ``held`` counts fragments, ``data`` the data blocks within the file's size.
    """

    disk: Disk
    size: int
    flags: int
    wrong: Tell
    claim_one: ClaimOne
    claim: Claim
    held: int = 0
    data: int = 0
    whole: bool = True
    _blocks: int = field(init=False)

    def __post_init__(self) -> None:
        self._blocks = -(-self.size // self.disk.sb.bsize)

    def go(self, db: list[int], ib: list[int]) -> None:
        """All of the inode's numbers."""
        sb = self.disk.sb
        numbers = np.array(db, dtype=np.int64)
        counts = np.full(DIRECT, sb.frag, dtype=np.int64)
        rest = self.size % sb.bsize
        if rest and self._blocks <= DIRECT:
            counts[self._blocks - 1] = -(-rest // sb.fsize)
        self._leaf(numbers, counts, 0)
        first = DIRECT
        for level, number in enumerate(ib):
            self._indirect(number, level, first)
            first += sb.nindir ** (level + 1)

    def _past(self, number: int, block: int) -> None:
        self.wrong("block-past-end", f"block {block} (number {number}) lies past its size")

    def _leaf(self, numbers: Ints, counts: Ints, first: int) -> None:
        """Numbers of data blocks; the first of them is the file's block ``first``."""
        there = np.flatnonzero(numbers)
        for n in there[there + first >= self._blocks].tolist():
            self._past(int(numbers[n]), first + n)
        there = there[there + first < self._blocks]
        self.data += len(there)
        starts, counts = numbers[there], counts[there]
        if self.flags & IFALLOCATE:
            starts = np.abs(starts)
        why = self.disk.wrong(starts, counts)
        for n in np.flatnonzero(why).tolist():
            code, words = WHY[why[n]]
            self.wrong(code, f"block {first + int(there[n])}: number {starts[n]} {words}")
        good = why == 0
        self.held += int(counts[good].sum())
        self.claim(starts[good], counts[good])

    def _indirect(self, number: int, level: int, first: int) -> None:
        """An indirect block, whose first data block would be the file's block ``first``."""
        if not number:
            return
        if first >= self._blocks:
            self._past(number, first)
            return
        sb = self.disk.sb
        why = int(self.disk.wrong(np.array([number]), np.array([sb.frag]))[0])
        if why:
            code, words = WHY[why]
            self.wrong(code, f"indirect block of level {level + 1}: number {number} {words}")
            return
        self.held += sb.frag
        if not self.claim_one(number, sb.frag):
            self.whole = False
            return
        numbers = self.disk.words(number)
        if level == 0:
            self._leaf(numbers, np.full(len(numbers), sb.frag, dtype=np.int64), first)
            return
        for n in np.flatnonzero(numbers).tolist():
            self._indirect(int(numbers[n]), level - 1, first + n * sb.nindir**level)


def blocks_of(
    disk: Disk, size: int, db: list[int], ib: list[int], most: int, seen: set[int]
) -> list[tuple[int, int]]:
    """(block of the file, fragment) of a small file's or directory's data, for reading.

    At most ``most``; numbers that no file may have, and what lies past the size, are left
    out.  Indirect blocks in ``seen`` are not read again, so that calls with one set are
    bounded by the file system's size.
    """
    sb = disk.sb
    end = -(-size // sb.bsize)
    found = [(n, number) for n, number in enumerate(db[:end]) if number]
    waiting = [
        (number, level, DIRECT + sum(sb.nindir**k for k in range(1, level + 1)))
        for level, number in reversed(list(enumerate(ib[:INDIRECT])))
        if number
    ]
    while waiting and len(found) < most:
        number, level, first = waiting.pop()
        if first >= end or number in seen or disk.wrong(np.array([number]), np.array([sb.frag]))[0]:
            continue
        seen.add(number)
        numbers = disk.words(number)
        there = np.flatnonzero(numbers).tolist()
        if level == 0:
            found += [(first + n, int(numbers[n])) for n in there if first + n < end]
        else:
            span = sb.nindir**level
            waiting += [(int(numbers[n]), level - 1, first + n * span) for n in reversed(there)]
    found = found[:most]
    starts = np.array([fragment for _, fragment in found], dtype=np.int64)
    left = np.array([min(sb.bsize, size - n * sb.bsize) for n, _ in found], dtype=np.int64)
    counts = -(-left // sb.fsize)
    good = disk.wrong(starts, counts) == 0
    return [pair for pair, fine in zip(found, good.tolist(), strict=True) if fine]
