# SPDX-License-Identifier: Apache-2.0
"""Phase 4, first half: the disc images of a captured system.

The set grows in ``JOB/set.partial`` and becomes ``JOB/set`` when its last disc is
complete.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.clock import build_time
from mkboot.errors import BugError, CallerError, InputError
from mkboot.formats.bootblock import take_out
from mkboot.formats.iso import IsoImage, lay_out_iso
from mkboot.media.base import BaseMedium, read_base
from mkboot.media.disc import DiscSlice, RawContent, UfsContent, compose_disc, disc_sectors
from mkboot.media.environment import environment_tree
from mkboot.model.job import Job
from mkboot.model.manifest import SetManifest
from mkboot.model.sizes import medium_bytes
from mkboot.model.values import Checksums
from mkboot.output import PARTIAL, complete_file, locked_folder, sync_file, write_text
from mkboot.progress import Progress, Step
from mkboot.recovery.contents import SegmentContent, VolumeFiles, volume_tree
from mkboot.recovery.setplan import plan_set
from mkboot.recovery.strategies import Placing, choose
from mkboot.recovery.validate import validate_system
from mkboot.recovery.volumes import Capacity, StreamSize
from mkboot.system.jobfile import load_job
from mkboot.system.levels import with_chains
from mkboot.system.store import CaptureStore
from mkboot.tree.content import CHUNK
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import ByteSource, Window
from mkboot.workflows.miniroot import miniroot_parameters, miniroot_tree
from mkboot.workflows.room import room_for

SUMS = "SHA256SUMS"
_OLD = ".old"
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Built:
    """What ``build`` made."""

    folder: Path
    manifest: SetManifest


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything that the discs are made from."""

    base: BaseMedium
    environment: FileTree
    store: CaptureStore
    dumps: dict[tuple[str, int], ByteSource]
    known: dict[int, Checksums]


def volume_file(number: int) -> str:
    """The name of a disc image in the set."""
    return f"volume-{number}.iso"


def build(folder: Path, progress: Progress, *, force: bool = False) -> Built:
    """Make ``JOB/set``.

    Raises ``CallerError`` when a set is there already or the media cannot hold it,
    ``InputError`` when the capture or the base medium is not what it was.
    """
    job = load_job(folder)
    with locked_folder(folder):
        return _build(folder, job, progress, force=force)


