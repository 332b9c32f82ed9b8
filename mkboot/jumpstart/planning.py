# SPDX-License-Identifier: Apache-2.0
"""From a profile's wishes to what each disk has to hold, in cylinders or as ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mkboot.jumpstart.existing import keep_existing, present_slice
from mkboot.jumpstart.machine import Machine
from mkboot.jumpstart.model import Profile
from mkboot.jumpstart.placing import Fault, Item, room_left
from mkboot.jumpstart.sizes import DiskShape, Range, default_swap, exactly
from mkboot.jumpstart.wishes import (
    ROOTDISK,
    Kind,
    Wish,
    parse_slice,
    pool_size,
    pools_of,
)
from mkboot.model.hostfile import HostDisk

#: Slices that a profile may name.
_LAST_SLICE = 7


@dataclass(frozen=True, slots=True)
class Anywhere:
    """A slice that can be on one of several disks; its size in MB."""

    names: tuple[str, ...]
    mb: Range
    holds: str


@dataclass(slots=True)
class Plan:
    """What each disk has to hold, by its name; ``unordered`` disks get slices of the
    installer's own.
    """

    items: dict[str, list[Item]] = field(default_factory=dict)
    anywhere: list[Anywhere] = field(default_factory=list)
    unordered: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Context:
    """What all steps look at."""

    machine: Machine
    usable: Sequence[HostDisk]
    rootdisk: str
    shapes: dict[str, DiskShape]


def plan_items(
    profile: Profile,
    machine: Machine,
    wishes: Sequence[Wish],
    usable: Sequence[HostDisk],
    rootdisk: str,
    shapes: Sequence[DiskShape],
) -> Plan:
    """Sort the wishes by disks and add what ``partitioning`` adds."""
    context = _Context(machine, usable, rootdisk, {s.name: s for s in shapes})
    plan = Plan()
    lines = profile.all("partitioning")
    how = next((ln.values[0] for ln in lines if ln.values), "default")
    pools = _pool_wishes(profile, plan)
    for wish in [*wishes, *pools]:
        if wish.disk or wish.number is not None:
            _on_a_disk(wish, context, plan)
    _check_whole_disks(plan, context)
    for wish in [*wishes, *pools]:
        if not wish.disk:
            _on_any(wish, context, plan)
    if how == "existing":
        keep_existing(plan.items, plan.notes, usable, context.shapes)
    elif not pools:
        _add_the_rest(how, lines[0].line if lines else 1, wishes, context, plan)
    for items in plan.items.values():
        items.sort(key=lambda item: item.line or 1 << 30)
    return plan


def _pool_wishes(profile: Profile, plan: Plan) -> list[Wish]:
    found = []
    for pool in pools_of(profile):
        size = pool_size(pool.size)
        for device in pool.devices:
            place = parse_slice(device) or parse_slice(f"{device}s0")
            if place is not None and place[0] and size is not None:
                found.append(Wish(pool.line, *place, size, f"pool {pool.name}"))
            elif device == "any":
                plan.notes.append(f"pool {pool.name}: the installer chooses the disk for any")
    return found


def _on_a_disk(wish: Wish, context: _Context, plan: Plan) -> None:
    """A wish that names its slice."""
    name = context.rootdisk if wish.disk == ROOTDISK else wish.disk
    shape = context.shapes.get(name)
    fault = _place_fault(wish, name, context)
    if fault or shape is None:
        plan.faults += [Fault(wish.line, fault)] if fault else []
        return
    items = plan.items.setdefault(name, [])
    if any(item.number == wish.number for item in items):
        plan.faults.append(Fault(wish.line, f"{name}s{wish.number} stands there twice"))
        return
    if wish.size.kind is Kind.FREE and any(item.free for item in items):
        plan.faults.append(Fault(wish.line, f"a second free on {name}"))
        return
    items.append(_item(wish, shape, context, plan))


def _place_fault(wish: Wish, name: str, context: _Context) -> str:
    if not name:
        return f"{wish.name}: there is no root disk"
    if context.machine.disk(name) is None:
        return f"the machine has no disk {name}"
    if name not in context.shapes:
        return f"{name} has no Solaris partition for {wish.holds}"
    if wish.number is not None and wish.number > _LAST_SLICE:
        return f"{wish.name}: slices are numbered 0 to {_LAST_SLICE}"
    return ""


def _note(wish: Wish) -> str:
    half = f"half of {wish.mirror}" if wish.mirror else ""
    return ", ".join(word for word in (half, wish.options) if word)


def _item(wish: Wish, shape: DiskShape, context: _Context, plan: Plan) -> Item:
    """The wish in cylinders of its disk."""
    size, line = wish.size, wish.line
    common = (wish.number, wish.holds, line)
    if size.kind is Kind.CYLINDERS:
        return Item(*common, exactly(size.count), size.start, note=_note(wish))
    if size.kind is Kind.ALL:
        first = 0 if wish.holds == "overlap" else shape.reserved
        return Item(*common, exactly(shape.cylinders - first), first, note=_note(wish))
    if size.kind is Kind.FREE:
        return Item(*common, free=True, note=_note(wish))
    if size.kind is Kind.EXISTING:
        return present_slice(wish, shape, context.machine.disk(shape.name), _note(wish),
                             plan.faults, plan.notes, plan.unordered)  # fmt: skip
    return Item(*common, _cylinders(wish, shape, context, plan), note=_note(wish))


def _cylinders(wish: Wish, shape: DiskShape, context: _Context, plan: Plan) -> Range:
    """A size in MB or sectors rounded up; ``auto`` as what it can be."""
    size = wish.size
    if size.kind is Kind.MB:
        return exactly(shape.for_mb(size.count))
    if size.kind is Kind.SECTORS:
        return exactly(shape.for_sectors(size.count))
    if wish.holds == "swap":
        return _swap(shape, context, plan)
    plan.notes.append(
        f"{wish.holds}: the size of auto depends on the software; the manuals do not say how"
    )
    return Range(1, shape.cylinders)


def _swap(shape: DiskShape, context: _Context, plan: Plan) -> Range:
    memory = context.machine.host.memory_mb
    mb = default_swap(memory, shape)
    plan.notes.append(
        f"swap: {mb} MB by the manuals' table for {memory} MB of memory, no more than 20 % of "
        "the disk unless there is room left"
    )
    return Range(shape.for_mb(mb.low), shape.for_mb(mb.high))


def _check_whole_disks(plan: Plan, context: _Context) -> None:
    """``all`` leaves no room for anything else on its disk."""
    for name, items in plan.items.items():
        shape = context.shapes[name]
        opaque = [item for item in items if not item.transparent]
        whole = [i for i in opaque if i.size == exactly(shape.cylinders - shape.reserved)]
        if whole and len(opaque) > 1 and whole[0].start == shape.reserved:
            others = next(i for i in opaque if i is not whole[0])
            plan.faults.append(
                Fault(
                    max(whole[0].line, others.line),
                    f"{whole[0].holds} takes all of {name}, so {others.holds} cannot be there",
                )
            )
            plan.items[name] = [i for i in items if i.transparent or i is whole[0]]


def _on_any(wish: Wish, context: _Context, plan: Plan) -> None:
    """``any``: a disk with room for it; several of them leave it open which."""
    fits: list[tuple[DiskShape, Range]] = []
    for disk in context.usable:
        shape = context.shapes.get(disk.name)
        if shape is None or wish.size.kind not in (Kind.MB, Kind.AUTO, Kind.SECTORS):
            continue
        size = _cylinders(wish, shape, context, plan)
        if room_left(shape, plan.items.get(disk.name, [])) >= max(size.low, 1):
            fits.append((shape, size))
    if not fits:
        plan.faults.append(Fault(wish.line, f"no disk has room for {wish.holds} on any"))
    elif len(fits) == 1:
        shape, size = fits[0]
        told = "any slice that is free"
        item = Item(None, wish.holds, wish.line, size, note=told)
        plan.items.setdefault(shape.name, []).append(item)
    else:
        for shape, size in fits:
            maybe = Item(None, wish.holds, wish.line, Range(0, size.high), maybe=True)
            plan.items.setdefault(shape.name, []).append(maybe)
        low = min(s.mb(size.low) for s, size in fits)
        mb = Range(low, max(s.mb(size.high) for s, size in fits))
        mb = exactly(wish.size.count) if wish.size.kind is Kind.MB else mb
        names = tuple(shape.name for shape, _ in fits)
        plan.anywhere.append(Anywhere(names, mb, wish.holds))


def _add_the_rest(
    how: str, line: int, wishes: Sequence[Wish], context: _Context, plan: Plan
) -> None:
    """The root that must be, and what ``partitioning default`` makes of itself."""
    has_root = any(wish.holds == "/" for wish in wishes)
    if how == "explicit":
        if not has_root:
            plan.faults.append(Fault(line, "partitioning explicit, and no filesys line for /"))
        return
    shape = context.shapes.get(context.rootdisk)
    if how != "default" or shape is None:
        return
    plan.unordered.add(shape.name)
    items = plan.items.setdefault(shape.name, [])
    told = "made by partitioning default"
    if not has_root:
        items.append(Item(None, "/", 0, Range(1, shape.cylinders), note=told))
    if not any(wish.holds == "swap" for wish in wishes):
        items.append(Item(None, "swap", 0, _swap(shape, context, plan), note=told))
    plan.notes.append(
        "partitioning default: which further file systems are made, and how large, depends on "
        "the software; what the profile names is as shown, the rest within the ranges"
    )
