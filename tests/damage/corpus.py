# SPDX-License-Identifier: Apache-2.0
"""Small images of every kind, and ways to spoil them at the bytes that matter.

``originals`` makes the images, with the regions of each that hold its structures (found
from byte tables here, not by the readers that are tested); ``spoil`` changes one.
"""

from __future__ import annotations

import io
import random
import struct
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trees import rich_tree, sparse_content
from ufs_making import image_of, noise

from fuzz.mend import dump_headers, mend_dump, mend_label, mend_tar, tar_headers
from mkboot.formats.iso import lay_out_iso
from mkboot.formats.label import SliceEntry, make_label, write_label
from mkboot.formats.ufs import choose_parameters
from mkboot.formats.ufsdump import DumpOptions, write_dump
from mkboot.model.values import Geometry
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory, regular, symlink

SECTOR = 512
_EXTREMES = (
    0, 1, 2, 3, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
    0xFFFFFFFE, 1 << 20, 1 << 24, 0x10000000,
)  # fmt: skip
_HUGE = (1 << 60, 1 << 40, 1 << 31, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)


@dataclass(frozen=True, slots=True)
class Original:
    """A sound image; ``regions`` are (offset, length) of its structures, by name.

    ``mend`` makes what was changed believable again: a checksum that would give it away.
    """

    data: bytes
    regions: Mapping[str, list[tuple[int, int]]]
    mend: Callable[[bytearray], None] = field(default=lambda _data: None)
    little: bool = False


def full_tree() -> FileTree:
    """The rich tree, with a directory of several blocks and files with indirect blocks."""
    builder = rich_tree().edit()
    many = builder.add(ROOT, b"many", directory(0o755))
    for number in range(600):
        builder.add(many, b"a name of some length %05d" % number, regular(BytesContent(b"")))
    builder.add(ROOT, b"indirect", regular(noise(200_000), 0o644))
    runs = ((0, 8192), (17 << 20, 9000))
    builder.add(ROOT, b"double", regular(noise((17 << 20) + 9000, *runs), 0o644))
    return builder.build()


def originals(folder: Path) -> dict[str, Original]:
    """One of each kind; ``folder`` is for scratch."""
    tree = full_tree()
    big, little = folder / "big.ufs", folder / "little.ufs"
    image_of(big, tree, choose_parameters(8192))
    image_of(little, tree, choose_parameters(8192), byte_order="little")
    ufs = big.read_bytes()
    found = {
        "ufs": Original(ufs, ufs_regions(ufs, ">")),
        "ufs-le": Original(little.read_bytes(), ufs_regions(little.read_bytes(), "<"), little=True),
        "disk": disk_of(ufs),
        "iso": iso_of(_without(tree, b"double")),
        "dump": dump_of(tree),
        "tar": tar_of(),
    }
    for original in found.values():
        assert all(original.regions.values())
    return found


def _without(tree: FileTree, name: bytes) -> FileTree:
    builder = tree.edit()
    builder.unlink(ROOT, name)
    return builder.build()


def small_originals(folder: Path) -> dict[str, Original]:
    """The same kinds with as little in them as has every structure: for fuzzers."""
    builder = TreeBuilder(directory(0o755), resolution=SECOND)
    deep = ROOT
    for number in range(12):
        deep = builder.add(deep, b"d%d" % number, directory(0o755))
    builder.link(ROOT, b"hard", builder.add(deep, b"file", regular(BytesContent(b"x" * 3000))))
    builder.add(ROOT, b"link", symlink(b"d0/d1/" * 30))
    builder.add(ROOT, b"n" * 200, Node(NodeType.FIFO, 0o644))
    builder.add(ROOT, b"null", Node(NodeType.CHAR, 0o666, device=Device(13, 2)))
    builder.add(ROOT, b"indirect", regular(sparse_content(150_000, (0, b"a"), (149_000, b"z"))))
    tree = builder.build()
    big, little = folder / "b.ufs", folder / "l.ufs"
    image_of(big, tree, choose_parameters(2400))
    image_of(little, tree, choose_parameters(2400), byte_order="little")
    data = big.read_bytes()
    disk = disk_of(data)
    label = Original(disk.data[:SECTOR], {"all": [(0, 512), (128, 384), (444, 64)]}, mend_label)
    return {
        "ufs": Original(data, ufs_regions(data, ">")),
        "ufs-le": Original(little.read_bytes(), ufs_regions(little.read_bytes(), "<")),
        "label": label,
        "iso": iso_of(tree),
        "dump": dump_of(tree),
        "tar": tar_of(),
    }


