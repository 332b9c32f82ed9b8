# SPDX-License-Identifier: Apache-2.0
"""Where a copy is read from: an image, or a drive with all its moods."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from pathlib import Path
from typing import Protocol

from mkboot.errors import CallerError, StoppedError
from mkboot.media.copy import optical

#: What an image is read by, and what a drive is: one request, in bytes.
IMAGE_STEP, DRIVE_STEP = 1 << 20, 1 << 16
#: The smallest step in an image.
SECTOR = 512
#: What a disc's damage looks like; everything else is the machine's trouble.
DAMAGE = frozenset(
    {errno.EIO, errno.ENODATA, errno.EREMOTEIO, errno.ETIMEDOUT, errno.EILSEQ, errno.EBADMSG}
)
_UNALIGNED = frozenset({errno.EINVAL, errno.ENOTSUP})


class Reader(Protocol):
    """What is copied.

    ``size`` is what it says of itself, in bytes; ``block`` the least that can be read;
    ``step`` what is read at once; ``toc`` where the table of contents says that the disc
    ends.
    """

    name: str
    size: int
    block: int
    step: int
    is_drive: bool
    toc: int | None

    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        """At most ``length`` bytes, none only behind the end.

        ``fresh``: from the medium, not from memory.  Raises ``OSError``: one of ``DAMAGE``
        for a place that cannot be read.
        """

    def close(self) -> None:
        """Give it back."""


class ImageReader:
    """A regular file."""

    is_drive = False
    toc: int | None = None
    block, step = SECTOR, IMAGE_STEP

    def __init__(self, path: Path, fd: int) -> None:
        self.name = str(path)
        self._fd = fd
        self.size = os.fstat(fd).st_size
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        """Read; what is in memory is given up first where it must be ``fresh``."""
        if fresh:
            os.posix_fadvise(self._fd, offset, length, os.POSIX_FADV_DONTNEED)
        return os.pread(self._fd, length, offset)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)


class DriveReader:
    """A block device, read past the kernel's memory, and past the size it says where it lies."""

    is_drive = True
    step = DRIVE_STEP

    def __init__(self, path: Path, fd: int) -> None:
        self.name = str(path)
        self._fd = fd
        self.size = os.lseek(fd, 0, os.SEEK_END)
        self.block = max(SECTOR, optical.block_size(fd))
        self._optical = optical.is_optical(fd)
        self.toc = optical.table_of_contents_end(fd) if self._optical else None
        self._direct = _read_directly(path)
        self._room = mmap.mmap(-1, self.step)

    def read(self, offset: int, length: int, *, fresh: bool = False) -> bytes:
        """Read; behind the end that the kernel believes in, the drive is asked itself."""
        length = min(length, self.step)
        if offset < self.size:
            return self._read_inside(offset, min(length, self.size - offset), fresh)
        if not self._optical:
            return b""
        first = offset // self.block * self.block
        stop = min(-(-(offset + length) // self.block) * self.block, first + self.step)
        data = optical.read_by_command(self._fd, self.block, first, stop - first)
        return data[offset - first :][:length]

    def _read_inside(self, offset: int, length: int, fresh: bool) -> bytes:
        aligned = not (offset | length) % self.block
        if self._direct is not None and aligned:
            try:
                done = os.preadv(self._direct, [memoryview(self._room)[:length]], offset)
                return self._room[:done]
            except OSError as e:
                if e.errno not in _UNALIGNED:
                    raise
                os.close(self._direct)
                self._direct = None
        if fresh:
            os.posix_fadvise(self._fd, offset, length, os.POSIX_FADV_DONTNEED)
        return os.pread(self._fd, length, offset)

    def close(self) -> None:
        """Give the device back."""
        if self._direct is not None:
            os.close(self._direct)
        os.close(self._fd)


def _read_directly(path: Path) -> int | None:
    """Around the kernel's memory: no reading ahead into damage, and every read is a new one."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
    except OSError:
        return None


def open_reader(path: Path) -> Reader:
    """Open a drive or an image.

    Raises ``CallerError`` for what is neither, ``StoppedError`` where the drive has no disc.
    """
    try:
        # Opening a pipe that nobody writes to would wait for ever: first look.
        _refuse_others(path, path.stat().st_mode)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as e:
        if e.errno == errno.ENOMEDIUM:
            raise no_disc(str(path)) from e
        raise CallerError(f"{path}: {e.strerror}") from e
    kind = os.fstat(fd).st_mode
    return DriveReader(path, fd) if stat.S_ISBLK(kind) else ImageReader(path, fd)


def _refuse_others(path: Path, kind: int) -> None:
    if not stat.S_ISBLK(kind) and not stat.S_ISREG(kind):
        what = "is a directory" if stat.S_ISDIR(kind) else "is no image and no drive"
        raise CallerError(f"{path}: {what}")


def no_disc(name: str) -> StoppedError:
    """What is told when there is nothing in the drive."""
    return StoppedError(
        f"{name}: there is no disc in the drive", hint="put it in and run the same command again"
    )
