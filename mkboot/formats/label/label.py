# SPDX-License-Identifier: Apache-2.0
"""Sun disk labels as values: read and written.

A ``Label`` keeps the very bytes it was read from, so that what nobody asked to change is
written back as it was.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from construct import Container

from mkboot.errors import BugError, InputError
from mkboot.formats.label.structs import (
    LABEL_MAGIC,
    SECTOR,
    SLICES,
    VTOC_SANE,
    VTOC_VERSION,
    DiskLabel,
)
from mkboot.model.values import Geometry


@dataclass(frozen=True, slots=True)
class SliceEntry:
    """One slice of a label: where it starts in cylinders, how long it is in sectors."""

    number: int
    start_cylinder: int
    sectors: int
    tag: int = 0
    flag: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """A whole label; ``slices`` always has eight entries, in order.

    ``ascii`` and ``volume`` end before their first NUL.  Without a VTOC there is no
    volume name and every tag and flag is 0.  ``raw`` is the sector this was read from, or
    would be written as.
    """

    ascii: bytes
    volume: bytes
    has_vtoc: bool
    geometry: Geometry
    slices: tuple[SliceEntry, ...]
    raw: bytes

    def entry(self, number: int) -> SliceEntry:
        """Slice ``number``, 0 to 7, used or not."""
        return self.slices[number]

    def start(self, number: int) -> int:
        """The first sector of a slice, counted from the beginning of the disk."""
        return self.slices[number].start_cylinder * self.geometry.cylinder

    @property
    def used(self) -> tuple[SliceEntry, ...]:
        """The slices that have a length."""
        return tuple(s for s in self.slices if s.sectors > 0)

    def covers_all(self, number: int) -> bool:
        """Whether a slice begins the disk and every other used slice lies inside it.

        By convention that is slice 2, which stands for the whole disk; on discs it may be
        slice 0.  A slice alone on its disk covers nothing but itself.
        """
        entry = self.slices[number]
        others = [s for s in self.used if s.number != number]
        return (
            entry.start_cylinder == 0
            and bool(others)
            and all(self.start(s.number) + s.sectors <= entry.sectors for s in others)
        )


def label_xor(sector: bytes) -> int:
    """All 256 words of a label XORed: 0 when its checksum is right."""
    value = 0
    for (word,) in struct.iter_unpack(">H", sector[:SECTOR]):
        value ^= word
    return value


def sealed(raw: bytes) -> bytes:
    """The sector with its checksum made right."""
    return raw[:510] + label_xor(raw[:510]).to_bytes(2, "big")


def looks_like_label(sector: bytes) -> bool:
    """Whether the magic word is there; nothing else is checked."""
    return len(sector) >= SECTOR and sector[508:510] == LABEL_MAGIC.to_bytes(2, "big")


def parse_label_leniently(sector: bytes, *, place: tuple[str, ...] = ()) -> Label:
    """A label whatever its checksum and geometry: to be looked at, or to be mended.

    Raises ``InputError`` where the sector is short or has no magic.
    """
    if len(sector) < SECTOR:
        raise InputError(f"a label has {SECTOR} bytes, here are {len(sector)}", place=place)
    if not looks_like_label(sector):
        raise InputError("no Sun label: the magic word is missing", place=place)
    raw = bytes(sector[:SECTOR])
    return _from_fields(DiskLabel.parse(raw), raw)


def read_label(sector: bytes, *, place: tuple[str, ...] = ()) -> Label:
    """The label in a sector; refuses what the Sun would refuse.

    Raises ``InputError`` at ``place`` where it is short, or its magic, checksum or
    geometry is wrong.  Source: illumos io/cmlb.c, OpenBIOS' sun-parts.
    """
    label = parse_label_leniently(sector, place=place)
    if label_xor(label.raw) != 0:
        raise InputError("the label's checksum is wrong", place=place)
    if not (label.geometry.cylinder and label.geometry.ncyl):
        raise InputError("the label's geometry has no capacity", place=place)
    return label


def write_label(label: Label) -> bytes:
    """The 512 bytes, with a right checksum."""
    if parse_label_leniently(label.raw) != label:
        raise BugError("a label was changed without edit_label")
    return sealed(label.raw)


def backup_label_sectors(geometry: Geometry) -> tuple[int, ...]:
    """The sectors, from the beginning of the disk, where copies of the label belong.

    They lie in the last alternate cylinder, on its last head, in sectors 1, 3, 5, 7, 9.
    Source: illumos io/cmlb.c.
    """
    if geometry.acyl <= 0:
        return ()
    cylinder = geometry.ncyl + geometry.acyl - 1
    base = cylinder * (geometry.cylinder - geometry.apc) + (geometry.nhead - 1) * geometry.nsect
    return tuple(base + sector for sector in (1, 3, 5, 7, 9) if sector < geometry.nsect)


def _from_fields(fields: Container, raw: bytes) -> Label:
    vtoc = fields.vtoc
    words = (vtoc.version, vtoc.nparts, vtoc.sanity)
    has_vtoc = bool(words == (VTOC_VERSION, SLICES, VTOC_SANE))
    slices = tuple(
        SliceEntry(
            number,
            int(where.start_cylinder),
            int(where.sectors),
            int(what.tag) if has_vtoc else 0,
            int(what.flag) if has_vtoc else 0,
        )
        for number, (where, what) in enumerate(zip(fields.map, vtoc.tags, strict=True))
    )
    text = bytes(fields.ascii).split(b"\0")[0]
    volume = bytes(vtoc.volume).split(b"\0")[0] if has_vtoc else b""
    return Label(text, volume, has_vtoc, _geometry(fields), slices, raw)


def _geometry(fields: Container) -> Geometry:
    return Geometry(
        nhead=int(fields.nhead),
        nsect=int(fields.nsect),
        ncyl=int(fields.ncyl),
        acyl=int(fields.acyl),
        pcyl=int(fields.pcyl),
        rpm=int(fields.rpm),
        apc=int(fields.apc),
        interleave=int(fields.interleave),
    )
