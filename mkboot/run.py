# SPDX-License-Identifier: Apache-2.0
"""The one door to other programs.

A program is run with no standard input unless some is given, in a process group of its
own that is killed whole when it takes too long, and its exit status is always judged.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mkboot.errors import ProgramError

#: The Debian package that brings a program, where it is not called the same.
PACKAGES: Mapping[str, str] = {
    "qemu-system-sparc": "qemu-system-sparc",
    "qemu-system-sparc64": "qemu-system-sparc",
    "qemu-system-x86_64": "qemu-system-x86",
    "rsvg-convert": "librsvg2-bin",
    "compress": "ncompress",
    "unshare": "util-linux",
    "chroot": "coreutils",
}

#: How much a filter is read at once, and how much of its last words is kept, in bytes.
_PIECE = 1 << 18
_SAID = 1 << 16


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program that ended said; ``timed_out`` means that it was killed."""

    status: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False


def find_program(name: str) -> Path | None:
    """Where ``name`` is on PATH, or None."""
    found = shutil.which(name)
    return Path(found) if found else None


def require_program(name: str) -> Path:
    """Like ``find_program``; a missing one is a ``ProgramError`` that names its package."""
    found = find_program(name)
    if found is None:
        package = PACKAGES.get(name, name)
        raise ProgramError(f"{name} is not installed", hint=f"apt-get install {package}")
    return found


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    stdin: bytes | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
    time_out_is_error: bool = True,
) -> Completed:
    """Run one program to its end.

    ``timeout`` is in seconds.  Raises ``ProgramError`` when the program cannot be
    started, when it is killed for taking too long (unless ``time_out_is_error`` is
    false), and, with ``check``, when it ends with another status than 0.
    """
    name = os.fspath(argv[0])
    try:
        process = subprocess.Popen(
            [os.fspath(a) for a in argv],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as e:
        raise ProgramError(f"{name}: {e.strerror or e}") from e
    timed_out = False
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        _kill(process)
        out, err = process.communicate()
    except BaseException:
        _kill(process)
        process.wait()
        raise
    done = Completed(process.returncode, out, err, timed_out)
    if timed_out and time_out_is_error:
        raise ProgramError(f"{name} was still running after {timeout:g} seconds")
    if check and not timed_out and done.status != 0:
        raise ProgramError(f"{name} ended with status {done.status}{_last_line(err)}")
    return done


def pour(
    argv: Sequence[str | os.PathLike[str]],
    pieces: Iterable[bytes],
    take: Callable[[bytes], object],
    *,
    accept: Collection[int] = (0,),
) -> int:
    """Run a filter: ``pieces`` go in, what comes out goes to ``take`` piece by piece.

    Nothing is kept in memory.  An error that ``pieces`` or ``take`` raises kills the
    program and is raised here.  Raises ``ProgramError`` when it cannot be started or ends
    with a status that is not among ``accept``; else returns the status.
    """
    name = os.fspath(argv[0])
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                [os.fspath(a) for a in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        except OSError as e:
            raise ProgramError(f"{name}: {e.strerror or e}") from e
        with process:
            _pour(process, pieces, take)
        status = process.returncode
        said.seek(0)
        err = said.read(_SAID)
    if status not in accept:
        raise ProgramError(f"{name} ended with status {status}{_last_line(err)}")
    return status


def _pour(
    process: subprocess.Popen[bytes], pieces: Iterable[bytes], take: Callable[[bytes], object]
) -> None:
    if process.stdin is None or process.stdout is None:
        raise ProgramError("a filter without a pipe")
    with ThreadPoolExecutor(1, "mkboot-pour") as pool:
        fed = pool.submit(_feed, process.stdin, pieces)
        try:
            while data := process.stdout.read(_PIECE):
                take(data)
            fed.result()
        except BaseException:
            _kill(process)
            raise


def _feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    """Write everything; a program that wants no more is judged by its status."""
    try:
        with pipe:
            for piece in pieces:
                pipe.write(piece)
    except BrokenPipeError:
        return


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(err: bytes) -> str:
    lines = err.decode("utf-8", "backslashreplace").strip().splitlines()
    return f": {lines[-1]}" if lines else ""


class Started:
    """A program that runs with open files of the caller's, in a session of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._handle = os.pidfd_open(process.pid)
        self.pid = process.pid

    def ended(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        return bool(select.select([self._handle], [], [], seconds)[0])

    def wait(self) -> int:
        """Its exit status, or minus the number of the signal that ended it."""
        status = self._process.wait()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        return status

    def kill(self) -> None:
        """End it and its process group."""
        _kill(self._process)


def start(
    argv: Sequence[bytes],
    *,
    stdin: int,
    stdout: int,
    stderr: int,
    env: Mapping[bytes, bytes],
) -> Started:
    """Start a program on open files, with exactly this environment."""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=dict(env),
            start_new_session=True,
        )
    except (OSError, ValueError) as e:
        raise ProgramError(f"{argv[0].decode(errors='backslashreplace')}: {e}") from e
    return Started(process)


@contextlib.contextmanager
def talking(
    argv: Sequence[str | os.PathLike[str]],
    first: bytes,
    *,
    seconds: float,
    env: Mapping[str, str] | None = None,
) -> Iterator[Iterator[bytes]]:
    """A program that is given ``first`` and then tells lines: iterate over them.

    Its standard input stays open until the block is left: its end tells it to end, too.  It is
    killed with its process group when the block is left, or ``seconds`` are over, which is a
    ``ProgramError`` as a status other than 0 is.
    """
    name = os.fspath(argv[0])
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                [os.fspath(a) for a in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=None if env is None else dict(env),
                start_new_session=True,
            )
        except OSError as e:
            raise ProgramError(f"{name}: {e.strerror or e}") from e
        with process:
            try:
                yield _lines(process, first, time.monotonic() + seconds, said)
            finally:
                _kill(process)


def _lines(
    process: subprocess.Popen[bytes], first: bytes, end: float, said: IO[bytes]
) -> Iterator[bytes]:
    if process.stdin is None or process.stdout is None:
        raise ProgramError("a program without a pipe")
    view = memoryview(first + b"\n")
    with contextlib.suppress(BrokenPipeError):
        while view:
            view = view[os.write(process.stdin.fileno(), view) :]
    rest = b""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise ProgramError("it was still running at the end of its time")
        data = os.read(process.stdout.fileno(), _PIECE)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    status = process.wait()
    if status:
        said.seek(max(0, said.seek(0, os.SEEK_END) - _SAID))
        raise ProgramError(f"it ended with status {status}{_last_line(said.read())}")


def follow(
    argv: Sequence[str | os.PathLike[str]],
    hear: Callable[[bytes], object],
    *,
    silence: float,
    farewell: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run a program that tells how far it is; ``hear`` gets its lines as they come.

    Standard output and errors come together; a line ends with a newline or a carriage
    return.  What it said last is the ``stdout`` of the answer, whatever its status.  It is
    asked to end, and after ``farewell`` seconds made to, when it says nothing for ``silence``
    seconds (a ``ProgramError``) or ``hear`` or the user stops it.
    """
    name = os.fspath(argv[0])
    try:
        process = subprocess.Popen(
            [os.fspath(a) for a in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as e:
        raise ProgramError(f"{name}: {e.strerror or e}") from e
    with process:
        try:
            said = _hear_all(process, name, hear, silence)
        except BaseException:
            _ask_to_end(process, farewell)
            raise
    return Completed(process.returncode, said, b"")


def _hear_all(
    process: subprocess.Popen[bytes], name: str, hear: Callable[[bytes], object], silence: float
) -> bytes:
    if process.stdout is None:
        raise ProgramError("a program without a pipe")
    rest = said = b""
    while True:
        if not select.select([process.stdout], [], [], silence)[0]:
            raise ProgramError(f"{name} said nothing for {silence:g} seconds and was stopped")
        data = os.read(process.stdout.fileno(), _PIECE)
        if not data:
            break
        said = (said + data)[-_SAID:]
        *lines, rest = (rest[-_SAID:] + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            hear(line)
    if rest:
        hear(rest)
    process.wait()
    return said


def _ask_to_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """A program that has a device in its hands gets the time to let go of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill(process)
