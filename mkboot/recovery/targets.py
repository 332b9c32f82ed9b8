# SPDX-License-Identifier: Apache-2.0
"""The disks that a system is restored onto: labels for the same or another disk.

On a disk of the captured size and geometry the captured label is written again, byte for
byte.  On another one the slices keep their order and their size, rounded up to whole
cylinders of the new geometry; where that is too much, slices that hold a UFS give up free
space, never below what their content needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mkboot.errors import InputError
from mkboot.formats.label import (
    SECTOR,
    Label,
    SliceEntry,
    make_label,
    read_label,
)
from mkboot.formats.ufs import choose_parameters, fits
from mkboot.model.system import Disk, FileSystem, Holds, SliceRecord, System
from mkboot.model.values import Geometry, UfsParameters
from mkboot.tree.filetree import FileTree

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
    if _is_same(disk, target):
        return TargetPlan(target.name, target.sectors, captured, same=True)
    geometry = target_geometry(disk, target)
    slices = lay_slices(system, disk, geometry)
    text = (
        f"mkboot cyl {geometry.ncyl} alt {geometry.acyl} hd {geometry.nhead} sec {geometry.nsect}"
    )
    label = make_label(geometry, slices, ascii=text.encode(), volume=captured.volume)
    return TargetPlan(target.name, target.sectors, label, same=False)


def _is_same(disk: Disk, target: TargetDisk) -> bool:
    """Whether the captured label can stand as it is: same shape, and the disk is as large as
    it was, or smaller but still has all that the label counts.
    """
    shape = (target.heads or disk.geometry.nhead, target.nsect or disk.geometry.nsect)
    if shape != (disk.geometry.nhead, disk.geometry.nsect):
        return False
    counted = (disk.geometry.ncyl + disk.geometry.acyl) * disk.geometry.cylinder
    return target.sectors == disk.sectors or counted <= target.sectors < disk.sectors


def target_geometry(disk: Disk, target: TargetDisk) -> Geometry:
    """The shape that was asked for, else the captured one, with as many cylinders as there
    are; two of them are kept as alternates, as format(1M) does.
    """
    nhead = target.heads or disk.geometry.nhead
    nsect = target.nsect or disk.geometry.nsect
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
    data = sorted(
        (s for s in disk.slices if s.holds is not Holds.WHOLE_DISK), key=lambda s: s.start
    )
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
        if record.holds is Holds.WHOLE_DISK:
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


def choose_parameters_on(
    fs: FileSystem, plan: TargetPlan, number: int, tree: FileTree
) -> UfsParameters:
    """mkfs' arguments for a file system in its new slice, such that ``tree`` fits.

    Under the captured label they are what they were.  Else the whole slice is used, with
    the captured policy (blocks, fragments, inodes, reserve) and the label's geometry as
    newfs takes it, or, where mkfs would refuse that, a plain one.  Raises ``InputError``
    that says why none fits.
    """
    reasons: list[str] = []
    for parameters in _candidates(fs, plan, number):
        reason = fits(tree, parameters)
        if reason is None:
            return parameters
        reasons.append(reason)
    raise InputError(
        f"does not fit its slice of {plan.label.entry(number).sectors} sectors: {reasons[0]}",
        place=(fs.slice,),
        hint="a larger disk",
    )


def _candidates(fs: FileSystem, plan: TargetPlan, number: int) -> Iterator[UfsParameters]:
    captured = fs.parameters
    if plan.same:
        yield captured
        return
    geometry = plan.label.geometry
    sectors = plan.label.entry(number).sectors
    whole = geometry.ncyl * geometry.cylinder
    made = (
        choose_parameters(sectors, nhead=geometry.nhead, nsect=geometry.nsect, disk_sectors=whole),
        choose_parameters(sectors),
    )
    for density in (captured.nbpi, None):
        for each in made:
            yield replace(
                each,
                bsize=captured.bsize,
                fragsize=captured.fragsize,
                minfree=captured.minfree,
                nbpi=density or each.nbpi,
                optimize=captured.optimize,
                maxcontig=captured.maxcontig,
            )
