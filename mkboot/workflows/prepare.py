# SPDX-License-Identifier: Apache-2.0
"""Phase 1: check everything that can be checked now, plan the volumes, write ``job.toml``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.errors import CallerError
from mkboot.formats.label import SECTOR, check_label
from mkboot.formats.ufsdump import estimate_dump
from mkboot.media.base import BaseMedium, read_base
from mkboot.model.finding import Finding, error, note, warning
from mkboot.model.job import SCHEMA, STRATEGIES, Job, JobFileSystem, SourceDisk
from mkboot.model.sizes import medium_bytes
from mkboot.output import refuse_existing
from mkboot.progress import Progress
from mkboot.recovery.strategies import choose
from mkboot.recovery.volumes import StreamSize, segment_size
from mkboot.system.inventory import root_manager
from mkboot.system.jobfile import NAME, save_job
from mkboot.tree.names import show
from mkboot.workflows.host import CLEAN_HINT, Host, open_host
from mkboot.workflows.room import room_for


@dataclass(frozen=True, slots=True)
class Request:
    """The options of ``prepare``; ``name`` None: the host's own name."""

    base: Path
    sources: tuple[SourceDisk, ...]
    media: str
    strategy: str
    name: str | None


@dataclass(frozen=True, slots=True)
class PlannedFileSystem:
    """What ``prepare`` tells of a file system: sizes in bytes, its state in words."""

    slice: str
    mount: bytes
    dump: int
    inodes: int
    state: str
    clean: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """What ``prepare`` found and decided."""

    job: Job
    host: str
    release: str
    base_release: str
    layout: str
    strategy: str
    volumes: int
    file_systems: tuple[PlannedFileSystem, ...]
    findings: tuple[Finding, ...]


def prepare(folder: Path, request: Request, progress: Progress, *, force: bool) -> Prepared:
    """Make a job.

    Raises ``CallerError`` for options that cannot be carried out and media that cannot
    hold the set, ``InputError`` for a base medium or a disk that cannot be used.
    """
    refuse_existing(folder / NAME, force=force)
    if request.strategy not in STRATEGIES:
        raise CallerError(
            f"no such strategy: {request.strategy}", hint=f"one of {', '.join(STRATEGIES)}"
        )
    medium = medium_bytes(request.media)
    with progress.step("read the base medium"):
        base = read_base(request.base)
    with progress.step("read the disks"):
        host = open_host(request.sources)
    planned = _survey(host, progress)
    segment = segment_size(medium)
    streams = [StreamSize(p.slice, p.mount, 0, p.dump, segment) for p in planned]
    placing = choose(request.strategy, streams, room_for(base, medium))
    job = Job(
        schema=SCHEMA,
        name=request.name or host.name,
        base=os.fsencode(request.base.absolute()),
        media=request.media,
        strategy=request.strategy,
        segment=segment,
        source=tuple(SourceDisk(s.disk, os.fsencode(s.path.absolute())) for s in request.sources),
        file_system=tuple(JobFileSystem(p.slice, p.mount) for p in planned),
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    save_job(folder, job, force=force)
    return Prepared(
        job=job,
        host=host.name,
        release=host.release.version,
        base_release=base.release,
        layout=base.layout.name,
        strategy=placing.strategy,
        volumes=placing.volumes,
        file_systems=tuple(planned),
        findings=tuple(_findings(host, base, planned)),
    )


def _survey(host: Host, progress: Progress) -> list[PlannedFileSystem]:
    found: list[PlannedFileSystem] = []
    volumes = host.volumes()
    with progress.step("look at the file systems", len(volumes), "file systems") as step:
        for slice_, volume in volumes:
            tree = host.root if slice_ == host.root_slice else volume.tree()
            entry = host.mounts.get(slice_)
            found.append(
                PlannedFileSystem(
                    slice=slice_,
                    mount=entry.mount if entry else b"",
                    dump=estimate_dump(tree),
                    inodes=len(tree.nodes),
                    state=volume.state.words,
                    clean=volume.state.is_clean,
                )
            )
            step.advance(1)
    return found


def _findings(host: Host, base: BaseMedium, planned: Sequence[PlannedFileSystem]) -> list[Finding]:
    found = [*_release_findings(host, base), *_disk_findings(host), *_root_findings(host)]
    for fs in planned:
        if not fs.clean:
            found.append(
                error(
                    "ufs-unclean",
                    fs.slice,
                    f"the file system is {fs.state}; mkboot capture will refuse it",
                    f"{CLEAN_HINT}, or --accept-unclean {fs.slice}",
                )
            )
        if not fs.mount:
            found.append(
                note(
                    "not-mounted",
                    fs.slice,
                    "holds a UFS that vfstab does not mount; it is captured all the same",
                    "include = false in job.toml leaves it out",
                )
            )
    return [*found, *_mount_findings(host)]


def _disk_findings(host: Host) -> Iterator[Finding]:
    """What is wrong with the disks' labels: a restore by hand stumbles over it."""
    for disk in host.disks:
        sectors = disk.source.size // SECTOR
        for each in check_label(disk.label.raw, sectors, disc=False):
            yield replace(each, place=f"{disk.name} {each.place}".strip())


def _root_findings(host: Host) -> Iterator[Finding]:
    for slice_ in host.other_roots:
        yield warning(
            "several-roots",
            slice_,
            f"could be a root too; {host.root_slice} is taken for the one that the host runs from",
            "if it is not, set the mounts in job.toml",
        )
    manager = root_manager(host.root)
    if manager:
        yield warning(
            "root-managed",
            host.root_slice,
            f"the root lies under {manager}: what is restored does not boot before /etc/system "
            "and /etc/vfstab are mended",
            "README.TXT on the discs tells how",
        )


def _mount_findings(host: Host) -> Iterator[Finding]:
    for entry in host.entries:
        if entry.fstype == b"ufs" and entry.mount and entry.slice_name is None:
            yield warning(
                "not-a-slice",
                show(entry.mount),
                f"vfstab mounts {show(entry.device)}, which is no plain slice",
                "say in job.toml which slice holds it, and leave the other halves of mirrors out",
            )
        elif entry.slice_name and entry.fstype == b"ufs" and entry.slice_name not in host.mounts:
            yield warning(
                "disk-missing",
                show(entry.mount),
                f"vfstab mounts {entry.slice_name}, which is not among the disks given, or "
                "holds no UFS there",
                "give that disk with --source, or the set will lack it",
            )


def _release_findings(host: Host, base: BaseMedium) -> list[Finding]:
    found: list[Finding] = []
    if not host.release.version:
        found.append(
            warning(
                "release-unknown", host.root_slice, "the host does not say which release it runs"
            )
        )
    elif host.release.version != base.release:
        found.append(
            warning(
                "release-mismatch",
                base.path.name,
                f"the host runs Solaris {host.release.version}, the base medium is {base.release}",
                "a base medium of the host's own release knows its hardware and its file systems",
            )
        )
    found.extend(
        note(
            "boot-block-kind",
            f"{base.path.name} slice {each.number}",
            f"the boot block for {each.arch} is of no known kind; it is copied as it is",
        )
        for each in base.slices
        if each.kind is None
    )
    found.extend(
        warning(
            "command-missing",
            base.path.name,
            f"the install environment has no {command}, which a restore by hand uses",
        )
        for command in base.missing_commands
    )
    return found
