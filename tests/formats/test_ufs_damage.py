# SPDX-License-Identifier: Apache-2.0
"""Broken file systems: an InputError that says where, and never anything else."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import numpy as np
import pytest
from conftest import needs
from formats.ufs_images import WORDS, Image, makefs, mkfs_image, small_image

from mkboot.errors import InputError
from mkboot.formats.ufs import looks_like_ufs, open_ufs, read_ufs
from mkboot.tree.node import NodeType
from mkboot.tree.source import ByteSource, BytesSource

pytestmark = needs("makefs")
BIG = (1 << 31) - 1


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Directories, links, and a file with all of single and double indirect blocks."""
    place = tmp_path_factory.mktemp("made")
    top = place / "tree"
    (top / "dir" / "sub").mkdir(parents=True)
    (top / "small").write_bytes(b"small")
    (top / "large").write_bytes(bytes(range(256)) * 16 * 1100)
    (top / "link").symlink_to("x" * 100)
    for n in range(150):
        (top / "dir" / f"some file {n}").write_bytes(b"%d" % n)
    makefs(top, place / "image", "18m", block=4096)
    return (place / "image").read_bytes()


@pytest.fixture
def image(made: bytes) -> Image:
    """The same, to be broken."""
    return Image(made)


def read_all(source: ByteSource) -> int:
    """Everything the reader can do, with an end to it even for sizes of terabytes."""
    volume = open_ufs(source, place=("slice 0",))
    assert volume.parameters.size > 0
    assert volume.used_bytes >= 0 and volume.used_inodes >= 0
    for finding in volume.findings("slice 0"):
        assert finding.code.startswith("ufs-")
    count = 0
    for _, _, node in volume.tree().walk():
        count += 1
        if node.type is NodeType.FILE:
            for _ in node.content.extents():
                pass
            for offset in range(0, min(node.size, 8 << 20), 1 << 20):
                node.content.read(offset, 1 << 20)
            node.content.read(max(0, node.size - 100), 100)
    return count


def refused(source: ByteSource, *words: str) -> InputError:
    """Reading must fail with an InputError that has a place and says these words."""
    with pytest.raises(InputError) as caught:
        read_all(source)
    assert caught.value.place[0] == "slice 0"
    for word in words:
        assert word in caught.value.message
    return caught.value


def test_the_unbroken_one(image: Image) -> None:
    assert read_all(image.source) == 1 + 2 + 3 + 150


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("bsize", 0), ("bsize", 12345), ("bsize", 1 << 30), ("bsize", -4096), ("fsize", 0),
        ("fsize", 8192), ("fsize", -512), ("frag", 0), ("frag", 7), ("nindir", 0),
        ("nindir", BIG), ("inopb", 0), ("inopb", 33), ("nspf", 0), ("ipg", 0), ("ipg", -32),
        ("ipg", 33), ("ipg", 1 << 30), ("fpg", 0), ("fpg", -8), ("fpg", 7), ("fpg", BIG),
        ("fpg", 8), ("ncg", 0), ("ncg", -1), ("ncg", 1 << 20), ("size", 0), ("size", -1),
        ("size", BIG), ("size", 100), ("cgmask", BIG), ("cgmask", 0), ("cgoffset", -8),
        ("sblkno", -5), ("sblkno", 0), ("cblkno", 0), ("iblkno", 0), ("iblkno", BIG),
        ("dblkno", BIG), ("dblkno", 30), ("cssize", 0), ("cssize", BIG), ("csaddr", 0),
        ("csaddr", -1), ("csaddr", BIG), ("cgsize", 0), ("cgsize", 5000), ("sbsize", 8193),
        ("sbsize", 0), ("cpg", 0),
    ],
)  # fmt: skip
def test_words_of_the_superblock(image: Image, word: str, value: int) -> None:
    image.set_word(word, value)
    error = refused(image.source, "superblock")
    assert error.place == ("slice 0", "superblock")


@pytest.mark.parametrize("word", ["nbfree", "nifree", "dsize"])
def test_totals_do_not_keep_anybody_from_reading(image: Image, word: str) -> None:
    files = read_all(image.source)
    for value in (-1, BIG):
        image.set_word(word, value)
        volume = open_ufs(image.source)
        assert [f.message[:21] for f in volume.findings("s0")] == ["totals that cannot be"]
        assert volume.used_bytes == volume.superblock.size * volume.superblock.fsize
        assert read_all(image.source) == files


