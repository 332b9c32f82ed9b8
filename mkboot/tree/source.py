# SPDX-License-Identifier: Apache-2.0
"""Where bytes come from and go to: random access, nothing held in memory.

Offsets and lengths are in bytes.  A read that ends past the end of a source is short;
who needs the bytes says so with ``read_exact``.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from mkboot.errors import RESUMABLE, CallerError, InputError, stopped_by


class ByteSource(Protocol):
    """Bytes that can be read at any offset, by several readers at once."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def pread(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``; fewer only at the end."""


class ByteSink(Protocol):
    """A place of fixed size to write to.  What is never written reads as zeros."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of ``data`` at ``offset``."""


class FileSource:
    """A regular file or a block device, open for reading; closed when nobody holds it."""

    _fd = -1

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            kind = path.stat().st_mode
            if not stat.S_ISREG(kind) and not stat.S_ISBLK(kind):
                what = "is a directory" if stat.S_ISDIR(kind) else "is no file and no disk"
                raise CallerError(f"{path}: {what}")
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as e:
            raise CallerError(f"{path}: {e.strerror}") from e
        try:
            self.size = os.lseek(self._fd, 0, os.SEEK_END)
            os.pread(self._fd, 1, 0)
        except OSError as e:
            self.close()
            if e.errno in RESUMABLE:
                raise stopped_by(e, str(path)) from e
            raise CallerError(f"{path}: {e.strerror}") from e

    def pread(self, offset: int, length: int) -> bytes:
        """Read; an I/O error is a ``StoppedError`` that says where.

        What the file got since it was opened is not seen.
        """
        length = min(length, self.size - offset) if offset >= 0 else 0
        parts: list[bytes] = []
        while length > 0:
            try:
                data = os.pread(self._fd, length, offset)
            except OSError as e:
                raise stopped_by(e, f"{self.path}: at byte {offset}") from e
            if not data:
                break
            parts.append(data)
            offset += len(data)
            length -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def data_runs(self, offset: int, length: int) -> list[tuple[int, int]]:
        """The (offset, length) runs of ``length`` bytes from ``offset`` that are not holes.

        A file system that cannot tell answers with one run.
        """
        end = min(offset + length, self.size)
        runs: list[tuple[int, int]] = []
        while offset < end:
            try:
                start = os.lseek(self._fd, offset, os.SEEK_DATA)
                stop = os.lseek(self._fd, start, os.SEEK_HOLE)
            except OSError as e:
                if e.errno == errno.ENXIO:
                    break
                return [*runs, (offset, end - offset)]
            if start >= end:
                break
            runs.append((start, min(stop, end) - start))
            offset = stop
        return runs

    def close(self) -> None:
        """Give the file back; reading afterwards is an error."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class BytesSource:
    """A few bytes as a source."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def pread(self, offset: int, length: int) -> bytes:
        """Slice the bytes."""
        return self._data[offset : offset + max(length, 0)]


class Window:
    """``size`` bytes of another source, from ``offset``: a slice of a disk, say."""

    def __init__(self, source: ByteSource, offset: int, size: int) -> None:
        self.source = source
        self.offset = offset
        self.size = max(0, min(size, source.size - offset))

    def pread(self, offset: int, length: int) -> bytes:
        """Read within the window only."""
        length = min(length, self.size - offset)
        return self.source.pread(self.offset + offset, length) if length > 0 else b""


class FileSink:
    """A window of a file opened for writing: ``size`` bytes from ``offset``."""

    def __init__(self, fd: int, offset: int, size: int) -> None:
        self._fd = fd
        self.offset = offset
        self.size = size

    def pwrite(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write all; out of space and I/O errors are ``StoppedError``."""
        view = memoryview(data)
        if offset < 0 or offset + len(view) > self.size:
            raise ValueError(f"{len(view)} bytes at {offset} are outside {self.size} bytes")
        at = self.offset + offset
        while view:
            try:
                done = os.pwrite(self._fd, view, at)
            except OSError as e:
                raise stopped_by(e, "cannot write") from e
            view = view[done:]
            at += done


def read_exact(source: ByteSource, offset: int, length: int, place: tuple[str, ...]) -> bytes:
    """Exactly ``length`` bytes, or an ``InputError`` at ``place`` that says what is missing."""
    if offset < 0 or length < 0:
        raise InputError(f"points to byte {offset}", place=place)
    data = source.pread(offset, length)
    if len(data) != length:
        if offset + length <= source.size:
            raise InputError(
                f"ends at byte {offset + len(data)} of {source.size}: "
                "it became shorter while it was read",
                place=place,
            )
        raise InputError(
            f"wants bytes {offset} to {offset + length}, but there are only {source.size}",
            place=place,
        )
    return data
