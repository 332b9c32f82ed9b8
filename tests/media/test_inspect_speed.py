# SPDX-License-Identifier: Apache-2.0
"""How long a person waits: processor time, which other programs on the machine do not change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs
from discs import run, ufs_slice

MKBOOT = Path(sys.executable).parent / "mkboot"


def cost(*argv: object) -> float:
    """The least of three runs of a program, in seconds of user and system time."""
    found = []
    for _ in range(3):
        before = os.times()
        subprocess.run([str(a) for a in argv], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        found.append(
            after.children_user + after.children_system
            - before.children_user - before.children_system
        )  # fmt: skip
    return min(found)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disc of 4 GB with 20,000 files."""
    work = tmp_path_factory.mktemp("large")
    for package in range(200):
        folder = work / "front" / "Solaris_9" / "Product" / f"SUNW{package:03d}" / "reloc" / "lib"
        folder.mkdir(parents=True)
        for number in range(100):
            (folder / f"some_library_{number:03d}.so.1").write_bytes(b"x" * number)
    (work / "front" / ".cdtoc").write_text("PRODNAME=Solaris\nPRODVERS=9\nPRODDIR=Solaris_9\n")
    out = work / "large.iso"
    slices = ufs_slice(work, "one", b"first slice\n")
    run("genisoimage", "-quiet", "-R", "-l", "-ldots", "-B", slices, "-o", out, work / "front")
    with out.open("r+b") as f:
        f.truncate(4_000_000_000)
    return out


@needs("genisoimage", "makefs")
def test_inspect_of_a_large_disc(large: Path) -> None:
    assert cost(MKBOOT, "inspect", large) < 1.5


@needs("genisoimage", "makefs", "rsvg-convert")
def test_its_picture(large: Path, tmp_path: Path) -> None:
    assert cost(MKBOOT, "inspect", large, "--force", "--picture", tmp_path / "map.png") < 2


def test_help() -> None:
    assert cost(MKBOOT, "--help") < 0.15
