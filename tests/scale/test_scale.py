# SPDX-License-Identifier: Apache-2.0
"""Memory that does not grow with the data, and little with the number of files.

Each command is a process of its own, measured from within.  The ordinary run has small
inputs and bounds that would not hold at full size if they did not hold here; the long
tests are the full size.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from scale_making import GIB, MIB, make_disk, many_files, one_file, peak_of

from mkboot.demo.base import make_demo_base
from mkboot.tree.filetree import FileTree

#: What capture, build and restore may hold of 300,000 files, and of one of any size.
MOST = 300 * MIB
#: Bytes that one file more may cost.
PER_FILE = 1000
#: By how much a larger file may matter.
SLACK = 20 * MIB
COMMANDS = ("capture", "build", "restore")


def peaks(work: Path, tree: FileTree, size: int) -> dict[str, int]:
    """The whole job with ``tree`` on a disk of ``size`` bytes: what each command held."""
    work.mkdir()
    base, disk, job, new = (work / n for n in ("base.iso", "disk.img", "job", "new.img"))
    make_demo_base(base)
    make_disk(disk, tree, size)
    source = ["--base", base, "--source", f"c0t0d0={disk}", "--media", "dvd"]
    arguments: dict[str, list[str | Path]] = {
        "prepare": [job, *source],
        "capture": [job],
        "build": [job],
        "restore": [job, "--disk", f"c0t0d0={new}"],
    }
    found = {name: peak_of("-q", name, *words) for name, words in arguments.items()}
    for path in (disk, new):
        path.unlink()
    return found


def test_a_larger_file_takes_no_more_memory(tmp_path: Path) -> None:
    small = peaks(tmp_path / "small", one_file(64 * MIB, 16 * MIB), 256 * MIB)
    large = peaks(tmp_path / "large", one_file(8 * GIB, 512 * MIB), 256 * MIB)
    for name in COMMANDS:
        assert large[name] <= small[name] + SLACK
        assert large[name] <= MOST / 2


def test_what_a_file_takes(tmp_path: Path) -> None:
    few = peaks(tmp_path / "few", many_files(2_000), 64 * MIB)
    many = peaks(tmp_path / "many", many_files(12_000), 96 * MIB)
    for name in COMMANDS:
        assert (many[name] - few[name]) / 10_000 <= PER_FILE, name


@pytest.mark.long
def test_300_000_files(tmp_path: Path) -> None:
    found = peaks(tmp_path / "many", many_files(300_000), 2 * GIB)
    assert {name: found[name] // MIB for name in COMMANDS if found[name] > MOST} == {}


@pytest.mark.long
def test_files_of_5_and_of_40_gigabytes(tmp_path: Path) -> None:
    five = peaks(tmp_path / "five", one_file(5 * GIB, 64 * MIB), GIB)
    forty = peaks(tmp_path / "forty", one_file(40_000_000_000, 64 * MIB), 2 * GIB)
    for name in COMMANDS:
        assert five[name] <= MOST
        assert forty[name] <= five[name] + SLACK
