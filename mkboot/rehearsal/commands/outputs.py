# SPDX-License-Identifier: Apache-2.0
"""What commands write to: a file of the machine, made with the caller's mask."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator

from mkboot.rehearsal.call import Call
from mkboot.rehearsal.commands.inputs import umask_of

#: How much a pipe is made to hold, in bytes: as much as a user may ask for.
_PIPE = 1 << 20


def widen_pipe(fd: int) -> bool:
    """Make a pipe hold more, so that much data needs fewer turns; whether it is a pipe."""
    if fd < 0 or not stat.S_ISFIFO(os.fstat(fd).st_mode):
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE)
    return True


@contextlib.contextmanager
def create_file(
    call: Call, name: bytes, *, truncate: bool = True, append: bool = False
) -> Iterator[int]:
    """Open a regular file for writing, a new one with the mode that the mask leaves.

    Raises ``OSError`` as the Sun's kernel would.
    """
    path = call.resolve(name)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY
    flags |= os.O_APPEND if append else os.O_TRUNC if truncate else 0
    fresh = not path.exists()
    fd = os.open(path, flags, 0o600)
    try:
        if fresh:
            os.fchmod(fd, 0o666 & ~umask_of(call))
        yield fd
    finally:
        os.close(fd)
