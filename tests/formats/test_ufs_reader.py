# SPDX-License-Identifier: Apache-2.0
"""File systems that others made (mkfs, makefs), read by us, against what others say is in them."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from formats.ufs_images import (
    INODE,
    MKFS,
    Image,
    directory_rows,
    makefs,
    mkfs_image,
    small_image,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge import differences, tree_rows, tsk_rows

from mkboot.errors import InputError
from mkboot.formats.ufs import looks_like_ufs, open_ufs, read_ufs
from mkboot.formats.ufs.geometry import lay_out
from mkboot.formats.ufs.recovered import recover_parameters
from mkboot.formats.ufs.structs import Superblock
from mkboot.tree.content import Extent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType
from mkboot.tree.source import BytesSource, FileSource

TIME = 1_000_000_000


def described(tree: FileTree) -> list[dict[str, object]]:
    """A tree in the form of small.json."""
    out: list[dict[str, object]] = []
    for path, number, node in tree.walk():
        row: dict[str, object] = {"path": os.fsdecode(path), "type": node.type.value}
        row |= {"uid": node.uid, "gid": node.gid, "nlink": tree.nlink(number)}
        if node.type is NodeType.SYMLINK:
            row["target"] = os.fsdecode(node.target)
        else:
            row |= {"mode": f"0o{node.mode:o}", "mtime": node.mtime // 10**9}
        if node.type is NodeType.FILE:
            data = b"".join(node.content.chunks(7000))
            row |= {"size": node.size, "sha256": hashlib.sha256(data).hexdigest()}
        if node.device is not None:
            row["rdev"] = list(node.device)
        out.append(row)
    return out


def test_the_sample_is_what_its_manifest_says() -> None:
    wanted = json.loads((SAMPLES / "small.json").read_text())
    tree = read_ufs(BytesSource(small_image()))
    found = [row for row in described(tree) if row["path"] not in ("/", "/lost+found")]
    assert found == wanted
    # Numbers and raw inodes are kept for the dump writer.
    image = Image(small_image())
    for node in tree.nodes:
        assert node.dinode == image.data[image.inode(node.ino) : image.inode(node.ino) + 128]


@pytest.mark.parametrize("name", MKFS)
def test_what_a_real_mkfs_made(name: str) -> None:
    told, data = MKFS[name], mkfs_image(name)
    volume = open_ufs(BytesSource(data))
    assert looks_like_ufs(BytesSource(data))
    assert volume.byte_order == told["byte_order"]
    words = {key: getattr(volume.superblock, key) for key in told["superblock"]}
    assert words == told["superblock"]
    tree = volume.tree()
    rows = [(e.path, e.node.mode, e.node.ino, tree.nlink(e.number)) for e in tree.walk()]
    assert rows == [(b"/", 0o755, 2, 3), (b"/lost+found", 0o700, 3, 2)]
    assert {e.node.mtime for e in tree.walk()} == {1_080_000_000 * 10**9}
    assert (volume.state.is_clean, volume.state.words, volume.findings("s0")) == (True, "clean", ())
    sb = volume.superblock
    # Root has a fragment, lost+found a block.
    assert (volume.used_bytes, volume.used_inodes) == (sb.fsize + sb.bsize, 2)


@pytest.mark.parametrize("name", MKFS)
def test_the_arguments_of_mkfs_come_back(name: str) -> None:
    told = MKFS[name]
    found = open_ufs(BytesSource(mkfs_image(name))).parameters
    size, *rest = told["arguments"].split()
    assert [
        str(v)
        for v in (
            found.nsect, found.ntrack, found.bsize, found.fragsize, found.cpg, found.minfree,
            found.rps, found.nbpi, found.optimize, found.apc, found.gap, found.nrpos,
            found.maxcontig,
        )
    ] == rest  # fmt: skip
    dropped = told["superblock"]["size"] * told["superblock"]["fsize"] // 512
    assert found.size == min(int(size), dropped)
    assert not found.logging and not found.largefiles


@cache
def mkfs_superblock(name: str) -> Superblock:
    return open_ufs(BytesSource(mkfs_image(name))).superblock


@given(st.integers(512, 40000), st.integers(0, len(MKFS) - 1))
@settings(max_examples=200, deadline=None)
def test_unusual_numbers_of_inodes_come_back(nbpi: int, which: int) -> None:
    sb = mkfs_superblock(sorted(MKFS)[which])
    try:
        layout = lay_out(replace(recover_parameters(sb), nbpi=nbpi))
    except InputError:
        return
    changed = replace(sb, ipg=layout.ipg, cpg=layout.cpg, fpg=layout.fpg, size=layout.size)
    again = lay_out(recover_parameters(changed))
    assert (again.ipg, again.cpg, again.fpg, again.size) == (
        layout.ipg, layout.cpg, layout.fpg, layout.size,
    )  # fmt: skip


def fill(top: Path) -> None:
    """A tree with everything that an ordinary user can make."""
    noise = random.Random(1)
    (top / "etc").mkdir()
    (top / "deep" / "er" / "still").mkdir(parents=True)
    (top / "empty").mkdir(mode=0o700)
    for size in (0, 1, 511, 512, 513, 4095, 4096, 4097, 12 * 4096, 12 * 4096 + 1, 60_000):
        (top / "etc" / f"f{size}").write_bytes(noise.randbytes(size))
    (top / "single").write_bytes(noise.randbytes(300_001))
    (top / "double").write_bytes(noise.randbytes(4_400_000))
    os.link(top / "single", top / "deep" / "hard")
    os.link(top / "single", top / "deep" / "er" / "hard two")
    for length in (1, 59, 60, 61, 255, 1000):
        (top / f"link{length}").symlink_to("t" * length)
    (top / ("n" * 255)).write_bytes(b"long")
    (top / "deep" / os.fsdecode(b"\xff\x80 \t\n")).write_bytes(b"odd")
    os.mkfifo(top / "pipe")
    for n in range(900):
        (top / "deep" / "er" / "still" / f"a file called {n:04}").write_bytes(b"%d" % n)
    (top / "etc" / "f1").chmod(0o4711)
    for at, directories, files in os.walk(top):
        for name in (*directories, *files):
            os.utime(Path(at) / name, (TIME, TIME), follow_symlinks=False)
    os.utime(top, (TIME, TIME))


@needs("makefs")
@pytest.mark.parametrize("block", [4096, 8192])
def test_what_makefs_made_of_a_directory(tmp_path: Path, block: int) -> None:
    (tmp_path / "tree").mkdir()
    fill(tmp_path / "tree")
    image = tmp_path / "image"
    makefs(tmp_path / "tree", image, "24m", block=block)
    with FileSource(image) as source:
        tree = read_ufs(source)
        assert differences(tree_rows(tree), directory_rows(tmp_path / "tree")) == []
        # Our own rules of a tree hold: the builder makes the same of it.
        built = tree.edit().build()
        assert (built.names, built.nlinks, built.parents) == (
            tree.names, tree.nlinks, tree.parents,
        )  # fmt: skip
    if block == 8192:
        assert differences(tree_rows(tree_of(image)), tsk_rows(image), frozenset({"gid"})) == []


def tree_of(image: Path) -> FileTree:
    """Read from memory, so that no file stays open."""
    return read_ufs(BytesSource(image.read_bytes()))


names = st.binary(min_size=1, max_size=40).filter(
    lambda n: b"/" not in n and b"\0" not in n and n not in (b".", b"..")
)
files = st.builds(
    lambda seed, size: random.Random(seed).randbytes(size),
    st.integers(0, 99),
    st.integers(0, 3000) | st.sampled_from([8192, 98304, 98305, 150_000]),
)
links = names.map(lambda n: ("link", n))
trees = st.recursive(
    files | links, lambda inner: st.dictionaries(names, inner, max_size=6), max_leaves=20
).filter(lambda t: isinstance(t, dict))


def make(top: bytes, tree: object) -> None:
    """Put a made-up tree on the disk."""
    if isinstance(tree, dict):
        os.mkdir(top)
        for name, inner in tree.items():
            make(top + b"/" + name, inner)
    elif isinstance(tree, bytes):
        Path(os.fsdecode(top)).write_bytes(tree)
    elif isinstance(tree, tuple):
        os.symlink(tree[1], top)
    os.utime(top, (TIME, TIME), follow_symlinks=False)


@needs("makefs")
@given(trees)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_made_up_trees(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    place = tmp_path_factory.mktemp("made-up")
    make(os.fsencode(place / "tree"), tree)
    makefs(place / "tree", place / "image", "6m")
    assert differences(tree_rows(tree_of(place / "image")), directory_rows(place / "tree")) == []


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An image with a file, a link, a directory; 4096-byte blocks."""
    place = tmp_path_factory.mktemp("plain")
    (place / "tree" / "dir").mkdir(parents=True)
    (place / "tree" / "file").write_bytes(b"F" * 4096)
    (place / "tree" / "link").symlink_to("some/where")
    makefs(place / "tree", place / "image", "6m", block=4096)
    return (place / "image").read_bytes()


