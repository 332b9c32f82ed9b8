# SPDX-License-Identifier: Apache-2.0
"""A dump on several volumes as one run of records, without the further volumes' headers.

Source: illumos cmd/backup/restore/tape.c (getvol), in own words.  Where a volume goes on
is told by c_tapea of its header, the number of that record in the whole dump.  c_firstrec
is not looked at: Sun counts tape blocks in it, others records.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mkboot.errors import InputError
from mkboot.formats.inode import ByteOrder
from mkboot.formats.ufsdump.header import Header, magic_order, parse_header
from mkboot.formats.ufsdump.structs import ADDRESSES, RECORD, TS_TAPE
from mkboot.model.finding import Finding, error
from mkboot.tree.source import ByteSource, Window


@dataclass(frozen=True, slots=True)
class Volumes:
    """``source`` holds the records of all volumes; ``counted`` are the numbers (c_tapea) of
    the headers that were taken out and have a number of their own.
    """

    source: ByteSource
    counted: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()

    def numbered(self, position: int) -> int:
        """The c_tapea of a record that has ``position`` before it."""
        for number in self.counted:
            position += number <= position
        return position

    def position(self, tapea: int) -> int:
        """The other way round."""
        return tapea - bisect_right(self.counted, tapea)


class Joined:
    """Sources one behind the other."""

    def __init__(self, parts: Sequence[ByteSource]) -> None:
        self._parts = tuple(parts)
        self._ends = tuple(accumulate(part.size for part in parts))
        self.size = self._ends[-1] if parts else 0

    def pread(self, offset: int, length: int) -> bytes:
        """Read across their borders."""
        found: list[bytes] = []
        at = bisect_right(self._ends, offset)
        while length > 0 and at < len(self._parts):
            part = self._parts[at]
            data = part.pread(offset - self._ends[at] + part.size, length)
            if not data:
                break
            found.append(data)
            offset, length = offset + len(data), length - len(data)
            at = bisect_right(self._ends, offset)
        return found[0] if len(found) == 1 else b"".join(found)


def join_volumes(sources: Sequence[ByteSource], place: tuple[str, ...]) -> Volumes:
    """The volumes of a dump, which must be all of them, in order.

    Records that one volume has and the next one has again are taken from the next.  Raises
    ``InputError`` for a volume that is missing, not of this dump, or at another place.
    """
    if len(sources) == 1:
        return Volumes(sources[0])
    headers = [_header(s, (*place, f"volume {n}")) for n, s in enumerate(sources, 1)]
    for number, header in enumerate(headers, 1):
        where = (*place, f"volume {number}")
        if (header.date, header.base_date) != (headers[0].date, headers[0].base_date):
            raise InputError("is of another dump", place=where)
        if header.volume != number:
            raise InputError(f"volume {header.volume} stands in its place", place=where)
    return _join(sources, headers, place, strict=True)


def join_volumes_leniently(sources: Sequence[ByteSource], place: tuple[str, ...]) -> Volumes:
    """The same of what is there: sorted, without strangers, and with findings instead."""
    if len(sources) == 1:
        return Volumes(sources[0])
    known: dict[int, tuple[ByteSource, Header]] = {}
    told: list[Finding] = []
    for at, source in enumerate(sources, 1):
        where = ": ".join((*place, f"source {at}"))
        try:
            header = _header(source, ())
        except InputError as e:
            told.append(_damaged(where, f"cannot be told which volume it is: {e.message}"))
            continue
        first = next(iter(known.values()))[1] if known else header
        if (header.date, header.base_date) != (first.date, first.base_date):
            told.append(_damaged(where, "is a volume of another dump"))
        elif header.volume in known:
            told.append(_damaged(where, f"is volume {header.volume} again"))
        else:
            known[header.volume] = source, header
            if header.volume != at:
                told.append(_damaged(where, f"is volume {header.volume}: out of order"))
    numbers = sorted(known)
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    told += [_damaged(": ".join(place), f"volume {number} is missing") for number in missing]
    if not numbers:
        return Volumes(sources[0], findings=tuple(told))
    joined = _join(
        [known[n][0] for n in numbers], [known[n][1] for n in numbers], place, strict=False
    )
    return Volumes(joined.source, joined.counted, tuple(told))


def _damaged(where: str, text: str) -> Finding:
    return error("dump-damaged", where, text, "give all volumes of the dump, in order")


def _header(source: ByteSource, place: tuple[str, ...]) -> Header:
    data = source.pread(0, RECORD)
    order = magic_order(data)
    if order is None:
        raise InputError("not a ufsdump stream", place=place)
    header = parse_header(data, order, place)
    if header.type != TS_TAPE:
        raise InputError(f"begins with {header.type_name}, not with a tape header", place=place)
    if header.volume > 1 and not 0 <= header.announced <= ADDRESSES:
        raise InputError(f"announces {header.announced} records", place=place)
    return header


def _join(
    sources: Sequence[ByteSource],
    headers: Sequence[Header],
    place: tuple[str, ...],
    *,
    strict: bool,
) -> Volumes:
    parts: list[ByteSource] = []
    counted: list[int] = []
    counts = _headers_count(sources, headers)
    for number, (source, header) in enumerate(zip(sources, headers, strict=True)):
        own = 0 if number == 0 else 1
        first = header.tapea + (own and counts)  # the number of the first record behind it
        records = source.size // RECORD - own
        if number + 1 < len(sources):
            end = headers[number + 1].tapea
            place_ = (*place, f"volume {header.volume}")
            if end < first:
                text = f"the next volume begins with record {end}, before this one"
                raise InputError(text, place=place_)
            if end > first + records and strict:
                text = f"records {first + records} to {end - 1} are missing at its end"
                raise InputError(text, place=place_)
            records = min(records, end - first)
        if own and counts:
            counted.append(header.tapea)
        parts.append(Window(source, own * RECORD, records * RECORD))
    return Volumes(Joined(parts), tuple(counted))


def _headers_count(sources: Sequence[ByteSource], headers: Sequence[Header]) -> bool:
    """Whether the headers of further volumes have numbers of their own, as they should.

    Told by the headers that follow them, or else by how long the volumes are.
    """
    pairs = list(zip(sources, headers, strict=True))
    for source, header in pairs[1:]:
        following = _following(source, header)
        if following is not None:
            return following
    for (source, header), after in zip(pairs[1:], headers[2:], strict=False):
        if source.size // RECORD == after.tapea - header.tapea + 1:
            return False
    return True


def _following(source: ByteSource, tape: Header) -> bool | None:
    present = tape.announced - tape.addr[: tape.announced].count(0)
    data = source.pread((1 + present) * RECORD, RECORD)
    order: ByteOrder | None = magic_order(data)
    if order is None:
        return None
    try:
        following = parse_header(data, order, ())
    except InputError:
        return None
    return following.tapea != tape.tapea + present
