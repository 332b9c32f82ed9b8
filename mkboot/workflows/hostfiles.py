# SPDX-License-Identifier: Apache-2.0
"""The files of a captured host, with no more of its file systems than a path needs.

So one disc of a set is enough to look at what lies on it, and an error names the disc
that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

from mkboot.model.system import FileSystem
from mkboot.recovery.sets import OpenSet
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import split_path

Names = tuple[bytes, ...]


def host_files(opened: OpenSet, wanted: Sequence[bytes]) -> FileTree:
    """The host's tree, whole at least along and below the paths ``wanted``.

    A path that is not found in what it seems to need, or goes through a link, is looked
    for in the whole host.  Raises ``InputError`` where a volume is missing.
    """
    mounted = [fs for fs in opened.manifest.system.file_systems if fs.mount]
    paths = [split_path(path) for path in wanted]
    needed = [fs for fs in mounted if any(_touches(fs, path) for path in paths)]
    if len(needed) < len(mounted) and any(not split_path(fs.mount) for fs in needed):
        tree = opened.host_tree(needed)
        if all(_is_plain(tree, path) for path in wanted):
            return tree
    return opened.host_tree()


def _touches(fs: FileSystem, path: Names) -> bool:
    """Whether a file system lies along the path or below it."""
    mount = split_path(fs.mount)
    return path[: len(mount)] == mount or mount[: len(path)] == path


def _is_plain(tree: FileTree, path: bytes) -> bool:
    number = tree.find(path)
    return number is not None and number == tree.resolve(path)
