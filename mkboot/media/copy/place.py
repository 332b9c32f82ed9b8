# SPDX-License-Identifier: Apache-2.0
"""The names of a copy: until it is whole it is ``DEST.partial``, with its map beside it.

A copy that GNU ddrescue began under its final name, with a map that is named, is taken
over: it gets its final name back when it is whole.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.mapfile import MAP_MOST, MapFile, Status, read_map
from mkboot.output import PARTIAL, refuse_existing, sync_file

#: Ends the name of a map that nobody named; and of the map of what was read twice.
MAP, AGREED = ".map", ".agreed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy is made: ``fd`` is the locked, unfinished file.

    ``known`` is the map that was there, ``agreed`` that of the second reading.
    """

    dest: Path
    partial: Path
    map: Path
    fd: int
    keeps_map: bool
    known: MapFile
    agreed: MapFile

    @property
    def agreed_map(self) -> Path:
        """The map of what was read twice."""
        return self.map.with_name(self.map.name + AGREED)

    def finish(self) -> None:
        """The copy is whole: it gets its name, and maps that nobody asked for go."""
        os.fsync(self.fd)
        self.partial.rename(self.dest)
        sync_file(self.dest.parent)
        self.agreed_map.unlink(missing_ok=True)
        if not self.keeps_map:
            self.map.unlink(missing_ok=True)


def partial_of(dest: Path) -> Path:
    """What a copy is called until it is whole."""
    dest = dest.resolve()
    return dest.with_name(dest.name + PARTIAL)


@contextmanager
def open_place(dest: Path, map_: Path | None, *, force: bool) -> Iterator[Place]:
    """Begin a copy, or go on with one; the file is locked as long as the block lasts.

    Raises ``CallerError`` where ``dest`` exists (without ``force``), the map and the data do
    not fit, or another run is at it, and ``InputError`` for a map that is none.
    """
    dest = dest.resolve()
    path = map_.resolve() if map_ is not None else dest.with_name(dest.name + MAP)
    partial = partial_of(dest)
    if path in (dest, partial):
        raise CallerError(f"{path} cannot be both the copy and its map")
    known = read_known(path)
    with _finished_again(dest, partial, known if map_ is not None else None, path) as taken:
        if not taken:
            refuse_existing(dest, force=force)
        _refuse_half(partial, known, path)
        fd = _locked(partial)
        try:
            _check(partial, known, path)
            # What was read twice of a copy that is gone says nothing of the next one.
            agreed = read_known(path.with_name(path.name + AGREED))
            twice = agreed if known.extents else MapFile(())
            yield Place(dest, partial, path, fd, map_ is not None, known, twice)
        finally:
            os.close(fd)


@contextmanager
def _finished_again(dest: Path, partial: Path, known: MapFile | None, path: Path) -> Iterator[bool]:
    """Take over what has the final name already, and whose ``known`` map was named.

    It gets its name back where the block says that it cannot go on; then nothing was changed.
    False where there is nothing that the map calls good: that is somebody else's file.
    """
    good = known is not None and known.total(Status.GOOD) > 0
    if known is None or not good or not dest.is_file() or os.path.lexists(partial):
        yield False
        return
    _check(dest, known, path)
    _lock_only(dest)
    dest.rename(partial)
    try:
        yield True
    except (CallerError, InputError):
        partial.rename(dest)
        raise


def _refuse_half(partial: Path, known: MapFile, path: Path) -> None:
    """A copy without its map, or a map without its copy."""
    begun = os.path.lexists(partial)
    if begun and not partial.is_file():
        raise CallerError(f"{partial} is no regular file", hint="give the copy another name")
    if begun and not path.exists() and partial.stat().st_size:
        raise CallerError(
            f"{partial} is there, but not its map {path}",
            hint="name the map with --map, or remove the file to begin anew",
        )
    if not begun and known.total(Status.GOOD):
        raise CallerError(
            f"{path} says what is good of {partial}, which is not there",
            hint="remove the map to begin anew",
        )


def read_known(path: Path) -> MapFile:
    """A map that is there.  It is written anew beside its name, so a device is none."""
    if not os.path.lexists(path):
        return MapFile(())
    if not path.is_file():
        raise CallerError(f"{path} is no regular file", hint="give the map another name")
    with path.open("rb") as file:
        return read_map(file.read(MAP_MOST + 1), str(path))


def _check(data: Path, known: MapFile, path: Path) -> None:
    """The copy must be as long as its map says that it is good."""
    good = max((e.end for e in known.extents if e.status is Status.GOOD), default=0)
    size = data.stat().st_size
    if size < good:
        raise CallerError(
            f"{path} calls bytes good up to {good}, but {data} has only {size}",
            hint="they do not belong together: remove both to begin anew",
        )


def _locked(path: Path) -> int:
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise CallerError(f"{path} is being written by another run") from None
    if not path.exists() or not os.path.samestat(os.fstat(fd), path.stat()):
        os.close(fd)
        raise CallerError(f"{path} was finished by another run")
    return fd


def _lock_only(path: Path) -> None:
    """Refuse what another program has locked."""
    os.close(_locked(path))
