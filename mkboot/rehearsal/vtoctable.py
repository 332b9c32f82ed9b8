# SPDX-License-Identifier: Apache-2.0
"""The tables of prtvtoc and fmthard: a label as text, and text as the slices of a label.

Source: illumos cmd/prtvtoc and cmd/fmthard, in own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mkboot.formats.label import (
    FLAG_UNMOUNTABLE,
    SECTOR,
    SLICES,
    TAG_BACKUP,
    Label,
    SliceEntry,
    edit_label,
    parse_label_leniently,
)
from mkboot.formats.label.label import sealed

_WHOLE = 2
#: fmthard reads its table in pieces of so many bytes, the newline among them.
_LINE_MAX = 254
_LINE = re.compile(
    rb"\s*([+-]?\d+)\s+([+-]?\d+)\s+(?:0[xX])?([0-9a-fA-F]+)\s+([+-]?\d+)\s+([+-]?\d+)"
)
#: Where the slices' timestamps lie in a label, and how long they are.
_TIMESTAMPS = slice(232, 264)

_DIMENSIONS = b"""*
* Dimensions:
* %7u bytes/sector
* %7u sectors/track
* %7u tracks/cylinder
* %7u sectors/cylinder
* %7u cylinders
* %7u accessible cylinders
*
* Flags:
*   1: unmountable
*  10: read-only
*
"""
_FREE = b"""* Unallocated space:
*\tFirst     Sector    Last
*\tSector     Count    Sector 
"""  # noqa: W291 - the blank at the end is the command's own
_HEADING = b"""*                          First     Sector    Last
* Partition  Tag  Flags    Sector     Count    Sector  Mount Directory
"""


class TableError(Exception):
    """What is wrong with a table: a message of fmthard's and its words."""

    def __init__(self, message: str, words: Mapping[str, bytes]) -> None:
        super().__init__(message)
        self.message = message
        self.words = words


def show_vtoc(
    name: bytes,
    label: Label,
    mounts: Mapping[int, bytes],
    *,
    headings: bool = True,
    dimensions: bool = True,
) -> bytes:
    """What prtvtoc prints of a disk called ``name``; ``mounts`` are slices' mount points."""
    parts: list[bytes] = []
    if headings and dimensions:
        parts += _header(name, label)
    if headings:
        parts.append(_HEADING)
    for entry in label.used:
        start = label.start(entry.number)
        end = start + entry.sectors - 1
        numbers = (entry.number, entry.tag, entry.flag, start, entry.sectors, end)
        line = b"      %2u  %5u    %02x  %9u %9u %9u" % numbers
        where = mounts.get(entry.number)
        parts.append(line + (b"   " + where if where else b"") + b"\n")
    return b"".join(parts)


def _header(name: bytes, label: Label) -> Iterator[bytes]:
    volume = b' (volume "%s")' % label.volume if label.volume else b""
    yield b"* %s%s partition map\n" % (name, volume)
    g = label.geometry
    cylinders = g.pcyl or g.ncyl + g.acyl
    yield _DIMENSIONS % (SECTOR, g.nsect, g.nhead, g.cylinder, cylinders, g.ncyl)
    free = list(free_space(label))
    if free:
        yield _FREE
        for start, count in free:
            yield b"*   %9u %9u %9u\n" % (start, count, start + count - 1)
        yield b"*\n"


def show_free(label: Label) -> bytes:
    """What ``prtvtoc -f`` prints."""
    free = list(free_space(label))
    start, count = free[0] if free else (0, 0)
    used = {entry.number for entry in label.used}
    parts = "".join(f"{n:x}" for n in range(SLICES) if n not in used and n != _WHOLE)
    text = f"FREE_START={start} FREE_SIZE={count} FREE_COUNT={len(free)} FREE_PART={parts}\n"
    return text.encode()


