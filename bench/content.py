# SPDX-License-Identifier: Apache-2.0
"""What is measured on, and looking at it.

Nothing large is imported here: what measures must be small, for the kernel lets every
process begin with its parent's peak of memory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of the machine's files is taken: at most so many files and bytes."""

    files: int
    bytes: int


FULL, QUICK = Sizes(58_000, 2_000_000_000), Sizes(6_000, 150_000_000)


@dataclass(frozen=True, slots=True)
class Corpus:
    """The same tree in four containers, and what is in it."""

    tree: Path
    ext4: Path
    ufs: Path
    disk: Path
    base: Path
    files: int
    directories: int
    symlinks: int
    small: int
    bytes: int
    image_bytes: int


def walk(top: Path) -> Iterator[Path]:
    """Everything below, in the order of names; what cannot be read is left out."""
    for entry in sorted(os.scandir(top), key=lambda e: e.name):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield path
            yield from walk(path)
        elif entry.is_symlink() or (entry.is_file() and os.access(path, os.R_OK)):
            yield path


def count(top: Path) -> dict[str, int]:
    """How many of what; ``small`` are files below 8 KiB."""
    found = dict.fromkeys(("files", "directories", "symlinks", "small", "bytes"), 0)
    for path in walk(top):
        st = path.lstat()
        if stat.S_ISREG(st.st_mode):
            found["files"] += 1
            found["bytes"] += st.st_size
            found["small"] += st.st_size < 8192
        else:
            found["symlinks" if stat.S_ISLNK(st.st_mode) else "directories"] += 1
    return found


def warm(*paths: Path) -> None:
    """Read everything once, so that both sides find it in memory."""
    for path in paths:
        for file in walk(path) if path.is_dir() else (path,):
            if file.is_file() and not file.is_symlink():
                with file.open("rb", buffering=0) as f:
                    while f.read(_MIB):
                        pass
