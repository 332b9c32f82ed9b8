# SPDX-License-Identifier: Apache-2.0
"""Damaged inputs through the commands: an answer or an error, never a traceback, a hang,
a flood of memory.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from damage.bounded import Bounded, Ran
from damage.corpus import Original, originals, spoil

from mkboot.cli.main import COMMANDS

KINDS = ("ufs", "ufs-le", "disk", "iso", "dump", "tar")
ORDINARY, SLOW = 4, 150
HAS_FSCK = any("fsck" in section for section in COMMANDS.values())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Original]:
    return originals(tmp_path_factory.mktemp("originals"))


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bounded]:
    with Bounded(tmp_path_factory.mktemp("bounded")) as process:
        yield process


def every_command(image: Path, good: Path, folder: Path, slice_: str = "") -> list[list[str]]:
    """Each command that reads an image, at ``image``."""
    spec = f"{image}{slice_}"
    out = folder / "out"
    commands = [
        ["inspect", spec, "--json"],
        ["verify", str(image), "--json"],
        ["ls", "-lR", spec],
        ["cat", spec, "/etc/passwd"],
        ["cat", spec, "/indirect"],
        ["extract", spec, str(out / "tree")],
        ["tar", spec],
        ["compare", spec, str(good)],
        ["mkfs", spec, str(out / "made.ufs")],
        ["restore", str(image), "--disk", f"c0t0d0={out / 'disk.img'}"],
    ]
    return [*commands, ["fsck", spec]] if HAS_FSCK else commands


def run_all(bounded: Bounded, commands: list[list[str]], folder: Path) -> list[Ran]:
    """Each command within its bounds; what they write is cleared away."""
    ran = []
    for command in commands:
        clear(folder / "out")
        (folder / "out").mkdir()
        ran.append(bounded.run(*command))
        left = [p for p in (folder / "out").iterdir() if ".partial" in p.name]
        assert not left, f"{command} left {left}"
    clear(folder / "out")
    return ran


def clear(folder: Path) -> None:
    """Remove a tree that may be deeper than Python's own function can go."""
    subprocess.run(["rm", "-rf", folder], check=True)


def faults(ran: list[Ran], what: str) -> list[str]:
    return [f"{what}\n{r.command}: {why}\n{r.err[-1500:]}" for r in ran if (why := r.fault())]


def try_kind(bounded: Bounded, original: Original, kind: str, folder: Path, count: int) -> None:
    image, good = folder / "image", folder / "good"
    good.write_bytes(original.data)
    slice_ = ":6" if kind == "disk" else ""
    found: list[str] = []
    statuses: set[int] = set()
    for seed in range(count):
        said, data = spoil(original, seed)
        image.write_bytes(data)
        ran = run_all(bounded, every_command(image, good, folder, slice_), folder)
        statuses |= {r.status for r in ran}
        found += faults(ran, f"{kind} {seed}: {said}")
    assert not found, f"{len(found)} faults\n" + "\n\n".join(found[:12])
    assert statuses >= {0, 3}, "the damage is not seen"


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_damaged_images(
    bounded: Bounded, sound: dict[str, Original], tmp_path: Path, kind: str
) -> None:
    try_kind(bounded, sound[kind], kind, tmp_path, ORDINARY)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_images(
    bounded: Bounded, sound: dict[str, Original], tmp_path: Path, kind: str
) -> None:
    try_kind(bounded, sound[kind], kind, tmp_path, SLOW)
