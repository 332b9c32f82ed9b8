# SPDX-License-Identifier: Apache-2.0
"""A dump on discs as one source of bytes: its segments in order, compression undone.

What is compressed is unpacked once, when it is first wanted, into a temporary file that
has no name and goes with the source: a dump is read at any place, and neither memory nor
repeated unpacking may grow with it.
"""

from __future__ import annotations

import os
import tempfile
import threading
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from mkboot.errors import InputError, ProgramError, stopped_by
from mkboot.model.manifest import Segment
from mkboot.model.packing import Packing
from mkboot.recovery.packing import GZIP_WBITS
from mkboot.run import pour, require_program
from mkboot.tree.content import CHUNK, Content

Take = Callable[[bytes], object]
_DAMAGED = "the disc is damaged, or is not the one that was written; burn it again from its image"


def unpack(segment: Segment, content: Content, take: Take) -> None:
    """All bytes of the stream that a segment holds, in order.

    Raises ``InputError`` when they cannot be unpacked or are not as many as the manifest
    says: never more than that are taken.  LZW is undone by the program gzip.
    """
    counter = _Counter(segment, take)
    if segment.packed is Packing.COMPRESS:
        require_program("gzip")
    try:
        if segment.packed is Packing.COMPRESS:
            pour(["gzip", "-dc"], content.chunks(CHUNK), counter.take)
        elif segment.packed is Packing.GZIP:
            _gunzip(content.chunks(CHUNK), counter.take)
        else:
            for piece in content.chunks(CHUNK):
                counter.take(piece)
    except (ProgramError, zlib.error) as e:
        raise InputError(f"cannot be unpacked: {e}", place=_place(segment), hint=_DAMAGED) from e
    counter.close()


def _gunzip(pieces: Iterable[bytes], take: Take) -> None:
    """gzip's one member; what comes out of one piece comes out in bounded pieces."""
    unpacker = zlib.decompressobj(GZIP_WBITS)
    for piece in pieces:
        while piece and not unpacker.eof:
            take(unpacker.decompress(piece, CHUNK))
            piece = unpacker.unconsumed_tail
    take(unpacker.flush())
    if not unpacker.eof:
        raise zlib.error("it ends too early")


def _place(segment: Segment) -> tuple[str, ...]:
    return (f"volume {segment.volume}", segment.file)


class _Counter:
    """Lets ``size`` bytes pass and no more."""

    def __init__(self, segment: Segment, take: Take) -> None:
        self._segment = segment
        self._take = take
        self._left = segment.size

    def take(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise self._wrong("more")
        self._take(data)

    def close(self) -> None:
        if self._left:
            raise self._wrong("fewer")

    def _wrong(self, how: str) -> InputError:
        text = f"holds {how} than {self._segment.size} bytes of the dump"
        return InputError(text, place=_place(self._segment), hint=_DAMAGED)


class StreamSource:
    """The segments of one stream, one after the other, as a source of bytes."""

    def __init__(self, pieces: Sequence[tuple[Segment, Content]]) -> None:
        self._pieces = pieces
        self._starts = [segment.offset for segment, _ in pieces]
        self._spool: _Spool | None = None
        self._lock = threading.Lock()
        self.size = sum(segment.size for segment, _ in pieces)

    def pread(self, offset: int, length: int) -> bytes:
        """Read across segment borders."""
        parts: list[bytes] = []
        index = max(bisect_right(self._starts, offset) - 1, 0)
        while length > 0 and index < len(self._pieces):
            segment, _ = self._pieces[index]
            want = min(length, segment.offset + segment.size - offset)
            if want <= 0:
                break
            data = self._read(index, offset - segment.offset, want)
            parts.append(data)
            if len(data) != want:
                break
            offset += want
            length -= want
            index += 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read(self, index: int, offset: int, length: int) -> bytes:
        segment, content = self._pieces[index]
        if segment.packed is Packing.NONE:
            return content.read(offset, length)
        with self._lock:
            if self._spool is None:
                self._spool = _Spool()
            self._spool.fill(segment, content)
        return self._spool.pread(segment.offset + offset, length)


class _Spool:
    """A sparse file without a name, with the unpacked segments at their places."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - goes with the source
        except OSError as e:
            raise stopped_by(e, tempfile.gettempdir()) from e
        self._there: set[int] = set()

    def fill(self, segment: Segment, content: Content) -> None:
        """Unpack a segment that is not there yet."""
        if segment.offset in self._there:
            return
        at = segment.offset

        def write(data: bytes) -> None:
            nonlocal at
            view = memoryview(data)
            while view:
                done = os.pwrite(self._file.fileno(), view, at)
                at += done
                view = view[done:]

        try:
            unpack(segment, content, write)
        except OSError as e:
            raise stopped_by(e, f"no room to unpack {segment.file}") from e
        self._there.add(segment.offset)

    def pread(self, offset: int, length: int) -> bytes:
        """A piece of what is there."""
        return os.pread(self._file.fileno(), length, offset)
