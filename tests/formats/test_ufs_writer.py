# SPDX-License-Identifier: Apache-2.0
"""Trees written to UFS: read by Linux, by The Sleuth Kit, and counted afresh."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
import ufs_recount
from conftest import needs
from hypothesis import HealthCheck, Phase, given, settings
from judge import TSK_BLIND, differences, kernel_rows, tree_rows, tsk_rows, with_lost_found
from trees import TIME as RICH_TIME
from trees import rich_tree, sample_image, sparse_content
from ufs_making import TIME, image_of, noise, ufs_trees

from mkboot.errors import InputError
from mkboot.formats.ufs import lay_out, parameters_for, read_ufs
from mkboot.model.values import UfsParameters
from mkboot.tree.content import BytesContent, Content, Extent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import FileSource

#: An example takes a second: what fails is shown as it is.
NO_SHRINKING = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def plain(*files: tuple[bytes, Node]) -> FileTree:
    builder = TreeBuilder(directory(mtime=RICH_TIME))
    for name, node in files:
        builder.add(0, name, node)
    return builder.build()


def rich_for_all() -> FileTree:
    """The rich tree with times after 1970: The Sleuth Kit takes ctime 0 for a free inode."""
    builder = rich_tree(sockets=True).edit()
    number = builder.find(b"n" * 255)
    assert number is not None
    builder.replace(number, regular(BytesContent(b""), 0, 0, 0, RICH_TIME))
    deep = builder.find(b"deep" + (b"/" + b"d" * 200) * 15)
    assert deep is not None
    # Linux takes no longer paths.
    builder.unlink(deep, b"d" * 200)
    builder.add(0, b"big", regular(noise(5_000_001), 0o600, 70000, 80000, RICH_TIME))
    builder.add(0, b"block", regular(noise(8192), mtime=RICH_TIME))
    builder.add(0, b"direct", regular(noise(12 * 8192), mtime=RICH_TIME))
    builder.add(0, b"more", regular(noise(12 * 8192 + 1), mtime=RICH_TIME))
    holes = [(0, 1), (20 << 20, 9000), ((40 << 20) - 5, 5)]
    builder.add(0, b"double", regular(noise(40 << 20, *holes), mtime=RICH_TIME))
    for n, device in enumerate([Device(127, 255), Device(300, 7000), Device(1, 70000)]):
        node = Node(NodeType.CHAR, 0o600, 0, 0, RICH_TIME, RICH_TIME, RICH_TIME, device=device)
        builder.add(0, b"device-%d" % n, node)
    for n in (58, 59, 60, 61, 1023):
        builder.add(0, b"link-%d" % n, symlink(b"t" * n, mtime=RICH_TIME))
    many = builder.add(0, b"many", directory(mtime=RICH_TIME))
    for n in range(2500):
        few = regular(noise(n % 2000), 0o640, n * 20, n, RICH_TIME + n * SECOND)
        builder.add(many, b"%d-" % n + b"x" * (n % 60), few)
    return builder.build()


@needs("fsstat", "blkls", "ils")
def test_sleuth_kit_and_a_recount_agree_with_the_tree(tmp_path: Path) -> None:
    tree = rich_for_all()
    made = image_of(tmp_path / "image", tree)
    assert ufs_recount.faults((tmp_path / "image").read_bytes()) == []
    wanted = tree_rows(with_lost_found(tree, TIME))
    assert differences(wanted, tsk_rows(tmp_path / "image"), TSK_BLIND) == []
    assert made.directories == 1 + 5 + 15
    assert made.used_inodes == len(tree.nodes) + 1 + 2


@pytest.mark.kernel
@needs("qemu-system-x86_64", "gcc")
def test_linux_reads_what_was_written(tmp_path: Path) -> None:
    """The random trees that it reads are in test_ufs_random.py."""
    tree, image = rich_for_all(), tmp_path / "rich"
    image_of(image, tree)
    rows = tree_rows(with_lost_found(tree, TIME))
    assert differences(rows, kernel_rows([image])[image]) == []


@needs("fsstat", "blkls", "ils")
@settings(NO_SHRINKING, max_examples=8)
@given(ufs_trees())
def test_random_trees(tmp_path_factory: pytest.TempPathFactory, tree: FileTree) -> None:
    path = tmp_path_factory.mktemp("random") / "image"
    image_of(path, tree)
    assert ufs_recount.faults(path.read_bytes()) == []
    wanted = tree_rows(with_lost_found(tree, TIME))
    assert differences(wanted, tsk_rows(path), TSK_BLIND) == []
    path.unlink()


@settings(NO_SHRINKING, max_examples=8)
@given(ufs_trees())
def test_little_endian(tmp_path_factory: pytest.TempPathFactory, tree: FileTree) -> None:
    """No other reader of these is at hand: a recount, and the two byte orders must say the same."""
    path = tmp_path_factory.mktemp("random") / "image"
    image_of(path, tree, byte_order="little")
    assert ufs_recount.faults(path.read_bytes(), "little") == []
    with FileSource(path) as source:
        seen = tree_rows(read_ufs(source))
    assert differences(tree_rows(with_lost_found(tree, TIME)), seen) == []
    path.unlink()


def test_a_real_tree_keeps_its_numbers(tmp_path: Path) -> None:
    with FileSource(sample_image(tmp_path)) as source:
        tree = read_ufs(source)
        assert tree.node_at(b"lost+found") is None
        shape = parameters_for(tree)
        image_of(tmp_path / "image", tree, shape, keep_numbers=True)
        with FileSource(tmp_path / "image") as again:
            back = read_ufs(again)
            inos = {path: node.ino for path, _, node in tree.walk()}
            assert max(inos.values()) > 3
            lost_found = min(set(range(3, 1000)) - set(inos.values()))
            inos[b"/lost+found"] = lost_found
            assert {path: node.ino for path, _, node in back.walk()} == inos
            rows = tree_rows(with_lost_found(tree, TIME))
            assert differences(rows, tree_rows(back)) == []
    assert ufs_recount.faults((tmp_path / "image").read_bytes()) == []


def test_numbers_that_cannot_be_kept_are_given_afresh(tmp_path: Path) -> None:
    node = regular(BytesContent(b"x"), mtime=RICH_TIME)
    root = replace(directory(mtime=RICH_TIME), ino=2)
    for second in (0, 5, 2, 1 << 20):
        builder = TreeBuilder(root)
        builder.add(0, b"a", replace(node, ino=5))
        builder.add(0, b"b", replace(node, ino=second))
        image_of(tmp_path / "image", builder.build(), keep_numbers=True)
        assert ufs_recount.faults((tmp_path / "image").read_bytes()) == []
        with FileSource(tmp_path / "image") as source:
            assert [n.ino for _, _, n in read_ufs(source).walk()] == [2, 4, 5, 3]


def test_same_input_same_bytes(tmp_path: Path) -> None:
    tree = rich_tree()
    for name in ("one", "two"):
        image_of(tmp_path / name, tree)
    image_of(tmp_path / "three", tree, generation=None)
    one = (tmp_path / "one").read_bytes()
    assert one == (tmp_path / "two").read_bytes()
    assert one != (tmp_path / "three").read_bytes()
    shape = parameters_for(tree)
    start = 32 * 1024
    three = (tmp_path / "three").read_bytes()
    gens = [
        struct.unpack_from(">I", three, start + n * 128 + 108)[0] for n in range(lay_out(shape).ipg)
    ]
    assert len(set(gens)) > len(gens) // 2


def test_holes_stay_holes_and_zeros_stay_data(tmp_path: Path) -> None:
    holes = sparse_content(20 * 8192, (3 * 8192 + 5, b"x"), (15 * 8192, b"y" * 8192))
    tree = plain(
        (b"holes", regular(holes, mtime=RICH_TIME)),
        (b"zeros", regular(BytesContent(bytes(5 * 8192)), mtime=RICH_TIME)),
        (b"nothing", regular(sparse_content(70_000), mtime=RICH_TIME)),
    )
    image_of(tmp_path / "image", tree)
    with FileSource(tmp_path / "image") as source:
        back = read_ufs(source)

        def extents(name: bytes) -> list[Extent]:
            node = back.node_at(name)
            assert node is not None
            return list(node.content.extents())

        assert extents(b"holes") == [(3 * 8192, 8192), (15 * 8192, 8192)]
        assert extents(b"zeros") == [(0, 5 * 8192)]
        assert extents(b"nothing") == []


def test_triple_indirect_and_largefiles(tmp_path: Path) -> None:
    """Too long for other readers to read whole: the auditor follows the pointers."""
    end = (12 + 1024 + 1024**2 + 3000) * 4096
    runs = [(0, 10), (5 << 20, 10), (end - 4096 * 2000, 9), (end - 3, 3)]
    huge = noise(end, *runs)
    shape = UfsParameters(40960, 640, 1, bsize=4096, fragsize=512)
    made = image_of(tmp_path / "image", plain((b"huge", regular(huge, mtime=RICH_TIME))), shape)
    assert made.largefiles
    auditor = ufs_recount.Auditor((tmp_path / "image").read_bytes(), "big")
    assert auditor.run() == []
    assert auditor.inodes[4][4] == end
    # Four blocks of data, and indirect ones: double with one leaf, triple with two below one.
    assert auditor.inodes[4][27] == (4 + 2 + 4) * 8
    for offset, length in runs:
        assert auditor.read(4, offset, length) == huge.read(offset, length) != bytes(length)
    assert auditor.read(4, end - 4096 * 1000, 10) == bytes(10)


@pytest.mark.parametrize(("size", "large"), [((1 << 31) - 1, False), (1 << 31, True)])
def test_largefiles_begins_behind_2_gib(size: int, large: bool, tmp_path: Path) -> None:
    tree = plain((b"file", regular(sparse_content(size, (size - 1, b"x")), mtime=RICH_TIME)))
    assert image_of(tmp_path / "image", tree).largefiles is large
    assert (tmp_path / "image").read_bytes()[8192 + 211] == large


def test_last_mount_point(tmp_path: Path) -> None:
    image_of(tmp_path / "image", plain(), last_mounted=b"/export/home")
    data = (tmp_path / "image").read_bytes()
    assert data[8192 + 212 : 8192 + 212 + 512] == b"/export/home".ljust(512, b"\0")
    with pytest.raises(InputError, match="mount point"):
        image_of(tmp_path / "image", plain(), last_mounted=b"x" * 512)


class Shrinking(Content):
    """Loses its end between being measured and being read."""

    def __init__(self, size: int) -> None:
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def extents(self) -> list[Extent]:  # type: ignore[override]
        return [Extent(0, self._size)]

    def read(self, offset: int, length: int) -> bytes:
        return b"x" * max(0, min(length, self._size - 100 - offset))


@pytest.mark.parametrize("size", [500, 8192, 3_000_000])
def test_content_that_shrinks_is_told_with_its_path(size: int, tmp_path: Path) -> None:
    builder = TreeBuilder(directory())
    var = builder.add(0, b"var", directory())
    builder.add(var, b"log", regular(Shrinking(size)))
    with pytest.raises(InputError, match=f"/var/log: ends at byte {size - 100}"):
        image_of(tmp_path / "image", builder.build())


class Changing(Content):
    """Has other holes each time one asks."""

    def __init__(self) -> None:
        self.asked = 0

    size = 1 << 20

    def extents(self) -> list[Extent]:  # type: ignore[override]
        self.asked += 1
        return [Extent(0, 8192 * self.asked)]

    def read(self, offset: int, length: int) -> bytes:
        return bytes(length)


def test_holes_that_change_are_told(tmp_path: Path) -> None:
    shape = UfsParameters(40960, 640, 1)
    with pytest.raises(InputError, match="/file: changed while it was read"):
        image_of(tmp_path / "image", plain((b"file", regular(Changing()))), shape)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (regular(BytesContent(b""), mtime=(1 << 31) * SECOND), "time"),
        (symlink(b"x" * 1024), "1024 characters"),
        (Node(NodeType.CHAR, 0o600), "without a number"),
        (Node(NodeType.CHAR, 0o600, device=Device(1 << 14, 0)), "device"),
        (regular(BytesContent(b""), uid=1 << 32), "owner"),
        (regular(sparse_content(1 << 50)), "more than a file"),
    ],
)
def test_what_an_inode_cannot_hold_is_refused_with_its_path(
    node: Node, words: str, tmp_path: Path
) -> None:
    shape = UfsParameters(40960, 640, 1)
    with pytest.raises(InputError, match=f"/bad: .*{words}"):
        image_of(tmp_path / "image", plain((b"bad", node)), shape)
    assert (tmp_path / "image").read_bytes() == bytes(40960 * 512)


def test_advance_hears_every_byte_of_files_once(tmp_path: Path) -> None:
    builder = TreeBuilder(directory())
    number = builder.add(0, b"file", regular(noise(3_000_000)))
    builder.link(0, b"again", number)
    builder.add(0, b"small", regular(noise(10)))
    heard: list[int] = []
    image_of(tmp_path / "image", builder.build(), advance=heard.append)
    # Directories and lost+found are contents too.
    assert sum(heard) == 3_000_010 + 512 + 8192


@pytest.mark.parametrize("order", ["big", "little"])
def test_compressed_files_stay_marked_so(order: str, tmp_path: Path) -> None:
    """Flag 4 (ICOMPRESS) is kept, and no other one, whatever byte order it came in."""
    node = regular(BytesContent(b"Zcmp"), 0o644, 1, 2, RICH_TIME)
    for theirs in (">", "<"):
        dinode = bytearray(128)
        struct.pack_into(theirs + "H", dinode, 0, 0o100644)
        struct.pack_into(theirs + "I", dinode, 100, 7)
        tree = plain((b"file", replace(node, dinode=bytes(dinode))))
        image_of(tmp_path / "image", tree, byte_order=order)
        auditor = ufs_recount.Auditor((tmp_path / "image").read_bytes(), order)
        assert auditor.run() == []
        assert auditor.inodes[4][26] == 4


@needs("fsstat", "blkls", "ils")
def test_a_tree_with_its_own_lost_found(tmp_path: Path) -> None:
    """It keeps what is in it and has room, as mkfs' has; a file of that name is a file."""
    builder = plain().edit()
    number = builder.add(0, b"lost+found", directory(0o711, 5, 6, RICH_TIME))
    builder.add(number, b"#123", regular(noise(10), mtime=RICH_TIME))
    for tree, size in (
        (builder.build(), 8192),
        (plain((b"lost+found", regular(noise(100), mtime=RICH_TIME))), 100),
    ):
        image_of(tmp_path / "image", tree)
        rows = tsk_rows(tmp_path / "image")
        assert differences(tree_rows(tree), rows, TSK_BLIND) == []
        auditor = ufs_recount.Auditor((tmp_path / "image").read_bytes(), "big")
        assert auditor.run() == []
        assert auditor.inodes[3][4] == size
