# SPDX-License-Identifier: Apache-2.0
"""Boot blocks that the user has: in a file, in another disc's image, in one slice of it."""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.bootblock import BOOT_AREA, BootBlockKind, recognise, take_out
from mkboot.media.medium import Medium
from mkboot.media.openslice import USUAL_BOOT_SLICES

#: Which kind of boot block a slice usually has, and for which machines.
USUAL = {s.slice: s for s in USUAL_BOOT_SLICES}


@dataclass(frozen=True, slots=True)
class Donor:
    """A boot block; ``slice`` is the one it had on the disc it is from, where that is known."""

    block: bytes
    kind: BootBlockKind
    said: str
    slice: int | None = None

    def fits(self, number: int) -> bool:
        """Whether it may go into slice ``number``."""
        usual = USUAL.get(number)
        if self.slice is not None:
            return self.slice == number
        return usual is not None and usual.kind == self.kind


def donors_in(medium: Medium, said: str) -> tuple[Donor, ...]:
    """All boot blocks of a file or image.  ``InputError`` where there are none."""
    found = [
        Donor(each.boot_block, each.boot_kind, f"slice {each.number} of {said}", each.number)
        for each in medium.slices
        if each.number > 0 and each.boot_block is not None and each.boot_kind is not None
    ]
    if not found:
        block = _alone(medium)
        kind = recognise(block) if block is not None else None
        if block is None or kind is None:
            raise InputError("there is no boot block in it", place=(said,))
        found = [Donor(block, kind, said)]
    return tuple(found)


def _alone(medium: Medium) -> bytes | None:
    """The boot block that a small file is, or that of a slice."""
    data = medium.source.pread(0, BOOT_AREA + 1)
    if recognise(data) is not None and not any(medium.source.pread(BOOT_AREA, 1 << 20)):
        return data[:BOOT_AREA]
    return take_out(medium.source)


def choose(donors: tuple[Donor, ...], number: int) -> Donor | None:
    """The boot block for a slice: one that had that very number goes before one of its kind."""
    fitting = [d for d in donors if d.fits(number)]
    return min(fitting, key=lambda d: d.slice is None, default=None)
