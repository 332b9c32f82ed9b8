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
from mkboot.media.regions import Region, compose, copy_source, put_bytes
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

    def write(self, out: Path, advance: Callable[[int], None] | None = None) -> None:
        """Write it to the file ``out``."""


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
    tell = advance or (lambda _count: None)
    with complete_file(out, force=force) as unfinished:
        with _iso_aside(iso, unfinished, tell) as front:
            regions = _regions(label, front, slices, time, hsfs_boot, tell)
    return ComposedDisc(label, size, regions)
