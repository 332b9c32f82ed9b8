# SPDX-License-Identifier: Apache-2.0
"""The passes of a copy: first what reads well, then closer and closer to the damage.

The order and the statuses are GNU ddrescue's (its manual, "Algorithm"), so that either
goes on where the other stopped: copy in large steps, skipping away from errors; trim the
edges of what failed; scrape what is between, block by block; try bad blocks again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

from mkboot.errors import StoppedError
from mkboot.formats.mapfile import Extent, Phase, Status
from mkboot.media.copy.keeper import Keeper
from mkboot.media.copy.reader import DAMAGE, Reader, no_disc

#: ddrescue's numbers of the passes that we make while copying: forwards, backwards, all.
_FORWARDS, _BACKWARDS, _SWEEP = 1, 2, 5
#: No disc is longer, in bytes: where nothing else ends the reading on.
END_MOST = 1 << 40
#: How far the first pass jumps at most, as a share of the disc.
_JUMP_SHARE = 100

#: All that may still become good.
NOT_GOOD = (Status.UNTRIED, Status.UNTRIMMED, Status.UNSCRAPED, Status.BAD)
_GONE = frozenset({errno.ENXIO, errno.ENODEV})


class Copier:
    """Reads from a drive or an image into a keeper.

    ``heard`` is told the offset and the bytes of every good read, ``tell`` how many bytes
    have become good and what is being done.  ``errors`` counts reads that failed;
    ``ended`` is where the source was seen to end.
    """

    def __init__(
        self,
        reader: Reader,
        keeper: Keeper,
        heard: Callable[[int, bytes], None],
        tell: Callable[[int, str, int], None],
    ) -> None:
        self._reader = reader
        self._keeper = keeper
        self._states = keeper.states
        self._heard = heard
        self._tell = tell
        self._doing = "copying"
        self._fresh = False
        self.errors = 0
        self.ended: int | None = None

    def copy(self, retries: int) -> None:
        """Everything that is not good, as far as it can be read."""
        begun = self._states.turn if self._states.phase is Phase.COPYING else _FORWARDS
        if begun <= _FORWARDS:
            self._begin(Phase.COPYING, _FORWARDS, "copying")
            self._forwards(jump=True)
        if begun <= _BACKWARDS:
            self._begin(Phase.COPYING, _BACKWARDS, "copying backwards")
            self._backwards()
        self._begin(Phase.COPYING, _SWEEP, "copying what was skipped")
        self._forwards(jump=False)
        self._fresh = True
        self._begin(Phase.TRIMMING, 1, "trimming")
        self._trim()
        self._begin(Phase.SCRAPING, 1, "scraping")
        self._each_block(Status.UNSCRAPED, Status.UNTRIMMED)
        for turn in range(1, retries + 1):
            self._begin(Phase.RETRYING, turn, f"trying again, {turn} of {retries}")
            self._each_block(Status.BAD, backwards=turn % 2 == 0)
        self._fresh = False
        self._begin(Phase.FINISHED, 1, "done")

    def read_on(self) -> None:
        """Read behind the end that is known, until the drive really ends.

        The first place that cannot be read there is taken for the end, and is no error.
        """
        step, block, errors = self._reader.step, self._reader.block, self.errors
        self._begin(Phase.COPYING, _SWEEP, "reading on behind the end")
        more = True
        while more and self._states.end < END_MOST:
            at = self._states.end
            self._keeper.resize(at + step)
            good = self._take(at, step)
            while good < step and (last := self._take(at + good, min(block, step - good))):
                good += last
            more = good == step
            self._keeper.resize(at + good)
        self.errors = errors
        self._begin(Phase.FINISHED, 1, "done")

    def _begin(self, phase: Phase, turn: int, doing: str) -> None:
        self._states.phase, self._states.turn, self._doing = phase, turn, doing

    def _forwards(self, *, jump: bool) -> None:
        at, jumped = 0, 0
        most = max(self._reader.step, self._states.end // _JUMP_SHARE)
        while (run := self._states.following(at, Status.UNTRIED)) is not None:
            want = self._step_from(run)
            at = run.offset + want
            if self._take(run.offset, want, Status.UNTRIMMED) == want:
                jumped = 0
            elif jump:
                jumped = min(max(self._reader.step, jumped * 2), most)
                at += jumped

    def _backwards(self) -> None:
        """From the end, each skipped run up to its first damage."""
        at = self._states.end
        while (run := self._states.preceding(at, Status.UNTRIED)) is not None:
            start = max(run.offset, (run.end - 1) // self._reader.step * self._reader.step)
            whole = self._take(start, run.end - start, Status.UNTRIMMED) == run.end - start
            at = start if whole else run.offset

    def _trim(self) -> None:
        """Close in on the damage from both edges of every failed run."""
        for run in self._states.runs(Status.UNTRIMMED):
            front = self._until_bad(self._blocks(run))
            if front is None or self.ended is not None:
                continue
            rest = Extent(front.end, run.end - front.end, run.status)
            back = self._until_bad(self._blocks(rest, backwards=True))
            stop = front.end if back is None else back.offset
            if stop > front.end:
                self._keeper.mark(front.end, stop - front.end, Status.UNSCRAPED)

    def _until_bad(self, blocks: Iterator[Extent]) -> Extent | None:
        for block in blocks:
            if self._take(block.offset, block.size, Status.BAD) < block.size:
                return block
        return None

    def _each_block(self, *statuses: Status, backwards: bool = False) -> None:
        runs = self._states.runs(*statuses)
        for run in reversed(runs) if backwards else runs:
            for block in self._blocks(run, backwards=backwards):
                self._take(block.offset, block.size, Status.BAD)

    def _blocks(self, run: Extent, *, backwards: bool = False) -> Iterator[Extent]:
        """A run as the smallest steps that can be read, as far as the source goes."""
        size = self._reader.block
        end = run.end if self.ended is None else min(run.end, self.ended)
        places = range(run.offset // size * size, end, size)
        for place in reversed(places) if backwards else places:
            if self.ended is not None and place >= self.ended:
                return  # the end was found on the way; backwards it is known beforehand
            start, stop = max(run.offset, place), min(run.end, place + size)
            yield Extent(start, stop - start, run.status)

    def _step_from(self, run: Extent) -> int:
        step = self._reader.step
        return min(run.size, step - run.offset % step)

    def _take(self, offset: int, length: int, else_: Status | None = None) -> int:
        """Read a run and keep what is good of it; how much that is, from its beginning.

        What is not good has the status ``else_`` afterwards.
        """
        done = 0
        self._keeper.at(offset)
        if self.ended is not None and offset >= self.ended:
            self._end_at(self.ended)
            return 0
        while done < length:
            data = self._read(offset + done, length - done)
            if data is None:
                break
            if not data:
                self._end_at(offset + done)
                return done
            self._keeper.put(offset + done, data)
            self._heard(offset + done, data)
            self._tell(len(data), self._doing, self.errors)
            done += len(data)
        if done < length and else_ is not None:
            self._keeper.mark(offset + done, length - done, else_)
            self._tell(0, self._doing, self.errors)
        return done

    def _read(self, offset: int, length: int) -> bytes | None:
        """Some bytes, none at the end, None for damage."""
        try:
            return self._reader.read(offset, length, fresh=self._fresh)[:length]
        except OSError as e:
            self.errors += e.errno in DAMAGE
            if e.errno in DAMAGE:
                return None
            raise trouble(self._reader.name, e) from e

    def _end_at(self, offset: int) -> None:
        """The source ends here: what lies behind, and was never read, is not to be had."""
        self.ended = offset
        for run in self._states.runs(*NOT_GOOD):
            start = max(run.offset, offset)
            if start < run.end and run.status is not Status.BAD:
                self._keeper.mark(start, run.end - start, Status.BAD)


def trouble(name: str, error: OSError) -> StoppedError:
    """A read that failed for no fault of the disc's."""
    if error.errno == errno.ENOMEDIUM:
        return no_disc(name)
    what = "is gone" if error.errno in _GONE else error.strerror or str(error)
    return StoppedError(f"{name}: {what}", hint="the same command goes on when that is mended")
