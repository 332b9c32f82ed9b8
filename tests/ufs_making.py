# SPDX-License-Identifier: Apache-2.0
"""What the tests of the UFS writer share: making images, and trees that strain the format."""

from __future__ import annotations

import os
import random
from pathlib import Path

from hypothesis import strategies as st

from mkboot.formats.ufs import UfsSummary, parameters_for, write_ufs
from mkboot.model.values import UfsParameters
from mkboot.tree.content import BytesContent, Content, RunsContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Device, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource, FileSink

TIME = 1_080_000_000
#: As different as UFS lets them be; Linux takes fragments up to 4096 bytes.
SHAPES = [
    UfsParameters(40960, 640, 1),
    UfsParameters(40960, 63, 16, cpg=16, minfree=1, optimize="s"),
    UfsParameters(40001, 107, 27, cpg=2, nbpi=4096),
    UfsParameters(60000, 248, 19, cpg=2, nbpi=8192),
    UfsParameters(40960, 640, 1, bsize=4096, fragsize=512),
    UfsParameters(40960, 63, 16, bsize=4096, fragsize=4096),
    UfsParameters(40960, 100, 3, fragsize=2048, nbpi=512, nrpos=4),
    UfsParameters(40960, 99, 5, fragsize=4096, nrpos=1),
]
NOISE = BytesSource(random.Random(3).randbytes(1 << 20))


def image_of(
    path: Path, tree: FileTree, parameters: UfsParameters | None = None, **options: object
) -> UfsSummary:
    """Write a tree to a new file; ``parameters_for`` chooses where nothing is given."""
    chosen = parameters or parameters_for(tree)
    options.setdefault("time", TIME)
    options.setdefault("generation", 7)
    with path.open("w+b") as file:
        os.ftruncate(file.fileno(), chosen.size * 512)
        sink = FileSink(file.fileno(), 0, chosen.size * 512)
        return write_ufs(tree, sink, chosen, **options)  # type: ignore[arg-type]


def noise(size: int, *runs: tuple[int, int]) -> Content:
    """``size`` bytes that look random; with ``runs`` (offset, length) only there."""
    found, at = [], 0
    for offset, length in runs or ((0, size),):
        while length > 0:
            at = (at * 31 + 17) % (1 << 19)
            step = min(length, 1 << 19)
            found.append((offset, step, at))
            offset += step
            length -= step
    return RunsContent(NOISE, size, found)


_BLOCKS = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 7, 11, 12, 12, 13, 14, 30])
_REST = st.sampled_from([-1, 0, 1, 100, 511, 512, 513, 1023, 1024, 1025, 3000, 4096, 7168, 7169])


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Dense or with holes, of sizes around those where the layout changes."""
    size = max(0, draw(_BLOCKS) * 8192 + draw(_REST))
    if not draw(st.booleans()) or size < 2:
        return noise(size)
    if draw(st.integers(0, 9)) == 0:
        size += draw(st.sampled_from([1 << 20, 16 << 20, 17 << 20]))
    runs, at = [], 0
    for _ in range(draw(st.integers(0, 4))):
        at += draw(st.integers(0, max(1, size // 3)))
        length = min(draw(st.integers(1, 20_000)), size - at)
        if length <= 0:
            break
        runs.append((at, length))
        at += length
    return noise(size, *runs) if runs else RunsContent(NOISE, size, ())


#: Devices that Linux, whose numbers are smaller, shows as Solaris does.
DEVICES = [(0, 0), (13, 2), (127, 255), (32, 7), (300, 7000), (1, 70000), (4095, 262143)]
_MODES = st.integers(0, 0o7777)
_IDS = st.sampled_from([0, 1, 3, 60001, 60002, 65534, 65535, 65536, 100_000, (1 << 31) - 1])
_TIMES = st.integers(1, (1 << 31) - 1).map(lambda s: s * SECOND + 123_456_000)
_NAMES = st.one_of(
    st.binary(min_size=1, max_size=20).filter(
        lambda n: b"/" not in n and b"\0" not in n and n not in (b".", b"..", b"lost+found")
    ),
    st.integers(1, 255).map(lambda n: b"n" * n),
)


@st.composite
def ufs_nodes(draw: st.DrawFn) -> Node:
    """Anything but a directory."""
    kind = draw(st.sampled_from([*"ffffff", "l", "p", "s", "d"]))
    mode, uid, gid, time = draw(_MODES), draw(_IDS), draw(_IDS), draw(_TIMES)
    if kind == "f":
        return regular(draw(contents()), mode, uid, gid, time)
    if kind == "l":
        return symlink(b"t" * draw(st.sampled_from([1, 58, 59, 60, 61, 512, 1023])), uid, gid, time)
    if kind == "d":
        device = Device(*draw(st.sampled_from(DEVICES)))
        special = draw(st.sampled_from([NodeType.CHAR, NodeType.BLOCK]))
        return Node(special, mode, uid, gid, time, time, time, device=device)
    special = NodeType.FIFO if kind == "p" else NodeType.SOCKET
    return Node(special, mode, uid, gid, time, time, time)


@st.composite
def ufs_trees(draw: st.DrawFn, most: int = 15) -> FileTree:
    """A small tree; some directories have many names."""
    builder = TreeBuilder(directory(0o755, 0, 0, draw(_TIMES)))
    directories, files = [0], []
    for _ in range(draw(st.integers(0, most))):
        parent, name = draw(st.sampled_from(directories)), draw(_NAMES)
        if name in builder.children(parent):
            continue
        what = draw(st.integers(0, 9))
        if what < 2 and files:
            builder.link(parent, name, draw(st.sampled_from(files)))
        elif what < 4:
            made = directory(draw(_MODES), draw(_IDS), draw(_IDS), draw(_TIMES))
            number = builder.add(parent, name, made)
            directories.append(number)
            for n in range(draw(st.sampled_from([0, 0, 1, 20, 100]))):
                few = regular(BytesContent(b"%d" % n * (n % 50)), mtime=n * SECOND + SECOND)
                builder.add(number, b"file-%d" % n, few)
        else:
            files.append(builder.add(parent, name, draw(ufs_nodes())))
    return builder.build()
