# SPDX-License-Identifier: Apache-2.0
"""The disks that a system is restored onto: labels for the same or another disk.

On a disk of the captured size and geometry the captured label is written again, byte for
byte.  On another one the slices keep their order and their size, rounded up to whole
cylinders of the new geometry; where that is too much, slices that hold a UFS give up free
space, never below what their content needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mkboot.errors import InputError
from mkboot.formats.label import (
    SECTOR,
    TAG_BACKUP,
    Label,
    SliceEntry,
    make_label,
    read_label,
)
from mkboot.model.system import Disk, FileSystem, SliceRecord, System
from mkboot.model.values import Geometry, UfsParameters

#: What newfs and a little growth want beyond the bytes in use.
_SPARE = 1.15
_SMALLEST = 4096


@dataclass(frozen=True, slots=True)
class TargetDisk:
    """What there is: a disk of ``sectors`` sectors; ``geometry`` None: as captured if it fits."""

    name: str
    sectors: int
    heads: int | None = None
    nsect: int | None = None


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What is to be: the label, and whether it is the captured one."""

    name: str
    sectors: int
    label: Label
    same: bool


def plan_disk(system: System, disk: Disk, target: TargetDisk) -> TargetPlan:
    """The label for ``target``; ``InputError`` when the slices cannot be made to fit."""
    captured = read_label(bytes.fromhex(disk.label), place=(f"disk {disk.name}",))
    geometry = target_geometry(disk, target)
    if geometry == disk.geometry and target.sectors >= _needed(geometry):
        return TargetPlan(target.name, target.sectors, captured, same=True)
    slices = lay_slices(system, disk, geometry)
    text = (
        f"mkboot cyl {geometry.ncyl} alt {geometry.acyl} hd {geometry.nhead} sec {geometry.nsect}"
    )
    label = make_label(geometry, slices, ascii=text.encode(), volume=captured.volume)
    return TargetPlan(target.name, target.sectors, label, same=False)


def target_geometry(disk: Disk, target: TargetDisk) -> Geometry:
    """The captured geometry where it was not said otherwise and fits, else a new one.

    Two cylinders are kept as alternates, as format(1M) does.
    """
    same_shape = target.heads in (None, disk.geometry.nhead) and target.nsect in (
        None,
        disk.geometry.nsect,
    )
    if same_shape and _needed(disk.geometry) <= target.sectors and target.sectors <= disk.sectors:
        return disk.geometry
    nhead, nsect = target.heads or 16, target.nsect or 63
    pcyl = target.sectors // (nhead * nsect)
    if pcyl < 4:
        raise InputError(f"disk {target.name} has only {pcyl} cylinders")
    if pcyl > 65535:
        raise InputError(
            f"disk {target.name} would have {pcyl} cylinders, a label holds 65535",
            hint="give more heads or sectors: FILE,SIZE,HEADSxSECTORS",
        )
    return Geometry(nhead, nsect, pcyl - 2, 2, pcyl, disk.geometry.rpm)


def lay_slices(system: System, disk: Disk, geometry: Geometry) -> tuple[SliceEntry, ...]:
    """The slices in their order, packed from cylinder 0, slice 2 the whole disk."""
    data = sorted((s for s in disk.slices if s.tag != TAG_BACKUP), key=lambda s: s.start)
    _refuse_overlap(disk, data)
    cylinders = _cylinders(system, disk, data, geometry)
    entries: list[SliceEntry] = []
    at = 0
    for record in data:
        count = cylinders[record.number]
        entries.append(
            SliceEntry(record.number, at, count * geometry.cylinder, record.tag, record.flag)
        )
        at += count
    for record in disk.slices:
        if record.tag == TAG_BACKUP:
            whole = geometry.ncyl * geometry.cylinder
            entries.append(SliceEntry(record.number, 0, whole, record.tag, record.flag))
    return tuple(sorted(entries, key=lambda e: e.number))


def _refuse_overlap(disk: Disk, data: Sequence[SliceRecord]) -> None:
    for one, two in pairwise(data):
        if one.start + one.sectors > two.start:
            raise InputError(
                f"slices {one.number} and {two.number} overlap, so they cannot be laid out "
                "on a disk of another geometry",
                place=(f"disk {disk.name}",),
            )


def _cylinders(
    system: System, disk: Disk, data: Sequence[SliceRecord], geometry: Geometry
) -> Mapping[int, int]:
    """Cylinders of each slice; shrunk in proportion to their free space where need be."""
    want = {s.number: -(-s.sectors // geometry.cylinder) for s in data}
    excess = sum(want.values()) - geometry.ncyl
    if excess <= 0:
        return want
    floor = {
        s.number: min(want[s.number], -(-_least(system, disk, s) // geometry.cylinder))
        for s in data
    }
    free = {number: want[number] - floor[number] for number in want}
    total = sum(free.values())
    if total < excess:
        need = sum(floor.values()) * geometry.cylinder * SECTOR
        have = geometry.ncyl * geometry.cylinder * SECTOR
        raise InputError(
            f"what is on it needs {need / 1e6:.0f} MB, the new disk has {have / 1e6:.0f} MB",
            place=(f"disk {disk.name}",),
            hint="a larger disk",
        )
    return _take(want, free, excess)


def _take(want: Mapping[int, int], free: Mapping[int, int], excess: int) -> Mapping[int, int]:
    """``want`` less ``excess`` cylinders in all, shared out by free space, then one by one."""
    total = sum(free.values())
    given = {number: excess * free[number] // total for number in want}
    for number in sorted(want, key=lambda n: free[n] - given[n], reverse=True):
        more = min(excess - sum(given.values()), free[number] - given[number])
        given[number] += more
    return {number: want[number] - given[number] for number in want}


def _least(system: System, disk: Disk, record: SliceRecord) -> int:
    """The fewest sectors a slice can do with."""
    for fs in system.file_systems:
        if fs.slice == f"{disk.name}s{record.number}":
            inodes = fs.used_inodes * 128
            data = (fs.used_bytes + inodes) * 100 // max(100 - fs.parameters.minfree, 1)
            return max(_SMALLEST, int(data * _SPARE) // SECTOR)
    return record.sectors


def _needed(geometry: Geometry) -> int:
    """Sectors that a disk of this geometry has, its alternates included."""
    return (geometry.ncyl + geometry.acyl) * geometry.cylinder


def parameters_on(fs: FileSystem, plan: TargetPlan, number: int) -> UfsParameters:
    """mkfs' arguments for a file system in its new slice.

    Under the captured label they are unchanged; else newfs' way: the whole slice, the
    label's geometry, the captured policy.
    """
    if plan.same:
        return fs.parameters
    label = plan.label
    return replace(
        fs.parameters,
        size=label.entry(number).sectors,
        nsect=label.geometry.nsect,
        ntrack=label.geometry.nhead,
    )
