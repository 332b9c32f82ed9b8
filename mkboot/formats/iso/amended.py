# SPDX-License-Identifier: Apache-2.0
"""A volume that was changed by ``amend``, written: the old bytes, patches, and what is new."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError, stopped_by
from mkboot.formats.iso.structs import SYSTEM_AREA
from mkboot.tree.content import CHUNK
from mkboot.tree.names import show
from mkboot.tree.node import Node
from mkboot.tree.source import ByteSource, FileSink

#: What a volume leaves to others at its front.
FRONT = SYSTEM_AREA


@dataclass(frozen=True, slots=True)
class AmendedIso:
    """A volume that can be written: ``size`` in bytes.

    ``patches`` go over the old bytes, ``tail`` are pieces behind them with their offsets;
    ``data`` are files with theirs.
    """

    size: int
    _source: ByteSource
    _length: int
    _patches: tuple[tuple[int, bytes], ...]
    _tail: tuple[tuple[int, bytes], ...]
    _data: tuple[tuple[int, Node, bytes], ...]

    def write(self, out: Path, advance: Callable[[int], None] = lambda _count: None) -> None:
        """Write it to the file ``out``; the first 32 KiB are zeros."""
        try:
            fd = os.open(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        except OSError as e:
            raise stopped_by(e, str(out)) from e
        try:
            sink = FileSink(fd, 0, self.size)
            os.ftruncate(fd, self.size)
            self._copy(sink, advance)
            for at, data in (*self._patches, *self._tail):
                sink.pwrite(at, data)
            for at, node, path in self._data:
                self._fill(sink, at, node, path, advance)
        except OSError as e:
            raise stopped_by(e, str(out)) from e
        finally:
            os.close(fd)

    def _copy(self, sink: FileSink, advance: Callable[[int], None]) -> None:
        at = FRONT
        while at < self._length:
            data = self._source.pread(at, min(CHUNK, self._length - at))
            if not data:
                raise InputError(f"ends at byte {at} of {self._length}")
            sink.pwrite(at, data)
            at += len(data)
            advance(len(data))

    def _fill(
        self, sink: FileSink, at: int, node: Node, path: bytes, advance: Callable[[int], None]
    ) -> None:
        try:
            for chunk in node.content.chunks():
                sink.pwrite(at, chunk)
                at += len(chunk)
                advance(len(chunk))
        except InputError as e:
            raise e.inside(f"'{show(path)}'") from e
