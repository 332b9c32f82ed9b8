# SPDX-License-Identifier: Apache-2.0
"""The copy and its map on the disk, so that the map is true at every moment.

A thread brings the data to the disk first and then gives the map, written beside it, its
name: at least once a second, or the copying waits for it.  So whatever ends the run, the map
never says more than what is there, and lacks at most the last second.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from mkboot.errors import StoppedError, stopped_by
from mkboot.formats.mapfile import Status, write_map
from mkboot.media.copy.states import BlockStates

#: Seconds between two savings; how far the copying may run ahead of the map.
_PAUSE, _AHEAD = 0.25, 0.8


class Keeper:
    """Writes good bytes into ``fd`` and what is known into the maps.

    ``maps`` are states with the file each is kept in; the first are those of the copy.
    Used as a context: leaving it saves everything.
    """

    def __init__(
        self, fd: int, maps: Sequence[tuple[BlockStates, Path]], comments: Sequence[str] = ()
    ) -> None:
        self._fd = fd
        self._maps = tuple(maps)
        self._comments = tuple(comments)
        self.states = self._maps[0][0]
        self._changed = threading.Condition()
        self._dirty = True
        self._stop = False
        self._failed: OSError | None = None
        self._saved = time.monotonic()
        self._thread = threading.Thread(target=self._keep_saving, name="mkboot-map", daemon=True)

    def __enter__(self) -> Self:
        self._save()
        self._thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        with self._changed:
            self._stop = True
            self._changed.notify_all()
        self._thread.join()
        try:
            if self._failed is not None:
                self._raise()
            self._save()
        except (OSError, StoppedError):
            if about[0] is None:
                raise

    def put(self, offset: int, data: bytes) -> None:
        """These bytes are good."""
        self.write(offset, data)
        self.mark(offset, len(data), Status.GOOD)
        self.pace()

    def pace(self) -> None:
        """Wait where the map on the disk lags behind."""
        if time.monotonic() - self._saved > _AHEAD:
            self._wait()

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes, without saying anything about them."""
        view = memoryview(data)
        while view:
            try:
                done = os.pwrite(self._fd, view, offset)
            except OSError as e:
                raise stopped_by(e, "cannot write the copy") from e
            view = view[done:]
            offset += done

    def read_back(self, offset: int, length: int) -> bytes:
        """What the copy holds."""
        return os.pread(self._fd, length, offset)

    def mark(self, offset: int, size: int, status: Status) -> None:
        """Say what is known of some bytes of the copy."""
        self.mark_in(self.states, offset, size, status)

    def mark_in(self, states: BlockStates, offset: int, size: int, status: Status) -> None:
        """The same in any of the maps."""
        with self._changed:
            states.mark(offset, size, status)
            self._dirty = True

    def at(self, position: int) -> None:
        """What is being tried now."""
        self.states.position = position

    def resize(self, end: int) -> None:
        """The disc is longer, or shorter, than was thought."""
        with self._changed:
            for states, _ in self._maps:
                states.grow(end)
                states.cut(end)
            self._dirty = True

    def _wait(self) -> None:
        """Let the map catch up."""
        began = time.monotonic()
        with self._changed:
            while self._failed is None and self._saved < began - _AHEAD / 2:
                self._changed.wait(_PAUSE)
        if self._failed is not None:
            self._raise()

    def _raise(self) -> None:
        if self._failed is not None:
            raise stopped_by(self._failed, "cannot save the map") from self._failed
        raise StoppedError("the map is not saved")

    def _keep_saving(self) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._stop, _PAUSE):
                    return
            try:
                self._save()
            except OSError as e:
                with self._changed:
                    self._failed = e
                    self._changed.notify_all()
                return

    def _save(self) -> None:
        """Data first, then what is said of them."""
        began = time.monotonic()
        with self._changed:
            dirty, self._dirty = self._dirty, False
            maps = [(states.as_map(), path) for states, path in self._maps] if dirty else []
        if maps:
            os.fdatasync(self._fd)
        for found, path in maps:
            _replace(path, write_map(found, self._comments))
        with self._changed:
            self._saved = began
            self._changed.notify_all()


def _replace(path: Path, data: bytes) -> None:
    """Put a new map in place of the old one, whole."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
