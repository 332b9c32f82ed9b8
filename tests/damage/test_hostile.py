# SPDX-License-Identifier: Apache-2.0
"""Inputs made to hurt: that loop, nest, overlap, point outside, claim 2^60 bytes.

Each is made by hand at known bytes from a sound image, and goes through every command
that reads images.
"""

from __future__ import annotations

import io
import os
import struct
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from damage.bounded import Bounded
from damage.corpus import SECTOR, Original, disk_of, originals
from damage.hostile_isos import ISOS
from damage.test_corpus import every_command, faults, run_all

from fuzz.mend import mend_label

Spoil = Callable[[bytearray], None]
ROOT_INODE = 2


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Original]:
    return originals(tmp_path_factory.mktemp("originals"))


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bounded]:
    with Bounded(tmp_path_factory.mktemp("bounded")) as process:
        yield process


def judge(bounded: Bounded, data: bytes, good: bytes, folder: Path, slice_: str = "") -> set[int]:
    """Run every command; the statuses seen."""
    (folder / "image").write_bytes(data)
    (folder / "good").write_bytes(good)
    ran = run_all(bounded, every_command(folder / "image", folder / "good", folder, slice_), folder)
    assert not faults(ran, "hostile")
    return {r.status for r in ran}


def word(data: bytes | bytearray, at: int) -> int:
    return int(struct.unpack_from(">I", data, at)[0])


def inode_at(data: bytearray, number: int) -> int:
    """Where an inode of the first group lies."""
    return word(data, 8192 + 16) * word(data, 8192 + 52) + number * 128


def entry_at(data: bytearray, directory: int, name: bytes) -> int:
    """Where the entry of ``name`` lies in the first block of a directory."""
    block = word(data, inode_at(data, directory) + 40) * word(data, 8192 + 52)
    at = block
    while at < block + 8192:
        length = struct.unpack_from(">H", data, at + 4)[0]
        if data[at + 8 : at + 8 + len(name) + 1] == name + b"\0":
            return at
        at += length
    raise AssertionError(f"no {name!r}")


def find(data: bytearray, name: bytes) -> int:
    """The number of the inode of a name in the root."""
    return word(data, entry_at(data, ROOT_INODE, name))


def entry_to_root(data: bytearray) -> None:
    struct.pack_into(">I", data, entry_at(data, find(data, b"etc"), b"passwd"), ROOT_INODE)


def entry_to_itself(data: bytearray) -> None:
    number = find(data, b"etc")
    struct.pack_into(">I", data, entry_at(data, number, b"passwd"), number)


def directory_twice(data: bytearray) -> None:
    """Two names of one directory: a tree that is none."""
    struct.pack_into(">I", data, entry_at(data, ROOT_INODE, b"empty"), find(data, b"deep"))


def directory_with_anothers_blocks(data: bytearray) -> None:
    one, two = (inode_at(data, find(data, name)) for name in (b"empty", b"deep"))
    data[one + 40 : one + 88] = data[two + 40 : two + 88]


def sized(name: bytes, size: int) -> Spoil:
    def spoil(data: bytearray) -> None:
        struct.pack_into(">Q", data, inode_at(data, find(data, name)) + 8, size)

    return spoil


def indirect_to_itself(data: bytearray) -> None:
    at = inode_at(data, find(data, b"double")) + 92
    block = word(data, at) * word(data, 8192 + 52)
    for slot in range(0, 8192, 4):
        data[block + slot : block + slot + 4] = data[at : at + 4]


def indirect_everywhere(data: bytearray) -> None:
    """A triple indirect block whose every pointer is itself, and the size to match."""
    at = inode_at(data, find(data, b"double"))
    struct.pack_into(">Q", data, at + 8, 1 << 40)
    data[at + 96 : at + 100] = data[at + 92 : at + 96]
    indirect_to_itself(data)


def blocks_outside(data: bytearray) -> None:
    at = inode_at(data, find(data, b"indirect"))
    struct.pack_into(">15I", data, at + 40, *[0x7FFFFFF8] * 15)


def blocks_of_the_inodes(data: bytearray) -> None:
    """A file whose blocks are the inode table and the superblock."""
    at = inode_at(data, find(data, b"indirect"))
    struct.pack_into(">12I", data, at + 40, *[8 * n for n in range(12)])


def superblock(offset: int, value: int) -> Spoil:
    def spoil(data: bytearray) -> None:
        struct.pack_into(">I", data, 8192 + offset, value & 0xFFFFFFFF)

    return spoil


def names_without_end(data: bytearray) -> None:
    """Entries of no length: walking them never ends."""
    at = entry_at(data, ROOT_INODE, b"etc")
    struct.pack_into(">H", data, at + 4, 0)


