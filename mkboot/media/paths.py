# SPDX-License-Identifier: Apache-2.0
"""Paths of a layout in a tree: ``*`` stands for any piece of one name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mkboot.model.layout import Layout, UsrIn
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import split_path


def expand(tree: FileTree, pattern: str) -> tuple[bytes, ...]:
    """Every path of ``tree`` that ``pattern`` means, sorted; symbolic links are not followed."""
    found: list[tuple[bytes, int]] = [(b"", ROOT)]
    for piece in split_path(pattern.encode()):
        fits = re.compile(b".*".join(map(re.escape, piece.split(b"*"))), re.DOTALL)
        found = [
            (path + b"/" + name, child)
            for path, number in found
            for name, child in sorted(tree.children(number).items())
            if fits.fullmatch(name)
        ]
    return tuple(path for path, _ in found)


def first(tree: FileTree, pattern: str) -> bytes | None:
    """The first path that ``pattern`` means, or None."""
    found = expand(tree, pattern)
    return found[0] if found else None


def booted_tree(layout: Layout, slice_0: FileTree, miniroot: FileTree) -> FileTree:
    """What the booted environment of a medium sees: the miniroot, with the /usr of slice 0 over
    its own where the layout says so.
    """
    usr = first(slice_0, layout.places.usr) if layout.places.usr_in is UsrIn.SLICE_0 else None
    top = slice_0.find(usr) if usr is not None else None
    if top is None:
        return miniroot
    builder = miniroot.edit()
    if b"usr" in builder.children(ROOT):
        builder.unlink(ROOT, b"usr")
    builder.graft(ROOT, b"usr", slice_0, top)
    return builder.build()


def booted(layout: Layout, slice_0: FileTree, miniroot: FileTree, path: str) -> bool:
    """Whether ``path`` is there in the booted environment of a medium.

    What lies under /usr is looked for where the layout says that /usr is.
    """
    if layout.places.usr_in is UsrIn.SLICE_0 and PurePosixPath(path).is_relative_to("/usr"):
        usr = first(slice_0, layout.places.usr)
        inside = path.removeprefix("/usr").encode()
        return usr is not None and slice_0.resolve(usr + inside) is not None
    return miniroot.resolve(path.encode()) is not None
