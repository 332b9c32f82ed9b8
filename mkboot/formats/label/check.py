# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a label: every reason why a Sun would not take it, or not all of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from mkboot.formats.label.label import (
    Label,
    SliceEntry,
    label_xor,
    looks_like_label,
    parse_label_leniently,
)
from mkboot.formats.label.structs import TAG_BACKUP
from mkboot.model.finding import Finding, error, warning

_PLACE = "label"
#: A disc's drive works in blocks of 2048 bytes: four sectors.
_DISC_BLOCK = 4


def check_label(sector: bytes, device_sectors: int, *, disc: bool) -> tuple[Finding, ...]:
    """All findings about a label on a device of ``device_sectors``.

    ``disc`` says that it is an optical disc, for which a Sun does not compare the geometry
    with the device, but every slice's end.  Source: illumos io/cmlb.c.
    """
    if not looks_like_label(sector):
        return (error("label-magic", _PLACE, "there is no Sun label in sector 0"),)
    label = parse_label_leniently(sector)
    found = [*_checksum(label), *_vtoc(label), *_geometry(label, device_sectors, disc=disc)]
    if label.geometry.cylinder:
        found += _lengths(label)
        found += _overlaps(label, disc=disc)
        found += _ends(label, device_sectors, disc=disc)
    return tuple(found)


def _checksum(label: Label) -> Iterator[Finding]:
    if label_xor(label.raw) != 0:
        yield error(
            "label-checksum",
            _PLACE,
            "the label's checksum is wrong: no PROM and no kernel will take it",
            "a sector that was changed by hand, or an MBR written over the label",
        )


def _vtoc(label: Label) -> Iterator[Finding]:
    if not label.has_vtoc:
        yield warning("label-no-vtoc", _PLACE, "the label has no VTOC: tags and flags are unknown")


def _geometry(label: Label, device_sectors: int, *, disc: bool) -> Iterator[Finding]:
    g = label.geometry
    if not (g.cylinder and g.ncyl):
        yield error("label-geometry", _PLACE, "the label's geometry has no capacity")
    elif disc and g.cylinder % _DISC_BLOCK:
        yield warning(
            "label-geometry",
            _PLACE,
            f"a cylinder of {g.cylinder} sectors is no whole number of 2048-byte blocks",
        )
    elif not disc and g.cylinder * (g.ncyl + (1 if g.acyl else 0)) > device_sectors:
        yield error(
            "label-geometry",
            _PLACE,
            f"the geometry ({g.ncyl} cylinders of {g.cylinder} sectors) is larger than the "
            f"disk ({device_sectors} sectors): Solaris refuses such a label",
            "a disk image that was cut short, or a label of another disk",
        )


def _lengths(label: Label) -> Iterator[Finding]:
    for entry in label.used:
        if entry.sectors % label.geometry.cylinder:
            yield warning(
                "slice-off-cylinder",
                f"slice {entry.number}",
                f"{entry.sectors} sectors are no whole number of cylinders "
                f"({label.geometry.cylinder} sectors)",
            )


def _overlaps(label: Label, *, disc: bool) -> Iterator[Finding]:
    proper = [s for s in label.used if not _covers_all(label, s, disc=disc)]
    for one, two in combinations(proper, 2):
        if disc and _extent(label, one) == _extent(label, two):
            continue  # every slice a copy of another: how discs with one file system look
        (start, end), (start_2, end_2) = _extent(label, one), _extent(label, two)
        if start < end_2 and start_2 < end:
            yield warning(
                "slice-overlap",
                f"slice {one.number}",
                f"overlaps slice {two.number}: both hold sectors "
                f"{max(start, start_2)} to {min(end, end_2)}",
            )


def _covers_all(label: Label, entry: SliceEntry, *, disc: bool) -> bool:
    """Whether a slice stands for the whole device by convention.

    On a disk that is the one tagged backup, or any as long as all data cylinders; some
    makers of discs have slice 0 cover all the others.
    """
    if entry.tag == TAG_BACKUP:
        return True
    start, end = _extent(label, entry)
    if start:
        return False
    if disc:
        return entry.number == 0 and end == max(_extent(label, s)[1] for s in label.used)
    return end >= label.geometry.ncyl * label.geometry.cylinder


def _ends(label: Label, device_sectors: int, *, disc: bool) -> Iterator[Finding]:
    capacity = label.geometry.ncyl * label.geometry.cylinder
    for entry in label.used:
        _, end = _extent(label, entry)
        place = f"slice {entry.number}"
        if end > device_sectors:
            yield error(
                "slice-past-end",
                place,
                f"ends at sector {end}, but there are only {device_sectors}",
                "the image was cut short, or was never padded to whole cylinders",
            )
        elif not disc and end > capacity:
            yield warning(
                "slice-past-end",
                place,
                f"ends at sector {end}, behind the data cylinders, which end at {capacity}",
            )


def _extent(label: Label, entry: SliceEntry) -> tuple[int, int]:
    start = label.start(entry.number)
    return start, start + entry.sectors
