# SPDX-License-Identifier: Apache-2.0
"""Phase 5 on Linux: a set is written straight onto disk images, along its restore plan."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mkboot.clock import build_time
from mkboot.errors import BugError, CallerError, InputError
from mkboot.formats.bootblock import put_in
from mkboot.formats.label import SECTOR, backup_label_sectors, write_label
from mkboot.formats.ufs import open_ufs, write_ufs
from mkboot.model.manifest import SetManifest, segment_bytes
from mkboot.model.plan import Action, Step
from mkboot.model.system import FileSystem
from mkboot.model.values import UfsParameters
from mkboot.output import complete_files, remnants_of
from mkboot.progress import Progress
from mkboot.recovery.check import check_segments
from mkboot.recovery.plan import make_plan, streams_of
from mkboot.recovery.sets import OpenSet, open_set
from mkboot.recovery.targets import (
    TargetDisk,
    TargetPlan,
    choose_parameters_on,
    plan_disk,
)
from mkboot.system.disks import split_slice_name
from mkboot.tree.names import show
from mkboot.tree.node import NodeType
from mkboot.tree.source import FileSink, FileSource, Window


@dataclass(frozen=True, slots=True)
class DiskTarget:
    """``--disk NAME=FILE[,SIZE[,HxS]]``: ``size`` None: an image that is there, or, where
    there is none, a new one as large as the captured disk.
    """

    name: str
    path: Path
    size: int | None = None
    heads: int | None = None
    nsect: int | None = None


@dataclass(frozen=True, slots=True)
class RestoredFileSystem:
    """What was written of one file system."""

    slice: str
    mount: bytes
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What ``restore`` did."""

    manifest: SetManifest
    disks: tuple[TargetPlan, ...]
    file_systems: tuple[RestoredFileSystem, ...]
    steps: int


@dataclass(slots=True)
class _Bench:
    """The disks being written: file descriptors, what each is to become, and how each file
    system is made.
    """

    fds: dict[str, int]
    plans: dict[str, TargetPlan]
    parameters: dict[str, UfsParameters]

    def sink(self, slice_: str) -> FileSink:
        disk, number = split_slice_name(slice_)
        label = self.plans[disk].label
        entry = label.entry(number)
        return FileSink(self.fds[disk], label.start(number) * SECTOR, entry.sectors * SECTOR)


def restore(
    sets: Path | Sequence[Path],
    targets: Sequence[DiskTarget],
    progress: Progress,
    *,
    force: bool = False,
) -> Restored:
    """Write the whole system onto disk images, which appear when all is done.

    Raises ``CallerError`` for targets that do not match the host's disks,  ``InputError``
    for a set that is damaged or incomplete (before anything is written) or disks that are
    too small.
    """
    opened = open_set(*([sets] if isinstance(sets, Path) else sets))
    manifest = opened.manifest
    chosen = _match(manifest, targets)
    remnants = remnants_of([target.path for target in chosen])
    for target in chosen:
        _refuse_existing(target, opened, force=force or target.path in remnants)
    plans = {t.name: _plan(manifest, t) for t in chosen}
    _verify(opened, progress)
    parameters = _parameters(opened, plans, progress)
    plan = make_plan(manifest)
    with ExitStack() as stack:
        fds: dict[str, int] = {}
        paths = [target.path for target in chosen]
        partials = stack.enter_context(complete_files(paths, force=True))
        for target, partial in zip(chosen, partials, strict=True):
            fds[target.name] = os.open(partial, os.O_RDWR)
            stack.callback(os.close, fds[target.name])
            os.ftruncate(fds[target.name], plans[target.name].sectors * SECTOR)
        bench = _Bench(fds, plans, parameters)
        done = [
            result
            for step in plan.steps
            if (result := _carry_out(step, opened, bench, progress)) is not None
        ]
    return Restored(manifest, tuple(plans.values()), tuple(done), len(plan.steps))


def _match(manifest: SetManifest, targets: Sequence[DiskTarget]) -> list[DiskTarget]:
    """Exactly one target for every disk of the host."""
    names = [t.name for t in targets]
    host = [d.name for d in manifest.system.disks]
    for name in names:
        if name not in host or names.count(name) > 1:
            raise CallerError(
                f"--disk {name}: the host has no such disk, or it is given twice",
                hint=f"the host has {', '.join(host)}",
            )
    paths = [t.path.resolve() for t in targets]
    for path in paths:
        if paths.count(path) > 1:
            raise CallerError(f"two disks are to be written to {path}")
    lacking = [name for name in host if name not in names]
    if lacking:
        raise CallerError(
            f"no target for {', '.join(lacking)}",
            hint=f"--disk {lacking[0]}=FILE[,SIZE[,HEADSxSECTORS]]",
        )
    return list(targets)


def _refuse_existing(target: DiskTarget, opened: OpenSet, *, force: bool) -> None:
    """An image that is there is overwritten only if it is blank, or with --force; a disc of
    the set never.
    """
    if not target.path.exists():
        return
    if any(v.path.samefile(target.path) for v in opened.volumes.values()):
        raise CallerError(f"{target.path} is a disc of the set itself")
    mode = target.path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise CallerError(
            f"{target.path} is no regular file",
            hint="restore onto an image, and copy that to the device",
        )
    if not force and not _blank(target):
        raise CallerError(f"{target.path} exists and is not blank", hint="--force overwrites it")


