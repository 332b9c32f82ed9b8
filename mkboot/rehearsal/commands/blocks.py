# SPDX-License-Identifier: Apache-2.0
"""dd, with its traps: count=0 copies all, two lines on standard error, short reads count.

Source: illumos usr/src/cmd/dd/dd.c as the facts have it, in own words.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mkboot.rehearsal.call import Call, Exit, Outcome, write_all
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.inputs import (
    Opened,
    device_at_path,
    device_of_fd,
    opened,
    reason,
)
from mkboot.rehearsal.commands.outputs import create_file
from mkboot.rehearsal.hardware import SliceWindow
from mkboot.rehearsal.matching import Matched
from mkboot.tree.source import ByteSource

_UNITS = {b"k": 1024, b"b": 512, b"w": 2, b"": 1}
_BLOCK = 512
_BLOCK_MAX = 1 << 28
#: So many errors in a row end it, noerror or not.
_ERRORS_MAX = 5


def number(text: bytes) -> int:
    """``3``, ``4k``, ``2b``, ``2x512``: a product of numbers with their units."""
    value = 1
    for found in re.finditer(rb"([0-9]+)([kbw]?)", text):
        value *= int(found[1]) * _UNITS[found[2]]
    return value


@dataclass(slots=True)
class _Counts:
    """Whole and partial blocks."""

    whole: int = 0
    partial: int = 0

    def add(self, length: int, size: int) -> None:
        if length == size:
            self.whole += 1
        elif length:
            self.partial += 1

    def line(self, what: str) -> bytes:
        return f"{self.whole}+{self.partial} records {what}\n".encode()


class _Ended(Exception):  # noqa: N818  (the message is told)
    """dd ends; the outcome is its code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def dd(call: Call, matched: Matched) -> Outcome:
    """Copy blocks."""
    return _Copy(call, matched).run()


