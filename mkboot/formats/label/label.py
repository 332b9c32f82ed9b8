# SPDX-License-Identifier: Apache-2.0
"""Sun disk labels as values: read, made new, edited, written.

A ``Label`` keeps the very bytes it was read from, so that what nobody asked to change is
written back as it was.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from construct import Container

from mkboot.errors import BugError, InputError
from mkboot.formats.label.structs import (
    ASCII_MAX,
    LABEL_MAGIC,
    SECTOR,
    SLICES,
    VOLUME_MAX,
    VTOC_SANE,
    VTOC_VERSION,
    DiskLabel,
)
from mkboot.model.values import Geometry

#: What Sun's own discs say: one head, 640 sectors.  Source: cdrkit's sunlabel.h.
DISC_GEOMETRY = Geometry(nhead=1, nsect=640, ncyl=2048, acyl=0, pcyl=2048, rpm=350)

#: What the kernel takes where a label says 0.  Source: illumos io/cmlb.c.
DEFAULT_RPM = 3600

_WORD16 = 0xFFFF
_WORD32 = 0xFFFFFFFF
_BLANK = DiskLabel.parse(bytes(508) + struct.pack(">HH", LABEL_MAGIC, 0))


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


def label_xor(sector: bytes) -> int:
    """All 256 words of a label XORed: 0 when its checksum is right."""
    value = 0
    for (word,) in struct.iter_unpack(">H", sector[:SECTOR]):
        value ^= word
    return value


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
    return _sealed(label.raw)


def make_label(
    geometry: Geometry,
    slices: Iterable[SliceEntry],
    *,
    ascii: bytes | None = None,  # noqa: A002 - the format's own word
    volume: bytes = b"",
) -> Label:
    """A new label with a VTOC.

    ``pcyl`` 0 becomes ``ncyl + acyl`` and ``rpm`` 0 becomes 3600, as the kernel would read
    them.  The text is format's (``mkboot cyl N alt N hd N sec N``) unless one is given.
    Raises ``InputError`` for what the format cannot hold.
    """
    fields = _copy(_BLANK)
    fields.vtoc.version = VTOC_VERSION
    fields.vtoc.nparts = SLICES
    fields.vtoc.sanity = VTOC_SANE
    full = replace(
        geometry,
        pcyl=geometry.pcyl or geometry.ncyl + geometry.acyl,
        rpm=geometry.rpm or DEFAULT_RPM,
    )
    text = _format_text(full) if ascii is None else ascii
    return _edited(fields, geometry=full, slices=slices, ascii=text, volume=volume)


def disc_label(
    slices: Iterable[SliceEntry],
    ascii: bytes,  # noqa: A002 - the format's own word
    ncyl: int = DISC_GEOMETRY.ncyl,
) -> Label:
    """A new label for an optical disc: Sun's geometry, whatever the size of the disc."""
    return make_label(replace(DISC_GEOMETRY, ncyl=ncyl, pcyl=ncyl), slices, ascii=ascii)


def edit_label(
    label: Label,
    *,
    geometry: Geometry | None = None,
    slices: Iterable[SliceEntry] | None = None,
    ascii: bytes | None = None,  # noqa: A002 - the format's own word
    volume: bytes | None = None,
) -> Label:
    """The label with what is given changed, its checksum right, every other byte kept.

    ``slices`` may be some of the eight; the others stay.  Raises ``InputError`` for what
    the format cannot hold: tags, flags and a volume name need a VTOC.
    """
    fields = DiskLabel.parse(label.raw)
    return _edited(fields, geometry=geometry, slices=slices, ascii=ascii, volume=volume)


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
    has_vtoc = _has_vtoc(fields)
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


def _has_vtoc(fields: Container) -> bool:
    vtoc = fields.vtoc
    words = (vtoc.version, vtoc.nparts, vtoc.sanity)
    return bool(words == (VTOC_VERSION, SLICES, VTOC_SANE))


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


def _edited(
    fields: Container,
    *,
    geometry: Geometry | None,
    slices: Iterable[SliceEntry] | None,
    ascii: bytes | None,  # noqa: A002
    volume: bytes | None,
) -> Label:
    has_vtoc = _has_vtoc(fields)
    if geometry is not None:
        _put_geometry(fields, geometry)
    if slices is not None:
        _put_slices(fields, slices, has_vtoc=has_vtoc)
    if ascii is not None:
        fields.ascii = _text("the label's text", ascii, ASCII_MAX)
    if volume is not None and (volume or has_vtoc):
        if not has_vtoc:
            raise InputError("the label has no VTOC to hold a volume name")
        fields.vtoc.volume = _text("the volume name", volume, VOLUME_MAX)
    raw = _sealed(DiskLabel.build(fields))
    return _from_fields(fields, raw)


def _put_geometry(fields: Container, geometry: Geometry) -> None:
    if min(geometry.nhead, geometry.nsect, geometry.ncyl) < 1:
        raise InputError("a geometry needs heads, sectors and cylinders")
    for name in ("nhead", "nsect", "ncyl", "acyl", "pcyl", "rpm", "apc", "interleave"):
        fields[name] = _number(f"the geometry's {name}", getattr(geometry, name), _WORD16)


def _put_slices(fields: Container, slices: Iterable[SliceEntry], *, has_vtoc: bool) -> None:
    seen: set[int] = set()
    for entry in slices:
        name = f"slice {entry.number}"
        if not 0 <= entry.number < SLICES or entry.number in seen:
            raise InputError(f"a label has slices 0 to {SLICES - 1}, each once", place=(name,))
        seen.add(entry.number)
        where, what = fields.map[entry.number], fields.vtoc.tags[entry.number]
        where.start_cylinder = _number(f"{name}: start", entry.start_cylinder, _WORD32)
        where.sectors = _number(f"{name}: length", entry.sectors, _WORD32)
        if has_vtoc:
            what.tag = _number(f"{name}: tag", entry.tag, _WORD16)
            what.flag = _number(f"{name}: flag", entry.flag, _WORD16)
        elif entry.tag or entry.flag:
            raise InputError("the label has no VTOC to hold tags", place=(name,))


def _number(what: str, value: int, most: int) -> int:
    if not 0 <= value <= most:
        raise InputError(f"{what}: {value} does not fit a label (at most {most})")
    return value


def _text(what: str, text: bytes, room: int) -> bytes:
    if len(text) > room or b"\0" in text:
        raise InputError(f"{what} has at most {room} bytes, none of them NUL")
    return text.ljust(room, b"\0")


def _format_text(geometry: Geometry) -> bytes:
    """What format(1M) writes, with our name for the drive's."""
    g = geometry
    return f"mkboot cyl {g.ncyl} alt {g.acyl} hd {g.nhead} sec {g.nsect}".encode()


def _sealed(raw: bytes) -> bytes:
    return raw[:510] + label_xor(raw[:510]).to_bytes(2, "big")


def _copy(fields: Container) -> Container:
    return DiskLabel.parse(DiskLabel.build(fields))
