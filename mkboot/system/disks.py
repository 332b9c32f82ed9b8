# SPDX-License-Identifier: Apache-2.0
"""A host's disks as image files: their labels, what their slices hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.label import SECTOR, TAG_SWAP, Label, SliceEntry, read_label
from mkboot.formats.ufs import UfsVolume, looks_like_ufs, open_ufs
from mkboot.model.system import Disk, Holds, SliceRecord
from mkboot.tree.source import FileSource, Window

DISK_NAME = re.compile(r"c\d+(?:t[0-9A-Fa-f]+)?d\d+")


@dataclass(frozen=True, slots=True)
class OpenDisk:
    """A disk image that is open: its name, label, and the UFS in each slice that has one."""

    name: str
    source: FileSource
    label: Label
    volumes: Mapping[int, UfsVolume]

    def window(self, number: int) -> Window:
        """Slice ``number`` as a source of its own."""
        return _window(self.source, self.label, self.label.entry(number))


def open_disk(name: str, path: Path) -> OpenDisk:
    """Open a disk image; ``InputError`` for a bad label or a file system past the image's end.

    A UFS is looked for in every slice, whatever its tag says.
    """
    if not DISK_NAME.fullmatch(name):
        raise CallerError(f"not a Solaris disk name: {name}", hint="for example c0t0d0")
    source = FileSource(path)
    place = (f"disk {name}",)
    label = read_label(source.pread(0, SECTOR), place=place)
    return OpenDisk(name, source, label, _volumes(source, label, place))


def _volumes(source: FileSource, label: Label, place: tuple[str, ...]) -> dict[int, UfsVolume]:
    """The UFS in each slice; where several slices begin together, in one of them only: the
    smallest that is large enough for it, else the largest.
    """
    by_start: dict[int, list[SliceEntry]] = {}
    for entry in label.used:
        by_start.setdefault(entry.start_cylinder, []).append(entry)
    found: dict[int, UfsVolume] = {}
    for entries in by_start.values():
        largest = max(entries, key=lambda e: e.sectors)
        if not looks_like_ufs(_window(source, label, largest)):
            continue
        where = (*place, f"slice {largest.number}")
        size = open_ufs(_window(source, label, largest), place=where).parameters.size
        fitting = [e for e in entries if e.sectors >= size]
        entry = min(fitting, key=lambda e: (e.sectors, e.number)) if fitting else largest
        found[entry.number] = _open_ufs(source, label, entry, place)
    return dict(sorted(found.items()))


def _open_ufs(
    source: FileSource, label: Label, entry: SliceEntry, place: tuple[str, ...]
) -> UfsVolume:
    window = _window(source, label, entry)
    where = (*place, f"slice {entry.number}")
    volume = open_ufs(window, place=where)
    if window.size < volume.parameters.size * SECTOR:
        raise InputError(
            f"holds a file system that ends at sector "
            f"{label.start(entry.number) + volume.parameters.size}, "
            f"but the image has only {source.size // SECTOR}",
            place=where,
            hint="the image was cut short; copy the whole disk again",
        )
    return volume


def _window(source: FileSource, label: Label, entry: SliceEntry) -> Window:
    return Window(source, label.start(entry.number) * SECTOR, entry.sectors * SECTOR)


def slice_name(disk: str, number: int) -> str:
    """``c0t0d0s5``."""
    return f"{disk}s{number}"


def split_slice_name(name: str) -> tuple[str, int]:
    """``c0t0d0s5`` as disk and slice number; ``InputError`` for anything else."""
    found = re.fullmatch(rf"({DISK_NAME.pattern})s([0-7])", name)
    if not found:
        raise InputError(f"not a slice name: {name}")
    return found[1], int(found[2])


def describe_disk(disk: OpenDisk, path: str, swap: frozenset[str]) -> Disk:
    """The disk as it goes into ``system.json``; ``swap`` are the slices that vfstab swaps on."""
    label = disk.label
    records = [
        SliceRecord(
            e.number, label.start(e.number), e.sectors, e.tag, e.flag, _holds(disk, e.number, swap)
        )
        for e in label.used
    ]
    return Disk(
        name=disk.name,
        path=path,
        sectors=disk.source.size // SECTOR,
        geometry=label.geometry,
        label=label.raw.hex(),
        slices=tuple(records),
    )


def _holds(disk: OpenDisk, number: int, swap: frozenset[str]) -> Holds:
    """What a slice holds: vfstab's word for swap counts before what may lie there from
    earlier, content before tags.
    """
    if slice_name(disk.name, number) in swap:
        return Holds.SWAP
    if number in disk.volumes:
        return Holds.UFS
    if disk.label.covers_all(number):
        return Holds.WHOLE_DISK
    if disk.label.entry(number).tag == TAG_SWAP:
        return Holds.SWAP
    return Holds.EMPTY if _is_blank(disk.window(number)) else Holds.UNKNOWN


def _is_blank(window: Window) -> bool:
    """Whether the first and last MiB are zeros; who wants to know more reads it all."""
    ends = (window.pread(0, 1 << 20), window.pread(max(0, window.size - (1 << 20)), 1 << 20))
    return not any(data.strip(b"\0") for data in ends)
