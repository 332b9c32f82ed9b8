# SPDX-License-Identifier: Apache-2.0
"""The disk layout that a profile gives on a machine: what ``pfinstall -D`` would have said.

All is computed from the profile and the HOST file.  What the manuals leave open (the size
of ``auto``, what ``partitioning default`` adds) is a range, and said in ``notes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.jumpstart.fdisk import partition_disks
from mkboot.jumpstart.machine import Machine
from mkboot.jumpstart.model import Problem, Profile, Severity
from mkboot.jumpstart.placing import Fault, Placed, place
from mkboot.jumpstart.planning import Plan, plan_items
from mkboot.jumpstart.rootdisk import RootDisk, find_rootdisk
from mkboot.jumpstart.sizes import CYLINDERS_MAX, DiskShape, Range, exactly, sparc_shape
from mkboot.jumpstart.wishes import Wish, wishes_of
from mkboot.model.hostfile import HostDisk

#: Install types that lay disks out; the others leave them as they are.
_LAYING = ("initial_install", "flash_install")


@dataclass(frozen=True, slots=True)
class SliceLayout:
    """A slice: ``number`` None where the manuals do not say which it is."""

    number: int | None
    start: Range
    cylinders: Range
    mb: Range
    holds: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class DiskLayout:
    """A disk, by name; ``any of c0t0d0, c0t1d0`` where it can be one of several."""

    name: str
    cylinders: int
    cylinder_sectors: int
    slices: tuple[SliceLayout, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """``rootdisk`` and why it is; ``problems`` say why the layout cannot be."""

    rootdisk: str
    why: str
    disks: tuple[DiskLayout, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def lay_out(profile: Profile, machine: Machine, name: str) -> Layout:
    """The layout; ``name`` is the profile's file, for the problems' places."""
    kind = profile.install_type or ""
    if kind not in _LAYING:
        return _as_it_is(profile, machine, name)
    wishes = wishes_of(profile)
    usable, faults = usable_disks(profile, machine, wishes)
    root = find_rootdisk(profile, wishes, machine, usable)
    faults += root.faults
    shapes, more, notes = _shapes(profile, machine, root.name)
    faults += more
    plan = plan_items(profile, machine, wishes, usable, root.name, shapes)
    faults += plan.faults
    disks, more = _place_all(plan, shapes)
    faults += more
    return Layout(
        root.name, root.why, disks, _problems(faults, name),
        tuple(dict.fromkeys([*_root_note(root, machine), *notes, *plan.notes])),
    )  # fmt: skip


def _root_note(root: RootDisk, machine: Machine) -> list[str]:
    if len(machine.host.disks) < 2 or not root.name:
        return []
    return [f"rootdisk is {root.name}: {root.why}"]


def _problems(faults: Sequence[Fault], name: str) -> tuple[Problem, ...]:
    found = [Problem(name, f.line or 1, Severity.ERROR, f.message) for f in faults]
    return tuple(sorted(dict.fromkeys(found), key=lambda p: p.line))


def _as_it_is(profile: Profile, machine: Machine, name: str) -> Layout:
    """An upgrade, a differential archive: what is installed stays where it is."""
    kind = profile.install_type
    faults = []
    if kind is None:
        return Layout("", "", (), (), ("the profile has no install_type: no layout",))
    if not any(d.installed for d in machine.host.disks):
        faults.append(Fault(1, f"{kind} wants an installed system, the machine has none"))
    elif not profile.all("root_device") and sum(bool(d.installed) for d in machine.host.disks) > 1:
        faults.append(Fault(1, f"{kind} with several installed systems wants root_device"))
    told = f"{kind}: the slices stay as they are, unless space has to be reallocated"
    return Layout("", "", (), _problems(faults, name), (told,))


def usable_disks(
    profile: Profile, machine: Machine, wishes: Sequence[Wish]
) -> tuple[list[HostDisk], list[Fault]]:
    """The disks that ``usedisk`` and ``dontuse`` leave, and contradictions."""
    use = {v: ln.line for ln in profile.all("usedisk") for v in ln.values}
    leave = {v: ln.line for ln in profile.all("dontuse") for v in ln.values}
    disks = list(machine.host.disks)
    faults = [
        Fault(line, f"the machine has no disk {name}")
        for name, line in {**use, **leave}.items()
        if name != "rootdisk" and machine.disk(name) is None
    ]
    root = machine.rootdisk
    alias = {"rootdisk": root.name} if root is not None else {}
    used = {alias.get(v, v) for v in use}
    left = {alias.get(v, v) for v in leave}
    usable = [d for d in disks if (not use or d.name in used) and d.name not in left]
    names = {d.name for d in usable}
    for wish in wishes:
        if machine.disk(wish.disk) is not None and wish.disk not in names:
            word = "dontuse" if wish.disk in left else "usedisk"
            faults.append(Fault(wish.line, f"{wish.name}: {word} keeps {wish.disk} out"))
    return usable, faults


def _shapes(
    profile: Profile, machine: Machine, rootdisk: str
) -> tuple[list[DiskShape], list[Fault], list[str]]:
    """How many cylinders each disk has for slices."""
    if machine.arch == "i386":
        parts = partition_disks(profile.all("fdisk"), machine.host.disks, rootdisk)
        return list(parts.shapes), list(parts.faults), list(parts.notes)
    shapes = [sparc_shape(disk) for disk in machine.host.disks]
    notes = [
        f"{s.name} has more cylinders than the {CYLINDERS_MAX} that a label counts: give the "
        "heads and sectors that its drive reports"
        for s in shapes
        if not s.counted
    ]
    if profile.all("fdisk"):
        notes.append("fdisk lines are for PCs; this machine is a SPARC")
    return shapes, [], notes


def _place_all(
    plan: Plan, shapes: Sequence[DiskShape]
) -> tuple[tuple[DiskLayout, ...], list[Fault]]:
    disks: list[DiskLayout] = []
    faults: list[Fault] = []
    for shape in shapes:
        items = plan.items.get(shape.name, [])
        if not any(not item.maybe for item in items):
            continue
        placed, more = place(shape, items, ordered=shape.name not in plan.unordered)
        faults += more
        disks.append(_disk(shape, [*placed, *_own(shape, placed)]))
    by_name = {shape.name: shape for shape in shapes}
    for wish in plan.anywhere:
        disks.append(_anywhere(wish.names, wish.mb, wish.holds, by_name))
    return tuple(disks), faults


def _own(shape: DiskShape, placed: Sequence[Placed]) -> list[Placed]:
    """The slices that a label has of itself: 2, the whole disk; on a PC 8 and perhaps 9."""
    taken = {each.number for each in placed}
    whole = Placed(2, exactly(0), exactly(shape.cylinders), "overlap", "the whole disk")
    found = [whole] if 2 not in taken else []
    if shape.reserved:
        found.append(Placed(8, exactly(0), exactly(1), "boot", "the boot slice of a PC"))
    if shape.reserved > 1:
        found.append(Placed(9, exactly(1), exactly(shape.reserved - 1), "alternates"))
    return found


def _disk(shape: DiskShape, placed: Sequence[Placed]) -> DiskLayout:
    ordered = sorted(placed, key=lambda p: (p.number is None, p.number or 0, p.start.low))
    slices = tuple(
        SliceLayout(p.number, p.start, p.cylinders, _mb(shape, p.cylinders), p.holds, p.note)
        for p in ordered
    )
    return DiskLayout(shape.name, shape.cylinders, shape.cylinder, slices)


def _mb(shape: DiskShape, cylinders: Range) -> Range:
    return Range(shape.mb(cylinders.low), shape.mb(cylinders.high))


def _anywhere(
    names: tuple[str, ...], mb: Range, holds: str, shapes: dict[str, DiskShape]
) -> DiskLayout:
    """A slice ``any`` that more than one disk has room for."""
    each = [shapes[name] for name in names]
    sizes = Range(min(s.for_mb(mb.low) for s in each), max(s.for_mb(mb.high) for s in each))
    starts = Range(min(s.reserved for s in each), max(s.cylinders - s.for_mb(mb.low) for s in each))
    found = SliceLayout(None, starts, sizes, mb, holds, "any disk with room")
    return DiskLayout(f"any of {', '.join(names)}", 0, 0, (found,))
