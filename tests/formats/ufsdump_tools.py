# SPDX-License-Identifier: Apache-2.0
"""What the tests of the dump reader and writer share: trees, and Debian's restore."""

from __future__ import annotations

import os
import stat
import subprocess
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st

from mkboot.formats.ufsdump import DumpOptions, write_dump
from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent, Content, RunsContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, TYPE_OF_BITS, Device, Node, NodeType
from mkboot.tree.source import BytesSource

OPTIONS = DumpOptions(
    date=1_000_000_500, filesystem=b"/", device=b"/dev/rdsk/c0t0d0s0", host=b"host"
)


def dump_of(tree: FileTree, options: DumpOptions = OPTIONS) -> bytes:
    out = bytearray()
    write_dump(tree, out.extend, options)
    return bytes(out)


def sparse(size: int, *data: tuple[int, bytes]) -> Content:
    """``size`` bytes that are a hole but for the given (offset, bytes)."""
    runs, at = [], 0
    for offset, piece in data:
        runs.append((offset, len(piece), at))
        at += len(piece)
    return RunsContent(BytesSource(b"".join(piece for _, piece in data)), size, runs)


def differences(left: FileTree, right: FileTree) -> list[object]:
    return list(Comparison(left, right).differences())


def restore(stream: bytes, room: Path) -> Path:
    """What Debian's restore makes of a stream; its exit status means nothing, so it must be
    silent.  Returns the directory with the files.
    """
    return restore_all([stream], room)


def restore_all(streams: list[bytes], room: Path) -> Path:
    """The same of a level 0 stream and the increments to it, one after the other."""
    target, scratch, file = room / "restored", room / "scratch", room / "stream"
    target.mkdir(parents=True)
    scratch.mkdir()
    for stream in streams:
        file.write_bytes(stream)
        run_restore(target, scratch, file)
    (target / "restoresymtable").unlink()
    return target


def run_restore(target: Path, scratch: Path, file: Path, *more: str) -> None:
    """One run of restore in ``target``."""
    ran = subprocess.run(
        ["restore", "-r", *more, "-T", scratch, "-f", file],
        cwd=target, capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ran.returncode == 0
    assert ran.stderr == b""


def assert_same(tree: FileTree, top: Path) -> int:
    """The tree equals what lies below ``top``; returns how many names were compared."""
    seen = 0
    inodes: dict[int, int] = {}
    for path, number, node in tree.walk():
        file = top / os.fsdecode(path[1:])
        there = file.lstat()
        seen += 1
        assert TYPE_OF_BITS[stat.S_IFMT(there.st_mode)] is node.type, path
        assert (there.st_uid, there.st_gid) == (node.uid, node.gid), path
        assert inodes.setdefault(number, there.st_ino) == there.st_ino, path
        if node.is_directory:
            assert {os.fsencode(inside.name) for inside in file.iterdir()} == set(
                tree.children(number)
            ), path
        else:
            assert there.st_nlink == tree.nlink(number), path
        if node.type is NodeType.SYMLINK:
            # pathlib would tidy the target up
            assert os.fsencode(os.readlink(file)) == node.target, path
            continue
        assert stat.S_IMODE(there.st_mode) == node.mode, path
        if path != b"/":  # restore leaves its own file there
            assert there.st_mtime_ns // 1000 == node.mtime // 1000, path
        if node.device is not None:
            assert (os.major(there.st_rdev), os.minor(there.st_rdev)) == node.device, path
        if node.type is NodeType.FILE:
            assert there.st_size == node.size, path
            with file.open("rb") as opened:
                for data in node.content.chunks():
                    assert opened.read(len(data)) == data, path
    assert len(set(inodes.values())) == len(inodes)
    return seen


def _names(longest: int) -> st.SearchStrategy[bytes]:
    allowed = st.integers(1, 255).filter(lambda b: b != ord("/"))
    return (
        st.lists(allowed, min_size=1, max_size=12)
        .map(bytes)
        .flatmap(lambda name: st.sampled_from([name, (name * longest)[:longest]]))
        .filter(lambda name: name not in (b".", b".."))
    )


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Small files, and ones with holes that pass the direct blocks."""
    if draw(st.booleans()):
        return BytesContent(draw(st.binary(max_size=3000)))
    size = draw(st.integers(1, 200_000))
    starts = sorted(draw(st.sets(st.integers(0, size - 1), max_size=4)))
    pieces = []
    for start, following in pairwise([*starts, size]):
        length = min(draw(st.integers(1, 20_000)), following - start)
        pieces.append((start, bytes([draw(st.integers(1, 255))]) * length))
    return sparse(size, *pieces)


@st.composite
def nodes(draw: st.DrawFn, *, restorable: bool) -> Node:
    kind = draw(st.sampled_from(NodeType))
    top_major, top_minor = (255, 255) if restorable else (0x3FFF, 0x3FFFF)
    device, target, content = None, b"", BytesContent(b"")
    if kind in (NodeType.CHAR, NodeType.BLOCK):
        device = Device(draw(st.integers(1, top_major)), draw(st.integers(0, top_minor)))
        new_form = (device.major << 18 | device.minor) >> 16
        if max(device) > 255 and new_form in (0, 0xFFFF):  # no word of an inode says that
            device = Device(13, 2)
    elif kind is NodeType.SYMLINK:
        target = draw(st.binary(min_size=1, max_size=90).filter(lambda t: b"\0" not in t))
    elif kind is NodeType.FILE:
        content = draw(contents())
    highest = 60_001 if restorable else 0xFFFFFFFF
    earliest = 0 if restorable else -2_000_000_000
    mtime = draw(st.integers(earliest * SECOND, 2_000_000_000 * SECOND)) // 1000 * 1000
    return Node(
        kind,
        0o777 if kind is NodeType.SYMLINK else draw(st.integers(0, 0o7777)),
        draw(st.integers(0, highest)),
        draw(st.integers(0, highest)),
        mtime,
        mtime,
        mtime,
        content,
        target,
        device,
    )


@st.composite
def trees(draw: st.DrawFn, *, restorable: bool = False) -> FileTree:
    """Trees of a dozen names at most, hard links among them.

    With ``restorable`` without what Debian's restore cannot do: names over 200 bytes, ids
    over 65535, new-form devices, times before 1970.
    """
    longest = 200 if restorable else 255
    root = Node(NodeType.DIRECTORY, 0o755, mtime=10**18)
    builder = TreeBuilder(root, resolution=1000)
    directories, files = [0], []
    for _ in range(draw(st.integers(0, 12))):
        parent = draw(st.sampled_from(directories))
        name = draw(_names(longest))
        if name in builder.children(parent):
            continue
        if files and draw(st.integers(0, 5)) == 0:
            builder.link(parent, name, draw(st.sampled_from(files)))
            continue
        node = draw(nodes(restorable=restorable))
        number = builder.add(parent, name, node)
        (directories if node.is_directory else files).append(number)
    return builder.build()