def free_space(label: Label) -> Iterator[tuple[int, int]]:
    """(start, sectors) of each hole as prtvtoc reckons it: wrong where slices overlap."""
    at = 0
    slices = [s for s in label.used if s.tag != TAG_BACKUP]
    for entry in sorted(slices, key=lambda s: (s.start_cylinder, s.number)):
        start = label.start(entry.number)
        if start > at:
            yield at, start - at
            at = start + entry.sectors
        else:
            at += entry.sectors
    end = label.geometry.ncyl * label.geometry.cylinder
    if at < end:
        yield at, end - at


def read_table(text: bytes, label: Label) -> tuple[SliceEntry, ...]:
    """The slices that ``fmthard -s`` makes of a table, for a disk with ``label``.

    Raises ``TableError`` for the first thing that is wrong.
    """
    cylinder = label.geometry.cylinder
    full = label.geometry.ncyl * cylinder
    slices = [SliceEntry(n, 0, 0, 0, FLAG_UNMOUNTABLE) for n in range(SLICES)]
    slices[_WHOLE] = SliceEntry(_WHOLE, 0, full, TAG_BACKUP, FLAG_UNMOUNTABLE)
    for line in _lines(text):
        entry = _entry(line, cylinder)
        slices[entry.number] = entry
    check_slices(slices, label)
    return tuple(slices)


def _lines(text: bytes) -> Iterator[bytes]:
    """The lines as fmthard sees them: cut at their maximum, each without its last byte."""
    for whole in _by_newline(text):
        for at in range(0, len(whole), _LINE_MAX):
            line = whole[at : at + _LINE_MAX]
            if line[:1] not in (b"*", b"\n"):
                yield line[:-1]


def _by_newline(text: bytes) -> list[bytes]:
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _entry(line: bytes, cylinder: int) -> SliceEntry:
    found = _LINE.match(line)
    if found is None:
        raise TableError("syntax", {"line": line})
    number, tag, start, count = (int(found[n]) for n in (1, 2, 4, 5))
    words = {"slice": b"%d" % number, "line": line}
    if not 0 <= number < SLICES:
        raise TableError("no such partition", words)
    if start % cylinder or count % cylinder:
        raise TableError("off cylinder", words)
    return SliceEntry(number, start // cylinder, count, tag, int(found[3], 16))


def check_slices(slices: Sequence[SliceEntry], label: Label) -> None:
    """fmthard's checks of a whole table on SPARC; ``TableError`` for the first that fails."""
    cylinder = label.geometry.cylinder
    full = label.geometry.ncyl * cylinder
    for entry in slices:
        words = {"slice": b"%d" % entry.number, "sectors": b"%d" % full}
        if entry.tag == TAG_BACKUP:
            if entry.sectors != full:
                raise TableError("not full disk", words)
            continue
        if entry.sectors == 0:
            continue
        if not 0 <= entry.start_cylinder * cylinder <= full - entry.sectors < full:
            raise TableError("too large", words)
        _check_overlap(entry, slices, full, cylinder)


def _check_overlap(
    entry: SliceEntry, slices: Sequence[SliceEntry], full: int, cylinder: int
) -> None:
    if entry.sectors == full:
        return
    start = entry.start_cylinder * cylinder
    for other in slices:
        if other is entry or other.tag == TAG_BACKUP or other.sectors in (0, full):
            continue
        begin = other.start_cylinder * cylinder
        if begin <= start < begin + other.sectors:
            words = {"slice": b"%d" % entry.number, "other": b"%d" % other.number}
            raise TableError("overlap", words)


def changed_label(label: Label, slices: Sequence[SliceEntry] | None, volume: bytes | None) -> Label:
    """The label with another table or volume name; the timestamps of a new table are 0."""
    made = edit_label(label, slices=slices, volume=volume)
    if slices is None:
        return made
    raw = bytearray(made.raw)
    raw[_TIMESTAMPS] = bytes(_TIMESTAMPS.stop - _TIMESTAMPS.start)
    return parse_label_leniently(sealed(bytes(raw)))