@needs("makefs", "icat")
def test_all_three_levels_and_holes_against_the_sleuth_kit(plain: bytes, tmp_path: Path) -> None:
    image = Image(plain)
    ino, frag = image.number_of(2, b"file"), image.word("frag")
    free = iter(image.free_blocks())
    one, two, three, *data = (next(free) for _ in range(16))
    # Blocks of the file, by level; 1024 numbers to a block.
    wanted = {0: image.get(ino, "db0"), 3: data[0], 12: data[1], 12 + 1023: data[2]}
    image.set(ino, db3=data[0], ib0=one, ib1=two, ib2=three)
    image.put(one, struct.pack(">i", data[1]))
    image.put(one + frag - 1, bytes(508) + struct.pack(">i", data[2]))
    image.put(two, bytes(28) + struct.pack(">i", data[3]))
    image.put(data[3], bytes(36) + struct.pack(">2i", data[4], data[5]))
    wanted |= {1036 + 7 * 1024 + 9: data[4], 1036 + 7 * 1024 + 10: data[5]}
    base = 12 + 1024 + 1024**2
    image.put(three, struct.pack(">i", data[6]))
    image.put(data[6], bytes(12) + struct.pack(">i", data[7]))
    image.put(data[7], bytes(20) + struct.pack(">i", data[8]))
    wanted[base + 3 * 1024 + 5] = data[8]
    for number, block in enumerate(sorted(wanted)[1:]):
        image.put(wanted[block], bytes([65 + number]) * 4096)
    size = (base + 3 * 1024 + 6) * 4096 - 100
    image.set(ino, size=size)

    node = read_ufs(image.source).node_at(b"/file")
    assert node is not None and node.size == size
    covered = [(e.offset // 4096, e.length) for e in node.content.extents()]
    assert covered == [
        (0, 4096), (3, 4096), (12, 4096), (1035, 4096), (1036 + 7 * 1024 + 9, 8192),
        (base + 3 * 1024 + 5, 3996),
    ]  # fmt: skip
    for number, block in enumerate(sorted(wanted)):
        letter = bytes([64 + number]) if number else b"F"
        last = min(4096, size - block * 4096)
        assert node.content.read(block * 4096, 4096) == letter * last
        before = node.content.read(block * 4096 - 10, 14) if block else letter * 4
        assert before[-4:] == letter * 4
    assert node.content.read(5 << 20, 3 << 20) == bytes(3 << 20)
    assert node.content.read(size, 5) == b""
    # The Sleuth Kit takes for ever over gigabytes of holes: the first two levels only.
    image.set(ino, size=(1036 + 7 * 1024 + 11) * 4096 - 100, ib2=0)
    (tmp_path / "image").write_bytes(image.data)
    files = icat_digest(tmp_path / "image", ino)
    node = read_ufs(image.source).node_at(b"/file")
    assert node is not None
    assert hashlib.sha256(b"".join(node.content.chunks())).hexdigest() == files


def icat_digest(image: Path, ino: int) -> str:
    """SHA-256 of what icat of The Sleuth Kit reads."""
    done = subprocess.run(["icat", "-f", "ufs1", image, str(ino)], capture_output=True, check=True,
                          timeout=60)  # fmt: skip
    return hashlib.sha256(done.stdout).hexdigest()


@needs("makefs")
def test_reads_that_are_not_aligned(plain: bytes) -> None:
    image = Image(plain)
    ino = image.number_of(2, b"file")
    free = image.free_blocks()
    numbers = [free[3], free[2], free[1], 0, free[8], free[5], 0, 0, free[7], free[6], 0, free[9]]
    image.set(ino, size=12 * 4096, **{f"db{n}": f for n, f in enumerate(numbers)})
    noise = random.Random(2)
    whole = bytearray()
    for number in numbers:
        block = noise.randbytes(4096) if number else bytes(4096)
        if number:
            image.put(number, block)
        whole += block
    node = read_ufs(image.source).node_at(b"/file")
    assert node is not None
    extents = list(node.content.extents())
    assert extents == [Extent(0, 3 * 4096), Extent(4 * 4096, 2 * 4096), Extent(8 * 4096, 2 * 4096),
                       Extent(11 * 4096, 4096)]  # fmt: skip
    for _ in range(300):
        offset, length = noise.randrange(len(whole) + 10), noise.randrange(20000)
        assert node.content.read(offset, length) == whole[offset : offset + length]
    assert b"".join(node.content.chunks(1000)) == whole


@needs("makefs")
def test_room_that_was_set_aside_reads_as_zeros(plain: bytes) -> None:
    image = Image(plain)
    ino, free = image.number_of(2, b"file"), image.free_blocks()
    image.put(free[1], b"Y" * 4096)
    image.put(free[0], struct.pack(">4i", free[1], -free[2], -8, 0))
    image.set(ino, flags=2, size=15 * 4096, db1=-free[3], db2=-free[4], ib0=free[0])
    node = read_ufs(image.source).node_at(b"/file")
    assert node is not None
    assert list(node.content.extents()) == [Extent(0, 4096), Extent(12 * 4096, 4096)]
    wanted = b"F" * 4096 + bytes(11 * 4096) + b"Y" * 4096 + bytes(2 * 4096)
    assert node.content.read(0, node.size) == wanted
    # Without the flag, and in a number that is no block's, they are faults.
    for change in ({"flags": 0}, {"db2": -free[4] - 1}):
        broken = Image(bytes(image.data))
        broken.set(ino, **change)
        node = read_ufs(broken.source).node_at(b"/file")
        assert node is not None
        with pytest.raises(InputError, match="out of range"):
            node.content.read(0, node.size)


@needs("makefs")
def test_a_link_whose_text_lies_in_the_inode(plain: bytes) -> None:
    image = Image(plain)
    ino = image.number_of(2, b"link")
    at = image.inode(ino) + INODE["db0"].at
    image.data[at : at + 60] = b"in/the/inode".ljust(60, b"\0")
    image.set(ino, size=12, blocks=0)
    node = read_ufs(image.source).node_at(b"/link")
    assert node is not None and node.target == b"in/the/inode"


@needs("makefs")
def test_makefs_own_form_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    makefs(tmp_path / "tree", tmp_path / "image", "6m", sun=False)
    with pytest.raises(Exception, match=r"inode 2 '/': .*4\.4BSD"):
        tree_of(tmp_path / "image")


@needs("makefs")
def test_numbers_of_an_inode_reach_the_node(plain: bytes) -> None:
    image = Image(plain)
    file, link = image.number_of(2, b"file"), image.number_of(2, b"link")
    image.set(file, suid=65535, uid=70000, sgid=60001, gid=9, atime=-5, mtime=7, mtime_usec=250)
    image.set(link, mode=0o020640, size=0, blocks=0, db0=300 << 18 | 70000)
    tree = read_ufs(image.source)
    node, device = tree.node_at(b"/file"), tree.node_at(b"/link")
    assert node is not None and device is not None
    assert (node.uid, node.gid, node.atime) == (70000, 60001, -5 * 10**9)
    assert node.mtime == 7 * 10**9 + 250_000
    assert (device.type, device.device, device.mode) == (NodeType.CHAR, (300, 70000), 0o640)


@pytest.mark.parametrize(
    ("clean", "rolled", "logbno", "shift", "expected"),
    [
        (1, 0, 0, 0, (True, True, False, False)),
        (2, 0, 0, 0, (True, True, False, False)),
        (0, 0, 0, 0, (True, False, False, False)),
        (0xFF, 0, 0, 0, (True, False, False, False)),
        (1, 0, 0, 1, (False, False, False, False)),
        (0xFD, 1, 500, 0, (True, True, True, False)),
        (0xFD, 2, 500, 0, (True, False, True, True)),
        (0xFD, 0, 500, 0, (True, False, True, True)),
        (1, 2, 500, 0, (True, False, True, True)),
        (1, 1, 500, 0, (True, True, True, False)),
        (0xFD, 1, 500, 1, (False, False, True, False)),
    ],
)
def test_states(
    clean: int, rolled: int, logbno: int, shift: int, expected: tuple[bool, ...]
) -> None:
    image = Image(small_image())
    image.data[8192 + 209] = clean
    image.set_word("rolled", rolled)
    image.set_word("logbno", logbno)
    image.set_word("state", image.word("state") + shift)
    volume = open_ufs(image.source)
    state = volume.state
    assert state.clean == clean
    assert (state.state_holds, state.is_clean, state.is_logging, state.log_unrolled) == expected
    assert volume.parameters.logging == state.is_logging
    codes = [finding.code for finding in volume.findings("slice 0")]
    wanted = "ufs-log-unrolled" if state.log_unrolled else "ufs-unclean"
    assert codes == ([] if state.is_clean else [wanted])
