# SPDX-License-Identifier: Apache-2.0
"""Where a disc is written and read: a drive, or a file that stands for a disc.

Sources: Linux' uapi headers cdrom.h and fs.h for the calls.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mkboot.errors import CallerError, StoppedError
from mkboot.media.copy.optical import read_by_command
from mkboot.model.sizes import BLOCK

STDIO = "stdio:"
_CDROMEJECT, _CDROMCLOSETRAY, _BLKFLSBUF = 0x5309, 0x5319, 0x1261
_SETTLES, _PAUSE = 60.0, 0.5


@dataclass(frozen=True, slots=True)
class Drive:
    """``path`` is a device, or with ``is_file`` a plain file that plays a disc."""

    path: Path
    is_file: bool

    @property
    def address(self) -> str:
        """What the burning programs call it."""
        return f"{STDIO}{self.path}" if self.is_file else str(self.path)


def parse_drive(text: str) -> Drive:
    """``/dev/sr0`` or ``stdio:FILE``; raises ``CallerError`` for what is neither."""
    if text.startswith(STDIO):
        name = text.removeprefix(STDIO)
        if not name:
            raise CallerError("stdio: wants a file after it", hint="--drive stdio:disc.img")
        path = Path(name).absolute()
        if path.exists() and not path.is_file():
            raise CallerError(f"{path} is no regular file", hint="give another name")
        return Drive(path, is_file=True)
    path = Path(text).absolute()
    try:
        mode = path.stat().st_mode
    except OSError as e:
        hint = "lsblk lists drives; stdio:FILE writes to a file"
        raise CallerError(f"{text}: {e.strerror}", hint=hint) from e
    if not stat.S_ISBLK(mode) and not stat.S_ISCHR(mode):
        raise CallerError(f"{text} is no drive", hint=f"{STDIO}{text} writes to a file")
    return Drive(path, is_file=False)


class DiscReader:
    """The written disc, open for reading; nothing comes from the kernel's memory.

    ``size`` is what the drive says, in bytes, and may be wrong: what lies behind it is asked
    of the drive itself.
    """

    def __init__(self, drive: Drive) -> None:
        self._fd = os.open(drive.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._is_file = drive.is_file
            if drive.is_file:
                os.fsync(self._fd)
            else:
                with contextlib.suppress(OSError):
                    fcntl.ioctl(self._fd, _BLKFLSBUF, 0)
            os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
            self.size = os.lseek(self._fd, 0, os.SEEK_END)
        except BaseException:
            os.close(self._fd)
            raise

    def pread(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes; none where the disc ends.  Raises ``OSError``."""
        data = os.pread(self._fd, length, offset)
        if data or self._is_file or offset % BLOCK or length % BLOCK:
            return data
        return read_by_command(self._fd, BLOCK, offset, length)

    def close(self) -> None:
        """Give the drive back."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def reload_disc(drive: Drive) -> bool:
    """Out with the tray and in again, so that the kernel learns what is on the disc now.

    False where the tray is out and must be pushed in by hand.  A drive that does not open
    its tray is read as it is.
    """
    if drive.is_file:
        return True
    fd = os.open(drive.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not _obeys(fd, _CDROMEJECT):
            return True
        return _obeys(fd, _CDROMCLOSETRAY)
    finally:
        os.close(fd)


def _obeys(fd: int, order: int) -> bool:
    try:
        fcntl.ioctl(fd, order, 0)
    except OSError:
        return False
    return True


def open_tray(drive: Drive) -> None:
    """Hand the disc over; a drive that cannot is left as it is."""
    if drive.is_file:
        return
    with contextlib.suppress(OSError):
        fd = os.open(drive.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _obeys(fd, _CDROMEJECT)
        finally:
            os.close(fd)


def open_disc(drive: Drive) -> DiscReader:
    """Wait until the disc turns, and open it; ``StoppedError`` when it does not."""
    end = time.monotonic() + (0 if drive.is_file else _SETTLES)
    while True:
        try:
            return DiscReader(drive)
        except OSError as e:
            waits = e.errno in (errno.ENOMEDIUM, errno.EIO, errno.EBUSY)
            if not waits or time.monotonic() >= end:
                raise StoppedError(
                    f"{drive.path}: cannot be read back: {e.strerror}",
                    hint="the disc is not proved: mkboot copy reads it, and compares with --expect",
                ) from e
        time.sleep(_PAUSE)
