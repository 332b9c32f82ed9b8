# SPDX-License-Identifier: Apache-2.0
"""Two reads that must agree: what was copied is read once more, and compared.

A map of its own, in ddrescue's form too, says what has agreed (``+``), so that this can be
interrupted as the copying can.
"""

from __future__ import annotations

from collections.abc import Callable

from mkboot.formats.mapfile import Extent, Status
from mkboot.media.copy.keeper import Keeper
from mkboot.media.copy.passes import NOT_GOOD, trouble
from mkboot.media.copy.reader import DAMAGE, Reader
from mkboot.media.copy.states import BlockStates

#: How often a block is read, at most, until one read is like the one before it.
_TRIES = 6


class Agreement:
    """Compares a copy with a second reading of its source.

    ``agreed`` are the states of its map; ``changed`` is true once bytes of the copy were
    replaced by others that were read twice.
    """

    def __init__(
        self,
        reader: Reader,
        keeper: Keeper,
        agreed: BlockStates,
        tell: Callable[[int, str, int], None],
    ) -> None:
        self._reader = reader
        self._keeper = keeper
        self._agreed = agreed
        self._tell = tell
        self.differing = 0
        self.changed = False

    @property
    def whole(self) -> bool:
        """Whether every byte was read twice, and the same."""
        return self._agreed.whole

    def compare(self) -> None:
        """Read everything good that has not agreed yet; what never agrees becomes bad."""
        for run in self._keeper.states.runs(Status.GOOD):
            at = run.offset
            while (rest := self._agreed.following(at, *NOT_GOOD)) and rest.offset < run.end:
                size = min(rest.end, run.end) - rest.offset
                size = min(size, self._reader.step - rest.offset % self._reader.step)
                self._compare(Extent(rest.offset, size, Status.GOOD))
                at = rest.offset + size

    def _compare(self, run: Extent) -> None:
        kept = self._keeper.read_back(run.offset, run.size)
        if self._read(run) == kept:
            self._say(run, Status.GOOD)
            return
        for at in range(run.offset, run.end, self._reader.block):
            start = at - run.offset
            block = Extent(at, min(self._reader.block, run.end - at), run.status)
            self._settle(block, kept[start : start + block.size])

    def _settle(self, block: Extent, kept: bytes) -> None:
        """Read one block until it is twice the same."""
        before: bytes | None = kept
        for turn in range(_TRIES):
            now = self._read(block)
            if now is not None and now == before:
                if now != kept:
                    self._keeper.write(block.offset, now)
                    self.changed = True
                self._say(block, Status.GOOD)
                return
            self.differing += turn == 0
            before = now
        self._keeper.mark(block.offset, block.size, Status.BAD)
        self._say(block, Status.BAD)

    def _read(self, run: Extent) -> bytes | None:
        """The run once more from the medium; None where it cannot be read now."""
        data = b""
        while len(data) < run.size:
            try:
                more = self._reader.read(run.offset + len(data), run.size - len(data), fresh=True)
            except OSError as e:
                if e.errno in DAMAGE:
                    return None
                raise trouble(self._reader.name, e) from e
            if not more:
                return None
            data += more
        return data

    def _say(self, run: Extent, status: Status) -> None:
        self._keeper.mark_in(self._agreed, run.offset, run.size, status)
        self._keeper.pace()
        self._tell(run.size if status is Status.GOOD else 0, "reading again", self.differing)
