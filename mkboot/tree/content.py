# SPDX-License-Identifier: Apache-2.0
"""What is in a file, as a reference: data runs and holes, read when they are wanted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mkboot.errors import InputError
from mkboot.tree.source import ByteSource

#: How much is read at once where nothing else decides, in bytes.
CHUNK = 1 << 20


class Extent(NamedTuple):
    """``length`` bytes of data from ``offset`` of the file.  What no extent covers is a hole."""

    offset: int
    length: int


class Content(ABC):
    """The bytes of a regular file."""

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int:
        """Length in bytes, holes included."""

    @abstractmethod
    def extents(self) -> Iterator[Extent]:
        """The data runs, ascending, not overlapping, inside ``size``; gaps are holes."""

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``, holes as zeros; short only at the end of the file.

        Raises ``InputError`` where the container is broken, ``StoppedError`` on I/O errors.
        """

    def is_whole(self) -> bool:
        """Whether it can be seen at once that there is no hole; False says nothing."""
        return False

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """All bytes in order, ``size`` at a time, holes as zeros."""
        offset = 0
        while offset < self.size:
            data = self.read(offset, min(size, self.size - offset))
            if not data:
                raise InputError(f"ends after {offset} of {self.size} bytes")
            yield data
            offset += len(data)


class SolidContent(Content):
    """Content without holes."""

    __slots__ = ()

    def extents(self) -> Iterator[Extent]:
        """One run, or none where there is nothing."""
        if self.size:
            yield Extent(0, self.size)


class BytesContent(SolidContent):
    """A few bytes held in memory."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)

    def is_whole(self) -> bool:
        """Always."""
        return True

    def read(self, offset: int, length: int) -> bytes:
        """Slice the bytes."""
        return self.data[offset : offset + length]


class RunsContent(Content):
    """A file whose data lies in runs of a source.

    ``runs`` are (offset in the file, length, offset in the source), ascending; gaps are
    holes.
    """

    __slots__ = ("_runs", "_size", "_source")

    def __init__(self, source: ByteSource, size: int, runs: Sequence[tuple[int, int, int]]) -> None:
        self._source = source
        self._size = size
        self._runs = tuple(runs)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    @property
    def runs(self) -> tuple[tuple[int, int, int], ...]:
        """Where the data lie: (offset in the file, length, offset in the source)."""
        return self._runs

    def extents(self) -> Iterator[Extent]:
        """The runs, joined where they touch."""
        return join_extents(Extent(offset, length) for offset, length, _ in self._runs)

    def is_whole(self) -> bool:
        """Whether one run is all."""
        return len(self._runs) == 1 and self._runs[0][:2] == (0, self._size)

    def read(self, offset: int, length: int) -> bytes:
        """Put together from the runs; a source that is too short is an ``InputError``."""
        end = min(offset + length, self._size)
        parts: list[bytes] = []
        for start, run, at in self._runs:
            if start + run <= offset:
                continue
            if start >= end:
                break
            if start > offset:
                parts.append(bytes(start - offset))
                offset = start
            want = min(start + run, end) - offset
            data = self._source.pread(at + offset - start, want)
            if len(data) != want:
                raise InputError(f"data at byte {at + offset - start} lies past the end")
            parts.append(data)
            offset += want
        if offset < end:
            parts.append(bytes(end - offset))
        return parts[0] if len(parts) == 1 else b"".join(parts)


class SpanContent(SolidContent):
    """A file without holes whose data lie in one stretch of a source, in as little memory as
    may be: of these there are hundreds of thousands.
    """

    __slots__ = ("_at", "_size", "_source")

    def __init__(self, source: ByteSource, size: int, at: int) -> None:
        self._source = source
        self._size = size
        self._at = at

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def is_whole(self) -> bool:
        """Always."""
        return True

    def read(self, offset: int, length: int) -> bytes:
        """Read there; a source that is too short is an ``InputError``."""
        want = max(0, min(length, self._size - offset))
        data = self._source.pread(self._at + offset, want) if want else b""
        if len(data) != want:
            raise InputError(f"data at byte {self._at + offset} lies past the end")
        return data


class ContentSource:
    """A file's content as a source of bytes, holes as zeros."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.size = content.size

    def pread(self, offset: int, length: int) -> bytes:
        """Read it; errors as the content has them."""
        return self._content.read(offset, length)


EMPTY: Content = BytesContent(b"")


def join_extents(extents: Iterator[Extent]) -> Iterator[Extent]:
    """The same data with touching extents made one."""
    last: Extent | None = None
    for extent in extents:
        if last is not None and last.offset + last.length == extent.offset:
            last = Extent(last.offset, last.length + extent.length)
            continue
        if last is not None:
            yield last
        last = extent
    if last is not None:
        yield last
