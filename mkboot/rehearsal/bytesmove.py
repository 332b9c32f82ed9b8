# SPDX-License-Identifier: Apache-2.0
"""Much data moved by the kernel: between files, out of pipes, and made holes of."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import stat

from mkboot.errors import StoppedError, stopped_by

#: So much at a time.
PIECE = 1 << 20
_PUNCH = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
_NOT_POSSIBLE = frozenset({errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF})


def punch(fd: int, offset: int, length: int) -> None:
    """Make a stretch of a file read as zeros, as a hole where the file system can."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong)
    if libc.fallocate(fd, _PUNCH, offset, length) == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EOPNOTSUPP, errno.ENOSYS):
        raise stopped_by(OSError(number, os.strerror(number)), "cannot clear")
    zeros = bytes(PIECE)
    while length > 0:
        done = os.pwrite(fd, zeros[: min(length, PIECE)], offset)
        offset, length = offset + done, length - done


def move_data(source: int, target: int, start: int, target_offset: int, end: int) -> None:
    """Copy what is no hole of bytes ``start`` to ``end`` of a file to another, where they come
    to lie ``target_offset`` further on.
    """
    while start < end:
        try:
            start = os.lseek(source, start, os.SEEK_DATA)
            stop = min(os.lseek(source, start, os.SEEK_HOLE), end)
        except OSError as e:
            if e.errno == errno.ENXIO:
                return
            raise stopped_by(e, "cannot copy") from e
        while start < stop:
            start += _copied(source, target, stop - start, start, target_offset + start)


def _copied(source: int, target: int, count: int, start: int, to: int) -> int:
    """Bytes copied from ``start`` of ``source`` to ``to`` of ``target``: at least one."""
    try:
        done = os.copy_file_range(source, target, count, start, to)
    except OSError as e:
        if e.errno not in _NOT_POSSIBLE:
            raise stopped_by(e, "cannot copy") from e
        done = 0
    if not done:
        data = os.pread(source, min(count, PIECE), start)
        if not data:
            raise StoppedError("cannot copy: the file became shorter")
        done = os.pwrite(target, data, to)
    return done


def drain(source: int, target: int) -> int:
    """All that comes from the descriptor ``source`` to its end, appended to the file
    ``target``; the number of bytes.  A pipe is spliced.
    """
    total = 0
    spliced = stat.S_ISFIFO(os.fstat(source).st_mode)
    if spliced:
        with contextlib.suppress(OSError):  # a small pipe is only slower
            fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, PIECE)
    while True:
        try:
            done = os.splice(source, target, PIECE) if spliced else _read_on(source, target)
        except OSError as e:
            if not spliced or e.errno not in _NOT_POSSIBLE:
                raise stopped_by(e, "cannot spool") from e
            spliced = False
            continue
        if not done:
            return total
        total += done


def _read_on(source: int, target: int) -> int:
    data = memoryview(os.read(source, PIECE))
    at = 0
    while at < len(data):
        at += os.write(target, data[at:])
    return len(data)
