# SPDX-License-Identifier: Apache-2.0
"""What storage commands must remember from call to call, as long as the machine runs."""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.formats.ufsdump import Dump
from mkboot.rehearsal.hardware import Unit
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.mounts import Mount
from mkboot.rehearsal.names import DeviceRef
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.tree.filetree import FileTree


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap area: the name it was given by, the slice or the file, 512-byte blocks."""

    name: bytes
    device: DeviceRef | None
    file: Path | None
    blocks: int


@dataclass(slots=True)
class Restored:
    """What ``ufsrestore r`` has put into a directory so far: where restoresymtable lies, and
    all its dumps in order, and the tree that they make.
    """

    symbols: Path
    dumps: tuple[Dump, ...]
    tree: FileTree


@dataclass(slots=True)
class StorageState:
    """``swaps`` in the order of adding; ``restored`` by the identity of restoresymtable;
    ``dump_device`` is what dumpadm was told.
    """

    root: Mount | None = None
    swaps: list[Swap] = field(default_factory=list)
    restored: dict[tuple[int, int], Restored] = field(default_factory=dict)
    dump_device: bytes = b""
    savecore: bytes = b"yes"


_STATES: weakref.WeakKeyDictionary[Machine, StorageState] = weakref.WeakKeyDictionary()


def state_of(machine: Machine) -> StorageState:
    """The state of this boot: another root file system is another boot, and all is new."""
    root = machine.mounts.at(b"/")
    state = _STATES.get(machine)
    if state is None or state.root is not root:
        state = StorageState(root)
        _STATES[machine] = state
    return state


def spool_directory(machine: Machine) -> Path:
    """Where much data may lie for a while: beside the disk images."""
    disks = machine.disks
    return disks[0].image.parent if disks else machine.work


def units_of(machine: Machine) -> tuple[Unit, ...]:
    """All disks and drives."""
    return (*machine.disks, *machine.drives)


def device_number(machine: Machine, ref: DeviceRef) -> int:
    """A device's number as mnttab has it: the driver sd (32), its instance and the slice."""
    instance = units_of(machine).index(ref.unit)
    return 32 << 18 | instance * 8 + ref.slice


def mounted_ufs(machine: Machine) -> list[tuple[Mount, MountedUfs]]:
    """The mounted file systems that are written to disks."""
    return [(m, m.flush) for m in machine.mounts if isinstance(m.flush, MountedUfs)]


def go_down_in_order(machine: Machine) -> None:
    """The kernel will write and unmount all: the file systems will be clean.

    To be called before all processes are ended.
    """
    for _, ufs in mounted_ufs(machine):
        ufs.deactivate()
    state_of(machine).swaps.clear()


def holds_swap(machine: Machine, directory: Path) -> bool:
    """Whether a swap file lies in a directory or below."""
    return any(s.file is not None and s.file.is_relative_to(directory)
               for s in state_of(machine).swaps)  # fmt: skip


def identity_of(path: Path) -> tuple[int, int]:
    """Device and inode of a file; ``OSError`` where there is none."""
    st = os.lstat(path)
    return st.st_dev, st.st_ino
