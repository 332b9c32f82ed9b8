# SPDX-License-Identifier: Apache-2.0
"""The one door to other programs.

A program is run with no standard input unless some is given, in a process group of its
own that is killed whole when it takes too long, and its exit status is always judged.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import ProgramError

#: The Debian package that brings a program, where it is not called the same.
PACKAGES: Mapping[str, str] = {
    "qemu-system-sparc": "qemu-system-sparc",
    "qemu-system-sparc64": "qemu-system-sparc",
    "qemu-system-x86_64": "qemu-system-x86",
    "rsvg-convert": "librsvg2-bin",
}


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


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(err: bytes) -> str:
    lines = err.decode("utf-8", "backslashreplace").strip().splitlines()
    return f": {lines[-1]}" if lines else ""
