# SPDX-License-Identifier: Apache-2.0
"""prtvtoc and fmthard."""

from __future__ import annotations

from collections.abc import Mapping

from mkboot.errors import InputError
from mkboot.formats.label import Label, SliceEntry
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.reach import (
    device_of,
    device_of_mount,
    mounts_of,
    raw_name,
    reason_of,
)
from mkboot.rehearsal.hardware import DeviceError, Disk, Unit
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.names import DeviceRef
from mkboot.rehearsal.vtoctable import (
    TableError,
    changed_label,
    check_slices,
    read_table,
    show_free,
    show_vtoc,
)

#: A larger table than this is none.
_TABLE_MAX = 1 << 20


def prtvtoc(call: Call, matched: Matched) -> Outcome:
    """Each device in turn; 1 if one of them could not be shown."""
    codes = [_show(call, matched, name).code for name in matched.operands]
    return Exit(max(codes))


def _show(call: Call, matched: Matched, name: bytes) -> Exit:
    raw = raw_name(name)
    try:
        ref = device_of(call, raw)
    except OSError as e:
        return refuse(call, matched, "cannot open", device=raw, reason=reason_of(e))
    if ref is None or not ref.raw:
        return refuse(call, matched, "not raw", device=raw)
    label = ref.unit.label
    if label is None:
        return _no_label(call, matched, ref, raw)
    if matched.has("f"):
        call.out(show_free(label))
        return Exit(0)
    mounts = _mount_points(call, ref.unit)
    text = show_vtoc(
        raw, label, mounts, headings=not matched.has("h"), dimensions=not matched.has("s")
    )
    call.out(text)
    return Exit(0)


def _no_label(call: Call, matched: Matched, ref: DeviceRef, name: bytes) -> Exit:
    try:
        ref.unit.pread(0, 512) if isinstance(ref.unit, Disk) else ref.unit.window(2)
    except DeviceError as e:
        return refuse(call, matched, "cannot open", device=name, reason=reason_of(e))
    return refuse(call, matched, "no geometry", device=name)


def _mount_points(call: Call, unit: Unit) -> Mapping[int, bytes]:
    """Slices' mount points: from vfstab, and above it from what is mounted now."""
    found: dict[int, bytes] = {}
    for fields in vfstab(call):
        try:
            ref = device_of(call, fields[0]) if fields[0].startswith(b"/") else None
        except OSError:
            ref = None
        if ref is not None and ref.unit is unit and fields[2].startswith(b"/"):
            found.setdefault(ref.slice, fields[2])
    now: dict[int, bytes] = {}
    for mount in reversed(list(mounts_of(call.machine, unit))):
        ref = device_of_mount(call.machine, mount)
        if ref is not None:
            now[ref.slice] = mount.point
    return found | now


def vfstab(call: Call, name: bytes = b"/etc/vfstab") -> list[tuple[bytes, ...]]:
    """The lines of seven fields of a vfstab that is there, comments left out."""
    source = call.source(name)
    text = source.pread(0, min(source.size, _TABLE_MAX)) if source is not None else b""
    lines = (line.split() for line in text.split(b"\n") if not line.startswith(b"#"))
    return [tuple(fields) for fields in lines if len(fields) == 7]


def fmthard(call: Call, matched: Matched) -> Outcome:
    """A whole table, one slice, or the volume name."""
    (name,) = matched.operands
    try:
        ref = device_of(call, name)
    except OSError:
        return refuse(call, matched, "no device", device=name)
    if ref is None or not ref.raw:
        return refuse(call, matched, "not raw", device=name)
    disk = ref.unit
    if not isinstance(disk, Disk):
        raise not_modelled(call, matched, "the label of a disc")
    label = disk.label
    if label is None:
        return refuse(call, matched, "no geometry", device=name)
    if not label.has_vtoc:
        return refuse(call, matched, "bad label", device=name)
    try:
        slices = _new_slices(call, matched, label)
        made = changed_label(label, slices, matched.value("n"))
        disk.put_label(made)
    except TableError as e:
        return refuse(call, matched, e.message, **e.words)
    except (DeviceError, InputError):
        return refuse(call, matched, "cannot write", device=name)
    return Exit(0) if matched.has("d") else refuse(call, matched, "in place")


def _new_slices(call: Call, matched: Matched, label: Label) -> tuple[SliceEntry, ...] | None:
    one, file = matched.value("d"), matched.value("s")
    if one is not None:
        return _one_changed(one, label)
    if file is None:
        return None
    if file == b"-":
        text = b"".join(call.read_stdin())
    else:
        source = call.source(file)
        if source is None:
            raise TableError("no table", {"file": file})
        text = source.pread(0, min(source.size, _TABLE_MAX))
    return read_table(text, label)


def _one_changed(text: bytes, label: Label) -> tuple[SliceEntry, ...]:
    """The label's slices with the one that ``-d part:tag:flag:start:size`` tells of."""
    part, tag, flag, start, count = text.split(b":")
    number, cylinder = int(part), label.geometry.cylinder
    words = {"slice": b"%d" % number, "line": text}
    if number >= len(label.slices):
        raise TableError("no such partition", words)
    if int(start) % cylinder or int(count) % cylinder:
        raise TableError("off cylinder", words)
    entry = SliceEntry(number, int(start) // cylinder, int(count), int(tag), int(flag, 16))
    slices = [entry if s.number == number else s for s in label.slices]
    check_slices(slices, label)
    return tuple(slices)


HANDLERS: Mapping[str, Handler] = {"prtvtoc": prtvtoc, "fmthard": fmthard}
