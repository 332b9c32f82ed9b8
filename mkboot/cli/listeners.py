# SPDX-License-Identifier: Apache-2.0
"""Who hears of progress: JSON lines, plain lines, nobody; the bar is in ``bar``.

A listener never raises: a progress pipe that nobody reads any more is no reason to stop
the work.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TextIO

from mkboot.model.sizes import show_size
from mkboot.progress import Event

#: At most this often, in seconds, is an advance told.
PACE = 0.1


#: What a terminal would obey: all controls but the end of a line and the tabulator.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    r"""Text that any terminal shows: bytes that were no UTF-8 in a file's name as ``\xNN``.

    Controls, too: what is told of a medium is somebody else's text.
    """
    return _CONTROLS.sub(lambda m: f"\\x{ord(m[0]):02x}", encodable(text))


def encodable(text: str) -> str:
    r"""Text that any stream takes: bytes that were no UTF-8 in a file's name as ``\xNN``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class LineListener:
    """Messages as lines; with ``verbose`` a line for every step that ended, too."""

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        self._stream = stream
        self._verbose = verbose

    def hear(self, event: Event) -> None:
        """Print what is worth a line."""
        with contextlib.suppress(OSError):
            if event.event == "message":
                print(printable(event.text), file=self._stream, flush=True)
            elif event.event == "end" and self._verbose:
                print(printable(_ended(event)), file=self._stream, flush=True)


class JsonListener:
    """One JSON object a line on a file descriptor, with all six keys each."""

    def __init__(self, fd: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fd = fd
        self._clock = clock
        self._next = 0.0

    def hear(self, event: Event) -> None:
        """Write the event at once; of advances only one in every ``PACE`` seconds."""
        if event.event == "advance":
            now = self._clock()
            if now < self._next:
                return
            self._next = now + PACE
        document = {key: _plain(value) for key, value in asdict(event).items()}
        line = json.dumps(document, ensure_ascii=True) + "\n"
        data = memoryview(line.encode("ascii"))
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._fd, data) :]


def _plain(value: object) -> object:
    return encodable(value) if isinstance(value, str) else value


def count_of(event: Event) -> str:
    """How far a step is, for people: ``3 of 10 files``, ``1.2 MB of 3 GB``."""
    if event.unit == "bytes":
        done = show_size(event.done)
        return done if event.total is None else f"{done} of {show_size(event.total)}"
    of = "" if event.total is None else f" of {event.total}"
    return f"{event.done}{of} {event.unit}".rstrip()


def _ended(event: Event) -> str:
    failed = f" {event.text}" if event.text else ""
    return f"{event.step}: {count_of(event)}{failed}" if event.unit else f"{event.step}{failed}"
