# SPDX-License-Identifier: Apache-2.0
"""Hears the stubs, one thread for each, and answers them."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mkboot.errors import BugError, MkbootError
from mkboot.rehearsal.call import Call, Exec, Exit, Outcome, write_all
from mkboot.rehearsal.paths import join_inside
from mkboot.rehearsal.process import Process, ignores, is_alive, look_at, take_descriptors
from mkboot.rehearsal.stub import ANSWERS, REQUEST, Tools, quoted

if TYPE_CHECKING:
    from mkboot.rehearsal.machine import Machine

#: FIFOs that are made before somebody asks, so that the next stubs need not wait for one.
_AHEAD = 16
_HANDLER = "handler"
_PREPARED_MAX = 256
#: Between two looks whether a stub has opened its FIFO, in seconds.
_NAP = 0.0002


class Requests:
    """Listens on the request FIFO from ``start`` on.

    ``failed`` hears of what a handler raised: the rehearsal ends by it.
    """

    def __init__(
        self, machine: Machine, tools: Tools, failed: Callable[[BaseException], None]
    ) -> None:
        self._machine = machine
        self._tools = tools
        self._failed = failed
        self._fifo = os.open(tools.here / REQUEST, os.O_RDWR | os.O_CLOEXEC)
        self._prepared: set[int] = set()
        self._waiting: dict[int, int] = {}
        self._lock = threading.Lock()
        self._active = 0
        self.count = 0
        self._thread = threading.Thread(target=self._listen, name="requests", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    @property
    def active(self) -> int:
        """How many commands are being carried out."""
        return self._active

    def terminate(self) -> None:
        """SIGTERM came to all: whoever does not ignore it ends.

        posh does not die of it while it reads a FIFO, so it is told.
        """
        with self._lock:
            waiting = dict(self._waiting)
            for pid, fd in waiting.items():
                if not ignores(pid, signal.SIGTERM):
                    with contextlib.suppress(BrokenPipeError):
                        os.write(fd, b"exit %d\n" % (128 + signal.SIGTERM))

    def is_handler(self) -> bool:
        """Whether it is a handler that asks."""
        return threading.current_thread().name == _HANDLER

    def _listen(self) -> None:
        rest = b""
        while True:
            *lines, rest = (rest + os.read(self._fifo, 4096)).split(b"\n")
            for line in lines:
                if line.isdigit():
                    self._begin(int(line))

    def _begin(self, pid: int) -> None:
        with self._lock:
            self.count += 1
            self._active += 1
            for number in range(pid, pid + _AHEAD):
                self._prepare(number)
            if len(self._prepared) > _PREPARED_MAX:
                self._clear_away(pid)
        threading.Thread(target=self._serve, args=(pid,), name=_HANDLER, daemon=True).start()

    def _prepare(self, pid: int) -> None:
        if pid not in self._prepared:
            os.mkfifo(self._fifo_of(pid), 0o600)
            self._prepared.add(pid)

    def _clear_away(self, latest: int) -> None:
        """Take away the FIFOs of processes that were no stubs."""
        for pid in [p for p in self._prepared if not latest <= p < latest + _AHEAD]:
            if not is_alive(pid):
                self._remove(pid)

    def _remove(self, pid: int) -> None:
        if pid in self._prepared:
            self._prepared.remove(pid)
            self._fifo_of(pid).unlink()

    def _fifo_of(self, pid: int) -> Path:
        return self._tools.here / ANSWERS / str(pid)

    def _serve(self, pid: int) -> None:
        try:
            answer = self._meet(pid)
            if answer >= 0:
                self._waiting[pid] = answer
                try:
                    self._serve_open(pid, answer)
                finally:
                    with self._lock:
                        del self._waiting[pid]
                    os.close(answer)
        finally:
            with self._lock:
                self._active -= 1

    def _meet(self, pid: int) -> int:
        """The stub's FIFO, opened for writing as soon as the stub opens it; -1 when it died.

        From then on its descriptors are the caller's own (while it told its number, one was
        the request FIFO).
        """
        path = self._fifo_of(pid)
        tries = 0
        while True:
            try:
                fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as e:
                tries += 1
                if e.errno != errno.ENXIO or (tries % 64 == 0 and not is_alive(pid)):
                    fd = -1
                else:
                    time.sleep(_NAP)
                    continue
            with self._lock:
                self._remove(pid)
            if fd >= 0:
                os.set_blocking(fd, True)
            return fd

    def _serve_open(self, pid: int, answer: int) -> None:
        try:
            seen = look_at(pid)
            taken = take_descriptors(pid, (0, 1, 2))
        except OSError:
            return  # it was killed while it waited
        try:
            line = self._carry_out(seen, taken)
        finally:
            for fd in taken:
                if fd >= 0:
                    os.close(fd)
        if line is not None:
            with contextlib.suppress(BrokenPipeError):
                write_all(answer, line + b"\n")

    def _carry_out(self, seen: Process, taken: list[int]) -> bytes | None:
        """The answer for a stub; None where there is none any more."""
        try:
            call = self._call_of(seen, taken)
            outcome = self._machine.dispatch(call)
            return self._line(call, outcome)
        except BrokenPipeError:
            _kill(seen.pid, signal.SIGPIPE)
            return None
        except MkbootError as e:
            self._ended_by(seen, e)
        except BaseException as e:
            self._ended_by(seen, BugError(f"{b' '.join(seen.argv)!r}: {type(e).__name__}: {e}"))
            raise
        return None

    def _ended_by(self, seen: Process, error: MkbootError) -> None:
        """An error ends the rehearsal, unless it comes of its caller's end."""
        if is_alive(seen.pid) and not self._machine.is_going_down:
            self._failed(error)

    def _call_of(self, seen: Process, taken: list[int]) -> Call:
        script = seen.argv[1] if len(seen.argv) > 1 else b""
        cwd = self._machine.inside_path(seen.directory)
        path = os.path.normpath(b"/" + join_inside(cwd, script).lstrip(b"/"))
        name = _name_called(path, seen.environment.get(b"PATH", b""))
        argv = (name, *seen.argv[2:])
        stdin, stdout, stderr = taken
        return Call(
            os.fsdecode(path), argv, seen.environment, cwd, stdin, stdout, stderr,
            self._machine, seen.pid,
        )  # fmt: skip

    def _line(self, call: Call, outcome: Outcome) -> bytes:
        if isinstance(outcome, Exit):
            return b"exit %d" % (outcome.code & 0xFF)
        self._make_real(call, outcome)
        settings = b"".join(
            name + b"=" + quoted(value) + b"; export " + name + b"; "
            for name, value in outcome.environment
        )
        return settings + self._tools.start_line(outcome.program, outcome.arguments)

    def _make_real(self, call: Call, outcome: Exec) -> None:
        """Fill in what a real program is going to read."""
        shadow = self._machine.shadow
        words = call.argv[1:] if outcome.arguments is None else outcome.arguments
        for word in (*words, *outcome.reads):
            with contextlib.suppress(OSError):
                if word and b"\0" not in word:
                    shadow.fill(call.resolve(word))
        if call.stdin >= 0:
            shadow.fill_open(call.stdin)


def _name_called(path: bytes, search: bytes) -> bytes:
    """What the caller probably typed: the bare name where PATH leads to the command.

    The kernel keeps only the path of a script.
    """
    folder, _, name = path.rpartition(b"/")
    return name if folder in search.split(b":") else path


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
