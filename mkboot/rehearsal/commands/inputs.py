# SPDX-License-Identifier: Apache-2.0
"""What commands read: standard input, files by reference, slices of disks, pipes."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mkboot.rehearsal.call import Call
from mkboot.rehearsal.hardware import Unit
from mkboot.rehearsal.names import DeviceRef, device_at
from mkboot.tree.content import CHUNK
from mkboot.tree.source import ByteSource, FileSource

#: Solaris' texts where they differ from the workstation's.
_REASONS = {
    errno.EBUSY: b"Device busy",
    errno.EIO: b"I/O error",
    errno.EXDEV: b"Cross-device link",
    errno.ELOOP: b"Number of symbolic links encountered during path name traversal"
    b" exceeds MAXSYMLINKS",
}
_LINE_MAX = 1 << 20
#: Errors of output of which most handlers do not know how they are told.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def about_output(error: OSError) -> bool:
    """Whether an error is that of an output: nobody reads, or there is no room."""
    return isinstance(error, BrokenPipeError) or error.errno in FULL


def reason(error: OSError) -> bytes:
    """The text that the Sun has for an error."""
    number = error.errno or errno.EIO
    return _REASONS.get(number) or os.strerror(number).encode()


@dataclass(frozen=True, slots=True)
class Opened:
    """An input: ``source`` from byte ``start`` on, or ``fd`` where it can only be read on."""

    name: bytes
    source: ByteSource | None
    fd: int = -1
    start: int = 0


@contextlib.contextmanager
def opened(call: Call, name: bytes | None) -> Iterator[Opened]:
    """Open ``name``, or standard input for None.  Raises ``OSError`` as the Sun's kernel would.

    Standard input that is a file is read from its position on, and stands at its end
    afterwards.
    """
    if name is None:
        yield from _standard_input(call)
        return
    path = call.resolve(name)
    kind = path.lstat().st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    device = device_at_path(call, path)
    if device is not None:
        yield Opened(name, device.unit.window(device.slice))
        return
    source = call.machine.shadow.source(path)
    if source is not None:
        try:
            yield Opened(name, source)
        finally:
            _close(source)
        return
    fd = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield Opened(name, None, fd)
    finally:
        os.close(fd)


def _standard_input(call: Call) -> Iterator[Opened]:
    if call.stdin < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    device = device_of_fd(call, call.stdin)
    source = call.source_of_fd(call.stdin) if device is None else device.unit.window(device.slice)
    if source is None:
        yield Opened(b"", None, call.stdin)
        return
    start = os.lseek(call.stdin, 0, os.SEEK_CUR)
    try:
        yield Opened(b"", source, call.stdin, start)
    finally:
        os.lseek(call.stdin, max(start, source.size), os.SEEK_SET)
        _close(source)


def device_at_path(call: Call, path: Path) -> DeviceRef | None:
    """The device whose node lies at a path of the workstation, or None.

    Raises ``ValueError`` for a path that is not the machine's.
    """
    return device_at(units_of(call), call.machine.inside(path))


def units_of(call: Call) -> tuple[Unit, ...]:
    """All disks and drives of the machine."""
    return (*call.machine.disks, *call.machine.drives)


def device_of_fd(call: Call, fd: int) -> DeviceRef | None:
    """The device that an open file of the caller is, or None."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return None
    path = Path(f"/proc/self/fd/{fd}").readlink()
    with contextlib.suppress(ValueError, OSError):
        return device_at_path(call, path)
    return None


def _close(source: ByteSource) -> None:
    if isinstance(source, FileSource):
        source.close()


def chunks(call: Call, given: Opened) -> Iterator[bytes]:
    """All of an input, in pieces."""
    if given.source is None:
        if given.fd == call.stdin:
            yield from call.read_stdin(CHUNK)
            return
        while data := os.read(given.fd, CHUNK):
            yield data
        return
    at = given.start
    while data := given.source.pread(at, CHUNK):
        at += len(data)
        yield data


def lines(call: Call, given: Opened) -> Iterator[bytes]:
    """The lines of an input, each with its newline if it has one.

    Raises ``OSError`` EOVERFLOW for a line of more than a megabyte.
    """
    rest = b""
    for data in chunks(call, given):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(rest) > _LINE_MAX:
            raise OSError(errno.EOVERFLOW, os.strerror(errno.EOVERFLOW), given.name)
    if rest:
        yield rest


def umask_of(call: Call) -> int:
    """The caller's mask of permissions."""
    if not call.pid:
        return 0o022
    for line in Path(f"/proc/{call.pid}/status").read_bytes().splitlines():
        if line.startswith(b"Umask:"):
            return int(line.split()[1], 8)
    return 0o022
