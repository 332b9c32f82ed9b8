# SPDX-License-Identifier: Apache-2.0
"""A host's disks as image files: their labels, what their slices hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.label import SECTOR, TAG_BACKUP, TAG_SWAP, Label, read_label
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
        entry = self.label.entry(number)
        return Window(self.source, self.label.start(number) * SECTOR, entry.sectors * SECTOR)


def open_disk(name: str, path: Path) -> OpenDisk:
    """Open a disk image; ``InputError`` for a bad label or a slice past the image's end."""
    if not DISK_NAME.fullmatch(name):
        raise CallerError(f"not a Solaris disk name: {name}", hint="for example c0t0d0")
    source = FileSource(path)
    place = (f"disk {name}",)
    label = read_label(source.pread(0, SECTOR), place=place)
    volumes: dict[int, UfsVolume] = {}
    for entry in label.used:
        window = Window(source, label.start(entry.number) * SECTOR, entry.sectors * SECTOR)
        if window.size < entry.sectors * SECTOR and entry.tag != TAG_BACKUP:
            raise InputError(
                f"ends at sector {label.start(entry.number) + entry.sectors}, "
                f"but the image has only {source.size // SECTOR}",
                place=(*place, f"slice {entry.number}"),
                hint="the image was cut short; copy the whole disk again",
            )
        if entry.tag not in (TAG_BACKUP, TAG_SWAP) and looks_like_ufs(window):
            volumes[entry.number] = open_ufs(window, place=(*place, f"slice {entry.number}"))
    return OpenDisk(name, source, label, volumes)


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
    entry = disk.label.entry(number)
    if number in disk.volumes:
        return Holds.UFS
    if entry.tag == TAG_SWAP or slice_name(disk.name, number) in swap:
        return Holds.SWAP
    if entry.tag == TAG_BACKUP:
        return Holds.WHOLE_DISK
    return Holds.EMPTY if _is_blank(disk.window(number)) else Holds.UNKNOWN


def _is_blank(window: Window) -> bool:
    """Whether the first and last MiB are zeros; who wants to know more reads it all."""
    ends = (window.pread(0, 1 << 20), window.pread(max(0, window.size - (1 << 20)), 1 << 20))
    return not any(data.strip(b"\0") for data in ends)
