# SPDX-License-Identifier: Apache-2.0
"""How far a job is, and what comes next.

Only what a command leaves behind is known: ``verify`` leaves nothing, ``rehearse`` its report
where ``next`` has it put, ``burn`` its record of discs.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.media.burn.record import NAME, BurntDisc, find_burnt, load_record, recorded_sum
from mkboot.model.job import Job
from mkboot.system.jobfile import load_job
from mkboot.system.store import CaptureStore, dump_name
from mkboot.workflows.build import SUMS, volume_file

#: Where ``next`` has the rehearsal's report put, in the job; and the report for programs.
REHEARSAL = "rehearsal"
_DOCUMENT = "report.json"
_LIMIT = 16 << 20


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
    """A disc image that is there: bytes, and when (UTC) it was burnt on a disc, empty if it
    was not; files that play discs are not counted.
    """

    file: str
    size: int
    burnt: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """``next`` is the command to type, empty when everything is done; ``then`` are those
    that follow it.  ``rehearsal`` is the verdict on these discs, empty if there is none.
    """

    name: str
    media: str
    strategy: str
    captured: bool
    file_systems: tuple[DumpStatus, ...]
    volumes: tuple[VolumeStatus, ...]
    rehearsal: str
    next: str
    then: tuple[str, ...]


def status(folder: Path) -> Status:
    """Look at a job; only names, sizes and records are looked at, nothing is verified."""
    job = load_job(folder)
    store = CaptureStore(folder / "capture")
    volumes = _volumes(folder)
    verdict = _rehearsal(folder)
    steps = _before_discs(folder, store, built=bool(volumes))
    steps = steps or _with_discs(folder, volumes, verdict, by_hand=job.strategy == "two-drive")
    return Status(
        name=job.name,
        media=job.media,
        strategy=job.strategy,
        captured=store.is_complete(),
        file_systems=_dumps(job, store),
        volumes=volumes,
        rehearsal=verdict,
        next=steps[0] if steps else "",
        then=tuple(steps[1:]),
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
    if not (folder / "set" / SUMS).is_file():
        return ()
    known = load_record(folder / NAME)
    found = []
    number = 1
    while (path := folder / "set" / volume_file(number)).is_file():
        size = path.stat().st_size
        found.append(VolumeStatus(path.name, size, _when_burnt(known, path, size)))
        number += 1
    return tuple(found)


def _when_burnt(known: tuple[BurntDisc, ...], image: Path, size: int) -> str:
    """When this very image went onto a disc in a drive, whichever."""
    wanted = recorded_sum(image)
    if wanted is None:
        return ""
    disc = find_burnt(known, os.fsencode(image.name), size, wanted, b"")
    return disc.burnt if disc is not None else ""


def _rehearsal(folder: Path) -> str:
    """The verdict of a rehearsal in the job that is younger than its discs."""
    sums, document = folder / "set" / SUMS, folder / REHEARSAL / _DOCUMENT
    if not sums.is_file() or not document.is_file():
        return ""
    facts = document.stat()
    if facts.st_mtime_ns < sums.stat().st_mtime_ns or facts.st_size > _LIMIT:
        return ""
    try:
        found = json.loads(document.read_bytes())
    except (ValueError, RecursionError):
        return ""
    verdict = found.get("verdict") if isinstance(found, dict) else None
    return verdict if isinstance(verdict, str) else ""


def _before_discs(folder: Path, store: CaptureStore, *, built: bool) -> Sequence[str]:
    """What is to be done until the discs are those of the capture."""
    job = shlex.quote(str(folder))
    if not store.is_complete():
        started = store.path.is_dir()
        return [f"mkboot capture {job}" + (" --resume" if started else "")]
    if _is_older(folder, store):
        return [f"mkboot build {job} --force"]
    return [] if built else [f"mkboot build {job}"]


def _with_discs(
    folder: Path, volumes: Sequence[VolumeStatus], verdict: str, *, by_hand: bool
) -> Sequence[str]:
    """What is to be done with the discs.  Nobody rehearses those that are burnt already, and
    no rehearsal restores ``by_hand``, as two drives want it.
    """
    job, out = shlex.quote(str(folder)), shlex.quote(str(folder / REHEARSAL))
    burn = f"mkboot burn {job} --drive DEVICE"
    if all(volume.burnt for volume in volumes):
        return []
    if verdict == "restored" or any(volume.burnt for volume in volumes):
        return [burn]
    if by_hand:
        return [f"mkboot verify {job}", burn]
    again = " --force" if (folder / REHEARSAL).exists() else ""
    return [f"mkboot verify {job}", f"mkboot rehearse {job} --out {out}{again}", burn]
