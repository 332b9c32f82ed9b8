# SPDX-License-Identifier: Apache-2.0
"""swap, dumpadm, and what metadb and metastat say on a system of plain slices."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, refuse, tell
from mkboot.rehearsal.commands.reach import device_of, mounts_of, reason_of, swap_slices
from mkboot.rehearsal.hardware import DeviceError, Disk
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import kernel_mount
from mkboot.rehearsal.names import DeviceRef
from mkboot.rehearsal.storagestate import Swap, device_number, state_of

_SECTOR = 512
#: The first page of a swap area is left alone, in blocks.
_PAGE = 16
_REMOUNT = 32
_STICKY = 0o1000


def swap(call: Call, matched: Matched) -> Outcome:
    """List, sum up, add, delete."""
    name = matched.value("a") or matched.value("d")
    if matched.form.id == "list":
        return _list(call, matched)
    if matched.form.id == "summary":
        return _summary(call, matched)
    assert name is not None
    if not name.startswith(b"/"):
        return refuse(call, matched, "not absolute")
    try:
        path = call.resolve(name)
        path.lstat()
    except OSError:
        return refuse(call, matched, "no such file", file=name)
    if matched.form.id == "delete":
        return _delete(call, matched, name)
    return _add(call, matched, name, path)


def _add(call: Call, matched: Matched, name: bytes, path: Path) -> Exit:
    ref = device_of(call, name)
    try:
        found = _area(call, name, ref, path)
    except DeviceError as e:
        return refuse(call, matched, "refused", file=name, reason=reason_of(e))
    if found is None:
        return refuse(call, matched, "not valid", file=name)
    state = state_of(call.machine)
    if any((s.device, s.file) == (found.device, found.file) for s in state.swaps):
        return refuse(call, matched, "overlapping")
    if ref is not None:
        if ref.slice in swap_slices(call.machine, ref.unit):
            return refuse(call, matched, "overlapping")
        if any(mounts_of(call.machine, ref.unit, ref.slice)):
            if call.machine.release == "10":
                return refuse(call, matched, "in use", file=name)
            return refuse(call, matched, "refused", file=name, reason=b"Device busy")
    state.swaps.append(found)
    _resize_tmpfs(call.machine, found.blocks * _SECTOR)
    return Exit(0)


def _area(call: Call, name: bytes, ref: DeviceRef | None, path: Path) -> Swap | None:
    """The area that a name stands for, None for what is not valid."""
    if ref is not None:
        if ref.raw or not isinstance(ref.unit, Disk):
            return None
        blocks = ref.unit.window(ref.slice).size // _SECTOR - _PAGE
        return Swap(name, ref, None, blocks) if blocks > 0 else None
    st = path.lstat()
    node = call.machine.shadow.look(path)
    if not stat.S_ISREG(st.st_mode) or not node.mode & _STICKY:
        return None
    return Swap(name, None, path, st.st_size // _SECTOR - _PAGE)


def _delete(call: Call, matched: Matched, name: bytes) -> Exit:
    state = state_of(call.machine)
    for found in state.swaps:
        if found.name == name:
            state.swaps.remove(found)
            _resize_tmpfs(call.machine, -found.blocks * _SECTOR)
            return Exit(0)
    return refuse(call, matched, "refused", file=name, reason=b"Invalid argument")


def _resize_tmpfs(machine: Machine, difference: int) -> None:
    """The tmpfs have their room in memory and swap: more swap, more room."""
    for mount in machine.mounts:
        if mount.type == b"tmpfs" and b"size=" not in mount.options:
            st = os.statvfs(mount.target)
            size = st.f_blocks * st.f_frsize + difference
            kernel_mount("", mount.target, "", _REMOUNT, f"mode=1777,size={max(size, 1 << 20)}")


def _list(call: Call, matched: Matched) -> Exit:
    swaps = state_of(call.machine).swaps
    if not swaps:
        return refuse(call, matched, "no devices")
    tell(call, matched, "heading")
    for found in swaps:
        number = device_number(call.machine, found.device) if found.device else 0
        tell(
            call, matched, "row",
            file=found.name.ljust(19) + b" ",
            major=b"%3d" % (number >> 18),
            minor=b"%-2d" % (number & 0x3FFFF),
            low=b" %7d" % _PAGE,
            blocks=b" %8d" % found.blocks,
            free=b" %8d" % found.blocks,
        )  # fmt: skip
    return Exit(0)


def _summary(call: Call, matched: Matched) -> Exit:
    swaps = sum(s.blocks for s in state_of(call.machine).swaps) * _SECTOR >> 10
    allocated, reserved = 8192, 2048
    available = swaps + (call.machine.spec.memory_mb << 10) * 3 // 4 - allocated - reserved
    return refuse(
        call, matched, "total",
        allocated=b"%d" % allocated, reserved=b"%d" % reserved,
        used=b"%d" % (allocated + reserved), available=b"%d" % available,
    )  # fmt: skip


def dumpadm(call: Call, matched: Matched) -> Outcome:
    """Show or set the dump device; what is set is shown too."""
    state = state_of(call.machine)
    device = matched.value("d")
    if device is not None and device != b"swap":
        try:
            if device_of(call, device) is None:
                raise OSError(0, "")
        except OSError as e:
            reason = reason_of(e) if e.errno else b"Invalid argument"
            return refuse(call, matched, "no device", device=device, reason=reason)
    if device is not None:
        state.dump_device = device
    if matched.has("n") or matched.has("y"):
        state.savecore = b"no" if matched.has("n") else b"yes"
    first = next((s.name for s in state.swaps if s.device is not None), b"none configured")
    shown = first + b" (swap)" if state.dump_device in (b"", b"swap") else state.dump_device
    directory = matched.value("s") or b"/var/crash/" + call.machine.spec.hostname.encode()
    words = {"device": shown, "directory": directory, "enabled": state.savecore}
    return refuse(call, matched, "state", **words)


def meta(call: Call, matched: Matched) -> Outcome:
    """metadb and metastat where no metadevices are: all that a restored plain system has."""
    return refuse(call, matched, "none", host=call.machine.spec.hostname.encode())


HANDLERS: Mapping[str, Handler] = {
    "swap": swap, "dumpadm": dumpadm, "metadb": meta, "metastat": meta,
}  # fmt: skip
