# SPDX-License-Identifier: Apache-2.0
"""Phase 3: every file system as a dump stream, and ``system.json`` when all are there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.clock import build_time
from mkboot.errors import CallerError, InputError
from mkboot.formats.bootblock import recognise, take_out
from mkboot.formats.checksum import StreamDigest
from mkboot.formats.ufs import UfsVolume
from mkboot.formats.ufsdump import DumpOptions, write_dump
from mkboot.model.job import Job, JobFileSystem
from mkboot.model.system import (
    SCHEMA,
    BootBlock,
    Disk,
    Dump,
    FileSystem,
    Holds,
    System,
)
from mkboot.model.values import Checksums
from mkboot.output import complete_file, locked_folder
from mkboot.progress import Progress, Step
from mkboot.system.disks import OpenDisk, describe_disk, slice_name, split_slice_name
from mkboot.system.inventory import device_path, network_files
from mkboot.system.jobfile import load_job
from mkboot.system.nvram import read_nvram
from mkboot.system.store import CaptureStore, dump_name
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.workflows.host import CLEAN_HINT, Host, open_host
from mkboot.workflows.increments import Earlier, earlier, has_level

#: Bytes of a header in a dump: there is one for every inode at least.
_HEADER = 1024


@dataclass(frozen=True, slots=True)
class Captured:
    """What ``capture`` did: the system, and how many dumps were there already."""

    system: System
    reused: int


def capture(
    folder: Path,
    progress: Progress,
    *,
    resume: bool = False,
    force: bool = False,
    accept_unclean: Sequence[str] = (),
    level: int = 0,
) -> Captured:
    """Fill ``JOB/capture``, or, with a ``level`` over 0, add what has changed to it.

    A later level is relative to the youngest lower one that is there, as /etc/dumpdates
    would have it; a file system of which there is none gets level 0.  With ``resume`` dumps
    that are complete are kept, with ``force`` an older capture (of that level, where it is
    a later one) is replaced.  Raises ``InputError`` for a file system that is not clean and
    not accepted (before anything is written), ``CallerError`` when that level is there
    already, or no capture for a later level.
    """
    job = load_job(folder)
    with locked_folder(folder):
        return _capture(folder, job, progress, resume, force, accept_unclean, level)


def _capture(
    folder: Path,
    job: Job,
    progress: Progress,
    resume: bool,
    force: bool,
    accept_unclean: Sequence[str],
    level: int,
) -> Captured:
    store = CaptureStore(folder / "capture")
    if resume and not force and has_level(store, level):
        store.forget_notes()
        return _whole(store, job)
    if store.is_complete() and not force and not level:
        raise CallerError(
            f"{store.path} holds a capture",
            hint="--force captures again, --level 1 adds what has changed",
        )
    nvram = read_nvram(job.nvram_paths) if job.nvram else None
    with progress.step("read the disks"):
        host = open_host(job.source)
    chosen = _chosen(job, host)
    _refuse_unclean(chosen, host, accept_unclean)
    store.path.mkdir(mode=0o700, exist_ok=True)
    if force and not level:
        store.system_file.unlink(missing_ok=True)
    before = earlier(store, level, force=force) if level else Earlier(store)
    if not resume:
        store.forget_notes()
    time = build_time()
    file_systems: list[FileSystem] = []
    reused = 0
    for wanted in chosen:
        made_of = _made_of(job, host, wanted, before)
        own_level = before.level_of(wanted.slice)
        dump = store.load_dump(wanted.slice, own_level, made_of) if resume else None
        reused += dump is not None
        file_systems.append(
            _file_system(before, job, host, wanted, dump, time, accept_unclean, progress)
        )
    system = _system(store, job, host, tuple(file_systems), time)
    system = replace(system, nvram=nvram)
    store.save_system(system)
    store.forget_notes()
    return Captured(system, reused)


def _whole(store: CaptureStore, job: Job) -> Captured:
    """A capture that is there already; ``InputError`` where a dump of it is cut or missing."""
    system = store.load_system()
    for fs in system.file_systems:
        for dump in fs.dumps:
            store.open_dump(dump).close()
    return Captured(system, len(job.file_system))


def _chosen(job: Job, host: Host) -> list[JobFileSystem]:
    chosen = [fs for fs in job.file_system if fs.include]
    if not any(fs.mount == b"/" for fs in chosen):
        raise CallerError("the job includes no root file system", hint="see job.toml")
    mounts = [fs.mount for fs in chosen if fs.mount]
    for fs in chosen:
        host.volume(fs.slice)
        if fs.mount and mounts.count(fs.mount) > 1:
            raise CallerError(
                f"two file systems of the job are mounted on {show(fs.mount)}",
                hint="set include = false for one of them in job.toml",
            )
    return chosen


def _refuse_unclean(chosen: list[JobFileSystem], host: Host, accepted: Sequence[str]) -> None:
    known = {fs.slice for fs in chosen}
    for name in accepted:
        if name not in known:
            raise CallerError(f"--accept-unclean {name}: the job has no such file system")
    for fs in chosen:
        state = host.volume(fs.slice).state
        if not state.is_clean and fs.slice not in accepted:
            raise InputError(
                f"the file system is {state.words}",
                place=(fs.slice,),
                hint=f"{CLEAN_HINT}, copy the disk again, or accept what is there: "
                f"--accept-unclean {fs.slice}",
            )


def _file_system(
    before: Earlier,
    job: Job,
    host: Host,
    wanted: JobFileSystem,
    dump: Dump | None,
    time: int,
    accepted: Sequence[str],
    progress: Progress,
) -> FileSystem:
    volume = host.volume(wanted.slice)
    if dump is None:
        dump = _dump(before, job, host, wanted, volume, time, progress)
        before.store.save_dump(wanted.slice, dump, _made_of(job, host, wanted, before))
    entry = host.mounts.get(wanted.slice)
    return FileSystem(
        slice=wanted.slice,
        mount=wanted.mount,
        device=entry.device if entry else b"",
        options=entry.options if entry else b"",
        parameters=volume.parameters,
        used_bytes=volume.used_bytes,
        used_inodes=volume.used_inodes,
        dumps=(*before.kept(wanted.slice), dump),
        accepted=volume.state.words if wanted.slice in accepted else "",
    )


def _made_of(job: Job, host: Host, wanted: JobFileSystem, before: Earlier) -> str:
    """A digest of all that a dump depends on: the image as it stands, and the job's choices."""
    name, _ = split_slice_name(wanted.slice)
    source = next(s.path for s in job.source if s.disk == name).stat()
    superblock = host.volume(wanted.slice).superblock
    parts = (
        source.st_size, source.st_mtime_ns, superblock.time, job.segment, host.name,
        wanted.slice, wanted.mount, wanted.exclude, *before.mark(wanted.slice),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _dump(
    before: Earlier,
    job: Job,
    host: Host,
    wanted: JobFileSystem,
    volume: UfsVolume,
    time: int,
    progress: Progress,
) -> Dump:
    tree = _without(volume.tree(), wanted)
    level, older = before.level_of(wanted.slice), before.base(wanted.slice)
    options = DumpOptions(
        date=time,
        level=level,
        base_date=older.date if older else 0,
        byte_order=volume.byte_order,
        filesystem=wanted.mount,
        device=f"/dev/rdsk/{wanted.slice}".encode(),
        host=host.name.encode("ascii", "replace"),
        inodes=volume.superblock.ncg * volume.superblock.ipg,
        block_size=volume.superblock.bsize,
    )
    file = dump_name(wanted.slice, level)
    name = show(wanted.mount) or wanted.slice
    with (
        before.read_base(wanted.slice) as base,
        progress.step(f"capture {name}", _about(volume), "bytes", estimate=True) as step,
        complete_file(before.store.path / file, force=True) as partial,
        partial.open("wb", buffering=0) as out,
    ):
        writer = SegmentWriter(out.fileno(), job.segment, step)
        summary = write_dump(tree, writer.write, options, base=base)
        segments = writer.finish()
    return Dump(
        level=level,
        file=file,
        size=sum(s.size for s in segments),
        date=time,
        base_date=options.base_date,
        records=summary.records,
        inodes=summary.inodes,
        directories=summary.directories,
        segment_size=job.segment,
        segments=segments,
    )


def _about(volume: UfsVolume) -> int:
    """About how large a dump will be, in bytes: to know it exactly would take a walk over all
    inodes, half as long as the dump itself.
    """
    return volume.used_bytes + volume.used_inodes * _HEADER


def _without(tree: FileTree, wanted: JobFileSystem) -> FileTree:
    """The tree less what the job excludes; a path that is not there is an ``InputError``."""
    if not wanted.exclude:
        return tree
    builder = tree.edit()
    for path in wanted.exclude:
        parent, _, name = path.rstrip(b"/").rpartition(b"/")
        number = builder.find(parent)
        if number is None or name not in builder.children(number):
            raise InputError(f"exclude: there is no '{show(path)}'", place=(wanted.slice,))
        builder.unlink(number, name)
    return builder.build()


class SegmentWriter:
    """Writes a stream to a file and keeps the checksums of every ``size`` bytes of it."""

    def __init__(self, fd: int, size: int, step: Step) -> None:
        self._fd = fd
        self._size = size
        self._step = step
        self._digest = StreamDigest()
        self._done: list[Checksums] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, which the caller must not change afterwards."""
        view = memoryview(data)
        self._step.advance(len(view))
        self._write_all(view)
        while view:
            piece = view[: self._size - self._digest.size]
            self._digest.update(piece, lasting=True)
            view = view[len(piece) :]
            if self._digest.size == self._size:
                self._done.append(self._digest.finish())
                self._digest = StreamDigest()

    def finish(self) -> tuple[Checksums, ...]:
        """The checksums of all segments, the last perhaps a shorter one."""
        last = self._digest.finish()
        return (*self._done, last) if last.size else tuple(self._done)

    def _write_all(self, view: memoryview) -> None:
        while view:
            view = view[os.write(self._fd, view) :]


def _system(
    store: CaptureStore,
    job: Job,
    host: Host,
    file_systems: tuple[FileSystem, ...],
    time: int,
) -> System:
    swap = host.swap
    disks = tuple(
        describe_disk(d, device_path(host.root, d.name), frozenset(swap)) for d in host.disks
    )
    return System(
        schema=SCHEMA,
        host=host.name,
        release=host.release,
        captured=time,
        disks=disks,
        file_systems=file_systems,
        swap=swap,
        boot_blocks=tuple(b for d in host.disks for b in _boot_blocks(store, d)),
        network=network_files(host.root),
        vfstab=host.vfstab,
        left_out=tuple(_left_out(job, disks, file_systems)),
    )


def _boot_blocks(store: CaptureStore, disk: OpenDisk) -> list[BootBlock]:
    """Sectors 1 to 15 of every UFS slice that has a boot block, kept as files."""
    found: list[BootBlock] = []
    for number in sorted(disk.volumes):
        block = take_out(disk.window(number))
        kind = recognise(block) if block else None
        if block is None or kind is None:
            continue
        name = slice_name(disk.name, number)
        file = f"{name}.bootblk"
        with complete_file(store.path / file, force=True) as partial:
            partial.write_bytes(block)
        found.append(BootBlock(name, kind.value, file, hashlib.sha256(block).hexdigest()))
    return found


def _left_out(job: Job, disks: Sequence[Disk], file_systems: Sequence[FileSystem]) -> list[str]:
    """What the set will not hold, in words: the user must know it now."""
    taken = {fs.slice for fs in file_systems}
    said: list[str] = []
    for disk in disks:
        for record in disk.slices:
            name = slice_name(disk.name, record.number)
            if record.holds is Holds.UFS and name not in taken:
                said.append(f"{name}: a UFS that job.toml does not include")
            elif record.holds is Holds.UNKNOWN:
                said.append(f"{name}: {record.sectors} sectors of something that is no UFS")
            elif record.holds is Holds.EMPTY:
                said.append(f"{name}: looks empty (its first and last MiB are zeros)")
    for fs in job.file_system:
        said.extend(f"{fs.slice}: '{show(p)}' and all below (job.toml)" for p in fs.exclude)
    return said
