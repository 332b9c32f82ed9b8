# SPDX-License-Identifier: Apache-2.0
"""mount."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.iso import looks_like_iso, read_iso
from mkboot.formats.ufs import looks_like_ufs
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.labels import vfstab
from mkboot.rehearsal.commands.reach import device_of, mounts_of, reason_of, swap_slices
from mkboot.rehearsal.hardware import DeviceError, Disk, Drive
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import Mount
from mkboot.rehearsal.names import DeviceRef
from mkboot.rehearsal.process import pids
from mkboot.rehearsal.storagestate import device_number
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.rehearsal.ufsstate import is_clean

Options = tuple[bytes, ...]


def mount(call: Call, matched: Matched) -> Outcome:
    """Mount one file system, or list them."""
    if matched.form.id.startswith("list"):
        return _list(call, matched)
    type_, options = matched.value("F"), _options(matched)
    if len(matched.operands) == 1:
        (name,) = matched.operands
        entry = _entry(call, name)
        if entry is None:
            return _without_entry(call, matched, name, options)
        special, point, type_ = entry[0], entry[2], entry[3]
        options = options or tuple(o for o in entry[6].split(b",") if o != b"-")
    else:
        special, point = matched.operands
    if b"remount" in options:
        return _remount(call, matched, point, options)
    refused = _wrong_point(call, matched, special, point)
    if refused is not None:
        return refused
    act = _TYPES.get(type_ or b"ufs")
    if act is None:
        raise not_modelled(call, matched, "file systems of this type")
    return act(call, matched, special, point, options)


def _options(matched: Matched) -> Options:
    given = [v for name, v in matched.options if name == "o" and v is not None]
    words = [word for value in given for word in value.split(b",")]
    return (*words, *((b"ro",) if matched.has("r") else ()))


def _entry(call: Call, name: bytes) -> tuple[bytes, ...] | None:
    return next((f for f in vfstab(call) if name in (f[0], f[2])), None)


def _without_entry(call: Call, matched: Matched, name: bytes, options: Options) -> Outcome:
    """A mount point that vfstab does not name can be remounted by what mnttab says."""
    if b"remount" in options and call.machine.mounts.at(name) is not None:
        return _remount(call, matched, name, options)
    return refuse(call, matched, "unknown in vfstab")


def _wrong_point(call: Call, matched: Matched, special: bytes, point: bytes) -> Exit | None:
    """The refusal that the mount point earns, if any."""
    if not point.startswith(b"/"):
        return refuse(call, matched, "not absolute", mount=point)
    try:
        path = call.resolve(point)
        path.lstat()
    except OSError:
        return refuse(call, matched, "no mount point", mount=point)
    if not path.is_dir():
        return refuse(call, matched, "not a directory", mount=point, device=special)
    return None


def _is_busy(call: Call, point: bytes, matched: Matched) -> bool:
    """Whether something is mounted there already (unless over it is wanted), or somebody
    stands there.
    """
    path = call.resolve(point)
    if not matched.has("O") and call.machine.mounts.at(call.machine.inside(path)) is not None:
        return True
    return any(_stands_in(pid, os.fsencode(path)) for pid in pids())


def _stands_in(pid: int, path: bytes) -> bool:
    try:
        return os.fsencode(Path(f"/proc/{pid}/cwd").readlink()) == path
    except OSError:
        return False


def _mount_ufs(
    call: Call, matched: Matched, special: bytes, point: bytes, options: Options
) -> Outcome:
    words = {"device": special, "mount": point}
    try:
        ref = device_of(call, special)
    except OSError:
        return refuse(call, matched, "no device file", **words)
    if ref is None or ref.raw:
        return refuse(call, matched, "not a block device", **words)
    if _is_busy(call, point, matched) or _is_taken(call, ref):
        return refuse(call, matched, "busy", **words)
    read_only = b"ro" in options
    if not isinstance(ref.unit, Disk):
        raise not_modelled(call, matched, "a UFS on a disc")
    try:
        return _open_and_mount(call, matched, ref, words, options, read_only=read_only)
    except DeviceError as e:
        what = "no such device" if e.errno == errno.ENXIO else "io error"
        return refuse(call, matched, what, **words)
    except InputError:
        return refuse(call, matched, "not this type", **words)


def _is_taken(call: Call, ref: DeviceRef) -> bool:
    """One device is mounted once only, and not while it is swapped on."""
    return any(mounts_of(call.machine, ref.unit, ref.slice)) or ref.slice in swap_slices(
        call.machine, ref.unit
    )


def _open_and_mount(
    call: Call,
    matched: Matched,
    ref: DeviceRef,
    words: Mapping[str, bytes],
    options: Options,
    *,
    read_only: bool,
) -> Exit:
    machine = call.machine
    assert isinstance(ref.unit, Disk)
    window = ref.unit.window(ref.slice)
    if not looks_like_ufs(window):
        return refuse(call, matched, "not this type", **words)
    if not read_only and not is_clean(window):
        return refuse(call, matched, "unclean", **words)
    ufs = MountedUfs(window)
    shown = ufs_options(machine.release, options, device_number(machine, ref))
    mounted = machine.mounts.mount_tree(
        ufs.tree, call.inside(words["mount"]), words["device"], b"ufs", shown,
        read_only=read_only, flush=ufs, command=machine.command,
    )  # fmt: skip
    if not read_only:
        ufs.activate(mounted.point)
    return Exit(0)


def ufs_options(release: str, options: Options, device: int) -> bytes:
    """The options of a UFS as /etc/mnttab shows them in a release."""
    mode = b"ro" if b"ro" in options else b"rw"
    suid = b"nosuid" if b"nosuid" in options else b"suid"
    if release == "2.5.1":
        words = [mode, suid]
    elif release in ("2.6", "7"):
        words = [suid, mode, b"largefiles"]
    elif release == "8":
        words = [mode, b"intr", b"largefiles", b"onerror=panic", suid]
    else:
        logging = b"logging" in options or (release == "10" and b"nologging" not in options)
        words = [mode, b"intr", b"largefiles", *([b"logging"] if logging else []), b"xattr"]
        words.append(b"onerror=panic")
    return b",".join([*words, b"dev=%x" % device])


def _remount(call: Call, matched: Matched, point: bytes, options: Options) -> Outcome:
    mounted = call.machine.mounts.at(call.inside(point))
    if mounted is None or not isinstance(mounted.flush, MountedUfs):
        raise not_modelled(call, matched, "remounting what is no mounted UFS")
    words = {"device": mounted.special, "mount": point}
    if b"ro" in options or not mounted.read_only:
        raise not_modelled(call, matched, "remounting otherwise than from read-only to read-write")
    ufs = mounted.flush
    try:
        if not is_clean(ufs.window):
            return refuse(call, matched, "unclean", **words)
        shown = mounted.options.replace(b"ro", b"rw", 1)
        call.machine.mounts.remount(mounted, shown, read_only=False)
        ufs.activate(mounted.point)
    except DeviceError:
        return refuse(call, matched, "io error", **words)
    return refuse(call, matched, "remounted")


def _mount_hsfs(
    call: Call, matched: Matched, special: bytes, point: bytes, options: Options
) -> Outcome:
    machine, words = call.machine, {"device": special, "mount": point}
    if b"rw" in options and machine.release != "10":
        return refuse(call, matched, "rw hsfs", **words)
    try:
        ref = device_of(call, special)
    except OSError as e:
        return refuse(call, matched, "hsfs failed", reason=reason_of(e), **words)
    if ref is None or ref.raw:
        return refuse(call, matched, "hsfs failed", reason=b"Block device required", **words)
    if _is_busy(call, point, matched) or any(mounts_of(machine, ref.unit, ref.slice)):
        return refuse(call, matched, "busy hsfs", **words)
    try:
        source = ref.unit.window(ref.slice)
        tree = read_iso(source).tree if looks_like_iso(source) else None
    except DeviceError as e:
        return refuse(call, matched, "hsfs failed", reason=reason_of(e), **words)
    except InputError:
        tree = None
    if tree is None:
        return refuse(call, matched, "not hsfs", **words)
    shown = b",".join([b"ro", *(o for o in options if o not in (b"ro", b"rw"))])
    shown += b",dev=%x" % device_number(machine, ref)
    mounted = machine.mounts.mount_tree(
        tree, call.inside(point), special, b"hsfs", shown, read_only=True,
        command=machine.command,
    )  # fmt: skip
    if isinstance(ref.unit, Drive):
        ref.unit.locked.add(os.fsdecode(mounted.point))
    return Exit(0)


def _mount_lofs(
    call: Call, matched: Matched, special: bytes, point: bytes, options: Options
) -> Outcome:
    try:
        source = call.resolve(special)
        source.lstat()
        if not source.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
        call.machine.mounts.mount_lofs(
            call.machine.inside(source), call.inside(point), b",".join(options) or b"rw",
            read_only=b"ro" in options,
        )  # fmt: skip
    except OSError as e:
        return refuse(call, matched, "lofs failed", device=special, reason=reason_of(e))
    return Exit(0)


def _mount_tmpfs(
    call: Call, matched: Matched, special: bytes, point: bytes, options: Options
) -> Outcome:
    if _is_busy(call, point, matched):
        return refuse(call, matched, "busy tmpfs", mount=point)
    size = next((_bytes(o[5:]) for o in options if o.startswith(b"size=")), None)
    call.machine.mounts.mount_tmpfs(call.inside(point), special, b",".join(options), size)
    return Exit(0)


def _bytes(text: bytes) -> int:
    units = {b"k": 1 << 10, b"m": 1 << 20}
    return int(text[:-1]) * units[text[-1:]] if text[-1:] in units else int(text)


def _list(call: Call, matched: Matched) -> Exit:
    name = {"list": "entry", "list as vfstab": "entry as vfstab", "list, verbose": "entry, verbose"}
    for words in _rows(iter(call.machine.mounts)):
        if matched.form.id == "list":
            words["options"] = _long(words["options"])
        tell(call, matched, name[matched.form.id], **words)
    return Exit(0)


def _long(options: bytes) -> bytes:
    """Options as ``mount`` alone shows them: in words, with slashes between."""
    words = {b"rw": b"read/write", b"ro": b"read only", b"suid": b"setuid", b"nosuid": b"nosetuid"}
    return b"/".join(words.get(o, o) for o in options.split(b","))


def _rows(mounts: Iterator[Mount]) -> Iterator[dict[str, bytes]]:
    for row in mounts:
        yield {
            "device": row.special,
            "mount": row.point,
            "type": row.type,
            "options": row.options,
            "date": time.asctime(time.gmtime(row.since)).encode(),
        }


_TYPES = {b"ufs": _mount_ufs, b"hsfs": _mount_hsfs, b"lofs": _mount_lofs, b"tmpfs": _mount_tmpfs}

HANDLERS: Mapping[str, Handler] = {"mount": mount}
