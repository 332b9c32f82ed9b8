# SPDX-License-Identifier: Apache-2.0
"""A file system as it was, and as it is after a while: pairs of trees for increments.

Inodes have numbers as a UFS gives them: one that is free is used again at once.
"""

from __future__ import annotations

from dataclasses import replace

from formats.ufsdump_tools import nodes, trees
from hypothesis import strategies as st

from mkboot.tree.filetree import FileTree
from mkboot.tree.node import SECOND, Node, NodeType

#: Level 0 is taken at DATES[0], the first changes come then, and so on.
DATES = (1_500_000_000, 1_500_001_000, 1_500_002_000)
BEFORE = 1_400_000_000 * SECOND


def numbered(tree: FileTree, times: int = BEFORE) -> FileTree:
    """Inodes numbered in the order of a walk; whatever is late is put before DATES."""
    b = tree.edit()
    seen: dict[int, int] = {}
    for _, number, node in tree.walk():
        if number not in seen:
            seen[number] = len(seen) + 2
            mtime = min(node.mtime, times)
            b.replace(number, replace(node, ino=seen[number], mtime=mtime, ctime=times))
    return b.build()


class Changer:
    """Changes a tree as a running system would, at one moment."""

    def __init__(self, tree: FileTree, seconds: int) -> None:
        self.b = tree.edit()
        self.now = seconds * SECOND

    def touch(self, number: int, *, content: bool = True, **fields: object) -> None:
        node = self.b.node(number)
        times = {"mtime": self.now, "ctime": self.now} if content else {"ctime": self.now}
        self.b.replace(number, replace(node, **times, **fields))

    def live(self) -> dict[int, int]:
        """Reachable numbers, each with its directory (one of them)."""
        found, stack = {0: 0}, [0]
        while stack:
            at = stack.pop()
            for child in self.b.children(at).values():
                if child not in found:
                    found[child] = at
                    stack.append(child)
        return found

    def free_ino(self) -> int:
        used = {self.b.node(n).ino for n in self.live()}
        return next(i for i in range(3, 10**6) if i not in used)

    def add(self, parent: int, name: bytes, node: Node) -> None:
        if name in self.b.children(parent):
            return
        made = replace(node, ino=self.free_ino(), mtime=self.now, ctime=self.now)
        self.b.add(parent, name, made)
        self.touch(parent)

    def remove(self, parent: int, name: bytes) -> None:
        child = self.b.children(parent)[name]
        self.b.unlink(parent, name)
        self.touch(child, content=False)
        self.touch(parent)

    def link(self, parent: int, name: bytes, number: int) -> None:
        if name not in self.b.children(parent) and not self.b.node(number).is_directory:
            self.b.link(parent, name, number)
            self.touch(number, content=False)
            self.touch(parent)

    def move(self, parent: int, name: bytes, to: int, new: bytes) -> None:
        child = self.b.children(parent)[name]
        above, at = self.live(), to
        while at:
            if at == child:
                return
            at = above[at]
        if child == to or new in self.b.children(to):
            return
        self.b.link(to, new, child)
        self.b.unlink(parent, name)
        for number in {parent, to}:
            self.touch(number)
        self.touch(child, content=self.b.node(child).is_directory)

    def build(self) -> FileTree:
        return self.b.build()


@st.composite
def changed(draw: st.DrawFn, tree: FileTree, seconds: int, restorable: bool) -> FileTree:
    """The tree after a few random changes."""
    c = Changer(tree, seconds)
    for n in range(draw(st.integers(0, 8))):
        new = b"new %d at %d" % (n, seconds)
        draw(st.sampled_from([_put, _edit, _take]))(draw, c, new, nodes(restorable=restorable))
    return c.build()


def _directories(c: Changer) -> list[int]:
    return [d for d in sorted(c.live()) if c.b.node(d).is_directory]


def _files(c: Changer) -> list[int]:
    return [f for f in sorted(c.live()) if not c.b.node(f).is_directory]


def _put(draw: st.DrawFn, c: Changer, new: bytes, anything: st.SearchStrategy[Node]) -> None:
    """Something new, or a link to what is there."""
    parent, files = draw(st.sampled_from(_directories(c))), _files(c)
    if files and draw(st.booleans()):
        c.link(parent, new, draw(st.sampled_from(files)))
    else:
        c.add(parent, new, draw(anything))


def _edit(draw: st.DrawFn, c: Changer, _new: bytes, anything: st.SearchStrategy[Node]) -> None:
    """Other content, or another mode and owner."""
    if not (files := _files(c)):
        return
    number, other = draw(st.sampled_from(files)), draw(anything)
    if c.b.node(number).type is NodeType.FILE is other.type:
        c.touch(number, content=True, mode=other.mode)
        c.b.replace(number, replace(c.b.node(number), content=other.content))
    elif c.b.node(number).type is not NodeType.SYMLINK:
        c.touch(number, content=False, mode=other.mode, uid=other.uid)


def _take(draw: st.DrawFn, c: Changer, new: bytes, anything: st.SearchStrategy[Node]) -> None:
    """Remove, move, or put another kind of thing in the place, often with the same inode."""
    parent = draw(st.sampled_from(_directories(c)))
    if not (names := sorted(c.b.children(parent))):
        return
    name, what = draw(st.sampled_from(names)), draw(st.integers(0, 2))
    if what == 0:
        c.move(parent, name, draw(st.sampled_from(_directories(c))), new)
        return
    was_directory = c.b.node(c.b.children(parent)[name]).is_directory
    c.remove(parent, name)
    if what == 1:
        node = draw(anything.filter(lambda n: n.is_directory != was_directory))
        c.add(parent, name, node)


@st.composite
def histories(draw: st.DrawFn, *, restorable: bool) -> list[FileTree]:
    """A tree and what became of it, twice."""
    first = numbered(draw(trees(restorable=restorable)))
    second = draw(changed(first, DATES[0] + 10, restorable))
    return [first, second, draw(changed(second, DATES[1] + 10, restorable))]
