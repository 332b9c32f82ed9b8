# SPDX-License-Identifier: Apache-2.0
"""Files of a JumpStart directory, read with care: regular ones, of a sensible size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: More than this is no rules file, profile or script.
MAX_FILE = 1 << 20
#: So many names of a directory are looked at.
MAX_NAMES = 10_000


_KINDS = {
    stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


class Directory:
    """A JumpStart directory; names are below it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes | str:
        """The bytes of a file, or why there are none, to follow the name in a message."""
        if "\0" in name:
            return "is no file name"
        try:
            kind = (self.path / name).stat().st_mode
            if not stat.S_ISREG(kind):
                return f"is no regular file but {_KINDS.get(stat.S_IFMT(kind), 'a device')}"
            # A pipe or device is not waited for.
            fd = os.open(self.path / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return "is not there"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        try:
            return _content(fd)
        finally:
            os.close(fd)

    def leads_out(self, name: str) -> bool:
        """Whether a symbolic link leads from a name to a file that is not below the directory."""
        try:
            return not (self.path / name).resolve().is_relative_to(self.path.resolve())
        except (OSError, RuntimeError, ValueError):
            return False

    def names(self) -> list[str]:
        """The names of the files in it, sorted."""
        return self._sorted(directories=False)

    def below(self, levels: int) -> list[str]:
        """The names of the directories in it, and in those down to ``levels``, sorted.

        Links to directories further down are not followed, nor what cannot be read.
        """
        found = self._sorted(directories=True)
        for folder in tuple(found) if levels > 1 else ():
            if not (self.path / folder).is_symlink() and len(found) < MAX_NAMES:
                inner = Directory(self.path / folder).below(levels - 1)
                found += [f"{folder}/{name}" for name in inner]
        return found

    def _sorted(self, *, directories: bool) -> list[str]:
        found: list[str] = []
        with _entries(self.path) as entries:
            for number, entry in enumerate(entries):
                if number >= MAX_NAMES:
                    break
                if _is_directory(entry) == directories:
                    found.append(entry.name)
        return sorted(found)


@contextmanager
def _entries(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """What is in a directory, nothing if it cannot be read."""
    try:
        entries = os.scandir(path)
    except OSError:
        yield iter(())
        return
    with entries:
        yield entries


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _content(fd: int) -> bytes | str:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_size > MAX_FILE:
        return f"has {status.st_size} bytes, too many for a text of this kind"
    return os.pread(fd, MAX_FILE, 0)
