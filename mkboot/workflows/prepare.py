# SPDX-License-Identifier: Apache-2.0
"""Phase 1: check everything that can be checked now, plan the volumes, write ``job.toml``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.errors import CallerError
from mkboot.formats.label import SECTOR, check_label
from mkboot.media.base import BaseMedium, read_base
from mkboot.model.finding import Finding, error, note, warning
from mkboot.model.job import SCHEMA, STRATEGIES, Job, JobFileSystem, SourceDisk
from mkboot.model.packing import Packing
from mkboot.model.sizes import medium_bytes
from mkboot.output import refuse_existing
from mkboot.progress import Progress
from mkboot.recovery.borrow import Borrowing
from mkboot.recovery.packing import check_packing
from mkboot.recovery.strategies import choose
from mkboot.recovery.volumes import segment_size
from mkboot.system.inventory import root_manager
from mkboot.system.jobfile import NAME, save_job
from mkboot.system.nvram import read_nvram
from mkboot.tree.names import show
from mkboot.workflows.host import CLEAN_HINT, Host, open_host
from mkboot.workflows.preview import (
    PlannedFileSystem,
    command_findings,
    foresee_commands,
    placed,
    stream_of,
    survey,
)
from mkboot.workflows.room import room_for


@dataclass(frozen=True, slots=True)
class Request:
    """The options of ``prepare``; ``name`` None: the host's own name; ``nvram``: files with
    what the host's NVRAM holds.
    """

    base: Path
    sources: tuple[SourceDisk, ...]
    media: str
    strategy: str
    name: str | None
    nvram: tuple[Path, ...] = ()
    compress: Packing = Packing.NONE


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
    borrowing: Borrowing
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
    read_nvram(request.nvram)
    with progress.step("read the base medium"):
        base = read_base(request.base)
    with progress.step("read the disks"):
        host = open_host(request.sources)
    check_packing(request.compress, base.release, host.release.version)
    planned = survey(host, request.compress, progress)
    borrowing = foresee_commands(host, base, request.compress, progress)
    segment = segment_size(medium)
    streams = [stream_of(p, segment) for p in planned]
    room = room_for(base, medium, borrowed=borrowing.files)
    placing = choose(request.strategy, streams, room)
    planned = [placed(p, placing) for p in planned]
    job = Job(
        schema=SCHEMA,
        name=request.name or _job_name(host.name),
        base=os.fsencode(request.base.absolute()),
        media=request.media,
        strategy=request.strategy,
        segment=segment,
        source=tuple(SourceDisk(s.disk, os.fsencode(s.path.absolute())) for s in request.sources),
        file_system=tuple(JobFileSystem(p.slice, p.mount) for p in planned),
        nvram=tuple(os.fsencode(path.absolute()) for path in request.nvram),
        compress=request.compress,
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
        borrowing=borrowing,
        findings=(*_findings(host, base, planned), *command_findings(borrowing, base, planned)),
    )


def _job_name(host: str) -> str:
    """What a job can be called after a host, whose file of its name may hold anything."""
    return "".join(c if c.isprintable() and c != "/" else "_" for c in host) or "host"


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
            f"the root lies under {manager}: it comes back on its plain slice, and the discs mend "
            "/etc/system and /etc/vfstab for that",
            "README.TXT on the discs tells how the volumes are made again",
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
    return found