#: Words of the superblock by offset that size, place or count something.
_WORDS = {
    "sblkno": 8, "cblkno": 12, "iblkno": 16, "dblkno": 20, "cgoffset": 24, "cgmask": 28,
    "size": 36, "dsize": 40, "ncg": 44, "bsize": 48, "fsize": 52, "frag": 56, "bshift": 80,
    "fshift": 84, "fragshift": 96, "fsbtodb": 100, "sbsize": 104, "nindir": 116, "inopb": 120,
    "csaddr": 152, "cssize": 156, "cgsize": 160, "ntrak": 164, "nsect": 168, "spc": 172,
    "ncyl": 176, "cpg": 180, "ipg": 184, "fpg": 188,
}  # fmt: skip

UFS: dict[str, Spoil] = {
    "entry to the root": entry_to_root,
    "entry to itself": entry_to_itself,
    "directory with two names": directory_twice,
    "directory with another's blocks": directory_with_anothers_blocks,
    "file of 2^60 bytes": sized(b"indirect", 1 << 60),
    "file of 2^63 bytes": sized(b"indirect", 1 << 63),
    "file of 2^40 bytes": sized(b"indirect", 1 << 40),
    "directory of 2^60 bytes": sized(b"etc", 1 << 60),
    "directory of 2^30 bytes": sized(b"etc", 1 << 30),
    "link of 2^60 bytes": sized(b"bin", 1 << 60),
    "link of 2^31 bytes": sized(b"bin", 1 << 31),
    "indirect block in itself": indirect_to_itself,
    "indirect blocks everywhere": indirect_everywhere,
    "blocks outside": blocks_outside,
    "blocks of the inodes": blocks_of_the_inodes,
    "names without end": names_without_end,
}
SUPERBLOCKS = {
    f"{name} = {value:#x}": superblock(offset, value)
    for name, offset in _WORDS.items()
    for value in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)
}


