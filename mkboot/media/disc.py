# SPDX-License-Identifier: Apache-2.0
"""Composing a disc: an ISO 9660 at the front, slices behind it, the Sun label over it all.

Slices start on cylinders of 640 sectors, follow each other without gaps, are padded to
whole cylinders, and the file ends exactly where the last one ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from mkboot.errors import BugError, InputError
from mkboot.formats import bootblock
from mkboot.formats.label import (
    DISC_GEOMETRY,
    FLAG_READONLY,
    SECTOR,
    SLICES,
    TAG_ROOT,
    TAG_USR,
    Label,
    SliceEntry,
    disc_label,
    edit_label,
    write_label,
)
from mkboot.formats.ufs import write_ufs
from mkboot.media.regions import Region, check_regions, compose, copy_source, put_bytes
from mkboot.model.values import UfsParameters
from mkboot.output import complete_file
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSink, ByteSource

CYLINDER = DISC_GEOMETRY.cylinder
#: What an ISO 9660 leaves to others: label, boot block, the rest of its first 32 KiB.
SYSTEM_AREA = 32768
LABEL_TEXT = b"CD-ROM Disc with Sun sparc boot created by mkboot"


class WritableIso(Protocol):
    """An ISO 9660 that is laid out and can be written to a file."""

    @property
    def size(self) -> int:
        """Length in bytes, known beforehand."""

    def write(self, out: Path, advance: Callable[[int], None] = ...) -> None:
        """Write it to the file ``out``; ``advance`` hears of bytes."""


@dataclass(frozen=True, slots=True)
class RawContent:
    """A slice that is copied byte for byte, its boot area too."""

    source: ByteSource

    @property
    def sectors(self) -> int:
        """Its length, rounded up to sectors."""
        return -(-self.source.size // SECTOR)


@dataclass(frozen=True, slots=True)
class UfsContent:
    """A slice that is made: a UFS with these files; ``generation`` as in ``write_ufs``."""

    tree: FileTree
    parameters: UfsParameters
    generation: int
    last_mounted: bytes = b"/"
    keep_numbers: bool = False

    @property
    def sectors(self) -> int:
        """Its length in sectors."""
        return self.parameters.size


@dataclass(frozen=True, slots=True)
class DiscSlice:
    """Slice ``number`` (1 to 7) of a disc; a boot block goes over what the content has."""

    number: int
    content: RawContent | UfsContent
    boot_block: bytes | None = None
    tag: int = TAG_ROOT
    flag: int = FLAG_READONLY


@dataclass(frozen=True, slots=True)
class ComposedDisc:
    """What was written: ``size`` in bytes, and whose each of them is."""

    label: Label
    size: int
    regions: tuple[Region, ...]


def disc_sectors(iso_size: int, slices: Sequence[DiscSlice]) -> int:
    """How long a disc will be, in sectors, before anything is written."""
    return sum(_round_up(n) for n in (-(-iso_size // SECTOR), *(s.content.sectors for s in slices)))


def plan_label(
    iso_size: int, slices: Sequence[DiscSlice], *, text: bytes = LABEL_TEXT, volume: bytes = b""
) -> Label:
    """The label of a disc: slice 0 is the ISO, the others follow in the order of numbers.

    Its 2048 cylinders are what Sun's discs say, whatever their size; a longer disc says
    how many it has, as far as the label can.  Raises ``InputError`` for slice numbers that
    a label does not have.
    """
    numbers = [s.number for s in slices]
    if len(set(numbers)) != len(numbers) or not all(0 < n < SLICES for n in numbers):
        raise InputError(f"a disc has slices 1 to {SLICES - 1}, each once, not {numbers}")
    length = _round_up(-(-iso_size // SECTOR))
    entries = [SliceEntry(0, 0, length, TAG_USR, FLAG_READONLY)]
    at = length
    for each in sorted(slices, key=lambda s: s.number):
        length = _round_up(each.content.sectors)
        entries.append(SliceEntry(each.number, at // CYLINDER, length, each.tag, each.flag))
        at += length
    ncyl = min(max(DISC_GEOMETRY.ncyl, at // CYLINDER), 0xFFFF)
    label = disc_label(entries, text, ncyl)
    return edit_label(label, volume=volume) if volume else label


def compose_disc(
    out: Path,
    iso: WritableIso,
    slices: Sequence[DiscSlice],
    *,
    label_text: bytes = LABEL_TEXT,
    label_volume: bytes = b"",
    time: int,
    hsfs_boot: bytes | None = None,
    advance: Callable[[int], None] | None = None,
    force: bool = False,
) -> ComposedDisc:
    """Write a disc image; ``out`` appears when it is complete.

    The same arguments give the same bytes.  ``hsfs_boot`` is the boot block of slice 0,
    for media whose PROM boots from the ISO.  ``advance`` hears of bytes written.  Raises
    ``InputError`` for what does not fit its slice or the label, ``StoppedError`` when the
    disk is full, ``CallerError`` when ``out`` exists.
    """
    label = plan_label(iso.size, slices, text=label_text, volume=label_volume)
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        told += count
        if advance is not None:
            advance(count)

    regions = _regions(label, iso, slices, time, hsfs_boot, tell)
    with complete_file(out, force=force) as unfinished:
        check_regions(regions)
        iso.write(unfinished, tell)
        _check_front(unfinished, iso.size)
        size = compose(unfinished, regions, begun=True)
    tell(max(size - told, 0))
    return ComposedDisc(label, size, regions)


def _regions(
    label: Label,
    iso: WritableIso,
    slices: Sequence[DiscSlice],
    time: int,
    hsfs_boot: bytes | None,
    tell: Callable[[int], None],
) -> tuple[Region, ...]:
    """Everything on the disc; the label comes last, and nothing is valid before it is there."""
    behind_iso = label.entry(0).sectors * SECTOR
    regions = [*_system_area(hsfs_boot), Region("ISO 9660", SYSTEM_AREA, iso.size - SYSTEM_AREA)]
    if behind_iso > iso.size:
        regions.append(Region("padding of slice 0", iso.size, behind_iso - iso.size))
    for each in slices:
        start = label.start(each.number) * SECTOR
        regions += _slice_regions(
            each, start, label.entry(each.number).sectors * SECTOR, time, tell
        )
    regions.append(Region("label", 0, SECTOR, put_bytes(write_label(label))))
    return tuple(regions)


def _system_area(hsfs_boot: bytes | None) -> list[Region]:
    area = bootblock.BOOT_AREA
    if hsfs_boot is None:
        return [Region("system area", SECTOR, SYSTEM_AREA - SECTOR)]
    if len(hsfs_boot) > area or bootblock.recognise(hsfs_boot) is None:
        raise InputError(f"no boot block of at most {area} bytes", place=("slice 0",))
    return [
        Region("boot block of slice 0", SECTOR, area, put_bytes(hsfs_boot)),
        Region("system area", SECTOR + area, SYSTEM_AREA - SECTOR - area),
    ]


def _slice_regions(
    each: DiscSlice, start: int, length: int, time: int, tell: Callable[[int], None]
) -> list[Region]:
    """A slice's content and what pads it to whole cylinders."""
    name = f"slice {each.number}"
    size = each.content.sectors * SECTOR
    regions = [Region(name, start, size, partial(_fill_slice, each, time, tell))]
    if length > size:
        regions.append(Region(f"padding of {name}", start + size, length - size))
    return regions


def _fill_slice(each: DiscSlice, time: int, tell: Callable[[int], None], sink: ByteSink) -> None:
    content = each.content
    try:
        if isinstance(content, RawContent):
            copy_source(content.source, tell)(sink)
        else:
            write_ufs(
                content.tree,
                sink,
                content.parameters,
                time=time,
                generation=content.generation,
                last_mounted=content.last_mounted,
                keep_numbers=content.keep_numbers,
                advance=tell,
            )
        if each.boot_block is not None:
            bootblock.put_in(sink, each.boot_block)
    except InputError as e:
        raise e.inside(f"slice {each.number}") from e


def _check_front(path: Path, size: int) -> None:
    """The ISO's writer must have written what it announced, and left the front to others."""
    with path.open("rb") as file:
        front = file.read(SYSTEM_AREA)
        written = file.seek(0, os.SEEK_END)
    if written != size:
        raise BugError(f"the ISO 9660 should have {size} bytes, not {written}")
    if any(front):
        raise BugError("the ISO 9660's writer wrote into the system area")


def _round_up(sectors: int) -> int:
    return -(-sectors // CYLINDER) * CYLINDER
