# SPDX-License-Identifier: Apache-2.0
"""The lines of vfstab that mount a UFS, and mounting what no script looks into any more."""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.ufs import UfsVolume, looks_like_ufs, open_ufs
from mkboot.rehearsal.hardware import DeviceError, Disk, SliceWindow
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.names import device_at
from mkboot.rehearsal.starting import units
from mkboot.rehearsal.ufsstate import is_clean, mark_active, mark_clean
from mkboot.tree.filetree import FileTree

_VFSTAB_MAX = 1 << 18

REPAIRED = "an unclean / (or /usr, /var) is repaired by fsck -o p at boot"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of vfstab that mounts a UFS."""

    device: bytes
    point: bytes
    at_boot: bool


def read_vfstab(tree: FileTree) -> list[Entry]:
    """The lines of /etc/vfstab, none where there is no such file."""
    node = tree.node_at(b"/etc/vfstab")
    text = node.content.read(0, _VFSTAB_MAX) if node is not None else b""
    rows = [line.split() for line in text.splitlines() if not line.startswith(b"#")]
    return [
        Entry(row[0], row[2], row[5] == b"yes")
        for row in rows
        if len(row) == 7 and row[3] == b"ufs"
    ]


def device_of(machine: Machine, name: bytes) -> tuple[Disk, int] | None:
    """The disk and slice that a name in vfstab leads to."""
    try:
        inside = machine.inside(machine.resolve(name))
    except OSError:
        return None
    found = device_at(units(machine), inside)
    return (found.unit, found.slice) if found and isinstance(found.unit, Disk) else None


def mount_unseen(machine: Machine, entry: Entry, mounted: dict[bytes, UfsVolume]) -> str:
    """Mount a line that no script looks into any more, so that nothing is laid out; what is
    wrong, or an empty text.

    ``mounted`` are those that were mounted so before: a mount point may lie in one of them.
    """
    words = f"{shown(entry.point)} ({shown(entry.device)})"
    found = device_of(machine, entry.device)
    if found is None:
        return f"{words} cannot be mounted: there is no such device"
    try:
        window = found[0].window(found[1])
        if not looks_like_ufs(window):
            return f"{words} cannot be mounted: it holds no file system"
        if not _is_directory(machine, entry.point, mounted):
            return f"{words} cannot be mounted: there is no such directory"
        repair(machine, window)
        mounted[entry.point] = open_ufs(window)
        mark_active(window, entry.point)
        mark_clean(window)
    except (DeviceError, InputError, OSError) as e:
        return f"{words} cannot be mounted: {e}"
    return ""


def _is_directory(machine: Machine, point: bytes, mounted: dict[bytes, UfsVolume]) -> bool:
    above = [p for p in mounted if point.startswith(p.rstrip(b"/") + b"/")]
    if not above:
        return machine.resolve(point).is_dir()
    nearest = max(above, key=len)
    node = mounted[nearest].tree().node_at(point.removeprefix(nearest.rstrip(b"/")))
    return node is not None and node.is_directory


def repair(machine: Machine, window: SliceWindow) -> None:
    """What fsck does at boot where a slice was left unclean."""
    if not is_clean(window):
        machine.assumed.add(REPAIRED)
        mark_clean(window)


def shown(name: bytes) -> str:
    """A name from vfstab for people."""
    return name.decode("latin-1")
