# SPDX-License-Identifier: Apache-2.0
"""Fresh random trees at every run, many to an image, from a seed that is printed.

``MKBOOT_SEED=N`` makes the trees of an earlier run again.
"""

from __future__ import annotations

import os
from dataclasses import replace

import hypothesis
from conftest import SEED
from hypothesis import HealthCheck, Phase, given, settings
from judge import TYPES
from ufs_making import ufs_trees

from fixtures.stage import Sparse, Stage
from fixtures.ufs_patch import BLOCK, stand_in
from mkboot.tree.content import Content
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Node, NodeType, directory

#: Trees to an image: a boot of the kernel's judge takes 20 images.
TOGETHER = 10
_DIRECT = 12
TIME = 1_080_000_000


def draw_trees(count: int, salt: int) -> list[FileTree]:
    """``count`` trees; another ``salt`` gives others."""
    seed = int(os.environ[SEED]) * 1000 + salt
    print(f"{SEED}={os.environ[SEED]} makes these {count} trees again")
    found: list[FileTree] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(ufs_trees())
    def keep(tree: FileTree) -> None:
        found.append(tree)

    keep()
    assert len(found) == count
    return found


def packed(trees: list[FileTree]) -> list[FileTree]:
    """The trees as top directories of few."""
    made = []
    for first in range(0, len(trees), TOGETHER):
        builder = TreeBuilder(trees[first].root)
        for number, tree in enumerate(trees[first : first + TOGETHER], first):
            builder.graft(ROOT, b"%d" % number, tree)
        made.append(builder.build())
    return made


def for_makefs(tree: FileTree) -> FileTree:
    """The tree as makefs can make it: no sockets (fifos here), devices of one name, lost+found.

    A device is in makefs' specification only, where no two names are one file.
    """
    builder = tree.edit()
    seen: set[int] = set()
    for path, number, node in tree.walk():
        if node.device and number in seen:
            parent = tree.find(path.rpartition(b"/")[0])
            assert parent is not None
            builder.unlink(parent, path.rpartition(b"/")[2])
        elif node.type is NodeType.SOCKET:
            builder.replace(number, replace(node, type=NodeType.FIFO))
        seen.add(number)
    builder.add(ROOT, b"lost+found", directory(0o700, 0, 0, TIME * SECOND))
    return builder.build()


def put_on(stage: Stage, tree: FileTree) -> int:
    """Stage a tree for makefs; the bytes that its contents take, roughly."""
    first: dict[int, bytes] = {}
    room = 0
    for path, number, node in tree.walk():
        name = path[1:]
        if number in first and number != ROOT:
            stage.link(first[number], name)
            continue
        first[number] = name
        _put(stage, name, node, tree.nlink(number))
        sparse = stage.sparse.get(name)
        data = sum(map(len, sparse.runs.values())) if sparse else node.size
        room += data + (3 + len(sparse.runs if sparse else ())) * BLOCK
    return room


def _put(stage: Stage, name: bytes, node: Node, links: int) -> None:
    mode, uid, gid, when = node.mode, node.uid, node.gid, node.mtime // SECOND
    if not name:
        stage.items[b""].mode, stage.items[b""].uid, stage.items[b""].gid = mode, uid, gid
        stage.items[b""].mtime = when
    elif node.is_directory:
        stage.directory(name, mode, uid, gid, when)
    elif node.type is NodeType.SYMLINK:
        stage.symlink(name, node.target, uid, gid, when)
    elif node.type is NodeType.FILE:
        # A file with holes is made afterwards, so no other name can be given to it here.
        holes = with_holes(node.content) if links == 1 else None
        if holes:
            stage.holey(name, holes, mode, when)
        else:
            stage.file(name, node.content.read(0, node.size), mode, uid, gid, when)
    elif node.device:
        stage.device(name, TYPES[node.type], *node.device, mode)
    else:
        stage.fifo(name, mode, uid, gid)
    if name:
        item = stage.items[name]
        item.uid, item.gid, item.mtime = uid, gid, when


def with_holes(content: Content) -> Sparse | None:
    """Content as a file with holes, where ``fixtures.ufs_patch`` can make it one.

    Its blocks are whole ones, so a file that would end in fragments is not.
    """
    numbers: set[int] = set()
    for offset, length in content.extents():
        numbers |= set(range(offset // BLOCK, (offset + length - 1) // BLOCK + 1))
    last, rest = divmod(content.size, BLOCK)
    if len(numbers) == -(-content.size // BLOCK) or (rest and last in numbers and last < _DIRECT):
        return None
    runs = {n * BLOCK: content.read(n * BLOCK, BLOCK) for n in sorted(numbers)}
    sparse = Sparse(content.size, runs)
    try:
        stand_in(sparse)
    except ValueError:
        return None
    return sparse
