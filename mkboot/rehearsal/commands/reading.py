# SPDX-License-Identifier: Apache-2.0
"""Commands that read and report: cat, cksum, sum, wc."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping

from mkboot.formats.checksum import CRC_START, byte_total, close_cksum, posix_cksum, sysv_sum
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, refuse
from mkboot.rehearsal.commands.inputs import (
    Opened,
    about_output,
    chunks,
    opened,
    reason,
)
from mkboot.rehearsal.commands.outputs import widen_pipe
from mkboot.rehearsal.matching import Matched
from mkboot.tree.source import FileSource

#: What sendfile moves at once, in bytes.
_SENT = 1 << 24


def each(
    call: Call, matched: Matched, message: str, work: Callable[[Opened], None], *, dash: bool = True
) -> int:
    """Do ``work`` on each operand, or on standard input without any; the exit code.

    One that cannot be opened is told as ``message`` and the next one follows.  ``dash``:
    whether ``-`` is standard input.
    """
    names: tuple[bytes | None, ...] = matched.operands or (None,)
    code = 0
    for name in names:
        try:
            with opened(call, None if dash and name == b"-" else name) as given:
                work(given)
        except OSError as e:
            if about_output(e):
                raise
            code = refuse(call, matched, message, name=name or b"-", reason=reason(e)).code
    return code


def cat(call: Call, matched: Matched) -> Outcome:
    """The bytes of all operands."""

    def work(given: Opened) -> None:
        if given.name and _is_output(call, given.name):
            raise _Identical
        try:
            _send(call, given)
        except OSError as e:
            if e.errno != errno.ENOSPC:
                raise
            raise _Full(reason(e)) from e

    try:
        return Exit(each(call, matched, "cannot open", work))
    except _Full as e:
        return refuse(call, matched, "write error", reason=e.args[0])
    except _Identical:
        return refuse(call, matched, "identical", name=matched.operands[-1])


class _Full(Exception):  # noqa: N818  (told by the caller)
    """No room for the output."""


class _Identical(Exception):  # noqa: N818  (told by the caller)
    """Input and output are one file."""


def _is_output(call: Call, name: bytes) -> bool:
    if call.stdout < 0:
        return False
    out, path = os.fstat(call.stdout), call.resolve(name)
    return stat.S_ISREG(out.st_mode) and os.path.samestat(out, path.stat())


def _send(call: Call, given: Opened) -> None:
    piped = widen_pipe(call.stdout)
    if isinstance(given.source, FileSource) and _sent_by_kernel(call, given.source, given.start):
        return
    if given.source is None and piped and widen_pipe(given.fd):
        while os.splice(given.fd, call.stdout, _SENT):
            pass
        return
    for data in chunks(call, given):
        call.out(data)


def _sent_by_kernel(call: Call, source: FileSource, start: int) -> bool:
    """Send a real file by sendfile(2); False where the output cannot be sent to."""
    fd = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        at = start
        while done := os.sendfile(call.stdout, fd, at, _SENT):
            at += done
    except OSError as e:
        if e.errno != errno.EINVAL or at != start:
            raise
        return False
    finally:
        os.close(fd)
    return True


def cksum(call: Call, matched: Matched) -> Outcome:
    """POSIX' CRC and the size, with TABs between them."""
    many = len(matched.operands) > 1

    def work(given: Opened) -> None:
        crc, size = CRC_START, 0
        for data in chunks(call, given):
            crc, size = posix_cksum(data, crc), size + len(data)
        name = given.name or (b"[standard input]" if many else b"")
        numbers = f"{close_cksum(crc, size)}\t{size}".encode()
        call.out(numbers + (b"\t" + name if name else b"") + b"\n")

    return Exit(each(call, matched, "cannot open", work))


def sum_(call: Call, matched: Matched) -> Outcome:
    """The System V sum (or with -r the rotating one) and the size in blocks of 512."""

    def work(given: Opened) -> None:
        total = size = 0
        for data in chunks(call, given):
            size += len(data)
            if matched.has("r"):
                for byte in data:
                    total = ((total >> 1 | (total & 1) << 15) + byte) & 0xFFFF
            else:
                total += byte_total(data)
        blocks = (size + 511) // 512
        text = f"{total:05d} {blocks:6d}" if matched.has("r") else f"{sysv_sum(total)} {blocks}"
        call.out(text.encode() + (b" " + given.name if given.name else b"") + b"\n")

    return Exit(each(call, matched, "cannot open", work))


def wc(call: Call, matched: Matched) -> Outcome:
    """Lines, words and bytes, each in seven columns and a blank."""
    wanted = [letter for letter in "lwc" if matched.has(letter) or not matched.options]
    totals = dict.fromkeys("lwc", 0)

    def show(counts: Mapping[str, int], name: bytes) -> None:
        text = "".join(f" {counts[letter]:7d}" for letter in wanted).encode()
        call.out(text + (b" " + name if name else b"") + b"\n")

    def work(given: Opened) -> None:
        counts = dict.fromkeys("lwc", 0)
        inside = False
        for data in chunks(call, given):
            counts["l"] += data.count(b"\n")
            counts["c"] += len(data)
            counts["w"] += len(data.split()) - (1 if inside and not data[:1].isspace() else 0)
            inside = not data[-1:].isspace()
        for letter, count in counts.items():
            totals[letter] += count
        show(counts, given.name)

    code = each(call, matched, "cannot open", work, dash=False)
    if len(matched.operands) > 1:
        show(totals, b"total")
    return Exit(code)


HANDLERS: Mapping[str, Handler] = {"cat": cat, "cksum": cksum, "sum": sum_, "wc": wc}
