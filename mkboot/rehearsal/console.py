# SPDX-License-Identifier: Apache-2.0
"""The console: a terminal whose other end the machine reads and, for a person, types on.

Whoever reads from it (a process, or a handler of ours) is noticed when nothing else goes on:
the process stands in read(2) on the terminal, and no line is there.  Then ``on_read`` is asked,
with what was printed since the last answer, for what the person types.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import struct
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mkboot.rehearsal.process import readers_of

#: How long nothing is printed before readers are looked for, in seconds, and how often one
#: has to be seen.
QUIET = 0.02
_SEEN = 2
#: What is typed reaches its reader by way of the kernel, which echoes it then; until so many
#: seconds have gone without an echo nobody is taken for a reader who waits for more.
_ECHO = 0.5
#: How often a handler that reads looks whether the machine is still on, in seconds.
_PATIENCE = 0.1
_PIECE = 1 << 16
#: So much of what was printed since the last answer is kept for the person, in bytes.
_SAID = 1 << 13
#: What stops a line that never ends, in bytes.
_LINE_MAX = 1 << 16
END_OF_FILE = b"\x04"


@dataclass(frozen=True, slots=True)
class Line:
    """A line on the console, without its newline; ``at`` is seconds since the console began."""

    at: float
    text: bytes


#: What the person types (a whole line with its newline, ``END_OF_FILE``), or None: nobody.
OnRead = Callable[[bytes], bytes | None]


class Console:
    """The terminal.  ``slave`` is what processes get; ``path`` what is bound over
    /dev/console.  ``start`` begins to listen.
    """

    def __init__(self) -> None:
        self._master, self.slave = os.openpty()
        self.path = Path(os.ttyname(self.slave))
        self.device = os.fstat(self.slave).st_rdev
        self.on_read: OnRead = lambda _said: None
        self.on_silence: Callable[[bytes], None] = lambda _said: None
        self.lines: list[Line] = []
        self.listeners: list[Callable[[bytes], None]] = []
        self.line_listeners: list[Callable[[Line], None]] = []
        self.is_off: Callable[[], bool] = lambda: False
        self._began = time.monotonic()
        self._rest = b""
        self._said = b""
        self._waiting = 0
        self._seen = 0
        self._echo_until = 0.0
        self._lock = threading.Lock()
        self._quiet = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._listen, name="console", daemon=True)
        _make_plain(self.slave)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def is_console(self, fd: int) -> bool:
        """Whether an open file is this terminal."""
        try:
            st = os.fstat(fd)
        except OSError:
            return False
        return stat.S_ISCHR(st.st_mode) and st.st_rdev == self.device

    def read(self, fd: int, size: int) -> bytes:
        """read(2) for a handler: from the console by leave of the person, else as it is.

        Empty at the end of file, and when the machine goes down.
        """
        if not self.is_console(fd):
            return os.read(fd, size)
        with self._lock:
            self._waiting += 1
        try:
            while not self.is_off():
                if select.select([fd], [], [], _PATIENCE)[0]:
                    return os.read(fd, size)
            return b""
        finally:
            with self._lock:
                self._waiting -= 1

    def write(self, data: bytes) -> None:
        """Print, as the kernel or init would."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.slave, view) :]

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until all that was printed was heard."""
        self._quiet.clear()
        self._quiet.wait(seconds)

    def close(self) -> None:
        """Hear what is left, and end."""
        self.settle()
        self._closed = True
        if self._thread.is_alive():
            self._thread.join(1)
        os.close(self._master)
        os.close(self.slave)

    def _listen(self) -> None:
        while not self._closed:
            ready, _, _ = select.select([self._master], [], [], QUIET)
            if ready:
                self._seen = 0
                self._hear(os.read(self._master, _PIECE))
                continue
            self._quiet.set()
            if self._somebody_reads():
                self._seen += 1
                if self._seen >= _SEEN:
                    self._seen = 0
                    self._answer()
            else:
                self._seen = 0

    def _hear(self, data: bytes) -> None:
        self._echo_until = 0.0
        self._said = (self._said + data)[-_SAID:]
        for listener in self.listeners:
            listener(data)
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > _LINE_MAX:
            lines.append(rest)
            rest = b""
        self._rest = rest
        for text in lines:
            line = Line(time.monotonic() - self._began, text.rstrip(b"\r"))
            self.lines.append(line)
            for take in self.line_listeners:
                take(line)

    def _somebody_reads(self) -> bool:
        if self._typed_ahead() or time.monotonic() < self._echo_until:
            return False
        if self._waiting:
            return True
        return any(True for _ in readers_of(self.device))

    def _typed_ahead(self) -> bool:
        packed = fcntl.ioctl(self.slave, termios.FIONREAD, struct.pack("i", 0))
        (count,) = struct.unpack("i", packed)
        return bool(count)

    def _answer(self) -> None:
        said, self._said = self._said, b""
        typed = self.on_read(said)
        if typed is None:
            self.on_silence(said)
            return
        self._echo_until = time.monotonic() + _ECHO
        os.write(self._master, typed)


def _make_plain(fd: int) -> None:
    """Lines are echoed and edited, but a newline stays one byte on the way out."""
    attributes = termios.tcgetattr(fd)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
