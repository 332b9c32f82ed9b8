# SPDX-License-Identifier: Apache-2.0
"""What a recovery disc takes over from slice 0 of its base: the install environment only."""

from __future__ import annotations

from collections.abc import Sequence

from mkboot.errors import InputError
from mkboot.media.base import BaseMedium
from mkboot.media.paths import expand
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import split_path


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
