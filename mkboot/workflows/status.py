# SPDX-License-Identifier: Apache-2.0
"""How far a job is, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mkboot.model.job import Job
from mkboot.system.jobfile import load_job
from mkboot.system.store import CaptureStore, dump_name
from mkboot.workflows.build import SUMS, volume_file


@dataclass(frozen=True, slots=True)
class DumpStatus:
    """A file system of the job: is its dump there, how large is it (bytes, all levels), and
    which levels there are, oldest first.
    """

    slice: str
    mount: bytes
    include: bool
    captured: bool
    size: int
    levels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VolumeStatus:
    """A disc image that is there."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Status:
    """``next`` is the command to type, empty when everything is done."""

    name: str
    media: str
    strategy: str
    captured: bool
    file_systems: tuple[DumpStatus, ...]
    volumes: tuple[VolumeStatus, ...]
    next: str


def status(folder: Path) -> Status:
    """Look at a job; only names and sizes are looked at, nothing is verified."""
    job = load_job(folder)
    store = CaptureStore(folder / "capture")
    volumes = _volumes(folder / "set")
    captured = store.is_complete()
    return Status(
        name=job.name,
        media=job.media,
        strategy=job.strategy,
        captured=captured,
        file_systems=_dumps(job, store),
        volumes=volumes,
        next=_next(folder, captured=captured, built=bool(volumes), older=_is_older(folder, store)),
    )


def _dumps(job: Job, store: CaptureStore) -> tuple[DumpStatus, ...]:
    recorded = {}
    if store.is_complete():
        recorded = {fs.slice: fs.dumps for fs in store.load_system().file_systems}
    found = []
    for fs in job.file_system:
        levels = tuple(d.level for d in recorded.get(fs.slice, ())) or (0,)
        paths = [store.path / dump_name(fs.slice, level) for level in levels]
        there = all(path.is_file() for path in paths)
        size = sum(path.stat().st_size for path in paths) if there else 0
        found.append(
            DumpStatus(fs.slice, fs.mount, fs.include, there, size, levels if there else ())
        )
    return tuple(found)


def _is_older(folder: Path, store: CaptureStore) -> bool:
    """Whether something was captured after the discs were built."""
    sums = folder / "set" / SUMS
    if not sums.is_file() or not store.is_complete():
        return False
    return sums.stat().st_mtime_ns < store.system_file.stat().st_mtime_ns


def _volumes(folder: Path) -> tuple[VolumeStatus, ...]:
    """The images of a set that is complete: it has its checksums."""
    if not (folder / SUMS).is_file():
        return ()
    found = []
    number = 1
    while (path := folder / volume_file(number)).is_file():
        found.append(VolumeStatus(path.name, path.stat().st_size))
        number += 1
    return tuple(found)


def _next(folder: Path, *, captured: bool, built: bool, older: bool) -> str:
    if not captured:
        started = (folder / "capture").is_dir()
        return f"mkboot capture {folder}" + (" --resume" if started else "")
    if older:
        return f"mkboot build {folder} --force"
    return f"mkboot verify {folder}" if built else f"mkboot build {folder}"
