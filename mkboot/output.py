# SPDX-License-Identifier: Apache-2.0
"""Files that are complete when they have their name.

Everything is written beside its final name, synced, and renamed; what did not get that
far is removed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mkboot.errors import CallerError

#: Ends the name of a file that is not complete yet.
PARTIAL = ".partial"


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise ``CallerError`` when ``path`` exists and may not be overwritten."""
    if not force and os.path.lexists(path):
        raise CallerError(f"{path} exists", hint="--force overwrites it")


@contextmanager
def complete_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a path to write to; it becomes ``path`` when the block ends without an error.

    The file is made empty, with the caller's umask, before the block begins.  ``path``
    must not exist unless ``force`` is given.
    """
    refuse_existing(path, force=force)
    partial = path.with_name(path.name + PARTIAL)
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    fd = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    os.close(fd)
    try:
        yield partial
        sync_file(partial)
        partial.rename(path)
        sync_file(path.parent)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        raise


def sync_file(path: Path) -> None:
    """Bring a file, or a directory's entries, to stable storage."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Write a whole text file (UTF-8) under its final name at once."""
    with complete_file(path, force=force) as partial:
        partial.write_text(text, encoding="utf-8")
