# SPDX-License-Identifier: Apache-2.0
"""Content that scripts wrote, where it lies on the workstation."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from pathlib import Path

from mkboot.formats.directory.beneath import directory_beneath
from mkboot.tree.content import EMPTY, Content, Extent

Names = tuple[bytes, ...]


class OpenRoot:
    """A directory, open for as long as a content refers into it."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self.fd)


class RealContent(Content):
    """What a script wrote, where it lies.  ``base`` is the content of the file before somebody
    appended to it: it is read as far as it goes, for its place in the real file is a hole.
    """

    __slots__ = ("_base", "_names", "_root", "_size")

    def __init__(self, root: OpenRoot, names: Names, size: int, base: Content = EMPTY) -> None:
        self._root = root
        self._names = names
        self._size = size
        self._base = base

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def extents(self) -> Iterator[Extent]:
        """The old content's data, then the new."""
        yield from self._base.extents()
        done = self._base.size
        with self._opened() as fd:
            runs = list(data_runs(fd, done, self._size))
        yield from runs

    def read(self, offset: int, length: int) -> bytes:
        """Read it there."""
        end = min(offset + length, self._size)
        parts: list[bytes] = []
        if offset < self._base.size:
            parts.append(self._base.read(offset, min(end, self._base.size) - offset))
            offset += len(parts[0])
        if offset < end:
            with self._opened() as fd:
                while offset < end and (data := os.pread(fd, end - offset, offset)):
                    parts.append(data)
                    offset += len(data)
        return b"".join(parts)

    def _opened(self) -> _Open:
        return _Open(self._root.fd, self._names)


class _Open:
    """A file below a directory, opened for reading while it is needed."""

    def __init__(self, root: int, names: Names) -> None:
        self._root = root
        self._names = names
        self._fd = -1

    def __enter__(self) -> int:
        with directory_beneath(self._root, self._names[:-1]) as fd:
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self._names[-1], flags, dir_fd=fd)
        return self._fd

    def __exit__(self, *_why: object) -> None:
        os.close(self._fd)


def data_runs(fd: int, offset: int, end: int) -> Iterator[Extent]:
    """The runs of an open file between two offsets that are no holes."""
    while offset < end:
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
        except OSError:
            return
        stop = min(os.lseek(fd, start, os.SEEK_HOLE), end)
        if start >= end:
            return
        yield Extent(start, stop - start)
        offset = stop
