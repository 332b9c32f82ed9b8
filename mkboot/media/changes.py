# SPDX-License-Identifier: Apache-2.0
"""What is different between a base medium's files and those of a disc made from it.

Found by comparing the two trees, not by remembering what was meant to be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show
from mkboot.tree.node import Node, NodeType

#: A directory that is new is told name by name up to so many names.
_NAMES_MAX = 200
_FIELDS = ("type", "mode", "uid", "gid", "mtime", "size", "target", "device")


class Kind(StrEnum):
    """What happened to a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """A path that is not what it was: ``files`` and ``size`` (bytes) count what is at it and
    below; ``detail`` says more.
    """

    slice: int
    kind: Kind
    path: bytes
    files: int
    size: int
    detail: str

    def line(self) -> str:
        """The same for people."""
        return f"slice {self.slice}: {self.kind:7} {show(self.path)}  ({self.detail})"


def changes_between(number: int, old: FileTree, new: FileTree) -> tuple[Change, ...]:
    """All paths that are new, gone or other in slice ``number``, by path; what is gone as a
    whole, and what is new and large, is told once, by its top.
    """
    found: list[Change] = []
    stack = [(b"", ROOT, ROOT)]
    while stack:
        path, was, now = stack.pop()
        before, after = old.children(was), new.children(now)
        for name in sorted(before.keys() | after.keys()):
            at, left, right = path + b"/" + name, before.get(name), after.get(name)
            if left is None and right is not None:
                origin = _origin(old, before, new.nodes[right])
                found += _added(number, at, new, right, origin)
            elif right is None and left is not None:
                found.append(_whole(number, Kind.REMOVED, at, old, left))
            elif left is not None and right is not None:
                found += _changed(number, at, old.nodes[left], new.nodes[right])
                if old.nodes[left].is_directory and new.nodes[right].is_directory:
                    stack.append((at, left, right))
    return tuple(sorted(found, key=lambda c: (c.path, c.kind)))


def _origin(old: FileTree, siblings: dict[bytes, int] | object, node: Node) -> bytes:
    """The name that the very same file had in this directory, if it was there."""
    if node.is_directory or not isinstance(siblings, dict):
        return b""
    return next((n for n, number in siblings.items() if old.nodes[number] is node), b"")


def _added(number: int, path: bytes, new: FileTree, top: int, origin: bytes) -> Iterator[Change]:
    node = new.nodes[top]
    if not node.is_directory:
        detail = f"as it was {show(origin)}" if origin else _shown(node)
        yield Change(number, Kind.ADDED, path, 1, node.size, detail)
        return
    whole = _whole(number, Kind.ADDED, path, new, top)
    if whole.files > _NAMES_MAX:
        yield whole
        return
    yield Change(number, Kind.ADDED, path, 0, 0, _shown(node))
    for name, child in sorted(new.children(top).items()):
        yield from _added(number, path + b"/" + name, new, child, b"")


def _whole(number: int, kind: Kind, path: bytes, tree: FileTree, top: int) -> Change:
    node = tree.nodes[top]
    if not node.is_directory:
        return Change(number, kind, path, 1, node.size, _shown(node))
    files = [n for _, _, n in tree.walk(top) if not n.is_directory]
    size = sum(n.content.size for n in files)
    return Change(
        number, kind, path, len(files), size, f"directory, {len(files)} files, {size} bytes"
    )


def _changed(number: int, path: bytes, was: Node, now: Node) -> Iterator[Change]:
    if was is now:
        return
    differ = [f for f in _FIELDS if getattr(was, f) != getattr(now, f)]
    if was.type is now.type is NodeType.FILE and was.content is not now.content:
        differ.append("content")
    if was.is_directory and now.is_directory:
        differ = [f for f in differ if f != "size"]
    if differ:
        files = 0 if now.is_directory else 1
        yield Change(
            number, Kind.CHANGED, path, files, now.size, f"{', '.join(differ)}: {_shown(now)}"
        )


def _shown(node: Node) -> str:
    words = {NodeType.FILE: "file", NodeType.DIRECTORY: "directory", NodeType.SYMLINK: "link"}
    kind = words.get(node.type, "device" if node.device else str(node.type))
    end = f" to {show(node.target)}" if node.target else ""
    size = f", {node.size} bytes" if node.type is NodeType.FILE else ""
    return f"{kind} {node.mode:04o} {node.uid}:{node.gid}{size}{end}"