@pytest.mark.parametrize("what", UFS)
def test_ufs(bounded: Bounded, sound: dict[str, Original], tmp_path: Path, what: str) -> None:
    data = bytearray(sound["ufs"].data)
    UFS[what](data)
    assert data != sound["ufs"].data
    judge(bounded, bytes(data), sound["ufs"].data, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("what", SUPERBLOCKS)
def test_superblocks(
    bounded: Bounded, sound: dict[str, Original], tmp_path: Path, what: str
) -> None:
    data = bytearray(sound["ufs"].data)
    SUPERBLOCKS[what](data)
    judge(bounded, bytes(data), sound["ufs"].data, tmp_path)


def test_superblocks_are_looked_at(bounded: Bounded, sound: dict[str, Original]) -> None:
    """The same in the ordinary run, through the two commands that read the most of it."""
    image = bounded.folder / "image"
    found: list[str] = []
    for what, spoil in SUPERBLOCKS.items():
        data = bytearray(sound["ufs"].data)
        spoil(data)
        image.write_bytes(data)
        for command in ("inspect", "ls"):
            found += faults([bounded.run(command, image)], what)
    assert not found, "\n".join(found[:10])


@pytest.mark.parametrize("what", ISOS)
def test_iso(bounded: Bounded, sound: dict[str, Original], tmp_path: Path, what: str) -> None:
    judge(bounded, ISOS[what](), sound["iso"].data, tmp_path)


def tar(*members: tuple[str, bytes, str, int]) -> bytes:
    """Raw ustar headers: name, type, link name, size; no data."""
    out = bytearray()
    for name, kind, link, size in members:
        header = bytearray(512)
        header[: len(name)] = name.encode()
        header[100:108] = b"0000644\0"
        header[108:124] = b"0000000\0" * 2
        if size < 0o77777777777:
            header[124:136] = b"%011o\0" % size
        else:
            header[124:136] = b"\x80" + size.to_bytes(11, "big")
        header[136:148] = b"07346545000\0"
        header[156:157] = kind
        header[157 : 157 + len(link)] = link.encode()
        header[257:265] = b"ustar\x0000"
        header[148:156] = b"%06o\0 " % (sum(header) + 8 * 32)
        out += header
    return bytes(out + bytes(1024))


def tar_of_sparse() -> bytes:
    """A GNU 1.0 sparse file that claims 2^60 bytes, and one whose map lies."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for number, text in enumerate((b"1\n0\n512\n", b"9999999999\n1\n1\n", b"-1\n", b"x\n")):
            info = tarfile.TarInfo(f"sparse{number}")
            info.size = 1024
            info.pax_headers = {
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                "GNU.sparse.name": f"s{number}", "GNU.sparse.realsize": str(1 << 60),
            }  # fmt: skip
            archive.addfile(info, io.BytesIO(text.ljust(1024, b"\0")))
    return out.getvalue()


TARS: dict[str, bytes] = {
    "a file of 2^60 bytes": tar(("big", b"0", "", 1 << 60)),
    "a file of 2^80 bytes": tar(("big", b"0", "", 1 << 80)),
    "an extended header of 2^60 bytes": tar(("x", b"x", "", 1 << 60)),
    "an extended header of 2^31 bytes": tar(("x", b"x", "", 1 << 31)),
    "a long name of 2^60 bytes": tar(("x", b"L", "", 1 << 60)),
    "a link to itself": tar(("a", b"1", "a", 0)),
    "links in a circle": tar(("a", b"1", "b", 0), ("b", b"1", "a", 0)),
    "symlinks in a circle": tar(("etc", b"2", "etc", 0), ("indirect", b"2", "indirect", 0)),
    "names outside": tar(("../../x", b"0", "", 0), ("/etc/x", b"0", "", 0), ("d/..", b"5", "", 0)),
    "a file that is a directory": tar(("a", b"0", "", 0), ("a/b", b"0", "", 0)),
    "through a link": tar(("etc", b"2", "/tmp", 0), ("etc/passwd", b"0", "", 0)),
    "sparse files": tar_of_sparse(),
}


@pytest.mark.parametrize("what", TARS)
def test_tar(bounded: Bounded, sound: dict[str, Original], tmp_path: Path, what: str) -> None:
    judge(bounded, TARS[what], sound["tar"].data, tmp_path)
    assert not (tmp_path / "x").exists()
    assert not (tmp_path.parent / "x").exists()


def slices(*entries: tuple[int, int]) -> Spoil:
    """A label's slices by start cylinder and sectors."""

    def spoil(data: bytearray) -> None:
        for number, (start, sectors) in enumerate(entries):
            struct.pack_into(">II", data, 444 + 8 * number, start, sectors & 0xFFFFFFFF)
        mend_label(data)

    return spoil


def geometry(ncyl: int, nhead: int, nsect: int) -> Spoil:
    def spoil(data: bytearray) -> None:
        struct.pack_into(">H", data, 432, ncyl)
        struct.pack_into(">HH", data, 436, nhead, nsect)
        mend_label(data)

    return spoil


LABELS: dict[str, Spoil] = {
    "all slices are one": slices(*[(0, 8192)] * 8),
    "slices that overlap by one": slices(*[(n, 8192) for n in range(8)]),
    "slices of 2^32 sectors": slices(*[(1, 0xFFFFFFFF)] * 8),
    "slices far outside": slices(*[(0xFFFFFFFF, 1)] * 8),
    "geometry of nothing": geometry(0, 0, 0),
    "geometry of everything": geometry(0xFFFF, 0xFFFF, 0xFFFF),
}


@pytest.mark.parametrize("what", LABELS)
def test_label(bounded: Bounded, sound: dict[str, Original], tmp_path: Path, what: str) -> None:
    data = bytearray(sound["disk"].data)
    LABELS[what](data)
    judge(bounded, bytes(data), sound["disk"].data, tmp_path, ":6")


def test_a_disk_in_a_disk_in_a_disk(
    bounded: Bounded, sound: dict[str, Original], tmp_path: Path
) -> None:
    """A slice that begins with the label of another disk, and so on inwards."""
    data = sound["ufs"].data
    for _ in range(3):
        data = disk_of(data[: 8192 * SECTOR]).data
        judge(bounded, data, sound["ufs"].data, tmp_path, ":6")


def test_an_image_of_a_disc_in_every_file(
    bounded: Bounded, sound: dict[str, Original], tmp_path: Path
) -> None:
    """An ISO whose system area holds a label, whose slice is the ISO, whose slice…"""
    data = bytearray(sound["iso"].data)
    data[:SECTOR] = sound["disk"].data[:SECTOR]
    slices(*[(0, len(data) // SECTOR)] * 8)(data)
    for slice_ in ("", ":0", ":1"):
        judge(bounded, bytes(data), sound["iso"].data, tmp_path, slice_)


@pytest.mark.parametrize("kind", ["ufs", "disk", "iso", "dump", "tar"])
def test_a_file_of_four_terabytes(
    bounded: Bounded, sound: dict[str, Original], tmp_path: Path, kind: str
) -> None:
    """A sound beginning, and holes behind it."""
    good = tmp_path / "good"
    good.write_bytes(sound[kind].data)
    image = tmp_path / "image"
    image.write_bytes(sound[kind].data)
    os.truncate(image, 4 << 40)
    slice_ = ":6" if kind == "disk" else ""
    ran = run_all(bounded, every_command(image, good, tmp_path, slice_), tmp_path)
    assert not faults(ran, kind)
