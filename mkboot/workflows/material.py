# SPDX-License-Identifier: Apache-2.0
"""Everything that the discs of a set are made from, gathered before the first is planned."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.errors import InputError
from mkboot.media.base import BaseMedium, read_base
from mkboot.media.environment import environment_tree, wrap
from mkboot.media.paths import first
from mkboot.model.job import Job
from mkboot.model.layout import UsrIn
from mkboot.model.packing import Packing
from mkboot.model.system import System
from mkboot.model.values import Checksums
from mkboot.progress import Progress
from mkboot.recovery.borrow import Borrowing, borrow, unmet
from mkboot.recovery.packing import Stored, check_packing, pack_stream, stored_sizes
from mkboot.recovery.seeds import profind_wrapper
from mkboot.recovery.validate import validate_system
from mkboot.recovery.volumes import StreamSize
from mkboot.system.levels import with_chains
from mkboot.system.store import CaptureStore
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import SECOND
from mkboot.workflows.commands import environment_of, needs_of
from mkboot.workflows.lending import captured_files

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Material:
    """``environment`` is what volume 1 has of slice 0 of the base, ``miniroot`` the base's, both
    with profind wrapped where it lies in them; ``stored`` are the segments by slice and
    level; ``known`` remembers checksums of the environment's files by node number.
    """

    base: BaseMedium
    environment: FileTree
    miniroot: FileTree
    store: CaptureStore
    system: System
    compress: Packing
    stored: dict[Key, tuple[Stored, ...]]
    borrowing: Borrowing
    known: dict[int, Checksums] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """What tells base media apart."""
        base = self.base
        return hashlib.sha256(base.label.raw + str(base.source.size).encode()).hexdigest()

    def streams(self) -> list[StreamSize]:
        """The sizes of all streams."""
        return [
            StreamSize(
                fs.slice, fs.mount, d.level, d.size, d.segment_size,
                stored_sizes(self.stored[fs.slice, d.level]),
            )
            for fs in self.system.file_systems
            for d in fs.dumps
        ]  # fmt: skip


def gather(folder: Path, job: Job, spool: Path, progress: Progress) -> Material:
    """Open the capture and the base medium of the job in ``folder``; compress into ``spool``.

    Raises ``InputError`` when the capture or the base medium is not what it was, or lacks a
    command; ``CallerError`` where the Sun could not undo the compression.
    """
    store = CaptureStore(folder / "capture")
    system = store.load_system()
    validate_system(system, (str(store.system_file),))
    system = with_chains(system)
    with progress.step("read the base medium"):
        base = read_base(job.base_path)
    compress = job.compress
    check_packing(compress, base.release, system.release.version)
    borrowing = _borrow(base, store, system, compress, progress)
    environment, miniroot = _wrapped(base, system.captured * SECOND)
    return Material(
        base=base,
        environment=environment,
        miniroot=miniroot,
        store=store,
        system=system,
        compress=compress,
        stored=_stored(store, system, compress, spool, progress),
        borrowing=borrowing,
    )


def _borrow(
    base: BaseMedium, store: CaptureStore, system: System, compress: Packing, progress: Progress
) -> Borrowing:
    """The host's files are read only where something has to be had from them."""
    needs = needs_of(base.layout, compress)
    has = environment_of(base)
    if not unmet(needs, has) and all(need.stages == (1,) for need in needs):
        return Borrowing((), {}, ())
    with progress.step("look for commands on the host"):
        return borrow(needs, has, captured_files(store, system))


def _stored(
    store: CaptureStore, system: System, compress: Packing, spool: Path, progress: Progress
) -> dict[Key, tuple[Stored, ...]]:
    dumps = [(fs.slice, d) for fs in system.file_systems for d in fs.dumps]
    total = sum(d.size for _, d in dumps) if compress is not Packing.NONE else 0
    with progress.step(f"compress the segments ({compress})" if total else "open the dumps",
                       total or None, "bytes") as step:  # fmt: skip
        return {
            (slice_, dump.level): pack_stream(
                store.open_dump(dump), dump, compress, spool, step.advance
            )
            for slice_, dump in dumps
        }


def _wrapped(base: BaseMedium, time: int) -> tuple[FileTree, FileTree]:
    """profind wrapped where the layout says that it is: on slice 0, or in the miniroot."""
    places = base.layout.places
    wrapper = profind_wrapper()
    environment = environment_tree(base)
    if places.usr_in is UsrIn.MINIROOT:
        profind = _found(base.miniroot, places.profind)
        return environment, wrap(base.miniroot, profind, wrapper, time)
    return wrap(environment, _found(environment, places.profind), wrapper, time), base.miniroot


def _found(tree: FileTree, pattern: str) -> bytes:
    path = first(tree, pattern)
    if path is None and tree.resolve(pattern.encode()) is not None:
        return pattern.encode()
    if path is None:
        raise InputError(f"the base medium has no {pattern}")
    return path
