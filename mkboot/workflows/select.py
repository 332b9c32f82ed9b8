# SPDX-License-Identifier: Apache-2.0
"""Parts of a tree as trees: what lies below a directory, what paths name."""

from __future__ import annotations

from collections.abc import Iterable

from mkboot.errors import CallerError
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show, split_path

#: Names to keep in a directory, each with what to keep below it; nothing there means all.
_Wanted = dict[bytes, "_Wanted"]


def look_up(tree: FileTree, path: bytes) -> int:
    """The node at ``path``; links on the way are followed, one at the end is not.

    Raises ``CallerError`` where there is none.
    """
    parent, _, name = path.rstrip(b"/").rpartition(b"/")
    if name in (b"", b".", b".."):
        number = tree.resolve(path)
    else:
        above = tree.resolve(parent)
        number = None if above is None else tree.children(above).get(name)
    if number is None:
        raise CallerError(f"there is no {show(path)}")
    return number


def subtree(tree: FileTree, top: int) -> FileTree:
    """What lies below the directory ``top``; hard links inside it are kept."""
    if top == ROOT:
        return tree
    builder = TreeBuilder(tree.nodes[top], resolution=tree.resolution)
    builder.fill(ROOT, tree, top)
    return builder.build()


def only(tree: FileTree, paths: Iterable[bytes]) -> FileTree:
    """The tree with these paths, what is below them and the directories above, no more.

    No path at all means everything.  Raises ``CallerError`` for a path that is not there.
    """
    wanted: _Wanted = {}
    chosen = [split_path(path) for path in paths]
    for names in sorted(chosen, key=len):
        if tree.find(b"/".join(names)) is None:
            raise CallerError(f"there is no /{show(b'/'.join(names))}")
        _want(wanted, names)
    if not chosen or () in chosen:
        return tree
    builder = tree.edit()
    stack = [(ROOT, wanted)]
    while stack:
        number, keep = stack.pop()
        for name, child in list(builder.children(number).items()):
            if name not in keep:
                builder.unlink(number, name)
            elif keep[name]:
                stack.append((child, keep[name]))
    return builder.build()


def _want(wanted: _Wanted, names: tuple[bytes, ...]) -> None:
    """Note a path, unless one above it is noted already (shorter ones come first)."""
    for name in names:
        if name in wanted and not wanted[name]:
            return
        wanted = wanted.setdefault(name, {})
