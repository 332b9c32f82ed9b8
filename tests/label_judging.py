# SPDX-License-Identifier: Apache-2.0
"""Labels of whole disks as sfdisk, fdisk and mmls read them, and the copies of a label."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from fixtures.sunlabel import Shape, backup_sectors, slices_of

SECTOR = 512


class Geometry(NamedTuple):
    """Heads, sectors a track, data cylinders."""

    heads: int
    sectors: int
    cylinders: int


def said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sfdisk(path: Path) -> list[tuple[int, int, str]]:
    """Start, sectors and tag of every slice."""
    rows = json.loads(said("sfdisk", "--json", path))["partitiontable"]["partitions"]
    return [(row["start"], row["size"], row["type"]) for row in rows]


def mmls(path: Path) -> list[tuple[int, int]]:
    """Start and sectors of every slice but the one of the whole disk."""
    found = [line.split() for line in said("mmls", "-t", "sun", path).splitlines()]
    return [(int(f[2]), int(f[4])) for f in found if len(f) > 5 and f[1].isdigit()]


def fdisk_geometry(path: Path) -> Geometry:
    """What the label says of the disk, in the words of fdisk."""
    found = re.search(
        r"(\d+) heads, (\d+) sectors/track, (\d+) cylinders", said("fdisk", "-l", path)
    )
    assert found is not None
    return Geometry(*map(int, found.groups()))


def sector(path: Path, number: int) -> bytes:
    with path.open("rb") as file:
        file.seek(number * SECTOR)
        return file.read(SECTOR)


def judge_label(path: Path) -> Shape:
    """Three programs read what the bytes of sector 0 say, and its copies are where they belong.

    Returns the shape that the label tells; bytes are taken apart by ``fixtures.sunlabel``.
    """
    label = sector(path, 0)
    rpm, _pcyl = struct.unpack_from(">HH", label, 420)
    ncyl, acyl, nhead, nsect = struct.unpack_from(">4H", label, 432)
    shape = Shape(nhead, nsect, ncyl, acyl, rpm)
    slices = slices_of(label)
    rows = [(s.cylinder * shape.cylinder, s.sectors, f"{s.tag:x}") for s in slices.values()]
    assert sfdisk(path) == rows
    assert sorted(mmls(path)) == sorted((start, n) for start, n, tag in rows if tag != "5")
    assert fdisk_geometry(path) == (nhead, nsect, ncyl)
    assert path.stat().st_size >= shape.sectors * SECTOR
    copies = backup_sectors(shape)
    assert len(copies) == 5
    for number in copies:
        assert sector(path, number) == label, number
    return shape
