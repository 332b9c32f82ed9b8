# SPDX-License-Identifier: Apache-2.0
"""fsck: what it says of a file system, and the little that is repaired here: the state.

Damage is told and left alone (exit 36): where a Sun would repair it, a rehearsal must not
pass, for nothing damaged should be there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from mkboot.errors import InputError
from mkboot.formats.ufs import looks_like_ufs
from mkboot.formats.ufs.fsck import FsckReport, Phase, check_ufs
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.labels import vfstab
from mkboot.rehearsal.commands.reach import (
    block_name,
    device_of,
    mounts_of,
    raw_name,
    reason_of,
)
from mkboot.rehearsal.hardware import DeviceError, Disk, SliceWindow
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import Mount
from mkboot.rehearsal.names import DeviceRef
from mkboot.rehearsal.ufsstate import is_clean, last_mounted, mark_clean


def fsck(call: Call, matched: Matched) -> Outcome:
    """Each operand in turn; the highest code."""
    codes = [_one(call, matched, name).code for name in matched.operands]
    return Exit(max(codes))


def _one(call: Call, matched: Matched, name: bytes) -> Exit:
    device = _device_name(call, name)
    try:
        ref = device_of(call, device)
    except OSError as e:
        return refuse(call, matched, "cannot stat", device=device, reason=reason_of(e))
    if ref is None or not isinstance(ref.unit, Disk):
        raise not_modelled(call, matched, "what is no slice of a disk")
    try:
        window = ref.unit.window(ref.slice)
        if matched.has("m"):
            return _sanity(call, matched, ref, window, device)
        return _check(call, matched, ref, window, device)
    except DeviceError as e:
        return refuse(call, matched, "cannot open", device=device, reason=reason_of(e))


def _device_name(call: Call, name: bytes) -> bytes:
    """The raw device of an operand: a mount point's is in vfstab."""
    for fields in vfstab(call):
        if fields[2] == name and fields[1] != b"-":
            return fields[1]
    return raw_name(name)


def _mounted(call: Call, ref: DeviceRef) -> Mount | None:
    return next(mounts_of(call.machine, ref.unit, ref.slice), None)


def _sanity(
    call: Call, matched: Matched, ref: DeviceRef, window: SliceWindow, device: bytes
) -> Exit:
    mounted = _mounted(call, ref)
    if mounted is not None and not mounted.read_only:
        return refuse(call, matched, "sane but mounted", device=block_name(device))
    try:
        sane = looks_like_ufs(window) and is_clean(window)
    except InputError:
        sane = False
    return refuse(call, matched, "sane" if sane else "not sane", device=device)


def _check(
    call: Call, matched: Matched, ref: DeviceRef, window: SliceWindow, device: bytes
) -> Exit:
    flags = (matched.value("o") or b"").split(b",")
    preen = b"p" in flags
    refused = _refused_as_mounted(call, matched, ref, device, preen=preen)
    if refused is not None:
        return refused
    if any(flag.startswith(b"b=") for flag in flags):
        raise not_modelled(call, matched, "another superblock")
    if not looks_like_ufs(window):
        return _no_ufs(call, matched, preen=preen)
    clean = _is_clean(window)
    if preen and clean and b"f" not in flags:
        return refuse(call, matched, "is clean", device=device, state=b"clean")
    try:
        report = check_ufs(window)
    except InputError:
        return _no_ufs(call, matched, preen=preen)
    if not report.finished:
        return _alternate(call, matched, preen=preen)
    return _tell(call, matched, report, window, device, clean=clean, preen=preen)


def _is_clean(window: SliceWindow) -> bool:
    try:
        return is_clean(window)
    except InputError:
        return False


def _refused_as_mounted(
    call: Call, matched: Matched, ref: DeviceRef, device: bytes, *, preen: bool
) -> Exit | None:
    mounted = _mounted(call, ref)
    if mounted is None or (mounted.read_only and mounted.point in (b"/", b"/usr")):
        return None
    name = "mounted, preen" if preen else "mounted"
    return refuse(call, matched, name, device=block_name(device))


def _no_ufs(call: Call, matched: Matched, *, preen: bool) -> Exit:
    if preen:
        return refuse(call, matched, "bad superblock, preen")
    answer = _answer(call, matched)
    if answer is None:
        return refuse(call, matched, "no answer")
    return refuse(call, matched, "bad superblock", answer=answer)


def _alternate(call: Call, matched: Matched, *, preen: bool) -> Exit:
    """The superblock is unusable although it has the magic number."""
    if preen:
        return refuse(call, matched, "bad superblock, preen")
    answer = _answer(call, matched)
    if answer is None:
        return refuse(call, matched, "no answer")
    return refuse(call, matched, "alternate refused", answer=answer)


def _answer(call: Call, matched: Matched) -> bytes | None:
    """What questions are answered with: by option, else from standard input; None at its end."""
    if matched.has("y") or matched.has("Y"):
        return b"yes"
    if matched.has("n") or matched.has("N"):
        return b"no"
    line = call.read_line()
    if not line:
        return None
    return b"yes" if line[:1] in (b"y", b"Y") else b"no"


def _tell(
    call: Call,
    matched: Matched,
    report: FsckReport,
    window: SliceWindow,
    device: bytes,
    *,
    clean: bool,
    preen: bool,
) -> Exit:
    faults = [f for f in report.faults if not f.overlooked and f.phase is not Phase.SUPERBLOCK]
    if preen:
        return _tell_preened(call, matched, report, window, device, [f.message for f in faults])
    read_only = matched.has("n") or matched.has("N")
    tell(call, matched, "start", device=device, note=b" (NO WRITE)" if read_only else b"")
    tell(call, matched, "last mounted", mount=last_mounted(window))
    for name in ("phases 1 and 2", "phase 3", "phases 4 and 5"):
        tell(call, matched, name)
    if faults:
        text = "\n".join(f"{f.place}: {f.message}" for f in faults)
        return refuse(call, matched, "damaged", fault=text.encode("utf-8", "backslashreplace"))
    done = _counts(call, matched, report)
    if clean or read_only:
        return done
    answer = _answer(call, matched)
    if answer is None:
        return refuse(call, matched, "no answer")
    tell(call, matched, "state repaired", answer=answer)
    if answer != b"yes":
        return Exit(36)
    mark_clean(window)
    return refuse(call, matched, "modified")


def _tell_preened(
    call: Call, matched: Matched, report: FsckReport, window: SliceWindow, device: bytes,
    faults: list[str],
) -> Exit:  # fmt: skip
    if faults:
        words = {"device": device, "fault": os.fsencode(faults[0])}
        return refuse(call, matched, "preen gives up", **words)
    mark_clean(window)
    call.out(device + b": ")
    return _counts(call, matched, report)


def _counts(call: Call, matched: Matched, report: FsckReport) -> Exit:
    share = 100 * report.free_fragments / report.data_fragments if report.data_fragments else 0.0
    numbers = {
        "files": report.files,
        "used": report.used,
        "free": report.free,
        "frags": report.free_fragments,
        "blocks": report.free_blocks,
    }
    words = {name: b"%d" % number for name, number in numbers.items()}
    return refuse(call, matched, "counts", percent=f"{share:.1f}".encode(), **words)


HANDLERS: Mapping[str, Handler] = {"fsck": fsck}
