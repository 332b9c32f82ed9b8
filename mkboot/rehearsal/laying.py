# SPDX-License-Identifier: Apache-2.0
"""Laying nodes out as real files, as far as the workstation's user may."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from mkboot.errors import InputError, MkbootError, stopped_by
from mkboot.formats.directory.beneath import directory_beneath
from mkboot.rehearsal.realcontent import RealContent
from mkboot.rehearsal.shadowtable import Kind, Table
from mkboot.tree.content import CHUNK, Content
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.names import show
from mkboot.tree.node import Node, NodeType

#: Content up to this size is really written, in bytes; text, which a shell may read, up to
#: the second one.
SMALL = 1 << 16
SMALL_TEXT = 4 << 20
_PROBE = 512

#: The script that stands in the place of a command, or None for what is none.
CommandOf = Callable[[bytes, Node], bytes | None]
_SPECIAL = {NodeType.FIFO: stat.S_IFIFO, NodeType.SOCKET: stat.S_IFSOCK}
Names = tuple[bytes, ...]


def real_mode(mode: int, kind: NodeType) -> int:
    """The mode that the real file gets: the machine itself must always come in."""
    return (mode & 0o7777) | (0o700 if kind is NodeType.DIRECTORY else 0o600)


def lay_out(table: Table, tree: FileTree, into: Path, command: CommandOf) -> None:
    """See ``Shadow.lay_out``."""
    try:
        fd = os.open(into, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as e:
        raise stopped_by(e, str(into)) from e
    try:
        _Laying(table, tree, fd, command).run()
    except OSError as e:
        raise stopped_by(e, "cannot lay out a file system") from e
    finally:
        os.close(fd)


class _Laying:
    def __init__(self, table: Table, tree: FileTree, root: int, command: CommandOf) -> None:
        self._table = table
        self._tree = tree
        self._root = root
        self._command = command
        self._first: dict[int, Names] = {}

    def run(self) -> None:
        stack: list[tuple[Names, int]] = [((), ROOT)]
        directories: list[tuple[Names, int]] = []
        while stack:
            names, number = stack.pop()
            directories.append((names, number))
            with directory_beneath(self._root, names) as fd:
                stack += self._fill(names, self._tree.children(number), fd)
        for names, number in reversed(directories):
            with directory_beneath(self._root, names) as fd:
                settle_open(self._table, fd, self._tree.nodes[number], Kind.REAL, laid=True)

    def _fill(
        self, names: Names, children: Mapping[bytes, int], fd: int
    ) -> list[tuple[Names, int]]:
        """Make all names of one directory; the directories among them."""
        found: list[tuple[Names, int]] = []
        for name, number in children.items():
            path = (*names, name)
            first = self._first.get(number)
            if first is not None:
                with directory_beneath(self._root, first[:-1]) as there:
                    os.link(first[-1], name, src_dir_fd=there, dst_dir_fd=fd, follow_symlinks=False)
                continue
            node = self._tree.nodes[number]
            if node.is_directory:
                os.mkdir(name, 0o700, dir_fd=fd)
                found.append((path, number))
                continue
            script = self._command(b"/" + b"/".join(path), node) if _may_be(node) else None
            make(self._table, name, node, script, dir_fd=fd, laid=True)
            if self._tree.nlink(number) > 1:
                self._first[number] = path
        return found


def _may_be(node: Node) -> bool:
    return node.type is NodeType.FILE and bool(node.mode & 0o111)


def make(
    table: Table,
    name: bytes,
    node: Node,
    script: bytes | None = None,
    *,
    dir_fd: int | None = None,
    laid: bool = False,
) -> None:
    """Make one node under ``name``, where nothing is, and note it.

    Raises ``OSError`` as the workstation's kernel gives it.
    """
    if node.type is NodeType.DIRECTORY:
        os.mkdir(name, real_mode(node.mode, node.type), dir_fd=dir_fd)
    elif node.type is NodeType.SYMLINK:
        os.symlink(node.target, name, dir_fd=dir_fd)
    elif node.type in _SPECIAL:
        os.mknod(name, _SPECIAL[node.type] | 0o600, dir_fd=dir_fd)
    elif node.type is NodeType.CHAR:
        _make_character(name, dir_fd)
    else:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(name, flags, 0o600, dir_fd=dir_fd)
        try:
            kind = _write(fd, node, script)
            settle_open(table, fd, node, kind, laid=laid)
        finally:
            os.close(fd)
        return
    settle_named(table, name, node, dir_fd=dir_fd, laid=laid)


def _make_character(name: bytes, dir_fd: int | None) -> None:
    """A character device that anybody may make, number 0,0, so that ``[ -c name ]`` is true;
    an empty file where the kernel (before 5.8) does not allow it.
    """
    try:
        os.mknod(name, stat.S_IFCHR | 0o600, 0, dir_fd=dir_fd)
    except PermissionError:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=dir_fd))


def _write(fd: int, node: Node, script: bytes | None) -> Kind:
    """Put into a new file what stands for the node's content."""
    if script is not None:
        os.write(fd, script)
        return Kind.COMMAND
    content = node.content
    if node.type is not NodeType.FILE or not content.size:
        return Kind.REAL
    if isinstance(content, RealContent):
        copy(fd, content)  # the file that it lies in may change or go
        return Kind.REAL
    try:
        data = content.read(0, content.size) if _is_small(content) else None
    except (MkbootError, OSError):
        data = None  # a medium that cannot be read: whoever reads the file will hear of it
    if data is None:
        os.ftruncate(fd, content.size)
        return Kind.HOLE
    write_at(fd, data, 0)
    return Kind.REAL


