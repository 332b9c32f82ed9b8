# SPDX-License-Identifier: Apache-2.0
"""Small discs and disks that boot, made by other programs' file systems and our labels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import ORACLES

from mkboot.formats.label import SliceEntry, disc_label, make_label, write_label
from mkboot.model.values import Geometry

SECTOR = 512
DISC_CYLINDER = 640 * SECTOR


def checksum(data: bytes) -> str:
    """What the boot blocks print of a file: s = s * 31 + byte, 32 bits."""
    value = 0
    for byte in data:
        value = (value * 31 + byte) & 0xFFFFFFFF
    return f"{value:08x}"


def make_ufs(out: Path, files: dict[str, bytes], block: bytes = b"", *, bsize: int = 8192) -> Path:
    """A big-endian UFS of makefs, brought to Sun's form, with a boot block in sector 1."""
    tree = out.with_name(out.name + ".tree")
    tree.mkdir()
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    room = sum(-(-len(d) // bsize) + 1 for d in files.values()) * bsize * 11 // 10
    size = -(-(room + (2 << 20)) // DISC_CYLINDER) * DISC_CYLINDER
    options = f"version=1,bsize={bsize},fsize=1024,optimization=time"
    command = ["makefs", "-t", "ffs", "-B", "be", "-s", str(size), "-o", options, out, tree]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run([sys.executable, ORACLES / "sunify.py", out], check=True)
    return put_block(out, block)


def put_block(image: Path, block: bytes, offset: int = SECTOR) -> Path:
    """The boot block goes where installboot would put it."""
    with image.open("r+b") as f:
        f.seek(offset)
        f.write(block)
    return image


def make_iso(out: Path, files: dict[str, bytes]) -> Path:
    """An ISO 9660 image with Rock Ridge, by genisoimage."""
    tree = out.with_name(out.name + ".tree")
    tree.mkdir()
    for name, data in files.items():
        (tree / name).write_bytes(data)
    command = ["genisoimage", "-quiet", "-R", "-V", "MKBOOT_TEST", "-o", out, tree]
    subprocess.run(command, check=True, capture_output=True)
    return out


def make_disc(out: Path, slices: dict[int, bytes]) -> Path:
    """Slices one behind the other on 640-sector cylinders, Sun's label over sector 0."""
    entries, body = _lay_out(slices, DISC_CYLINDER)
    body[:SECTOR] = write_label(disc_label(entries, b"CD-ROM Disc made by a test"))
    out.write_bytes(body)
    return out


def make_disk(out: Path, slices: dict[int, bytes]) -> Path:
    """The same as a disk: 16 heads, 63 sectors, two alternate cylinders."""
    cylinder = 16 * 63 * SECTOR
    entries, body = _lay_out(slices, cylinder)
    cylinders = len(body) // cylinder
    entries.append(SliceEntry(2, 0, len(body) // SECTOR, 5, 0))
    label = make_label(Geometry(16, 63, cylinders, 2, 0, 7200), entries)
    body[:SECTOR] = write_label(label)
    out.write_bytes(body.ljust((cylinders + 2) * cylinder, b"\0"))
    return out


def _lay_out(slices: dict[int, bytes], cylinder: int) -> tuple[list[SliceEntry], bytearray]:
    entries: list[SliceEntry] = []
    body = bytearray()
    for number, data in slices.items():
        length = -(-len(data) // cylinder) * cylinder
        tag, flag = (2, 0x10) if number else (4, 0x10)
        entry = SliceEntry(number, len(body) // cylinder, length // SECTOR, tag, flag)
        entries.append(entry)
        body += data.ljust(length, b"\0")
    return entries, body