def _build(folder: Path, job: Job, progress: Progress, *, force: bool) -> Built:
    target, partial = folder / "set", folder / ("set" + PARTIAL)
    _finish_swap(target)
    if target.exists() and not force:
        raise CallerError(f"{target} exists", hint="--force makes the set again")
    store = CaptureStore(folder / "capture")
    system = store.load_system()
    validate_system(system, (str(store.system_file),))
    system = with_chains(system)
    with progress.step("read the base medium"):
        base = read_base(job.base_path)
    work = _Work(
        base=base,
        environment=environment_tree(base),
        store=store,
        dumps={
            (fs.slice, d.level): store.open_dump(d) for fs in system.file_systems for d in fs.dumps
        },
        known={},
    )
    medium = medium_bytes(job.media)
    streams = [
        StreamSize(fs.slice, fs.mount, d.level, d.size, d.segment_size)
        for fs in system.file_systems
        for d in fs.dumps
    ]

    identity = hashlib.sha256(base.label.raw + str(base.source.size).encode()).hexdigest()

    def make(placing: Placing) -> SetManifest:
        # the capture's time, so that the same capture gives the same discs
        created = build_time(system.captured)
        layout = base.layout.name
        return plan_set(system, placing, layout=layout, created=created, base=identity)

    with progress.step("plan the volumes"):
        manifest = _fit(work, job.strategy, streams, room_for(base, medium), medium, make)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        _write_volumes(work, manifest, partial, progress)
        _take_place(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Built(target, manifest)


def _finish_swap(target: Path) -> None:
    """What a killed run left between two renames: the old set counts, if there is no new one."""
    old = target.with_name(target.name + _OLD)
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _take_place(partial: Path, target: Path) -> None:
    """The new set in place of the old one, which is there until the last moment."""
    old = target.with_name(target.name + _OLD)
    if target.exists():
        target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    sync_file(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _fit(
    work: _Work,
    strategy: str,
    streams: Sequence[StreamSize],
    room: Capacity,
    medium: int,
    make: Callable[[Placing], SetManifest],
) -> SetManifest:
    """The manifest whose discs all fit the medium, with their true sizes in it."""
    for _ in range(_ROUNDS):
        manifest = _settle(work, make(choose(strategy, streams, room)))
        over = [v.size - medium for v in manifest.volumes]
        if all(excess <= 0 for excess in over):
            return manifest
        room = Capacity(room.first - max(over[0], 0), room.other - max([0, *over[1:]]))
    raise CallerError("the set does not fit the media", hint="larger media, or a smaller segment")


def _settle(work: _Work, manifest: SetManifest) -> SetManifest:
    """Lay the discs out until the sizes that the manifest tells are the ones they have."""
    for _ in range(_ROUNDS):
        sizes = [_size(work, manifest, v.number) for v in manifest.volumes]
        settled = replace(
            manifest,
            volumes=tuple(
                replace(v, size=size) for v, size in zip(manifest.volumes, sizes, strict=True)
            ),
        )
        if settled == manifest:
            return manifest
        manifest = settled
    raise BugError("the sizes of the discs do not settle")


def _size(work: _Work, manifest: SetManifest, number: int) -> int:
    iso = _iso(work, manifest, _files(work, manifest, number))
    if number > 1:
        return iso.size
    return disc_sectors(iso.size, _slices(work, manifest)) * 512


def _iso(work: _Work, manifest: SetManifest, files: VolumeFiles) -> IsoImage:
    volume = manifest.volumes[files.number - 1]
    tree = volume_tree(manifest, files, work.known)
    return lay_out_iso(tree, volume_id=volume.volume_id, time=manifest.created)


def _files(work: _Work, manifest: SetManifest, number: int) -> VolumeFiles:
    segments: dict[str, tuple[SegmentContent, Checksums]] = {}
    for stream in manifest.streams:
        source = work.dumps[stream.slice, stream.level]
        for s in stream.segments:
            if s.volume == number:
                window = Window(source, s.offset, s.checksums.size)
                segments[s.file] = (SegmentContent(s.file, window, s.checksums), s.checksums)
    small = {
        f"/mkboot/boot/{b.slice}.bootblk": work.store.read_small(b.file)
        for b in manifest.system.boot_blocks
    }
    environment = work.environment if number == 1 else None
    return VolumeFiles(number, environment, segments, small)


def _slices(work: _Work, manifest: SetManifest) -> tuple[DiscSlice, ...]:
    """The slices behind the ISO of volume 1: our miniroot, and the base's boot slices."""
    base = work.base
    tree = miniroot_tree(base, manifest)
    miniroot = DiscSlice(
        number=base.layout.miniroot_slice,
        content=UfsContent(
            tree,
            miniroot_parameters(base, tree),
            generation=int(manifest.set_id[:8], 16),
        ),
        boot_block=take_out(base.miniroot_window),
    )
    boot = (DiscSlice(s.number, RawContent(s.window), tag=s.tag, flag=s.flag) for s in base.slices)
    return (miniroot, *boot)


def _write_volumes(work: _Work, manifest: SetManifest, folder: Path, progress: Progress) -> None:
    """All images; each one's SHA-256 is reckoned while the next is written."""
    with ThreadPoolExecutor(1, "mkboot-sums") as pool:
        sums = []
        for volume in manifest.volumes:
            _write_volume(work, manifest, volume.number, folder, progress)
            sums.append(pool.submit(_sha256, folder / volume_file(volume.number)))
        _write_sums(folder, manifest, sums, progress)


def _write_volume(
    work: _Work, manifest: SetManifest, number: int, folder: Path, progress: Progress
) -> None:
    volume = manifest.volumes[number - 1]
    path = folder / volume_file(number)
    files = _files(work, manifest, number)
    iso = _iso(work, manifest, files)
    name = f"volume {number} of {len(manifest.volumes)}"
    with progress.step(name, volume.size, "bytes") as step:
        if number == 1:
            size = compose_disc(
                path,
                iso,
                _slices(work, manifest),
                label_text=work.base.label.ascii.rstrip(b"\0"),
                label_volume=work.base.label.volume.rstrip(b"\0"),
                time=manifest.created,
                advance=step.advance,
            ).size
        else:
            size = _write_data_disc(path, iso, step)
    if size != volume.size:
        raise BugError(f"{name} has {size} bytes, {volume.size} were planned")
    if not all(content.judged for content, _ in files.segments.values()):
        raise BugError(f"{name}: a segment was written whose checksum nobody compared")


def _write_data_disc(path: Path, iso: IsoImage, step: Step) -> int:
    """A further volume: a plain ISO 9660, which Solaris mounts without a label."""
    with complete_file(path) as partial:
        iso.write(partial, step.advance)
    return path.stat().st_size


def _write_sums(
    folder: Path, manifest: SetManifest, sums: Sequence[Future[str]], progress: Progress
) -> None:
    """``SHA256SUMS``, for ``sha256sum -c``."""
    total = sum(v.size for v in manifest.volumes)
    lines = []
    with progress.step("checksums of the images", total, "bytes") as step:
        for volume, sha256 in zip(manifest.volumes, sums, strict=True):
            lines.append(f"{sha256.result()}  {volume_file(volume.number)}\n")
            step.advance(volume.size)
    write_text(folder / SUMS, "".join(lines))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while data := file.read(CHUNK):
            digest.update(data)
        done, size = file.tell(), path.stat().st_size
    if done != size:
        raise InputError(f"ends at byte {done} of {size}", place=(str(path),))
    return digest.hexdigest()
