# SPDX-License-Identifier: Apache-2.0
"""What is known of every byte of a disc while it is copied: a map that changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from mkboot.formats.mapfile import Extent, MapFile, Phase, Status


class BlockStates:
    """The statuses of bytes 0 to ``end``; equal neighbours are always one run.

    ``position``, ``phase`` and ``turn`` are those of the map file.
    """

    def __init__(self, end: int) -> None:
        self.end = end
        self.position = 0
        self.phase = Phase.COPYING
        self.turn = 1
        self._starts: list[int] = [0] if end else []
        self._statuses: list[Status] = [Status.UNTRIED] if end else []
        self._totals = dict.fromkeys(Status, 0)
        self._totals[Status.UNTRIED] = end

    @classmethod
    def of_map(cls, found: MapFile, end: int) -> BlockStates:
        """The states of a map, as a disc of at least ``end`` bytes; what it lacks is untried."""
        states = cls(max(end, found.end))
        for extent in found.extents:
            states.mark(extent.offset, extent.size, extent.status)
        states.position, states.phase, states.turn = found.position, found.phase, found.turn
        return states

    def as_map(self) -> MapFile:
        """The map as it is now."""
        return MapFile(tuple(self._runs(0)), self.position, self.phase, self.turn)

    def total(self, *statuses: Status) -> int:
        """How many bytes have one of these statuses."""
        return sum(self._totals[s] for s in statuses)

    @property
    def whole(self) -> bool:
        """Whether every byte is good."""
        return self._totals[Status.GOOD] == self.end

    def grow(self, end: int) -> None:
        """The disc is longer than was thought; the new bytes are untried."""
        if end > self.end:
            start, self.end = self.end, end
            self._totals[Status.UNTRIED] += end - start
            if not self._starts or self._statuses[-1] is not Status.UNTRIED:
                self._starts.append(start)
                self._statuses.append(Status.UNTRIED)

    def cut(self, end: int) -> None:
        """The disc ends at ``end``; what was behind is forgotten."""
        while self._starts and self._starts[-1] >= end:
            start = self._starts.pop()
            self._totals[self._statuses.pop()] -= self.end - start
            self.end = start
        if self._starts and self.end > end:
            self._totals[self._statuses[-1]] -= self.end - end
            self.end = end

    def mark(self, offset: int, size: int, status: Status) -> None:
        """From now on these bytes have this status; they must lie in the disc."""
        stop = offset + size
        if offset < 0 or size < 0 or stop > self.end:
            raise ValueError(f"bytes {offset} to {stop} of {self.end}")
        if not size:
            return
        first = bisect_right(self._starts, offset) - 1
        last = bisect_right(self._starts, stop - 1)  # one behind the last run touched
        new: list[Extent] = []
        for run in self._runs(first, last):
            self._totals[run.status] -= run.size
            if run.offset < offset:
                new.append(Extent(run.offset, offset - run.offset, run.status))
            if run.end > stop:
                new.append(Extent(stop, run.end - stop, run.status))
        middle = 1 if new and new[0].offset < offset else 0
        new.insert(middle, Extent(offset, size, status))
        for run in new:
            self._totals[run.status] += run.size
        self._replace(first, last, new)

    def _replace(self, first: int, last: int, new: list[Extent]) -> None:
        """Put runs in place of those from ``first`` to ``last``, joined with their neighbours."""
        if first > 0:
            first -= 1
            new.insert(0, next(self._runs(first, first + 1)))
        if last < len(self._starts):
            new.append(next(self._runs(last, last + 1)))
            last += 1
        kept = [run for n, run in enumerate(new) if n == 0 or run.status is not new[n - 1].status]
        self._starts[first:last] = [run.offset for run in kept]
        self._statuses[first:last] = [run.status for run in kept]

    def at(self, offset: int) -> Extent:
        """The run that a byte lies in."""
        n = bisect_right(self._starts, offset) - 1
        return next(self._runs(n, n + 1))

    def following(self, offset: int, *statuses: Status) -> Extent | None:
        """The first run of one of these statuses from ``offset`` on, without what lies before."""
        start = max(0, bisect_right(self._starts, offset) - 1)
        for run in self._runs(start):
            if run.status in statuses and run.end > offset:
                begin = max(run.offset, offset)
                return Extent(begin, run.end - begin, run.status)
        return None

    def preceding(self, offset: int, *statuses: Status) -> Extent | None:
        """The last run of one of these statuses before ``offset``, without what lies behind."""
        for n in range(min(bisect_right(self._starts, offset - 1), len(self._starts)) - 1, -1, -1):
            if self._statuses[n] in statuses:
                run = next(self._runs(n, n + 1))
                return Extent(run.offset, min(run.end, offset) - run.offset, run.status)
        return None

    def runs(self, *statuses: Status) -> tuple[Extent, ...]:
        """All runs of these statuses as they are now; all runs where none is given."""
        return tuple(r for r in self._runs(0) if not statuses or r.status in statuses)

    def _runs(self, first: int, last: int | None = None) -> Iterator[Extent]:
        count = len(self._starts)
        for n in range(first, count if last is None else min(last, count)):
            end = self._starts[n + 1] if n + 1 < count else self.end
            yield Extent(self._starts[n], end - self._starts[n], self._statuses[n])
