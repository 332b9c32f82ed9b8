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
from mkboot.media.disc import DiscSlice, RawContent, UfsContent, compose_disc, disc_sectors
from mkboot.model.job import Job
from mkboot.model.manifest import SetManifest
from mkboot.model.packing import Packing
from mkboot.model.sizes import medium_bytes
from mkboot.model.values import Checksums
from mkboot.output import PARTIAL, complete_file, locked_folder, sync_file, write_text
from mkboot.progress import Progress, Step
from mkboot.recovery.contents import SegmentContent, VolumeFiles, volume_tree
from mkboot.recovery.hooks import jumpstart_files
from mkboot.recovery.plan import has_later, make_plan
from mkboot.recovery.runbook import runbook_html
from mkboot.recovery.setplan import plan_set
from mkboot.recovery.strategies import Placing, choose
from mkboot.recovery.volumes import Capacity
from mkboot.system.jobfile import load_job
from mkboot.tree.content import CHUNK
from mkboot.workflows.commands import refuse_missing, refuse_taken_folder, refuse_unsaid_mounts
from mkboot.workflows.lending import captured_files
from mkboot.workflows.material import Material, gather
from mkboot.workflows.miniroot import miniroot_parameters, miniroot_tree
from mkboot.workflows.room import room_for

SUMS = "SHA256SUMS"
RUNBOOK_FILE = "runbook.html"
_OLD = ".old"
_SPOOL = "compressed"
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Built:
    """What ``build`` made."""

    folder: Path
    manifest: SetManifest


def volume_file(number: int) -> str:
    """The name of a disc image in the set."""
    return f"volume-{number}.iso"


def build(
    folder: Path, progress: Progress, *, force: bool = False, compress: Packing | None = None
) -> Built:
    """Make ``JOB/set``; ``compress`` None: as the job says.

    Raises ``CallerError`` when a set is there already or the media cannot hold it,
    ``InputError`` when the capture or the base medium is not what it was, or when a command
    is to be had nowhere.
    """
    job = load_job(folder)
    if compress is not None:
        job = replace(job, compress=compress)
    with locked_folder(folder):
        return _build(folder, job, progress, force=force)


def _build(folder: Path, job: Job, progress: Progress, *, force: bool) -> Built:
    target, partial = folder / "set", folder / ("set" + PARTIAL)
    _finish_swap(target)
    if target.exists() and not force:
        raise CallerError(f"{target} exists", hint="--force makes the set again")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        manifest = _make(folder, job, partial, progress)
        _take_place(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Built(target, manifest)


def _make(folder: Path, job: Job, partial: Path, progress: Progress) -> SetManifest:
    """All images in ``partial``; what is compressed lies there too until they are written."""
    spool = partial / _SPOOL
    spool.mkdir(mode=0o700)
    work = gather(folder, job, spool, progress)
    refuse_unsaid_mounts(work.system)
    medium = medium_bytes(job.media)

    def make(placing: Placing) -> SetManifest:
        return plan_set(
            work.system,
            placing,
            layout=work.base.layout.name,
            # the capture's time, so that the same capture gives the same discs
            created=build_time(work.system.captured),
            base=work.identity,
            base_release=work.base.release,
            stored=work.stored,
            compress=work.compress,
            borrowed=work.borrowing.files,
        )

    with progress.step("plan the volumes"):
        room = room_for(work.base, medium, borrowed=work.borrowing.files)
        manifest = _fit(work, job.strategy, room, medium, make)
    refuse_missing(work.borrowing, two_stages=has_later(manifest))
    if has_later(manifest):
        refuse_taken_folder(captured_files(work.store, work.system))
    _write_volumes(work, manifest, partial, progress)
    write_text(partial / RUNBOOK_FILE, runbook_html(manifest, make_plan(manifest)))
    shutil.rmtree(spool)
    return manifest


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
    work: Material,
    strategy: str,
    room: Capacity,
    medium: int,
    make: Callable[[Placing], SetManifest],
) -> SetManifest:
    """The manifest whose discs all fit the medium, with their true sizes in it."""
    streams = work.streams()
    for _ in range(_ROUNDS):
        manifest = _settle(work, make(choose(strategy, streams, room)))
        over = [v.size - medium for v in manifest.volumes]
        if all(excess <= 0 for excess in over):
            return manifest
        room = Capacity(room.first - max(over[0], 0), room.other - max([0, *over[1:]]))
    raise CallerError("the set does not fit the media", hint="larger media, or a smaller segment")


def _settle(work: Material, manifest: SetManifest) -> SetManifest:
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


def _size(work: Material, manifest: SetManifest, number: int) -> int:
    iso = _iso(work, manifest, _files(work, manifest, number))
    if number > 1:
        return iso.size
    return disc_sectors(iso.size, _slices(work, manifest)) * 512


def _iso(work: Material, manifest: SetManifest, files: VolumeFiles) -> IsoImage:
    volume = manifest.volumes[files.number - 1]
    tree = volume_tree(manifest, files, work.known)
    return lay_out_iso(tree, volume_id=volume.volume_id, time=manifest.created)


def _files(work: Material, manifest: SetManifest, number: int) -> VolumeFiles:
    segments: dict[str, tuple[SegmentContent, Checksums]] = {}
    for stream in manifest.streams:
        stored = work.stored[stream.slice, stream.level]
        for s, held in zip(stream.segments, stored, strict=True):
            if s.volume == number:
                content = SegmentContent(s.file, held.source, s.checksums)
                segments[s.file] = (content, s.checksums)
    small = {
        f"/mkboot/boot/{b.slice}.bootblk": work.store.read_small(b.file)
        for b in manifest.system.boot_blocks
    }
    if number > 1:
        return VolumeFiles(number, None, segments, small)
    contents = work.borrowing.contents
    programs = {b.file: (contents[b.file], b.checksums) for b in manifest.borrowed}
    small |= jumpstart_files(manifest)
    return VolumeFiles(number, work.environment, segments, small, programs)


def _slices(work: Material, manifest: SetManifest) -> tuple[DiscSlice, ...]:
    """The slices behind the ISO of volume 1: our miniroot, and the base's boot slices."""
    base = work.base
    tree = miniroot_tree(work.miniroot, base.layout, manifest)
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


def _write_volumes(work: Material, manifest: SetManifest, folder: Path, progress: Progress) -> None:
    """All images; each one's SHA-256 is reckoned while the next is written."""
    with ThreadPoolExecutor(1, "mkboot-sums") as pool:
        sums = []
        for volume in manifest.volumes:
            _write_volume(work, manifest, volume.number, folder, progress)
            sums.append(pool.submit(_sha256, folder / volume_file(volume.number)))
        _write_sums(folder, manifest, sums, progress)


def _write_volume(
    work: Material, manifest: SetManifest, number: int, folder: Path, progress: Progress
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
