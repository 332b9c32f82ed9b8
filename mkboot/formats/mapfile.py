# SPDX-License-Identifier: Apache-2.0
"""Map files of GNU ddrescue: which bytes of a disc are good, bad, or not tried yet.

Source: the GNU ddrescue manual 1.27, "Mapfile structure"; how old and partial ones are
taken is what the program itself does with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mkboot.errors import InputError

#: A map is no larger than this, in bytes: about a million places.
MAP_MOST = 64 << 20
#: ddrescue counts in 63 bits.
_MOST = (1 << 63) - 1
_NUMBER = re.compile(rb"0[xX]([0-9a-fA-F]{1,16})|(0[0-7]{0,22})|([1-9][0-9]{0,19})")
_PASS = re.compile(rb"[0-9]{1,9}")
#: A comment begins at the beginning of a line or behind white space.
_COMMENT = re.compile(rb"(?:^|\s)#.*")


class Status(StrEnum):
    """What is known of a run of bytes, in ddrescue's own characters."""

    UNTRIED = "?"
    UNTRIMMED = "*"
    UNSCRAPED = "/"
    BAD = "-"
    GOOD = "+"


class Phase(StrEnum):
    """What was being done when the map was written."""

    COPYING = "?"
    TRIMMING = "*"
    SCRAPING = "/"
    RETRYING = "-"
    FILLING = "F"
    GENERATING = "G"
    FINISHED = "+"


@dataclass(frozen=True, slots=True)
class Extent:
    """``size`` bytes from ``offset`` of which the same is known."""

    offset: int
    size: int
    status: Status

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class MapFile:
    """A whole map: its extents follow each other from byte 0 without a gap.

    ``position`` is the byte that was being tried, ``turn`` the number of the pass within
    the phase, from 1.
    """

    extents: tuple[Extent, ...]
    position: int = 0
    phase: Phase = Phase.COPYING
    turn: int = 1

    @property
    def end(self) -> int:
        """The byte behind the last one that the map speaks of."""
        return self.extents[-1].end if self.extents else 0

    def total(self, *statuses: Status) -> int:
        """How many bytes have one of these statuses."""
        return sum(e.size for e in self.extents if e.status in statuses)


def read_map(data: bytes, name: str = "map") -> MapFile:
    """A map file's text.

    Raises ``InputError`` at ``name`` and line for what is no map: ddrescue refuses it, too.
    An empty file, or one of comments only, is a map that knows nothing.
    """
    if len(data) > MAP_MOST:
        raise InputError(f"is larger than {MAP_MOST} bytes", place=(name,))
    status: tuple[int, Phase, int] | None = None
    extents: list[Extent] = []
    at = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        words = _COMMENT.sub(b"", line).split()
        if not words:
            continue
        place = (name, f"line {number}")
        if status is None:
            status = _status_line(words, place)
            continue
        extent = _extent(words, place)
        at = extents[-1].end if extents else 0
        if not extents and extent.offset:  # ddrescue adds what is missing at the front
            extents.append(Extent(0, extent.offset, Status.UNTRIED))
        elif extent.offset != at:
            raise InputError(f"begins at byte {extent.offset}, not at {at}", place=place)
        extents.append(extent)
    if status is None:
        return MapFile(())
    position, phase, turn = status
    return MapFile(tuple(extents), position, phase, turn)


def write_map(found: MapFile, comments: Iterable[str] = ()) -> bytes:
    """The text of a map as ddrescue writes it; ``comments`` stand at its head."""
    head = ["Mapfile. Created by mkboot", *comments, "current_pos  current_status  current_pass"]
    lines = [f"# {' '.join(text.split())}" for text in head]
    lines.append(f"0x{found.position:08X}     {found.phase}               {found.turn}")
    lines.append("#      pos        size  status")
    lines += [f"0x{e.offset:08X}  0x{e.size:08X}  {e.status}" for e in found.extents]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _status_line(words: list[bytes], place: tuple[str, ...]) -> tuple[int, Phase, int]:
    """Before ddrescue 1.22 there was no pass."""
    if len(words) not in (2, 3) or (len(words) == 3 and not _PASS.fullmatch(words[2])):
        raise InputError("is no status line of a ddrescue map", place=place)
    try:
        phase = Phase(words[1].decode("latin-1"))
    except ValueError:
        raise InputError(f"no phase of ddrescue's: {words[1]!r}", place=place) from None
    return _number(words[0], place), phase, max(1, int(words[2])) if len(words) == 3 else 1


def _extent(words: list[bytes], place: tuple[str, ...]) -> Extent:
    if len(words) != 3:
        raise InputError("is no line of a ddrescue map: position, size, status", place=place)
    offset, size = _number(words[0], place), _number(words[1], place)
    try:
        status = Status(words[2].decode("latin-1"))
    except ValueError:
        raise InputError(f"no status of ddrescue's: {words[2]!r}", place=place) from None
    if size == 0 or offset + size > _MOST:
        raise InputError(f"{size} bytes from {offset} are no part of a disc", place=place)
    return Extent(offset, size, status)


def _number(word: bytes, place: tuple[str, ...]) -> int:
    """An integer constant as C has them."""
    match = _NUMBER.fullmatch(word)
    if match is None:
        raise InputError(f"not a number: {word!r}", place=place)
    bases = zip(match.groups(), (16, 8, 10), strict=True)
    value = next(int(digits, base) for digits, base in bases if digits is not None)
    if value > _MOST:
        raise InputError(f"too large a number: {value}", place=place)
    return value
