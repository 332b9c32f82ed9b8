# SPDX-License-Identifier: Apache-2.0
"""What the judge of a rehearsal is told: what was captured, and the changes that the disc's own
plan announces.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from mkboot.errors import InputError
from mkboot.formats.label import read_label
from mkboot.model.job import SourceDisk
from mkboot.model.manifest import SetManifest
from mkboot.model.system import Disk, FileSystem, System
from mkboot.recovery.paths import RESTORE_LOG, START_RC, START_SMF, boot_block_path
from mkboot.recovery.sets import OpenSet
from mkboot.rehearsal.judge import (
    Allowed,
    ExpectedDisk,
    ExpectedFileSystem,
    ExpectedSlice,
    Source,
)
from mkboot.system.disks import OpenDisk, open_disk, split_slice_name
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import split_path
from mkboot.workflows.rehearsal_edits import edits

_STAGES = ("/mkboot/stage1", "/mkboot/stage2")
_NEW = frozenset({"path"})
_TOUCHED = frozenset({"mtime"})
#: A directory that got another in it.
_GROWN = frozenset({"mtime", "nlink"})
_EDITED = frozenset({"content", "size", "mtime"})
#: Releases in which /etc/mnttab is an ordinary file that each mount rewrites (facts J).
_MNTTAB_FILE = ("2.5.1", "2.6", "7")


def source_of(opened: OpenSet, same: dict[str, bool], images: Sequence[SourceDisk] = ()) -> Source:
    """The captured system as the judge wants it; ``same`` tells of each disk whether its target
    has its size and shape.

    The trees are those of the source's own ``images`` where these are given, else of the
    dumps on the discs.
    """
    manifest = opened.manifest
    disks = {s.disk: open_disk(s.disk, s.path) for s in images}
    return Source(
        tuple(_disk(d, same=same.get(d.name, False)) for d in manifest.system.disks),
        tuple(_file_system(opened, fs, disks) for fs in manifest.system.file_systems),
        tuple(allowed_changes(manifest, _stage_lines(opened))),
    )


def _disk(disk: Disk, *, same: bool) -> ExpectedDisk:
    label = read_label(bytes.fromhex(disk.label), place=(f"disk {disk.name}",))
    slices = tuple(ExpectedSlice(s.number, s.start, s.sectors, s.tag, s.flag) for s in disk.slices)
    g = disk.geometry
    return ExpectedDisk(disk.name, (g.nhead, g.nsect, g.ncyl), label.volume, slices, same)


def _file_system(opened: OpenSet, fs: FileSystem, disks: dict[str, OpenDisk]) -> ExpectedFileSystem:
    disk, number = split_slice_name(fs.slice)
    block = None
    if any(b.slice == fs.slice for b in opened.manifest.system.boot_blocks):
        block = opened.small_file(boot_block_path(fs.slice))
    source = disks.get(disk)
    read: Callable[[], FileTree] = lambda: opened.tree(fs.slice)  # noqa: E731
    if source is not None and number in source.volumes:
        read = source.volumes[number].tree
    return ExpectedFileSystem(disk, number, fs.mount, cache(read), block, fs.parameters)


def _stage_lines(opened: OpenSet) -> list[list[str]]:
    """The calls of the plan that lies on volume 1, word by word."""
    lines: list[list[str]] = []
    for path in _STAGES:
        try:
            text = opened.small_file(path).decode("latin-1")
        except InputError:
            continue
        lines += [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]
    return [line for line in lines if line]


def steps_of(opened: OpenSet) -> tuple[str, ...]:
    """The ids of the plan's steps, in their order; a call that only tells has none."""
    lines = _stage_lines(opened)
    return tuple(dict.fromkeys(w[1] for w in lines if w[1:] and not w[0].endswith("_is")))


def allowed_changes(manifest: SetManifest, lines: Sequence[Sequence[str]]) -> Iterator[Allowed]:
    """The changes that the calls of the plan announce, and those that every boot makes."""
    place = _Places([fs.mount for fs in manifest.system.file_systems if fs.mount])
    version = manifest.system.release.version
    if version in _MNTTAB_FILE:
        yield place.at(b"/etc/mnttab", _EDITED, "mounting writes it")
        yield place.at(b"/etc", _TOUCHED, "mounting writes mnttab")
    mounts = {fs.slice: fs.mount for fs in manifest.system.file_systems}
    for line in lines:
        verb, words = line[0], line[1:]
        if verb == "adapt_root" and len(words) > 2:
            yield from _adapted(place, words[2], manifest.system)
        elif verb == "put_stage2" and len(words) > 1:
            yield from _second_stage(place, words[1])
        elif verb == "restore_fs" and len(words) > 1 and words[1] in mounts:
            why = "restoresymtable was removed from it"
            yield Allowed(mounts[words[1]], b"/", _TOUCHED, why)
        elif verb in ("finish", "boot_disk"):
            yield from _log(place)


def _adapted(place: _Places, manager: str, system: System) -> Iterator[Allowed]:
    yield place.at(b"/reconfigure", _NEW, "devices are built anew at the first boot")
    yield place.at(b"/", _TOUCHED, "reconfigure and the second stage come and go")
    for folder in (b"/dev", b"/devices"):
        yield place.at(folder, _GROWN | _NEW, "devices that this machine has", below=True)
    for path, edit in edits(system, manager).items():
        edited = place.at(path, _EDITED, "the root was mirrored or encapsulated")
        yield replace(edited, edit=edit)
        yield place.at(path + b".was", _NEW, "as it was before")
        yield place.at(path.rpartition(b"/")[0], _TOUCHED, "files were edited in it")
    if manager == "vx":
        why = "VxVM stays off at the first boot"
        yield place.at(b"/etc/vx", _TOUCHED | _NEW, why)
        yield place.at(b"/etc/vx/reconfig.d", _TOUCHED | _NEW, why, below=True)


def _second_stage(place: _Places, kind: str) -> Iterator[Allowed]:
    start = (START_SMF if kind == "smf" else START_RC).encode()
    folder = start.rpartition(b"/")[0]
    yield place.at(folder, _TOUCHED | _NEW, "what started the second stage was in it")
    for above in _above(folder):
        yield place.at(above, _GROWN | _NEW, "the same")
    yield place.at(b"/tmp", _TOUCHED, "ufsrestore had its work files in it")


def _above(path: bytes) -> Iterator[bytes]:
    """The directories that a path lies in, the nearest first, the root last."""
    while path not in (b"", b"/"):
        path = path.rpartition(b"/")[0]
        yield path or b"/"


def _log(place: _Places) -> Iterator[Allowed]:
    log = RESTORE_LOG.encode()
    yield place.at(log, _NEW, "the log of the restore")
    yield place.at(log.rpartition(b"/")[0], _TOUCHED, "the log was put into it")


class _Places:
    """From paths on the host to file systems and paths in them."""

    def __init__(self, mounts: Sequence[bytes]) -> None:
        self._mounts = sorted((split_path(m) for m in mounts), key=len, reverse=True)

    def at(self, path: bytes, fields: frozenset[str], why: str, *, below: bool = False) -> Allowed:
        names = split_path(path)
        mount = next((m for m in self._mounts if names[: len(m)] == m), ())
        inside = b"/" + b"/".join(names[len(mount) :])
        return Allowed(b"/" + b"/".join(mount), inside, fields, why, below)
