# SPDX-License-Identifier: Apache-2.0
"""What a recovery disc takes over from slice 0 of its base: the install environment only."""

from __future__ import annotations

from collections.abc import Sequence

from mkboot.errors import InputError
from mkboot.media.base import BaseMedium
from mkboot.media.paths import expand
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show, split_path
from mkboot.tree.node import NodeType, regular

#: What a wrapped program's name ends in.
SUN = b".sun"


def environment_tree(base: BaseMedium) -> FileTree:
    """The part of slice 0 that the layout says the environment needs, owners and links kept.

    Raises ``InputError`` when the medium has none of it.
    """
    kept: set[tuple[bytes, ...]] = set()
    for pattern in base.layout.environment:
        kept |= {split_path(path) for path in expand(base.iso.tree, pattern)}
    if not kept:
        raise InputError("slice 0 has nothing of the install environment")
    return prune(base.iso.tree, sorted(kept))


def wrap(tree: FileTree, path: bytes, wrapper: bytes, time: int) -> FileTree:
    """``tree`` with the program at ``path`` renamed to end in ``.sun``, and ``wrapper`` in its
    place, with its owner and mode.  ``time`` is in nanoseconds.

    Raises ``InputError`` when there is no such program, or one of the new name already.
    """
    parent_path, _, name = path.rpartition(b"/")
    parent, real = tree.resolve(parent_path), tree.resolve(path)
    number = None if parent is None else tree.children(parent).get(name)
    if parent is None or number is None or real is None:
        raise InputError(f"{show(path)} is not there to be wrapped")
    node = tree.nodes[real]
    if node.type is not NodeType.FILE or name + SUN in tree.children(parent):
        raise InputError(f"{show(path)} is no plain program, or has been wrapped before")
    builder = tree.edit()
    builder.link(parent, name + SUN, number)
    builder.unlink(parent, name)
    new = regular(BytesContent(wrapper), node.mode, node.uid, node.gid, time)
    builder.add(parent, name, new)
    return builder.build()


def prune(tree: FileTree, kept: Sequence[tuple[bytes, ...]]) -> FileTree:
    """``tree`` with only the paths ``kept`` (as names), all below them, and their parents."""
    whole = set(kept)
    ways = {path[:n] for path in kept for n in range(len(path))}
    builder = tree.edit()
    stack: list[tuple[tuple[bytes, ...], int]] = [((), ROOT)]
    while stack:
        path, number = stack.pop()
        for name, child in list(builder.children(number).items()):
            here = (*path, name)
            if here in whole:
                continue
            if here in ways:
                stack.append((here, child))
            else:
                builder.unlink(number, name)
    return builder.build()
