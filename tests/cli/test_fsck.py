# SPDX-License-Identifier: Apache-2.0
"""``mkboot fsck`` from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from boot_images import make_disk
from command import mkboot
from formats.fsck_bases import base_image
from formats.ufs_images import mkfs_image
from formats.ufs_plant import Plant

CODES = {"link-count", "sb-copy"}


@pytest.fixture(name="clean")
def _clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean"
    path.write_bytes(mkfs_image("nt1-640"))
    return path


@pytest.fixture(name="faulty")
def _faulty(tmp_path: Path) -> Path:
    plant = Plant(base_image("big"), "big")
    plant.ino_set(plant.ino("/plain"), nlink=5)
    plant.data[plant.superblocks()[2] + 1200] ^= 1
    path = tmp_path / "faulty"
    path.write_bytes(bytes(plant.data))
    return path


def test_a_clean_one(clean: Path) -> None:
    lines = mkboot("fsck", clean).lines
    assert len(lines) == 7 + 2
    assert lines[-2] == "2 files, 9 used, 19174 free (14 frags, 2395 blocks, 0.1% fragmentation)"
    assert lines[-1] == "clean"
    assert "4 cylinder groups" in lines[6]


def test_a_faulty_one(faulty: Path) -> None:
    lines = mkboot("fsck", faulty, status=1).lines
    at = lines.index(next(line for line in lines if line.startswith("** Phase 4")))
    assert lines[at + 1].startswith("link-count inode ")
    assert lines[at + 1].endswith(" '/plain': says 5 links, but 1 were found")
    overlooked = next(line for line in lines if line.startswith("sb-copy"))
    assert overlooked == (
        "sb-copy superblock copy in cylinder group 1: differs at byte 1200 (fsck overlooks it)"
    )
    assert lines[-1] == "2 faults"


def test_json(faulty: Path, clean: Path) -> None:
    document = json.loads(mkboot("fsck", faulty, "--json", status=1).out)
    assert document["verdict"] == "faulty"
    assert document["finished"] is True
    assert {fault["code"] for fault in document["faults"]} == CODES
    assert document["fault_counts"] == dict.fromkeys(CODES, 1)
    fault = next(f for f in document["faults"] if f["code"] == "link-count")
    assert (fault["phase"], fault["path"], fault["overlooked"]) == ("4", "/plain", False)
    document = json.loads(mkboot("fsck", clean, "--json").out)
    assert (document["verdict"], document["faults"]) == ("clean", [])
    assert document["counted"]["free_fragments"] == 19174
    assert document["looked_at"]["groups"] == 4


def test_a_slice_of_a_disk(faulty: Path, clean: Path, tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", {0: clean.read_bytes(), 3: faulty.read_bytes()})
    assert mkboot("fsck", f"{disk}:0").lines[-1] == "clean"
    assert mkboot("fsck", f"{disk}:3", status=1).lines[-1] == "2 faults"
    assert "there are 0, 2, 3" in mkboot("fsck", disk, status=2).err
    mkboot("fsck", f"{disk}:7", status=2)


def test_what_is_no_ufs(tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    path.write_bytes(bytes(50_000))
    result = mkboot("fsck", path, status=3)
    assert "no UFS" in result.err
    mkboot("fsck", tmp_path / "absent", status=2)
