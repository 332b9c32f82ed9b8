# SPDX-License-Identifier: Apache-2.0
"""Trees for tests: one by hand with everything in it, and random ones."""

from __future__ import annotations

import gzip
from pathlib import Path

from conftest import SAMPLES
from hypothesis import strategies as st

from mkboot.tree.compare import Comparison
from mkboot.tree.content import BytesContent, RunsContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import Device, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource

TIME = 1_000_000_000_000_000_000


def differences(left: FileTree, right: FileTree, *ignore: str) -> list[tuple[bytes, str, str, str]]:
    """Everything in which two trees differ; fails if nothing was compared."""
    comparison = Comparison(left, right, frozenset(ignore))
    found = [(d.path, d.field, d.left, d.right) for d in comparison.differences()]
    assert comparison.counts.names > 0
    return found


def sparse_content(size: int, *runs: tuple[int, bytes]) -> RunsContent:
    """Content with data only where ``runs`` (offset, bytes) have it."""
    data = b"".join(piece for _, piece in runs)
    at, found = 0, []
    for offset, piece in runs:
        found.append((offset, len(piece), at))
        at += len(piece)
    return RunsContent(BytesSource(data), size, found)


def rich_tree(*, sockets: bool = False) -> FileTree:
    """Names that hurt, links of both kinds, holes, devices, odd owners and modes."""
    builder = TreeBuilder(directory(0o755, 0, 0, TIME))
    etc = builder.add(0, b"etc", directory(0o2775, 0, 3, TIME + 1))
    passwd = builder.add(etc, b"passwd", regular(BytesContent(b"root:x:0:1\n"), 0o644, 0, 3, TIME))
    builder.link(0, b"hard", passwd)
    builder.add(0, b"bin", symlink(b"./usr/bin", 0, 0, TIME))
    builder.add(0, b"out", symlink(b"/etc/passwd", 7, 8, TIME + 5))
    builder.add(0, b"latin-\xe9\\ \n", regular(BytesContent(b"x"), 0o4711, 60001, 60002, TIME))
    builder.add(0, b"n" * 255, regular(BytesContent(b""), 0, 0, 0, -5_000_000_000))
    builder.add(0, b"fifo", Node(NodeType.FIFO, 0o640, 0, 0, TIME, TIME, TIME))
    null = Node(NodeType.CHAR, 0o666, 0, 3, TIME, TIME, TIME, device=Device(13, 2))
    builder.add(0, b"null", null)
    disk = Node(NodeType.BLOCK, 0o640, 0, 5, TIME, TIME, TIME, device=Device(32, 7))
    builder.add(0, b"disk", disk)
    holes = sparse_content(3_000_000, (8192, b"a" * 8192), (2_000_000, b"b" * 100))
    builder.add(0, b"holes", regular(holes, 0o600, 1, 1, TIME))
    builder.add(0, b"empty", directory(0o1777, 0, 0, TIME + 2))
    deep = builder.add(0, b"deep", directory(0o500, 2, 2, TIME))
    for _ in range(30):
        deep = builder.add(deep, b"d" * 200, directory(0o711, 2, 2, TIME))
    builder.add(deep, b"bottom", regular(BytesContent(b"here"), 0o444, 2, 2, TIME))
    if sockets:
        builder.add(0, b"socket", Node(NodeType.SOCKET, 0o600, 0, 0, TIME, TIME, TIME))
    return builder.build()


def sample_image(folder: Path) -> Path:
    """The sample UFS, unpacked."""
    out = folder / "small.ufs"
    out.write_bytes(gzip.decompress((SAMPLES / "small.ufs.gz").read_bytes()))
    return out


NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda n: b"/" not in n and b"\0" not in n and n not in (b".", b"..")
)
_IDS = st.integers(0, 70000)
_TIMES = st.integers(-(1 << 31) + 1, (1 << 31) - 1).map(lambda s: s * 1_000_000_000)


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    """Anything but a directory."""
    kind = draw(st.sampled_from(["file", "sparse", "link", "fifo", "char", "block"]))
    mode, uid, gid, time = draw(st.integers(0, 0o7777)), draw(_IDS), draw(_IDS), draw(_TIMES)
    if kind == "file":
        return regular(BytesContent(draw(st.binary(max_size=3000))), mode, uid, gid, time)
    if kind == "sparse":
        at = draw(st.integers(1, 1 << 20))
        data = draw(st.binary(min_size=1, max_size=5000))
        end = at + len(data) + draw(st.integers(0, 100_000))
        return regular(sparse_content(end, (at, data)), mode, uid, gid, time)
    if kind == "link":
        target = draw(st.binary(min_size=1, max_size=300).filter(lambda t: b"\0" not in t))
        return symlink(target, uid, gid, time)
    if kind == "fifo":
        return Node(NodeType.FIFO, mode, uid, gid, time, time, time)
    device = Device(draw(st.integers(0, 4095)), draw(st.integers(0, (1 << 18) - 1)))
    kinds = {"char": NodeType.CHAR, "block": NodeType.BLOCK}
    return Node(kinds[kind], mode, uid, gid, time, time, time, device=device)


@st.composite
def trees(draw: st.DrawFn) -> FileTree:
    """A small tree with directories, hard links and all kinds of nodes."""
    builder = TreeBuilder(directory(draw(st.integers(0, 0o777)) | 0o700, 0, 0, draw(_TIMES)))
    directories, files = [0], []
    for _ in range(draw(st.integers(0, 12))):
        parent = draw(st.sampled_from(directories))
        name = draw(NAMES)
        if name in builder.children(parent):
            continue
        what = draw(st.sampled_from(["directory", "node", "node", "link"]))
        if what == "link" and files:
            builder.link(parent, name, draw(st.sampled_from(files)))
        elif what == "directory":
            made = directory(draw(st.integers(0, 0o7777)), draw(_IDS), draw(_IDS), draw(_TIMES))
            directories.append(builder.add(parent, name, made))
        else:
            files.append(builder.add(parent, name, draw(nodes())))
    return builder.build()
