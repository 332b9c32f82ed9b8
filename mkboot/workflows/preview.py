# SPDX-License-Identifier: Apache-2.0
"""What ``prepare`` foresees of a set: dumps, compression, volumes, stages, commands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mkboot.formats.ufsdump import estimate_dump
from mkboot.media.base import BaseMedium
from mkboot.model.finding import Finding, error, note
from mkboot.model.manifest import BorrowedKind
from mkboot.model.packing import Packing
from mkboot.progress import Progress
from mkboot.recovery.borrow import Borrowing, borrow
from mkboot.recovery.packing import sample_ratio
from mkboot.recovery.strategies import Placing
from mkboot.recovery.volumes import StreamSize
from mkboot.workflows.commands import MISSING_HINT, environment_of, missing_words, needs_of
from mkboot.workflows.host import Host
from mkboot.workflows.lending import disk_files


@dataclass(frozen=True, slots=True)
class PlannedFileSystem:
    """What ``prepare`` tells of a file system: sizes in bytes, its state in words.

    ``stored`` is what its dump is thought to take on the discs; ``stage`` 1 is restored
    before the disk boots, 2 afterwards; ``volumes`` are the discs that it is on.
    """

    slice: str
    mount: bytes
    dump: int
    inodes: int
    state: str
    clean: bool
    stored: int
    stage: int = 1
    volumes: tuple[int, ...] = (1,)


def survey(host: Host, compress: Packing, progress: Progress) -> list[PlannedFileSystem]:
    """Every file system of the host, as if nothing else were on the discs."""
    found: list[PlannedFileSystem] = []
    volumes = host.volumes()
    with progress.step("look at the file systems", len(volumes), "file systems") as step:
        for slice_, volume in volumes:
            tree = host.root if slice_ == host.root_slice else volume.tree()
            entry = host.mounts.get(slice_)
            dump = estimate_dump(tree)
            found.append(
                PlannedFileSystem(
                    slice=slice_,
                    mount=entry.mount if entry else b"",
                    dump=dump,
                    inodes=len(tree.nodes),
                    state=volume.state.words,
                    clean=volume.state.is_clean,
                    stored=math.ceil(dump * sample_ratio(tree, compress)),
                )
            )
            step.advance(1)
    return found


def stream_of(planned: PlannedFileSystem, segment: int) -> StreamSize:
    """As many segments as it will have, each as much smaller as the whole is thought to be."""
    whole = StreamSize(planned.slice, planned.mount, 0, planned.dump, segment)
    if planned.stored >= planned.dump:
        return whole
    ratio = planned.stored / planned.dump
    return replace(whole, stored=tuple(math.ceil(size * ratio) for size in whole.pieces()))


def placed(planned: PlannedFileSystem, placing: Placing) -> PlannedFileSystem:
    """The same with its volumes, and the stage in which it comes back."""
    first: set[str] = set()
    for stream in placing.order:
        here = [p for p in placing.placed if p.slice == stream.slice]
        if placing.strategy == "root-first" and any(p.volume > 1 for p in here):
            break
        first.add(stream.slice)
    volumes = sorted({p.volume for p in placing.placed if p.slice == planned.slice})
    stage = 1 if planned.slice in first else 2
    return replace(planned, stage=stage, volumes=tuple(volumes) or (1,))


def foresee_commands(
    host: Host, base: BaseMedium, compress: Packing, progress: Progress
) -> Borrowing:
    """What the host will lend, and what is to be had nowhere."""
    with progress.step("look for commands"):
        return borrow(needs_of(base.layout, compress), environment_of(base), disk_files(host))


def command_findings(
    borrowing: Borrowing, base: BaseMedium, planned: Sequence[PlannedFileSystem]
) -> Iterator[Finding]:
    """What the install environment lacks: had from the host, or to be had nowhere."""
    names = [b.file.rpartition("/")[2] for b in borrowing.files if b.kind is BorrowedKind.COMMAND]
    if names:
        yield note(
            "command-borrowed",
            base.path.name,
            f"the install environment has no {', '.join(names)}: taken from the host",
        )
    for each in borrowing.missing:
        if each.stage == 1 or any(fs.stage == 2 for fs in planned):
            yield error(
                "command-missing",
                base.path.name,
                f"{missing_words(each)}: {each.why}; mkboot build will refuse it",
                MISSING_HINT,
            )
