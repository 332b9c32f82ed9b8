# SPDX-License-Identifier: Apache-2.0
"""The processes of the machine: who there is, what they wait for, and how they are ended.

The machine is process 1 of its own process namespace, so all others in ``/proc`` are the
machine's.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import stat
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mkboot.errors import ProgramError

PROC = Path("/proc")
_PIDFD_GETFD = 438
_OPEN_MAX = 1 << 20


class _Calls(NamedTuple):
    """Numbers of system calls; those of the generic table have no poll."""

    read: int
    poll: int
    ppoll: int


_CALLS = {
    "x86_64": _Calls(0, 7, 271), "i686": _Calls(3, 168, 309), "ppc64le": _Calls(3, 167, 281),
    "s390x": _Calls(3, 168, 302), "armv7l": _Calls(3, 168, 336),
}  # fmt: skip
_GENERIC = _Calls(63, -2, 73)
#: struct pollfd: descriptor, events wanted, events seen.
_POLLFD = struct.Struct("=ihh")
_POLL_MAX = 64


@dataclass(frozen=True, slots=True)
class Process:
    """What a process that waits says of itself."""

    pid: int
    argv: tuple[bytes, ...]
    environment: dict[bytes, bytes]
    directory: bytes


def pids() -> list[int]:
    """All processes but the machine itself, smallest first."""
    me = str(os.getpid())
    return sorted(int(p.name) for p in PROC.iterdir() if p.name.isdigit() and p.name != me)


def look_at(pid: int) -> Process:
    """Arguments, environment and working directory; ``OSError`` when it is gone."""
    here = PROC / str(pid)
    words = (here / "cmdline").read_bytes().split(b"\0")[:-1]
    pairs = (here / "environ").read_bytes().split(b"\0")[:-1]
    environment = dict(p.split(b"=", 1) for p in pairs if b"=" in p)
    return Process(pid, tuple(words), environment, os.fsencode((here / "cwd").readlink()))


def is_alive(pid: int) -> bool:
    """Whether it still runs; one that only waits to be reaped does not."""
    try:
        text = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return False
    return text.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def ignores(pid: int, number: int) -> bool:
    """Whether a process ignores a signal."""
    try:
        text = (PROC / str(pid) / "status").read_text()
    except OSError:
        return False
    mask = next((w for w in text.splitlines() if w.startswith("SigIgn:")), "SigIgn: 0")
    return bool(int(mask.split()[1], 16) >> (number - 1) & 1)


def take_descriptors(pid: int, numbers: tuple[int, ...]) -> list[int]:
    """Copies of a process' open files, sharing their positions; -1 for one that is not open.

    Raises ``OSError`` when the process is gone or may not be looked into.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.pidfd_open(pid)
    taken: list[int] = []
    try:
        for number in numbers:
            fd = libc.syscall(_PIDFD_GETFD, handle, number, 0)
            code = ctypes.get_errno()
            if fd < 0 and code != errno.EBADF:
                raise OSError(code, os.strerror(code))
            taken.append(fd)
    except OSError:
        for fd in taken:
            if fd >= 0:
                os.close(fd)
        raise
    finally:
        os.close(handle)
    return taken


def signal_all(number: int) -> None:
    """Send a signal to every process but the machine itself.

    As process 1 of a namespace the machine reaches all of it at once; as another process it
    must not, and raises ``ProgramError``.
    """
    if os.getpid() != 1:
        raise ProgramError("the machine does not run in a process namespace of its own")
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        return


def wait_until_gone(seconds: float) -> bool:
    """Wait until no process is left but those to be reaped; whether that came."""
    end = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids()):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def end_all(grace: float, terminated: Callable[[], None]) -> None:
    """SIGTERM to all, ``grace`` seconds, then SIGKILL: as halt(1M) and reboot(1M) do.

    ``terminated`` is called in between.
    """
    signal_all(signal.SIGTERM)
    terminated()
    if not wait_until_gone(grace):
        kill_all()


def kill_all() -> None:
    """SIGKILL to all at once, until nobody is left."""
    for _ in range(100):
        signal_all(signal.SIGKILL)
        if wait_until_gone(0.1):
            return
    raise ProgramError("processes of the machine cannot be killed")


def reap() -> None:
    """Take away what ended and belonged to a process that ended before."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def readers_of(device: int) -> Iterator[int]:
    """The processes that wait for input from the terminal ``device`` (its st_rdev): in read(2),
    or in poll(2), as the shell of busybox does before it reads.
    """
    calls = _CALLS.get(os.uname().machine, _GENERIC)
    for pid in pids():
        try:
            words = (PROC / str(pid) / "syscall").read_bytes().split()
            if len(words) > 2 and any(_is(pid, fd, device) for fd in _awaited(pid, calls, words)):
                yield pid
        except OSError:
            continue


def _awaited(pid: int, calls: _Calls, words: list[bytes]) -> list[int]:
    """The descriptors that a system call, as /proc shows it, waits to read from."""
    number = int(words[0]) if words[0].isdigit() else -1
    first, second = int(words[1], 16), int(words[2], 16)
    if number == calls.read:
        return [first]
    if number not in (calls.poll, calls.ppoll) or not 0 < second <= _POLL_MAX:
        return []
    with (PROC / str(pid) / "mem").open("rb", buffering=0) as memory:
        memory.seek(first)
        data = memory.read(second * _POLLFD.size)
    whole = len(data) // _POLLFD.size * _POLLFD.size
    return [fd for fd, events, _ in _POLLFD.iter_unpack(data[:whole]) if events & select.POLLIN]


def _is(pid: int, fd: int, device: int) -> bool:
    if not 0 <= fd <= _OPEN_MAX:
        return False
    st = (PROC / str(pid) / "fd" / str(fd)).stat()
    return stat.S_ISCHR(st.st_mode) and st.st_rdev == device
