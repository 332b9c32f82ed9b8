# SPDX-License-Identifier: Apache-2.0
"""Labels made new and edited: only what the format can hold, and nothing else touched."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace

from construct import Container

from mkboot.errors import InputError
from mkboot.formats.label.label import Label, SliceEntry, parse_label_leniently, sealed
from mkboot.formats.label.structs import (
    ASCII_MAX,
    LABEL_MAGIC,
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
_BLANK = bytes(508) + struct.pack(">HH", LABEL_MAGIC, 0)


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
    fields = DiskLabel.parse(_BLANK)
    fields.vtoc.version = VTOC_VERSION
    fields.vtoc.nparts = SLICES
    fields.vtoc.sanity = VTOC_SANE
    full = replace(
        geometry,
        pcyl=geometry.pcyl or geometry.ncyl + geometry.acyl,
        rpm=geometry.rpm or DEFAULT_RPM,
    )
    text = _format_text(full) if ascii is None else ascii
    return _edited(fields, True, geometry=full, slices=slices, ascii=text, volume=volume)


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
    return _edited(
        fields, label.has_vtoc, geometry=geometry, slices=slices, ascii=ascii, volume=volume
    )


def _edited(
    fields: Container,
    has_vtoc: bool,
    *,
    geometry: Geometry | None,
    slices: Iterable[SliceEntry] | None,
    ascii: bytes | None,  # noqa: A002
    volume: bytes | None,
) -> Label:
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
    return parse_label_leniently(sealed(DiskLabel.build(fields)))


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