def test_a_stagger_that_leaves_the_group() -> None:
    image = Image(mkfs_image("19x248-stagger"))
    image.set_word("cgoffset", 1 << 20)
    refused(image.source, "superblock", "behind the group")


def test_no_superblock(image: Image) -> None:
    image.set_word("magic", 0x19540119)
    assert not looks_like_ufs(image.source)
    refused(image.source, "not a UFS", "0x19540119")
    for length in (0, 100, 9000, 9567, 9568, 12000):
        refused(BytesSource(small_image()[:length]))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
def test_a_source_that_is_cut_short(image: Image, share: float) -> None:
    source = BytesSource(bytes(image.data[: int(len(image.data) * share)]))
    finding = next(f for f in open_ufs(source).findings("slice 0") if f.code == "ufs-damaged")
    assert str(len(image.data)) in finding.message and str(source.size) in finding.message


def test_only_what_was_cut_off_cannot_be_read(image: Image) -> None:
    large, last = image.number_of(2, b"large"), image.free_blocks()[0]
    image.set(large, db5=last)
    tree = read_ufs(BytesSource(bytes(image.data[: image.block(last) + 100])))
    node, other = tree.node_at(b"/large"), tree.node_at(b"/small")
    assert node is not None and other is not None
    assert other.content.read(0, 9) == b"small"
    assert len(node.content.read(0, 5 * 4096)) == 5 * 4096
    assert node.content.read(5 * 4096, 100) == bytes(100)
    with pytest.raises(InputError) as caught:
        node.content.read(5 * 4096, 101)
    assert caught.value.place == (f"inode {large} '/large'",)


def test_the_inode_table_of_a_group_behind_the_end(image: Image) -> None:
    groups = image.word("ncg")
    assert groups > 1
    far = (groups - 1) * image.word("ipg") + 5
    image.set_entry(2, b"small", far)
    source = BytesSource(bytes(image.data[: image.start(groups - 1)]))
    error = refused(source)
    assert error.place == (
        "slice 0", f"inode {far} '/small'", f"cylinder group {groups - 1}", "inode table",
    )  # fmt: skip


def test_bad_groups_are_findings(image: Image) -> None:
    at = image.start(1) + image.word("cblkno") * image.word("fsize")
    image.data[at + 4] ^= 1
    image.data[image.start(0) + image.word("cblkno") * image.word("fsize") + 15] = 9
    messages = [f.message for f in open_ufs(image.source).findings("slice 0")]
    assert messages == [
        "cylinder group 0: says it is group 9", "cylinder group 1: bad magic 0x01090255",
    ]  # fmt: skip


Break = Callable[[Image], object]


def small(image: Image) -> int:
    return image.number_of(2, b"small")


def directory(image: Image) -> int:
    return image.number_of(2, b"dir")


def sub(image: Image) -> int:
    return image.number_of(directory(image), b"sub")


