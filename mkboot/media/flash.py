# SPDX-License-Identifier: Apache-2.0
"""Flash archives: the frame and the files in it, joined.

A compressed one is undone into an unnamed file by gzip, which also knows compress' LZW.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mkboot.errors import InputError, ProgramError, stopped_by
from mkboot.formats.cpio import looks_like_cpio, read_cpio
from mkboot.formats.flar import PADDING, Flar, read_flar
from mkboot.formats.tar import looks_like_tar, read_tar_source
from mkboot.media.codes import advice
from mkboot.model.finding import Finding, error, warning
from mkboot.model.inspection import Json
from mkboot.run import pour, require_program
from mkboot.tree.content import CHUNK
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.source import ByteSource, FileSource

CODE = "flar-damaged"
_LZW = b"\x1f\x9d"


def flash_tree(flar: Flar, *, place: tuple[str, ...] = (), check: bool = False) -> FileTree:
    """The files of a flash archive.

    Raises ``InputError`` for an archive that is damaged or of a kind that Solaris does not
    take, ``ProgramError`` where a compressed one cannot be undone for want of gzip.
    """
    source = _plain(flar, place)
    if flar.method == "pax":
        if not looks_like_tar(source):
            raise InputError("the files are no pax archive", place=place)
        return read_tar_source(source, place=place)
    if not looks_like_cpio(source):
        raise InputError("the files are no cpio archive with ASCII headers", place=place)
    return read_cpio(source, place=place, check=check)


def _plain(flar: Flar, place: tuple[str, ...]) -> ByteSource:
    if flar.compression in (None, "none"):
        return flar.payload
    if flar.compression != "compress" or flar.payload.pread(0, 2) != _LZW:
        raise InputError("the files are not compressed as the archive says", place=place)
    return undo_compress(flar.payload, place)


def undo_compress(source: ByteSource, place: tuple[str, ...] = ()) -> ByteSource:
    """What was compressed (LZW or gzip), in an unnamed file."""
    gzip = require_program("gzip")
    with tempfile.TemporaryFile() as file:

        def take(data: bytes) -> None:
            try:
                file.write(data)
            except OSError as e:
                raise stopped_by(e, "cannot undo the compression") from e

        try:
            pour([gzip, "-dc"], _pieces(source), take)
        except ProgramError as e:
            raise InputError(f"cannot be undone: {e.message}", place=place) from e
        file.flush()
        return FileSource(Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"))


def _pieces(source: ByteSource) -> Iterator[bytes]:
    at = 0
    while data := source.pread(at, CHUNK):
        yield data
        at += len(data)


def open_flash(source: ByteSource) -> Flar | InputError:
    """The frame, or why there is none."""
    try:
        return read_flar(source)
    except InputError as e:
        return e


def flash_findings(flash: Flar | InputError) -> tuple[Finding, ...]:
    """What is wrong with the frame; the files are not looked at."""
    if isinstance(flash, InputError):
        return (error(CODE, "flar", flash.message, advice(CODE)),)
    return tuple(_judged(text) for text in flash.problems())


def _judged(text: str) -> Finding:
    make = warning if text.startswith("content_name") else error
    return make(CODE, "flar", text, advice(CODE))


def stored_findings(flar: Flar, advance: Callable[[int], None]) -> tuple[Finding, ...]:
    """Read the files as they are stored, where the archive has a checksum of them."""
    if flar.payload_sum(advance) is False:
        text = "the files are not what the checksum in the archive says"
        return (error(CODE, "flar", text, advice(CODE)),)
    return ()


def flash_facts(flash: Flar | InputError) -> dict[str, Json]:
    """Version, identification and sections, for ``inspect``."""
    if isinstance(flash, InputError):
        return {}
    sections: list[Json] = [show(s.name) for s in flash.sections]
    identification: dict[str, Json] = {
        k: show(v) for k, v in flash.identification if k.lower() != PADDING.lower()
    }
    return {
        "flar": {
            "version": ".".join(map(str, flash.version)),
            "identification": identification,
            "sections": sections,
            "archive_offset": flash.payload.offset,
            "archive_size": flash.payload.size,
        }
    }
