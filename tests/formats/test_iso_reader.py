# SPDX-License-Identifier: Apache-2.0
"""The reader: what genisoimage and xorriso made reads as the directory it was made from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from formats.iso_tools import (
    directory_rows,
    hostile_directory,
    hostile_tree,
    image_bytes,
    links_as_read_by_iso,
    path_table_directories,
)
from judge import differences, tree_rows

from mkboot.errors import InputError
from mkboot.formats.iso import lay_out_iso, looks_like_iso, read_iso, structs
from mkboot.formats.iso.dates import read_long, read_short, write_long, write_short
from mkboot.formats.iso.records import read_records
from mkboot.formats.iso.susp import Areas, read_system_use
from mkboot.tree.node import SECOND, NodeType
from mkboot.tree.source import BytesSource, FileSource

SECTOR = 2048
PVD = 16 * SECTOR


def genisoimage(top: Path, image: Path, *options: str) -> None:
    argv = ["genisoimage", "-quiet", *options, "-o", image, top]
    subprocess.run(argv, check=True, capture_output=True)


def xorriso(top: Path, image: Path, *options: str) -> None:
    argv = ["xorriso", *options, "-as", "mkisofs", "-quiet", "-R", "-o", image, top]
    subprocess.run(argv, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("hostile") / "top"
    top.mkdir()
    hostile_directory(top)
    return top


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("plain") / "top"
    top.mkdir()
    hostile_directory(top, long_targets=False)
    return top


@pytest.fixture(scope="module")
def small() -> bytes:
    """One of our own images, for what is changed by hand."""
    return image_bytes(lay_out_iso(hostile_tree(), volume_id="SMALL", time=10**9))


@needs("genisoimage")
def test_genisoimage(plain: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.iso"
    genisoimage(plain, image, "-R", "-V", "Volume 1")
    volume = read_iso(FileSource(image))
    wanted = links_as_read_by_iso(directory_rows(plain))
    assert differences(wanted, tree_rows(volume.tree)) == []
    assert len(wanted) >= 60 - 2 * (os.geteuid() != 0)
    assert (volume.volume_id, volume.rock_ridge_id) == (b"Volume 1", b"RRIP_1991A")
    assert volume.files == sum(row.type == "file" for row in wanted.values()) - 1
    assert volume.size == os.stat(image).st_size
    assert volume.findings == ()


@needs("genisoimage")
def test_genisoimage_breaks_long_targets_and_that_is_said(hostile: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.iso"
    genisoimage(hostile, image, "-R")
    with pytest.raises(InputError, match=r"directory /: record at .* SL entry") as caught:
        read_iso(FileSource(image), place=("disc",))
    assert caught.value.place[:3] == ("disc", "iso", "directory /")


@needs("xorriso")
def test_xorriso(hostile: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.iso"
    xorriso(hostile, image)
    volume = read_iso(FileSource(image))
    wanted = links_as_read_by_iso(directory_rows(hostile))
    assert differences(wanted, tree_rows(volume.tree)) == []
    assert volume.findings == ()


@needs("xorriso")
def test_the_ieee_identifier_is_told(plain: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.iso"
    xorriso(plain, image, "-compliance", "new_rr")
    volume = read_iso(FileSource(image))
    assert volume.rock_ridge
    assert volume.rock_ridge_id == b"IEEE_1282"
    assert [f.code for f in volume.findings] == ["iso-rock-ridge-id"]
    wanted = links_as_read_by_iso(directory_rows(plain))
    assert differences(wanted, tree_rows(volume.tree)) == []
    assert all(node.ino for node in volume.tree.nodes if node.type is NodeType.FILE)


@needs("genisoimage")
def test_without_rock_ridge(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "SubDir").mkdir(parents=True)
    (top / "SubDir" / "Read.Me").write_bytes(b"hello")
    (top / "noext").write_bytes(b"x")
    image = tmp_path / "image.iso"
    genisoimage(top, image)
    volume = read_iso(FileSource(image))
    assert (volume.rock_ridge, volume.rock_ridge_id) == (False, b"")
    assert [p for p, _, _ in volume.tree.walk()] == [
        b"/", b"/noext", b"/subdir", b"/subdir/read.me",
    ]  # fmt: skip
    node = volume.tree.node_at(b"/subdir/read.me")
    assert node is not None
    assert (node.content.read(0, 9), node.mode) == (b"hello", 0o444)
    assert [f.code for f in volume.findings] == ["iso-no-rock-ridge"]


@needs("xorriso")
def test_label_in_sector_0_and_slices_behind(plain: Path, tmp_path: Path) -> None:
    image, boot = tmp_path / "image.iso", tmp_path / "boot"
    boot.write_bytes(os.urandom(300 * 1024))
    xorriso(plain, image)
    bare = os.stat(image).st_size
    options = ["--sparc-label", "text", "-B", boot]
    argv = ["xorriso", "-as", "mkisofs", "-quiet", "-R", *options, "-o", image, plain]
    subprocess.run(argv, check=True, capture_output=True)
    assert image.read_bytes()[508:510] == b"\xda\xbe"
    assert os.stat(image).st_size > bare
    volume = read_iso(FileSource(image))
    wanted = links_as_read_by_iso(directory_rows(plain))
    assert differences(wanted, tree_rows(volume.tree)) == []


@needs("genisoimage")
def test_links_to_elsewhere_stay_apart(tmp_path: Path) -> None:
    """Same content is not the same file; one name of two on the disc is one file."""
    top = tmp_path / "top"
    top.mkdir()
    (top / "one").write_bytes(b"same")
    (top / "two").write_bytes(b"same")
    (tmp_path / "outside").write_bytes(b"linked")
    os.link(tmp_path / "outside", top / "three")
    image = tmp_path / "image.iso"
    genisoimage(top, image, "-R")
    tree = read_iso(FileSource(image)).tree
    assert [tree.nlink(n) for n in tree.children(0).values()] == [1, 1, 1]


def test_the_fast_ways_read_what_is_declared(small: bytes) -> None:
    source = BytesSource(small)
    seen: set[bytes] = set()
    for data in path_table_directories(small):
        for fast in read_records(data):
            declared = structs.DirectoryRecord.parse(data[fast.offset :])
            assert fast == (
                fast.offset,
                declared.head.extent.le + declared.head.attribute_length,
                declared.head.size.le,
                declared.head.date,
                declared.head.flags,
                declared.name,
                declared.system_use,
            )
            assert (
                structs.DirectoryRecord.build(declared)
                == data[fast.offset :][: declared.head.length]
            )
            use = read_system_use(fast.system_use, Areas(source))
            seen |= _compare_entries(_entries(small, fast.system_use), use)
    assert seen >= {b"PX", b"TF", b"NM", b"SL", b"CE", b"CL", b"RE", b"PN", b"SP", b"ER", b"RR"}


def _entries(image: bytes, area: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while len(area) >= 4:
        head = structs.EntryHead.parse(area)
        found.append((head.signature, area[: head.length]))
        area = area[head.length :]
        if len(area) < 4:
            links = [structs.EntryCE.parse(e) for s, e in found if s == b"CE"]
            if links and not any(s == b"end" for s, _ in found):
                at = links[-1].block.le * SECTOR + links[-1].offset.le
                area = image[at : at + links[-1].size.le]
                found = [(s, e) if s != b"CE" else (b"ce", e) for s, e in found]
    return [(s.upper(), e) for s, e in found]


def _compare_entries(entries: list[tuple[bytes, bytes]], use: object) -> set[bytes]:
    name, components = b"", []
    for signature, entry in entries:
        if signature == b"PX":
            px = structs.EntryPX.parse(entry)
            values = (px.mode.le, px.links.le, px.uid.le, px.gid.le)
            assert values == (px.mode.be, px.links.be, px.uid.be, px.gid.be)
            assert values == (use.mode, use.links, use.uid, use.gid)
        elif signature == b"NM":
            name += structs.EntryNM.parse(entry).name
        elif signature == b"SL":
            components += [(c.flags, c.text) for c in structs.EntrySL.parse(entry).components]
        elif signature == b"PN":
            pn = structs.EntryPN.parse(entry)
            assert (pn.high.le, pn.low.le) == use.device
        elif signature == b"TF":
            tf = structs.EntryTF.parse(entry)
            assert tf.stamps == use.mtime + use.atime + use.ctime
        elif signature == b"CL":
            assert structs.EntryLink.parse(entry).block.le == use.child
        elif signature == b"ER":
            assert [structs.EntryER.parse(entry).id] == use.extensions
        elif signature == b"SP":
            assert structs.EntrySP.parse(entry).skip == use.skip == 0
    assert name == (use.name or b"")
    assert components == use.components
    return {signature for signature, _ in entries}


@pytest.mark.parametrize("seconds", [0, -1, 10**9, 951782400, -(2**31), 2**32, 5 * 10**9])
def test_dates(seconds: int) -> None:
    assert read_short(write_short(seconds * SECOND + 5)) == (seconds * SECOND if seconds else 0)
    assert read_long(write_long(seconds)) == seconds * SECOND
    fields = structs.ShortDate.parse(write_short(seconds * SECOND))
    assert fields.offset == 0


def test_dates_with_an_offset_and_dates_that_are_none() -> None:
    assert read_short(bytes((101, 9, 9, 3, 46, 40, 8))) == 10**9 * SECOND
    assert read_short(bytes((101, 9, 8, 13, 46, 40, 208))) == 10**9 * SECOND
    assert read_short(bytes((101, 13, 9, 3, 46, 40, 0))) is None
    assert read_short(bytes((101, 2, 30, 3, 46, 40, 0))) is None
    assert read_short(bytes(7)) == 0
    assert read_long(b"2001 9091034600000") is None


def test_looks_like() -> None:
    assert not looks_like_iso(BytesSource(b""))
    assert not looks_like_iso(BytesSource(bytes(40000)))


def test_an_image_is_recognised(small: bytes) -> None:
    assert looks_like_iso(BytesSource(small))


def test_the_hostile_tree_itself(small: bytes) -> None:
    wanted = links_as_read_by_iso(tree_rows(hostile_tree()))
    assert differences(wanted, tree_rows(read_iso(BytesSource(small)).tree)) == []