def poke(image: Image, where: int, name: bytes, offset: int, code: str, value: int) -> None:
    struct.pack_into(">" + code, image.data, image.entry(where, name) + offset, value)


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        # Directories that lead back or have two names.
        (lambda i: i.set_entry(2, b"small", 2), "inode 2 '/small'", "met before"),
        (lambda i: i.set_entry(2, b"small", sub(i)), "sub'", "met before"),
        (lambda i: i.set_entry(2, b"small", directory(i)), "/", "met before"),
        (lambda i: i.set_entry(directory(i), b"sub", directory(i)), "/dir/sub'", "met before"),
        (lambda i: i.set_entry(sub(i), b"..", 2), "'/dir/sub'", "should be inode"),
        (lambda i: i.set_entry(2, b".", 3), "inode 2 '/'", "should be inode"),
        (lambda i: i.set_entry(directory(i), b".", 0), "'/dir'", "should be inode"),
        # Entries.
        (lambda i: poke(i, 2, b"small", 4, "H", 0), "inode 2 '/'", "an entry of 0 bytes"),
        (lambda i: poke(i, 2, b"small", 4, "H", 10), "inode 2 '/'", "an entry of 10 bytes"),
        (lambda i: poke(i, 2, b"small", 4, "H", 600), "inode 2 '/'", "an entry of 600 bytes"),
        (lambda i: poke(i, 2, b"small", 4, "H", 65532), "inode 2 '/'", "an entry of 65532"),
        (lambda i: poke(i, 2, b"small", 6, "H", 0), "inode 2 '/'", "a name of 0 bytes"),
        (lambda i: poke(i, 2, b"small", 6, "H", 8), "inode 2 '/'", "a name of 8 bytes"),
        (lambda i: poke(i, 2, b"small", 6, "H", 65535), "inode 2 '/'", "a name of 65535"),
        (lambda i: poke(i, 2, b"small", 9, "B", ord("/")), "inode 2 '/'", "no file name"),
        (lambda i: poke(i, 2, b"small", 9, "B", 0), "inode 2 '/'", "no file name"),
        (
            lambda i: poke(i, directory(i), b"some file 17", 19, "B", ord("8")),
            "'/dir'", "comes twice",
        ),
        # Inode numbers.
        (lambda i: i.set_entry(2, b"small", 1), "inode 1 '/small'", "out of range"),
        (lambda i: i.set_entry(2, b"small", 2**32 - 1), "'/small'", "out of range"),
        (lambda i: i.set_entry(2, b"small", i.word("ncg") * i.word("ipg")), "'/small'", "range"),
        (lambda i: i.set_entry(2, b"small", i.word("ncg") * i.word("ipg") - 1), "/", "not in use"),
        # Types.
        (lambda i: i.set(2, mode=0), "inode 2 '/'", "not in use"),
        (lambda i: i.set(2, mode=0o100644), "inode 2 '/'", "no directory"),
        (lambda i: i.set(small(i), mode=0o170644), "'/small'", "unknown type"),
        (lambda i: i.set(small(i), mode=0o130644), "'/small'", "must not have one"),
        (lambda i: i.set(small(i), mode=0o160644), "'/small'", "must not have one"),
        # Sizes.
        (lambda i: i.set(small(i), size=2**60), "'/small'", "a file of 1152921504606846976"),
        (lambda i: i.set(2, size=2**60), "inode 2 '/'", "a directory of"),
        (lambda i: i.set(directory(i), size=0), "'/dir'", "a directory of 0"),
        (lambda i: i.set(directory(i), size=1000), "'/dir'", "a directory of 1000"),
        (lambda i: i.set(i.number_of(2, b"link"), size=2**60), "'/link'", "a symbolic link of"),
        (lambda i: i.set(i.number_of(2, b"link"), size=0), "'/link'", "a symbolic link of 0"),
        (lambda i: i.set(i.number_of(2, b"link"), size=101), "'/link'", "zero byte"),
        # Block numbers.
        (lambda i: i.set(small(i), db0=-1), "'/small'", "out of range"),
        (lambda i: i.set(small(i), db0=BIG), "'/small'", "out of range"),
        (lambda i: i.set(small(i), db0=i.word("size")), "'/small'", "out of range"),
        (lambda i: i.set(small(i), db0=8), "'/small'", "metadata of group 0"),
        (
            lambda i: i.set(small(i), db0=i.word("fpg") + i.word("iblkno")),
            "'/small'", "metadata of group 1",
        ),
        (lambda i: i.set(small(i), db0=i.word("csaddr")), "'/small'", "summary"),
        (
            lambda i: i.set(small(i), size=4096, db0=i.get(small(i), "db0") // 8 * 8 + 3),
            "'/small'", "cross a block",
        ),
        (lambda i: i.set(directory(i), db0=0), "'/dir'", "a hole"),
        (lambda i: i.set(directory(i), db0=BIG), "'/dir'", "out of range"),
        (lambda i: i.set(directory(i), ib0=0, size=13 * 4096), "'/dir'", "a hole"),
        (lambda i: i.set(i.number_of(2, b"large"), ib0=8), "'/large'", "metadata"),
        (lambda i: i.set(i.number_of(2, b"large"), ib1=BIG), "'/large'", "out of range"),
        (lambda i: i.set(i.number_of(2, b"large"), ib1=-9), "'/large'", "out of range"),
        # ACLs and attributes.
        (lambda i: i.set(small(i), shadow=BIG), "'/small'", "out of range"),
        (lambda i: i.set(small(i), shadow=small(i)), "'/small'", "not a shadow inode"),
        (lambda i: i.set(small(i), oeftflag=2), "'/small'", "has a name already"),
        (lambda i: i.set(small(i), oeftflag=2**32 - 1), "'/small'", "out of range"),
    ],
)  # fmt: skip
def test_spoilt(image: Image, spoil: Break, place: str, words: str) -> None:
    spoil(image)
    error = refused(image.source, words)
    assert place in ": ".join(error.place), error.place


