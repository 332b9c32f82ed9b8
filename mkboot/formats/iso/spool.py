# SPDX-License-Identifier: Apache-2.0
"""Where pycdlib writes to, and where it reads files' data from.

pycdlib writes the metadata here and there, a record at a time, then the files.  The spool
keeps the metadata in memory, sets the volume's dates there, and passes on every byte of
the image exactly once and in order, gaps as zeros: the output may be a pipe.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from mkboot.errors import BugError, InputError
from mkboot.formats.iso.dates import UNSPECIFIED_LONG, write_long
from mkboot.formats.iso.structs import DESCRIPTOR_DATES, SYSTEM_AREA
from mkboot.tree.content import Content
from mkboot.tree.names import show

Write = Callable[[bytes | bytearray | memoryview], object]

#: What is passed on at once, in bytes.
BLOCK = 1 << 20


class Spool:
    """An output file as pycdlib wants one: ``metadata`` and ``size`` in bytes."""

    def __init__(self, write: Write, metadata: int, size: int, seconds: int) -> None:
        self._pass_on = write
        self._size = size
        self._at = 0
        self._head: bytearray | None = bytearray(metadata)
        self._metadata = metadata
        self._seconds = seconds
        self._out = bytearray()
        self._done = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; the end is where the image will end."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._at

    def write(self, data: bytes) -> int:
        """Take bytes: anywhere in the metadata, then only forwards."""
        end = self._at + len(data)
        if self._head is not None and self._at < self._metadata:
            if end > self._metadata:
                raise BugError(f"ISO metadata at byte {self._at} reach into the files")
            self._head[self._at : end] = data
        else:
            self._forward(data)
        self._at = end
        return len(data)

    def finish(self) -> None:
        """Pass on what is left, up to the size of the image."""
        self._at = self._size
        self._forward(b"")
        self._flush()

    def _forward(self, data: bytes) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._set_dates(head)
            self._pass_on(head)
            self._done = self._metadata
        gap = self._at - self._done
        if gap < 0 or self._at + len(data) > self._size:
            raise BugError(f"ISO data at byte {self._at} are out of order")
        while gap:
            part = min(gap, BLOCK)
            self._put(bytes(part))
            gap -= part
        self._put(data)

    def _put(self, data: bytes) -> None:
        self._done += len(data)
        if len(data) >= BLOCK:
            self._flush()
            self._pass_on(data)
            return
        self._out += data
        if len(self._out) >= BLOCK:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self._pass_on(self._out)
            self._out = bytearray()

    def _set_dates(self, head: bytearray) -> None:
        """pycdlib takes the clock's time for the volume; created, modified, expires, effective."""
        now = write_long(self._seconds)
        dates = now + now + UNSPECIFIED_LONG + now
        at = SYSTEM_AREA + DESCRIPTOR_DATES
        head[at : at + len(dates)] = dates


class ContentFile:
    """A content as a file to read, held to the ``size`` it had when the image was laid out."""

    def __init__(self, content: Content, size: int, path: bytes) -> None:
        self._content = content
        self._size = size
        self._path = path
        self._at = 0

    def seek(self, offset: int) -> int:
        """Go to a byte; the content must still have its size."""
        if self._content.size != self._size:
            raise InputError(
                f"'{show(self._path)}' had {self._size} bytes, now it has {self._content.size}"
            )
        self._at = offset
        return offset

    def read(self, size: int) -> bytes:
        """The next bytes; fewer than promised are an ``InputError``."""
        want = min(size, self._size - self._at)
        try:
            data = self._content.read(self._at, want)
        except InputError as e:
            raise e.inside(f"'{show(self._path)}'") from e
        if len(data) != want:
            raise InputError(
                f"'{show(self._path)}' ends after {self._at + len(data)} of {self._size} bytes"
            )
        self._at += want
        return data