def _blank(target: DiskTarget) -> bool:
    """Whether the file is there and reads as zeros from end to end."""
    if not target.path.is_file():
        return False
    with FileSource(target.path) as source:
        for start, length in source.data_runs(0, source.size):
            for offset in range(start, start + length, 1 << 20):
                want = min(1 << 20, start + length - offset)
                if source.pread(offset, want).strip(b"\0"):
                    return False
    return True


def _plan(manifest: SetManifest, target: DiskTarget) -> TargetPlan:
    disk = next(d for d in manifest.system.disks if d.name == target.name)
    if target.size is not None:
        sectors = target.size // SECTOR
    elif target.path.exists():
        sectors = target.path.stat().st_size // SECTOR
    else:
        sectors = disk.sectors
    return plan_disk(
        manifest.system, disk, TargetDisk(target.name, sectors, target.heads, target.nsect)
    )


def _verify(opened: OpenSet, progress: Progress) -> None:
    """Every segment, before the first write."""
    _, total = segment_bytes(opened.manifest)
    with progress.step("verify the segments", total, "bytes") as step:
        check = check_segments(opened, thorough=False, stop=True, advance=step.advance)
    wanted = sum(len(s.segments) for s in opened.manifest.streams)
    if check.segments != wanted or check.findings:
        first = check.findings[0] if check.findings else None
        raise InputError(
            f"{first.place}: {first.message}" if first else "not all segments are here",
            hint=first.hint if first else None,
        )


def _parameters(
    opened: OpenSet, plans: dict[str, TargetPlan], progress: Progress
) -> dict[str, UfsParameters]:
    """How every file system is made, so that it is known to fit before anything is written."""
    found: dict[str, UfsParameters] = {}
    systems = opened.manifest.system.file_systems
    with progress.step("plan the file systems", len(systems), "file systems") as step:
        for fs in systems:
            disk, number = split_slice_name(fs.slice)
            tree = opened.tree(fs.slice)
            found[fs.slice] = choose_parameters_on(fs, plans[disk], number, tree)
            step.advance(1)
    return found


def _carry_out(
    step: Step, opened: OpenSet, bench: _Bench, progress: Progress
) -> RestoredFileSystem | None:
    """One step of the plan; mkfs, mount and restore are one pass of our writer."""
    if step.action is Action.LABEL:
        _label(bench, step.target)
    elif step.action is Action.RESTORE:
        levels = streams_of(opened.manifest, step.target)
        if step.arguments["level"] != str(levels[-1].level):
            return None  # all levels go in together, with the last
        return _restore(opened, bench, step.target, progress)
    elif step.action is Action.CHECK:
        _check(bench, step.target)
    elif step.action is Action.INSTALLBOOT:
        _boot_block(opened, bench, step.target)
    return None


def _label(bench: _Bench, disk: str) -> None:
    plan = bench.plans[disk]
    data = write_label(plan.label)
    sink = FileSink(bench.fds[disk], 0, plan.sectors * SECTOR)
    sink.pwrite(0, data)
    for sector in backup_label_sectors(plan.label.geometry):
        if sector < plan.sectors:
            sink.pwrite(sector * SECTOR, data)


def _restore(opened: OpenSet, bench: _Bench, slice_: str, progress: Progress) -> RestoredFileSystem:
    fs = _file_system(opened.manifest, slice_)
    tree = opened.tree(slice_)
    parameters = bench.parameters[slice_]
    name = show(fs.mount) or slice_
    total = sum(n.content.size for n in tree.nodes if n.type is NodeType.FILE)
    try:
        with progress.step(f"restore {name}", fs.used_bytes, "bytes", estimate=True) as step:
            write_ufs(
                tree,
                bench.sink(slice_),
                parameters,
                time=build_time(),
                last_mounted=fs.mount,
                keep_numbers=parameters == fs.parameters,
                advance=step.advance,
            )
    except InputError as e:
        raise e.inside(slice_) from e
    return RestoredFileSystem(slice_, fs.mount, len(tree.nodes), total)


def _file_system(manifest: SetManifest, slice_: str) -> FileSystem:
    return next(fs for fs in manifest.system.file_systems if fs.slice == slice_)


def _check(bench: _Bench, slice_: str) -> None:
    """Read back what was written: a superblock that is clean, and a whole tree."""
    sink = bench.sink(slice_)
    disk, _ = split_slice_name(slice_)
    with FileSource(Path(f"/proc/self/fd/{bench.fds[disk]}")) as source:
        volume = open_ufs(Window(source, sink.offset, sink.size), place=(slice_,))
        if not volume.state.is_clean or not volume.tree().nodes:
            raise BugError(f"{slice_} was written, and is {volume.state.words}")


def _boot_block(opened: OpenSet, bench: _Bench, slice_: str) -> None:
    block = next(b for b in opened.manifest.system.boot_blocks if b.slice == slice_)
    data = opened.small_file(f"/mkboot/boot/{slice_}.bootblk")
    if hashlib.sha256(data).hexdigest() != block.sha256:
        raise InputError("its boot block is not what was captured", place=(slice_,))
    put_in(bench.sink(slice_), data)