class _Copy:
    def __init__(self, call: Call, matched: Matched) -> None:
        self._call = call
        self._matched = matched
        both = self._number("bs", 0)
        self._in = both or self._number("ibs", _BLOCK)
        self._out = both or self._number("obs", _BLOCK)
        self._joined = bool(both)
        if not 0 < max(self._in, self._out) <= _BLOCK_MAX or not min(self._in, self._out):
            raise not_modelled(call, matched, "a block of that size")
        self._count = self._number("count", 0)
        self._conversions = (matched.value("conv") or b"").split(b",")
        self._read, self._written = _Counts(), _Counts()
        self._pending = bytearray()

    def _number(self, name: str, default: int) -> int:
        value = self._matched.value(name)
        return default if value is None else number(value)

    def run(self) -> Exit:
        call, name = self._call, self._matched.value("if")
        try:
            with contextlib.ExitStack() as stack:
                given = stack.enter_context(self._source(name))
                sink = stack.enter_context(self._target())
                self._copy(given, sink)
        except _Ended as e:
            return Exit(e.code)
        call.err(self._read.line("in") + self._written.line("out"))
        return Exit(0)

    @contextlib.contextmanager
    def _source(self, name: bytes | None) -> Iterator[Opened]:
        with contextlib.ExitStack() as stack:
            try:
                given = stack.enter_context(opened(self._call, name))
            except OSError as e:
                words = {"name": name or b"-", "reason": reason(e)}
                raise _Ended(refuse(self._call, self._matched, "open", **words).code) from e
            yield given

    @contextlib.contextmanager
    def _target(self) -> Iterator[_Target]:
        name = self._matched.value("of")
        seek = (self._number("seek", 0) or self._number("oseek", 0)) * self._out
        if name is None:
            yield self._standard_output(seek)
            return
        keeps = b"notrunc" in self._conversions
        with contextlib.ExitStack() as stack:
            try:
                path = self._call.resolve(name)
                device = device_at_path(self._call, path)
                if device is not None:
                    sink = device.unit.window(device.slice)
                    target = _Target(self._written_to(sink), -1, seek)
                elif path.exists() and stat.S_ISCHR(path.stat().st_mode):
                    fd = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
                    stack.callback(os.close, fd)
                    target = _Target(None, fd, 0)
                else:
                    self._call.machine.shadow.fill(path)
                    fd = stack.enter_context(create_file(self._call, name, truncate=False))
                    if not keeps:
                        os.ftruncate(fd, min(seek, os.fstat(fd).st_size))
                    os.lseek(fd, seek, os.SEEK_SET)
                    target = _Target(None, fd, seek)
            except OSError as e:
                words = {"name": name, "reason": reason(e)}
                raise _Ended(refuse(self._call, self._matched, "open", **words).code) from e
            yield target

    def _standard_output(self, seek: int) -> _Target:
        if seek:
            raise not_modelled(self._call, self._matched, "seek of standard output")
        if self._call.stdout >= 0:
            device = device_of_fd(self._call, self._call.stdout)
            if device is not None:
                return _Target(self._written_to(device.unit.window(device.slice)), -1, 0)
        return _Target(None, self._call.stdout, 0)

    def _written_to(self, window: ByteSource) -> SliceWindow:
        if not isinstance(window, SliceWindow):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return window

    def _copy(self, given: Opened, target: _Target) -> None:
        reader = self._blocks(given)
        for data in reader:
            self._read.add(len(data), self._in)
            if b"sync" in self._conversions:
                data = data.ljust(self._in, b"\0")
            if self._joined:
                self._write(target, data)
            else:
                self._pending += data
                while len(self._pending) >= self._out:
                    self._write(target, bytes(self._pending[: self._out]))
                    del self._pending[: self._out]
        if self._pending:
            self._write(target, bytes(self._pending))

    def _write(self, target: _Target, data: bytes) -> None:
        try:
            target.write(data)
        except BrokenPipeError:
            raise
        except OSError as e:
            tell(self._call, self._matched, "write", reason=reason(e))
            self._call.err(self._read.line("in") + self._written.line("out"))
            raise _Ended(2) from e
        self._written.add(len(data), self._out)

    def _blocks(self, given: Opened) -> Iterator[bytes]:
        """The blocks as single reads give them: from a pipe they may be short."""
        at = given.start
        seeking = self._number("iseek", 0) * self._in
        if seeking:
            if given.source is None:
                words = {"reason": os.strerror(errno.ESPIPE).encode()}
                raise _Ended(refuse(self._call, self._matched, "seek", **words).code)
            at += seeking
        for _ in range(self._number("skip", 0)):
            data, at = self._one(given, at)
            if not data:
                raise _Ended(refuse(self._call, self._matched, "skip").code)
        errors = done = 0
        while not self._count or done < self._count:
            try:
                data, at = self._one(given, at)
            except OSError as e:
                errors += 1
                self._failed(e, errors)
                at += self._in
                if b"sync" in self._conversions:
                    yield b""
                continue
            if not data:
                return
            errors, done = 0, done + 1
            yield data

    def _failed(self, error: OSError, errors: int) -> None:
        tell(self._call, self._matched, "read", reason=reason(error))
        self._call.err(self._read.line("in") + self._written.line("out"))
        if b"noerror" not in self._conversions or errors >= _ERRORS_MAX:
            raise _Ended(2)

    def _one(self, given: Opened, at: int) -> tuple[bytes, int]:
        if given.source is not None:
            data = given.source.pread(at, self._in)
        elif given.fd == self._call.stdin:
            data = self._call.read_some(self._in)
        else:
            data = os.read(given.fd, self._in)
        return data, at + len(data)


class _Target:
    """Where blocks go: a device's slice, or a descriptor."""

    def __init__(self, sink: SliceWindow | None, fd: int, at: int) -> None:
        self._sink = sink
        self._fd = fd
        self._at = at

    def write(self, data: bytes) -> None:
        """Write a block; on a raw device it has to be whole sectors."""
        if self._sink is None:
            write_all(self._fd, data)
            return
        if len(data) % _BLOCK or self._at % _BLOCK:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if self._at >= self._sink.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._sink.pwrite(self._at, data[: self._sink.size - self._at])
        self._at += len(data)


HANDLERS: Mapping[str, Handler] = {"dd": dd}
