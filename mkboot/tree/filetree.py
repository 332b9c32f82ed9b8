# SPDX-License-Identifier: Apache-2.0
"""The tree: the one model that every container of files is read into and written from.

Nodes have numbers (indices, the root is 0); a directory maps names to numbers; two names
for one number are hard links.  A ``FileTree`` is never changed: a ``TreeBuilder`` makes
it, or makes a changed copy, and ``build`` checks it whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.tree.names import check_name, show, split_path
from mkboot.tree.node import Node, NodeType

ROOT = 0
_NO_ENTRIES: Mapping[bytes, int] = MappingProxyType({})


class Entry(NamedTuple):
    """A name in the tree: its path (``/`` for the root), node number and node."""

    path: bytes
    number: int
    node: Node


@dataclass(frozen=True, slots=True)
class FileTree:
    """A whole tree.  Made by ``TreeBuilder.build``.

    ``resolution`` is the fineness of times in nanoseconds that the container it was read
    from can hold (UFS 1000, Rock Ridge 10^9).
    """

    nodes: Sequence[Node]
    names: Mapping[int, Mapping[bytes, int]]
    parents: Sequence[int]
    nlinks: Sequence[int]
    resolution: int

    @property
    def root(self) -> Node:
        """The root directory."""
        return self.nodes[ROOT]

    def children(self, number: int) -> Mapping[bytes, int]:
        """Names and node numbers in a directory, in the order they were added."""
        return self.names.get(number, _NO_ENTRIES)

    def nlink(self, number: int) -> int:
        """How many names a node has; for a directory ``.`` and its subdirectories' ``..`` too."""
        return self.nlinks[number]

    def walk(self, top: int = ROOT, prefix: bytes = b"") -> Iterator[Entry]:
        """Every name from ``top`` down, parents first, siblings by their bytes.

        A node with several names comes once for each.  ``prefix`` is the path of ``top``.
        """
        stack = [(prefix, top)]
        while stack:
            path, number = stack.pop()
            node = self.nodes[number]
            yield Entry(path or b"/", number, node)
            inside = self.names.get(number)
            if inside:
                stack.extend((path + b"/" + n, inside[n]) for n in sorted(inside, reverse=True))

    def find(self, path: bytes) -> int | None:
        """The number of the node at ``path`` (links are not followed), or None."""
        number = ROOT
        for name in split_path(path):
            found = self.children(number).get(name)
            if found is None:
                return None
            number = found
        return number

    def resolve(self, path: bytes) -> int | None:
        """Like ``find``, but symbolic links are followed inside the tree (40 at most)."""
        todo = [n for n in reversed(path.split(b"/")) if n not in (b"", b".")]
        trail = [ROOT]
        links = 0
        while todo:
            name = todo.pop()
            if name == b"..":
                trail = trail[:-1] or [ROOT]
                continue
            found = self.children(trail[-1]).get(name)
            if found is None:
                return None
            target = self.nodes[found].target
            if not target:
                trail.append(found)
                continue
            links += 1
            if links > 40:
                return None
            if target.startswith(b"/"):
                trail = [ROOT]
            todo.extend(n for n in reversed(target.split(b"/")) if n not in (b"", b"."))
        return trail[-1]

    def node_at(self, path: bytes) -> Node | None:
        """The node at ``path`` (links are not followed), or None."""
        number = self.find(path)
        return None if number is None else self.nodes[number]

    def edit(self) -> TreeBuilder:
        """A builder that starts as a copy of this tree; node numbers stay the same."""
        return TreeBuilder.copy_of(self)