def first_below(image: Image, fragment: int) -> int:
    return int(struct.unpack_from(">i", image.data, image.block(fragment))[0])


def test_indirect_blocks_that_lead_back(image: Image) -> None:
    large = image.number_of(2, b"large")
    double = image.get(large, "ib1")
    single = first_below(image, double)
    assert double and single
    itself = Image(bytes(image.data))
    itself.put(double, struct.pack(">i", double))
    refused(itself.source, f"inode {large} '/large'", "leads back to itself")
    image.put(double, struct.pack(">2i", single, single))
    image.set(large, size=(12 + 1024 + 2048) * 4096)
    refused(image.source, f"inode {large} '/large'", "comes twice")


def test_triple_that_is_its_own_child_does_not_run_for_ever(image: Image) -> None:
    large = image.number_of(2, b"large")
    free = image.free_blocks()[0]
    image.put(free, struct.pack(">i", free) * 1024)
    image.set(large, ib2=free, size=(12 + 1024 + 1024**2 + 1024**3) * 4096)
    node = read_ufs(image.source).node_at(b"/large")
    assert node is not None
    for work in (lambda: list(node.content.extents()), lambda: node.content.read(2**40, 100)):
        with pytest.raises(InputError, match=r"inode \d+ '/large': .*back to itself"):
            work()


def test_a_wrong_number_in_an_indirect_block(image: Image) -> None:
    large = image.number_of(2, b"large")
    single = image.get(large, "ib0")
    for number in (
        -1,
        BIG,
        8,
        image.word("csaddr"),
        image.word("fpg") + image.word("sblkno"),
        single + 1,
    ):
        struct.pack_into(">i", image.data, image.block(single) + 400, number)
        refused(image.source, f"inode {large} '/large'", str(number))


@pytest.mark.parametrize("name", ["16x63-part", "19x248-le", "16x63-f8192-odd"])
def test_one_number_and_many_numbers_are_checked_alike(name: str) -> None:
    data = mkfs_image(name)[:20000]
    store = open_ufs(BytesSource(data))._store
    sb = store.sb
    noise = random.Random(3)
    numbers = [
        0, -1, BIG, *range(sb.size - 20, sb.size + 20), *range(1, 2 * sb.fpg, 4),
        *(noise.randrange(-(1 << 31), 1 << 31) for _ in range(500)),
    ]  # fmt: skip
    wrong = store.wrong(np.array(numbers))
    for index, number in enumerate(numbers):
        try:
            store.check(number, sb.frag)
            assert index not in wrong, number
        except InputError:
            assert index in wrong or number == 0, number
    assert 0 < len(wrong) < len(numbers)


def test_directories_that_share_blocks_are_not_read_for_ever(image: Image) -> None:
    # Every one of them: the whole file system's size in blank chunks.
    where = directory(image)
    room = image.word("size") * image.word("fsize")
    image.set(where, size=room // 4096 * 4096)
    refused(image.source, "inode 2 '/'" if where == 2 else "'/dir'")


def metadata(image: Image) -> list[tuple[int, int]]:
    """Bytes that the reader believes: (start, length)."""
    fsize = image.word("fsize")
    words = [(8192 + field.at, 4) for field in WORDS.values()]
    tree = read_ufs(image.source)
    inodes = [(image.inode(node.ino), 128) for node in tree.nodes]
    folders = [
        (image.block(image.get(node.ino, "db0")), 2048) for node in tree.nodes if node.is_directory
    ]
    large = image.number_of(2, b"large")
    blocks = [(image.block(image.get(large, name)), 8 * fsize) for name in ("ib0", "ib1")]
    return words * 3 + inodes + folders * 30 + blocks * 30


@pytest.mark.parametrize("part", range(3))
def test_flipped_bytes(made: bytes, part: int) -> None:
    chance = random.Random(part)
    places = metadata(Image(made))
    refusals = 0
    for round_ in range(120):
        image = Image(made)
        flipped = []
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            start, length = chance.choice(places)
            at = start + chance.randrange(length)
            image.data[at] ^= chance.randrange(1, 256)
            flipped.append(at)
        try:
            read_all(image.source)
        except InputError as e:
            refusals += 1
            assert e.place and e.place[0] == "slice 0", (part, round_, flipped)
            assert len(e.place) > 1 or "not a UFS" in e.message, (e.message, flipped)
    # A test that damages nothing that matters proves nothing.
    assert refusals > 20
