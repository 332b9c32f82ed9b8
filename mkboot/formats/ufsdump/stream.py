# SPDX-License-Identifier: Apache-2.0
"""A stream of records, read header by header; the data between them is only pointed at."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.header import Header, magic_order, parse_header
from mkboot.formats.ufsdump.structs import ADDRESSES, RECORD, TS_TAPE
from mkboot.formats.ufsdump.volumes import Volumes
from mkboot.tree.content import (
    Content,
    Extent,
    RunsContent,
    SpanContent,
    join_extents,
)
from mkboot.tree.source import ByteSource

#: Read at once where headers follow each other closely, and where data lies between.
_NEAR, _FAR = 1 << 16, 1 << 12
#: From this many runs on, a file's runs are kept in arrays and looked up by bisection.
_MANY_RUNS = 16
_PRESENT = re.compile(rb"[^\0]+")


class Stream:
    """The records of a source, from its beginning.

    ``next`` is the number of the record that will be read next.
    """

    def __init__(self, volumes: Volumes, place: tuple[str, ...]) -> None:
        self._volumes = volumes
        self._source = volumes.source
        self._place = place
        self._buffer = b""
        self._buffer_at = 0
        self._peeked: tuple[int, Header] | None = None
        self.next = 0
        first = self._record(0)
        order = magic_order(first)
        if order is None:
            raise InputError("not a ufsdump stream", place=place)
        self.byte_order: ByteOrder = order
        self.first = parse_header(first, order, self.at(0))
        self._check_first()

    def _check_first(self) -> None:
        first, place = self.first, self.at(0)
        if first.type != TS_TAPE:
            raise InputError(f"begins with {first.type_name}, not with a tape header", place=place)
        if first.volume != 1:
            raise InputError(
                f"volume {first.volume} of a dump on several volumes: it begins with volume 1",
                place=place,
            )

    def at(self, record: int) -> tuple[str, ...]:
        """The place of a record."""
        return (*self._place, f"record {record}")

    @property
    def records(self) -> int:
        """Whole records in the source."""
        return self._source.size // RECORD

    def peek(self) -> Header | None:
        """The header of the next record, or None at the end of the source.

        Raises ``InputError`` for what is no header, not of this dump, or out of its place.
        """
        if self.next >= self.records:
            return None
        if self._peeked is not None and self._peeked[0] == self.next:
            return self._peeked[1]
        place = self.at(self.next)
        header = parse_header(self._record(self.next), self.byte_order, place)
        if (header.date, header.base_date) != (self.first.date, self.first.base_date):
            raise InputError("a header of another dump", place=place)
        expected = self._volumes.numbered(self.first.tapea + self.next)
        if header.tapea != expected:
            raise InputError(
                f"this is record {header.tapea} of the dump, {expected} should stand here",
                place=place,
                hint="records are missing, or in the wrong order",
            )
        self._peeked = self.next, header
        return header

    def take(self, header: Header) -> tuple[int, bytes]:
        """Step over a header and its data: the data's first record, and which are there.

        The second is one byte for each of ``c_count`` records, 0 for a hole.  Raises
        ``InputError`` where the count is impossible or the source ends in the data.
        """
        if not 0 <= header.announced <= ADDRESSES:
            raise InputError(f"announces {header.announced} records", place=self.at(self.next))
        present = header.present
        start = self.next + 1
        end = start + header.announced - present.count(0)
        if end > self.records:
            raise self.cut_off(f"in the data of inode {header.ino} that begins at record {start}")
        self.next = end
        return start, present

    def cut_off(self, where: str) -> InputError:
        """The error for a stream that is too short; ``where`` says what was going on."""
        return InputError(
            f"the stream is cut off: it ends after {self._source.size} bytes, {where}",
            place=self.at(self.next),
        )

    def _record(self, number: int) -> bytes:
        at = number * RECORD - self._buffer_at
        if not 0 <= at <= len(self._buffer) - RECORD:
            # After a jump over data the next one is likely to be long too.
            close = at <= len(self._buffer) + RECORD
            self._buffer_at = number * RECORD
            self._buffer = self._source.pread(self._buffer_at, _NEAR if close else _FAR)
            at = 0
        return self._buffer[at : at + RECORD]


class Runs:
    """Gathers where the data of one inode lies, record by record."""

    def __init__(self) -> None:
        self.covered = 0  # bytes of the file that headers have spoken of
        self._runs = array("q")  # offset in the file, length, offset in the source, and so on

    def add(self, start: int, present: bytes) -> None:
        """``present`` records more, the first that is there being record ``start``."""
        for match in _PRESENT.finditer(present):
            length = (match.end() - match.start()) * RECORD
            self._runs.extend((self.covered + match.start() * RECORD, length, start * RECORD))
            start += match.end() - match.start()
        self.covered += len(present) * RECORD

    def add_places(self, places: Sequence[int], present: bytes) -> None:
        """Like ``add``, with the byte where each record that is there lies."""
        for at, place in zip((n for n, there in enumerate(present) if there), places, strict=True):
            offset = self.covered + at * RECORD
            runs = self._runs
            if runs and runs[-3] + runs[-2] == offset and runs[-1] + runs[-2] == place:
                runs[-2] += RECORD
            else:
                runs.extend((offset, RECORD, place))
        self.covered += len(present) * RECORD

    def content(self, source: ByteSource, size: int) -> Content:
        """The first ``size`` bytes; records beyond are left out."""
        while self._runs and self._runs[-3] >= size:
            del self._runs[-3:]
        if self._runs:
            self._runs[-2] = min(self._runs[-2], size - self._runs[-3])
        if len(self._runs) == 3 and self._runs[0] == 0 and self._runs[1] == size:
            return SpanContent(source, size, self._runs[2])
        if len(self._runs) >= 3 * _MANY_RUNS:
            return ManyRunsContent(source, size, self._runs)
        parts = iter(self._runs)
        return RunsContent(source, size, list(zip(parts, parts, parts, strict=True)))


class ManyRunsContent(Content):
    """Like ``RunsContent``, for files of thousands of runs: compact, and found by bisection."""

    __slots__ = ("_runs", "_size", "_source")

    def __init__(self, source: ByteSource, size: int, runs: array[int]) -> None:
        """``runs`` as three numbers each: offset in the file, length, offset in the source."""
        self._source = source
        self._size = size
        self._runs: npt.NDArray[np.int64] = np.array(runs, dtype=np.int64).reshape(-1, 3)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def extents(self) -> Iterator[Extent]:
        """The runs, joined where they touch."""
        return join_extents(Extent(int(at), int(length)) for at, length, _ in self._runs)

    def read(self, offset: int, length: int) -> bytes:
        """Put together from the runs that overlap what is wanted."""
        end = min(offset + length, self._size)
        if offset >= end:
            return b""
        starts = self._runs[:, 0]
        first = max(0, int(np.searchsorted(starts, offset, "right")) - 1)
        last = int(np.searchsorted(starts, end - 1, "right"))
        near = [(int(a), int(n), int(w)) for a, n, w in self._runs[first:last]]
        return RunsContent(self._source, self._size, near).read(offset, length)