def copy(fd: int, content: Content) -> None:
    """Write a content into an open file; its holes stay holes."""
    os.ftruncate(fd, content.size)
    for extent in content.extents():
        end = extent.offset + extent.length
        for at in range(extent.offset, end, CHUNK):
            write_at(fd, content.read(at, min(CHUNK, end - at)), at)


def write_at(fd: int, data: bytes, offset: int) -> None:
    """Write all of ``data``."""
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, offset)
        view = view[done:]
        offset += done


def _is_small(content: Content) -> bool:
    if content.size <= SMALL:
        return True
    return content.size <= SMALL_TEXT and b"\0" not in content.read(0, _PROBE)


def settle_open(table: Table, fd: int, node: Node, kind: Kind, *, laid: bool = False) -> None:
    """Give an open file or directory its mode and times, and note it."""
    os.fchmod(fd, real_mode(node.mode, node.type))
    _set_times(fd, node)
    table.note(os.fstat(fd), node, kind, laid=laid)


def settle_named(
    table: Table,
    name: bytes,
    node: Node,
    *,
    dir_fd: int | None = None,
    laid: bool = False,
    kind: Kind = Kind.REAL,
) -> None:
    """The same by name; a link's mode is no matter, and a link is not followed."""
    if node.type is not NodeType.SYMLINK:
        os.chmod(name, real_mode(node.mode, node.type), dir_fd=dir_fd)
    _set_times(name, node, dir_fd=dir_fd, follow_symlinks=False)
    st = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    table.note(st, node, kind, laid=laid)


def _set_times(
    what: bytes | int, node: Node, *, dir_fd: int | None = None, follow_symlinks: bool = True
) -> None:
    """Times that the workstation cannot hold are in the table all the same."""
    try:
        if isinstance(what, int):
            os.utime(what, ns=(node.atime, node.mtime))
        else:
            os.utime(
                what, ns=(node.atime, node.mtime), dir_fd=dir_fd, follow_symlinks=follow_symlinks
            )
    except OverflowError as e:
        raise InputError(f"a time that cannot be: {show(str(node.mtime).encode())}") from e
