# SPDX-License-Identifier: Apache-2.0
"""The checker finds nothing where nothing is, and comes to an end whatever it is given."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

import pytest
from conftest import needs
from formats.fsck_bases import base_image
from formats.test_ufs_acl import rich
from formats.test_ufs_geometries import geometries, taken
from formats.ufs_images import MKFS, makefs, mkfs_image, small_image
from formats.ufs_plant import SUPERBLOCK, Plant
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ufs_making import image_of, ufs_trees

from fixtures.host import make_host
from mkboot.errors import InputError
from mkboot.formats.ufs.fsck import FsckReport, check_ufs
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import BytesSource, FileSource, Window

#: What fsck prints last for the file systems that mkfs made.
LAST = {
    "nt1-640": "2 files, 9 used, 19174 free (14 frags, 2395 blocks, 0.1% fragmentation)",
    "16x63-f8192-odd": "2 files, 2 used, 3681 free (0 frags, 3681 blocks, 0.0% fragmentation)",
}


def check(data: bytes) -> FsckReport:
    return check_ufs(BytesSource(bytes(data)))


def check_file(path: Path) -> FsckReport:
    with FileSource(path) as source:
        return check_ufs(source)


@pytest.mark.parametrize("name", MKFS)
def test_what_mkfs_made_is_clean(name: str) -> None:
    report = check(mkfs_image(name))
    assert report.faults == ()
    assert report.clean
    assert report.looked.superblocks == MKFS[name]["superblock"]["ncg"] + 1
    assert (report.looked.directories, report.looked.names) == (2, 5)
    assert report.last_line() == LAST.get(name, report.last_line())


def test_the_sample_has_the_one_fault_that_fsck_finds_in_it() -> None:
    """It was made before ``sunify.py`` put the end of the header where Sun has it."""
    report = check(small_image())
    assert [(f.code, f.place) for f in report.faults] == [("cg-nextfreeoff", "cylinder group 0")]
    assert report.files == 16
    mended = Plant(small_image(), "big")
    mended.set_cg(0, "nextfreeoff", 566)
    assert check(bytes(mended.data)).clean


@pytest.mark.parametrize("order", ["big", "little"])
def test_acls_and_attributes_are_clean(order: str, tmp_path: Path) -> None:
    image_of(tmp_path / "image", rich(), UfsParameters(40960, 640, 1), byte_order=order)
    report = check_file(tmp_path / "image")
    assert report.faults == ()
    assert report.looked.acls == 4
    assert report.looked.directories == 7


@needs("makefs")
@pytest.mark.parametrize("block", [4096, 8192])
def test_what_makefs_makes_is_clean(block: int, tmp_path: Path) -> None:
    rng = random.Random(block)
    for n in range(40):
        (tmp_path / "tree" / f"d{n % 7}").mkdir(parents=True, exist_ok=True)
        size = rng.choice([0, 1, 600, 5000, 100_000, 300_000])
        (tmp_path / "tree" / f"d{n % 7}" / f"f{n}").write_bytes(rng.randbytes(size))
    (tmp_path / "tree" / "link").symlink_to("d1/f1")
    makefs(tmp_path / "tree", tmp_path / "image", "24m", block=block)
    report = check_file(tmp_path / "image")
    assert report.faults == ()
    assert report.files == 1 + 7 + 40 + 1


@needs("makefs")
def test_a_link_in_its_inode_is_told(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to("somewhere")
    makefs(tmp_path / "tree", tmp_path / "image", sun=False)
    data = (tmp_path / "image").read_bytes()
    assert "symlink-in-inode" in check(data).counts


@needs("makefs", "sfdisk")
def test_the_slices_of_a_made_up_host_are_clean(tmp_path: Path) -> None:
    host = make_host(tmp_path, seed=2, big=False)
    looked = 0
    for made in host.slices.values():
        if made.holds == "ufs":
            with FileSource(host.disks[made.disk]) as source:
                window = Window(source, made.start * 512, made.sectors * 512)
                assert check_ufs(window).faults == ()
            looked += 1
    assert looked >= 5


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
def test_what_the_writer_makes_is_clean(count: int, tmp_path: Path) -> None:
    made = 0

    @settings(
        max_examples=count + count // 2,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(geometries(), ufs_trees(most=8), st.sampled_from(["big", "little"]))
    def make(parameters: UfsParameters, tree: FileTree, order: str) -> None:
        nonlocal made
        if taken(parameters, tree):
            image_of(tmp_path / "image", tree, parameters, byte_order=order)
            assert check_file(tmp_path / "image").faults == ()
            made += 1

    make()
    assert made >= count


@pytest.mark.parametrize("order", ["big", "little"])
def test_what_may_differ_between_copies(order: str) -> None:
    plant = Plant(base_image(order), order)
    last = plant.superblocks()[-1]
    words = [0, 4, 32, 60, 64, 88, 92, 100, 128, 136, *range(192, 212, 4), 212, 720, 724, 728, 852]
    for at in (*words, 132, 1324, 1328, 1336, 1360):
        plant.data[last + at : last + at + 4] = b"\x11\x22\x33\x44"
    assert check(plant.data).faults == ()


def test_the_first_copy_stands_in_for_a_lost_superblock() -> None:
    plant = Plant(base_image("big"), "big")
    places = plant.superblocks()
    plant.data[SUPERBLOCK : SUPERBLOCK + 8192] = bytes(8192)
    report = check(plant.data)
    assert [f.code for f in report.faults] == ["sb-magic"]
    assert report.finished
    for at in places:
        plant.data[at : at + 8192] = bytes(8192)
    with pytest.raises(InputError, match="no UFS"):
        check(plant.data)


def test_no_superblock_can_be_used() -> None:
    plant = Plant(base_image("big"), "big")
    plant.set_sb("fpg", 3)
    report = check(plant.data)
    assert not report.finished
    assert not report.clean
    assert "sb-unusable" in report.counts


@pytest.mark.parametrize("data", [b"", bytes(8192), bytes(100_000), b"\xff" * 30_000])
def test_no_ufs_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        check(data)


def test_faults_have_paths() -> None:
    plant = Plant(base_image("big"), "big")
    for path in ("/a/b/hard", "/plain", "/a/b/c"):
        plant.ino_set(plant.ino(path), nlink=7)
    icon = plant.get(plant.entry(plant.ino_get(plant.ino("/noted"), "oeft"), b"icon"), "I")
    plant.ino_set(icon, nlink=7)
    found = {f.path for f in check(plant.data).faults}
    assert found == {"/big", "/plain", "/a/b/c", "/noted/(attributes)/icon"}


def test_all_claimants_of_a_block_are_named() -> None:
    plant = Plant(base_image("big"), "big")
    fragment = plant.ino_get(plant.ino("/big"), "db1")
    plant.ino_set(plant.ino("/whole"), db1=fragment)
    fault = next(f for f in check(plant.data).faults if f.code == "block-duplicate")
    for path in ("/big", "/whole"):
        assert f"inode {plant.ino(path)}" in fault.message


def log_image() -> tuple[Plant, int]:
    """The base with a log of two extents that no inode has; and its first block."""
    plant = Plant(base_image("big"), "big")
    blocks = []
    for group in (1, 1, 2):
        blocks.append(plant.free_block(group))
        for n in range(8):
            plant.flip_fragment(blocks[-1] + n)
    first, one, two = blocks
    words = [0, 0, 2, 16384, 0, 0, one * 2, 16, 16, two * 2, 16]
    words[1] = sum(words) & 0xFFFFFFFF
    at = plant.byte(first)
    plant.data[at : at + 8192] = struct.pack(">11I", *words).ljust(8192, b"\0")
    plant.set_sb("logbno", first * 2)
    return plant, first


def test_a_log_takes_room_that_no_inode_has() -> None:
    plant, _ = log_image()
    codes = set(check(plant.data).counts)
    # Counts were not carried along, maps were.
    assert "map-block" not in codes
    assert codes == {
        "cg-nbfree", "summary-nbfree", "total-nbfree", "cg-btot", "cg-b",
    }  # fmt: skip
    for at in plant.superblocks():
        plant.data[at + 209] = 0xFD
        plant.put(at + 4, 1)
    assert set(check(plant.data).counts) == codes


def test_a_log_whose_list_is_broken() -> None:
    plant, first = log_image()
    plant.data[plant.byte(first) + 20] ^= 1
    assert {"log-extents", "map-block"} <= set(check(plant.data).counts)


def test_a_file_in_the_log() -> None:
    plant, first = log_image()
    plant.ino_set(plant.ino("/whole"), db0=first)
    fault = next(f for f in check(plant.data).faults if f.code == "block-duplicate")
    assert "the log" in fault.message


def test_room_set_aside_belongs_to_its_file() -> None:
    plant = Plant(base_image("big"), "big")
    ino = plant.ino("/whole")
    plant.ino_set(ino, db1=-plant.ino_get(ino, "db1"), flags=2)
    assert check(plant.data).faults == ()


def test_loops_and_huge_claims_come_to_an_end() -> None:
    plant = Plant(base_image("big"), "big")
    block = plant.free_block(1)
    at = plant.byte(block)
    plant.data[at : at + 8192] = struct.pack(">i", block) * 2048
    for path in ("/whole", "/full", "/a/b", "/large", "/one"):
        plant.ino_set(plant.ino(path), size=1 << 43, ib0=block, ib1=block, ib2=block)
    start = time.monotonic()
    report = check(plant.data)
    assert time.monotonic() - start < 10
    assert "block-duplicate" in report.counts
    assert len(report.faults) < 5000


def test_a_short_image() -> None:
    data = base_image("big")
    report = check(data[: len(data) // 3])
    assert "image-short" in report.counts
    assert check(data[:20_000]).counts["image-short"] == 1


def test_damage_never_raises() -> None:
    rng = random.Random(5)
    bases = [base_image("big"), base_image("little"), small_image()]
    found = 0
    for n in range(250):
        data = bytearray(bases[n % 3])
        for _ in range(rng.choice([1, 3, 20])):
            at = rng.choice([8192, 8192 + 1024, 32768, 40960]) + 4 * rng.randrange(350)
            value = rng.choice([0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, rng.randrange(1 << 32)])
            data[at : at + 4] = value.to_bytes(4, rng.choice(["big", "little"]))
        try:
            report = check(data)
        except InputError:
            continue
        found += not report.clean
        assert all(fault.place and fault.message for fault in report.faults)
    assert found > 100


def test_many_inodes_take_seconds(tmp_path: Path) -> None:
    builder = TreeBuilder(directory(mtime=SECOND))
    node = regular(TreeBuilder(directory()).build().nodes[0].content, mtime=SECOND)
    above = 0
    for n in range(60_000):
        if n % 600 == 0:
            above = builder.add(0, b"d%d" % n, directory(mtime=SECOND))
        builder.add(above, b"file-%d" % n, node)
    image_of(tmp_path / "image", builder.build())
    start = time.monotonic()
    report = check_file(tmp_path / "image")
    assert report.faults == ()
    assert report.files == 60_000 + 102
    assert time.monotonic() - start < 5
