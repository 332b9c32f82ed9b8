# SPDX-License-Identifier: Apache-2.0
"""The host behind a job's disk images: its disks, which of their slices is its root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mkboot.errors import CallerError, InputError
from mkboot.formats.label import TAG_ROOT
from mkboot.formats.ufs import UfsVolume
from mkboot.model.job import SourceDisk
from mkboot.model.system import Release
from mkboot.system.disks import OpenDisk, open_disk, slice_name, split_slice_name
from mkboot.system.inventory import host_name, release_of
from mkboot.system.vfstab import VfstabEntry, parse_vfstab, swap_slices, ufs_mounts
from mkboot.tree.filetree import FileTree, read_text

#: What to do about a file system that was not left in order.
CLEAN_HINT = (
    "boot the host and shut it down cleanly (a logging file system: mount it without logging "
    "once, or lockfs -f it before)"
)


@dataclass(frozen=True, slots=True)
class Host:
    """An open host.

    ``mounts`` are the ufs mounts on plain slices; the root is among them.  ``other_roots``
    are slices that say they are the root, too.
    """

    disks: tuple[OpenDisk, ...]
    root_slice: str
    root: FileTree
    vfstab: bytes
    entries: tuple[VfstabEntry, ...]
    mounts: dict[str, VfstabEntry]
    name: str
    release: Release
    other_roots: tuple[str, ...] = ()

    def disk(self, name: str) -> OpenDisk:
        """The disk of that name; ``CallerError`` if the job has none."""
        for disk in self.disks:
            if disk.name == name:
                return disk
        raise CallerError(f"the job has no disk {name}")

    def volume(self, slice_: str) -> UfsVolume:
        """The UFS in a slice; ``InputError`` if it holds none."""
        name, number = split_slice_name(slice_)
        volume = self.disk(name).volumes.get(number)
        if volume is None:
            raise InputError(f"{slice_} holds no UFS")
        return volume

    def volumes(self) -> list[tuple[str, UfsVolume]]:
        """Every slice that holds a UFS and is not swapped on, in the order of disks and numbers."""
        swap = self.swap
        return [
            (slice_name(disk.name, number), volume)
            for disk in self.disks
            for number, volume in sorted(disk.volumes.items())
            if slice_name(disk.name, number) not in swap
        ]

    @property
    def swap(self) -> tuple[str, ...]:
        """The slices that the host swaps on."""
        return swap_slices(self.entries)


def open_host(sources: Sequence[SourceDisk]) -> Host:
    """Open all disks and find the root.

    Raises ``InputError`` when no slice holds a root file system, ``CallerError`` when a
    disk is named twice.
    """
    names = [s.disk for s in sources]
    if len(set(names)) != len(names):
        raise CallerError("a disk is named twice")
    disks = tuple(open_disk(s.disk, s.path) for s in sources)
    found, others = _find_root(disks)
    root_slice, root, vfstab = found.slice, found.tree, found.vfstab
    entries = parse_vfstab(vfstab)
    mounts = {n: e for n, e in ufs_mounts(entries).items() if _has_ufs(disks, n)}
    if not any(e.mount == b"/" for e in mounts.values()):
        root_entry = next((e for e in entries if e.mount == b"/"), None)
        device = root_entry.device if root_entry else b""
        options = root_entry.options if root_entry else b""
        mounts[root_slice] = VfstabEntry(device, b"", b"/", b"ufs", b"1", b"no", options)
    var = next((s for s, e in mounts.items() if e.mount == b"/var"), None)
    var_tree = _volume(disks, var).tree() if var else None
    return Host(
        disks, root_slice, root, vfstab, entries, mounts,
        host_name(root) or "unnamed", release_of(root, var_tree), others,
    )  # fmt: skip


def _volume(disks: Sequence[OpenDisk], slice_: str) -> UfsVolume:
    name, number = split_slice_name(slice_)
    return next(d for d in disks if d.name == name).volumes[number]


def _has_ufs(disks: Sequence[OpenDisk], slice_: str) -> bool:
    return any(slice_ == slice_name(d.name, number) for d in disks for number in d.volumes)


@dataclass(frozen=True, slots=True)
class _Root:
    """A slice that could be the root, its files, and its vfstab."""

    slice: str
    tree: FileTree
    vfstab: bytes


def _find_root(disks: Sequence[OpenDisk]) -> tuple[_Root, tuple[str, ...]]:
    """The slice whose /etc/vfstab mounts that very slice on /, and others that do.

    A root on a metadevice has no such line: then the one slice that has a vfstab at all
    counts.
    """
    sure: list[_Root] = []
    candidates: list[_Root] = []
    for disk, number in _by_likelihood(disks):
        name = slice_name(disk.name, number)
        tree = disk.volumes[number].tree()
        vfstab = read_text(tree, b"/etc/vfstab")
        if vfstab is None:
            continue
        mounts = ufs_mounts(parse_vfstab(vfstab))
        if name in mounts and mounts[name].mount == b"/":
            sure.append(_Root(name, tree, vfstab))
        elif not any(e.mount == b"/" for e in mounts.values()):
            candidates.append(_Root(name, tree, vfstab))
    if sure:
        return sure[0], tuple(r.slice for r in sure[1:])
    if not candidates:
        raise InputError(
            "none of the disks holds a root file system (a UFS whose /etc/vfstab mounts it on /)",
            hint="give every disk of the host, each by the name it has there: c0t0d0=FILE",
        )
    if len(candidates) > 1:
        names = ", ".join(r.slice for r in candidates)
        raise InputError(
            f"several slices could be the root: {names}",
            hint="give one disk of the mirror only",
        )
    return candidates[0], ()


def _by_likelihood(disks: Sequence[OpenDisk]) -> list[tuple[OpenDisk, int]]:
    slices = [(disk, number) for disk in disks for number in sorted(disk.volumes)]
    return sorted(slices, key=lambda s: (s[0].label.entry(s[1]).tag != TAG_ROOT, s[1]))
