# SPDX-License-Identifier: Apache-2.0
"""Slices that are on a disk already: ``size existing`` and ``partitioning existing``."""

from __future__ import annotations

from collections.abc import Sequence

from mkboot.jumpstart.placing import Fault, Item
from mkboot.jumpstart.sizes import DiskShape, Range, exactly
from mkboot.jumpstart.wishes import Wish
from mkboot.model.hostfile import HostDisk, HostSlice

#: What ``partitioning existing`` makes anew; all else it keeps (manuals, ``partitioning``).
_REMADE = ("/", "/usr", "/usr/openwin", "/opt", "/var")


def present_slice(
    wish: Wish,
    shape: DiskShape,
    disk: HostDisk | None,
    note: str,
    faults: list[Fault],
    notes: list[str],
    unordered: set[str],
) -> Item:
    """A wish of size ``existing``: what the HOST file says of the slice, or what it can be."""
    slices = disk.slices if disk is not None else ()
    for each in slices:
        if each.number == wish.number and each.cylinders:
            size = exactly(each.cylinders)
            return Item(wish.number, wish.holds, wish.line, size, each.start, note=note)
    if slices or disk is None or not disk.installed:
        faults.append(Fault(wish.line, f"{shape.name}s{wish.number} is not there to be kept"))
        return Item(wish.number, wish.holds, wish.line, exactly(0), 0)
    notes.append(_untold(disk))
    unordered.add(shape.name)
    return Item(wish.number, wish.holds, wish.line, Range(1, shape.cylinders), note=note)


def _untold(disk: HostDisk) -> str:
    return f"the HOST file does not say which slices {disk.name} has now (disks.slices)"


def keep_existing(
    items: dict[str, list[Item]],
    notes: list[str],
    usable: Sequence[HostDisk],
    shapes: dict[str, DiskShape],
) -> None:
    """``partitioning existing``: every slice that no line names stays where it is."""
    for disk in usable:
        if disk.name not in shapes:
            continue
        if not disk.slices and disk.installed:
            notes.append(_untold(disk))
        named = {item.number for item in items.get(disk.name, [])}
        kept = [_kept(each) for each in disk.slices if each.number not in named and each.cylinders]
        if kept:
            items.setdefault(disk.name, []).extend(kept)


def _kept(each: HostSlice) -> Item:
    """A slice as it is; slice 2 and what has no file system of its own may lie under others."""
    size = exactly(each.cylinders)
    if each.number == 2 and not each.mount:
        return Item(2, "overlap", 0, size, each.start, note="the whole disk")
    told = "made anew" if each.mount in _REMADE else "kept"
    return Item(each.number, each.mount or "unnamed", 0, size, each.start, note=told)
