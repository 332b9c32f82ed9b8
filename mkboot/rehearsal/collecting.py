# SPDX-License-Identifier: Apache-2.0
"""Reading a laid-out directory back as a tree: what is untouched by reference, the rest real."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mkboot.errors import InputError, stopped_by
from mkboot.formats.directory.beneath import directory_beneath, names_in
from mkboot.rehearsal.realcontent import Names, OpenRoot, RealContent, data_runs
from mkboot.rehearsal.shadowtable import Entry, Identity, Kind, Table, identity, kind_of
from mkboot.tree.content import EMPTY, BytesContent, Content
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import Node, NodeType

#: Content of scripts up to this size is taken into memory, in bytes.
_KEPT = 1 << 12


def collect(table: Table, directory: Path, skip: frozenset[bytes]) -> FileTree:
    """See ``Shadow.collect``."""
    try:
        return _Collecting(table, OpenRoot(directory)).run(skip)
    except OSError as e:
        raise stopped_by(e, "cannot read a file system back") from e


class _Collecting:
    def __init__(self, table: Table, root: OpenRoot) -> None:
        self._table = table
        self._root = root
        self._known: dict[Identity, int] = {}

    def run(self, skip: frozenset[bytes]) -> FileTree:
        builder = TreeBuilder(self._node((), os.fstat(self._root.fd), self._root.fd, b"."))
        stack: list[tuple[Names, int]] = [((), ROOT)]
        while stack:
            names, number = stack.pop()
            with directory_beneath(self._root.fd, names) as fd:
                for name in names_in(fd):
                    if names or name not in skip:
                        stack += self._add(builder, names, number, fd, name)
        return builder.build()

    def _add(
        self, builder: TreeBuilder, names: Names, parent: int, fd: int, name: bytes
    ) -> list[tuple[Names, int]]:
        st = os.stat(name, dir_fd=fd, follow_symlinks=False)
        known = self._known.get(identity(st))
        if known is not None:
            builder.link(parent, name, known)
            return []
        path = (*names, name)
        number = builder.add(parent, name, self._node(path, st, fd, name))
        if builder.node(number).is_directory:
            return [(path, number)]
        if st.st_nlink > 1:
            self._known[identity(st)] = number
        return []

    def _node(self, names: Names, st: os.stat_result, fd: int, name: bytes) -> Node:
        entry = self._table.entry_of(st)
        if entry is None:
            return self._new(names, st, fd, name)
        return changed_node(entry, st, lambda: self._changed_content(entry, names, st, fd, name))

    def _new(self, names: Names, st: os.stat_result, fd: int, name: bytes) -> Node:
        node = new_node(self._table, st)
        if node.type is NodeType.SYMLINK:
            return replace(node, target=os.readlink(name, dir_fd=fd))
        if node.type is NodeType.FILE:
            return replace(node, content=self._real(names, st, fd, name))
        return node

    def _real(self, names: Names, st: os.stat_result, fd: int, name: bytes) -> Content:
        if st.st_size > _KEPT:
            return RealContent(self._root, names, st.st_size)
        file = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=fd)
        try:
            return BytesContent(os.pread(file, st.st_size, 0)) if st.st_size else EMPTY
        finally:
            os.close(file)

    def _changed_content(
        self, entry: Entry, names: Names, st: os.stat_result, fd: int, name: bytes
    ) -> Content:
        if entry.kind is not Kind.HOLE:
            return self._real(names, st, fd, name)
        file = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=fd)
        try:
            appended = was_appended(file, entry.size, st.st_size)
        finally:
            os.close(file)
        if not appended:
            return self._real(names, st, fd, name)
        return RealContent(self._root, names, st.st_size, entry.node.content)


def was_appended(fd: int, old: int, new: int) -> bool:
    """Whether somebody wrote behind a hole of ``old`` bytes, rather than all anew.

    Raises ``InputError`` for what was written into its middle: what stood around it was never
    really there.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    border = old // page * page
    data = sum(e.length for e in data_runs(fd, 0, min(border, new)))
    if data == 0 and new >= old:
        return True
    if data == min(border, new):
        return False
    raise InputError("a large file was written into the middle of, by a way that is not seen")


def changed_node(entry: Entry, st: os.stat_result, content: object) -> Node:
    """The node of a row, with what was really changed since it was set."""
    node = entry.node
    if entry.mode != st.st_mode and node.type is not NodeType.SYMLINK:
        node = replace(node, mode=st.st_mode & 0o7777, ctime=st.st_ctime_ns)
    if entry.same_content(st):
        return node
    node = replace(node, mtime=st.st_mtime_ns, ctime=st.st_ctime_ns)
    if node.type is NodeType.FILE and callable(content):
        return replace(node, content=content())
    return node


def new_node(table: Table, st: os.stat_result) -> Node:
    """The node of what a script made, without its content or target."""
    uid, gid = table.owner
    mode = 0o777 if kind_of(st) is NodeType.SYMLINK else st.st_mode & 0o7777
    times = st.st_mtime_ns, st.st_atime_ns, st.st_ctime_ns
    return Node(kind_of(st), mode, uid, gid, *times)


def node_at(table: Table, path: Path) -> Node:
    """The node at one path, a link not followed; ``OSError`` where there is nothing."""
    folder = OpenRoot(path.parent)
    name = os.fsencode(path.name) or b"."
    collecting = _Collecting(table, folder)
    st = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
    return collecting._node((name,), st, folder.fd, name)  # noqa: SLF001 - this module's own


def is_changed(table: Table, directory: Path, skip: frozenset[bytes]) -> bool:
    """See ``Shadow.is_changed``."""
    root = OpenRoot(directory)
    if not _untouched(table, os.fstat(root.fd)):
        return True
    stack: list[Names] = [()]
    while stack:
        names = stack.pop()
        with directory_beneath(root.fd, names) as fd:
            for name in names_in(fd):
                if not names and name in skip:
                    continue
                st = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if not _untouched(table, st):
                    return True
                if kind_of(st) is NodeType.DIRECTORY:
                    stack.append((*names, name))
    return False


def _untouched(table: Table, st: os.stat_result) -> bool:
    entry = table.entry_of(st)
    return entry is not None and entry.untouched(st)
