# SPDX-License-Identifier: Apache-2.0
"""The shadow: what files inside the machine are, beyond what the workstation can hold.

A tree is laid out as real directories and files, so that a shell and real programs can walk
and change it.  What the workstation's user may not set (owners, devices, ACLs, attributes,
flags) and content that is not worth a copy stay in a table, by the file's identity.
``collect`` reads a directory back: what nobody touched is the node it was, what a script wrote
is real.

A file is *small* (its bytes are really there), *large* (a hole of the right size, filled in
when a real program has to read it), or *a command* (the script that calls the machine stands
in its place).  Character devices are nodes that cannot be opened, block devices empty files:
what a script shall open is bound over them (``Machine.bind_special``).

All methods take paths on the workstation, as ``Call.resolve`` makes them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mkboot.errors import stopped_by
from mkboot.rehearsal import collecting, laying
from mkboot.rehearsal.laying import CommandOf
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.shadowtable import Entry, Kind, Table
from mkboot.tree.content import ContentSource
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import Node, NodeType
from mkboot.tree.source import ByteSource, FileSource

__all__ = ["CommandOf", "Entry", "Kind", "Shadow"]

#: The largest file that is filled in for a real program, in bytes.
FILL_MAX = 256 << 20


class Shadow(Table):
    """The table with all that is done by it."""

    def lay_out(
        self, tree: FileTree, into: Path, command: CommandOf = lambda _path, _node: None
    ) -> None:
        """Lay a whole tree out in the directory ``into``, which is empty and becomes its root.

        ``command`` gives for the path (in the tree) and node of an executable file the script
        that takes its place, or None.
        """
        laying.lay_out(self, tree, into, command)

    def put(self, path: Path, node: Node, command: bytes | None = None) -> None:
        """Make one node at ``path``, where nothing is (restoring, copying); ``OSError`` as the
        kernel gives it.  Its content stays a reference.  A directory that is filled
        afterwards wants a ``settle`` at the end.
        """
        laying.make(self, os.fsencode(path), node, command)

    def settle(self, path: Path, node: Node) -> None:
        """Say that what is at ``path`` is ``node`` now; its mode and times are set as far as
        they can be.  For a directory that was filled, and for a file whose bytes a handler
        wrote itself.
        """
        laying.settle_named(self, os.fsencode(path), node)

    def look(self, path: Path) -> Node:
        """What is at ``path``, a link not followed, as ``collect`` would make it (``ls -l``).

        ``OSError`` where there is nothing.
        """
        return collecting.node_at(self, path)

    def change(self, path: Path, change: Callable[[Node], Node]) -> None:
        """Change what a node says of itself (owner, mode, times, ACL …), not its content."""
        with self.lock:
            st = path.lstat()
            entry = self.entry_of(st)
            old = self.look(path)
            kind = entry.kind if entry is not None and entry.same_content(st) else Kind.REAL
            node = change(old)
            if node.mtime == old.mtime and node.type is NodeType.DIRECTORY:
                node = replace(node, mtime=st.st_mtime_ns if entry is None else node.mtime)
            laying.settle_named(self, os.fsencode(path), node, kind=kind)

    def chown(self, path: Path, uid: int | None, gid: int | None) -> None:
        """Another owner or group (None: as it is); set-id bits stay, as they do for root."""

        def owned(node: Node) -> Node:
            return replace(
                node,
                uid=node.uid if uid is None else uid,
                gid=node.gid if gid is None else gid,
            )

        self.change(path, owned)

    def chmod(self, path: Path, mode: int) -> None:
        """The twelve permission bits."""
        self.change(path, lambda node: replace(node, mode=mode & 0o7777))

    def source(self, path: Path) -> ByteSource | None:
        """The content of the regular file at ``path``, by reference where nobody changed it."""
        try:
            st = path.lstat()
        except OSError:
            return None
        content = self.content_of(st)
        if content is not None:
            return ContentSource(content)
        return FileSource(path) if stat.S_ISREG(st.st_mode) else None

    def source_of_fd(self, fd: int) -> ByteSource | None:
        """The same of an open file, from its beginning whatever its position."""
        st = os.fstat(fd)
        content = self.content_of(st)
        if content is not None:
            return ContentSource(content)
        return FileSource(Path(f"/proc/self/fd/{fd}")) if stat.S_ISREG(st.st_mode) else None

    def fill(self, path: Path) -> None:
        """Make the file at ``path`` really hold its content, for a program of the workstation.

        Raises ``NotModelled`` for a command (the script in its place would be read) and for a
        file that is too large.
        """
        with self.lock:
            try:
                st = path.stat()
            except OSError:
                return
            entry = self.entry_of(st)
            if entry is None or entry.kind is Kind.REAL or not entry.same_content(st):
                return
            name = os.fsencode(path.name)
            if entry.kind is Kind.COMMAND:
                raise NotModelled("read", (b"read", name), why="a program that reads a command")
            if entry.size > FILL_MAX:
                raise NotModelled("read", (b"read", name), why="a program that reads so much")
            self._fill(path, entry)

    def fill_open(self, fd: int) -> None:
        """The same for the file behind a descriptor."""
        if stat.S_ISREG(os.fstat(fd).st_mode):
            self.fill(Path(f"/proc/self/fd/{fd}"))

    def _fill(self, path: Path, entry: Entry) -> None:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                laying.copy(fd, entry.node.content)
                os.fchmod(fd, stat.S_IMODE(entry.mode))  # writing takes set-id bits away
                os.utime(fd, ns=(entry.node.atime, entry.node.mtime))
                st = os.fstat(fd)
            finally:
                os.close(fd)
        except OSError as e:
            raise stopped_by(e, "cannot fill in a file") from e
        self.set_row(st, replace(entry, kind=Kind.REAL, mtime=st.st_mtime_ns))

    def collect(self, directory: Path, skip: frozenset[bytes] = frozenset()) -> FileTree:
        """Read a directory back as a tree.  ``skip`` are names at its top that are not its own.

        Content that scripts wrote is referred to where it lies: write the tree before the
        directory goes.
        """
        return collecting.collect(self, directory, skip)

    def is_changed(self, directory: Path, skip: frozenset[bytes] = frozenset()) -> bool:
        """Whether the directory, or anything below it, is not as it was laid out."""
        return collecting.is_changed(self, directory, skip)
