# SPDX-License-Identifier: Apache-2.0
"""What is played in a scene: with which troubles, on which disks, and how it has to end.

A mutant is told when it ends otherwise than the unchanged disc does: another verdict, other
questions or disc changes, and where it has to stop, another reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.demo.bootblocks import fcode_redirect
from mkboot.formats import bootblock
from mkboot.formats.label import SECTOR, SliceEntry, backup_label_sectors, make_label, write_label
from mkboot.formats.ufs import choose_parameters, write_ufs
from mkboot.model.values import Geometry
from mkboot.rehearsal.spec import DiskSpec
from mkboot.rehearsal.verdict import Rehearsed, Word
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, TreeBuilder
from mkboot.tree.node import directory, regular
from mkboot.tree.source import FileSink

Prepare = Callable[[DiskSpec, Path], None]


@dataclass(frozen=True)
class Play:
    """A rehearsal of the discs of kind ``kind``, and that it ends ``verdict``.

    ``disks`` prepares each image; ``memory`` is the machine's in MB, 0: what it has.
    ``answers`` are a person's; ``only_shared``: only for what is the same on every disc,
    and of that only ``files`` where any are named.
    """

    name: str
    kind: str
    verdict: str
    faults: tuple[str, ...] = ()
    memory: int = 0
    disks: Prepare | None = None
    by_hand: bool = False
    moved: bool = False
    answers: tuple[tuple[str, str], ...] = ()
    only_shared: bool = True
    files: tuple[str, ...] = ()
    nvram: tuple[tuple[str, str], ...] = ()
    is_short: bool = False


@dataclass(frozen=True)
class Outcome:
    """What is compared of a rehearsal."""

    verdict: str
    reason: str
    questions: int
    changes: int

    @classmethod
    def of(cls, done: Rehearsed) -> Outcome:
        """The outcome; a reason counts where the engine had to stop, without numbers in it."""
        reason = "" if done.verdict is Word.RESTORED else re.sub(r"\d+", "N", done.reason)
        return cls(str(done.verdict), reason, done.run.questions, done.run.disc_changes)


def used_disk(spec: DiskSpec, image: Path) -> None:
    """Another system's disk: its label and slices, a boot block, a file system at its start."""
    cylinder = spec.heads * spec.nsect
    geometry = Geometry(spec.heads, spec.nsect, spec.sectors // cylinder - 2, 2)
    entries = [
        SliceEntry(0, 0, 20 * cylinder, 2, 0),
        SliceEntry(2, 0, geometry.ncyl * cylinder, 5, 0),
        SliceEntry(4, 20, 30 * cylinder, 0, 0),
    ]
    builder = TreeBuilder(directory(0o755), resolution=1000)
    builder.add(ROOT, b"of another system", regular(BytesContent(b"old\n" * 9000)))
    label = write_label(make_label(geometry, entries, volume=b"old"))
    with image.open("w+b") as file:
        file.truncate(spec.sectors * SECTOR)
        sink = FileSink(file.fileno(), 0, 20 * cylinder * SECTOR)
        made = choose_parameters(20 * cylinder, nhead=spec.heads, nsect=spec.nsect)
        write_ufs(builder.build(), sink, made, time=1_000_000_000, generation=2)
        bootblock.put_in(sink, fcode_redirect())
        for sector in (0, *backup_label_sectors(geometry)):
            file.seek(sector * SECTOR)
            file.write(label)


#: In the order in which they are tried: first what ends soon.
PLAYS: Mapping[str, Play] = {
    p.name: p
    for p in (
        Play("no command", "single", "failed", faults=("no-command=prtvtoc",),
             is_short=True),
        Play("little memory", "root-first", "failed", memory=60),
        Play("spoilt disc", "single", "failed", faults=("flip=1",)),
        Play(
            "single", "single", "restored", only_shared=False,
            faults=("power-cut=restore-c0t0d0s6-0",), nvram=(("boot-device", "disk"),),
        ),
        Play(
            "root-first", "root-first", "restored", only_shared=False, disks=used_disk,
            faults=("flip=2", "no-disc=2", "wrong-disc=2", "renumber-controllers",
                    "power-cut=restore-c0t1d0s5-0"),
            nvram=(("boot-device", "net"),),
        ),
        Play("smf", "smf", "restored", only_shared=False),
        Play("by hand", "single", "restored", by_hand=True, files=("restore", "engine.disk")),
        Play("moved disk", "single", "failed", moved=True, disks=used_disk,
             files=("engine.disk",)),
        Play("asked", "single", "failed", moved=True, answers=(("which disk", "c0t3d0"),),
             files=("engine.disk",)),
    )
}  # fmt: skip
