# SPDX-License-Identifier: Apache-2.0
"""Files of a JumpStart directory, read with care: regular ones, of a sensible size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: More than this is no rules file, profile or script.
MAX_FILE = 1 << 20
#: So many names of a directory are looked at.
MAX_NAMES = 10_000


class Directory:
    """A JumpStart directory; names are below it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes | str:
        """The bytes of a file, or why there are none, to follow the name in a message."""
        if "\0" in name:
            return "is no file name"
        try:
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

    def names(self) -> list[str]:
        """The names of the files in it, sorted."""
        return self._sorted(directories=False)

    def folders(self) -> list[str]:
        """The names of the directories in it, sorted."""
        return self._sorted(directories=True)

    def _sorted(self, *, directories: bool) -> list[str]:
        found = []
        with os.scandir(self.path) as entries:
            for number, entry in enumerate(entries):
                if number >= MAX_NAMES:
                    break
                if entry.is_dir() == directories:
                    found.append(entry.name)
        return sorted(found)


def _content(fd: int) -> bytes | str:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_size > MAX_FILE:
        return f"has {status.st_size} bytes, too many for a text of this kind"
    return os.pread(fd, MAX_FILE, 0)