class TreeBuilder:
    """Makes a ``FileTree`` step by step."""

    def __init__(self, root: Node, *, resolution: int = 1) -> None:
        if not root.is_directory:
            raise InputError("the root is not a directory")
        self.resolution = resolution
        self._nodes: list[Node] = [root]
        self._names: dict[int, dict[bytes, int]] = {ROOT: {}}
        self._lent = False

    @classmethod
    def copy_of(cls, tree: FileTree) -> TreeBuilder:
        """A builder that holds what ``tree`` holds."""
        made = cls(tree.root, resolution=tree.resolution)
        made._nodes = list(tree.nodes)
        made._names = {number: dict(names) for number, names in tree.names.items()}
        return made

    def add(self, parent: int, name: bytes, node: Node) -> int:
        """Put a new node into the directory ``parent``; its number is returned.

        Raises ``InputError`` for a name that may not be, or is there already.
        """
        self._own()
        number = len(self._nodes)
        self._nodes.append(node)
        try:
            self.link(parent, name, number)
        except InputError:
            self._nodes.pop()
            raise
        if node.is_directory:
            self._names[number] = {}
        return number

    def link(self, parent: int, name: bytes, number: int) -> None:
        """Give the node ``number`` one more name."""
        check_name(name)
        self._own()
        inside = self._names.get(parent)
        if inside is None:
            raise InputError(f"'{show(name)}' lies in what is no directory")
        if name in inside:
            raise InputError(f"two entries are called '{show(name)}'")
        inside[name] = number

    def unlink(self, parent: int, name: bytes) -> None:
        """Take a name away, and with it all that only it leads to."""
        self._own()
        del self._names[parent][name]

    def replace(self, number: int, node: Node) -> None:
        """Put another node of the same kind (directory or not) in place of ``number``."""
        if node.is_directory != self._nodes[number].is_directory:
            raise InputError("a directory and a file cannot take each other's place")
        self._own()
        self._nodes[number] = node

    def node(self, number: int) -> Node:
        """The node as it is now."""
        return self._nodes[number]

    def children(self, number: int) -> Mapping[bytes, int]:
        """Names in a directory as they are now."""
        return self._names.get(number, _NO_ENTRIES)

    def find(self, path: bytes) -> int | None:
        """The number of the node at ``path``, links not followed, or None."""
        number = ROOT
        for name in split_path(path):
            found = self.children(number).get(name)
            if found is None:
                return None
            number = found
        return number

    def make_directories(self, path: bytes, node: Node) -> int:
        """The directory at ``path``; it and parents that are missing are made like ``node``."""
        number = ROOT
        for name in split_path(path):
            found = self.children(number).get(name)
            number = self.add(number, name, node) if found is None else found
            if not self._nodes[number].is_directory:
                raise InputError(f"'{show(path)}' passes through what is no directory")
        return number

    def graft(self, parent: int, name: bytes, tree: FileTree, top: int = ROOT) -> int:
        """Put a copy of another tree (from ``top`` down) under ``name``; hard links are kept."""
        first = self.add(parent, name, tree.nodes[top])
        self.fill(first, tree, top)
        return first

    def fill(self, into: int, tree: FileTree, top: int = ROOT) -> None:
        """Copy what lies below ``top`` of another tree into the directory ``into``."""
        known = {top: into}
        stack = [top]
        while stack:
            at = stack.pop()
            for child, number in tree.children(at).items():
                if number in known:
                    self.link(known[at], child, known[number])
                    continue
                known[number] = self.add(known[at], child, tree.nodes[number])
                if tree.nodes[number].is_directory:
                    stack.append(number)

    def build(self) -> FileTree:
        """The tree, after a check that every directory has one name and no loop exists.

        Nodes that no name leads to any more are left out, so the tree's numbers may be
        others than the builder's, which stay.
        """
        parents = self._parents()
        if -1 in parents:
            return self._without_lost(parents).build()
        links = [0] * len(self._nodes)
        for number, inside in self._names.items():
            links[number] += 2
            for child in inside.values():
                links[number if self._nodes[child].is_directory else child] += 1
        self._lent = True
        return FileTree(self._nodes, self._names, parents, links, self.resolution)

    def _parents(self) -> list[int]:
        """The directory in which each node was met first (the root's: root), -1 for those that
        no name leads to.
        """
        parents = [-1] * len(self._nodes)
        parents[ROOT] = ROOT
        stack = [ROOT]
        while stack:
            at = stack.pop()
            for name, child in self._names[at].items():
                is_directory = self._nodes[child].is_directory
                if parents[child] >= 0:
                    if is_directory:
                        raise InputError(f"directory '{show(name)}' has two parents")
                    continue
                parents[child] = at
                if is_directory:
                    stack.append(child)
        return parents

    def _without_lost(self, parents: Sequence[int]) -> TreeBuilder:
        """A builder without the nodes whose parent is -1, the others numbered in their order."""
        order = [n for n, parent in enumerate(parents) if parent >= 0]
        renumber = {old: new for new, old in enumerate(order)}
        made = TreeBuilder(self._nodes[ROOT], resolution=self.resolution)
        made._names = {
            renumber[old]: {name: renumber[child] for name, child in self._names[old].items()}
            for old in order
            if old in self._names
        }
        made._nodes = [self._nodes[old] for old in order]
        return made

    def _own(self) -> None:
        """Before a change: what a tree was built of is that tree's now, so take a copy."""
        if self._lent:
            self._nodes = list(self._nodes)
            self._names = {number: dict(names) for number, names in self._names.items()}
            self._lent = False


#: The longest text file that is read for its words, in bytes.
TEXT_MAX = 1 << 16


def read_text(tree: FileTree, path: bytes, most: int = TEXT_MAX) -> bytes | None:
    """At most ``most`` bytes of the regular file at ``path``, links followed; None if none."""
    number = tree.resolve(path)
    if number is None or tree.nodes[number].type is not NodeType.FILE:
        return None
    return tree.nodes[number].content.read(0, most)
