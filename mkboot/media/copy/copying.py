# SPDX-License-Identifier: Apache-2.0
"""One run of a copy: begin or go on, read what can be read, and say what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mkboot.errors import CallerError, StoppedError
from mkboot.formats.checksum import StreamDigest
from mkboot.formats.mapfile import Extent, MapFile, Status
from mkboot.media.copy.agree import Agreement
from mkboot.media.copy.ends import (
    HEAD,
    RUN_OUT,
    Ends,
    cut_findings,
    drive_findings,
    ends_of,
    is_bad,
    nothing_finding,
    read_head,
    run_out_finding,
)
from mkboot.media.copy.keeper import Keeper
from mkboot.media.copy.passes import NOT_GOOD, Copier
from mkboot.media.copy.place import Place
from mkboot.media.copy.reader import Reader
from mkboot.media.copy.states import BlockStates
from mkboot.model.finding import Finding
from mkboot.model.values import Checksums
from mkboot.tree.content import CHUNK
from mkboot.tree.source import FileSource, Window

#: Told the bytes that have become good, what is being done, and the errors so far.
Tell = Callable[[int, str, int], None]
#: How often a run looks again how long the disc is, after it learnt more of it.
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Copied:
    """What a run left: the map, where the disc ends, and what is wrong.

    ``size`` is the copy's length; ``checksums`` are there when it is ``whole``: every byte
    read, and nothing missing.  ``differing`` counts blocks whose two readings differed.
    """

    ends: Ends
    map: MapFile
    size: int
    errors: int
    differing: int
    findings: tuple[Finding, ...]
    checksums: Checksums | None
    whole: bool

    @property
    def holes(self) -> tuple[Extent, ...]:
        """Where bytes are missing, neighbours joined."""
        joined: list[Extent] = []
        for run in self.map.extents:
            if run.status is Status.GOOD:
                continue
            if joined and joined[-1].end == run.offset:
                joined[-1] = replace(joined[-1], size=joined[-1].size + run.size)
            else:
                joined.append(run)
        return tuple(joined)


class _Sums:
    """Checksums of what comes in order; the rest is read back in the end."""

    def __init__(self) -> None:
        self._digest = StreamDigest()

    def hear(self, offset: int, data: bytes) -> None:
        if offset == self._digest.size:
            self._digest.update(data)

    def finish(self, keeper: Keeper, end: int, *, anew: bool) -> Checksums:
        if anew or self._digest.size > end:
            self._digest.finish()
            self._digest = StreamDigest()
        while self._digest.size < end:
            data = keeper.read_back(self._digest.size, min(CHUNK, end - self._digest.size))
            if not data:
                raise StoppedError("the copy became shorter while it was read")
            self._digest.update(data)
        return self._digest.finish()


class Copying:
    """A copy that is being made; ``run`` does it."""

    def __init__(self, reader: Reader, place: Place) -> None:
        self._reader = reader
        self._place = place
        self._ends = ends_of(reader, self._head())
        self.states = BlockStates.of_map(place.known, self._ends.wanted)
        self._agreed = BlockStates.of_map(place.agreed, self.states.end)
        self._agreed.cut(self.states.end)
        for run in self.states.runs(*NOT_GOOD):  # nothing agrees that was not read even once
            self._agreed.mark(run.offset, run.size, Status.UNTRIED)
        self._sums = _Sums()

    def _head(self) -> bytes:
        """The first bytes: from the copy where they are good, else from the disc."""
        good = self._place.known.extents[:1]
        if good and good[0].status is Status.GOOD and good[0].size >= HEAD:
            return FileSource(self._place.partial).pread(0, HEAD)
        return read_head(self._reader.read)

    def check_same_disc(self) -> None:
        """A copy goes on from the disc that it was begun from: compare some of what is good.

        Raises ``CallerError`` where it is another.
        """
        source = FileSource(self._place.partial)
        for at in self._samples():
            try:
                data = self._reader.read(at, self._reader.block)
            except OSError:
                continue
            if data and data != source.pread(at, len(data)):
                raise CallerError(
                    f"{self._reader.name} is not what {self._place.partial} was begun from: they "
                    f"differ at byte {at}",
                    hint="put in the right disc, or give the copy another name",
                )

    def _samples(self) -> Iterator[int]:
        """Blocks that are good: at the beginning, in the largest good piece, at the end."""
        size = self._reader.block
        good = [e for e in self._place.known.extents if e.status is Status.GOOD]
        if not good:
            return
        largest = max(good, key=lambda e: e.size)
        for run, at in (
            (good[0], good[0].offset),
            (largest, largest.offset + largest.size // 2),
            (good[-1], good[-1].end - 1),
        ):
            block = at // size * size
            if run.offset <= block and block + size <= run.end:
                yield block

    def work(self, *, agree: bool) -> tuple[int, int]:
        """How many bytes there are to be read in all, and how many were read already."""
        end, good = self.states.end, self.states.total(Status.GOOD)
        return (2 * end, good + self._agreed.total(Status.GOOD)) if agree else (end, good)

    def run(self, tell: Tell, *, retries: int, agree: bool, comments: tuple[str, ...]) -> Copied:
        """Read until nothing is left to be tried; the map is kept all the way."""
        maps = [(self.states, self._place.map)]
        if agree:
            maps.append((self._agreed, self._place.agreed_map))
        with Keeper(self._place.fd, maps, comments) as keeper:
            copier = Copier(self._reader, keeper, self._sums.hear, tell)
            self._read(copier, keeper, retries)
            second = Agreement(self._reader, keeper, self._agreed, tell)
            if agree:
                second.compare()
            findings = self._judge(copier, keeper)
            real = min(self._real(copier), self.states.end)
            twice = second.whole or not agree
            whole = self.states.whole and not is_bad(findings) and twice
            sums = self._sums.finish(keeper, real, anew=second.changed) if whole else None
        return Copied(
            self._ends,
            self.states.as_map(),
            real,
            copier.errors,
            second.differing,
            findings,
            sums,
            whole,
        )

    def _read(self, copier: Copier, keeper: Keeper, retries: int) -> None:
        """Copy, and once more where the label that was read says that there is more."""
        for _ in range(_LOOKS):
            copier.copy(retries)
            self._ends = ends_of(self._reader, read_head(keeper.read_back))
            if self._ends.wanted <= self.states.end:
                break
            keeper.resize(self._ends.wanted)
        if self._reader.is_drive and copier.ended is None and not self._at_end_bad():
            copier.read_on()

    def _at_end_bad(self) -> bool:
        """Whether the last byte could not be read: then there is nothing to be read on from."""
        return self.states.end > 0 and self.states.at(self.states.end - 1).status is not Status.GOOD

    def _real(self, copier: Copier) -> int:
        """Where the copy ends: less than the disc should have where the source ended before."""
        if copier.ended is None:
            return self.states.end
        good = self.states.preceding(self.states.end, Status.GOOD)
        return max(copier.ended, good.end if good else 0)

    def _judge(self, copier: Copier, keeper: Keeper) -> tuple[Finding, ...]:
        real = self._real(copier)
        found: list[Finding] = list(drive_findings(self._ends, real))
        if real < self._ends.named:
            with FileSource(self._place.partial) as source:
                found += cut_findings(self._place.dest, Window(source, 0, real), self._ends)
            if is_bad(tuple(found)):
                return tuple(found)
        elif not real:
            return (*found, nothing_finding(self._ends))
        if copier.ended is not None:
            keeper.resize(real)
        tail = self._unreadable_tail()
        if tail is not None:
            found.append(run_out_finding(self._ends, self.states.end - tail))
            keeper.resize(tail)
        return tuple(found)

    def _unreadable_tail(self) -> int | None:
        """Where bad blocks of the run-out begin, if all that is bad is there.

        It is no longer than burning programs make it, or nothing at all of it can be read: then
        the drive says that there is more than there is.
        """
        bad = self.states.runs(*NOT_GOOD)
        if not self._reader.is_drive or not bad or bad[0].offset < self._ends.named:
            return None
        start, end = bad[0].offset, self.states.end
        nothing = sum(r.size for r in bad) == end - start
        return start if nothing or end - start <= RUN_OUT else None
