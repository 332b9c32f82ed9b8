# SPDX-License-Identifier: Apache-2.0
"""Segments compressed one by one, so that the Sun undoes each by itself.

``compress`` (LZW, 16 bits) is the program of that name, which every release can undo; gzip
is zlib's, with no name and no time in its header, so that the same bytes give the same.  A
segment that would not become smaller is left as it is.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError, stopped_by
from mkboot.formats.checksum import StreamDigest
from mkboot.model.packing import Packing
from mkboot.model.system import Dump
from mkboot.model.values import Checksums
from mkboot.run import pour, require_program
from mkboot.tree.content import CHUNK
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType
from mkboot.tree.source import ByteSource, FileSource, Window

#: zlib's name for "with gzip's header and trailer".
GZIP_WBITS = 31
_LEVEL = 6
#: What an estimate looks at, and how much of each file, in bytes.
_SAMPLE, _PIECE = 4 << 20, 1 << 16
#: compress says 2 where the outcome is larger than what went in.
_FINE = (0, 2)
_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """A segment as it goes onto a disc: ``source`` has its bytes, ``size`` counts those of
    the stream.
    """

    packing: Packing
    size: int
    checksums: Checksums
    source: ByteSource


class _Spooled:
    """A compressed segment in its file, which is open only while it is read: a set may have
    more segments than a program may have files open.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self.size = size

    def pread(self, offset: int, length: int) -> bytes:
        """A piece of the file."""
        with FileSource(self._path) as source:
            return source.pread(offset, length)


def check_packing(packing: Packing, *releases: str) -> None:
    """Raise ``CallerError`` where one of these releases cannot undo it.

    Source: facts/bourne-solaris, *Commands*: gzip comes with Solaris 8 and later.
    """
    if packing is not Packing.GZIP:
        return
    for release in releases:
        if release in ("2.5.1", "2.6", "7"):
            raise CallerError(
                f"Solaris {release} has no gzip", hint="--compress compress is undone everywhere"
            )


def leave_stream(source: ByteSource, dump: Dump) -> tuple[Stored, ...]:
    """The segments of a dump as they are."""
    return tuple(
        Stored(Packing.NONE, checksums.size, checksums, window)
        for window, checksums in _windows(source, dump)
    )


def pack_stream(
    source: ByteSource,
    dump: Dump,
    packing: Packing,
    folder: Path,
    advance: Callable[[int], None] = lambda _count: None,
) -> tuple[Stored, ...]:
    """Every segment of a dump, compressed into a file of ``folder`` where that makes it
    smaller.

    Raises ``InputError`` when a segment is not what was captured, ``ProgramError`` without
    ``compress``, ``StoppedError`` where there is no room.
    """
    if packing is Packing.NONE:
        return leave_stream(source, dump)
    if packing is Packing.COMPRESS:
        require_program("compress")
    jobs = [
        (window, checksums, folder / f"{dump.file}.{number}{packing.suffix}")
        for number, (window, checksums) in enumerate(_windows(source, dump), 1)
    ]
    with ThreadPoolExecutor(min(_WORKERS, os.cpu_count() or 1), "mkboot-pack") as pool:
        futures = [pool.submit(_pack, *job, packing, dump.file) for job in jobs]
        done: list[Stored] = []
        try:
            for future in futures:
                done.append(future.result())
                advance(done[-1].size)
            return tuple(done)
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _windows(source: ByteSource, dump: Dump) -> Iterator[tuple[Window, Checksums]]:
    offset = 0
    for checksums in dump.segments:
        yield Window(source, offset, checksums.size), checksums
        offset += checksums.size


def _pack(
    window: Window,
    expected: Checksums,
    path: Path,
    packing: Packing,
    name: str,
) -> Stored:
    before, after = StreamDigest(threads=False), StreamDigest(threads=False)

    def pieces() -> Iterator[bytes]:
        for offset in range(0, window.size, CHUNK):
            data = window.pread(offset, min(CHUNK, window.size - offset))
            before.update(data)
            yield data

    try:
        with path.open("xb") as out:

            def take(data: bytes) -> None:
                after.update(data)
                out.write(data)

            _compress(packing, pieces(), take)
    except OSError as e:
        raise stopped_by(e, str(path)) from e
    if before.finish() != expected:
        raise InputError(
            "is not what was captured: its checksums are others",
            place=(name, f"byte {window.offset}"),
            hint="the capture was damaged after it was made; capture again",
        )
    found = after.finish()
    if found.size >= expected.size:
        path.unlink()
        return Stored(Packing.NONE, expected.size, expected, window)
    return Stored(packing, expected.size, found, _Spooled(path, found.size))


def _compress(packing: Packing, pieces: Iterator[bytes], take: Callable[[bytes], None]) -> None:
    if packing is Packing.COMPRESS:
        pour(["compress", "-c", "-b", "16"], pieces, take, accept=_FINE)
        return
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, GZIP_WBITS)
    for piece in pieces:
        take(packer.compress(piece))
    take(packer.flush())


def sample_ratio(tree: FileTree, packing: Packing) -> float:
    """How much smaller the files of a tree become, from a few MB of them: 1 where not at all."""
    if packing is Packing.NONE:
        return 1.0
    files = [n.content for n in tree.nodes if n.type is NodeType.FILE and n.content.size]
    chosen = files[:: max(len(files) * _PIECE // _SAMPLE, 1)]
    pieces = [c.read(c.size // 2 if c.size > 2 * _PIECE else 0, _PIECE) for c in chosen]
    before, after = sum(map(len, pieces)), 0

    def take(data: bytes) -> None:
        nonlocal after
        after += len(data)

    _compress(packing, iter(pieces), take)
    return min(after / before, 1.0) if before else 1.0


def stored_sizes(stored: Sequence[Stored]) -> tuple[int, ...]:
    """The bytes that the segments take on discs."""
    return tuple(s.checksums.size for s in stored)