def ufs_regions(data: bytes, order: str, base: int = 0) -> dict[str, list[tuple[int, int]]]:
    """Where a UFS1 keeps what; its superblock has byte 8192, every number 32 bits."""

    def word(at: int) -> int:
        return int(struct.unpack_from(order + "I", data, base + at)[0])

    sb = 8192
    cblkno, iblkno, fsize, bsize = word(sb + 12), word(sb + 16), word(sb + 52), word(sb + 48)
    nindir = bsize // 4
    table = iblkno * fsize
    regions: dict[str, list[tuple[int, int]]] = {
        "superblock": [(sb, 240), (sb + 860, 520)],
        "group": [(cblkno * fsize, 256), (cblkno * fsize, bsize)],
        "inodes": [],
        "directories": [],
        "indirect": [],
    }
    for number in range(2, 800):
        at = table + number * 128
        mode = struct.unpack_from(order + "H", data, base + at)[0]
        if mode == 0:
            continue
        if number < 40:
            regions["inodes"].append((at, 128))
        if mode & 0xF000 == 0x4000:
            regions["directories"].append((word(at + 40) * fsize, 512))
        for level in range(3):
            if mode & 0xF000 == 0x8000 and (block := word(at + 88 + 4 * level)):
                regions["indirect"].append((block * fsize, min(nindir * 4, 256)))
    return {name: [(base + at, n) for at, n in places] for name, places in regions.items()}


