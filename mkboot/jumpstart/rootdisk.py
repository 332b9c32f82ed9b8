# SPDX-License-Identifier: Apache-2.0
"""Which disk a profile calls ``rootdisk``, in the order of the manuals' table.

Source: "How the System's Root Disk Is Determined" of the Solaris 8, 9 and 10 guides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mkboot.jumpstart.machine import Machine, root_slice
from mkboot.jumpstart.model import Profile
from mkboot.jumpstart.placing import Fault
from mkboot.jumpstart.wishes import ROOTDISK, Wish, parse_slice
from mkboot.model.hostfile import HostDisk


@dataclass(frozen=True, slots=True)
class RootDisk:
    """The disk, empty if there is none, and by which line of the table it is chosen."""

    name: str
    why: str
    faults: tuple[Fault, ...] = ()


def find_rootdisk(
    profile: Profile, wishes: Sequence[Wish], machine: Machine, usable: Sequence[HostDisk]
) -> RootDisk:
    """Go through the table; ``usable`` are the disks that usedisk and dontuse leave."""
    named = next(_named(profile, wishes), None)
    if named is not None:
        line, disk, why = named
        faults = () if machine.disk(disk) else (Fault(line, f"the machine has no disk {disk}"),)
        return RootDisk(disk, why, faults)
    for number in (w.number for w in wishes if w.disk == ROOTDISK):
        for each in machine.host.disks:
            if each.installed and root_slice(each) == f"{each.name}s{number}":
                return RootDisk(each.name, f"has an installed root on {root_slice(each)}")
    if _partitioning(profile) == "existing":
        return _only_root(profile, machine)
    return _first(machine, usable)


def _partitioning(profile: Profile) -> str:
    return next((ln.values[0] for ln in profile.all("partitioning") if ln.values), "default")


def _named(profile: Profile, wishes: Sequence[Wish]) -> Iterator[tuple[int, str, str]]:
    """The disks that the profile itself names, the weightiest line first."""
    for keyword in ("root_device", "boot_device"):
        for line in profile.all(keyword):
            word = line.values[0] if line.values else "any"
            place = parse_slice(word) or parse_slice(f"{word}s0")
            if place and place[0] and place[0] != ROOTDISK and word != "existing":
                yield line.line, place[0], f"{keyword} {word}"
    for wish in wishes:
        if wish.holds == "/" and wish.disk not in ("", ROOTDISK):
            yield wish.line, wish.disk, f"filesys {wish.name} is /"


def _only_root(profile: Profile, machine: Machine) -> RootDisk:
    """``partitioning existing``: exactly one disk must have a root."""
    line = next(ln.line for ln in profile.all("partitioning"))
    found = [d.name for d in machine.host.disks if d.installed]
    if len(found) == 1:
        return RootDisk(found[0], "has the installed root")
    have = f"roots on {', '.join(found)}" if found else "no disk with an installed root"
    text = f"partitioning existing wants one installed root, the machine has {have}"
    return RootDisk(found[0] if found else "", "", (Fault(line, text),))


def _first(machine: Machine, usable: Sequence[HostDisk]) -> RootDisk:
    """Where / is laid: the disk that comes first, as the rules count."""
    preferred = machine.rootdisk
    if preferred is not None and preferred in usable:
        return RootDisk(preferred.name, "the first choice of the machine's disks")
    if usable:
        return RootDisk(usable[0].name, "the first disk that may be used")
    return RootDisk("", "", (Fault(0, "the machine has no disk that may be used"),))
