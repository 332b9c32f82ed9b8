# SPDX-License-Identifier: Apache-2.0
"""How storage commands reach what they work on: from a name to a disk, a drive, a mount."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkboot.rehearsal.call import Call
from mkboot.rehearsal.hardware import DeviceError, Unit
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.mounts import Mount
from mkboot.rehearsal.names import DeviceRef, device_at
from mkboot.rehearsal.paths import join_inside
from mkboot.rehearsal.storagestate import state_of, units_of

_SHORT = re.compile(rb"c\d+(t[0-9A-F]+)?d\d+s[0-7]")


def device_of(call: Call, name: bytes) -> DeviceRef | None:
    """The device that a name leads to, None for what is none; ``OSError`` where nothing is."""
    return device_named(call.machine, join_inside(call.cwd, name))


def device_named(machine: Machine, name: bytes) -> DeviceRef | None:
    """The same of an absolute name."""
    path = machine.resolve(name)
    path.lstat()
    return device_at(units_of(machine), machine.inside(path))


def raw_name(name: bytes) -> bytes:
    """A block device's name turned into its raw name, as the commands do it; others as is.

    A short name (``c0t0d0s0``) becomes that in /dev/rdsk.
    """
    if _SHORT.fullmatch(name):
        return b"/dev/rdsk/" + name
    return re.sub(rb"/dsk/", b"/rdsk/", name, count=1)


def block_name(name: bytes) -> bytes:
    """A raw device's name turned into its block name."""
    return re.sub(rb"/rdsk/", b"/dsk/", name, count=1)


def mounts_of(machine: Machine, unit: Unit, slice_: int | None = None) -> Iterator[Mount]:
    """What is mounted of a unit (or of one of its slices), the last mounted first."""
    for mount in reversed(machine.mounts.rows):
        ref = device_of_mount(machine, mount)
        if ref is not None and ref.unit is unit and slice_ in (None, ref.slice):
            yield mount


def device_of_mount(machine: Machine, mount: Mount) -> DeviceRef | None:
    """The device that a mounted file system lies on, None for one that lies on none."""
    if not mount.special.startswith(b"/") or mount.type == b"lofs":
        return None
    try:
        found = device_named(machine, mount.special)
    except OSError:
        found = None
    return found or device_at(units_of(machine), mount.special)


def swap_slices(machine: Machine, unit: Unit) -> Iterator[int]:
    """The slices of a unit that are swapped on."""
    for swap in state_of(machine).swaps:
        if swap.device is not None and swap.device.unit is unit:
            yield swap.device.slice


def reason_of(error: OSError) -> bytes:
    """Solaris' text for an error."""
    return DeviceError.text_of(error.errno or 0).encode()
