# SPDX-License-Identifier: Apache-2.0
"""Labels and other programs: they write and we read, we write and they read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from label_samples import DISK, SLICES

from mkboot.formats.label import (
    SECTOR,
    Label,
    SliceEntry,
    check_label,
    disc_label,
    edit_label,
    make_label,
    read_label,
    write_label,
)
from mkboot.model.values import Geometry

#: What sfdisk takes a file for: 255 heads, 63 sectors.
SFDISK_CYLINDER = 255 * 63
SFDISK_SCRIPT = """label: sun

1: start=0,size=32130,type=2
2: start=32130,size=16065,type=3
3: start=0,size=96390,type=5
8: start=48195,size=48195,type=8
"""
DISC = disc_label(
    [
        SliceEntry(0, 0, 6400, 4, 0x10),
        SliceEntry(1, 10, 1280, 2, 0x10),
        SliceEntry(5, 12, 640, 2, 0x10),
    ],
    b"CD-ROM Disc of a test",
)


def said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_image(path: Path, label: Label, sectors: int) -> Path:
    with path.open("wb") as f:
        f.write(write_label(label))
        f.truncate(sectors * SECTOR)
    return path


def sfdisk_image(path: Path) -> Path:
    with path.open("wb") as f:
        f.truncate(6 * SFDISK_CYLINDER * SECTOR)
    subprocess.run(["sfdisk", "-q", path], input=SFDISK_SCRIPT, text=True, check=True)
    flags = "a\n1\nc\n2\nw\n"  # slice 0 read-only, slice 1 not to be mounted
    subprocess.run(["fdisk", path], input=flags, text=True, check=True, capture_output=True)
    return path


def sector_0(path: Path) -> bytes:
    with path.open("rb") as f:
        return f.read(SECTOR)


@pytest.fixture(params=["disk", "disc"])
def ours(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Label]:
    if request.param == "disc":
        return write_image(tmp_path / "ours", DISC, 13 * 640), DISC
    label = make_label(DISK, SLICES, volume=b"volume")
    return write_image(tmp_path / "ours", label, 42 * 1008), label


def starts(label: Label) -> dict[int, tuple[int, int, int]]:
    return {s.number: (label.start(s.number), s.sectors, s.tag) for s in label.used}


@needs("sfdisk", "fdisk")
def test_sfdisk_writes_and_we_read(tmp_path: Path) -> None:
    label = read_label(sector_0(sfdisk_image(tmp_path / "disk")))
    assert label.ascii == b"Linux cyl 6 alt 0 hd 255 sec 63"
    assert label.has_vtoc
    assert label.geometry == Geometry(255, 63, 6, 0, 6, 5400)
    assert label.used == (
        SliceEntry(0, 0, 32130, 2, 0x10),
        SliceEntry(1, 2, 16065, 3, 1),
        SliceEntry(2, 0, 96390, 5, 0),
        SliceEntry(7, 3, 48195, 8, 0),
    )
    assert check_label(label.raw, 96390, disc=False) == ()


@needs("sfdisk", "fdisk")
def test_we_write_what_sfdisk_wrote(tmp_path: Path) -> None:
    """From the same values the same 512 bytes."""
    theirs = sector_0(sfdisk_image(tmp_path / "disk"))
    label = read_label(theirs)
    assert make_label(label.geometry, label.used, ascii=label.ascii).raw == theirs
    assert write_label(label) == theirs


@needs("sfdisk", "fdisk")
def test_sfdisk_wrote_we_edit_sfdisk_reads(tmp_path: Path) -> None:
    disk = sfdisk_image(tmp_path / "disk")
    label = edit_label(read_label(sector_0(disk)), slices=[SliceEntry(7, 4, 32130, 7, 0)])
    with disk.open("r+b") as f:
        f.write(write_label(label))
    found = sfdisk_reads(disk)
    assert found[7] == (4 * SFDISK_CYLINDER, 32130, 7)
    assert found[1] == (32130, 16065, 3)


def sfdisk_reads(path: Path) -> dict[int, tuple[int, int, int]]:
    text = said("sfdisk", "-d", path)
    assert "label: sun" in text
    line = re.compile(r"(\d+) : start= *(\d+), size= *(\d+), type=([0-9a-f]+)")
    return {
        int(m[1]) - 1: (int(m[2]), int(m[3]), int(m[4], 16))
        for m in map(line.search, text.splitlines())
        if m
    }


@needs("sfdisk")
def test_we_write_and_sfdisk_reads(ours: tuple[Path, Label]) -> None:
    path, label = ours
    assert sfdisk_reads(path) == starts(label)


@needs("sfdisk", "fdisk")
def test_we_write_and_fdisk_reads_geometry_and_flags(ours: tuple[Path, Label]) -> None:
    path, label = ours
    text = said("fdisk", "-l", path)
    g = label.geometry
    assert f"Geometry: {g.nhead} heads, {g.nsect} sectors/track, {g.ncyl} cylinders" in text
    flags = {s.number: s.flag for s in label.used}
    for number, flag in flags.items():
        line = next(x for x in text.splitlines() if x.startswith(f"{path}{number + 1} "))
        assert line.split()[-1] == {1: "u", 0x10: "r"}.get(flag, line.split()[-1])
        assert bool(re.search(r" u\b| r\b", line[-4:])) == bool(flag)


@needs("mmls")
def test_we_write_and_the_sleuth_kit_reads(ours: tuple[Path, Label]) -> None:
    path, label = ours
    line = re.compile(r"(?:\d{3}|Meta) +(\d+) +(\d+) +(\d+) .*\(0x([0-9a-f]+)\)")
    rows = [line.search(x) for x in said("mmls", "-t", "sun", path).splitlines()]
    found = sorted((int(m[1]), int(m[3]), int(m[4], 16)) for m in rows if m)
    assert found == sorted(starts(label).values())


@needs("partx")
def test_we_write_and_partx_reads(ours: tuple[Path, Label]) -> None:
    """It leaves out the slice that is the whole disk."""
    path, label = ours
    text = said("partx", "-g", "-o", "NR,START,SECTORS,TYPE,SCHEME", path)
    rows = [x.split() for x in text.splitlines()]
    assert {row[4] for row in rows} == {"sun"}
    found = {int(r[0]) - 1: (int(r[1]), int(r[2]), int(r[3], 16)) for r in rows}
    assert found == {n: v for n, v in starts(label).items() if v[2] != 5}


@needs("disktype")
def test_we_write_and_disktype_reads(ours: tuple[Path, Label]) -> None:
    path, label = ours
    text = said("disktype", path)
    assert "Solaris SPARC disklabel" in text
    for entry in label.used:
        start = label.start(entry.number)
        assert re.search(
            rf"Partition {entry.number}: .*{entry.sectors} sectors from {start}\)", text
        )


@needs("genisoimage")
def test_genisoimage_writes_and_we_read(tmp_path: Path) -> None:
    """A hybrid of somebody else: slices on 640-sector cylinders, its own padding behind."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"x" * 5000)
    (tmp_path / "boot").write_bytes(b"b" * 3000)
    image = tmp_path / "image"
    command = [
        "genisoimage",
        "-quiet",
        "-R",
        "-B",
        str(tmp_path / "boot"),
        "-o",
        str(image),
        str(tree),
    ]
    subprocess.run(command, check=True, capture_output=True)
    label = read_label(sector_0(image))
    assert label.geometry == DISC.geometry
    assert label.entry(0).tag == 4
    assert label.entry(1).start_cylinder * 640 >= label.entry(0).sectors
    with image.open("rb") as f:
        f.seek(label.start(1) * SECTOR)
        assert f.read(3000) == b"b" * 3000
    assert check_label(label.raw, image.stat().st_size // SECTOR, disc=True) == ()
