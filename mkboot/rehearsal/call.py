# SPDX-License-Identifier: Apache-2.0
"""One call of one command of the emulated machine, as a handler sees it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.paths import join_inside, resolve_inside
from mkboot.tree.source import ByteSource

if TYPE_CHECKING:
    from mkboot.rehearsal.machine import Machine

__all__ = ["Call", "Exec", "Exit", "Handler", "NotModelled", "Outcome"]

#: How much is read from a descriptor at once, in bytes.
PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Exit:
    """The command ends with this status."""

    code: int


@dataclass(frozen=True, slots=True)
class Exec:
    """A program of the workstation takes the command's place, with its file descriptors.

    ``program`` is its name among those that were copied in.  ``arguments`` are what comes
    after the name; None: those of the call, untouched.  ``environment`` is set on top of the
    call's.  ``reads`` are further files (names as the script sees them) that have to be real
    before it runs: those among its arguments and its standard input are seen to anyhow.
    """

    program: str
    arguments: tuple[bytes, ...] | None = None
    environment: tuple[tuple[bytes, bytes], ...] = ()
    reads: tuple[bytes, ...] = ()


Outcome = Exit | Exec


@dataclass(frozen=True, slots=True)
class Call:
    """A command that was called and waits for its outcome.

    ``path`` is where it was found inside, absolute, links not followed; ``argv[0]`` is its
    bare name where PATH leads to it, else the path.  ``stdin``, ``stdout`` and ``stderr`` are
    the caller's own open files, with their positions; they are closed when the handler ends,
    and -1 where the caller has none.  ``pid`` is the process that waits.
    """

    path: str
    argv: tuple[bytes, ...]
    env: Mapping[bytes, bytes]
    cwd: bytes
    stdin: int
    stdout: int
    stderr: int
    machine: Machine
    pid: int = 0

    def out(self, data: bytes) -> None:
        """Write all to standard output.  ``BrokenPipeError`` where nobody reads any more, which
        ends the command as SIGPIPE would.
        """
        write_all(self.stdout, data)

    def err(self, data: bytes) -> None:
        """Write all to standard error."""
        write_all(self.stderr, data)

    def read_stdin(self, size: int = PIECE) -> Iterator[bytes]:
        """Standard input to its end, piece by piece; nothing where there is none.

        A read from the console is a read by a person's leave, as everywhere.
        """
        while data := self.read_some(size):
            yield data

    def read_some(self, size: int = PIECE) -> bytes:
        """What one read(2) of standard input gives; empty at its end."""
        if self.stdin < 0:
            return b""
        return self.machine.console.read(self.stdin, size)

    def read_line(self, fd: int | None = None) -> bytes:
        """One line of standard input (or of ``fd``) with its newline; empty at the end."""
        line = bytearray()
        where = self.stdin if fd is None else fd
        while not line.endswith(b"\n"):
            data = self.machine.console.read(where, 1) if where >= 0 else b""
            if not data:
                break
            line += data
        return bytes(line)

    def absolute(self, name: bytes) -> bytes:
        """A name as the script gives it, from the root of the machine on."""
        return join_inside(self.cwd, name)

    def resolve(self, name: bytes, *, follow: bool = True) -> Path:
        """Where a name as the script sees it lies on the workstation: below the machine's root,
        links followed inside, never outside.  The last part need not exist.  ``follow``: whether
        a link at the end is followed too.

        Raises ``OSError`` ENOENT, ENOTDIR, ELOOP as the Sun's kernel would.
        """
        return resolve_inside(self.machine.root, self.absolute(name), follow=follow)

    def inside(self, name: bytes) -> bytes:
        """The same as a path inside: absolute, without links."""
        return self.machine.inside(self.resolve(name))

    def source(self, name: bytes) -> ByteSource | None:
        """The content of a regular file, by reference where it is a placeholder; None where
        there is no such file.
        """
        try:
            path = self.resolve(name)
        except OSError:
            return None
        return self.machine.shadow.source(path)

    def source_of_fd(self, fd: int) -> ByteSource | None:
        """The whole content of the regular file behind a descriptor, else None."""
        return self.machine.shadow.source_of_fd(fd) if fd >= 0 else None


Handler = Callable[[Call], Outcome]


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``; nothing where ``fd`` is -1."""
    view = memoryview(data)
    while view and fd >= 0:
        view = view[os.write(fd, view) :]
