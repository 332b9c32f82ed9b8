# SPDX-License-Identifier: Apache-2.0
"""What a host's disk holds is found by looking, whatever the label says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkboot.errors import InputError
from mkboot.formats.label import (
    SECTOR,
    TAG_BACKUP,
    TAG_SWAP,
    TAG_UNASSIGNED,
    SliceEntry,
    make_label,
    write_label,
)
from mkboot.formats.ufs import choose_parameters, write_ufs
from mkboot.model.system import Holds
from mkboot.model.values import Geometry
from mkboot.system.disks import describe_disk, open_disk
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import directory, regular
from mkboot.tree.source import FileSink

GEOMETRY = Geometry(4, 32, 200, 2, 202, 3600)
CYLINDER = 4 * 32


def tree() -> FileTree:
    builder = TreeBuilder(directory())
    builder.add(0, b"hello", regular(BytesContent(b"world")))
    return builder.build()


def make(path: Path, slices: list[SliceEntry], made: dict[int, int], *, vtoc: bool = True) -> Path:
    """A disk; ``made`` maps the slice that gets a UFS to the file system's size in sectors."""
    label = make_label(GEOMETRY, slices, ascii=b"made up")
    raw = write_label(label)
    if not vtoc:
        plain = bytearray(raw)
        plain[128:192] = bytes(64)
        plain[510:512] = b"\0\0"
        value = 0
        for at in range(0, 512, 2):
            value ^= int.from_bytes(plain[at : at + 2], "big")
        plain[510:512] = value.to_bytes(2, "big")
        raw = bytes(plain)
    with path.open("xb") as file:
        file.truncate(202 * CYLINDER * SECTOR)
        fd = file.fileno()
        for number, size in made.items():
            sink = FileSink(fd, label.start(number) * SECTOR, size * SECTOR)
            write_ufs(tree(), sink, choose_parameters(size), time=1, generation=1)
        os.pwrite(fd, raw, 0)
    return path


WHOLE = SliceEntry(2, 0, 200 * CYLINDER, TAG_BACKUP, 1)


def holds(path: Path, swap: frozenset[str] = frozenset()) -> dict[int, Holds]:
    disk = open_disk("c0t0d0", path)
    return {s.number: s.holds for s in describe_disk(disk, "", swap).slices}


def test_the_usual_disk(tmp_path: Path) -> None:
    slices = [
        SliceEntry(0, 0, 100 * CYLINDER, 2, 0),
        WHOLE,
        SliceEntry(7, 100, 100 * CYLINDER, 8, 0),
    ]
    path = make(tmp_path / "d", slices, {0: 100 * CYLINDER, 7: 100 * CYLINDER})
    assert holds(path) == {0: Holds.UFS, 2: Holds.WHOLE_DISK, 7: Holds.UFS}


@pytest.mark.parametrize("vtoc", [True, False])
def test_slice_2_with_any_tag_is_no_second_file_system(tmp_path: Path, vtoc: bool) -> None:
    slices = [
        SliceEntry(0, 0, 100 * CYLINDER, TAG_UNASSIGNED, 0),
        SliceEntry(2, 0, 200 * CYLINDER, TAG_UNASSIGNED, 0),
    ]
    path = make(tmp_path / "d", slices, {0: 100 * CYLINDER}, vtoc=vtoc)
    assert holds(path) == {0: Holds.UFS, 2: Holds.WHOLE_DISK}


def test_a_file_system_on_the_whole_disk(tmp_path: Path) -> None:
    """``newfs c0t0d0s2``, with a label that has the usual slice 0 besides."""
    slices = [SliceEntry(0, 0, 20 * CYLINDER, 2, 0), WHOLE]
    path = make(tmp_path / "d", slices, {2: 200 * CYLINDER})
    assert holds(path)[2] is Holds.UFS
    assert 0 not in open_disk("c0t0d0", path).volumes


def test_a_file_system_on_slice_2_alone(tmp_path: Path) -> None:
    path = make(tmp_path / "d", [WHOLE], {2: 200 * CYLINDER})
    assert holds(path) == {2: Holds.UFS}


def test_a_file_system_in_a_slice_tagged_swap(tmp_path: Path) -> None:
    slices = [
        SliceEntry(1, 0, 100 * CYLINDER, TAG_SWAP, 1),
        SliceEntry(7, 100, 100 * CYLINDER, 8, 0),
    ]
    path = make(tmp_path / "d", slices, {1: 100 * CYLINDER})
    assert holds(path)[1] is Holds.UFS
    assert holds(path, frozenset({"c0t0d0s1"}))[1] is Holds.SWAP
    assert holds(path)[7] is Holds.EMPTY


def test_a_cut_image_is_refused_only_where_it_matters(tmp_path: Path) -> None:
    slices = [
        SliceEntry(0, 0, 100 * CYLINDER, 2, 0),
        WHOLE,
        SliceEntry(7, 100, 100 * CYLINDER, 8, 0),
    ]
    path = make(tmp_path / "d", slices, {0: 100 * CYLINDER, 7: 100 * CYLINDER})
    os.truncate(path, 199 * CYLINDER * SECTOR)
    with pytest.raises(InputError, match="slice 7: holds a file system that ends"):
        open_disk("c0t0d0", path)
