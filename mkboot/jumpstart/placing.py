# SPDX-License-Identifier: Apache-2.0
"""The slices of one disk: what stands where the profile says, the rest behind one another.

Slices with a size go, in the order of the profile's lines, each into the first gap that has
room; a ``free`` one takes the largest gap that is left.  The manuals do not say so, but
every example of theirs reads like it.  A size that is known as a range makes ranges of what
depends on it: never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mkboot.jumpstart.sizes import DiskShape, Range, exactly

#: Slices that hold nothing of their own, so that others may lie on them.
TRANSPARENT = ("overlap", "ignore")


@dataclass(frozen=True, slots=True)
class Item:
    """A slice to be placed, in cylinders.

    ``start`` is None where it goes wherever there is room; ``free``: it takes what is left;
    ``maybe``: it may lie on another disk instead, and is not shown here.
    """

    number: int | None
    holds: str
    line: int
    size: Range = field(default_factory=lambda: Range(0, 0))
    start: int | None = None
    free: bool = False
    maybe: bool = False
    note: str = ""

    @property
    def transparent(self) -> bool:
        """Whether others may lie on it."""
        return self.holds in TRANSPARENT


@dataclass(frozen=True, slots=True)
class Placed:
    """A slice as it will be; ``note`` says more of it."""

    number: int | None
    start: Range
    cylinders: Range
    holds: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a slice cannot be as it is wanted, by the profile's line."""

    line: int
    message: str


@dataclass(slots=True)
class _Gap:
    """A run of cylinders that nothing stands on, and what is put there."""

    start: int
    size: int
    items: list[Item] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.size - sum(item.size.low for item in self.items)


def place(
    shape: DiskShape, items: Sequence[Item], *, ordered: bool
) -> tuple[list[Placed], list[Fault]]:
    """Lay a disk out.

    ``ordered`` is False where the installer adds slices of its own, so that nobody knows
    which comes first.
    """
    faults = [fault for item in items if (fault := _off_the_disk(shape, item))]
    bad = {fault.line for fault in faults}
    fixed = [i for i in items if i.start is not None and i.line not in bad]
    faults += _overlaps([i for i in fixed if not i.transparent])
    gaps = _gaps(shape, [i for i in fixed if not i.transparent])
    for item in items:
        if item.start is None and not item.free:
            faults += _put(shape, item, gaps)
    for item in items:
        if item.free:
            faults += _put(shape, item, gaps)
    placed = [_fixed(item) for item in fixed]
    for gap in gaps:
        placed += _spread(gap, ordered=ordered)
    return placed, faults


def room_left(shape: DiskShape, items: Sequence[Item]) -> int:
    """Cylinders of the largest gap when all that has a size is in its place."""
    gaps = _gaps(shape, [i for i in items if i.start is not None and not i.transparent])
    for item in items:
        if item.start is None and not item.free:
            _put(shape, item, gaps)
    return max((gap.left for gap in gaps), default=0)


def _fixed(item: Item) -> Placed:
    return Placed(item.number, exactly(item.start or 0), item.size, item.holds, item.note)


def _off_the_disk(shape: DiskShape, item: Item) -> Fault | None:
    if item.start is None:
        return None
    end = item.start + item.size.high
    if end > shape.cylinders:
        return Fault(
            item.line,
            f"{item.holds} would be cylinders {item.start} to {end - 1}, "
            f"but {shape.name} has {shape.cylinders} (0 to {shape.cylinders - 1})",
        )
    if item.start < shape.reserved and not item.transparent:
        return Fault(
            item.line,
            f"{item.holds} begins at cylinder {item.start}, but the first {shape.reserved} of "
            f"{shape.name} are the boot slice's",
        )
    return None


def _overlaps(items: Sequence[Item]) -> list[Fault]:
    found = []
    ordered = sorted(items, key=lambda i: (i.start or 0, i.line))
    for at, one in enumerate(ordered):
        for two in ordered[at + 1 :]:
            if (two.start or 0) >= (one.start or 0) + one.size.high:
                break
            if one.size.high and two.size.high:
                text = f"{one.holds} (slice {one.number}) and {two.holds} (slice {two.number})"
                found.append(Fault(max(one.line, two.line), f"{text} lie on the same cylinders"))
    return found


def _gaps(shape: DiskShape, fixed: Sequence[Item]) -> list[_Gap]:
    """What the fixed slices leave, from the first cylinder that may be used."""
    gaps = []
    at = shape.reserved
    for item in sorted(fixed, key=lambda i: i.start or 0):
        start = item.start or 0
        if start > at:
            gaps.append(_Gap(at, start - at))
        at = max(at, start + item.size.high)
    if at < shape.cylinders:
        gaps.append(_Gap(at, shape.cylinders - at))
    return gaps


def _put(shape: DiskShape, item: Item, gaps: Sequence[_Gap]) -> list[Fault]:
    """Into the first gap with room; a free one into the largest."""
    if item.free:
        gap = max(gaps, key=lambda g: g.left, default=None)
        if gap is not None and gap.left > 0:
            gap.items.append(item)
            return []
        return [Fault(item.line, f"nothing is left of {shape.name} for {item.holds}")]
    gap = next((g for g in gaps if g.left >= item.size.low), None)
    if gap is not None:
        gap.items.append(item)
        return []
    left = max((g.left for g in gaps), default=0)
    need = f"{item.size.low} cylinders ({shape.mb(item.size.low)} MB)"
    return [] if item.maybe else [
        Fault(
            item.line,
            f"{item.holds} needs {need} of {shape.name}, "
            f"but {left} ({shape.mb(left)} MB) are left",
        )
    ]  # fmt: skip


def _spread(gap: _Gap, *, ordered: bool) -> list[Placed]:
    """Starts and sizes in a gap: exact while all before is, else as ranges.

    The lows of all fit; each may grow up to its high while the lows of the others stay.
    """
    ends = {id(i): _bounds(gap, i) for i in gap.items}
    lows = {key: size.low for key, size in ends.items()}
    found = []
    for at, item in enumerate(gap.items):
        size = ends[id(item)]
        before = gap.items[:at]
        behind = sum(lows[id(i)] for i in gap.items[at:])
        low = sum(lows[id(i)] for i in before)
        high = min(sum(ends[id(i)].high for i in before), gap.size - behind)
        start = Range(gap.start + low, gap.start + high)
        if not ordered and len(gap.items) > 1:
            start = Range(gap.start, gap.start + gap.size - size.low)
        if not item.maybe:
            found.append(Placed(item.number, start, size, item.holds, item.note))
    return found


def _bounds(gap: _Gap, item: Item) -> Range:
    """How large an item can be next to the others of its gap."""
    others = [i for i in gap.items if i is not item]
    room = gap.size - sum(0 if i.maybe else _least(i) for i in others)
    if not item.free:
        low = 0 if item.maybe else item.size.low
        return Range(low, max(low, min(item.size.high, room)))
    taken = sum(_bounds_high(gap, i) for i in others)
    return Range(max(1, gap.size - taken), max(1, room))


def _least(item: Item) -> int:
    return 1 if item.free else item.size.low


def _bounds_high(gap: _Gap, item: Item) -> int:
    """The most that an item beside a free one takes."""
    others = sum(0 if i.maybe else _least(i) for i in gap.items if i is not item)
    return 1 if item.free else max(item.size.low, min(item.size.high, gap.size - others))
