# SPDX-License-Identifier: Apache-2.0
"""Rehearsals as tests want them: sets of the small host, and what was said and written.

Firmware is asked only where a test says so: it takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from set_making import mkboot

from fixtures.small_base import Layout, make_small_base
from fixtures.small_host import make_small_host
from mkboot.formats.label import SECTOR, read_label
from mkboot.formats.ufs import read_ufs
from mkboot.progress import Progress
from mkboot.rehearsal.verdict import Rehearsed
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import FileSource, Window
from mkboot.workflows import rehearse as workflow
from mkboot.workflows.rehearse import Request
from mkboot.workflows.restore import DiskTarget

#: Media on which the small host takes three discs.
SMALL_MEDIA = "5600K"
#: Seconds for one rehearsal of the small host, on a machine that does other things as well.
LONG = 240.0


@dataclass(frozen=True, slots=True)
class SmallSet:
    """The disks of a small host, and the job that was made of them."""

    disks: Mapping[str, Path]
    job: Path

    def volume(self, number: int) -> Path:
        return self.job / "set" / f"volume-{number}.iso"

    @property
    def volumes(self) -> list[Path]:
        return sorted((self.job / "set").glob("volume-*.iso"))


@dataclass(frozen=True, slots=True)
class Told:
    """How a rehearsal ended: its verdict, what the console said, where the disks are."""

    done: Rehearsed
    console: str
    out: Path

    @property
    def verdict(self) -> str:
        return str(self.done.verdict)

    @property
    def lines(self) -> list[str]:
        """What mkboot said, without the prefix."""
        found = self.console.replace("\r", "").split("\n")
        return [line.removeprefix("mkboot: ") for line in found if line.startswith("mkboot: ")]

    def image(self, disk: str) -> Path:
        return self.out / f"{disk}.img"


def make_small_set(
    work: Path, *, layout: Layout = "sparc-9", release: str = "9", media: str = "cd650",
    compress: str = "none", change: Callable[[Mapping[str, Path]], None] = lambda _: None,
    edit: Callable[[str], str] = lambda text: text,
) -> SmallSet:  # fmt: skip
    """prepare, capture and build for the small host; ``change`` does something to its disks,
    ``edit`` to the job file.
    """
    work.mkdir(parents=True, exist_ok=True)
    disks = make_small_host(work / "host", release)
    change(disks)
    base = make_small_base(work / "base.iso", layout, release)
    sources = [word for name, path in disks.items() for word in ("--source", f"{name}={path}")]
    job = work / "job"
    mkboot("prepare", job, "--base", base, *sources, "--media", media, "--compress", compress)
    (job / "job.toml").write_text(edit((job / "job.toml").read_text()))
    mkboot("capture", job)
    mkboot("build", job)
    return SmallSet(disks, job)


def rehearse(
    job: Path, out: Path, *faults: str, disks: tuple[DiskTarget, ...] = (),
    machine: Path | None = None, foreign: Path | None = None, shell: str = "dash",
    answers: tuple[tuple[str, str], ...] = (), firmware: bool = False, seconds: float = LONG,
) -> Told:  # fmt: skip
    """Rehearse a set; ``out`` must be new."""
    request = Request(
        (job,), disks, machine, faults, out, (), answers, shell, seconds, foreign=foreign,
    )  # fmt: skip
    progress = Progress()
    with patch.object(workflow, "_FIRMWARE", workflow._FIRMWARE if firmware else {}):
        done = workflow.rehearse(request, progress)
    return Told(done, (out / "console.log").read_text("latin-1"), out)


def slice_tree(image: Path, number: int) -> FileTree:
    """A file system of a disk image, by our reader; content stays in the image."""
    source = FileSource(image)
    label = read_label(source.pread(0, SECTOR))
    entry = label.entry(number)
    return read_ufs(Window(source, label.start(number) * SECTOR, entry.sectors * SECTOR))


def text_of(tree: FileTree, path: str) -> bytes:
    node = tree.node_at(path.encode())
    assert node is not None, path
    return node.content.read(0, node.content.size)
