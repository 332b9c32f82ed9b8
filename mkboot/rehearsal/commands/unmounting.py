# SPDX-License-Identifier: Apache-2.0
"""umount, mountall, sync."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.ufs import looks_like_ufs
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, refuse, tell
from mkboot.rehearsal.commands.labels import vfstab
from mkboot.rehearsal.commands.reach import device_named, device_of_mount
from mkboot.rehearsal.hardware import DeviceError, Disk, Drive
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import Busy, Mount
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.storagestate import holds_swap, mounted_ufs
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.rehearsal.ufsstate import is_clean


def umount(call: Call, matched: Matched) -> Outcome:
    """Unmount by mount point or by device; what was changed is written to the slice."""
    (name,) = matched.operands
    machine = call.machine
    mount = _find(call, name)
    if mount is None:
        return refuse(call, matched, "not mounted", mount=name)
    tell(call, matched, "what keeps it busy")
    try:
        if mount.point == b"/" or holds_swap(machine, mount.target):
            raise Busy(mount.point)
        unmount(machine, mount)
    except Busy:
        return refuse(call, matched, "busy", mount=mount.point)
    return Exit(0)


def unmount(machine: Machine, mount: Mount) -> None:
    """Unmount; a disc's drive can be opened again, a disk's file system is clean.

    Raises ``Busy``.
    """
    ref = device_of_mount(machine, mount)
    machine.mounts.unmount(mount)
    if isinstance(mount.flush, MountedUfs):
        mount.flush.deactivate()
        mount.flush.close()
    if ref is not None and isinstance(ref.unit, Drive):
        ref.unit.locked.discard(os.fsdecode(mount.point))


def _find(call: Call, name: bytes) -> Mount | None:
    """The last mount with this name as its special or mount point, also behind links."""
    mounts = call.machine.mounts
    found = next((m for m in reversed(mounts.rows) if name in (m.point, m.special)), None)
    if found is not None:
        return found
    try:
        return mounts.at(call.inside(name))
    except OSError:
        return None


def sync(call: Call, matched: Matched) -> Outcome:
    """Write what was changed; all stays mounted."""
    machine = call.machine
    for mount, ufs in mounted_ufs(machine):
        if ufs.is_active:
            machine.mounts.flush(mount)
    return refuse(call, matched, "done")


def mountall(call: Call, matched: Matched) -> Outcome:
    """Mount what vfstab wants at boot, checked first."""
    table = matched.operands[0] if matched.operands else b"/etc/vfstab"
    if call.source(table) is None:
        return refuse(call, matched, "no table", file=table)
    codes = [0]
    for special, raw, point, type_, _, boot, options in vfstab(call, table):
        mounted = call.machine.mounts.at(point) is not None
        if boot == b"yes" and type_ in (b"ufs", b"hsfs") and not mounted:
            codes.append(_mount_one(call, matched, special, raw, point, options, type_))
    return Exit(max(codes))


def _mount_one(
    call: Call, matched: Matched, special: bytes, raw: bytes, point: bytes, options: bytes,
    type_: bytes,
) -> int:  # fmt: skip
    from mkboot.rehearsal.commands.table import run_command

    if type_ == b"ufs" and raw != b"-" and not _is_sane(call.machine, raw):
        tell(call, matched, "checking", mount=point, device=raw)
        check = replace(call, argv=(b"fsck", b"-F", b"ufs", b"-o", b"p", raw))
        done = run_command(check, "fsck")
        code = done.code if isinstance(done, Exit) else 1
        if code not in (0, 40):
            words = {"mount": point, "device": raw, "code": b"%d" % code}
            tell(call, matched, "check failed", **words)
    words_ = (b"-o", options) if options != b"-" else ()
    argv = (b"mount", b"-F", type_, *words_, special, point)
    done = run_command(replace(call, argv=argv), "mount")
    if not isinstance(done, Exit):
        raise NotModelled("mountall", argv)
    return 1 if done.code else 0


def _is_sane(machine: Machine, raw: bytes) -> bool:
    """Whether ``fsck -m`` finds nothing to do."""
    try:
        ref = device_named(machine, raw)
        if ref is None or not isinstance(ref.unit, Disk):
            return False
        window = ref.unit.window(ref.slice)
        return looks_like_ufs(window) and is_clean(window)
    except (DeviceError, InputError, OSError):
        return False


HANDLERS: Mapping[str, Handler] = {"umount": umount, "mountall": mountall, "sync": sync}
