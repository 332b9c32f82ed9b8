# SPDX-License-Identifier: Apache-2.0
"""Reading a directory into a tree.  Content stays where it is, and is watched.

Inode numbers of this machine mean nothing on a Sun: nodes have none.  Linux' own extended
attributes and ACLs are not read.
"""

from __future__ import annotations

import errno
import os
import stat
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mkboot.errors import CallerError, InputError, MkbootError, stopped_by
from mkboot.formats.directory.beneath import directory_beneath, names_in
from mkboot.tree.content import EMPTY, Content, Extent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import TYPE_OF_BITS, Device, Node, NodeType


class _Opened:
    """A directory that stays open for as long as somebody has this."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)


class _Root(_Opened):
    """The directory that was read, kept open for as long as its tree is in use."""

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as e:
            raise CallerError(f"{path}: {e.strerror}") from e
        self._last: tuple[tuple[bytes, ...], _Opened] | None = None

    def folder(self, names: tuple[bytes, ...]) -> _Opened:
        """A directory below; the last one is kept, for files are read one after another."""
        if self._last is not None and self._last[0] == names:
            return self._last[1]
        with directory_beneath(self.fd, names) as fd:
            made = _Opened(os.dup(fd))
        self._last = names, made
        return made


class _Identity(NamedTuple):
    """By which a file is known to be the same and unchanged."""

    device: int
    inode: int
    size: int
    mtime: int


#: What st_blocks counts, in bytes.
_BLOCK = 512


class PathContent(Content):
    """A file's content, by its path.  A file that is changed meanwhile is an ``InputError``."""

    __slots__ = ("_folder", "_identity", "_name", "_root", "_whole")

    def __init__(
        self, root: _Root, folder: tuple[bytes, ...], name: bytes, status: os.stat_result
    ) -> None:
        self._root = root
        self._folder = folder
        self._name = name
        self._identity = _identity(status)
        self._whole = status.st_blocks * _BLOCK >= status.st_size

    @property
    def _names(self) -> tuple[bytes, ...]:
        return (*self._folder, self._name)

    @property
    def size(self) -> int:
        """The length that the file had when the tree was read."""
        return self._identity.size

    def extents(self) -> Iterator[Extent]:
        """What the file system says is no hole, or all of it where it cannot tell."""
        if self._whole:
            yield Extent(0, self.size)
            return
        fd = self._open()
        try:
            runs = _data_runs(fd, self.size)
            self._check(fd)
        finally:
            os.close(fd)
        yield from runs

    def is_whole(self) -> bool:
        """Whether it takes as much room as it has bytes."""
        return self._whole

    def read(self, offset: int, length: int) -> bytes:
        """Read, and look that the file is still the one it was."""
        fd = self._open()
        try:
            data = os.pread(fd, max(0, min(length, self.size - offset)), offset)
            while len(data) < min(length, self.size - offset):
                more = os.pread(fd, min(length, self.size - offset) - len(data), offset + len(data))
                if not more:
                    break
                data += more
            self._check(fd)
        except OSError as e:
            raise _error(e, self._names) from e
        finally:
            os.close(fd)
        return data

    def _open(self) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            folder = self._root.folder(self._folder)
            return os.open(self._name, flags, dir_fd=folder.fd)
        except OSError as e:
            raise _error(e, self._names) from e

    def _check(self, fd: int) -> None:
        if _identity(os.fstat(fd)) != self._identity:
            raise InputError("was changed while it was read", place=(_shown(self._names),))


def read_directory(path: Path) -> FileTree:
    """The tree below ``path``, which may be a link itself; no link below it is followed.

    Raises ``CallerError`` for what may not be read, ``InputError`` for what vanishes
    meanwhile.
    """
    root = _Root(path)
    status = os.fstat(root.fd)
    builder = TreeBuilder(_node(root, (), b"", status, b""))
    links: dict[tuple[int, int], int] = {}
    stack: list[tuple[tuple[bytes, ...], int]] = [((), 0)]
    while stack:
        names, number = stack.pop()
        try:
            found = _read_one(root, names)
        except OSError as e:
            raise _error(e, names) from e
        for name, node, status in found:
            key = (status.st_dev, status.st_ino)
            if key in links and not node.is_directory:
                builder.link(number, name, links[key])
                continue
            made = builder.add(number, name, node)
            if node.is_directory:
                stack.append(((*names, name), made))
            elif status.st_nlink > 1:
                links[key] = made
    return builder.build()


def _read_one(root: _Root, names: tuple[bytes, ...]) -> list[tuple[bytes, Node, os.stat_result]]:
    """Name, node and status of everything in one directory."""
    found: list[tuple[bytes, Node, os.stat_result]] = []
    with directory_beneath(root.fd, names) as fd:
        for name in names_in(fd):
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            target = os.readlink(name, dir_fd=fd) if stat.S_ISLNK(status.st_mode) else b""
            found.append((name, _node(root, names, name, status, target), status))
    return found


def _node(
    root: _Root, folder: tuple[bytes, ...], name: bytes, status: os.stat_result, target: bytes
) -> Node:
    kind = TYPE_OF_BITS[stat.S_IFMT(status.st_mode)]
    content = PathContent(root, folder, name, status) if kind is NodeType.FILE else EMPTY
    return Node(
        kind,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        status.st_atime_ns,
        status.st_ctime_ns,
        content if content.size else EMPTY,
        target,
        _device(status) if kind in (NodeType.CHAR, NodeType.BLOCK) else None,
    )


def _device(status: os.stat_result) -> Device:
    return Device(os.major(status.st_rdev), os.minor(status.st_rdev))


def _identity(status: os.stat_result) -> _Identity:
    return _Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _data_runs(fd: int, size: int) -> list[Extent]:
    runs: list[Extent] = []
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
            at = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError as e:
            if e.errno == errno.ENXIO:
                break
            return [Extent(0, size)]
        runs.append(Extent(start, min(at, size) - start))
    return [run for run in runs if run.length > 0]


def _shown(names: tuple[bytes, ...]) -> str:
    return "/" + show(b"/".join(names))


def _error(error: OSError, names: tuple[bytes, ...]) -> MkbootError:
    if error.errno == errno.EIO:
        return stopped_by(error, _shown(names))
    if error.errno in (errno.EACCES, errno.EPERM):
        return CallerError(f"{_shown(names)}: {error.strerror}")
    return InputError(f"cannot be read: {error.strerror}", place=(_shown(names),))
