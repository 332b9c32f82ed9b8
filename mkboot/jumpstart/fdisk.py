# SPDX-License-Identifier: Apache-2.0
"""The fdisk partitions of a PC's disks, as far as a HOST file lets one know.

What partitions there are now is not described, so all that can be proved is what a profile
makes on a disk that has none (facts/media-jumpstart 3.2: the lines are carried out in
order; without any, ``fdisk all solaris maxfree``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mkboot.jumpstart.model import ProfileLine
from mkboot.jumpstart.placing import Fault
from mkboot.jumpstart.sizes import ALTERNATES, MB, SECTOR, DiskShape
from mkboot.model.hostfile import HostDisk

#: Cylinder 0 of the disk holds the master boot record.
_FIRST = 1
#: Cylinders at the front of a Solaris partition: slice 8 (boot); on ATA disks slice 9, too.
BOOT, ALTERNATE_SLICE = 1, 2


@dataclass(slots=True)
class _Disk:
    """A disk while the lines are carried out: cylinders in partitions by their kind."""

    cylinder: int
    cylinders: int
    parts: list[tuple[str, int]] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.cylinders - _FIRST - sum(count for _, count in self.parts)


@dataclass(frozen=True, slots=True)
class Partitions:
    """What the Solaris partition of each disk gives to slices; disks without one are absent."""

    shapes: tuple[DiskShape, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def partition_disks(
    lines: Sequence[ProfileLine], disks: Sequence[HostDisk], rootdisk: str
) -> Partitions:
    """Carry out the fdisk lines of a profile on disks that are taken to be empty."""
    state = {
        d.name: _Disk(d.heads * d.sectors, d.bytes // SECTOR // (d.heads * d.sectors))
        for d in disks
    }
    wanted = [(line.line, line.values) for line in lines if len(line.values) == 3]
    faults: list[Fault] = []
    for number, (where, kind, size) in wanted or [(0, ("all", "solaris", "maxfree"))]:
        names = list(state) if where == "all" else [rootdisk if where == "rootdisk" else where]
        for name in names:
            if name not in state:
                faults.append(Fault(number, f"the machine has no disk {name}"))
                continue
            faults += _carry_out(name, state[name], kind, size, number)
    shapes = tuple(s for name, disk in state.items() if (s := _shape(name, disk)))
    told = "fdisk partitions that are there now are not described, and taken to be none"
    return Partitions(shapes, tuple(faults), (told,))


def _carry_out(name: str, disk: _Disk, kind: str, size: str, line: int) -> list[Fault]:
    if size in ("delete", "0"):
        disk.parts = [part for part in disk.parts if part[0] != kind]
        return []
    if size == "all":
        disk.parts = [(kind, disk.cylinders - _FIRST)]
        return []
    if kind == "solaris" and any(part[0] == kind for part in disk.parts):
        return [Fault(line, f"{name} would have two Solaris partitions")]
    count = disk.left
    if size != "maxfree":
        if not re.fullmatch(r"\d{1,9}", size):
            return []
        count = -(-int(size) * MB // (disk.cylinder * SECTOR))
    if count < 1 or count > disk.left:
        return [Fault(line, f"a partition of {count} cylinders does not fit {name}, which has "
                            f"{disk.left} left")]  # fmt: skip
    disk.parts.append((kind, count))
    return []


def _shape(name: str, disk: _Disk) -> DiskShape | None:
    """The label inside the Solaris partition."""
    count = next((count for kind, count in disk.parts if kind == "solaris"), None)
    if count is None:
        return None
    reserved = reserved_cylinders(name)
    if count - ALTERNATES <= reserved:
        return None
    return DiskShape(name, disk.cylinder, count - ALTERNATES, reserved)


def reserved_cylinders(name: str) -> int:
    """What slices 8 and 9 take: an ATA disk (a name without target) has both."""
    return BOOT if "t" in name else BOOT + ALTERNATE_SLICE
