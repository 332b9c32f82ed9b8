# SPDX-License-Identifier: Apache-2.0
"""Storage commands against cases in folders: ``cases/rehearsal-storage/COMMAND/NAME``.

``input/case.toml`` has ``argv`` and perhaps ``release``, ``stdin`` (text; none: an empty pipe),
``nvram`` and, for c0t0d0 and c0t1d0, tables ``disk0`` and ``disk1`` with ``slices`` (lines
``slice tag flag cylinder cylinders``; none: a blank disk), ``volume``, ``ufs`` and ``unclean``
(lists of slices that hold a file system).  ``input/root`` lies in the machine.
``expected/case.toml`` has ``exit``, perhaps ``slices`` (of c0t0d0 afterwards, as above),
``nvram``, ``ufs`` (slices of c0t0d0 that hold a clean, empty one), ``clean`` (those that are
clean) or ``not_modelled = true``; ``expected/out`` and ``expected/err`` are the streams, byte
for byte (none: empty).
"""

from __future__ import annotations

import os
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rehearsal_bench import Bench

from mkboot.formats.label import SliceEntry, make_label
from mkboot.formats.ufs import choose_parameters, open_ufs, write_ufs
from mkboot.model.values import Geometry
from mkboot.rehearsal.call import NotModelled
from mkboot.rehearsal.hardware import Disk, Drive
from mkboot.rehearsal.mounts import Mount
from mkboot.rehearsal.names import build_names, lay_out_links, lay_out_nodes
from mkboot.rehearsal.ufsstate import is_clean, mark_active
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular

CASES = Path(__file__).parent.parent / "cases" / "rehearsal-storage"
FOLDERS = sorted(p.parent for p in CASES.glob("*/*/input"))
SCSI = "/pci@1f,0/scsi@2"
HEADS, NSECT, CYLINDERS = 4, 32, 100
CYLINDER = HEADS * NSECT


class NoTerminal:
    """Standard input only; there is no console."""

    def read(self, fd: int, size: int) -> bytes:
        return os.read(fd, size)

    def is_console(self, _fd: int) -> bool:
        return False


@dataclass(eq=False)
class StorageBench(Bench):
    """A bench with two disks and a drive, and their devices."""

    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mounts.rows[:] = [Mount(b"/dev/root", b"/", b"tmpfs", b"", self.root)]
        self.console = NoTerminal()
        self.disks = tuple(
            Disk(f"{SCSI}/sd@{n},0", self.work / f"disk{n}", CYLINDERS * CYLINDER, HEADS, NSECT)
            for n in (0, 1)
        )
        self.drives = (Drive(f"{SCSI}/sd@6,0"),)
        units = (*self.disks, Drive(f"{SCSI}/sd@6,0"))
        list(lay_out_nodes(self.root / "devices", units))
        lay_out_links(self.root / "dev", build_names(units))


def prepare(disk: Disk, given: dict[str, Any]) -> None:
    """Make a disk as a case has it."""
    rows = [[int(word) for word in line.split()] for line in given.get("slices", "").splitlines()]
    if not rows:
        return
    slices = [SliceEntry(n, at, many * CYLINDER, tag, flag) for n, tag, flag, at, many in rows]
    geometry = Geometry(HEADS, NSECT, CYLINDERS - 2, 2)
    volume = given.get("volume", "").encode()
    disk.put_label(make_label(geometry, slices, ascii=b"a disk", volume=volume))
    for number in (*given.get("ufs", ()), *given.get("unclean", ())):
        builder = TreeBuilder(directory(), resolution=1000)
        builder.add(0, b"file", regular(BytesContent(b"there")))
        window = disk.window(number)
        made = choose_parameters(window.size // 512, nhead=HEADS, nsect=NSECT)
        write_ufs(builder.build(), window, made, time=1, last_mounted=b"/old")
        if number in given.get("unclean", ()):
            mark_active(window, b"/old")


def slices_of(disk: Disk) -> str:
    """A disk's label as a case has it."""
    label = disk.label
    assert label is not None
    lines = (
        f"{s.number} {s.tag} {s.flag} {s.start_cylinder} {s.sectors // CYLINDER}\n"
        for s in label.used
    )
    return "".join(lines)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_storage_command(folder: Path, tmp_path: Path) -> None:
    given = tomllib.loads((folder / "input/case.toml").read_text())
    wanted = tomllib.loads((folder / "expected/case.toml").read_text())
    if (folder / "input/root").is_dir():
        shutil.copytree(folder / "input/root", tmp_path / "root")
    bench = StorageBench(tmp_path / "root", tmp_path, given.get("release", "8"))
    for disk, name in zip(bench.disks, ("disk0", "disk1"), strict=True):
        prepare(disk, given.get(name, {}))
    bench.nvram.update({k.encode(): v.encode() for k, v in given.get("nvram", {}).items()})
    argv = [word.encode() for word in given["argv"]]
    assert argv[0] == folder.parent.name.encode()
    stdin = given.get("stdin", "").encode()
    if wanted.get("not_modelled"):
        with pytest.raises(NotModelled):
            bench.run(argv, stdin=stdin)
        return
    done = bench.run(argv, stdin=stdin)
    assert done.out == _read(folder / "expected/out")
    assert done.err == _read(folder / "expected/err")
    assert done.code == wanted["exit"]
    check_disk(bench.disks[0], wanted)
    for name, value in wanted.get("nvram", {}).items():
        assert bench.nvram[name.encode()] == value.encode()


def check_disk(disk: Disk, wanted: dict[str, Any]) -> None:
    """What a case wants of c0t0d0 afterwards."""
    if "slices" in wanted:
        assert slices_of(disk) == wanted["slices"]
    for number in wanted.get("clean", ()):
        assert is_clean(disk.window(number))
    for number in wanted.get("ufs", ()):
        volume = open_ufs(disk.window(number))
        assert volume.state.is_clean
        assert list(volume.tree().children(0)) == [b"lost+found"]


def test_there_are_cases() -> None:
    assert len(FOLDERS) > 30
