# SPDX-License-Identifier: Apache-2.0
"""Giving out blocks and fragments, one after another, and where they lie.

Blocks that can hold data have ordinals: 0, 1, 2 … in the order of their addresses, with
the metadata of every group skipped.  The allocator gives out ordinals without an end, so
that what is missing can be told; ``Places`` turns them into addresses.  A *virtual
fragment* is ``ordinal * frag + fragment in the block``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mkboot.formats.ufs.geometry import Layout, ceil

#: A tail that is none.
NO_TAIL = -1


class Places:
    """Where the data blocks of a file system lie.

    ``blocks`` counts them; ``reserved`` of them, the first, hold the summary.  Behind the
    last may be ``spare`` fragments that are no whole block: their ordinal is ``blocks``.
    """

    def __init__(self, layout: Layout) -> None:
        self.frag = layout.frag
        self.blocks = 0
        self._ordinals: list[int] = []
        self._addresses: list[int] = []
        for group in range(layout.ncg):
            first, after = layout.metadata(group)
            self._region(layout.base(group), first)
            self._region(after, layout.end(group))
        self.reserved = ceil(layout.cssize // layout.fsize, layout.frag)
        self.summary_rest = self.reserved * layout.frag - layout.cssize // layout.fsize
        last = layout.ncg - 1
        first_spare = layout.size // layout.frag * layout.frag
        first_spare = max(first_spare, layout.metadata(last)[1])
        self.spare = max(0, layout.size - first_spare)
        self._ordinals.append(self.blocks)
        self._addresses.append(first_spare)

    def _region(self, first: int, after: int) -> None:
        count = (after - first) // self.frag
        if count > 0:
            self._ordinals.append(self.blocks)
            self._addresses.append(first)
            self.blocks += count

    def address(self, virtual: int) -> int:
        """The fragment where a virtual fragment lies."""
        ordinal, rest = divmod(virtual, self.frag)
        at = bisect_right(self._ordinals, ordinal) - 1
        return self._addresses[at] + (ordinal - self._ordinals[at]) * self.frag + rest

    def runs(self, ordinal: int, count: int) -> Iterator[tuple[int, int]]:
        """``count`` blocks from ``ordinal`` as (address in fragments, blocks), contiguous each."""
        at = bisect_right(self._ordinals, ordinal) - 1
        while count > 0:
            limit = self._ordinals[at + 1] if at + 1 < len(self._ordinals) else ordinal + count
            take = min(count, limit - ordinal)
            yield self._addresses[at] + (ordinal - self._ordinals[at]) * self.frag, take
            ordinal += take
            count -= take
            at += 1

    def addresses(self, ordinal: int, count: int) -> npt.NDArray[np.int64]:
        """The address of each of ``count`` blocks from ``ordinal``."""
        parts = [
            np.arange(first, first + n * self.frag, self.frag, dtype=np.int64)
            for first, n in self.runs(ordinal, count)
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


class Allocator:
    """Blocks in order; fragments where a block that is begun has room, best fit, newest first."""

    def __init__(self, places: Places) -> None:
        self._frag = places.frag
        self._spare = (places.blocks, places.spare)
        self.cursor = places.reserved
        self._free: list[list[int]] = [[] for _ in range(places.frag + 1)]

    def blocks(self, count: int) -> int:
        """The ordinal of the first of ``count`` whole blocks that follow one another."""
        first = self.cursor
        self.cursor += count
        return first

    def fragments(self, count: int) -> int:
        """The virtual fragment where ``count`` (less than a block) lie, in one block."""
        for length in range(count, self._frag):
            if self._free[length]:
                return self._cut(length, count)
        if self.cursor >= self._spare[0] and self._spare[1]:
            ordinal, length = self._spare
            self._spare = (ordinal, 0)
            self.give(ordinal * self._frag, length)
            if length >= count:
                return self._cut(length, count)
        first = self.blocks(1) * self._frag
        self.give(first + count, self._frag - count)
        return first

    def _cut(self, length: int, count: int) -> int:
        first = self._free[length].pop()
        self.give(first + count, length - count)
        return first

    def give(self, virtual: int, length: int) -> None:
        """Make a run of fragments inside one block free for tails."""
        if length:
            self._free[length].append(virtual)

    def begun(self) -> Iterator[tuple[int, int]]:
        """The free runs (virtual fragment, length) in blocks that were given out in part."""
        for length, runs in enumerate(self._free):
            for first in runs:
                yield first, length

    @property
    def spare_untouched(self) -> bool:
        """Whether the fragments behind the last whole block are all free still."""
        return self._spare[1] > 0
