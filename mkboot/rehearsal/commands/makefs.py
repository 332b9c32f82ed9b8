# SPDX-License-Identifier: Apache-2.0
"""newfs, mkfs -m, fstyp."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from mkboot.clock import build_time
from mkboot.errors import InputError
from mkboot.formats.iso import looks_like_iso
from mkboot.formats.ufs import Layout, lay_out, looks_like_ufs, open_ufs, write_ufs
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.reach import (
    block_name,
    device_of,
    mounts_of,
    raw_name,
    reason_of,
)
from mkboot.rehearsal.hardware import DeviceError, Disk, SliceWindow
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.names import DeviceRef
from mkboot.rehearsal.ufsmaking import (
    mkfs_arguments,
    mkfs_words,
    newfs_parameters,
    report_words,
)
from mkboot.rehearsal.ufsstate import last_mounted
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import directory

_SECTOR = 512
#: Letters that only say how newfs is to behave.
_OWN = frozenset("Nv")


def newfs(call: Call, matched: Matched) -> Outcome:
    """Make an empty file system, or do nothing and be content."""
    device = raw_name(matched.operands[0])
    try:
        ref = device_of(call, device)
    except OSError:
        return refuse(call, matched, "no device", device=device)
    if ref is None or not ref.raw:
        return refuse(call, matched, "not raw", device=device)
    if not isinstance(ref.unit, Disk):
        raise not_modelled(call, matched, "a file system on a disc")
    if ref.unit.label is None:
        return refuse(call, matched, "no label", device=device)
    try:
        window = ref.unit.window(ref.slice)
    except DeviceError as e:
        return refuse(call, matched, "cannot open", device=device, reason=reason_of(e))
    tell(call, matched, "defaults")
    try:
        layout = _layout(call, matched, ref.unit, window)
    except InputError as e:
        if e.place:
            return refuse(call, matched, "bad value", word=e.place[0].encode())
        return refuse(call, matched, "refused by mkfs", reason=e.bare.encode())
    if matched.form.id == "made after a question" and not _is_wanted(call, matched, device, window):
        return Exit(0)
    return _make(call, matched, ref, device, layout)


def _layout(call: Call, matched: Matched, disk: Disk, window: SliceWindow) -> Layout:
    options = {n: v for n, v in matched.options if n not in _OWN and v is not None}
    label = disk.label
    assert label is not None
    sectors = window.size // _SECTOR
    return lay_out(newfs_parameters(call.machine.release, label, sectors, options))


def _is_wanted(call: Call, matched: Matched, device: bytes, window: SliceWindow) -> bool:
    """The question of a newfs that has a terminal: only a small y as first character will do."""
    mount = last_mounted(window) if looks_like_ufs(window) else b""
    if mount:
        tell(call, matched, "last mounted", device=device, mount=mount)
    tell(call, matched, "question", device=device)
    return call.read_line().startswith(b"y")


def _make(call: Call, matched: Matched, ref: DeviceRef, device: bytes, layout: Layout) -> Exit:
    if matched.has("v"):
        tell(call, matched, "command", arguments=mkfs_arguments(layout.parameters, device))
    if any(m.special == block_name(device) for m in call.machine.mounts):
        return refuse(call, matched, "mounted", device=block_name(device))
    if any(mounts_of(call.machine, ref.unit, ref.slice)):
        raise not_modelled(call, matched, "a mounted slice under another name: it is destroyed")
    if not matched.has("N"):
        refused = _write(call, matched, ref, device, layout)
        if refused is not None:
            return refused
    words = report_words(layout, call.machine.release)
    return refuse(call, matched, "report", device=device, **words)


def _write(
    call: Call, matched: Matched, ref: DeviceRef, device: bytes, layout: Layout
) -> Exit | None:
    assert isinstance(ref.unit, Disk)
    window = ref.unit.window(ref.slice)
    tree, now = empty_tree(), build_time()
    try:
        if layout.bytes > window.size:
            raise DeviceError(errno.ENXIO, ref.unit.path)
        window.rewrite(lambda sink: write_ufs(tree, sink, layout.parameters, time=now), None)
    except DeviceError as e:
        return refuse(call, matched, "write error", device=device, reason=reason_of(e))
    return None


def empty_tree() -> FileTree:
    """What a new file system holds: its root; lost+found comes by itself."""
    return TreeBuilder(directory(0o755, mtime=build_time() * 10**9), resolution=1000).build()


def mkfs(call: Call, matched: Matched) -> Outcome:
    """``mkfs -F ufs -m``: the command that would make a file system again."""
    (device,) = matched.operands
    try:
        ref = device_of(call, device)
        if ref is None:
            return refuse(call, matched, "not ufs")
        window = ref.unit.window(ref.slice)
        if not looks_like_ufs(window):
            return refuse(call, matched, "not ufs")
        volume = open_ufs(window)
    except InputError:
        return refuse(call, matched, "not ufs")
    except OSError as e:
        return refuse(call, matched, "cannot open", device=device, reason=reason_of(e))
    words = mkfs_words(volume.superblock, volume.parameters, call.machine.release)
    size = b"%d" % volume.parameters.size
    return refuse(call, matched, "command", options=words, device=device, sectors=size)


def fstyp(call: Call, matched: Matched) -> Outcome:
    """One word, by what the slice begins with."""
    (device,) = matched.operands
    try:
        ref = device_of(call, device)
        source = call.source(device) if ref is None else ref.unit.window(ref.slice)
        kind = b""
        if source is not None and looks_like_ufs(source):
            kind = b"ufs"
        elif source is not None and looks_like_iso(source):
            kind = b"hsfs"
    except OSError as e:
        return refuse(call, matched, "cannot open", device=device, reason=reason_of(e))
    if not kind:
        return refuse(call, matched, "unknown")
    return refuse(call, matched, "type", type=kind)


HANDLERS: Mapping[str, Handler] = {"newfs": newfs, "mkfs": mkfs, "fstyp": fstyp}
