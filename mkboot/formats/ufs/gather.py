# SPDX-License-Identifier: Apache-2.0
"""Many small writes that follow one another, made few large ones."""

from __future__ import annotations

from mkboot.tree.source import ByteSink

#: How much is gathered before it is written, in bytes.
WINDOW = 1 << 20
#: What is as large as this is not copied first.
DIRECT = 1 << 18


class Gather:
    """A window that moves forward over a sink.

    What begins where the window ends is gathered; what lies in the window is changed
    there; what lies before it is written at once; what leaves a gap begins a new window,
    so that nothing in between is touched.
    """

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._buffer = bytearray(WINDOW)
        self._start = 0
        self._end = 0

    def put(self, offset: int, data: bytes | bytearray | memoryview, room: int = 0) -> None:
        """Write ``data``; with ``room`` zeros are put behind it up to so many bytes."""
        length = len(data)
        if self._start <= offset and offset + length <= self._end:
            at = offset - self._start
            self._buffer[at : at + length] = data
            return
        if offset < self._end:
            self._sink.pwrite(offset, data)
            return
        room = max(room, length)
        if offset != self._end or self._end - self._start + room > WINDOW or room >= DIRECT:
            self.flush()
            self._start = self._end = offset
        if room >= DIRECT:
            self._sink.pwrite(offset, data)
            self._start = self._end = offset + room
            return
        at = offset - self._start
        self._buffer[at : at + length] = data
        if room > length:
            self._buffer[at + length : at + room] = bytes(room - length)
        self._end += room

    def flush(self) -> None:
        """Write what was gathered."""
        if self._end > self._start:
            with memoryview(self._buffer) as view:
                self._sink.pwrite(self._start, view[: self._end - self._start])
            self._start = self._end
