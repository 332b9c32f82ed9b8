# SPDX-License-Identifier: Apache-2.0
"""Going over the headers of a damaged stream, and finding the way again behind damage.

A header is believed if its magic, its sum and its dates hold.  Where it lies and its
number (c_tapea) together tell whether records are missing or doubled before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.header import Header, magic_order, parse_header
from mkboot.formats.ufsdump.structs import (
    ADDRESSES,
    DR_HASMETA,
    MAGIC,
    MAGIC_LARGE,
    RECORD,
    TS_END,
    TS_TAPE,
)
from mkboot.formats.ufsdump.volumes import Volumes

#: How far the first header is looked for, in bytes.
_FIRST_WITHIN = 1 << 24
_CHUNK = 1 << 20
#: A header that fits the count is preferred to an earlier one within so many bytes.
_PREFER_WITHIN = 600 * RECORD
_ZERO = bytes(RECORD)


class Found(NamedTuple):
    """A header that holds, at byte ``at`` of the stream.

    ``places`` are the bytes where its data records lie, ``whole`` says whether they are
    surely its own and all there; ``gap`` whether records are lost between the header before
    it and this one, ``gap_behind`` the same of what follows it.
    """

    header: Header
    at: int
    places: list[int]
    whole: bool
    gap: bool
    gap_behind: bool


class Damage(NamedTuple):
    """A stretch that is damaged: its first and last record by number, where it begins in
    bytes, and what is the matter.
    """

    first: int
    last: int
    at: int
    text: str


class _Next(NamedTuple):
    at: int | None
    places: list[int]
    whole: bool
    gap: bool


@dataclass(slots=True)
class Walker:
    """Iterate over it for all headers that hold; ``damages`` grows meanwhile."""

    volumes: Volumes
    place: tuple[str, ...]
    byte_order: ByteOrder = "big"
    first: Header | None = None
    damages: list[Damage] = field(default_factory=list)
    _start: int = 0
    _dates: bytes = b""

    def __post_init__(self) -> None:
        for at in _magics(self.volumes, _FIRST_WITHIN):
            header = self._parse(at, None)
            if header is None:
                continue
            if self.first is None:
                self.first, self._start = header, at
                self._dates = self.volumes.source.pread(at + 4, 8)
            if (header.date, header.base_date) != (self.first.date, self.first.base_date):
                continue
            if not header.flags & DR_HASMETA:  # its names are no ACL
                self.first = header
                return

    @property
    def size(self) -> int:
        """Bytes of the stream."""
        return self.volumes.source.size

    def __iter__(self) -> Iterator[Found]:
        if self.first is None:
            return
        at: int | None = self._start
        gap = at != 0
        if gap:
            self._lost(-1, self._start, 0)
        while at is not None:
            header = self._parse(at, self._dates)
            if header is None:
                return
            following = self._following(header, at)
            yield Found(header, at, following.places, following.whole, gap, following.gap)
            at, gap = following.at, following.gap

    def _parse(self, at: int, dates: bytes | None) -> Header | None:
        data = self.volumes.source.pread(at, RECORD)
        if len(data) < RECORD or (dates is not None and data[4:12] != dates):
            return None
        order = magic_order(data) if dates is None else self.byte_order
        if order is None:
            return None
        try:
            header = parse_header(data, order, ())
        except InputError:
            return None
        if not 0 <= header.announced <= ADDRESSES:
            return None
        if dates is None and self.first is None:
            self.byte_order = order
        return header if order == self.byte_order else None

    def _position(self, header: Header) -> int:
        return self.volumes.position(header.tapea)

    def _lost(self, position: int, behind: int, at: int) -> None:
        """Note that what follows record ``position`` is damaged up to the header at ``behind``."""
        header = self._parse(behind, self._dates)
        last = header.tapea - 1 if header is not None else position
        self._note(position + 1, last, at, "damaged or missing")

    def _note(self, first: int, last: int, at: int, text: str) -> None:
        self.damages.append(Damage(self.volumes.numbered(first), last, at, text))

    def _following(self, header: Header, at: int) -> _Next:
        count = data_records(header)
        end = at + RECORD * (1 + count)
        places = list(range(at + RECORD, end, RECORD))
        position = self._position(header)
        following = self._parse(end, self._dates)
        if following is not None and self._position(following) == position + 1 + count:
            return _Next(end, places, True, False)
        found = self._search(at + RECORD, at, position, end)
        if found is None:
            return self._at_the_end(header, end, places)
        behind, reached = found
        inserted, odd = divmod(behind - at - (reached - position) * RECORD, RECORD)
        expected = position + 1 + count
        if not inserted and not odd:
            whole = not self._zeroed(places, end)
            self._lost(expected - 1, behind, end)
            return _Next(behind, places, whole, True)
        if inserted > 0 and not odd and reached == expected:
            kept = self._without_copy(at, behind, inserted, count)
            if kept is not None:
                text = f"followed by {inserted} records that come a second time"
                self._note(expected - 1, self.volumes.numbered(expected - 1), at, text)
                return _Next(behind, kept, True, False)
        self._lost(position, behind, at + RECORD)
        return _Next(behind, places, False, True)

    def _at_the_end(self, header: Header, end: int, places: list[int]) -> _Next:
        if header.type == TS_END:
            return _Next(None, places, True, False)
        whole = end <= self.size and not self._zeroed(places, end)
        position = self._position(header) + 1 + (len(places) if whole else 0)
        text = "damaged or missing, to the end of the stream"
        self._note(position, self.volumes.numbered(position), min(end, self.size), text)
        return _Next(None, places, whole, True)

    def _zeroed(self, places: list[int], end: int) -> bool:
        """Whether a stretch of zeros seems to begin in the data and to reach over ``end``."""
        source = self.volumes.source
        if not places or source.pread(end, RECORD).strip(b"\0"):
            return False
        return source.pread(places[-1], RECORD) == _ZERO

    def _search(self, start: int, at: int, position: int, end: int) -> tuple[int, int] | None:
        """The next header and the position it stands for: behind ``at``, whose is ``position``.

        Inside the data, up to ``end``, one that would be in its place cannot be real: it is
        what a file holds.
        """
        first: tuple[int, int] | None = None
        for candidate in self._candidates(start):
            if first is not None and candidate > end + _PREFER_WITHIN:
                break
            header = self._parse(candidate, self._dates)
            if header is None or (reached := self._position(header)) <= position:
                continue
            surplus = candidate - at - (reached - position) * RECORD
            if surplus == 0 and candidate < end:
                continue
            if surplus <= 0:
                return candidate, reached
            first = first or (candidate, reached)
        return first

    def _candidates(self, start: int) -> Iterator[int]:
        """Where dates and magic stand as in a header, at any byte from ``start`` on."""
        marks = b"|".join(
            re.escape(magic.to_bytes(4, self.byte_order)) for magic in (MAGIC, MAGIC_LARGE)
        )
        pattern = re.compile(re.escape(self._dates) + b"(?=.{12}(?:" + marks + b"))", re.DOTALL)
        while start < self.size:
            data = self.volumes.source.pread(start, _CHUNK + 28)
            for match in pattern.finditer(data):
                if 4 <= match.start() < _CHUNK + 4:
                    yield start + match.start() - 4
            start += _CHUNK

    def _without_copy(self, at: int, behind: int, inserted: int, count: int) -> list[int] | None:
        """The data records of the header at ``at`` if ``inserted`` of those before ``behind``
        are the ones before them once more: without the copy.
        """
        first = max(at - inserted * RECORD, at % RECORD)
        if behind - first > 4 * ADDRESSES * RECORD:
            return None
        data = self.volumes.source.pread(first, behind - first)
        size = inserted * RECORD
        copies = [
            copy
            for copy in range(size, len(data) - size + 1, RECORD)
            if first + copy > at and data[copy - size : copy] == data[copy : copy + size]
        ]
        # Several are the same only if records repeat from the first to the last.
        if not copies:
            return None
        low, high = copies[0], copies[-1]
        if data[low:high] != data[low + size : high + size]:
            return None
        copy = first + copies[0]
        kept = [p for p in range(at + RECORD, behind, RECORD) if not copy <= p < copy + size]
        return kept if len(kept) == count else None


def data_records(header: Header) -> int:
    """How many records follow a header: none where its count means something else."""
    if header.type == TS_END or (header.type == TS_TAPE and header.volume == 1):
        return 0
    return header.announced - header.present.count(0)


def _magics(volumes: Volumes, within: int) -> Iterator[int]:
    """Where headers may begin, by the magic of either byte order."""
    words = {m.to_bytes(4, o) for m in (MAGIC, MAGIC_LARGE) for o in ("big", "little")}
    pattern = re.compile(b"|".join(re.escape(word) for word in sorted(words)))
    for start in range(0, min(within, volumes.source.size), _CHUNK):
        data = volumes.source.pread(start, _CHUNK + 28)
        for match in pattern.finditer(data):
            if 24 <= match.start() < _CHUNK + 24:
                yield start + match.start() - 24