def disk_of(ufs: bytes) -> Original:
    """A labelled disk with the same file system in slices 0 and 6."""
    geometry = Geometry(4, 32, 140, 2, rpm=7200)
    sectors = len(ufs) // SECTOR
    cylinders = -(-sectors // geometry.cylinder)
    entries = [
        SliceEntry(2, 0, geometry.ncyl * geometry.cylinder, 5, 0),
        SliceEntry(0, 0, cylinders * geometry.cylinder, 2, 0),
        SliceEntry(6, cylinders, cylinders * geometry.cylinder, 4, 0),
    ]
    data = bytearray((geometry.ncyl + geometry.acyl) * geometry.cylinder * SECTOR)
    start = cylinders * geometry.cylinder * SECTOR
    data[: len(ufs)] = ufs
    data[start : start + len(ufs)] = ufs
    data[:SECTOR] = write_label(make_label(geometry, entries))
    regions = {"label": [(128, 384)], "slices": [(444, 64), (130, 60)]}
    inner = ufs_regions(bytes(data), ">", start)
    return Original(bytes(data), regions | {"superblock": inner["superblock"]}, mend_label)


def iso_of(tree: FileTree) -> Original:
    """With Rock Ridge, relocated directories and continuation areas."""
    out = bytearray()
    lay_out_iso(tree, volume_id="CORPUS", time=1_000_000_000).stream(out.extend)
    data = bytes(out)
    root = struct.unpack_from("<I", data, 32768 + 158)[0]
    length = struct.unpack_from("<I", data, 32768 + 166)[0]
    directories = [(root * 2048, min(length, 2048))]
    at, inside = root * 2048, root * 2048 + length
    while at < inside and data[at]:
        if data[at + 25] & 2:
            directories.append((struct.unpack_from("<I", data, at + 2)[0] * 2048, 2048))
        at += data[at]
    rock = [(at, 40) for name in (b"NM", b"PX", b"CE", b"SL", b"TF") for at in _all(data, name)]
    moved = [(at, 12) for name in (b"CL\x0c", b"PL\x0c", b"RE\x04") for at in _all(data, name)]
    regions = {
        "descriptors": [(32768, 200), (34816, 16)],
        "records": directories,
        "susp": [(at, n) for at, n in rock if at > 40960][:400],
        "relocation": moved,
    }
    return Original(data, regions, little=True)


def _all(data: bytes, what: bytes) -> list[int]:
    found, at = [], data.find(what)
    while at >= 0:
        found.append(at)
        at = data.find(what, at + 1)
    return found


def dump_of(tree: FileTree) -> Original:
    """A level 0 stream; headers are 1024 bytes whose 32-bit words add up to 84446."""
    out = bytearray()
    options = DumpOptions(date=1_000_000_000, filesystem=b"/", device=b"/dev/x", host=b"h")
    write_dump(tree, out.extend, options)
    data = bytes(out)
    headers = dump_headers(data)
    early = [at for at in headers if at < len(data) // 2][:60]
    body = [(at + 1024, 1024) for at in early[:20] if at + 2048 <= len(data)]
    regions = {"headers": [(at, 200) for at in headers], "maps-and-directories": body}
    return Original(data, regions, mend_dump)


def tar_of() -> Original:
    """GNU tar with long names, links, a device and a sparse file's header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for number in range(12):
            info = tarfile.TarInfo("d/" * (number % 4) + f"file{number}" + "x" * (number * 20))
            info.size = number * 700
            info.mtime = 1_000_000_000 + number * 0.5
            archive.addfile(info, io.BytesIO(bytes(info.size)))
        for kind, name in ((tarfile.SYMTYPE, "s"), (tarfile.LNKTYPE, "l"), (tarfile.CHRTYPE, "c")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "file0"
            archive.addfile(info)
    data = out.getvalue()
    return Original(data, {"headers": [(at, 512) for at in tar_headers(data)]}, mend_tar)


def spoil(original: Original, seed: int) -> tuple[str, bytes]:
    """One damaged image and what was done to it; the same for the same seed."""
    draw = random.Random(seed)
    data = bytearray(original.data)
    said = []
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        name = draw.choice(list(original.regions))
        offset, length = draw.choice(original.regions[name])
        at = offset + draw.randrange(length)
        done = _change(data, draw, at, original)
        said.append(f"{name} at {at}: {done}")
    if draw.random() < 0.7:
        original.mend(data)
    if draw.random() < 0.07:
        cut = draw.randrange(len(data))
        del data[cut:]
        said.append(f"cut at {cut}")
    return "; ".join(said), bytes(data)


def _change(data: bytearray, draw: random.Random, at: int, original: Original) -> str:
    order: str = "<" if original.little else ">"
    four, eight = at & ~3, at & ~7
    what = draw.choice(("word", "word", "word", "wide", "bit", "byte", "noise", "zeros", "copy"))
    if what == "word":
        value = draw.choice(_EXTREMES)
        data[four : four + 4] = struct.pack(order + "I", value)
        return f"word {value:#x}"
    if what == "wide":
        value = draw.choice(_HUGE)
        data[eight : eight + 8] = struct.pack(order + "Q", value)
        return f"wide {value:#x}"
    if what == "bit":
        data[at] ^= 1 << draw.randrange(8)
    elif what == "byte":
        data[at] = draw.choice((0, 1, 0x2E, 0x2F, 0x7F, 0x80, 0xFF))
    elif what == "noise":
        data[four : four + 64] = draw.randbytes(64)
    elif what == "zeros":
        data[at & ~511 : (at & ~511) + 512] = bytes(512)
    else:
        name = draw.choice(list(original.regions))
        other, length = draw.choice(original.regions[name])
        length = min(length, len(data) - max(other, at))
        data[at : at + length] = data[other : other + length]
        return f"copy of {length} bytes from {other}"
    return what
