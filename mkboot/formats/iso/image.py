# SPDX-License-Identifier: Apache-2.0
"""A laid out ISO 9660 image, ready to be written as often as wanted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.errors import stopped_by
from mkboot.formats.iso.adapter import Data, Master
from mkboot.formats.iso.spool import BLOCK, Spool, Write
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import FileSink


@dataclass(frozen=True, slots=True)
class IsoImage:
    """``size`` is exact, in bytes, whole sectors of 2048; the first 32 KiB are zeros.

    ``lost`` are the paths whose ACLs or extended attributes the format cannot hold.
    Made by ``lay_out_iso``.
    """

    size: int
    lost: tuple[bytes, ...]
    _master: Master = field(repr=False)
    _tree: FileTree = field(repr=False)
    _data: Mapping[int, Data] = field(repr=False)
    _metadata: int
    _time: int

    def extent_of(self, path: bytes) -> tuple[int, int] | None:
        """Offset and length in bytes of a file's data in the image; None where it has none."""
        number = self._tree.find(path)
        data = None if number is None else self._data.get(number)
        return None if data is None else (data.offset, data.size)

    def stream(self, write: Write) -> None:
        """Pass the whole image to ``write`` from its first byte to its last, in order.

        Content is asked for its bytes now.  Raises ``InputError`` that names the path of a
        file whose content has not the size it had, or cannot be read.
        """
        spool = Spool(write, self._metadata, self.size, self._time)
        self._master.write(spool, BLOCK)
        spool.finish()

    def write(self, out: Path | int, advance: Callable[[int], None] = lambda _count: None) -> None:
        """Write to a new file, or over the first ``size`` bytes of an open one.

        Every byte is written, gaps as zeros; what lies behind ``size`` is not touched.
        ``advance`` hears the bytes of each chunk.
        """
        if isinstance(out, int):
            self._write_to(out, advance)
            return
        try:
            fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        except OSError as e:
            raise stopped_by(e, str(out)) from e
        try:
            self._write_to(fd, advance)
        finally:
            os.close(fd)

    def _write_to(self, fd: int, advance: Callable[[int], None]) -> None:
        sink = FileSink(fd, 0, self.size)
        done = 0

        def write(data: bytes | bytearray | memoryview) -> None:
            nonlocal done
            sink.pwrite(done, data)
            done += len(data)
            advance(len(data))

        self.stream(write)
