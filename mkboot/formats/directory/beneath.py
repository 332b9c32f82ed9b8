# SPDX-License-Identifier: Apache-2.0
"""Ways down from an open directory that never follow a symbolic link.

Every name is opened relative to the directory above it, so a link that somebody puts in
the way meanwhile is an error (ELOOP, ENOTDIR), and paths may be longer than PATH_MAX.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def directory_beneath(root: int, names: Sequence[bytes]) -> Iterator[int]:
    """A descriptor of the directory at ``names`` below ``root``, closed at the end.

    Raises ``OSError`` where there is none, or a link.
    """
    fd = os.open(b".", DIRECTORY_FLAGS, dir_fd=root)
    try:
        for name in names:
            below = os.open(name, DIRECTORY_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def names_in(fd: int) -> list[bytes]:
    """The names in an open directory, as bytes, sorted."""
    return sorted(os.fsencode(name) for name in os.listdir(fd))
